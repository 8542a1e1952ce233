'use strict';
// Sorts the table, and opens graphs: each is the shell of the graphs' page around its own data.
function start([before, after]) {
  const $ = id => document.getElementById(id);
  const body = $('table').tBodies[0];
  const heads = [...$('table').tHead.rows[0].cells];
  const sort = (head, column) => {
    const upward = head.ariaSort ? head.ariaSort === 'descending' : !head.classList.contains('number');
    heads.forEach(other => { other.ariaSort = null; });
    head.ariaSort = upward ? 'ascending' : 'descending';
    const value = row => {
      const cell = row.cells[column];
      return 'value' in cell.dataset ? (cell.dataset.value === '' ? null : Number(cell.dataset.value)) : cell.textContent;
    };
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      // What is not known stands below.
      if (x === null || y === null) return (x === null) - (y === null);
      const order = typeof x === 'number' ? x - y : x.localeCompare(y);
      return upward ? order : -order;
    });
    body.append(...rows);
  };
  heads.forEach((head, column) => {
    head.onclick = () => sort(head, column);
    head.onkeydown = event => { if (event.key === 'Enter') sort(head, column); };
  });

  // The graph's page is on the same paper.
  const themed = () => {
    const theme = $('theme').value, inner = $('graph').contentDocument;
    for (const page of [document, inner]) {
      if (!page) continue;
      if (theme === 'auto') delete page.documentElement.dataset.theme; else page.documentElement.dataset.theme = theme;
    }
    if (inner && inner.getElementById('theme')) inner.getElementById('theme').value = theme;
  };
  $('theme').onchange = themed;
  $('graph').onload = themed;
  $('absolute').onchange = () => document.body.classList.toggle('absolute', $('absolute').checked);

  const tabs = [...document.querySelectorAll('#tabs [id^="graph-"]')];
  let shown = null;
  function show(tab) {
    if (tab === shown) return;
    shown = tab;
    const name = document.createElement('i');
    name.textContent = tab.textContent;
    const data = $(tab.id.replace('graph', 'data')).textContent;
    const page = before.replace('<title></title>', () => `<title>${name.innerHTML}</title>`) + data + after;
    $('graph').srcdoc = page;
    $('graph').hidden = $('alone').hidden = false;
    URL.revokeObjectURL($('alone').href);
    $('alone').href = URL.createObjectURL(new Blob([page], { type: 'text/html' }));
    tabs.forEach(other => other.classList.toggle('chosen', other === tab));
  }
  // The address says which graph is open; its link in the table and its tab only change that.
  const follow = () => { const tab = tabs.find(tab => `#${tab.id}` === location.hash); if (tab) show(tab); };
  addEventListener('hashchange', follow);
  follow();
  if (!shown && tabs.length) show(tabs[0]);
}
