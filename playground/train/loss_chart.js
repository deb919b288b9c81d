/* One run's loss chart; runs once for each chart on the page (element, props, watch: Gradio's). Here: words,
 * state, pointing, and what ties the chart to the feed. How it is drawn stands in loss_chart_draw.js, the other runs'
 * curves in loss_chart_ghosts.js, which loss_chart.py puts before this file. */
const WORDS = {
  train: 'train', val: 'validation', step: 'step', of: 'of', loss: 'loss',
  log_x: 'log x', log_x_help: 'Stretch the first steps: a logarithmic step axis',
  log_y: 'log y', log_y_help: 'Stretch small losses: a logarithmic loss axis', compare: 'Compare with',
  leaves: 'leaves the chart', all_curves: 'all {n} curves', fewer_curves: 'show fewer',
  empty: 'Press Train to see the loss fall.', no_data: 'Waiting for the first step ...',
  offline: 'Connection lost, retrying ...',
  aria: 'Loss after {step} of {steps} steps: train {train}, validation {val}',
  aria_empty: 'Loss chart, empty',
};
const LOG_KEYS = { x: 'gpt-playground-log-x', y: 'gpt-playground-log-y' };
const TAKES_ALL_BELOW = 2.5; // a baseline this many times above the data would flatten it: not drawn
const canvas = at('canvas'), pen = canvas.getContext('2d'), plot = at('.plot'), tip = at('.tip');

let view = null, run = null;
let logX = recalled('x'), logY = recalled('y');
let ink = {}, size = { w: 0, h: 0 }, frame = 0;
let pointed = null; // the step under the cross-hair
let area = null; // what the last drawing used: { left, right, top, bottom, x, y, stepAt }

function recalled(axis) {
  try {
    return localStorage.getItem(LOG_KEYS[axis]) === '1';
  } catch {
    return false; // a browser that lets pages keep nothing
  }
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
  const rows = [['', say('step'), exact(found.step)], ['train', say('train'), digits(found.batch)]];
  if (found.evaluated) {
    const [step, , val] = found.evaluated;
    rows.push(['val', say('val'), digits(val), step]);
  }
  for (const ghost of ghostsDrawn()) {
    const row = nearest(ghost.evals, found.step);
    if (row) rows.push([ghost, ghost.label, digits(row[2]), row[0]]);
  }
  tip.replaceChildren(...rows.map(([kind, name, value, step = found.step]) => {
    const line = make('div');
    line.append(kind.id ? strokeOf(kind) : make('i', 'stroke ' + kind), make('span', '', name));
    if (step !== found.step) line.append(make('em', '', ' @ ' + exact(step))); // each curve has steps of its own
    line.append(make('b', '', value));
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
  at('.spoken').textContent = say('step') + ' ' + exact(found.step) + ': ' + say('train') + ' ' + digits(found.batch)
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
  empty.hidden = !nothing || ghostsDrawn().length > 0;
  empty.textContent = view?.missing ? view.error : run ? say('no_data') : say('empty');
  const facts = { step: view?.step, steps: view?.steps, train: digits(train), val: digits(evaluated?.[2]) };
  canvas.setAttribute('aria-label', say(nothing ? 'aria_empty' : 'aria', facts));
}

function update() {
  describe();
  redraw();
}

function onValue() {
  for (const key of ['train', 'val']) at('.' + key + '-label').textContent = say(key);
  for (const axis of ['x', 'y']) {
    at('.log-' + axis).textContent = say('log_' + axis);
    at('.log-' + axis).title = say('log_' + axis + '_help');
  }
  at('.offline').textContent = say('offline');
  const wanted = JSON.stringify([props.value?.run ?? null, props.value?.lang ?? 'en']);
  if (wanted !== run?.key) show(wanted);
  takeGhosts((props.value?.ghosts ?? []).filter((ghost) => ghost.id !== props.value.run));
  update();
}

function show(key) {
  const [id, lang] = JSON.parse(key);
  if (run?.id !== id) { view = null; pointed = null; }
  run = id ? { id, key } : null;
  follow(id, lang, (news) => {
    view = news;
    update();
  });
}

function resize() {
  const box = { width: plot.clientWidth, height: plot.clientHeight }; // in the pixels of this place, however zoomed
  const dense = (window.devicePixelRatio || 1) * (plot.getBoundingClientRect().width / box.width || 1);
  size = { w: Math.round(box.width), h: Math.round(box.height) };
  canvas.width = Math.round(size.w * dense);
  canvas.height = Math.round(size.h * dense);
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  if (frame) cancelAnimationFrame(frame);
  draw(); // at once: setting a canvas' size clears it, and a frame without the curve would flicker
}

function setLog(axis, on) {
  if (axis === 'x') logX = on;
  else logY = on;
  at('.log-' + axis).setAttribute('aria-pressed', String(on));
}

for (const axis of ['x', 'y']) {
  const button = at('.log-' + axis);
  setLog(axis, axis === 'x' ? logX : logY);
  button.addEventListener('click', () => {
    const on = button.getAttribute('aria-pressed') !== 'true';
    setLog(axis, on);
    try {
      localStorage.setItem(LOG_KEYS[axis], on ? '1' : '0');
    } catch { /* remembered by this page alone */ }
    redraw();
  });
}
for (const kind of ['pointermove', 'pointerdown']) {
  canvas.addEventListener(kind, (event) => area && point(area.stepAt(pointIn(event, canvas)[0])));
}
canvas.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && point(null));
canvas.addEventListener('blur', () => point(null));
canvas.addEventListener('keydown', onKey);
new ResizeObserver(resize).observe(plot);
onTheme(() => { readInk(); showChips(); redraw(); });
window.addEventListener('playground-listed', onListed);
readInk();
watch('value', onValue);
onValue();
