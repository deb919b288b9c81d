/* The rows of the sample table; runs once for each table on the page. A row is built once and stays: a new
 * sample is put on top, and nothing that was there is drawn again. */
const WORDS = {
  step: 'step', train: 'train', val: 'validation', sample: 'text', more: 'Show all', less: 'Show less',
  region: 'Samples, newest first', empty: 'Here the model writes a sample now and then while it is trained.',
  no_data: 'The first sample is on its way ...',
};
const HEADS = { step: 'step', train: 'train', val: 'val', text: 'sample' };
const { at, say, follow, make, exact, decimal } = playground.widget(element, props, () => WORDS);
const rows = at('.rows');
let view = null, key = null, era = null;
let shown = -1; // the step of the newest sample that has its row

function cell(kind, words) {
  const node = make('span', kind, words);
  node.setAttribute('role', 'cell');
  return node;
}

function rowOf(sample) {
  const row = make('div', 'row'), text = cell('text', '');
  const body = make('div', 'body clamped', sample.text), more = make('button', 'more');
  row.setAttribute('role', 'row');
  body.translate = false; // a translator would make sense of it
  more.type = 'button';
  more.addEventListener('click', () => toggle(row));
  body.addEventListener('click', () => window.getSelection().isCollapsed && !more.hidden && toggle(row));
  text.append(body, more);
  row.append(cell('step', exact(sample.step)), cell('train', decimal(sample.train, 2)),
    cell('val', decimal(sample.val, 2)), text);
  return row;
}

function toggle(row) {
  row.querySelector('.body').classList.toggle('clamped');
  labelMore(row);
}

function labelMore(row) {
  const body = row.querySelector('.body'), more = row.querySelector('.more');
  const clamped = body.classList.contains('clamped');
  if (clamped) more.hidden = body.scrollHeight <= body.clientHeight + 1;
  more.textContent = say(clamped ? 'more' : 'less');
  more.setAttribute('aria-expanded', String(!clamped));
}

function show() {
  const samples = view?.samples ?? [];
  if (view?.era !== era) {
    rows.replaceChildren();
    shown = -1;
    era = view?.era;
  }
  for (const sample of samples) {
    if (sample.step <= shown) continue;
    shown = sample.step;
    rows.firstElementChild?.classList.remove('newest');
    rows.prepend(rowOf(sample));
    rows.firstElementChild.classList.add('newest');
    labelMore(rows.firstElementChild);
  }
  while (rows.children.length > samples.length) rows.lastElementChild.remove(); // as the feed keeps no more
  at('.empty').hidden = samples.length > 0;
  at('.heads').hidden = samples.length === 0;
  at('.empty').textContent = view?.missing ? view.error : say(props.value?.run ? 'no_data' : 'empty');
}

function onValue() {
  for (const [name, key] of Object.entries(HEADS)) at('[data-head="' + name + '"]').textContent = say(key);
  at('.scroll').setAttribute('aria-label', say('region'));
  for (const row of rows.children) labelMore(row);
  const { run = null, lang = 'en' } = props.value || {};
  const wanted = JSON.stringify([run, lang]);
  if (wanted !== key) begin(run, lang);
  key = wanted;
  show();
}

function begin(run, lang) {
  view = null;
  era = null;
  rows.replaceChildren();
  shown = -1;
  follow(run, lang, (news) => {
    view = news;
    show();
  });
}

// Whether a text is longer than its clamp is known only at its true width: after a hidden tab, or a resize.
new ResizeObserver(() => [...rows.children].forEach(labelMore)).observe(at('.scroll'));
watch('value', onValue);
onValue();
