// Uses the page as a person would.
checked(({ check, one, all }) => {
  const click = element => element.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  const key = (element, key) => element.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  const boxes = () => all('.box.outer').length;
  const transform = () => one('#view').getAttribute('transform');
  check('it is drawn', boxes() > 20);
  check('it is called by its name', document.title === one('#name').textContent && document.title.includes('resnet'));
  check('shapes are on links', all('text.size').some(text => /^\d+x\d+x\d+$/.test(text.textContent)));
  check('repetitions have a count', all('.title').some(text => /bottleneck ×\d+/.test(text.textContent)));

  const opened = boxes();
  click(one('#fold'));
  const folded = boxes();
  check('fold leaves the outermost', folded < opened && folded < 12);
  check('folded blocks have a knob', all('[data-toggle]').length >= 3);
  const knob = one('[data-toggle]').dataset.toggle;
  click(one(`[data-toggle="${knob}"]`));
  check('a knob opens its block', boxes() > folded && all('.frame.outer').length === 1);
  click(one(`[data-toggle="${knob}"]`));
  check('and folds it again', boxes() === folded);
  click(one('#open'));
  const level = boxes();
  check('open goes down a level', level > folded);
  const count = Number(/×(\d+)/.exec(all('.title').map(text => text.textContent).find(text => text.includes('×')))[1]);
  click(one('[data-row]'));
  check('a repetition is shown one by one', boxes() >= level + count - 1);
  click(one('#unfold'));
  const many = boxes();
  check('unfold all shows all', many > level && all('.title').every(text => !text.closest('.part').querySelector('.card')));
  const places = all('.box.outer').map(box => box.getBBox());
  places.sort((a, b) => a.y - b.y);
  const apart = places.every((a, i) => {
    for (let j = i + 1; j < places.length && places[j].y < a.y + a.height; j++) {
      const b = places[j];
      if (a.x < b.x + b.width && b.x < a.x + a.width) return false;
    }
    return true;
  });
  check('no boxes overlap', apart);

  click(one('#fold'));
  one('#search').value = 'layer3 conv2';
  one('#search').dispatchEvent(new Event('input', { bubbles: true }));
  check('search finds paths', all('[data-found]').length > 3 && all('[data-found]').every(item => /layer3.*conv2/.test(item.textContent)));
  key(one('#search'), 'ArrowDown');
  key(one('#search'), 'Enter');
  check('what is found is opened and selected', one('.selected') !== null && boxes() > folded);
  const panel = one('#panel').textContent;
  check('the panel tells shape, cost and source', /MACs/.test(panel) && /\d+x\d+x\d+/.test(panel) && /\.arch:\d+/.test(panel) && /conv\(/.test(panel));
  const box = one('.selected > .outer').getBoundingClientRect(), frame = one('#graph').getBoundingClientRect();
  check('it is in view', box.left > frame.left && box.right < frame.right && box.top > frame.top && box.bottom < frame.bottom);
  key(document.body, 'Escape');
  check('escape closes the panel', one('#panel').hidden);
  click(one('.part[data-part] .box.outer'));
  check('a click selects', !one('#panel').hidden && one('.selected') !== null);

  const before = transform();
  one('#graph').dispatchEvent(new WheelEvent('wheel', { deltaY: -200, clientX: 300, clientY: 300, bubbles: true, cancelable: true }));
  check('the wheel zooms', transform() !== before);
  key(document.body, '0');
  check('0 shows all of it', transform() !== before);
  const pointer = (type, x, y) => one('#graph').dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, pointerId: 1, bubbles: true }));
  const still = transform();
  one('#graph').setPointerCapture = () => {};
  pointer('pointerdown', 400, 400); pointer('pointermove', 460, 420); pointer('pointerup', 460, 420);
  check('dragging moves', transform() !== still);

  const paper = () => getComputedStyle(document.body).backgroundColor;
  one('#theme').value = 'dark'; one('#theme').dispatchEvent(new Event('change'));
  const dark = paper();
  one('#theme').value = 'light'; one('#theme').dispatchEvent(new Event('change'));
  check('paper is light or dark', dark !== paper());
  one('#colour').value = 'cost'; one('#colour').dispatchEvent(new Event('change'));
  check('nothing is fetched', performance.getEntriesByType('resource').length === 0);
  check('colours tell costs', all('.box.outer[class*=cost]').length > 3 && one('#legend').textContent.includes('MACs'));
});
