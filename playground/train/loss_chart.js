/* One run's loss chart; runs once for each chart on the page (element, props, watch: Gradio's). Here: words, state,
 * pointing, and what ties the chart to the feed. loss_chart.py names the files that share its scope: what the axes count
 * (axes), what was chosen (choices), how it is drawn (draw), the other runs (ghosts, table) and looking closer (zoom). */
const WORDS = {
  train: 'train', val: 'validation', loss: 'loss', axes: 'Axes', x: 'x:', steps: 'steps', tokens: 'tokens', seconds: 'time',
  axis_steps: 'step', axis_tokens: 'tokens', axis_seconds: 'time', in_seconds: '{n} s',
  log_x: 'log x', log_x_help: 'Stretch the beginning: a logarithmic x axis',
  log_y: 'log y', log_y_help: 'Stretch small losses: a logarithmic loss axis',
  smooth: 'smooth', smooth_help: 'Draw each loss as the mean of the steps around it; what it is the mean of stays, faint',
  mean: 'mean of {n} steps', mean_short: '{n} steps', mean_none: 'off', zoom_in: 'Look closer', zoom_out: 'See more', zoom_all: 'Show all',
  zoom_help: 'Drag over a part, Ctrl and the wheel, two fingers, or the keys + \u2212 0 and Shift with the arrows', shown: 'From {from} to {to}',
  compare: 'Beside it', leaves: 'leaves the chart',
  other_tokens: '{runs}: other tokens, so the losses per token cannot be compared.',
  other_text: '{runs}: another text, so a lower loss may only mean that it is easier to guess.',
  runs: 'Table of runs: {drawn} of {n} drawn', runs_region: 'Table of runs', column_curve: 'drawn', column_run: 'run', column_text: 'text', column_best: 'best loss',
  column_seconds: 'time', column_tokens: 'tokens', yes: 'yes', no: 'no', draw: 'Draw {run}', in_view: '{run}, which is in view',
  at_step: 'at step {step}',
  empty: 'Press Train to see the loss fall.', no_data: 'Waiting for the first step ...',
  offline: 'Connection lost, retrying ...',
  aria: 'Loss after {step} of {steps} steps: train {train}, validation {val}',
  aria_empty: 'Loss chart, empty',
};
const canvas = at('canvas'), pen = canvas.getContext('2d'), plot = at('.plot'), tip = at('.tip');

let view = null, run = null;
let zoom = null; // the part of the x axis in sight, [from, to]; null: all of it
let ink = {}, size = { w: 0, h: 0 }, frame = 0;
let pointed = null; // the place on the x axis under the cross-hair
let area = null; // what the last drawing used; see layOut

// --- pointing -------------------------------------------------------------------------------------------

/** What stands at the cross-hair: the nearest batch and evaluation, each with its own step. */
function readAt(place) {
  const batch = nearest(trace(view, 'points', 1), place), evaluated = nearest(trace(view, 'evals', 2), place);
  const own = batch ?? evaluated;
  return own && { x: own[0], step: own[2], batch, evaluated };
}

function drawCross() {
  const found = pointed !== null && view ? readAt(pointed) : null;
  tip.hidden = !found;
  if (!found) return;
  const x = area.x(found.x);
  pen.setLineDash([]);
  pen.lineWidth = 1;
  pen.strokeStyle = ink.text;
  pen.beginPath();
  pen.moveTo(Math.round(x) + 0.5, area.top);
  pen.lineTo(Math.round(x) + 0.5, area.bottom);
  pen.stroke();
  if (found.batch) dots([found.batch], ink.train, 3.5);
  if (found.evaluated) dots([found.evaluated], ink.val, 5.5);
  fillTip(found);
  const wide = tip.offsetWidth, side = x + 14 + wide > size.w ? x - wide - 14 : x + 14;
  tip.style.transform = 'translate(' + Math.max(0, Math.round(side)) + 'px, ' + (area.top + 4) + 'px)';
}

function fillTip(found) {
  const isSteps = chosen.x === 'steps', here = isSteps ? exact(found.step) : placeWords(found.x);
  const rows = [['', say('axis_steps'), exact(found.step)], ...(isSteps ? [] : [['', say('axis_' + chosen.x), here]])];
  rows.push(['train', say('train'), digits(found.batch?.[1])]);
  if (chosen.smooth > 1 && found.batch) {
    const mean = nearest(trace(view, 'points', 1, chosen.smooth), found.x);
    rows.push(['train', say('mean', { n: chosen.smooth }), digits(mean[1])]);
  }
  const beside = (point) => (isSteps ? exact(point[2]) : placeWords(point[0])); // each curve has steps of its own
  if (found.evaluated) rows.push(['val', say('val'), digits(found.evaluated[1]), beside(found.evaluated)]);
  for (const ghost of ghostsDrawn()) {
    const point = nearest(trace(ghost, 'evals', 2), found.x);
    if (point) rows.push([ghost, ghost.label, digits(point[1]), beside(point)]);
  }
  tip.replaceChildren(...rows.map(([kind, name, value, place = here]) => {
    const line = make('div');
    line.append(kind.id ? strokeOf(kind) : make('i', 'stroke ' + kind), make('span', '', name));
    if (place !== here) line.append(make('em', '', ' @ ' + place));
    line.append(make('b', '', value));
    return line;
  }));
}

function point(place) {
  pointed = place;
  redraw();
}

function onKey(event) {
  if (area && onZoomKey(event)) return event.preventDefault();
  const evals = trace(view, 'evals', 2), all = evals.length > 1 ? evals : trace(view, 'points', 1);
  const points = zoom ? all.filter(([x]) => x >= zoom[0] && x <= zoom[1]) : all;
  const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity, Escape: 0 }[event.key];
  if (move === undefined || !points.length) return;
  event.preventDefault();
  if (event.key === 'Escape') return point(null);
  const here = pointed === null ? points.length : points.indexOf(nearest(points, pointed));
  const [place] = points[clamp(here + move, 0, points.length - 1)];
  point(place);
  const found = readAt(place);
  at('.spoken').textContent = say('axis_steps') + ' ' + exact(found.step) + ': ' + say('train') + ' ' + digits(found.batch?.[1])
    + ', ' + say('val') + ' ' + digits(found.evaluated?.[1]);
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
  empty.hidden = !nothing || (ghostsDrawn().length > 0 && !view?.missing);
  empty.textContent = view?.missing ? view.error : run ? say('no_data') : say('empty');
  const facts = { step: view?.step, steps: view?.steps, train: digits(train), val: digits(evaluated?.[2]) };
  canvas.setAttribute('aria-label', say(nothing ? 'aria_empty' : 'aria', facts));
}

function update() {
  describe();
  showOwnRow();
  redraw();
}

/** Write what stands beside the chart in the page's language. */
function showWords() {
  for (const key of ['train', 'val', 'x', 'smooth']) at('.' + key + '-label').textContent = say(key);
  for (const axis of ['x', 'y']) {
    at('.log-' + axis).textContent = say('log_' + axis);
    at('.log-' + axis).title = say('log_' + axis + '_help');
  }
  for (const option of at('#chart-x').options) option.textContent = say(option.value);
  for (const act of ['in', 'out', 'all']) {
    at('.zoom-' + act).title = say('zoom_' + act) + (act === 'all' ? '' : '\n' + say('zoom_help'));
    at('.zoom-' + act).setAttribute('aria-label', say('zoom_' + act));
  }
  at('.smoothing').title = say('smooth_help');
  at('.axes').setAttribute('aria-label', say('axes'));
  at('.runs .frame').setAttribute('aria-label', say('runs_region'));
  at('.offline').textContent = say('offline');
}

function onValue() {
  showWords();
  showChoices();
  const wanted = JSON.stringify([props.value?.run ?? null, props.value?.lang ?? 'en']);
  if (wanted !== run?.key) show(wanted);
  takeRuns();
  update();
}

function show(key) {
  const [id, lang] = JSON.parse(key);
  if (run?.id !== id) { view = null; pointed = null; }
  run = id ? { id, key } : null;
  takeZoom();
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

for (const kind of ['pointermove', 'pointerdown']) {
  canvas.addEventListener(kind, (event) => area && !isZooming(event) && point(area.placeAt(pointIn(event, canvas)[0])));
}
listenForZoom();
canvas.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && point(null));
canvas.addEventListener('blur', () => point(null));
canvas.addEventListener('keydown', onKey);
new ResizeObserver(resize).observe(plot);
onTheme(() => { readInk(); showLegend(); showTable(); redraw(); });
window.addEventListener('playground-listed', () => { takeRuns(); update(); });
recall();
linkUp();
readInk();
watch('value', onValue);
onValue();
