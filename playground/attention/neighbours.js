/* Letters find their neighbours: an embedding's rows over the snapshots of a run. Computed on demand, all snapshots in
 * one answer; playing, stepping and choosing then need no server. attention_link.js and neighbours_plane.js stand before
 * it. Of the view it follows the model, and the snapshot where one is chosen; its text and its head do not matter here. */
const WORDS = {
  title: 'Letters find their neighbours',
  about: 'Each token has a row of numbers of its own, its embedding: all that the model knows of it before it reads a text. '
    + 'Here the rows are points in a plane, over the snapshots of the run. Play it, and see vowels, capitals, digits '
    + 'come together. Choose a token for its nearest neighbours, and how they changed.',
  nothing: 'Nothing to look at yet.', waiting: 'Computing ...',
  of: '{of}: {count} {count:row|rows} of {width} numbers each.',
  of_some: '{of}: the {count} most frequent of {vocab} tokens, {width} numbers each.',
  of_places: '{of}: {count} {count:position|positions}, {width} numbers each.',
  of_some_places: '{of}: one in {every} of its {all} positions, {width} numbers each.',
  missing: 'Left out, because they cannot be read: the snapshots of the steps {steps}.',
  tables: 'What is looked at', tokens: 'Tokens', positions: 'Positions',
  bigram_rows: 'A bigram has no embedding. Its row for a token is what it says of the next one, so two are near each other when the same tokens follow them.',
  no_positions_gpt: 'This run is a variant without positions: it learns none.',
  no_positions_bigram: 'A bigram looks at the last token alone, so it learns no positions.',
  no_positions_modern: 'This architecture learns no positions: queries and keys are rotated by them instead.',
  points: 'The rows as points: walk with the arrow keys',
  point: '{name}, {kind}. Nearest: {near}', point_alone: '{name}, {kind}',
  step: 'step {step}', play: 'Play the snapshots', pause: 'Stop playing', snapshot: 'Snapshot',
  company: 'One of the same kind is nearest to {found} of the tokens (by chance: {chance}).',
  company_places: 'A position beside it is nearest to {found} of the positions (by chance: {chance}).',
  share: 'The plane shows {seen} of how the rows differ (PCA: the plane that shows most at step {last}, {most}). The axes stay the same at all steps.',
  share_one: 'The plane shows {seen} of how the rows differ: the most that a plane can (PCA).',
  nearest: '{name} ({kind}): nearest at step {step}', nearest_one: '{name} ({kind}): nearest',
  nearest_place: 'Position {name}: nearest at step {step}', nearest_place_one: 'Position {name}: nearest',
  how: 'Cosine, in all dimensions',
  seen_times: '{count} {count:time|times} in the text', seen_times_part: '{count} {count:time|times} in the first {part} characters of the text',
  changed: 'How that changed (bold: the same kind)', changed_places: 'How that changed (bold: beside it)', go: 'Show step {step}',
  first_place: 'first', last_place: 'last',
  vowel: 'vowel', y_too: '{kind} (y too)', consonant: 'consonant', capital: 'capital', digit: 'digit', sign: 'sign', space: 'white space',
  word: 'word', piece: 'piece of a word', letter: 'letter', other: 'other', position: 'position',
};
const PACE = 1000; // milliseconds that a snapshot is shown while playing
const NAMES = 'vowel consonant capital digit sign space word piece letter other'.split(' ');
const folder = at('details'), slider = at('.steps'), playButton = at('.play');
let shown = shownBy[channel()] ?? null; // the view's last word
let answer = null, stamp = 1, model; // what came; which question is the latest; the run that it is of
let newest = null, answered = null; // the run's newest snapshot; the one that was asked for
let kind = 'tokens', frame = 0, chosen = null, before = { tokens: null, positions: null }, playing = false, timer = 0;

const question = () => (shown && shown.run !== undefined ? { stamp } : null);
const { ask, cameFor } = askOnDemand(folder, question, draw);
const data = () => answer.tables[kind];
const lastFrame = () => Math.max(0, answer.steps.length - 1);

// --- the value ------------------------------------------------------------------------------------------

function unpackTable(facts, numbers, rows, order) {
  const points = new Int16Array(bytesOf(numbers.points).buffer), box = { left: 0, right: 0, bottom: 0, top: 0 };
  for (let i = 0; i < points.length; i += 2) {
    box.left = Math.min(box.left, points[i]);
    box.right = Math.max(box.right, points[i]);
    box.bottom = Math.min(box.bottom, points[i + 1]);
    box.top = Math.max(box.top, points[i + 1]);
  }
  const ids = new Uint16Array(bytesOf(numbers.ids).buffer), cosines = new Int16Array(bytesOf(numbers.cosines).buffer);
  return { ...facts, points, box, ids, cosines, rows, order, nearest: facts.shape[2] };
}

function unpack(value) {
  const facts = JSON.parse(value.facts), numbers = JSON.parse(value.numbers), tables = { tokens: null, positions: null };
  const rows = facts.names.map((name, i) => ({ name, kind: facts.kinds[i], count: facts.counts[i] }));
  const often = rows.map((_, i) => i).sort((a, b) => rows[b].count - rows[a].count || a - b);
  tables.tokens = unpackTable(facts.tokens, numbers.tokens, rows, often);
  if (facts.positions) {
    const places = facts.places.map((place) => ({ name: String(place), kind: 'position' }));
    const round = (i) => i & -i || 2 ** 30; // the first, the middle, the quarters: names spread evenly
    const spread = places.map((_, i) => i).sort((a, b) => round(b) - round(a) || a - b);
    tables.positions = unpackTable(facts.positions, numbers.positions, places, spread);
  }
  return { ...facts, tables, of: value.of, run: value.run, stamp: value.stamp };
}

function onValue() {
  const value = props.value, former = answer;
  nameParts();
  play(false);
  answer = value?.facts ? unpack(value) : null;
  if (!value?.facts && !value?.why) { stamp += 1; model = undefined; } // the run in view or the language is another one
  if (answer) takeUp(former);
  draw();
  cameFor(value?.stamp);
}

/** Stay with the step and the token that were looked at, where the answer has them; else the view's step, and a vowel. */
function takeUp(former) {
  const same = former?.run === answer.run, token = former?.tables.tokens.rows[before.tokens];
  const wasLast = same && frame === Math.max(0, former.steps.length - 1);
  const there = answer.steps.indexOf(same ? former.steps[frame] : shown?.step);
  frame = wasLast || there < 0 ? lastFrame() : there;
  const { rows, order } = answer.tables.tokens, found = token ? rows.findIndex(({ name }) => name === token.name) : -1;
  before.tokens = found >= 0 ? found : order.find((i) => rows[i].kind === 'vowel') ?? order[0] ?? null;
  before.positions = clamp(before.positions ?? 1, 0, Math.max(0, answer.places.length - 1));
  show(kind);
}

function nameParts() {
  const parts = { '.title': 'title', '.about': 'about', '[data-table=tokens]': 'tokens', '[data-table=positions]': 'positions' };
  for (const [selector, key] of Object.entries(parts)) at(selector).textContent = say(key);
  at('.tables').setAttribute('aria-label', say('tables'));
  drawing.setAttribute('aria-label', say('points'));
  slider.setAttribute('aria-label', say('snapshot'));
}

/** The nearest of a row in a frame, the nearest first. */
function nearestOf(row, when) {
  const { shape: [, count, K], ids, cosines } = data(), from = (when * count + row) * K;
  return [...Array(K).keys()].map((rank) => ({ row: ids[from + rank], cosine: cosines[from + rank] / 32767 }));
}

function pointLabel(i) {
  const { rows } = data(), row = rows[i], near = nearestOf(i, frame).map((each) => named(rows[each.row].name)).join(' ');
  return say(near ? 'point' : 'point_alone', { name: named(row.name), kind: say(row.kind), near });
}

// --- what is drawn --------------------------------------------------------------------------------------

function draw() {
  const why = props.value?.why, asked = shown && shown.run !== undefined;
  tell(at('.said'), answer ? '' : why || say(asked ? 'waiting' : 'nothing'));
  at('.body').hidden = !answer;
  markStale();
  if (answer && folder.open) fit();
}

/** What stands there until the answer for another model has come is pale. */
function markStale() {
  at('.neighbours').classList.toggle('stale', Boolean(answer && shown && answer.run !== (shown.run ?? null)));
}

/** Change between tokens and positions; says what an architecture lacks. */
function show(wanted) {
  kind = wanted;
  const there = Boolean(answer.tables[kind]), lack = there ? '' : say('no_positions_' + answer.architecture);
  for (const button of at('.tables').children) button.setAttribute('aria-pressed', String(button.dataset.table === kind));
  tell(at('.lack'), lack || (kind === 'tokens' && answer.architecture === 'bigram' ? say('bigram_rows') : ''));
  at('.sides').hidden = at('.of').hidden = !there;
  at('.time').hidden = !there || answer.steps.length < 2;
  tell(at('.note'), answer.missing.length ? say('missing', { steps: answer.missing.join(', ') }) : '');
  slider.max = lastFrame();
  if (!there) return;
  chosen = before[kind];
  pointed = null;
  at('.of').textContent = nameOf();
  buildPoints();
  drawLegend();
  drawFrame();
}

function nameOf() {
  const { rows, width } = data(), facts = { of: answer.of, count: rows.length, width, vocab: answer.vocab };
  if (kind === 'tokens') return say(rows.length < answer.vocab ? 'of_some' : 'of', facts);
  const every = answer.places[1] - answer.places[0] || 1;
  return say(every > 1 ? 'of_some_places' : 'of_places', { ...facts, every, all: answer.all });
}

function drawLegend() {
  if (kind === 'positions') {
    at('.legend').replaceChildren(make('span', '', say('first_place')), make('i', 'ramp'), make('span', '', say('last_place')));
    return;
  }
  at('.legend').replaceChildren(...NAMES.filter((name) => data().rows.some((row) => row.kind === name)).map((name) => {
    const node = make('span', '');
    node.append(markIcon(name), make('span', '', name === NAMES[0] ? say('y_too', { kind: say(name) }) : say(name)));
    return node;
  }));
}

function drawFrame() {
  const { seen, explained, company, chance } = data(), last = answer.steps.at(-1), several = answer.steps.length > 1;
  const most = percent(explained[0] + explained[1]), places = kind === 'positions';
  slider.value = frame;
  at('.step-name').textContent = several ? say('step', { step: answer.steps[frame] }) : '';
  slider.setAttribute('aria-valuetext', at('.step-name').textContent);
  at('.share').textContent = say(several ? 'share' : 'share_one', { seen: percent(seen[frame]), last, most });
  tell(at('.company'), company.length
    ? say(places ? 'company_places' : 'company', { found: percent(company[frame]), chance: percent(chance) }) : '');
  drawBeside();
}

function drawBeside() {
  const { rows } = data(), row = rows[chosen], several = answer.steps.length > 1;
  at('.beside').hidden = !row || !data().nearest;
  if (!row || !data().nearest) return;
  const key = (kind === 'positions' ? 'nearest_place' : 'nearest') + (several ? '' : '_one');
  at('.beside h3').textContent = say(key, { name: named(row.name), kind: say(row.kind), step: answer.steps[frame] });
  tell(at('.times'), row.count ? say(answer.part ? 'seen_times_part' : 'seen_times', { count: row.count, part: answer.part }) : '');
  at('.five').replaceChildren(...nearestOf(chosen, frame).map((each) => {
    const node = make('li', 'bar-row'), track = make('span', 'track'), bar = make('i', 'bar'), text = make('b', 'text');
    text.append(markIcon(rows[each.row].kind, each.row / (rows.length - 1)), make('span', '', named(rows[each.row].name)));
    bar.style.width = 100 * clamp(each.cosine, 0, 1) + '%';
    track.append(bar);
    node.append(text, track, make('span', 'number', decimal(each.cosine, 2)));
    node.title = say('how');
    return node;
  }));
  tell(at('.beside h4'), several ? say(kind === 'positions' ? 'changed_places' : 'changed') : '');
  at('.history').hidden = !several;
  at('.history tbody').replaceChildren(...(several ? answer.steps.map(historyRow) : []));
}

function historyRow(step, when) {
  const { rows } = data(), node = make('tr', when === frame ? 'now' : ''), head = make('th', '');
  const button = make('button', '', say('step', { step }));
  button.type = 'button';
  button.dataset.frame = when;
  button.title = say('go', { step });
  button.tabIndex = when === frame ? 0 : -1;
  if (when === frame) button.setAttribute('aria-current', 'step');
  head.scope = 'row';
  head.append(button);
  node.append(head, ...nearestOf(chosen, when).map((each) => {
    const own = kind === 'tokens' ? rows[each.row].kind === rows[chosen].kind : Math.abs(each.row - chosen) === 1;
    const cell = make('td', own ? 'own' : '', brief(rows[each.row].name, 6));
    cell.title = named(rows[each.row].name) + ', ' + say(rows[each.row].kind) + ', ' + decimal(each.cosine, 2);
    return cell;
  }));
  return node;
}

// --- what moves it --------------------------------------------------------------------------------------

function choose(row) {
  chosen = before[kind] = row;
  nameSome();
  paintLinks();
  drawBeside();
}

function go(to) {
  frame = clamp(to, 0, lastFrame());
  drawFrame();
  glide();
}

/** Go to a snapshot from the list of all; its rows are drawn anew, and the focus stays in them. */
function goToRow(to) {
  play(false);
  go(to);
  at('.history').querySelectorAll('button')[to].focus();
  look();
}

function play(on) {
  clearTimeout(timer);
  playing = on;
  at('.neighbours').dataset.playing = String(on);
  playButton.title = say(on ? 'pause' : 'play');
  playButton.setAttribute('aria-label', playButton.title);
  if (!on) return;
  go(frame === lastFrame() ? 0 : frame + 1); // at the end: from the start
  timer = setTimeout(goOn, PACE);
}

function goOn() {
  if (!element.isConnected || !folder.open || frame === lastFrame()) { play(false); return look(); }
  go(frame + 1);
  timer = setTimeout(goOn, PACE);
}

/** Ask for what the view's model has, and for a snapshot that is new: not while somebody looks at an earlier one. */
function look() {
  if (shown?.run !== model) {
    model = shown?.run;
    stamp += 1;
    newest = answered = null;
    follow(model ?? null, props.value?.lang ?? 'en', onNews);
    markStale();
  }
  const known = answer ? Math.max(...answer.steps, ...answer.missing) : props.value?.why ? -1 : Infinity;
  if (newest !== null && newest > known && newest !== answered && !playing && (!answer || frame === lastFrame())) {
    answered = newest;
    stamp += 1;
  }
  ask();
}

function onNews({ snapshots }) {
  newest = snapshots?.at(-1) ?? newest;
  if (folder.open && element.closest('[role=tabpanel]')?.offsetParent) look();
}

slider.addEventListener('input', () => {
  play(false);
  go(Number(slider.value));
  look();
});
playButton.addEventListener('click', () => play(!playing));
at('.tables').addEventListener('click', (event) => {
  const wanted = event.target.closest('button')?.dataset.table;
  if (wanted && wanted !== kind) show(wanted);
});
at('.history').addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (button) goToRow(Number(button.dataset.frame));
});
at('.history').addEventListener('keydown', (event) => {
  const move = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!move) return;
  event.preventDefault();
  goToRow(clamp(frame + move, 0, lastFrame()));
});
hear(SHOWN, (state) => { // goes along with the view, which the header's slider moves
  const moved = state.step !== shown?.step;
  shown = state;
  look();
  const there = moved && answer && answer.run === (state.run ?? null) ? answer.steps.indexOf(state.step) : -1;
  if (there >= 0 && !playing) go(there);
});
let lastWidth = 0;
new ResizeObserver(() => {
  const width = at('.plane')?.clientWidth;
  if (width && width !== lastWidth && answer) { lastWidth = width; fit(); }
}).observe(at('.plane'));
watch('value', onValue);
onValue();
