/* The picker's box, its list and its keys (element, props, trigger, watch: Gradio's). What the runs are comes from
 * run_picker_list.js, which run_picker.py puts before this file. The keys are those of the ARIA combobox. */
const field = at('.field'), list = at('.list'), box = at('.box');
const NOTICE_MS = 12000;
const PAGE = 6;
let isOpen = false, active = null, query = null, noticeTimer = null, followed = null;
let newName = null; // the field for a new name, while there is one

// --- words --------------------------------------------------------------------------------------------

const nameOf = (run) => run.number + ' \u00b7 ' + run.name;
const wordsOf = (run) => nameOf(run) + ' (' + run.state_words + ')';
const progressOf = (run) => run.state_words + (run.state === 'done' || !run.step ? '' : ' ' + exact(run.step) + ' / ' + exact(run.steps));
const factsOf = (run) => [run.whose && say('whose_' + run.whose), run.about, say('seed') + ' ' + run.seed, run.val_loss && say('val') + ' ' + run.val_loss]
  .filter(Boolean); // `about` only of a run whose name does not say it

/** Plain letters, so that a search finds "lượt" by "luot". */
const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/gi, 'd').toLowerCase();
const soughtIn = (run) => ' ' + plain([nameOf(run), ...factsOf(run), run.state_words].join(' '));

/** The runs that have every word of the query somewhere; a number where a number begins, as 7 is not 1337. */
function found() {
  const wanted = plain(query ?? '').split(/\s+/).filter(Boolean).map((word) => (/^\d/.test(word) ? ' ' + word : word));
  return (runs ?? []).filter((run) => wanted.every((word) => soughtIn(run).includes(word)));
}

// --- showing ------------------------------------------------------------------------------------------

function show() {
  const run = runOf(props.value);
  box.dataset.state = run?.state ?? 'none';
  if (run) field.dataset.name = nameOf(run);
  put(at('.now'), run ? progressOf(run) + ' \u00b7 ' + ageOf(run) : '');
  if (query === null) {
    const words = run ? wordsOf(run) : runs?.length === 0 ? say('none') : field.value;
    if (field.value !== words) field.value = words;
    field.title = run ? [words, ...factsOf(run)].join(' \u00b7 ') : '';
  }
  at('.edit').hidden = !run?.may_change;
  document.documentElement.classList.toggle('read-only', run ? !run.may_change : false); // screen.css
  if (isOpen) showList();
}

function showList() {
  const shown = found();
  if (!shown.some((run) => run.id === active)) active = (query ? null : runOf(props.value)?.id) ?? shown[0]?.id ?? null;
  const rows = shown.map((run) => rowOf(run, options().get(run.id)));
  if (!rows.length) rows.push(make('p', 'nothing', say(query ? 'no_match' : 'none')));
  if (rows.length !== list.children.length || rows.some((row, i) => row !== list.children[i])) list.replaceChildren(...rows);
  if (active) field.setAttribute('aria-activedescendant', 'run-option-' + active);
  else field.removeAttribute('aria-activedescendant');
}

const options = () => new Map([...list.querySelectorAll('[role=option]')].map((row) => [row.dataset.run, row]));

/** The row of a run; one that is there stays, so that a click between two looks still lands on it. */
function rowOf(run, row) {
  if (!row) {
    row = make('div', 'run');
    row.setAttribute('role', 'option');
    row.id = 'run-option-' + run.id;
    row.dataset.run = run.id;
    row.append(make('b', 'tick'), make('span', 'what'), make('span', 'state'), make('span', 'facts'), make('span', 'age'));
  }
  const [tick, what, state, facts, age] = row.children;
  const chosen = run.id === props.value;
  row.setAttribute('aria-selected', String(chosen));
  row.dataset.state = run.state;
  row.classList.toggle('active', run.id === active);
  put(tick, chosen ? '\u2713' : '');
  put(what, nameOf(run));
  put(state, progressOf(run));
  put(facts, factsOf(run).join(' \u00b7 '));
  put(age, ageOf(run));
  return row;
}

function notice(words) {
  clearTimeout(noticeTimer);
  tell(at('.notice'), words);
  noticeTimer = setTimeout(() => tell(at('.notice'), ''), NOTICE_MS);
}

// --- opening, choosing --------------------------------------------------------------------------------

function open() {
  if (isOpen) return;
  isOpen = true;
  active = props.value;
  list.hidden = false;
  field.setAttribute('aria-expanded', 'true');
  showList();
  options().get(active)?.scrollIntoView({ block: 'nearest' });
  poll();
}

function close() {
  isOpen = false;
  query = null;
  list.hidden = true;
  field.setAttribute('aria-expanded', 'false');
  field.removeAttribute('aria-activedescendant');
  show();
}

function choose(id) {
  const other = id !== (props.value ?? null);
  if (other) props.value = id; // Gradio tells the page
  close();
  if (other) onValue();
}

function move(to) {
  const shown = found();
  if (!shown.length) return;
  active = shown[clamp(to, 0, shown.length - 1)].id;
  showList();
  options().get(active)?.scrollIntoView({ block: 'nearest' });
}

function onKey(event) {
  const shown = found(), here = shown.findIndex((run) => run.id === active), last = shown.length - 1;
  const to = { ArrowDown: here + 1 > last ? 0 : here + 1, ArrowUp: here <= 0 ? last : here - 1, Home: 0, End: last,
    PageDown: here + PAGE, PageUp: here - PAGE }[event.key];
  if (event.key === 'Escape' && (isOpen || query !== null)) close();
  else if (event.key === 'Enter' && isOpen) choose(active ?? props.value ?? null);
  else if (['Enter', 'ArrowDown', 'ArrowUp'].includes(event.key) && !isOpen) open();
  else if (to !== undefined && isOpen) move(to);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

// --- renaming -----------------------------------------------------------------------------------------

function beginRename() {
  const run = runOf(props.value);
  if (!run) return;
  close();
  newName = make('input', 'new-name');
  Object.assign(newName, { type: 'text', autocomplete: 'off', spellcheck: false, translate: false });
  newName.dataset.run = run.id;
  newName.value = run.own_name;
  newName.placeholder = run.name;
  newName.setAttribute('aria-label', say('new_name'));
  newName.addEventListener('keydown', onNameKey);
  newName.addEventListener('input', isTooLong);
  newName.addEventListener('blur', () => newName && !isTooLong() && endRename(true));
  field.after(newName);
  field.hidden = true;
  newName.select();
}

/** Tell whether the new name is too long, in the line below too; counted as `rename` in naming.py counts. */
function isTooLong() {
  const spaced = newName.value.normalize('NFC').replace(/[\p{C}\p{Z}]/gu, ' ').trim().replace(/ +/g, ' ');
  const n = [...spaced].length, most = props.told?.longest ?? Infinity;
  newName.setAttribute('aria-invalid', String(n > most));
  if (n > most) tell(at('.notice'), say('too_long', { n, most }));
  else if (newName.dataset.refused) tell(at('.notice'), '');
  newName.dataset.refused = n > most ? 'yes' : '';
  return n > most;
}

function onNameKey(event) {
  if (!['Enter', 'Escape'].includes(event.key) || event.isComposing) return;
  event.stopPropagation();
  if (event.key === 'Enter' && isTooLong()) return; // it stays, to be shortened
  endRename(event.key === 'Enter');
  field.focus();
}

function endRename(keeps) {
  if (!newName) return;
  const run = runOf(newName.dataset.run), name = newName.value.trim(), old = newName;
  if (old.dataset.refused) tell(at('.notice'), '');
  newName = null; // before it goes, as it then loses the focus
  field.hidden = false;
  old.remove();
  if (!keeps || !run || name === run.own_name) return;
  trigger('rename', { run: run.id, name });
  run.own_name = name;
  if (name) run.name = name; // at once; the next look tells what it became
  show();
  for (const wait of [150, 600, 1500]) setTimeout(poll, wait);
}

// --- tied to the page ---------------------------------------------------------------------------------

function onTold() {
  put(at('.label'), say('label'));
  field.setAttribute('aria-label', say('label'));
  list.setAttribute('aria-label', say('list'));
  at('.edit').title = say('rename');
  at('.edit').setAttribute('aria-label', say('rename'));
  listKey = '';
  onValue();
}

/** Another run is in view: its feed tells sooner than the list when its state changes, or when it is gone. */
function onValue() {
  const id = props.value || null, lang = props.told?.lang ?? 'en', key = JSON.stringify([id, lang]);
  if (key !== followed) {
    followed = key;
    follow(id, lang, (news) => {
      const known = runOf(id);
      if (id === props.value && (news.missing ? known : news.state && news.state !== known?.state)) setTimeout(poll, 50);
    });
  }
  if (newName && newName.dataset.run !== id) endRename(false);
  show();
  poll();
}

field.id = 'run-picker-field';
list.id = 'run-picker-list';
at('.label').htmlFor = field.id;
field.setAttribute('aria-controls', list.id);
field.addEventListener('click', () => { if (!isOpen) field.select(); open(); });
field.addEventListener('focus', () => query === null && field.select());
field.addEventListener('blur', close);
field.addEventListener('input', () => { query = field.value; open(); active = null; showList(); });
field.addEventListener('keydown', onKey);
list.addEventListener('mousedown', (event) => event.preventDefault()); // the field keeps the focus
list.addEventListener('click', (event) => {
  const row = event.target.closest('[role=option]');
  if (row) choose(row.dataset.run);
});
at('.edit').addEventListener('click', beginRename);
document.addEventListener('visibilitychange', poll);
window.addEventListener('online', poll);
window.addEventListener('playground-runs', poll);
watch('value', onValue);
watch('told', onTold);
onTold();
