/* The maps: one head's weights as a heatmap, query by key, and every head as a thumbnail. Shares one scope with
 * attention.js, which follows it and holds the state; the weights come from weightAt() and triangleOf(). */
const LEAST_LABEL = 10; // pixels between two labels of an axis
const LARGEST_CELL = 56;
const canvas = at('.plot canvas'), pen = canvas.getContext('2d'), tip = at('.tip');
let area = null; // what the last drawing used: { left, top, cell, dense }
let cell = null; // the cell under the pointer or the keyboard's cursor: { q, k }
let frame = 0, ink = {};
let palette = [], pixels = []; // the colour of each byte of weight, as CSS and as a pixel

function readInk() {
  readScale();
  const colours = Array.from({ length: 256 }, (_, byte) => shade((byte / 255) ** 2));
  palette = colours.map(css);
  pixels = Uint32Array.from(colours, pixelOf);
  for (const name of ['quiet', 'loud', 'masked', 'hatch', 'query']) ink[name] = css(colourOf('--' + name));
  ink.maskedPixel = pixelOf(colourOf('--masked'));
  ink.font = getComputedStyle(tokenBox).fontFamily;
  ink.words = getComputedStyle(at('.attention')).fontFamily;
}

/** A colour as ImageData holds it: red in the lowest byte. */
const pixelOf = ([r, g, b]) => (0xff000000 | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r)) >>> 0;

// --- the heatmap ----------------------------------------------------------------------------------------

/** Find room for the labels, and a size of cell that ends on whole pixels. */
function layOut() {
  const T = view.tokens.length, width = at('.plot').clientWidth;
  const dense = (window.devicePixelRatio || 1) * (at('.plot').getBoundingClientRect().width / width || 1); // however zoomed
  const labels = view.tokens.map((text) => brief(text));
  pen.font = '11px ' + ink.font;
  const longest = Math.ceil(Math.max(...labels.map((label) => pen.measureText(label).width)));
  const turned = labels.some((label) => [...label].length > 1);
  const left = longest + 12, top = turned ? longest + 12 : 20;
  const size = Math.floor((clamp((width - left - 2) / T, 1, LARGEST_CELL)) * dense) / dense;
  const font = clamp(Math.floor(size * 0.92), 9, 12) + 'px ' + ink.font;
  return { T, dense, width, labels, turned, left, top, cell: size, font, side: size * T };
}

function redraw() {
  if (!frame) frame = requestAnimationFrame(drawHeat);
}

function drawHeat() {
  frame = 0;
  if (!view || !at('.plot').clientWidth) return;
  area = layOut();
  const { dense, left, top, side } = area, wide = left + side + 2, high = top + side + 2;
  if (canvas.width !== Math.round(wide * dense) || canvas.height !== Math.round(high * dense)) {
    canvas.width = Math.round(wide * dense);
    canvas.height = Math.round(high * dense);
    canvas.style.width = wide + 'px';
    canvas.style.height = high + 'px';
  }
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  pen.clearRect(0, 0, wide, high);
  drawMask();
  drawCells();
  drawAxes();
  drawMarks();
  placeTip();
}

/** The places that no query may see: hatched, which no weight is. */
function drawMask() {
  const { left, top, side, cell: size, T } = area;
  pen.save();
  pen.beginPath();
  for (let q = 0; q < T - 1; q += 1) pen.rect(left + (q + 1) * size, top + q * size, (T - q - 1) * size, size);
  pen.clip();
  pen.fillStyle = ink.masked;
  pen.fillRect(left, top, side, side);
  pen.strokeStyle = ink.hatch;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let x = -side; x < side; x += 7) {
    pen.moveTo(left + x, top + side);
    pen.lineTo(left + x + side, top);
  }
  pen.stroke();
  pen.restore();
  nameMask();
}

function nameMask() {
  const { left, top, side } = area, words = say('masked');
  pen.font = '11px ' + ink.words;
  if (pen.measureText(words).width > side / 2) return;
  pen.textAlign = 'right';
  pen.textBaseline = 'middle';
  pen.lineWidth = 5;
  pen.strokeStyle = ink.masked;
  pen.strokeText(words, left + side - 10, top + 18);
  pen.fillStyle = ink.quiet;
  pen.fillText(words, left + side - 10, top + 18);
}

function drawCells() {
  const { left, top, cell: size, T } = area, gap = size >= 9 ? 1 : 0;
  for (let q = 0; q < T; q += 1) {
    for (let k = 0; k <= q; k += 1) {
      pen.fillStyle = palette[Math.round(255 * Math.sqrt(weightAt(q, k)))];
      pen.fillRect(left + k * size, top + q * size, size - gap, size - gap);
    }
  }
}

function drawAxes() {
  const { labels, left, top, cell: size, T, font, turned } = area;
  const stride = Math.ceil(LEAST_LABEL / size), key = cell?.k ?? null;
  pen.textBaseline = 'middle';
  for (let i = 0; i < T; i += 1) {
    const middle = (i + 0.5) * size;
    if (wanted(i, query, stride)) {
      style(i === query, font);
      pen.textAlign = 'right';
      pen.fillText(labels[i], left - 7, top + middle);
    }
    if (!wanted(i, key, stride)) continue;
    style(i === key, font);
    pen.save();
    pen.translate(left + middle, turned ? top - 6 : top - 9);
    if (turned) pen.rotate(-Math.PI / 2);
    pen.textAlign = turned ? 'left' : 'center';
    pen.fillText(labels[i], 0, 0);
    pen.restore();
  }
}

/** Whether an axis has room for a label: every stride-th, but the marked one before its neighbours. */
const wanted = (i, marked, stride) => i === marked
  || (i % stride === 0 && (marked === null || Math.abs(i - marked) >= stride));

function style(marked, font) {
  pen.font = (marked ? 'bold ' : '') + font;
  pen.fillStyle = marked ? ink.loud : ink.quiet;
}

function drawMarks() {
  const { left, top, cell: size } = area;
  pen.lineWidth = 2;
  pen.strokeStyle = ink.query;
  pen.strokeRect(left - 1, top + query * size - 1, (query + 1) * size + 1, size + 1);
  if (!cell) return;
  pen.strokeStyle = ink.loud;
  pen.strokeRect(left + cell.k * size - 1, top + cell.q * size - 1, size + 1, size + 1);
}

function cellWords({ q, k }) {
  const facts = { query: place(view.tokens, q), key: place(view.tokens, k) };
  return k > q ? say('cell_masked', facts) : say('cell', { ...facts, weight: decimal(weightAt(q, k), 2) });
}

function placeTip() {
  tip.hidden = !cell;
  if (!cell) return;
  tip.textContent = cellWords(cell);
  const { left, top, cell: size } = area, x = left + (cell.k + 1) * size + 10, wide = tip.offsetWidth;
  const y = top + cell.q * size - tip.offsetHeight - 8;
  tip.style.transform = 'translate(' + Math.round(clamp(x, 0, Math.max(0, at('.plot').clientWidth - wide))) + 'px, '
    + Math.round(y < 0 ? top + (cell.q + 1) * size + 10 : y) + 'px)';
}

function cellUnder(event) {
  if (!area) return null;
  const [px, py] = pointIn(event, canvas);
  const k = Math.floor((px - area.left) / area.cell), q = Math.floor((py - area.top) / area.cell);
  return q >= 0 && q < area.T && k >= 0 && k < area.T ? { q, k } : null;
}

function showCell(next) {
  cell = next;
  if (next) lookAt(next.q);
  redraw();
}

function onHeatKey(event) {
  if (!view) return;
  const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  if (event.key === 'Escape') { unpin(); return showCell(null); }
  if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); return pin(cell?.q ?? query); }
  if (!move) return;
  event.preventDefault();
  const last = view.tokens.length - 1, from = cell ?? { q: query, k: strongest()[0][0] };
  const q = clamp(from.q + move[0], 0, last), k = clamp(from.k + move[1], 0, last);
  showCell(cell ? { q, k } : from);
  at('.spoken').textContent = cellWords(cell);
}

for (const kind of ['pointermove', 'pointerdown']) {
  canvas.addEventListener(kind, (event) => view && showCell(cellUnder(event)));
}
canvas.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && showCell(null));
canvas.addEventListener('click', (event) => view && cellUnder(event) && pin(cellUnder(event).q));
canvas.addEventListener('blur', () => showCell(null));
canvas.addEventListener('keydown', onHeatKey);

// --- the grid -------------------------------------------------------------------------------------------

const grid = at('.grid');

/** A button a head and one for the mean of each layer; made once for a shape, then only painted. */
function drawGrid() {
  const { layers, nHead } = view, nodes = [make('span', 'corner'), make('span', 'column', say('mean'))];
  const dense = nHead > 8;
  grid.style.setProperty('--heads', nHead);
  grid.dataset.dense = String(dense);
  for (let head = 0; head < nHead; head += 1) {
    nodes.push(make('span', 'column', dense ? String(head) : say('column', { head })));
  }
  for (let layer = 0; layer < layers; layer += 1) {
    nodes.push(make('span', 'row-name', String(layer)));
    for (const head of ['mean', ...Array(nHead).keys()]) nodes.push(thumbNode(layer, head));
  }
  grid.dataset.shape = [layers, nHead, props.value.lang].join();
  grid.replaceChildren(...nodes);
}

function thumbNode(layer, head) {
  const node = make('button', 'thumb' + (head === 'mean' ? ' of-mean' : ''));
  node.type = 'button';
  node.dataset.layer = layer;
  node.dataset.head = head;
  node.append(make('canvas', 'mini'), make('span', 'caption'));
  return node;
}

const headOf = (node) => ({
  layer: Number(node.dataset.layer), head: node.dataset.head === 'mean' ? 'mean' : Number(node.dataset.head),
});

function paintGrid() {
  at('.corner').textContent = say('layer_short');
  for (const node of grid.querySelectorAll('.thumb')) {
    const { layer, head } = headOf(node), label = labelOf(layer, head);
    paintThumb(node.firstElementChild, triangleOf(layer, head));
    const caption = node.lastElementChild;
    caption.replaceChildren(...(label ? [make('span', '', say('short_' + label[0]) || label[0]), ' ',
      make('b', '', decimal(label[1], 2))] : []));
    const words = label ? ', ' + labelWords(label) : '';
    node.title = (head === 'mean' ? say('thumb_mean', { layer }) : say('thumb', { layer, head })) + words;
    node.setAttribute('aria-label', node.title);
  }
}

function paintThumb(mini, triangle) {
  const T = view.tokens.length, picture = new ImageData(T, T), ground = new Uint32Array(picture.data.buffer);
  if (mini.width !== T || mini.height !== T) { mini.width = T; mini.height = T; }
  ground.fill(ink.maskedPixel);
  for (let q = 0, i = 0; q < T; q += 1) {
    for (let k = 0; k <= q; k += 1, i += 1) ground[q * T + k] = pixels[Math.round(triangle[i])];
  }
  mini.getContext('2d').putImageData(picture, 0, 0);
  mini.style.imageRendering = T <= 32 ? 'pixelated' : 'auto';
}

function markChosen() {
  for (const node of grid.querySelectorAll('.thumb')) {
    const { layer, head } = headOf(node), here = layer === chosen.layer && head === chosen.head;
    node.setAttribute('aria-pressed', String(here));
    node.tabIndex = here ? 0 : -1;
  }
}

grid.addEventListener('click', (event) => {
  const node = event.target.closest('.thumb');
  if (node) choose(headOf(node), true);
});
grid.addEventListener('keydown', (event) => {
  const all = [...grid.querySelectorAll('.thumb')], here = all.indexOf(event.target.closest('.thumb'));
  const row = view.nHead + 1;
  const to = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row }[event.key];
  if (to === undefined || !all[here + to]) return;
  event.preventDefault();
  all[here + to].focus();
});
