/* How the loss chart is drawn: ranges, axes, curves and labels. Shares one scope with loss_chart.js, which
 * follows it and holds the state (view, logX, logY, pointed, area); this file only reads it. */

const { at, say, follow, make, makeSvg, exact, decimal, rounded, finite, onTheme, pointIn } = playground.widget(element, props, () => WORDS);
const digits = (value) => decimal(value, 3);
const BEYOND_GUESS = 1.25; // the axis ends at so many times the loss of a uniform guess: what explodes leaves the chart
const NARROW = 560; // below this width the labels of the lines stand inside the plot

// --- ranges ---------------------------------------------------------------------------------------------

const lastStep = (rows) => (rows?.length ? rows[rows.length - 1][0] : 0);

/** The end of the step axis: grows in a few strides, so that the curve does not shrink at every step. */
function stepRange() {
  const own = Math.max(view?.step ?? 0, lastStep(view?.points), lastStep(view?.evals));
  const earlier = ghostsDrawn().map((ghost) => lastStep(ghost.evals));
  if (!own) return Math.max(10, view?.steps ?? 0, ...earlier);
  const goal = Math.max(own, view.steps ?? own);
  for (let ten = 10; ; ten *= 10) {
    for (const part of [1, 1.5, 2, 3, 5, 7]) if (ten * part >= own * 1.02) return Math.min(goal, ten * part);
  }
}

/** The batches' lowest and highest loss, but for a few spikes; sorted once for each answer of the feed. */
function bulkOf(points) {
  if (ranked.of === points) return ranked.ends;
  const batches = points.map((row) => row[1]).filter(finite).sort((a, b) => a - b);
  const rank = (part) => batches[Math.round((batches.length - 1) * part)];
  ranked = { of: points, ends: batches.length ? [rank(0.002), rank(batches.length < 200 ? 1 : 0.995)] : [] };
  return ranked.ends;
}
let ranked = { of: null, ends: [] };

/** What the loss axis has to hold: every evaluation and the bulk of the single batches, but for an explosion. */
function lossRange() {
  const evals = [...(view?.evals ?? []), ...ghostsDrawn().flatMap((ghost) => ghost.evals)];
  const must = [...evals.flatMap((row) => [row[1], row[2]]).filter(finite), ...bulkOf(view?.points ?? [])];
  if (!must.length) return null;
  let low = Infinity, high = -Infinity;
  for (const loss of must) { low = Math.min(low, loss); high = Math.max(high, loss); }
  if (view?.vocab_size > 1) high = Math.min(high, Math.max(BEYOND_GUESS * Math.log(view.vocab_size), BEYOND_GUESS * low));
  const marks = (view?.baselines ?? []).map((line) => line.value).filter((y) => y <= high * TAKES_ALL_BELOW);
  low = Math.min(low, ...marks);
  high = Math.max(high, ...marks);
  if (logY) return [Math.max(low, 1e-6) / 1.15, high * 1.06];
  const room = Math.max(high - low, 0.2) * 0.06;
  const below = size.w < NARROW ? 2.5 * room : room; // there the lowest label has to fit under its line
  return [Math.max(0, low - below), high + room];
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

/** The loss axis' round values: by powers of ten where it is logarithmic and holds several of them. */
function lossTicks(low, high, count) {
  if (!logY) return ticks(low, high, count);
  const values = [];
  for (let ten = 10 ** Math.floor(Math.log10(low)); ten <= high; ten *= 10) {
    values.push(...[1, 2, 5].map((part) => part * ten).filter((value) => value >= low && value <= high));
  }
  if (values.length < 4) return ticks(low, high, count);
  return { values, decimals: null };
}

function stepTicks(end, width) {
  if (!logX) return ticks(0, end, Math.max(2, Math.min(8, width / 90))).values.filter(Number.isInteger);
  const tens = [0];
  for (let ten = 1; ten <= end; ten *= 10) tens.push(ten);
  return tens;
}

// --- drawing --------------------------------------------------------------------------------------------

function readInk() {
  const style = getComputedStyle(at('.loss-chart'));
  const of = (name) => style.getPropertyValue(name).trim();
  ink = {
    train: of('--train'), val: of('--val'), grid: of('--grid'), text: of('--quiet'), strong: of('--loud'),
    ground: of('--ground'), ghosts: Array.from({ length: COLOURS }, (_, i) => of('--ghost-' + i)), line: of('--rule'), font: style.fontFamily,
  };
}

function layOut() {
  const range = lossRange();
  const narrow = size.w < NARROW;
  const font = (narrow ? '11px ' : '12px ') + ink.font;
  pen.font = font;
  const lines = range ? baselineMarks(range) : [];
  const widest = Math.max(0, ...lines.map((line) => pen.measureText(line.text).width));
  const gutter = narrow || !widest ? 14 : widest + 18;
  const left = narrow ? 36 : 40, right = size.w - gutter, top = 24, bottom = size.h - 30;
  const end = stepRange();
  const [low, high] = range ?? [0, 5];
  const place = logX ? (s) => Math.log10(s + 1) / Math.log10(end + 1) : (s) => s / end;
  const back = logX ? (part) => 10 ** (part * Math.log10(end + 1)) - 1 : (part) => part * end;
  const height = logY ? (loss) => Math.log(Math.max(loss, low / 1e3) / low) / Math.log(high / low)
    : (loss) => (loss - low) / (high - low);
  return {
    left, right, top, bottom, narrow, font, lines, end, low, high, empty: !range,
    x: (s) => left + (right - left) * place(s),
    y: (loss) => bottom - height(loss) * (bottom - top),
    stepAt: (px) => back(Math.min(1, Math.max(0, (px - left) / (right - left)))),
  };
}

function baselineMarks([low, high]) {
  const marks = (view?.baselines ?? []).filter((line) => line.value >= low && line.value <= high);
  return marks.map((line) => ({ value: line.value, text: line.label + '  ' + decimal(line.value, 2) }));
}

function draw() {
  frame = 0;
  if (!size.w) return;
  area = layOut();
  canvas.dataset.high = area.high;
  pen.clearRect(0, 0, size.w, size.h);
  drawAxes();
  pen.save();
  pen.beginPath();
  pen.rect(area.left, area.top - 6, area.right - area.left + 6, area.bottom - area.top + 6);
  pen.clip();
  drawBaselines();
  for (const ghost of ghostsDrawn()) curve(ghost.evals, 2, styleOf(ghost));
  drawCurves();
  pen.restore();
  drawExits();
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
  const { values, decimals } = lossTicks(low, high, (bottom - top) / 52);
  for (const value of values) rule(left, right, Math.round(y(value)) + 0.5, ink.grid);
  if (area.empty) return;
  pen.fillStyle = ink.text;
  for (const value of values) pen.fillText(decimals === null ? rounded(value, 1) : decimal(value, decimals), left - 8, y(value));
  pen.textAlign = 'left';
  pen.textBaseline = 'top';
  pen.fillText(say('loss'), 0, 3);
  pen.fillText(say('step'), 0, bottom + 10);
  pen.textAlign = 'center';
  const from = pen.measureText(say('step')).width + 6;
  for (const step of stepTicks(end, right - left)) {
    const words = exact(step), half = pen.measureText(words).width / 2;
    pen.fillText(words, Math.max(from + half, Math.min(x(step), size.w - half)), bottom + 10);
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

function drawCurves() {
  if (!view) return;
  const { points, evals } = view;
  curve(thin(points), 1, { colour: ink.train, width: 1, alpha: evals.length > 1 ? 0.38 : 0.75 });
  curve(evals, 1, { colour: ink.train, width: 2 });
  curve(evals, 2, { colour: ink.val, width: 2.5, dash: [7, 5] });
  dots(evals, 1, ink.train, evals.length > 1 ? 2 : 3);
  dots(evals, 2, ink.val, 3.5);
}

/** Push labels apart up and down until none touches the next and none leaves the plot. */
function spread(labels, gap) {
  labels.sort((a, b) => a.y - b.y);
  labels.forEach((label, i) => { label.at = Math.max(label.y, i ? labels[i - 1].at + gap : area.top + 2); });
  for (let i = labels.length - 1, limit = area.bottom - 2; i >= 0; i -= 1, limit = labels[i + 1].at - gap) {
    labels[i].at = Math.min(labels[i].at, limit);
  }
}

/** Find each label a place above or below the end of its line, off the curves and off the other labels. */
function tuck(labels, right) {
  let above = -Infinity; // where the label before stands: the order of the labels is that of their lines
  for (const label of labels.sort((a, b) => a.y - b.y)) {
    const [top, bottom] = curveBand(right - pen.measureText(label.text).width);
    const fits = (y) => y - above >= 13 && area.bottom - 6 >= y;
    const clear = (y) => Math.max(top - y, y - bottom) >= 7;
    const places = [-8, 9, -15, 16, -22, 23, 30].map((offset) => label.y + offset).filter(fits);
    label.y = places.find(clear) ?? places[0] ?? above + 13;
    above = label.y;
  }
  spread(labels, 13);
}

/** Between which heights the curves run from a column of the plot to its right edge. */
function curveBand(from) {
  const heights = (rows, column) => rows.filter((row) => finite(row[column]) && area.x(row[0]) >= from)
    .map((row) => area.y(row[column]));
  const { points = [], evals = [] } = view ?? {};
  const all = [...heights(thin(points), 1), ...heights(evals, 1), ...heights(evals, 2)];
  return all.length ? [Math.min(...all), Math.max(...all)] : [Infinity, -Infinity];
}

function drawLabels() {
  const { narrow, right, lines, y } = area;
  const labels = lines.map((line) => ({ text: line.text, y: y(line.value) }));
  pen.font = area.font;
  if (narrow) tuck(labels, right);
  else spread(labels, 16);
  pen.textBaseline = 'middle';
  pen.textAlign = narrow ? 'right' : 'left';
  for (const label of labels) {
    if (!narrow) leader(right, label.y, label.at);
    write(label.text, narrow ? right - 2 : right + 12, label.at, ink.text);
  }
  if (!narrow) labelGhosts();
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
