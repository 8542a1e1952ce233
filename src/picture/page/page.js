// Draws the parts that are open, and answers the pointer and the keyboard. `data` is what `mod.rs` writes.
const ROW_GAP = 30, PAD = 12, TITLE = 32, ENTRY = 20, DROP = 17, TURN = 30, CARDS = 7, MAX_BOXES = 4000;

function start(data) {
  const $ = id => document.getElementById(id);
  const { parts, nodes } = data;
  const open = new Set();        // Blocks that show what is in them, and repetitions that show each of theirs.
  let selected = null, colour = data.colour, zoom = { x: 0, y: 0, k: 1 }, picture = null;

  const parent = new Array(parts.length).fill(null);
  parts.forEach((part, id) => part.children.forEach(child => { parent[child] = id; }));
  const boxOf = new Map();
  parts.forEach((part, id) => { if (part.kind === 'box') part.nodes.forEach(node => boxOf.set(node, id)); });
  const level = parts.map(() => 0);
  parts.forEach((part, id) => part.children.forEach(child => { level[child] = level[id] + (part.kind === 'block' ? 1 : 0); }));

  const escape = text => String(text).replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`);
  const grouped = number => String(number).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  const short = number => {
    let value = number, letter = '';
    for (const next of ['k', 'M', 'G', 'T', 'P', 'E']) { if (value < 999.995) break; value /= 1000; letter = next; }
    return letter ? `${value.toFixed(2)} ${letter}` : String(number);
  };
  const pen = document.createElement('canvas').getContext('2d');
  const family = getComputedStyle(document.body).fontFamily;
  const widths = new Map();
  const wide = (text, size, weight) => {
    const key = `${weight} ${size}px ${family}|${text}`;
    if (!widths.has(key)) { pen.font = `${weight} ${size}px ${family}`; widths.set(key, pen.measureText(text).width); }
    return widths.get(key);
  };

  // Which part is drawn for one: of a folded repetition the first, for all.
  const stands = id => {
    let times = 1;
    const rows = [];
    while (parts[id].kind === 'repeat' && !open.has(id)) { rows.push(id); times *= parts[id].children.length; id = parts[id].children[0]; }
    return { id, times, rows };
  };
  const isOpen = id => parts[id].children.length > 0 && (id === data.root || open.has(id));

  function drawnBoxes(id) {
    let count = 0;
    const todo = [id];
    while (todo.length) {
      const part = stands(todo.pop()).id;
      if (isOpen(part)) todo.push(...parts[part].children); else count += 1;
    }
    return count;
  }

  // The size of a part and where things stand in it.
  function place(given) {
    const { id, times, rows: repeats } = stands(given);
    const part = parts[id];
    const title = part.title + (times > 1 ? ` ×${times}` : '');
    const words = Math.max(wide(title, 12, 600), wide(part.line, 10, 400));
    const knobs = 8 + 20 * ((part.kind === 'block' && id !== data.root) || part.kind === 'repeat' ? 1 : 0) + 20 * (repeats.length ? 1 : 0);
    const placed = { id, times, repeats, title, ins: [], outs: [], spots: [], wires: [], open: isOpen(id) };
    if (!placed.open) {
      const label = Math.max(0, ...part.outs.map(tensor => wide(nodes[tensor].shape, 9.5, 400)));
      placed.width = Math.ceil(Math.max(words + 22 + (knobs > 8 ? 2 * knobs : 0), 2 * label, 64));
      placed.height = part.line ? 38 : 26;
      return placed;
    }
    const root = id === data.root;
    const children = part.children.map(place);
    const child = item => children[item.slice(1)];
    const width = item => item[0] === 'c' ? child(item).width : 6;
    const lean = item => item[0] === 'c' && child(item).ins.length ? child(item).width / 2 - child(item).ins[0] : 0;
    const steps = new Map();
    for (const [from, to, , bends] of part.links) {
      const way = [from, ...bends, to];
      way.slice(1).forEach((item, index) => steps.set(`${way[index]} ${item}`, [way[index], item]));
    }
    const x = placesOf(part.rows, [...steps.values()], width, lean);
    const heights = part.rows.map(row => Math.max(0, ...row.map(item => item[0] === 'c' ? child(item).height : 0)));
    const top = root ? 0 : TITLE, rowOf = new Map();
    let left = 0, right = 0;
    part.rows.forEach((row, index) => {
      for (const item of row) {
        rowOf.set(item, index);
        left = Math.min(left, x.get(item) - width(item) / 2);
        right = Math.max(right, x.get(item) + width(item) / 2);
      }
    });
    const wordsWidth = root ? 0 : words + 16;
    const needed = Math.max(0, ...part.ins.map((_, index) => wordsWidth - (x.get(`i${index}`) - left + PAD)));
    const room = root ? 0 : Math.max(0, knobs + 14 - (right + PAD - Math.max(0, ...part.ins.map((_, index) => x.get(`i${index}`)))));
    const shift = PAD + needed - left;
    placed.width = Math.ceil(Math.max(right + shift + Math.max(PAD, room), wordsWidth + PAD + knobs));
    const at = item => x.get(item) + shift;
    const side = (item, tensor, which) => {
      const inner = child(item), list = parts[part.children[item.slice(1)]][which].indexOf(tensor);
      return inner[which].length > list && list >= 0 ? inner[which][list] : null;
    };
    // Several links into one box end side by side; what comes from straight above goes straight on.
    const arrivals = new Map();
    part.links.forEach(([from, to, , bends], index) => {
      if (to[0] === 'c') (arrivals.get(to) || arrivals.set(to, []).get(to)).push([at(bends.length ? bends[bends.length - 1] : from), index]);
    });
    const beside = new Map();
    for (const [to, list] of arrivals) {
      list.sort((a, b) => a[0] - b[0]);
      let straight = list.findIndex(([from]) => Math.abs(from - at(to)) < 1.5);
      if (straight < 0) straight = (list.length - 1) / 2;
      const step = Math.min(22, (child(to).width / 2 - 10) / Math.max(straight, list.length - 1 - straight, 1));
      list.forEach(([, link], index) => beside.set(link, (index - straight) * step));
    }
    // Rows and links; `drops` are how far down links go straight below each row.
    const lay = drops => {
      const tops = [], wires = [], told = new Set(), spaces = part.rows.map(() => ({ labels: [], turns: [] }));
      let y = top + (root ? 6 : 14), bottom = top;
      part.rows.forEach((row, index) => {
        const border = row[0][0] === 'i' || row[0][0] === 'o';
        tops.push(border ? 0 : y);
        if (!border) { bottom = y + heights[index]; y = bottom + (drops[index] ? drops[index] + TURN : ROW_GAP); }
      });
      const height = Math.ceil(bottom + PAD + 4);
      part.rows.forEach((row, index) => { if (row[0][0] === 'o') tops[index] = height; });
      part.links.forEach(([from, to, tensor, bends], index) => {
        const fromRow = rowOf.get(from), toRow = rowOf.get(to);
        let begin = [at(from), tops[fromRow]], end = [at(to), tops[toRow]];
        if (from[0] === 'c') {
          const out = side(from, tensor, 'outs');
          begin = [at(from) - child(from).width / 2 + (out === null ? child(from).width / 2 : out), tops[fromRow] + child(from).height];
        }
        if (to[0] === 'c') {
          const enter = side(to, tensor, 'ins');
          end = [at(to) - child(to).width / 2 + (enter === null ? child(to).width / 2 + beside.get(index) : enter), tops[toRow]];
        }
        const points = [begin];
        const go = (row, y, next) => {
          const [last] = points[points.length - 1];
          spaces[row].turns.push([[last, y], next]);
          points.push([last, y], next);
        };
        let rowEnd = tops[fromRow] + heights[fromRow] + (from[0] === 'i' ? ENTRY : 0) + drops[fromRow];
        bends.forEach((bend, step) => {
          const row = fromRow + 1 + step;
          go(row - 1, rowEnd, [at(bend), tops[row]]);
          points.push([at(bend), tops[row] + heights[row]]);
          rowEnd = tops[row] + heights[row] + drops[row];
        });
        go(toRow - 1, Math.max(rowEnd, points[points.length - 1][1]), end);
        let shape = null;
        if (from[0] === 'c' && to[0] !== 'o' && !told.has(`${from} ${tensor}`)) {
          shape = { text: nodes[tensor].shape, x: begin[0] + 5, y: begin[1] + 13 + (child(from).times > 1 ? CARDS : 0) };
          spaces[fromRow].labels.push([shape.x, shape.y - 7, shape.x + wide(shape.text, 9.5, 400), shape.y]);
        }
        told.add(`${from} ${tensor}`);
        wires.push({ points, shape, arrow: to[0] === 'c' && !child(to).open });
      });
      return { tops, height, wires, crossed: crossedSpaces(spaces) };
    };
    let drops = part.rows.map(() => 0), laid = lay(drops);
    if (laid.crossed.some(crossed => crossed)) {
      const cards = row => row.some(item => item[0] === 'c' && child(item).times > 1);
      drops = part.rows.map((row, index) => laid.crossed[index] ? DROP + (cards(row) ? CARDS : 0) : 0);
      laid = lay(drops);
    }
    const { tops } = laid;
    placed.height = laid.height;
    placed.wires = laid.wires;
    placed.ins = part.ins.map((_, index) => at(`i${index}`));
    placed.outs = part.outs.map((_, index) => at(`o${index}`));
    placed.spots = children.map((inner, index) => ({ x: at(`c${index}`) - inner.width / 2, y: tops[rowOf.get(`c${index}`)], inner }));
    return placed;
  }

  const at = ([x, y]) => `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;
  function way(points) {
    let path = `M${at(points[0])}`;
    for (let i = 1; i < points.length; i++) {
      const [from, to] = [points[i - 1], points[i]];
      path += Math.abs(from[0] - to[0]) < 0.01 ? `L${at(to)}` : `C${turnOf(from, to).map(at).join(' ')} ${at(to)}`;
    }
    return path;
  }

  // The SVG of what is in an open part at a place; remembers where each part is.
  function inside(placed, x, y, out) {
    for (const wire of placed.wires) {
      const points = wire.points.map(([px, py]) => [px + x, py + y]);
      out.push(`<path class="wire" d="${way(points)}"/>`);
      const [ex, ey] = points[points.length - 1];
      if (wire.arrow) out.push(`<path class="head" d="M${at([ex, ey])}L${at([ex - 3.5, ey - 6.5])}L${at([ex + 3.5, ey - 6.5])}Z"/>`);
    }
    for (const spot of placed.spots) draw(spot.inner, x + spot.x, y + spot.y, out);
    for (const wire of placed.wires) {
      if (wire.shape) out.push(`<text class="size" x="${wire.shape.x + x}" y="${wire.shape.y + y}">${wire.shape.text}</text>`);
    }
  }

  function knob(kind, id, text, title, x, y) {
    return `<g class="knob" data-${kind}="${id}"><title>${escape(title)}</title><rect x="${x}" y="${y}" width="18" height="16" rx="4"/><text x="${x + 9}" y="${y + 11.5}">${text}</text></g>`;
  }

  function draw(placed, x, y, out) {
    const part = parts[placed.id], { width, height } = placed;
    picture.places.set(placed.id, [x, y, width, height]);
    out.push(`<g class="part${placed.id === selected ? ' selected' : ''}" data-part="${placed.id}" tabindex="-1">`);
    const cards = placed.open ? 'frame' : 'card';
    if (placed.times > 1) for (const step of [8, 4]) out.push(`<rect class="${cards}" x="${x + step}" y="${y + step}" width="${width}" height="${height}" rx="7"/>`);
    let right = x + width - 24;
    const knobs = [];
    if (part.kind === 'block') {
      knobs.push(knob('toggle', placed.id, placed.open ? '−' : '+', placed.open ? 'Fold this block' : 'Open this block', right, y + 6));
      right -= 20;
    }
    if (part.kind === 'repeat') { knobs.push(knob('row', placed.id, '≡', 'Fold these into one', right, y + 6)); right -= 20; }
    if (placed.repeats.length) knobs.push(knob('row', placed.repeats[0], '≡', `Show all ${placed.times}`, right, y + 6));
    if (placed.open) {
      out.push(`<rect class="frame outer${part.kind === 'repeat' ? ' row' : ''}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>`);
      out.push(`<text class="title" x="${x + 10}" y="${y + 16}">${escape(placed.title)}</text><text class="line" x="${x + 10}" y="${y + 28}">${escape(part.line)}</text>`);
      inside(placed, x, y, out);
    } else {
      const port = part.family === 'port';
      const kind = colour === 'cost' && !port ? `cost${stepOf(part, placed.times)}` : part.family;
      out.push(`<rect class="box outer ${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${port ? height / 2 : 5}"/>`);
      const middle = x + width / 2;
      out.push(`<text class="title" text-anchor="middle" x="${middle}" y="${y + (part.line ? 16 : height / 2 + 4)}">${escape(placed.title)}</text>`);
      if (part.line) out.push(`<text class="line" text-anchor="middle" x="${middle}" y="${y + 30}">${escape(part.line)}</text>`);
    }
    out.push(...knobs, '</g>');
  }

  const stepOf = (part, times) => {
    const share = part.sums[1] * times / Math.max(1, parts[data.root].sums[1]), steps = data.steps - 1;
    return share > 0 ? Math.min(steps, Math.max(1, Math.ceil(Math.sqrt(share / 0.2) * steps))) : 0;
  };

  function redraw(keep) {
    const before = keep !== undefined && picture && picture.places.get(keep);
    picture = { places: new Map() };
    const placed = place(data.root), out = [];
    picture.width = placed.width; picture.height = placed.height;
    inside(placed, 0, 0, out);
    $('view').innerHTML = out.join('');
    const after = before && picture.places.get(keep);
    // What was clicked stays where it was.
    if (after) { zoom.x += (before[0] - after[0]) * zoom.k; zoom.y += (before[1] - after[1]) * zoom.k; }
    move();
    legend();
  }

  function move() { $('view').setAttribute('transform', `translate(${zoom.x} ${zoom.y}) scale(${zoom.k})`); }
  function fit() {
    const { clientWidth: width, clientHeight: height } = $('graph');
    const k = Math.min(1.4, (width - 40) / picture.width, Math.max((height - 60) / picture.height, 0.25));
    zoom = { k, x: (width - picture.width * k) / 2, y: Math.max(20, (height - picture.height * k) / 2) };
    move();
  }
  // The top of it, as wide as there is room.
  function home() {
    const { clientWidth: width } = $('graph');
    const k = Math.min(1.1, Math.max(0.35, (width - 40) / picture.width));
    zoom = { k, x: (width - picture.width * k) / 2, y: 16 };
    if (picture.height * k < $('graph').clientHeight - 60) fit(); else move();
  }
  function scale(by, x, y) {
    const k = Math.min(6, Math.max(0.02, zoom.k * by));
    zoom = { k, x: x - (x - zoom.x) * k / zoom.k, y: y - (y - zoom.y) * k / zoom.k };
    move();
  }
  const middle = () => [$('graph').clientWidth / 2, $('graph').clientHeight / 2];

  function legend() {
    const drawn = new Set([...picture.places.keys()].filter(id => !isOpen(id)).map(id => parts[id].family));
    const swatch = (kind, text) => `<span><svg width="12" height="12"><rect class="box ${kind}" x="1" y="1" width="10" height="10" rx="2"/></svg>${text}</span>`;
    $('legend').innerHTML = colour === 'cost'
      ? `<span>share of all MACs: none</span>${Array.from({ length: data.steps }, (_, step) => swatch(`cost${step}`, '')).join('')}<span>20 % and more</span>`
      : data.legend.filter(([kind]) => drawn.has(kind)).map(([kind, words]) => swatch(kind, words)).join('');
  }

  let timer = 0;
  function tell(text) {
    $('message').textContent = text; $('message').hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => { $('message').hidden = true; }, 4000);
  }

  // Changes what is open, unless too much would be drawn.
  function change(edit, keep) {
    const before = [...open];
    edit();
    const boxes = drawnBoxes(data.root);
    if (boxes > MAX_BOXES) {
      open.clear(); before.forEach(id => open.add(id));
      tell(`That would draw ${grouped(boxes)} boxes; ${grouped(MAX_BOXES)} are the most. Open single blocks instead.`);
      return false;
    }
    redraw(keep);
    return true;
  }
  const toggle = id => change(() => { if (!open.delete(id)) open.add(id); }, id);
  // Shows a repetition one by one or as one; what is kept in place is the first of it.
  const toggleRow = id => change(() => { if (!open.delete(id)) open.add(id); }, open.has(id) ? id : stands(id).id);
  const openTo = depth => parts.forEach((part, id) => { if (part.kind === 'block' && level[id] <= depth) open.add(id); });

  function costs(sums, whole) {
    const row = (name, value) => `<tr><td>${name}</td><td>${value}</td></tr>`;
    const share = whole && sums[1] ? ` (${(sums[1] * 100 / whole).toFixed(1)} %)` : '';
    return row('parameters', grouped(sums[0])) + row('MACs', grouped(sums[1]) + share) + row('FLOPs', grouped(sums[2])) + row('activations', grouped(sums[3]));
  }

  function select(id) {
    selected = id;
    document.querySelectorAll('.selected').forEach(part => part.classList.remove('selected'));
    $('panel').hidden = id === null;
    if (id === null) return;
    const shown = document.querySelector(`[data-part="${id}"]`);
    if (shown) shown.classList.add('selected');
    const part = parts[id], whole = parts[data.root].sums[1];
    const shapes = list => list.map(tensor => `<a data-go="${tensor}" title="${escape(nodes[tensor].path)}">${nodes[tensor].shape}</a>`).join(', ') || 'none';
    let html = `<button class="close" id="close" aria-label="Close">×</button><h2>${escape(part.title)}</h2><small>${escape(part.path)}</small>`;
    html += `<table><tr><td>in</td><td>${shapes(part.ins)}</td></tr><tr><td>out</td><td>${shapes(part.kind === 'output' ? part.ins : part.outs)}</td></tr>${part.kind === 'output' ? '' : costs(part.sums, whole)}</table>`;
    if (part.children.length) html += `<small>${part.ops} ops</small>`;
    const rowOf = parent[id] !== null && parts[parent[id]].kind === 'repeat' && !open.has(parent[id]) ? parts[parent[id]] : null;
    if (rowOf) html += `<p><small>The first of ${rowOf.children.length} that do the same, which cost ${grouped(rowOf.sums[0])} parameters and ${short(rowOf.sums[1])} MACs.</small></p>`;
    const source = node => {
      const [place, code, calls] = data.sources[node.source];
      return `<small>${escape(place)}</small><pre>${escape(code)}</pre>${calls.map(call => `<small>in ${escape(call)}</small><br>`).join('')}`;
    };
    if (part.kind === 'box') {
      for (const id of part.nodes) {
        const node = nodes[id];
        html += `<h3>${escape(`${node.op} ${node.detail}`)}</h3><small>${escape(node.path)}</small><table><tr><td>out</td><td>${node.shape}</td></tr>${costs(node.sums, whole)}</table>${source(node)}`;
      }
    } else if (part.children.length) {
      let first = id;
      while (parts[first].children.length) first = parts[first].children[0];
      const calls = data.sources[nodes[parts[first].nodes[0]].source][2];
      if (part.block) html += `<p><small>block ${escape(part.block)}</small></p>`;
      html += calls.slice(-3).map(call => `<small>in ${escape(call)}</small><br>`).join('');
    }
    $('panel').innerHTML = html;
    $('close').onclick = () => select(null);
  }

  // Opens what hides a part, and brings it to the middle.
  function reveal(id) {
    const fine = change(() => {
      for (let child = id, up = parent[id]; up !== null; child = up, up = parent[up]) {
        if (up === data.root) break;
        if (parts[up].kind === 'block' || parts[up].children[0] !== child) open.add(up);
      }
    });
    const place = picture.places.get(id);
    if (!fine || !place) return;
    select(id);
    if (zoom.k < 0.6) zoom.k = 1;
    const [x, y] = middle();
    zoom.x = x - (place[0] + place[2] / 2) * zoom.k;
    zoom.y = y - (place[1] + Math.min(place[3], 200) / 2) * zoom.k;
    move();
  }

  const index = [];
  parts.forEach((part, id) => {
    if (id === data.root) return;
    if (part.kind === 'box') part.nodes.forEach(node => index.push([id, nodes[node].path, `${nodes[node].op} ${nodes[node].detail}`]));
    else if (part.kind === 'block') index.push([id, part.path, part.block || '']);
    else if (part.kind === 'output') index.push([id, part.path, 'output']);
  });
  let chosen = 0;
  function find() {
    const words = $('search').value.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = words.length ? index.filter(([, path, what]) => words.every(word => `${path} ${what}`.toLowerCase().includes(word))) : [];
    chosen = 0;
    $('found').hidden = !words.length;
    $('found').innerHTML = matches.slice(0, 60).map(([id, path, what], at) => `<li data-found="${id}"${at ? '' : ' class="chosen"'}>${escape(path)} <small>${escape(what)}</small></li>`).join('')
      + (matches.length > 60 ? `<li><small>and ${matches.length - 60} more</small></li>` : '')
      + (matches.length ? '' : '<li><small>nothing</small></li>');
  }
  function choose(step) {
    const items = [...document.querySelectorAll('[data-found]')];
    if (!items.length) return;
    items[chosen].classList.remove('chosen');
    chosen = (chosen + step + items.length) % items.length;
    items[chosen].classList.add('chosen');
    items[chosen].scrollIntoView({ block: 'nearest' });
  }
  const go = id => { $('found').hidden = true; $('search').blur(); reveal(Number(id)); };

  $('search').oninput = find;
  $('search').onfocus = find;
  $('search').onkeydown = event => {
    if (event.key === 'ArrowDown') { choose(1); event.preventDefault(); }
    if (event.key === 'ArrowUp') { choose(-1); event.preventDefault(); }
    if (event.key === 'Escape') { $('found').hidden = true; $('search').blur(); }
    const item = event.key === 'Enter' && document.querySelectorAll('[data-found]')[chosen];
    if (item) go(item.dataset.found);
  };
  $('found').onmousedown = event => {
    const item = event.target.closest('[data-found]');
    if (item) { event.preventDefault(); go(item.dataset.found); }
  };
  document.addEventListener('mousedown', event => { if (!event.target.closest('.search')) $('found').hidden = true; });

  $('fold').onclick = () => { change(() => open.clear()); home(); };
  $('open').onclick = () => {
    // The outermost level that is not all open.
    const shut = [...picture.places.keys()].filter(id => parts[id].kind === 'block' && !open.has(id));
    if (!shut.length) return;
    const depth = Math.min(...shut.map(id => level[id]));
    if (change(() => shut.filter(id => level[id] === depth).forEach(id => open.add(id)))) home();
  };
  $('unfold').onclick = () => { if (change(() => parts.forEach((part, id) => { if (part.children.length) open.add(id); }))) home(); };
  $('colour').onchange = () => { colour = $('colour').value; redraw(); };
  $('theme').onchange = () => { if ($('theme').value === 'auto') delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = $('theme').value; };
  $('fit').onclick = fit;
  $('in').onclick = () => scale(1.3, ...middle());
  $('out').onclick = () => scale(1 / 1.3, ...middle());

  const graph = $('graph');
  let drag = null;
  graph.onpointerdown = event => { drag = { x: event.clientX, y: event.clientY, moved: false }; };
  graph.onpointermove = event => {
    if (!drag) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.abs(dx) + Math.abs(dy) < 4) return;
    if (!drag.moved) { graph.setPointerCapture(event.pointerId); graph.classList.add('moving'); }
    drag = { x: event.clientX, y: event.clientY, moved: true };
    zoom.x += dx; zoom.y += dy;
    move();
  };
  graph.onpointerup = graph.onpointercancel = () => { graph.classList.remove('moving'); setTimeout(() => { drag = null; }); };
  graph.onclick = event => {
    if (drag && drag.moved) return;
    const hit = (name) => event.target.closest(`[data-${name}]`);
    if (hit('toggle')) return toggle(Number(hit('toggle').dataset.toggle));
    if (hit('row')) return toggleRow(Number(hit('row').dataset.row));
    select(hit('part') ? Number(hit('part').dataset.part) : null);
  };
  graph.ondblclick = event => {
    const hit = event.target.closest('[data-part]');
    if (hit && parts[hit.dataset.part].kind === 'block') toggle(Number(hit.dataset.part));
  };
  graph.addEventListener('wheel', event => {
    event.preventDefault();
    const box = graph.getBoundingClientRect();
    scale(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  $('panel').onclick = event => {
    const link = event.target.closest('[data-go]');
    if (link && boxOf.has(Number(link.dataset.go))) reveal(boxOf.get(Number(link.dataset.go)));
  };
  document.addEventListener('keydown', event => {
    if (event.target.matches('input, select') || event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = {
      '/': () => $('search').focus(), '0': fit, '+': () => scale(1.3, ...middle()), '-': () => scale(1 / 1.3, ...middle()),
      Escape: () => select(null), Enter: () => { if (selected !== null && parts[selected].kind === 'block') toggle(selected); },
      ArrowUp: () => { zoom.y += 60; move(); }, ArrowDown: () => { zoom.y -= 60; move(); },
      ArrowLeft: () => { zoom.x += 60; move(); }, ArrowRight: () => { zoom.x -= 60; move(); },
    };
    if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
  });

  $('name').textContent = data.name;
  $('costs').textContent = `${grouped(parts[data.root].sums[0])} parameters, ${short(parts[data.root].sums[1])} MACs`;
  $('colour').value = colour;
  openTo(data.depth);
  if (drawnBoxes(data.root) > MAX_BOXES) open.clear();
  if (drawnBoxes(data.root) > MAX_BOXES) { tell(`Its ${grouped(drawnBoxes(data.root))} outermost boxes are too many to draw; ${grouped(MAX_BOXES)} are the most.`); picture = { places: new Map(), width: 1, height: 1 }; return; }
  redraw();
  home();
}
