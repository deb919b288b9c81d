/* What the header says of links: which parts of the one that was opened are not possible, and what it hides; and the
 * panel of "Copy link" (element, props, trigger, watch: Gradio's). The state itself is link.js's; Gradio's values reach
 * it, and are put, by the two events that are triggered here and end in the browser. */
const { at, make, put, tell, copyText } = playground.widget(element, props, () => ({}));
const panel = at('dialog'), field = at('.address'), more = at('details');
const link = window.playground.link, LOCAL = /^(localhost|127\..*|\[::1\])$/;
let hide = new Set(), lock = new Set(), said = null;

const words = () => props.value?.text ?? {};
const filled = (key, facts) => (words()[key] ?? '').replace(/\{(\w+)\}/g, (_, name) => facts[name]);

/** Where others find this page: a class not at this machine's own name for itself. */
function base() {
  const [elsewhere] = LOCAL.test(location.hostname) ? props.value?.bases ?? [] : [];
  return elsewhere ?? location.origin + location.pathname;
}

function address() {
  const query = link.query([...hide], [...lock]);
  return base() + (query && '?' + query);
}

function show() {
  field.value = address();
  const left = link.left().map((name) => props.value?.labels?.[name] ?? name);
  tell(at('.left'), left.length ? filled('left', { most: props.value.most, names: left.join(', ') }) : '');
  tell(at('.who'), link.state().run ? words().who : '');
}

async function copy() {
  show();
  const done = await copyText(field.value, panel); // what is outside of an open dialog cannot be selected
  put(at('.said'), words()[done ? 'copied' : 'by_hand']);
  if (!done) { field.focus(); field.select(); }
}

function open() {
  const now = link.setUp();
  hide = new Set(now.hidden);
  lock = new Set(now.locked);
  if (more.open) list();
  put(at('.said'), '');
  if (!panel.open) panel.showModal();
  copy();
}

// --- the checklist ----------------------------------------------------------------------------------------

function box(name, chosen, label) {
  const input = make('input');
  input.type = 'checkbox';
  input.checked = chosen.has(name);
  input.setAttribute('aria-label', label);
  input.addEventListener('change', () => {
    chosen[input.checked ? 'add' : 'delete'](name);
    put(at('.said'), '');
    show();
  });
  const cell = make('td');
  cell.append(input);
  return cell;
}

function table({ title, names }) {
  const whole = make('table'), head = make('tr'), body = make('tbody'), top = make('thead');
  head.append(make('th'), make('th', '', words().hide), make('th', '', words().lock));
  top.append(head);
  for (const name of names) {
    const row = make('tr'), label = props.value.labels[name] ?? name;
    row.append(make('th', '', label), box(name, hide, words().hide + ': ' + label), box(name, lock, words().lock + ': ' + label));
    row.firstChild.scope = 'row';
    body.append(row);
  }
  whole.append(make('caption', '', title), top, body);
  return whole;
}

const list = () => at('.list').replaceChildren(...(props.value?.groups ?? []).map(table));

// --- tied to the page ----------------------------------------------------------------------------------------

function onValue() {
  const value = props.value;
  if (!value?.text) return;
  if (value.held) {
    said = value.said;
    link.opened(value);
    setTimeout(() => trigger('gather')); // once Gradio is done with the values that came
  }
  draw();
}

function draw() {
  const { hidden, locked } = link.setUp(), count = new Set([...hidden, ...locked]).size;
  tell(at('.wrong'), said?.length ? '\u26a0 ' + words().wrong + ' ' + said.join('. ') + '.' : '');
  at('.set-up').hidden = !count;
  put(at('.set-up span'), filled('set_up', { count }));
  put(at('.show-all'), words().show_all);
  at('.told').hidden = !count && !said?.length;
  put(at('h2'), words().title);
  put(at('.copy'), words().copy);
  put(at('summary'), words().teacher);
  put(at('.about'), words().teacher_about);
  at('.close').setAttribute('aria-label', words().close);
  at('.close').title = words().close;
  field.setAttribute('aria-label', words().address);
  if (more.open) list();
}

panel.addEventListener('click', (event) => { if (event.target === panel) panel.close(); }); // what is around it
panel.addEventListener('keydown', (event) => event.stopPropagation()); // Escape closes this, and nothing behind it
field.addEventListener('focus', () => field.select());
at('.copy').addEventListener('click', copy);
at('.show-all').addEventListener('click', () => { link.showAll(); draw(); });
more.addEventListener('toggle', () => { if (more.open) list(); });
link.open = open;
link.gather = () => trigger('gather');
link.apply = () => trigger('apply');
watch('value', onValue);
onValue();
