/* The way to the weights: the query's row as real numbers, from scores over the mask to the softmax. Follows the view
 * through attention_link.js, which stands before it. The floats come on demand: opened, it triggers 'ask'. */
const WORDS = {
  title: 'The way to the weights: scores, mask, softmax',
  about: '{of}: the row of the query {query}, layer {layer}, head {head}. Point at another token above to see its row.',
  mean: 'A mean of heads has no scores of its own: choose a single head.', waiting: 'Computing ...',
  nothing: 'Choose a text and a head first.',
  scores: 'score', scores_how: 'q \u00b7 k / \u221ahead_size', masked: 'after the mask',
  masked_how: 'later tokens: \u2212\u221e',
  softmax: 'after softmax', softmax_how: 'e^score / sum', sum: 'sum', key: 'key',
  why: 'Each visible score becomes e^score; all of them together are {total}. Divided by that, they sum to 1. '
    + 'e^(\u2212\u221e) is 0, so nothing is left for later tokens.',
  one: 'key {key}: e^{score} / {total} = {weight}', one_masked: 'key {key}: e^(\u2212\u221e) / {total} = 0',
};
const folder = at('details'), table = at('table');
let shown = shownBy[channel()] ?? null; // what the view shows
let answer = null; // the value, unpacked: { tokens, layer, head, scores }
let rowShown = null;

function question() {
  if (!shown || shown.key === null || shown.head === 'mean') return null;
  return { layer: shown.layer, head: shown.head, stamp: shown.stamp };
}

folder.addEventListener('toggle', () => { rowShown = null; }); // opened again, it is scrolled to its heaviest anew
const { ask, cameFor } = askOnDemand(folder, question, draw);

function onValue() {
  at('.title').textContent = say('title');
  at('.frame').setAttribute('aria-label', say('title'));
  const value = props.value;
  answer = null;
  if (value?.scores) {
    answer = { ...value, scores: new Float32Array(bytesOf(value.scores).buffer) };
  }
  draw();
  cameFor(answer?.stamp);
}

function draw() {
  const single = shown?.key !== null && shown && shown.head !== 'mean';
  const fits = single && answer && answer.layer === shown.layer && answer.head === shown.head
    && answer.stamp === shown.stamp; // else it belongs to another text or snapshot
  const ready = fits && shown.query < answer.tokens.length;
  const missing = !shown || shown.key === null ? 'nothing' : single ? 'waiting' : 'mean';
  at('.about').textContent = ready ? say('about', { query: place(answer.tokens, shown.query), ...headFacts() })
    : say(missing);
  at('.frame').hidden = at('.why').hidden = !ready;
  if (ready && folder.open) drawRow(shown.query);
}

const headFacts = () => ({ layer: shown.layer, head: shown.head, of: shown.of ?? '' });

function drawRow(query) {
  const { tokens } = answer, T = tokens.length;
  const scores = [...answer.scores.subarray(query * T, (query + 1) * T)];
  const visible = scores.slice(0, query + 1), highest = Math.max(...visible);
  const powers = visible.map((score) => Math.exp(score - highest)); // shifted, so that none overflows
  const all = powers.reduce((a, b) => a + b, 0), total = amount(all * Math.exp(highest));
  const weights = scores.map((_, key) => (key <= query ? powers[key] / all : 0));
  const rows = [
    ['scores', scores.map((score) => decimal(score, 2)), ''],
    ['masked', scores.map((score, key) => (key <= query ? decimal(score, 2) : '\u2212\u221e')), ''],
    ['softmax', weights.map((weight) => decimal(weight, 3)), decimal(weights.reduce((a, b) => a + b, 0), 3)],
  ];
  const words = (key) => (key <= query
    ? say('one', { key: place(tokens, key), score: decimal(scores[key], 2), total, weight: decimal(weights[key], 3) })
    : say('one_masked', { key: place(tokens, key), total }));
  table.replaceChildren(headRow(tokens, query), ...rows.map((row) => numberRow(row, query, weights, words)));
  const heaviest = weights.indexOf(Math.max(...weights));
  if (query !== rowShown) bringIntoView(table.querySelectorAll('th:not(.name)')[heaviest]);
  rowShown = query;
  at('.why').textContent = say('why', { total });
}

/** Scroll the frame, and only it, so that a column stands in its middle, free of the two that stick. */
function bringIntoView(column) {
  const frame = at('.frame');
  frame.scrollLeft = column.offsetLeft + column.offsetWidth / 2 - frame.clientWidth / 2;
}

const amount = (y) => (y >= 1e6 || y < 0.01 ? scientific(y, 2) : decimal(y, 2));

function headRow(tokens, query) {
  const row = make('tr');
  row.append(make('th', 'name', say('key')));
  tokens.forEach((text, key) => {
    const node = make('th', key > query ? 'future' : key === query ? 'query' : '', brief(text));
    node.translate = false;
    node.append(make('sub', '', String(key)));
    node.title = place(tokens, key);
    row.append(node);
  });
  row.append(make('th', 'sum', say('sum')));
  return row;
}

function numberRow([kind, numbers, sum], query, weights, words) {
  const row = make('tr', kind), name = make('th', 'name', say(kind));
  name.append(make('small', '', say(kind + '_how')));
  row.append(name);
  numbers.forEach((number, key) => {
    const node = make('td', key > query ? 'future' : '', number);
    if (kind === 'softmax' && key <= query) {
      const colour = shade(weights[key]);
      node.style.backgroundColor = css(colour);
      node.style.color = inkOn(colour);
    }
    node.title = words(key);
    row.append(node);
  });
  row.append(make('td', 'sum', sum));
  return row;
}

table.addEventListener('pointerover', (event) => {
  const node = event.target.closest('td[title]');
  if (node) at('.why').textContent = node.title;
});
table.addEventListener('pointerleave', () => draw());
hear(SHOWN, (state) => {
  shown = state;
  ask();
  draw();
});
onTheme(() => { readScale(); draw(); });
readScale();
watch('value', onValue);
onValue();
