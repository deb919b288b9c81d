/* A map of one number a head: how much the loss rises when the head is silenced. Follows the view through
 * attention_link.js, which stands before it; a click chooses the head there, and triggers 'pick'. */
const WORDS = {
  title: 'Does this head matter?', layer: 'layer', column: 'head {head}', empty: 'Not measured yet.',
  cell: 'Layer {layer}, head {head}: {value} nats', cell_null: 'Layer {layer}, head {head}: not measured yet',
  cell_error: 'Layer {layer}, head {head}: {value} \u00b1 {error} nats (standard error)',
  cell_noise: 'Layer {layer}, head {head}: {value} \u00b1 {error} nats, less than two standard errors: it may be chance',
  count: '{done} of {all} {all:head|heads} measured', fall: 'the loss falls without it: {value}',
  rise: 'the loss rises without it: {value} nats', noise: 'within the noise',
  another: 'These numbers are of {of}, not of what is looked at above.',
};
const NOISE = 2; // standard errors
const grid = at('.map');
let values = [], errors = null, marked = shownBy[channel()] ?? null;

const signed = (y, digits) => (y < 0 ? '' : '+') + decimal(y, digits);

function onValue() {
  const value = props.value;
  values = value?.values ?? [];
  errors = value?.errors ?? null;
  const all = values.flat(), done = all.filter(finite);
  at('h2').textContent = value?.title ?? say('title');
  at('.count').hidden = !all.length || done.length === all.length;
  at('.count').textContent = say('count', { done: done.length, all: all.length });
  tell(at('.of'), value?.values ? value.of : '');
  tell(at('.note'), value?.note);
  at('.empty').hidden = all.length > 0;
  at('.empty').textContent = say('empty');
  if (!sameShape()) build();
  paint(done);
  mark();
}

/** Whether a value may be chance: smaller than twice its standard error. */
function isNoise(layer, head) {
  const error = errors?.[layer]?.[head];
  return finite(error) && Math.abs(values[layer][head]) < NOISE * error;
}

function legend(done) {
  const most = Math.max(...done, 0), least = Math.min(...done, 0);
  at('.key-rise').hidden = most <= 0;
  at('.rise').textContent = say('rise', { value: signed(most, 2) });
  at('.key-fall').hidden = least >= 0;
  at('.fall').textContent = say('fall', { value: signed(least, 2) });
  at('.key-noise').hidden = !values.some((row, layer) => row.some((_, head) => isNoise(layer, head)));
  at('.noise').textContent = say('noise');
  return Math.max(most, -least);
}

const sameShape = () => grid.dataset.shape === values.length + 'x' + (values[0]?.length ?? 0);

function build() {
  const heads = values[0]?.length ?? 0;
  grid.dataset.shape = values.length + 'x' + heads;
  grid.dataset.dense = String(heads > 8);
  grid.style.setProperty('--heads', heads);
  const nodes = heads ? [make('span', 'corner', say('layer'))] : [];
  for (let head = 0; head < heads; head += 1) {
    nodes.push(make('span', 'column', heads > 8 ? String(head) : say('column', { head })));
  }
  values.forEach((row, layer) => {
    nodes.push(make('span', 'row-name', String(layer)));
    row.forEach((_, head) => {
      const node = make('button', 'cell');
      node.type = 'button';
      node.tabIndex = layer + head ? -1 : 0;
      Object.assign(node.dataset, { layer, head });
      nodes.push(node);
    });
  });
  grid.replaceChildren(...nodes);
}

function paint(done) {
  const largest = legend(done), dense = grid.dataset.dense === 'true', ground = colourOf('--none'), falls = colourOf('--fall');
  for (const node of grid.querySelectorAll('.cell')) {
    const { layer, head } = node.dataset, value = values[layer][head], error = errors?.[layer]?.[head];
    const known = finite(value), noise = known && isNoise(layer, head);
    const part = largest > 0 && known ? Math.abs(value) / largest : 0;
    const fallen = ground.map((low, i) => Math.round(low + (falls[i] - low) * part));
    const colour = !known || noise ? null : value < 0 ? fallen : shade(part ** 2); // shade() takes the root, for attention
    node.classList.toggle('unknown', !known);
    node.classList.toggle('within', noise);
    node.style.backgroundColor = colour ? css(colour) : '';
    node.style.color = colour ? inkOn(colour) : '';
    node.replaceChildren(known ? signed(value, dense ? 2 : 3) : '');
    if (known && finite(error)) node.append(make('small', '', '\u00b1\u00a0' + decimal(error, 3)));
    const key = !known ? 'cell_null' : !finite(error) ? 'cell' : noise ? 'cell_noise' : 'cell_error';
    node.title = say(key, { layer, head, value: signed(value, 4), error: decimal(error, 4) });
    node.setAttribute('aria-label', node.title);
  }
}

function mark() {
  const { key, of } = props.value ?? {}, stale = Boolean(values.length && marked && key !== undefined && key !== marked.key);
  at('.head-map').classList.toggle('stale', stale);
  tell(at('.another'), stale ? say('another', { of: of ?? '' }) : '');
  for (const node of grid.querySelectorAll('.cell')) {
    const here = Number(node.dataset.layer) === marked?.layer && Number(node.dataset.head) === marked?.head;
    node.setAttribute('aria-pressed', String(here));
  }
}

grid.addEventListener('click', (event) => {
  const node = event.target.closest('.cell');
  if (!node) return;
  const head = { layer: Number(node.dataset.layer), head: Number(node.dataset.head) };
  pick(head);
  trigger('pick', head);
});
grid.addEventListener('keydown', (event) => {
  const all = [...grid.querySelectorAll('.cell')], here = all.indexOf(event.target), row = values[0]?.length ?? 0;
  const to = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row }[event.key];
  if (to === undefined || !all[here + to]) return;
  event.preventDefault();
  all[here].tabIndex = -1;
  all[here + to].tabIndex = 0;
  all[here + to].focus();
});
hear(SHOWN, (state) => {
  marked = state;
  mark();
});
onTheme(() => { readScale(); onValue(); });
readScale();
watch('value', onValue);
onValue();
