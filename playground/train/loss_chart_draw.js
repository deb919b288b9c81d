/* How the loss chart is drawn: axes, curves and labels. Shares one scope with loss_chart.js, which holds the state (view,
 * chosen, zoom, pointed, area); this file only reads it. */
const FAINT = 0.25; // of the line under its means
const DOT = 7; // pixels that a dot takes

function readInk() {
  const style = getComputedStyle(at('.loss-chart'));
  const of = (name) => style.getPropertyValue(name).trim();
  ink = {
    train: of('--train'), val: of('--val'), grid: of('--grid'), text: of('--quiet'), strong: of('--loud'),
    ground: of('--ground'), ghosts: Array.from({ length: COLOURS }, (_, i) => of('--ghost-' + i)), line: of('--rule'), font: style.fontFamily,
  };
}

function layOut() {
  const whole = wholeRange(), [from, to] = zoom ?? whole;
  const range = lossRange(from, to) ?? lossRange(...whole);
  const narrow = size.w < NARROW;
  const font = (narrow ? '11px ' : '12px ') + ink.font;
  pen.font = font;
  const lines = range ? baselineMarks(range) : [];
  const widest = Math.max(0, ...lines.map((line) => pen.measureText(line.text).width));
  const gutter = narrow || !widest ? 14 : widest + 18;
  const left = narrow ? 36 : 40, right = size.w - gutter, top = 24, bottom = size.h - 30;
  const first = firstPlace(), [low, high] = range ?? [chosen.logY ? 0.5 : 0, 5];
  const stretched = chosen.logX ? (x) => Math.log10(x + first) : (x) => x;
  const back = chosen.logX ? (place) => 10 ** place - first : (place) => place;
  const start = stretched(from), span = stretched(to) - start;
  const height = chosen.logY ? (loss) => Math.log(Math.max(loss, low / 1e3) / low) / Math.log(high / low)
    : (loss) => (loss - low) / (high - low);
  return {
    left, right, top, bottom, narrow, font, lines, from, to, whole, first, low, high, empty: !range,
    x: (place) => left + (right - left) * (stretched(place) - start) / span,
    y: (loss) => bottom - height(loss) * (bottom - top),
    along: (px) => start + span * (px - left) / (right - left), // as the axis is drawn: its logarithm, where it is one
    anyPlaceAt: (px) => Math.max(0, back(start + span * (px - left) / (right - left))),
    placeAt: (px) => back(start + span * clamp((px - left) / (right - left), 0, 1)),
    back,
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
  Object.assign(canvas.dataset, { high: area.high, x: chosen.x, from: area.from, to: area.to });
  pen.clearRect(0, 0, size.w, size.h);
  drawAxes();
  pen.save();
  pen.beginPath();
  pen.rect(area.left, area.top - 6, area.right - area.left + 6, area.bottom - area.top + 6);
  pen.clip();
  drawBaselines();
  for (const ghost of ghostsDrawn()) drawCurve(ghost, 'evals', 2, styleOf(ghost));
  drawCurves();
  pen.restore();
  drawExits();
  if (!area.empty) drawLabels();
  drawCross();
  drawBand();
}

function drawAxes() {
  const { left, right, top, bottom, x, y, low, high } = area;
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
  const unit = say('axis_' + chosen.x), from = pen.measureText(unit).width + 6;
  pen.fillText(unit, 0, bottom + 10);
  pen.textAlign = 'center';
  let free = from; // from where on nothing is written yet
  for (const [place, words] of placeTicks(area, right - left)) {
    const half = pen.measureText(words).width / 2, middle = Math.max(from + half, Math.min(x(place), size.w - half));
    if (middle - half < free) continue;
    pen.fillText(words, middle, bottom + 10);
    free = middle + half + 6;
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

/** A curve through points; a loss that is no number breaks it. */
function curve(points, style) {
  pen.strokeStyle = style.colour;
  pen.lineWidth = style.width;
  pen.globalAlpha = style.alpha ?? 1;
  pen.setLineDash(style.dash ?? []);
  pen.lineJoin = pen.lineCap = 'round';
  pen.beginPath();
  let down = false;
  for (const [x, loss] of points) {
    if (!finite(loss)) { down = false; continue; }
    pen[down ? 'lineTo' : 'moveTo'](area.x(x), area.y(loss));
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

function dots(points, colour, radius) {
  for (const [x, loss] of points) {
    if (!finite(loss)) continue;
    pen.beginPath();
    pen.arc(area.x(x), area.y(loss), radius, 0, 7);
    pen.fillStyle = colour;
    pen.fill();
    pen.setLineDash([]);
    pen.lineWidth = 1.5;
    pen.strokeStyle = ink.ground;
    pen.stroke();
  }
}

/** The curve that is drawn of a loss: as it is, or its means. Estimates that are told apart by their dots stay as they
 * are: a mean of so few would leave its dots. */
function drawn(source, kind, column) {
  const raw = trace(source, kind, column);
  return kind === 'evals' && !isDense(raw) ? raw : trace(source, kind, column, chosen.smooth);
}

/** Whether dots on a curve would touch each other, and hide it. */
function isDense(points) {
  return points.filter(([x]) => x >= area.from && x <= area.to).length * DOT > area.right - area.left;
}

/** One curve of a run; where means are drawn, they stand over the line of which they are the means. */
function drawCurve(source, kind, column, style) {
  const raw = trace(source, kind, column), points = drawn(source, kind, column);
  if (points !== raw) curve(thin(raw), { ...style, width: 1, alpha: FAINT });
  curve(thin(points), style);
}

function drawCurves() {
  if (!view) return;
  const [, train, val] = ownTraces(), several = train.length > 1, smooth = chosen.smooth > 1;
  drawCurve(view, 'points', 1, { colour: ink.train, width: smooth ? 1.5 : 1, alpha: smooth ? 1 : several ? 0.38 : 0.75 });
  drawCurve(view, 'evals', 1, { colour: ink.train, width: 2 });
  drawCurve(view, 'evals', 2, { colour: ink.val, width: 2.5, dash: [7, 5] });
  if (isDense(val)) return;
  dots(train, ink.train, several ? 2 : 3);
  dots(val, ink.val, 3.5);
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
    const bands = curveBands(right - pen.measureText(label.text).width);
    const fits = (y) => y - above >= 13 && area.bottom - 6 >= y;
    const clear = (y) => bands.every(([top, bottom]) => Math.max(top - y, y - bottom) >= 7);
    const places = [-8, 9, -15, 16, -22, 23, 30].map((offset) => label.y + offset).filter(fits);
    label.y = places.find(clear) ?? places[0] ?? above + 13;
    above = label.y;
  }
  spread(labels, 13);
}

/** Between which heights the run's curves, and each other run's, go from a column of the plot to its right edge. */
function curveBands(from) {
  const heights = (points) => thin(points).filter(([x, loss]) => finite(loss) && area.x(x) >= from && x <= area.to)
    .map(([, loss]) => area.y(loss));
  const all = [ownTraces().flatMap(heights), ...ghostsDrawn().map((ghost) => heights(trace(ghost, 'evals', 2)))];
  return all.filter((each) => each.length).map((each) => [Math.min(...each), Math.max(...each)]);
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
