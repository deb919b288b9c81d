/* Draws one run's loss on a canvas; runs once for each chart on the page (element, props, watch: Gradio's).
 * The order below: words, state, ranges, drawing, pointing, and at the end what ties them to the feed. */
const WORDS = {
  train: 'train', val: 'validation', step: 'step', of: 'of', loss: 'loss',
  log_x: 'log x', log_x_help: 'Stretch the first steps: a logarithmic step axis',
  empty: 'Press Train to see the loss fall.', no_data: 'Waiting for the first step ...',
  offline: 'Connection lost, retrying ...',
  aria: 'Loss after {step} of {steps} steps: train {train}, validation {val}', aria_empty: 'Loss chart, empty',
};
const LOG_KEY = 'gpt-playground-log-x';
const TAKES_ALL_BELOW = 2.5; // a baseline this many times above the data would flatten it: not drawn
const canvas = element.querySelector('canvas');
const pen = canvas.getContext('2d');
const plot = element.querySelector('.plot');
const tip = element.querySelector('.tip');
const at = (selector) => element.querySelector(selector);
const say = (key) => props.value?.text?.[key] ?? WORDS[key];
const finite = (y) => typeof y === 'number' && Number.isFinite(y);
const digits = (y, n = 3) => (finite(y) ? y.toFixed(n) : '–');

let view = null, run = null, unsubscribe = () => {};
let ghosts = new Map(); // id -> { label, evals }
let logX = localStorage.getItem(LOG_KEY) === '1';
let ink = {}, size = { w: 0, h: 0 }, frame = 0;
let pointed = null; // the step under the cross-hair
let area = null; // what the last drawing used: { left, right, top, bottom, x, y, stepAt }

// --- ranges ---------------------------------------------------------------------------------------------

const lastStep = (rows) => (rows?.length ? rows[rows.length - 1][0] : 0);

/** The end of the step axis: grows in a few strides, so that the curve does not shrink at every step. */
function stepRange() {
  const own = Math.max(view?.step ?? 0, lastStep(view?.points), lastStep(view?.evals));
  if (!own) return Math.max(10, view?.steps ?? 0, ...[...ghosts.values()].map((ghost) => lastStep(ghost.evals)));
  const goal = Math.max(own, view.steps ?? own);
  for (let ten = 10; ; ten *= 10) {
    for (const part of [1, 1.5, 2, 3, 5, 7]) if (ten * part >= own * 1.02) return Math.min(goal, ten * part);
  }
}

/** What the loss axis has to hold: every evaluation, the bulk of the single batches (a spike may leave). */
function lossRange() {
  const evals = [...(view?.evals ?? []), ...[...ghosts.values()].flatMap((ghost) => ghost.evals)];
  const must = evals.flatMap((row) => [row[1], row[2]]).filter(finite);
  const batches = (view?.points ?? []).map((row) => row[1]).filter(finite).sort((a, b) => a - b);
  const rank = (part) => batches[Math.round((batches.length - 1) * part)];
  if (batches.length) must.push(rank(0.002), rank(batches.length < 200 ? 1 : 0.995));
  if (!must.length) return null;
  let low = Math.min(...must), high = Math.max(...must);
  const marks = (view?.baselines ?? []).map((line) => line.value).filter((y) => y <= high * TAKES_ALL_BELOW);
  low = Math.min(low, ...marks);
  high = Math.max(high, ...marks);
  const room = Math.max(high - low, 0.2) * 0.06;
  return [Math.max(0, low - room), high + room];
}

/** Round values about `count` to a range, and how many decimals they need. */
function ticks(low, high, count) {
  const rough = (high - low) / Math.max(1, count);
  const ten = 10 ** Math.floor(Math.log10(rough));
  const stride = ten * [1, 2, 5, 10].find((part) => part * ten >= rough);
  const first = Math.ceil(low / stride - 1e-9), last = Math.floor(high / stride + 1e-9);
  const values = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * stride);
  return { values, decimals: Math.max(0, -Math.floor(Math.log10(stride) + 1e-9)) };
}

function stepTicks(end, width) {
  if (!logX) return ticks(0, end, Math.max(2, Math.min(8, width / 90))).values.filter(Number.isInteger);
  const tens = [0];
  for (let ten = 1; ten <= end; ten *= 10) tens.push(ten);
  return tens;
}

// --- drawing --------------------------------------------------------------------------------------------

function readInk() {
  const style = getComputedStyle(element.querySelector('.loss-chart'));
  const of = (name) => style.getPropertyValue(name).trim();
  ink = {
    train: of('--train'), val: of('--val'), grid: of('--grid'), text: of('--quiet'), strong: of('--loud'),
    ground: of('--ground'), ghost: of('--ghost'), line: of('--rule'), font: style.fontFamily,
  };
}

function layOut() {
  const range = lossRange();
  const narrow = size.w < 560;
  const font = (narrow ? '11px ' : '12px ') + ink.font;
  pen.font = font;
  const lines = range ? baselineMarks(range) : [];
  const gutter = narrow || !lines.length ? 14 : Math.max(...lines.map((l) => pen.measureText(l.text).width)) + 18;
  const left = 40, right = size.w - gutter, top = 12, bottom = size.h - 30;
  const end = stepRange();
  const [low, high] = range ?? [0, 5];
  const place = logX ? (s) => Math.log10(s + 1) / Math.log10(end + 1) : (s) => s / end;
  const back = logX ? (part) => 10 ** (part * Math.log10(end + 1)) - 1 : (part) => part * end;
  return {
    left, right, top, bottom, narrow, font, lines, end, low, high, empty: !range,
    x: (s) => left + (right - left) * place(s),
    y: (loss) => bottom - ((loss - low) / (high - low)) * (bottom - top),
    stepAt: (px) => back(Math.min(1, Math.max(0, (px - left) / (right - left)))),
  };
}

function baselineMarks([low, high]) {
  const marks = (view?.baselines ?? []).filter((line) => line.value >= low && line.value <= high);
  return marks.map((line) => ({ value: line.value, text: line.label + '  ' + digits(line.value, 2) }));
}

function draw() {
  frame = 0;
  if (!element.isConnected) return unsubscribe();
  if (!size.w) return;
  area = layOut();
  pen.clearRect(0, 0, size.w, size.h);
  drawAxes();
  pen.save();
  pen.beginPath();
  pen.rect(area.left, area.top - 6, area.right - area.left + 6, area.bottom - area.top + 6);
  pen.clip();
  drawBaselines();
  ghosts.forEach((ghost) => drawGhost(ghost));
  drawCurves();
  pen.restore();
  if (!area.empty) drawLabels();
  drawCross();
}

function drawAxes() {
  const { left, right, top, bottom, x, y, low, high, end } = area;
  pen.font = area.font;
  pen.lineWidth = 1;
  pen.setLineDash([]);
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  const { values, decimals } = ticks(low, high, (bottom - top) / 52);
  for (const value of values) {
    rule(left, right, Math.round(y(value)) + 0.5, ink.grid);
    pen.fillStyle = ink.text;
    pen.fillText(value.toFixed(decimals), left - 8, y(value));
  }
  pen.textBaseline = 'top';
  const stepTexts = stepTicks(end, right - left);
  const caption = say('step');
  const captionLeft = right - pen.measureText(caption).width;
  pen.fillText(caption, right, bottom + 10);
  pen.textAlign = 'center';
  for (const step of stepTexts) {
    const half = pen.measureText(String(step)).width / 2;
    if (x(step) + half < captionLeft - 8) pen.fillText(String(step), Math.max(x(step), left + half - 4), bottom + 10);
  }
}

function rule(from, to, y, colour) {
  pen.strokeStyle = colour;
  pen.beginPath();
  pen.moveTo(from, y);
  pen.lineTo(to, y);
  pen.stroke();
}

function drawBaselines() {
  pen.setLineDash([2, 4]);
  pen.lineWidth = 1;
  for (const line of area.lines) rule(area.left, area.right, Math.round(area.y(line.value)) + 0.5, ink.line);
}

/** A curve through rows; a value that is not a number breaks it. */
function curve(rows, column, style) {
  pen.strokeStyle = style.colour;
  pen.lineWidth = style.width;
  pen.globalAlpha = style.alpha ?? 1;
  pen.setLineDash(style.dash ?? []);
  pen.lineJoin = pen.lineCap = 'round';
  pen.beginPath();
  let down = false;
  for (const row of rows) {
    if (!finite(row[column])) { down = false; continue; }
    pen[down ? 'lineTo' : 'moveTo'](area.x(row[0]), area.y(row[column]));
    down = true;
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

/** At most four rows a pixel column (first, lowest, highest, last), so that no spike is lost by thinning. */
function thin(rows) {
  const columns = area.right - area.left;
  if (rows.length <= columns * 2) return rows;
  const kept = [];
  let from = 0;
  while (from < rows.length) {
    const column = Math.floor(area.x(rows[from][0]));
    let to = from, low = from, high = from;
    while (to + 1 < rows.length && Math.floor(area.x(rows[to + 1][0])) === column) {
      to += 1;
      if (rows[to][1] < rows[low][1]) low = to;
      if (rows[to][1] > rows[high][1]) high = to;
    }
    for (const i of [...new Set([from, low, high, to])].sort((a, b) => a - b)) kept.push(rows[i]);
    from = to + 1;
  }
  return kept;
}

function dots(rows, column, colour, radius) {
  for (const row of rows) {
    if (!finite(row[column])) continue;
    pen.beginPath();
    pen.arc(area.x(row[0]), area.y(row[column]), radius, 0, 7);
    pen.fillStyle = colour;
    pen.fill();
    pen.setLineDash([]);
    pen.lineWidth = 1.5;
    pen.strokeStyle = ink.ground;
    pen.stroke();
  }
}

function drawGhost(ghost) {
  curve(ghost.evals, 2, { colour: ink.ghost, width: 1.5 });
}

function drawCurves() {
  if (!view) return;
  const { points, evals } = view;
  curve(thin(points), 1, { colour: ink.train, width: 1, alpha: evals.length > 1 ? 0.38 : 0.75 });
  curve(evals, 1, { colour: ink.train, width: 2 });
  curve(evals, 2, { colour: ink.val, width: 2.5, dash: [7, 5] });
  dots(evals, 1, ink.train, 2.5);
  dots(evals, 2, ink.val, 4);
}

/** Push labels apart up and down until none touches the next and none leaves the plot. */
function spread(labels, gap) {
  labels.sort((a, b) => a.y - b.y);
  const least = area.top + 2, most = area.bottom - 2;
  labels.forEach((label, i) => { label.at = Math.max(label.y, i ? labels[i - 1].at + gap : least); });
  for (let i = labels.length - 1, limit = most; i >= 0; i -= 1, limit = labels[i + 1].at - gap) {
    labels[i].at = Math.min(labels[i].at, limit);
  }
}

function drawLabels() {
  const { narrow, right, lines, y } = area;
  const labels = lines.map((line) => ({ text: line.text, y: y(line.value) - (narrow ? 8 : 0) }));
  spread(labels, narrow ? 13 : 16);
  pen.font = area.font;
  pen.textBaseline = 'middle';
  pen.textAlign = narrow ? 'right' : 'left';
  for (const label of labels) {
    if (!narrow) leader(right, label.y, label.at);
    write(label.text, narrow ? right - 2 : right + 12, label.at, ink.text);
  }
  const taken = narrow ? labels.map((label) => label.at) : [];
  ghosts.forEach((ghost) => labelGhost(ghost, taken));
}

function leader(x, from, to) {
  pen.setLineDash([]);
  pen.lineWidth = 1;
  pen.strokeStyle = ink.line;
  pen.beginPath();
  pen.moveTo(x + 1, from);
  pen.lineTo(x + 8, to);
  pen.stroke();
}

/** A ghost's name stands at the end of its curve, inside the plot; on a narrow one only the tip tells it. */
function labelGhost(ghost, taken) {
  const shown = ghost.evals.filter((row) => row[0] <= area.end && finite(row[2]));
  if (!shown.length || area.narrow) return;
  const row = shown[shown.length - 1];
  let y = area.y(row[2]) - 11;
  while (taken.some((other) => Math.abs(other - y) < 14) && y > area.top + 16) y -= 14;
  taken.push(y);
  pen.textAlign = 'right';
  write(ghost.label, Math.min(area.x(row[0]), area.right - 4), y, ink.text, 'italic ');
}

/** Text with a halo of the ground's colour, so that a curve under it does not spoil it. */
function write(text, x, y, colour, slant = '') {
  pen.font = slant + area.font;
  pen.setLineDash([]);
  pen.lineWidth = 4;
  pen.lineJoin = 'round';
  pen.strokeStyle = ink.ground;
  pen.strokeText(text, x, y);
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

// --- pointing -------------------------------------------------------------------------------------------

function nearest(rows, step) {
  if (!rows?.length) return null;
  let low = 0, high = rows.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (rows[middle][0] < step) low = middle;
    else high = middle;
  }
  return step - rows[low][0] <= rows[high][0] - step ? rows[low] : rows[high];
}

/** What stands at the cross-hair: the nearest batch and evaluation, each with its own step. */
function readAt(step) {
  const batch = nearest(view.points, step), evaluated = nearest(view.evals, step);
  const own = batch ?? evaluated;
  return own && { step: own[0], batch: batch?.[1], evaluated };
}

function drawCross() {
  const found = pointed !== null && view ? readAt(pointed) : null;
  tip.hidden = !found;
  if (!found) return;
  const x = area.x(found.step);
  pen.setLineDash([]);
  pen.lineWidth = 1;
  pen.strokeStyle = ink.text;
  pen.beginPath();
  pen.moveTo(Math.round(x) + 0.5, area.top);
  pen.lineTo(Math.round(x) + 0.5, area.bottom);
  pen.stroke();
  if (finite(found.batch)) dots([[found.step, found.batch]], 1, ink.train, 3.5);
  if (found.evaluated) dots([found.evaluated], 2, ink.val, 5.5);
  fillTip(found);
  const wide = tip.offsetWidth, side = x + 14 + wide > size.w ? x - wide - 14 : x + 14;
  tip.style.transform = 'translate(' + Math.max(0, Math.round(side)) + 'px, ' + (area.top + 4) + 'px)';
}

function fillTip(found) {
  const rows = [['', say('step'), String(found.step)], ['train', say('train'), digits(found.batch)]];
  if (found.evaluated) {
    const [step, , val] = found.evaluated;
    rows.push(['val', say('val') + (step === found.step ? '' : ' @ ' + step), digits(val)]);
  }
  ghosts.forEach((ghost) => {
    const row = nearest(ghost.evals, found.step);
    if (row) rows.push(['ghost', ghost.label, digits(row[2])]);
  });
  tip.replaceChildren(...rows.map(([kind, name, value]) => {
    const line = document.createElement('div'), mark = document.createElement('i');
    const label = document.createElement('span'), number = document.createElement('b');
    mark.className = 'stroke ' + kind;
    label.textContent = name;
    number.textContent = value;
    line.append(mark, label, number);
    return line;
  }));
}

function point(step) {
  pointed = step;
  redraw();
}

function onKey(event) {
  const rows = view?.evals?.length > 1 ? view.evals : view?.points;
  const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity, Escape: 0 }[event.key];
  if (move === undefined || !rows?.length) return;
  event.preventDefault();
  if (event.key === 'Escape') return point(null);
  const here = pointed === null ? rows.length : rows.indexOf(nearest(rows, pointed));
  const row = rows[Math.min(rows.length - 1, Math.max(0, here + move))];
  point(row[0]);
  const found = readAt(row[0]);
  at('.spoken').textContent = say('step') + ' ' + found.step + ': ' + say('train') + ' ' + digits(found.batch)
    + ', ' + say('val') + ' ' + digits(found.evaluated?.[2]);
}

// --- tied to the feed -----------------------------------------------------------------------------------

function redraw() {
  if (!frame) frame = requestAnimationFrame(draw);
}

function describe() {
  const evaluated = view?.evals?.at(-1), batch = view?.points?.at(-1);
  const train = evaluated?.[1] ?? batch?.[1];
  at('.train-value').textContent = train === undefined ? '' : digits(train);
  at('.val-value').textContent = evaluated ? digits(evaluated[2]) : '';
  at('.offline').hidden = !view?.offline;
  const nothing = !batch && !evaluated;
  const empty = at('.empty');
  empty.hidden = !nothing || ghosts.size > 0;
  empty.textContent = view?.missing ? view.error : run ? say('no_data') : say('empty');
  const facts = { step: view?.step, steps: view?.steps, train: digits(train), val: digits(evaluated?.[2]) };
  const words = nothing ? say('aria_empty') : say('aria').replace(/\{(\w+)\}/g, (_, key) => facts[key] ?? '–');
  canvas.setAttribute('aria-label', words);
}

function fetchGhosts(list) {
  const wanted = new Map(list.map((ghost) => [ghost.id, ghost]));
  for (const id of ghosts.keys()) if (!wanted.has(id)) ghosts.delete(id);
  for (const { id, label } of wanted.values()) {
    if (ghosts.has(id)) { ghosts.get(id).label = label; continue; }
    const end = window.playgroundFeed.subscribe(id, props.value?.lang ?? 'en', (news) => {
      if (news.offline) return;
      const still = (props.value?.ghosts ?? []).some((ghost) => ghost.id === id);
      if (still && !news.missing) ghosts.set(id, { label, evals: news.evals });
      setTimeout(() => end()); // once is enough: an earlier run seldom moves; later, as `end` may not be set yet
      update();
    });
  }
}

function update() {
  describe();
  redraw();
}

function onValue() {
  for (const key of ['train', 'val']) at('.' + key + '-label').textContent = say(key);
  at('.log-x').textContent = say('log_x');
  at('.log-x').title = say('log_x_help');
  at('.offline').textContent = say('offline');
  const wanted = JSON.stringify([props.value?.run ?? null, props.value?.lang ?? 'en']);
  if (wanted !== run?.key) follow(wanted);
  fetchGhosts((props.value?.ghosts ?? []).filter((ghost) => ghost.id !== props.value.run));
  update();
}

function follow(key) {
  const [id, lang] = JSON.parse(key);
  const sameRun = run?.id === id;
  unsubscribe();
  unsubscribe = () => {};
  if (!sameRun) { view = null; pointed = null; }
  run = id ? { id, key } : null;
  if (!run) return;
  unsubscribe = window.playgroundFeed.subscribe(id, lang, (news) => {
    if (!element.isConnected) return unsubscribe();
    view = news;
    update();
  });
}

function resize() {
  const box = plot.getBoundingClientRect(), dense = window.devicePixelRatio || 1;
  size = { w: Math.round(box.width), h: Math.round(box.height) };
  canvas.width = Math.round(size.w * dense);
  canvas.height = Math.round(size.h * dense);
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  if (frame) cancelAnimationFrame(frame);
  draw(); // at once: setting a canvas' size clears it, and a frame without the curve would flicker
}

at('.log-x').setAttribute('aria-pressed', String(logX));
at('.log-x').addEventListener('click', () => {
  logX = !logX;
  localStorage.setItem(LOG_KEY, logX ? '1' : '0');
  at('.log-x').setAttribute('aria-pressed', String(logX));
  redraw();
});
for (const kind of ['pointermove', 'pointerdown']) {
  canvas.addEventListener(kind, (event) => area && point(area.stepAt(event.offsetX)));
}
canvas.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && point(null));
canvas.addEventListener('blur', () => point(null));
canvas.addEventListener('keydown', onKey);
new ResizeObserver(resize).observe(plot);
new MutationObserver(() => { readInk(); redraw(); }).observe(document.body, { attributeFilter: ['class'] });
readInk();
watch('value', onValue);
onValue();
