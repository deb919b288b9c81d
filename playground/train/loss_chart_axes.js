/* What the axes of the loss chart count, and from where to where: steps, tokens or seconds against the loss; curves as
 * points of the two, raw or as means of the steps around. Shares one scope with the other loss_chart files, of which it
 * is the first; loss_chart.js holds the state (view, zoom, area). */

const { at, say, follow, make, makeSvg, put, exact, decimal, rounded, short, tell, clock, finite, clamp, onTheme, pointIn } = playground.widget(element, props, () => WORDS);
const digits = (value) => decimal(value, 3);
const UNITS = ['steps', 'tokens', 'seconds'];
const WINDOWS = [1, 5, 11, 21, 51, 101, 201, 501, 1001, 2001, 5001]; // steps that a mean is over; the first one: itself
const BEYOND_GUESS = 1.25; // the axis ends at so many times the loss of a uniform guess: what explodes leaves the chart
const TAKES_ALL_BELOW = 2.5; // a baseline this many times above the data would flatten it: not drawn
const NARROW = 560; // below this width the labels of the lines stand inside the plot
const TIMES = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400]; // seconds between ticks
// A row of the feed: step, its losses, the seconds of training; behind them, the means of the losses of those it stands for.
const SECONDS_IN = { points: 2, evals: 3 };

// --- curves as points of the two axes -------------------------------------------------------------------

const MOST_TRACES = 8; // of the same rows that are held: who moves the slider sees many
const traces = new WeakMap(); // rows -> what was asked for -> points

/** One loss of a run's rows as points [x, loss, step]; a row whose seconds nobody wrote down has no place on that axis. */
function trace(source, kind, column, window = 1) {
  const rows = source?.[kind];
  if (!rows?.length) return [];
  const key = [chosen.x, column, window, source.tokens_per_step].join();
  if (!(traces.get(rows)?.size < MOST_TRACES)) traces.set(rows, new Map());
  const known = traces.get(rows);
  if (!known.has(key)) known.set(key, traced(source, kind, column, window));
  return known.get(key);
}

function traced(source, kind, column, window) {
  const rows = source[kind], losses = window > 1 ? meansAround(rows, kind, column, window) : null;
  const xOf = {
    steps: (row) => row[0], tokens: (row) => row[0] * source.tokens_per_step, seconds: (row) => row[SECONDS_IN[kind]],
  }[chosen.x];
  return rows.map((row, i) => [xOf(row), losses ? losses[i] : row[column], row[0]]).filter(([x]) => finite(x));
}

/** The mean loss of the `window` steps around each row; towards both ends of fewer, as many on either side, so that the
 * curve begins and ends where the loss does, and lags behind it nowhere. */
function meansAround(rows, kind, column, window) {
  const width = SECONDS_IN[kind] + 1, known = [];
  rows.forEach((row, i) => {
    const loss = row.length > width ? row[width + column - 1] : row[column];
    if (finite(loss)) known.push([row[0], loss, i]);
  });
  const last = known.length - 1, stepAt = (i) => known[clamp(i, 0, last)][0], means = rows.map(() => null);
  const weights = [0], sums = [0]; // up to a row; one that stands for many steps weighs as many
  known.forEach(([, loss], i) => {
    const weight = (stepAt(i + 1) - stepAt(i - 1)) / (i === 0 || i === last ? 1 : 2) || 1;
    weights.push(weights[i] + weight);
    sums.push(sums[i] + weight * loss);
  });
  let from = 0, to = 0;
  known.forEach(([step, , row], i) => {
    const reach = Math.min((window - 1) / 2, step - stepAt(0), stepAt(last) - step);
    while (step - stepAt(from) > reach) from += 1;
    while (from > 0 && step - stepAt(from - 1) <= reach) from -= 1;
    to = Math.max(to, i);
    while (to < last && stepAt(to + 1) - step <= reach) to += 1;
    while (stepAt(to) - step > reach) to -= 1;
    means[row] = (sums[to + 1] - sums[from]) / (weights[to + 1] - weights[from]);
  });
  return means;
}

/** The point of a trace that is nearest to a place on the axis. */
function nearest(points, x) {
  if (!points.length) return null;
  let low = 0, high = points.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle][0] < x) low = middle;
    else high = middle;
  }
  return x - points[low][0] <= points[high][0] - x ? points[low] : points[high];
}

// --- ranges ---------------------------------------------------------------------------------------------

const ends = (points) => (points.length ? points[points.length - 1][0] : 0);
const ownTraces = () => [trace(view, 'points', 1), trace(view, 'evals', 1), trace(view, 'evals', 2)];

/** The end of the x axis: grows in a few strides, so that the curve does not shrink at every step. Another run makes it
 * longer only where somebody chose it. */
function wholeRange() {
  const planned = { steps: view?.steps ?? 0, tokens: (view?.steps ?? 0) * (view?.tokens_per_step ?? 0), seconds: 0 }[chosen.x];
  const others = ghostsDrawn(), longest = (some) => Math.max(0, ...some.map((ghost) => ends(trace(ghost, 'evals', 2))));
  const own = Math.max(...ownTraces().map(ends), chosen.x === 'seconds' ? 0 : (view?.step ?? 0) * (planned / (view?.steps || 1)));
  if (!own) return [0, Math.max(chosen.x === 'seconds' ? 1 : 10, planned, longest(others))];
  const asked = longest(others.filter((ghost) => ghost.chosen));
  if (!['running', 'queued'].includes(view.state)) return [0, Math.max(own, asked)];
  const goal = planned > own ? planned : Infinity;
  for (let ten = chosen.x === 'seconds' ? 1 : 10; ; ten *= 10) {
    for (const part of [1, 1.5, 2, 3, 5, 7]) if (ten * part >= own * 1.02) return [0, Math.max(asked, Math.min(goal, ten * part))];
  }
}

/** The first place after nothing, from which a logarithmic axis begins. */
function firstPlace() {
  if (chosen.x === 'steps') return 1;
  if (chosen.x === 'tokens') return view?.tokens_per_step || 1;
  const seconds = ownTraces().map((points) => points.find(([x]) => x > 0)?.[0]).filter(finite);
  return seconds.length ? Math.min(...seconds) : 1;
}

/** The batches' lowest and highest loss between two places, but for a few spikes; sorted once for each of them. */
function bulkOf(points, from, to) {
  if (ranked.of === points && ranked.from === from && ranked.to === to) return ranked.ends;
  const batches = points.filter(([x, loss]) => x >= from && x <= to && finite(loss)).map(([, loss]) => loss).sort((a, b) => a - b);
  const rank = (part) => batches[Math.round((batches.length - 1) * part)];
  ranked = { of: points, from, to, ends: batches.length ? [rank(0.002), rank(batches.length < 200 ? 1 : 0.995)] : [] };
  return ranked.ends;
}
let ranked = {};

/** What the loss axis has to hold: every evaluation and the bulk of the single batches, but for an explosion. */
function lossRange(from, to) {
  const [batches, ...evals] = [...ownTraces(), ...ghostsDrawn().map((ghost) => trace(ghost, 'evals', 2))];
  const seen = (points) => points.filter(([x, loss]) => x >= from && x <= to && finite(loss)).map(([, loss]) => loss);
  const must = [...evals.flatMap(seen), ...bulkOf(batches, from, to)];
  if (!must.length) return null;
  let low = Infinity, high = -Infinity;
  for (const loss of must) { low = Math.min(low, loss); high = Math.max(high, loss); }
  if (view?.vocab_size > 1) high = Math.min(high, Math.max(BEYOND_GUESS * Math.log(view.vocab_size), BEYOND_GUESS * low));
  if (!zoom) {
    const marks = (view?.baselines ?? []).map((line) => line.value).filter((y) => y <= high * TAKES_ALL_BELOW);
    low = Math.min(low, ...marks);
    high = Math.max(high, ...marks);
  }
  if (chosen.logY) return [Math.max(low, 1e-6) / (zoom ? 1.02 : 1.15), high * (zoom ? 1.02 : 1.06)];
  const room = Math.max(high - low, zoom ? 0.005 : 0.2) * 0.06;
  const below = size.w < NARROW && !zoom ? 2.5 * room : room; // there the lowest label has to fit under its line
  return [Math.max(0, low - below), high + room];
}

// --- round values ---------------------------------------------------------------------------------------

/** Round values about `count` to a range, and how many decimals they need. */
function ticks(low, high, count, strides = null) {
  const rough = (high - low) / Math.max(1, count);
  const ten = 10 ** Math.floor(Math.log10(rough));
  const stride = strides?.find((each) => each >= rough) ?? ten * [1, 2, 5, 10].find((part) => part * ten >= rough);
  const first = Math.ceil(low / stride - 1e-9), last = Math.floor(high / stride + 1e-9);
  const values = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * stride);
  return { values, decimals: Math.max(0, -Math.floor(Math.log10(stride) + 1e-9)) };
}

/** The loss axis' round values: by powers of ten where it is logarithmic and holds several of them. */
function lossTicks(low, high, count) {
  if (!chosen.logY) return ticks(low, high, count);
  const values = [];
  for (let ten = 10 ** Math.floor(Math.log10(low)); ten <= high; ten *= 10) {
    values.push(...[1, 2, 5].map((part) => part * ten).filter((value) => value >= low && value <= high));
  }
  if (values.length < 4) return ticks(low, high, count);
  return { values, decimals: null };
}

/** The x axis' round values, each with its words. */
function placeTicks({ from, to, first }, width) {
  const count = Math.max(2, Math.min(8, width / 90)), isTime = chosen.x === 'seconds';
  let { values, decimals } = ticks(from, to, count, isTime && to - from > 4 ? TIMES : null);
  if (chosen.logX) {
    const tens = from === 0 ? [0] : [];
    for (let ten = 10 ** Math.ceil(Math.log10(Math.max(from, first)) - 1e-9); ten <= to; ten *= 10) tens.push(ten);
    if (tens.length > 2) { values = tens; decimals = Math.max(0, -Math.floor(Math.log10(first))); }
  }
  if (!isTime) values = values.filter(Number.isInteger);
  const words = values.map(placeWords);
  return values.map((value, i) => [value, new Set(words).size < words.length ? inFull(value, decimals) : words[i]]);
}

const inFull = (value, decimals) => (chosen.x === 'seconds' ? decimal(value, decimals) : exact(value));

/** A place on the x axis in words: 1,200; 4.9 M; 12 s or 1:05. */
function placeWords(x) {
  if (chosen.x === 'tokens') return short(x);
  if (chosen.x === 'steps') return exact(x);
  return x < 60 ? say('in_seconds', { n: rounded(x) }) : clock(x);
}
