/* The plane of the neighbours' card: rows of an embedding as points with their names, which glide from one snapshot to
 * the next. neighbours.js stands behind it and says what is shown: `answer`, `kind`, `frame`, `chosen`, `choose`. */
const MARKS = { // one a kind, so that its colour is not all that tells it; [path, whether it is only drawn round]
  vowel: ['M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z'], consonant: ['M-4.4-4.4h8.8v8.8h-8.8Z'],
  capital: ['M0-5.8 5.6 4.2h-11.2Z'], digit: ['M0-6.2 6.2 0 0 6.2-6.2 0Z'],
  sign: ['M-4.2-4.2 4.2 4.2M-4.2 4.2 4.2-4.2', true], space: ['M-4.6 0a4.6 4.6 0 1 0 9.2 0a4.6 4.6 0 1 0-9.2 0Z', true],
  word: ['M-6.5-2.6h13v5.2h-13Z'], piece: ['M0 5.8 5.6-4.2h-11.2Z'], letter: ['M0-5.6 5.6 0 0 5.6-5.6 0Z', true],
  other: ['M-4-4h8v8h-8Z', true], position: ['M-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0Z'],
};
const GLIDE = 600; // milliseconds from one snapshot to the next
const ROOM = { left: 16, right: 34, top: 14, bottom: 14 }; // pixels around the points: names stand to their right
const NEAR = 26; // pixels from a point at which a pointer still means it
const LETTER = 7.6, LINE = 15; // pixels that a name takes
const drawing = at('.points'), pointLayer = at('.rows'), linkLayer = at('.links');
let size = { width: 0, height: 0 }, nodes = [], places = null, aims = null, gliding = 0, pointed = null;

function markNode(name) {
  const [d, hollow] = MARKS[name] ?? MARKS.other;
  return makeSvg('path', { d, class: hollow ? 'mark hollow' : 'mark' });
}

/** A mark alone, for the legend and the lists; part: where among the positions it stands. */
function markIcon(name, part = 0) {
  const icon = makeSvg('svg', { class: 'icon', viewBox: '-8 -8 16 16', 'data-kind': name, 'aria-hidden': 'true' });
  icon.append(markNode(name));
  icon.style.setProperty('--part', part);
  return icon;
}

function buildPoints() {
  const { rows } = data();
  cancelAnimationFrame(gliding);
  nodes = rows.map((row, i) => {
    const node = makeSvg('g', { class: 'point', role: 'button', tabindex: '-1', 'data-row': i, 'data-kind': row.kind });
    if (rows.length > 1) node.style.setProperty('--part', i / (rows.length - 1));
    node.append(makeSvg('circle', { class: 'ring', r: 9.5 }), markNode(row.kind), makeSvg('text', { x: 8, y: 4 }, brief(row.name, 8)));
    return node;
  });
  pointLayer.replaceChildren(...nodes);
  linkLayer.replaceChildren(...[...Array(data().nearest)].map(() => makeSvg('line', {})));
  places = null;
  fit();
}

/** Take the room that there is. One scale serves both axes and all snapshots, so that only the points move. */
function fit() {
  const width = Math.floor(at('.plane').clientWidth);
  if (!width || !answer || !data()) return;
  cancelAnimationFrame(gliding);
  size = { width, height: Math.round(clamp(0.72 * width, 300, 520)) };
  drawing.setAttribute('width', size.width);
  drawing.setAttribute('height', size.height);
  aims = aim();
  places = aims.slice();
  paintPlaces();
  nameSome();
}

/** Where the points of the frame lie, in pixels: [x, y, x, y, ...]. */
function aim() {
  const { points, box } = data(), count = data().rows.length, from = 2 * count * frame, found = new Float32Array(2 * count);
  const inner = { width: size.width - ROOM.left - ROOM.right, height: size.height - ROOM.top - ROOM.bottom };
  const scale = Math.min(inner.width / (box.right - box.left || 1), inner.height / (box.top - box.bottom || 1));
  const x0 = ROOM.left + (inner.width - scale * (box.right - box.left)) / 2;
  const y0 = ROOM.top + (inner.height - scale * (box.top - box.bottom)) / 2;
  for (let i = 0; i < count; i += 1) {
    found[2 * i] = x0 + scale * (points[from + 2 * i] - box.left);
    found[2 * i + 1] = y0 + scale * (box.top - points[from + 2 * i + 1]); // up is up
  }
  return found;
}

/** Let the points go to where the frame has them; at once for who wishes no motion. */
function glide() {
  if (!size.width) return fit();
  const from = places, to = aim(), began = performance.now();
  aims = to;
  nameSome();
  cancelAnimationFrame(gliding);
  const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (calm || !from || from.length !== to.length) { places = to; paintPlaces(); return; }
  const move = (now) => {
    const way = clamp((now - began) / GLIDE, 0, 1), part = way * way * (3 - 2 * way);
    places = from.map((start, i) => start + part * (to[i] - start));
    paintPlaces();
    if (way < 1 && element.isConnected) gliding = requestAnimationFrame(move);
  };
  gliding = requestAnimationFrame(move);
}

function paintPlaces() {
  nodes.forEach((node, i) => {
    node.setAttribute('transform', 'translate(' + places[2 * i].toFixed(1) + ' ' + places[2 * i + 1].toFixed(1) + ')');
  });
  let way = '';
  if (kind === 'positions') for (let i = 0; i < places.length; i += 2) way += (i ? 'L' : 'M') + places[i].toFixed(1) + ' ' + places[i + 1].toFixed(1);
  at('.way').setAttribute('d', way);
  paintLinks();
}

function paintLinks() {
  const near = chosen === null ? [] : nearestOf(chosen, frame);
  [...linkLayer.children].forEach((line, rank) => {
    const to = near[rank]?.row ?? chosen ?? 0, from = chosen ?? 0;
    const ends = { x1: places[2 * from], y1: places[2 * from + 1], x2: places[2 * to], y2: places[2 * to + 1] };
    for (const [name, value] of Object.entries(ends)) line.setAttribute(name, value.toFixed(1));
  });
}

/** Name as many points as there is room for: the chosen one and its nearest first, then the most frequent. */
function nameSome() {
  const { rows, order } = data(), near = chosen === null ? [] : nearestOf(chosen, frame).map(({ row }) => row);
  const boxes = [], first = [pointed, chosen, ...near].filter((row) => row !== null);
  for (const i of new Set([...first, ...order])) {
    const node = nodes[i], x = aims[2 * i], y = aims[2 * i + 1];
    const box = [x - 5, y - LINE / 2, x + 9 + LETTER * Math.min(8, [...named(rows[i].name)].length), y + LINE / 2];
    const free = boxes.every((other) => box[0] > other[2] || box[2] < other[0] || box[1] > other[3] || box[3] < other[1]);
    if (free || i === chosen || i === pointed) boxes.push(box);
    node.classList.toggle('unnamed', !free && i !== chosen && i !== pointed);
    node.classList.toggle('near', near.includes(i));
    node.classList.toggle('pointed', i === pointed);
    node.setAttribute('aria-pressed', String(i === chosen));
    node.setAttribute('tabindex', i === (chosen ?? order[0]) ? '0' : '-1');
    node.setAttribute('aria-label', pointLabel(i));
  }
}

/** The point that a pointer means; null where none is near. */
function rowUnder(event) {
  const [x, y] = pointIn(event, drawing);
  let best = null, least = NEAR;
  for (let i = 0; 2 * i < (places?.length ?? 0); i += 1) {
    const away = Math.hypot(places[2 * i] - x, places[2 * i + 1] - y);
    if (away < least) { least = away; best = i; }
  }
  return best;
}

function point(row) {
  if (row === pointed || !answer) return;
  pointed = row;
  drawing.classList.toggle('over', row !== null);
  if (aims) nameSome();
}

drawing.addEventListener('pointermove', (event) => { if (event.pointerType !== 'touch') point(rowUnder(event)); });
drawing.addEventListener('pointerleave', () => point(null));
drawing.addEventListener('click', (event) => {
  const told = event.target.closest('.point')?.dataset.row; // by who has no pointer
  const row = event.detail || told === undefined ? rowUnder(event) : Number(told);
  if (row !== null) choose(row);
});
drawing.addEventListener('keydown', (event) => {
  const here = Number(event.target.closest('.point')?.dataset.row ?? -1), last = nodes.length - 1;
  const to = { ArrowRight: here + 1, ArrowDown: here + 1, ArrowLeft: here - 1, ArrowUp: here - 1, Home: 0, End: last }[event.key];
  if (here >= 0 && (event.key === 'Enter' || event.key === ' ')) { event.preventDefault(); return choose(here); }
  if (here < 0 || to === undefined || to < 0 || to > last) return;
  event.preventDefault();
  choose(to);
  nodes[to].focus();
});
