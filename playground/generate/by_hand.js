/* The next token, by hand: bars of the likeliest, reshaped by the tab's own sliders, and a line of all tokens on which a
 * drawn number falls. All of it from kept logits: the server is asked only when a token was chosen. The sums stand in
 * next_token.js, before this file. */
const WORDS = {
  title: 'Next token, by hand', about: 'The sliders reshape the bars at once. Click a bar to write its token, or let a number be drawn.',
  after: 'after', waiting: 'Reading the prompt ...',
  a: 'A: {of}', b: 'B: {of}', row: '{token}, {share}', row_cut: '{token}, cut off, {share} before', cut: 'cut off',
  rest: 'The other {count} {count:token|tokens} together: {share}', rest_none: 'These are all tokens.',
  key_bar: 'drawn from', key_ghost: 'before top-k and top-p cut off',
  chance: 'Chance', line: 'All tokens end to end, each as long as it is likely',
  draw: 'Draw', five: 'Five draws', back: 'Take back',
  drew: 'Number {count} of seed {seed}: {number} lies between {low} and {high}: {token}',
  one: '{number} falls on {token}: a click writes it',
};
let last = {}; // the latest value that is more than names of tokens
const { at, say, make, put, tell, percent, decimal, named, bytesOf, walk } =
  playground.widget(element, { get value() { return last; } }, () => WORDS);
const BARS = 20, DRAWS = 5, FALL = 600; // bars; draws side by side; milliseconds in which a needle can be looked at
const SEEN = 0.002, NAMED = 0.028; // parts of the line that are drawn by themselves, and that have room for their token
const SEEDS = 1_000_000;
const needle = at('.needle');
element.dataset.showsBeside = ''; // the slider of the header offers to keep a step as A
let now = null, beside = null; // what is shown, unpacked
let stream = null; // the numbers that are drawn from: { key, seed, count, random }
let falling = null; // the token that a needle falls into, before it is written
let drawn = []; // the numbers of draws side by side
let drawing = 0; // the frame in which the bars are drawn anew

// --- what came ------------------------------------------------------------------------------------------

function unpack(told) {
  if (!told) return null;
  const logits = new Float32Array(bytesOf(told.logits).buffer), facts = JSON.parse(told.facts);
  const texts = new Map(facts.texts.map((text, i) => [facts.ids ? facts.ids[i] : i, text]));
  return { ...facts, logits, texts, of: told.of, note: told.note, order: nextToken.ranked(logits) };
}

const settings = () => {
  const { temperature = 1, top_k = null, top_p = null, seed = null, keep_seed = false } = window.playgroundSampling ?? props.sampling ?? {};
  return { temperature, topK: top_k || null, topP: top_p || null, seed, keeps: keep_seed === true };
};
const usable = ({ temperature, topK, topP }) => Number.isFinite(temperature) && temperature >= 0 && temperature <= 100
  && (topK === null || (Number.isInteger(topK) && topK >= 1)) && (topP === null || (topP > 0 && topP <= 1));

/** A token as it can be seen; one whose text has not come yet, by its number. */
function tokenOf(side, id) {
  if (id === side.end) return '<|endoftext|>';
  return side.texts.has(id) ? named(side.texts.get(id)) : '#' + id;
}

function onValue() {
  const value = props.value ?? {};
  if (value.names) {
    for (const side of [now, beside]) for (const [id, text] of Object.entries(value.names)) side?.texts.set(Number(id), text);
    return draw();
  }
  last = value;
  now = unpack(value.now);
  beside = unpack(value.beside);
  drawn = [];
  land();
  nameParts();
  at('.body').hidden = !now;
  tell(at('.empty'), now ? '' : value.empty || say('waiting'));
  tell(at('.of'), beside ? '' : now?.of);
  tell(at('.note'), [...new Set([now?.note, beside?.note])].filter(Boolean).join(' '));
  if (now) draw();
}

function nameParts() {
  const shown = { h2: 'title', '.about': 'about', '.after-name': 'after', '.key-bar-name': 'key_bar', '.key-ghost-name': 'key_ghost',
    '.chance h3': 'chance', '.draw': 'draw', '.five': 'five', '.back': 'back' };
  for (const [selector, key] of Object.entries(shown)) put(at(selector), say(key));
}

// --- bars -----------------------------------------------------------------------------------------------

function reshape(side, chosen) {
  const bare = { temperature: chosen.temperature || 1, topK: null, topP: null };
  side.shares = nextToken.probs(side.logits, side.order, chosen);
  side.ghosts = nextToken.probs(side.logits, side.order, bare);
  side.ends = nextToken.ends(side.shares);
}

/** Draw all that follows from the logits and the sliders. */
function draw() {
  const chosen = settings();
  if (!now || !usable(chosen)) return;
  const sides = beside ? [beside, now] : [now];
  sides.forEach((side) => reshape(side, chosen));
  const most = Math.max(...sides.map((side) => Math.max(side.shares[side.order[0]], side.ghosts[side.order[0]])));
  at('.is-beside').hidden = !beside;
  at('.sides').classList.toggle('two', Boolean(beside));
  put(at('.end'), (now.cut ? '\u2026' : '') + named(now.prompt));
  if (beside) drawSide(at('.is-beside'), beside, most, say('a', { of: beside.of }));
  drawSide(at('.is-now'), now, most, beside ? say('b', { of: now.of }) : '');
  drawLine(at('.parts'), now);
  at('.line').setAttribute('aria-label', say('line'));
  at('.back').disabled = !now.chosen.length;
  drawDraws();
}

function drawSide(node, side, most, title) {
  tell(node.querySelector('h3'), title);
  const ids = [...side.order.subarray(0, BARS)], list = node.querySelector('.bars');
  while (list.children.length > ids.length) list.lastElementChild.remove();
  while (list.children.length < ids.length) list.append(rowNode());
  ids.forEach((id, i) => drawRow(list.children[i].firstElementChild, side, id, most));
  (list.querySelector('[tabindex="0"]') ?? list.firstElementChild.firstElementChild).tabIndex = 0;
  const others = side.logits.length - ids.length, inBars = ids.reduce((sum, id) => sum + side.shares[id], 0);
  put(node.querySelector('.rest'), others > 0 ? say('rest', { count: others, share: percent(Math.max(0, 1 - inBars)) }) : say('rest_none'));
}

function rowNode() {
  const item = make('li'), row = make('button', 'choice'), track = make('span', 'track');
  row.type = 'button';
  row.tabIndex = -1;
  track.append(make('i', 'ghost'), make('i', 'bar'));
  row.append(make('b', 'text'), track, make('span', 'share'));
  item.append(row);
  return item;
}

function drawRow(row, side, id, most) {
  const share = side.shares[id], ghost = side.ghosts[id], [text, track, words] = row.children, cut = share === 0 && ghost > 0;
  row.dataset.id = id;
  row.dataset.share = share;
  row.classList.toggle('cut', cut);
  put(text, tokenOf(side, id));
  track.children[0].style.width = (100 * ghost) / most + '%';
  track.children[1].style.width = (100 * share) / most + '%';
  put(words, cut ? say('cut') : percent(share));
  row.setAttribute('aria-label', say(cut ? 'row_cut' : 'row', { token: tokenOf(side, id), share: percent(cut ? ghost : share) }));
}

// --- the line, and chance ----------------------------------------------------------------------------------

/** Draw the tokens end to end by their ids, as the sampler lays them; those too short to be seen stay ground. */
function drawLine(line, side, hit = null) {
  const parts = [];
  side.shares.forEach((share, id) => {
    if (share < SEEN && id !== hit) return;
    const [from, to] = nextToken.part(side.ends, id), node = make('span', 'part' + (id === hit ? ' hit' : ''));
    node.style.left = 100 * from + '%';
    node.style.width = 100 * (to - from) + '%';
    node.title = tokenOf(side, id) + ' ' + percent(share);
    if (share >= NAMED) node.textContent = tokenOf(side, id);
    parts.push(node);
  });
  line.replaceChildren(...parts);
}

/** Stand before the number that the sampler would take here: each token takes one. Without a seed that is kept, each
 * prompt has a new one, and every draw its next number. */
function openStream() {
  const { seed, keeps } = settings(), kept = keeps && Number.isSafeInteger(seed) && seed >= 0;
  const key = JSON.stringify(kept ? [now.base, seed, now.chosen] : [now.base]);
  if (stream?.key === key && !kept) return;
  const own = kept ? seed : Math.floor(Math.random() * SEEDS);
  stream = { key, seed: own, count: 0, random: new nextToken.Random(own) };
  if (kept) now.chosen.forEach(nextNumber);
}

function nextNumber() {
  stream.count += 1;
  return stream.random.random();
}

function drawOne() {
  if (falling !== null) return land(true); // who presses again need not wait
  openStream();
  const number = nextNumber(), id = nextToken.choose(now.ends, number), [low, high] = nextToken.part(now.ends, id);
  drawn = [];
  drawDraws();
  drawLine(at('.parts'), now, id);
  needle.hidden = false;
  needle.style.left = 100 * number + '%';
  put(needle.firstElementChild, decimal(number, 4));
  needle.getAnimations().forEach((each) => each.cancel());
  needle.animate([{ transform: 'translateY(-22px)' }, { transform: 'none' }], { duration: calm() ? 0 : 250, easing: 'ease-in' });
  put(at('.said'), say('drew', { count: stream.count, seed: String(stream.seed), number: decimal(number, 4), low: decimal(low, 4),
    high: decimal(high, 4), token: tokenOf(now, id) }));
  Object.assign(at('.said').dataset, { number, low, high, id });
  falling = { id, timer: setTimeout(land, FALL, true) };
}

const calm = () => window.matchMedia('(prefers-reduced-motion: reduce)').matches;

/** End the fall of a needle: its token is written, or what it fell on is there no more. */
function land(writes) {
  needle.hidden = !writes;
  if (falling === null) return;
  clearTimeout(falling.timer);
  const { id } = falling;
  falling = null;
  if (writes) trigger('accept', { id });
}

function drawFive() {
  land();
  openStream();
  drawn = Array.from({ length: DRAWS }, nextNumber);
  const unknown = drawn.map((number) => nextToken.choose(now.ends, number)).filter((id) => !now.texts.has(id));
  if (unknown.length) trigger('name', { ids: unknown });
  drawDraws();
}

function drawDraws() {
  const list = at('.draws');
  list.hidden = !drawn.length;
  list.replaceChildren(...drawn.map((number) => {
    const id = nextToken.choose(now.ends, number), item = make('li'), line = make('div', 'line'), parts = make('div', 'parts');
    const mark = make('i', 'needle'), row = make('button', 'fell', tokenOf(now, id));
    drawLine(parts, now, id);
    mark.style.left = 100 * number + '%';
    line.append(parts, mark);
    row.type = 'button';
    row.dataset.id = id;
    row.setAttribute('aria-label', say('one', { number: decimal(number, 4), token: tokenOf(now, id) }));
    item.append(make('span', 'number', decimal(number, 4)), line, row);
    return item;
  }));
}

// --- wiring -----------------------------------------------------------------------------------------------

element.addEventListener('click', (event) => {
  const row = event.target.closest('.choice, .fell');
  if (!row || !now) return;
  land();
  put(at('.said'), '');
  trigger('accept', { id: Number(row.dataset.id) });
});
for (const list of element.querySelectorAll('.bars')) { // one bar of each is in the Tab order; the arrows walk
  const rows = () => [...list.querySelectorAll('.choice')];
  list.addEventListener('focusin', (event) => rows().forEach((row) => { row.tabIndex = row === event.target ? 0 : -1; }));
  list.addEventListener('keydown', (event) => walk(event, rows(), rows().indexOf(event.target)));
}
at('.draw').addEventListener('click', drawOne);
at('.five').addEventListener('click', drawFive);
at('.back').addEventListener('click', () => { land(); put(at('.said'), ''); trigger('accept', { id: null }); });
document.addEventListener('playground-sampling', function onSettings() {
  if (!element.isConnected) return document.removeEventListener('playground-sampling', onSettings);
  if (falling !== null) land();
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(draw); // a slider tells more often than the screen can show
});
watch('value', onValue);
onValue();
