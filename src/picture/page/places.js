// Where things stand in the rows of a frame. The rows and the order in them come with the data; widths depend on what is
// open. An item is `iN` and `oN` for what enters and leaves, `cN` for a part, `bN` for a link that passes the row.
'use strict';
const COLUMN_GAP = 18;

// The middle of each item of `rows`. `steps` are pairs of items in adjoining rows. What stands alone in its row is at
// `lean` from 0.
function placesOf(rows, steps, width, lean) {
  const x = new Map(), up = new Map(), down = new Map();
  for (const [from, to] of steps) {
    (down.get(from) || down.set(from, []).get(from)).push(to);
    (up.get(to) || up.set(to, []).get(to)).push(from);
  }
  for (let at = 0; at < rows.length;) {
    if (rows[at].length === 1) { x.set(rows[at][0], lean(rows[at][0])); at += 1; continue; }
    let end = at;
    while (end < rows.length && rows[end].length > 1) end += 1;
    placeRows(rows.slice(at, end), up, down, width, x, rows[at - 1], rows[end]);
    at = end;
  }
  return x;
}

function placeRows(rows, up, down, width, x, above, below) {
  const here = new Set(rows.flat());
  for (const row of rows) {
    let left = -row.reduce((sum, item) => sum + width(item) + COLUMN_GAP, 0) / 2;
    for (const item of row) { const w = width(item) + COLUMN_GAP; x.set(item, left + w / 2); left += w; }
  }
  const toward = (row, ...sides) => settle(row, width, x, item => {
    const near = sides.flatMap(side => side.get(item) || []).filter(other => here.has(other));
    return near.length ? near.reduce((sum, other) => sum + x.get(other), 0) / near.length : x.get(item);
  });
  const sweeps = rows.flat().length > 2000 ? 1 : 6;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const row of rows) toward(row, up);
    for (const row of [...rows].reverse()) toward(row, down);
  }
  for (const row of rows) toward(row, up, down);
  // Of two ways beside each other the one with parts goes straight on; more are centred.
  const last = rows[rows.length - 1];
  let middle = null;
  if (above && below && rows.every(row => row.length <= 2) && rows[0].every(item => (up.get(item) || []).includes(above[0]))) {
    const ways = last.filter(item => (down.get(item) || []).includes(below[0]));
    ways.sort((a, b) => (a[0] === 'b') - (b[0] === 'b') || a.slice(1) - b.slice(1));
    if (ways.length) middle = x.get(ways[0]);
  }
  if (middle === null) {
    const items = [...here];
    const left = Math.min(...items.map(item => x.get(item) - width(item) / 2));
    const right = Math.max(...items.map(item => x.get(item) + width(item) / 2));
    middle = (left + right) / 2;
  }
  for (const item of here) x.set(item, x.get(item) - middle);
}

// Moves the items of a row as near to where they want to be as their widths allow, by least squares.
function settle(row, width, x, wanted) {
  const blocks = [];
  let offset = 0;
  row.forEach((item, index) => {
    if (index) offset += (width(row[index - 1]) + width(item)) / 2 + COLUMN_GAP;
    let block = { sum: wanted(item) - offset, count: 1, items: [[item, offset]] };
    while (blocks.length && blocks[blocks.length - 1].sum / blocks[blocks.length - 1].count > block.sum / block.count) {
      const before = blocks.pop();
      block = { sum: before.sum + block.sum, count: before.count + block.count, items: before.items.concat(block.items) };
    }
    blocks.push(block);
  });
  for (const block of blocks) for (const [item, offset] of block.items) x.set(item, block.sum / block.count + offset);
}

// The two points that a link is drawn to as a cubic curve between: it leaves and arrives straight down.
function turnOf(from, to) {
  const bend = (to[1] - from[1]) * 0.55;
  return [[from[0], from[1] + bend], [to[0], to[1] - bend]];
}

// For the space below each row, whether a link that turns there comes near a label. Labels are `[left, top, right, bottom]`.
function crossedSpaces(spaces) {
  const NEAR = 2.5, MAX_PAIRS = 20000;
  const crosses = ([from, to], [left, top, right, bottom]) => {
    if (Math.max(from[0], to[0]) < left - NEAR || Math.min(from[0], to[0]) > right + NEAR) return false;
    if (to[1] < top - NEAR || from[1] > bottom + NEAR) return false;
    const [leave, arrive] = turnOf(from, to), steps = 8 + Math.ceil(Math.abs(to[0] - from[0]) / 4);
    for (let step = 0; step <= steps; step++) {
      const t = step / steps, s = 1 - t;
      const [x, y] = [0, 1].map(i => s * s * s * from[i] + 3 * s * s * t * leave[i] + 3 * s * t * t * arrive[i] + t * t * t * to[i]);
      if (x >= left - NEAR && x <= right + NEAR && y >= top - NEAR && y <= bottom + NEAR) return true;
    }
    return false;
  };
  return spaces.map(({ labels, turns }) => {
    const turning = turns.filter(([from, to]) => Math.abs(from[0] - to[0]) > 0.01);
    return labels.length * turning.length > MAX_PAIRS || turning.some(turn => labels.some(label => crosses(turn, label)));
  });
}
