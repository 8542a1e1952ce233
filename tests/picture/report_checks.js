// Uses the report of resnet18, mobilenet_v2, vgg16 and preact_resnet1001 as a person would.
checked(async ({ check, one, all }) => {
  const inner = () => one('#graph').contentDocument;
  const until = async (what, test) => {
    for (let turn = 0; turn < 100; turn++) {
      if (test()) return check(what, true);
      await new Promise(done => setTimeout(done, 50));
    }
    check(what, false);
  };
  const rows = () => all('tbody tr').map(row => row.querySelector('a').textContent);
  const apart = boxes => boxes.every((a, i) => boxes.slice(i + 1).every(b =>
    a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top));
  const names = ['resnet18', 'mobilenet_v2', 'vgg16', 'preact_resnet1001'];
  check('it has a name', document.title === '4 architectures' && one('h1').textContent === document.title);
  check('a row for each', String(rows()) === String(names));
  check('accuracy is stated', all('tbody tr td:last-child').map(cell => Number(cell.dataset.value) > 60).join() === 'true,true,true,false');

  const head = all('th').find(head => head.textContent === 'MACs');
  head.click();
  check('most first', rows()[0] === 'vgg16' && head.ariaSort === 'descending');
  head.click();
  check('then fewest first', rows()[0] === 'mobilenet_v2' && rows()[3] === 'vgg16');
  all('th')[0].dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
  check('and by name', String(rows()) === String([...names].sort()) && !head.ariaSort);
  all('th').at(-1).click();
  check('what is not known stands below', rows()[3] === 'preact_resnet1001');

  const labels = all('.chart .label');
  check('the chart has who has an accuracy', labels.map(label => label.textContent).sort().join() === 'mobilenet_v2,resnet18,vgg16');
  check('and says who has none', one('.chart + p').textContent.includes('preact_resnet1001'));
  check('names lie apart', apart(all('.chart text').map(text => text.getBoundingClientRect())));
  const chart = one('.chart svg').getBoundingClientRect();
  check('names lie inside', all('.chart text').every(text => {
    const box = text.getBoundingClientRect();
    return box.left >= chart.left && box.right <= chart.right && box.top >= chart.top && box.bottom <= chart.bottom;
  }));

  check('bars for each', all('.stages').length === 4 && all('.length').length === 12);
  check('bars are whole', all('.length').every(bar => {
    const pieces = [...bar.children].map(piece => piece.getBoundingClientRect());
    return pieces.length > 1 && Math.abs(pieces.reduce((sum, piece) => sum + piece.width, 0) - bar.clientWidth) < 3;
  }));
  check('names fit their pieces', all('.length i').every(piece => piece.scrollWidth <= piece.clientWidth));
  check('pieces say what they are', all('.length i').some(piece => /^layer3: .* MACs, .* %$/.test(piece.title)));
  const widths = () => all('.length').map(bar => bar.clientWidth);
  const whole = Math.max(...widths());
  one('#absolute').click();
  check('bars are as long as costs', widths().filter(width => width >= whole - 1).length === 3 && Math.min(...widths()) < whole / 10);

  const graph = name => until(`the graph of ${name} is open`, () => inner() && inner().title === name && inner().querySelectorAll('.box.outer').length > 5);
  await graph('resnet18');
  all('tbody a').find(link => link.textContent === 'preact_resnet1001').click();
  await graph('preact_resnet1001');
  check('the address says which', location.hash === '#graph-3');
  check('its tab is chosen', all('#tabs .chosen').map(tab => tab.textContent).join() === 'preact_resnet1001');
  all('#tabs a')[1].click();
  await graph('mobilenet_v2');
  history.back();
  await graph('preact_resnet1001');
  check('its page answers', inner().querySelectorAll('[data-toggle]').length > 2);
  const alone = await (await fetch(one('#alone').href)).text();
  check('it can be opened by itself', alone.includes('<title>preact_resnet1001</title>') && alone.trimEnd().endsWith('</html>'));

  const papers = () => [document, inner()].map(page => getComputedStyle(page.body).backgroundColor);
  const paper = theme => { one('#theme').value = theme; one('#theme').dispatchEvent(new Event('change')); return papers(); };
  const [light, dark] = [paper('light'), paper('dark')];
  check('both are on light paper', light[0] === light[1]);
  check('both are on dark paper', dark[0] === dark[1] && dark[0] !== light[0]);
  check('nothing is fetched', performance.getEntriesByType('resource').every(entry => entry.name.startsWith('blob:')));
});
