/* How one head's scores grew over training: a small line a score, over log steps. Follows the view through
 * attention_link.js, which stands before it; a click on a step asks the header's slider for that snapshot. */
const WORDS = {
  title: 'How it came to be: layer {layer}, head {head}, step {step}', title_none: 'How the heads came to be',
  mean: 'Scores are measured head by head: choose a head.', empty: 'Needs a run with several snapshots.',
  hint: 'Each line is one score, from 0 to 1, over training, from step {first} to {last} (logarithmic). '
    + 'A click shows that snapshot.',
  of: '{of}, on fixed texts of the validation part.', aria: 'Scores over training: walk through the steps with the arrow keys', at_step: 'step {step}',
  previous: 'previous token', first: 'first token', same: 'same token', self: 'itself', induction: 'induction',
};
// One string: Gradio offers every word in quotes as an attribute, and asks for one that is called like its own self.
const NAMES = 'previous first same self induction'.split(' '); // in this order; one that is new stands after them
const HIGH = 74, EDGE = 5; // a chart's height and the room at its edges, in pixels
const lines = at('.lines');
let data = null; // the value: { steps, scores: { name: [step][layer][head] } }
let shown = shownBy[channel()] ?? null, pointed = null, width = 0;

function onValue() {
  data = props.value?.data ? JSON.parse(props.value.data) : null;
  if (data && data.steps.length < 2) data = null;
  lines.setAttribute('aria-label', say('aria'));
  if (data) at('.hint').textContent = say('hint', { first: data.steps[0], last: data.steps.at(-1) });
  draw();
}

const x = (index) => {
  const place = (step) => Math.log10(step + 1), last = place(data.steps.at(-1)), first = place(data.steps[0]);
  return EDGE + ((place(data.steps[index]) - first) / (last - first)) * (width - 2 * EDGE);
};
const y = (score) => HIGH - EDGE - clamp(score, 0, 1) * (HIGH - 2 * EDGE);

function draw() {
  const single = shown && shown.head !== 'mean', ready = data && single && shown.layer < layers().length;
  tell(at('.of'), ready && props.value.of ? say('of', { of: props.value.of }) : '');
  at('h2').textContent = ready ? say('title', { ...shown, step: data.steps[indexNow()] }) : say('title_none');
  at('.empty').hidden = Boolean(ready);
  at('.empty').textContent = say(data && shown && !single ? 'mean' : 'empty');
  lines.hidden = at('.hint').hidden = !ready;
  if (!ready) return;
  const names = [...new Set([...NAMES, ...Object.keys(data.scores)])].filter((name) => data.scores[name]);
  if (lines.children.length !== names.length) lines.replaceChildren(...names.map(chartNode));
  width = Math.floor(lines.firstElementChild.querySelector('svg').clientWidth);
  if (width) names.forEach((name, i) => drawChart(lines.children[i], name));
}

/** The step that is read: pointed at, or in view, or else the last. */
function indexNow() {
  const now = data.steps.indexOf(shown.step);
  return pointed ?? (now < 0 ? data.steps.length - 1 : now);
}

const layers = () => Object.values(data.scores)[0]?.[0] ?? [];

function chartNode() {
  const node = make('figure', 'chart'), head = make('figcaption', '');
  head.append(make('span', 'name'), make('b', 'value'));
  const drawing = makeSvg('svg', { height: HIGH, 'aria-hidden': 'true' });
  for (const kind of ['ground', 'now', 'curve', 'cross', 'dot']) {
    drawing.append(makeSvg({ ground: 'path', curve: 'path', dot: 'circle' }[kind] ?? 'line', { class: kind }));
  }
  node.append(head, drawing);
  return node;
}

function drawChart(node, name) {
  const scores = data.scores[name].map((layer) => layer[shown.layer]?.[shown.head]);
  const now = data.steps.indexOf(shown.step), index = indexNow();
  const set = (selector, attributes) => {
    for (const [key, value] of Object.entries(attributes)) node.querySelector(selector).setAttribute(key, value);
  };
  let path = '', down = false;
  scores.forEach((score, i) => {
    if (finite(score)) path += (down ? 'L' : 'M') + x(i).toFixed(1) + ' ' + y(score).toFixed(1);
    down = finite(score);
  });
  set('.ground', { d: [0, 1].map((score) => 'M0 ' + y(score) + 'H' + width).join('') });
  set('.curve', { d: path });
  set('.now', { x1: x(Math.max(0, now)), x2: x(Math.max(0, now)), y1: 0, y2: now < 0 ? 0 : HIGH });
  set('.cross', { x1: x(index), x2: x(index), y1: 0, y2: pointed === null ? 0 : HIGH });
  set('.dot', { cx: x(index), cy: y(scores[index] ?? 0), r: finite(scores[index]) ? 3.5 : 0 });
  node.querySelector('.name').textContent = say(name) || name;
  node.querySelector('.value').textContent = decimal(scores[index], 2);
}

function point(index) {
  pointed = index;
  draw();
}

function indexUnder(event) {
  const drawing = event.target.closest('.chart')?.querySelector('svg');
  if (!drawing || !data) return null;
  const [px] = pointIn(event, drawing);
  const away = data.steps.map((_, i) => Math.abs(x(i) - px));
  return away.indexOf(Math.min(...away));
}

function goTo(index) {
  if (index !== null) document.dispatchEvent(new CustomEvent('playground-moment-go', { detail: { step: data.steps[index] } }));
}

lines.addEventListener('pointermove', (event) => point(indexUnder(event)));
lines.addEventListener('pointerleave', () => point(null));
lines.addEventListener('click', (event) => goTo(indexUnder(event)));
lines.addEventListener('blur', () => point(null));
lines.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') return point(null);
  if (event.key === 'Enter') return goTo(pointed);
  const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
  if (!move || !data) return;
  event.preventDefault();
  point(clamp(indexNow() + move, 0, data.steps.length - 1));
  const values = [...lines.children].map((node) => [...node.querySelectorAll('.name, .value')]
    .map((part) => part.textContent).join(' '));
  at('.spoken').textContent = say('at_step', { step: data.steps[pointed] }) + ': ' + values.join(', ');
});
hear(SHOWN, (state) => {
  if (state.key === null) return; // nothing is shown just now: the server says what belongs here
  const changed = !shown || ['layer', 'head', 'step'].some((key) => shown[key] !== state[key]);
  shown = state;
  if (changed) draw();
});
new ResizeObserver(() => data && lines.clientWidth && draw()).observe(at('.attention-lines'));
watch('value', onValue);
onValue();
