/* The form's fields as they are checked: each that is refused is marked and says why; Train opens Advanced at the
 * first of them. The preset that is chosen already, clicked once more, triggers `again`: fill the form with it. What is
 * possible within `bounds` is checked here, and what is not triggers `ask`. And the arrow keys of a rate: one of its first digit, for 0.001 is too much of 0.00005. */
const RATES = '#field-learning_rate input, #field-muon_learning_rate input';
const JUST_NOW = 5000; // ms: Train was pressed before the check of what was typed last had come
const { make, put } = playground.widget(element, props, () => ({}));
let pressed = -Infinity;

const wrong = () => props.value?.wrong ?? {};
const fieldOf = (name) => name && document.getElementById(props.ids ? props.ids[name] : 'field-' + name);
const names = () => Object.keys(props.ids ?? {}).concat(props.ids ? []
  : [...document.querySelectorAll('[id^="field-"]')].map((field) => field.id.slice('field-'.length)));
const head = () => document.querySelector((props.fold ?? '#advanced') + ' > button');

function mark() {
  for (const name of names()) {
    const field = fieldOf(name), sentence = wrong()[name], input = field?.querySelector('input, textarea');
    if (!field) continue;
    let note = field.querySelector('.refusal');
    field.classList.toggle('refused', Boolean(sentence));
    if (sentence) {
      note ??= field.appendChild(make('p', 'refusal'));
      note.id = field.id + '-refusal';
      put(note, sentence);
      input?.setAttribute('aria-describedby', note.id);
    } else {
      note?.remove();
      input?.removeAttribute('aria-describedby');
    }
    input?.setAttribute('aria-invalid', String(Boolean(sentence)));
  }
}

/** Go to the first that is wrong; where it is not seen, open Advanced, whose fields are made when it first opens. */
function reveal() {
  pressed = -Infinity;
  const first = Object.keys(wrong())[0], fold = head();
  if (!first || !fold) return;
  if (!fieldOf(first)?.offsetParent && !fold.classList.contains('open')) fold.click();
  const arrive = (tries) => {
    const field = fieldOf(first);
    if (!field?.offsetParent) return tries && setTimeout(arrive, 50, tries - 1);
    mark();
    field.scrollIntoView({ block: 'center' });
    field.querySelector('input, textarea')?.focus({ preventScroll: true });
  };
  arrive(40);
}

function onClick(event) {
  if (head()?.contains(event.target)) setTimeout(mark, 100);
  if (!event.target.closest(props.go ?? '#train-button')) return;
  pressed = performance.now();
  if (Object.keys(wrong()).length) reveal();
}

/** The step of a rate: one of its first digit; of the digit below where a step down would lose it. */
function rateStep(value, down) {
  if (!(value > 0)) return 0.001;
  const power = Math.floor(Math.log10(value) + 1e-9), least = Math.abs(value / 10 ** power - 1) < 1e-9;
  return Number('1e' + (down && least ? power - 1 : power));
}

function onStep(event) {
  const input = event.target;
  if (!input.matches?.(RATES)) return;
  if (event.type === 'keydown' && !['ArrowUp', 'ArrowDown'].includes(event.key)) return;
  const box = input.getBoundingClientRect(); // the lower half of the box has the arrow down
  const down = event.type === 'keydown' ? event.key === 'ArrowDown' : event.clientY > box.top + box.height / 2;
  input.step = rateStep(Number(input.value), down);
}

/** A click that changes nothing fires no `change` after it. */
let changed = false;
function onPreset(event) {
  if (!event.target.matches?.('#preset input')) return;
  changed = event.type === 'change';
  if (!changed) setTimeout(() => changed || trigger('again'));
}

/** What is typed beside a slider stays as it is typed: Gradio would put it within the bounds, without a word. */
function onBlur(event) {
  if (event.target.type === 'number' && names().some((name) => fieldOf(name)?.contains(event.target))) event.stopPropagation();
}

for (const kind of ['click', 'change']) document.addEventListener(kind, onPreset, true);
document.addEventListener('blur', onBlur, true);
document.addEventListener('click', onClick, true);
for (const kind of ['keydown', 'pointerdown']) document.addEventListener(kind, onStep, true);
// --- what is checked here -------------------------------------------------------------------------------

/** Whether a value is possible, by its field's bounds. */
function fits(value, { low = -Infinity, above = -Infinity, high = Infinity, whole = false, empty = false }) {
  if (value === null || value === undefined || value === '') return empty;
  return Number.isFinite(value) && value >= low && value > above && value <= high && (!whole || Number.isInteger(value));
}

/** What a slider says as it moves needs no server as long as it is possible; why it is not, the server says. */
document.addEventListener('playground-sampling', ({ detail }) => {
  const names = Object.keys(props.bounds ?? {}), bad = names.filter((name) => !fits(detail[name], props.bounds[name]));
  if (bad.length) return trigger('ask');
  const left = Object.entries(wrong()).filter(([name]) => !names.includes(name));
  if (left.length === Object.keys(wrong()).length) return;
  props.value = { ...props.value, wrong: Object.fromEntries(left) };
  mark();
});

watch('value', () => {
  mark();
  if (Object.keys(wrong()).length && performance.now() - pressed < JUST_NOW) reveal();
});
mark();
