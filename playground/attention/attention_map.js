/* A map of one number a head: how much the loss rises when the head is silenced. Follows the view through
 * attention_link.js, which stands before it; a click chooses the head there, and triggers 'pick'. */
const WORDS = {
  title: 'Does this head matter?', layer: 'layer', column: 'head {head}', empty: 'Not measured yet.',
  cell: 'Layer {layer}, head {head}: {value} nats', cell_null: 'Layer {layer}, head {head}: not measured yet',
  count: '{done} of {all} {all:head|heads} measured', low: 'no harm', high: '{value} nats',
};
const grid = at('.map');
let values = [], marked = shownBy[channel()] ?? null;

const signed = (y, digits) => (y < 0 ? '' : '+') + decimal(y, digits);

function onValue() {
  values = props.value?.values ?? [];
  const all = values.flat(), done = all.filter(finite), most = Math.max(...done, 0);
  at('h4').textContent = props.value?.title ?? say('title');
  at('.count').hidden = !all.length || done.length === all.length;
  at('.count').textContent = say('count', { done: done.length, all: all.length });
  tell(at('.note'), props.value?.note);
  at('.empty').hidden = all.length > 0;
  at('.empty').textContent = say('empty');
  at('.scale').hidden = !done.length;
  at('.low').textContent = say('low');
  at('.high').textContent = say('high', { value: signed(most, 2) });
  if (!sameShape()) build();
  paint(most);
  mark();
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

function paint(most) {
  for (const node of grid.querySelectorAll('.cell')) {
    const { layer, head } = node.dataset, value = values[layer][head], known = finite(value);
    const part = most > 0 ? Math.max(0, value) / most : 0;
    const colour = known ? shade(part ** 2) : null; // shade() takes the root, for attention; here steps are even
    node.classList.toggle('unknown', !known);
    node.style.backgroundColor = colour ? css(colour) : '';
    node.style.color = colour ? inkOn(colour) : '';
    node.textContent = known ? signed(value, grid.dataset.dense === 'true' ? 2 : 3) : '';
    node.title = known ? say('cell', { layer, head, value: signed(value, 4) }) : say('cell_null', { layer, head });
    node.setAttribute('aria-label', node.title);
  }
}

function mark() {
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
