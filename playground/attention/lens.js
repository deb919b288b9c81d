/* The lens: what the model would say after each of its layers. Follows the view through attention_link.js, which stands
 * before it. It is computed on demand: opened, it triggers 'ask'; a cell shows its ten without the server. */
const WORDS = {
  title: 'The lens: what would it say after each layer?',
  about: 'Each layer adds to the residual stream. Here it is read after every layer as if it were the last one: each cell '
    + 'shows the likeliest next token. Look for the row in which the prediction settles. Only the last row is what '
    + 'the model says; nothing trained the others to be read this way.',
  nothing: 'Choose a text first.', waiting: 'Computing ...',
  start: 'embedding', layer: 'after layer {layer}', corner: 'token',
  grid: 'Predictions by layer and token: walk with the arrow keys',
  cell: '{depth}, {place}: {word} {share}',
  cell_came: '{depth}, {place}: {word} {share}, and this token follows in the text',
  key_prob: 'probability of the likeliest (colour by its square root)', key_came: 'follows in the text',
  ten: '{depth}, {place}: the likeliest next tokens', came: 'This token really comes next',
};
const folder = at('details'), grid = at('.grid');
let shown = shownBy[channel()] ?? null, answer = null, chosen = null;

const { ask, cameFor } = askOnDemand(folder, () => (shown && shown.key !== null ? { stamp: shown.stamp } : null), draw);

function onValue() {
  const value = props.value;
  at('.title').textContent = say('title');
  at('.about').textContent = say('about');
  at('.key-prob').textContent = say('key_prob');
  at('.key-came').textContent = say('key_came');
  grid.setAttribute('aria-label', say('grid'));
  answer = null;
  if (value?.facts) {
    answer = JSON.parse(value.facts);
    answer.places = new Uint16Array(bytesOf(value.places).buffer);
    answer.probs = new Float32Array(bytesOf(value.probs).buffer);
    answer.stamp = value.stamp;
  }
  if (answer && folder.open) build();
  draw();
  cameFor(answer?.stamp);
}

const depthName = (depth) => (depth ? say('layer', { layer: depth - 1 }) : say('start'));

/** One of the likeliest tokens of a place: its words, its probability, and whether it follows in the text. */
function candidate(depth, position, rank) {
  const [, T, K] = answer.shape, i = (depth * T + position) * K + rank, place = answer.places[i];
  return { word: answer.words[place], part: answer.probs[i], came: answer.ids[place] === answer.came[position + 1] };
}

function build() {
  const [depths, T] = answer.shape, nodes = [make('span', 'corner', say('corner'))];
  grid.style.setProperty('--tokens', T);
  answer.tokens.forEach((text, position) => {
    const node = make('span', 'column', brief(text, 5));
    node.append(make('sub', '', String(position)));
    node.title = place(answer.tokens, position);
    nodes.push(node);
  });
  for (let depth = 0; depth < depths; depth += 1) {
    nodes.push(make('span', 'row-name', depthName(depth)));
    for (let position = 0; position < T; position += 1) nodes.push(cellNode(depth, position));
  }
  if (!chosen || chosen.depth >= depths || chosen.position >= T) {
    chosen = { depth: depths - 1, position: Math.min(shown?.query ?? T - 1, T - 1) };
  }
  grid.replaceChildren(...nodes);
}

function cellNode(depth, position) {
  const { word, part, came } = candidate(depth, position, 0), node = make('button', 'cell', brief(word, 5));
  node.type = 'button';
  node.tabIndex = -1;
  Object.assign(node.dataset, { depth, position });
  node.classList.toggle('came', came);
  const facts = { depth: depthName(depth), place: place(answer.tokens, position), word: named(word), share: percent(part) };
  node.title = say(came ? 'cell_came' : 'cell', facts);
  node.setAttribute('aria-label', node.title);
  return node;
}

function paint() {
  for (const node of grid.querySelectorAll('.cell')) {
    const depth = Number(node.dataset.depth), position = Number(node.dataset.position);
    const colour = shade(candidate(depth, position, 0).part), here = depth === chosen.depth && position === chosen.position;
    node.style.backgroundColor = css(colour);
    node.style.color = inkOn(colour);
    node.tabIndex = here ? 0 : -1;
    node.setAttribute('aria-pressed', String(here));
  }
}

function draw() {
  const fits = answer && shown && answer.stamp === shown.stamp; // else it belongs to another text or snapshot
  tell(at('.said'), fits ? '' : say(!shown || shown.key === null ? 'nothing' : 'waiting'));
  for (const part of ['.frame', '.legend', '.ten']) at(part).hidden = !answer || !shown || shown.key === null;
  at('.lens').classList.toggle('stale', Boolean(answer && !fits));
  if (!answer || !folder.open) return;
  if (!grid.children.length) build();
  paint();
  drawTen();
}

function drawTen() {
  const { depth, position } = chosen, rows = [];
  at('.ten h3').textContent = say('ten', { depth: depthName(depth), place: place(answer.tokens, position) });
  for (let rank = 0; rank < answer.shape[2]; rank += 1) {
    const { word, part, came } = candidate(depth, position, rank), row = make('li', 'bar-row'), track = make('span', 'track');
    const bar = make('i', 'bar');
    bar.style.width = 100 * clamp(part, 0, 1) + '%';
    track.append(bar);
    row.append(make('b', 'text', named(word)), track, make('span', 'number', percent(part)));
    row.classList.toggle('came', came);
    if (came) row.title = say('came');
    rows.push(row);
  }
  at('.ten ol').replaceChildren(...rows);
}

function choose(node) {
  chosen = { depth: Number(node.dataset.depth), position: Number(node.dataset.position) };
  paint();
  drawTen();
}

grid.addEventListener('click', (event) => {
  const node = event.target.closest('.cell');
  if (node) choose(node);
});
grid.addEventListener('keydown', (event) => {
  const all = [...grid.querySelectorAll('.cell')], here = all.indexOf(event.target), row = answer?.shape[1] ?? 0;
  const to = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row }[event.key];
  if (here < 0 || to === undefined || !all[here + to]) return;
  event.preventDefault();
  choose(all[here + to]);
  all[here + to].focus();
});
hear(SHOWN, (state) => {
  const another = !shown || state.stamp !== shown.stamp;
  shown = state;
  if (!another) return; // the lens knows no heads
  ask();
  draw();
});
onTheme(() => { readScale(); draw(); });
readScale();
watch('value', onValue);
onValue();
