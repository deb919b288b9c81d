/* The written text; runs once for each one on the page. The value grows by appending, and so does the text:
 * a token that stands is not drawn again. One token at a time is in the Tab order; the arrows walk. A value without a
 * prompt lets the text stand and changes what it names: the state, or the language and its words. */
const WORDS = {
  empty: 'Write a prompt and press Generate.',
  hint: 'Point at a token to see what else the model considered.',
  idle: '', writing: 'Writing ...', done: 'Done', stopped: 'Stopped', refused: 'Not written',
  earlier: '{state}: the text below is of the settings before',
  waiting: 'Waiting for another writing to finish ...', loading: 'Loading the model ...',
  speed: 'tokens/s', tokens: '{count} {count:token|tokens}', seed: 'seed {seed}', seed_help: 'Same seed, same text',
  scale: 'how likely the model found it', p: 'model', q: 'drawn from', place: 'token', drawn: 'drawn',
  p_help: "The model's own probability",
  q_help: 'The probability it was drawn with, after temperature, top-k, top-p',
  paper: 'Written text: walk through the tokens with the arrow keys', unseen: 'Before the context: not seen',
  unknown: 'Not in the vocabulary', newline: 'new line', space: 'space', token_aria: '{token}, {percent}',
  end: 'a new text begins', copy: 'Copy', copied: 'Copied', save: 'Save .txt',
};
let last = {}; // the latest of everything that values have named
const { at, say, make, put, tell, exact, percent, visible, named, onDots, walk, copyText, saveText, comeIntoView } =
  playground.widget(element, { get value() { return last; } }, () => WORDS);
const paper = at('.paper'), prompt = at('.prompt'), written = at('.tokens');
const BEGINNING = ['waiting', 'loading']; // the states of a writing that has no text yet
const SOON = 400; // milliseconds; what begins sooner has not waited
let shownPrompt = '', seen = '', pinned = null, lastState = null, lastWords = null, timer = null;
let drawn = []; // the tokens that stand, unpacked
let earlier = false; // whether they were there before Generate was pressed

// --- text -----------------------------------------------------------------------------------------------

/** Put a text into a node, on as many lines as it has, with a sign at each line's end and each tab. */
function fill(node, text) {
  text.split('\n').forEach((part, i) => {
    if (i) node.append(make('span', 'break', '\u21b5'), '\n');
    node.append(visible(part).replace(/\t/g, '\u21e5\t'));
  });
  if (/^ +$/.test(text)) node.dataset.blank = '\u2423'.repeat(text.length);
  node.classList.toggle('mark', onDots(text) !== text);
}

/** Put a token into a node: bytes that are part of a character stand before the letter that they end in. */
function fillToken(node, token) {
  if (token.end) node.append(make('span', 'end', say('end')));
  else if (!token.b || token.t.endsWith(token.b)) fill(node, token.b || token.t); // a letter before it was never ended
  else {
    node.append(make('span', 'bytes', named(token.b)));
    fill(node, token.t.replace(/^\ufffd+/, ''));
  }
}

/** A token as it is spoken. */
function spoken(token) {
  if (token.end) return say('end');
  return token.t === '\n' ? say('newline') : token.t === ' ' ? say('space') : visible(token.b ?? token.t);
}

/** What is written, as plain text: the prompt without what was left out of it, and the tokens. */
function plainText() {
  const pieces = (last.prompt ?? []).filter((piece) => !piece.out);
  return [...pieces, ...drawn].map((piece) => (piece.end ? '\n\n' : piece.t)).join('');
}

function tokenNode(token) {
  const node = make('span', 'tok');
  node.setAttribute('role', 'button');
  node.setAttribute('aria-pressed', 'false');
  node.tabIndex = -1;
  node.style.setProperty('--p', (100 * token.p).toFixed(1) + '%');
  node.setAttribute('aria-label', say('token_aria', { token: spoken(token), percent: percent(token.p) }));
  fillToken(node, token);
  return node;
}

function drawPrompt(pieces) {
  prompt.replaceChildren(...pieces.map((piece) => {
    const node = make('span', 'piece');
    node.classList.toggle('unseen', !piece.seen);
    node.classList.toggle('unknown', Boolean(piece.unknown));
    if (!piece.seen) node.title = say('unseen');
    if (piece.unknown) node.title = say('unknown');
    fillToken(node, piece);
    return node;
  }));
}

// --- growing --------------------------------------------------------------------------------------------

function grow() {
  const pieces = last.prompt ?? [], packed = last.tokens ?? '', words = JSON.stringify([last.lang, last.text]);
  if (JSON.stringify(pieces) !== shownPrompt || !packed.startsWith(seen) || words !== lastWords) { // drawn anew
    if (JSON.stringify(pieces) !== shownPrompt || words !== lastWords) drawPrompt(pieces);
    shownPrompt = JSON.stringify(pieces);
    lastWords = words;
    drawn = [];
    seen = '';
    if (!last.over) { // else the new tokens take the places of those that stand, one by one
      written.replaceChildren();
      pinned = null;
      look(null);
    }
  }
  // Follow the writing, unless somebody reads further up.
  const atEnd = paper.scrollHeight - paper.scrollTop - paper.clientHeight < 40;
  const grown = document.createDocumentFragment();
  for (const line of packed.slice(seen.length).split('\n')) {
    if (!line) continue;
    drawn.push(JSON.parse(line));
    const node = tokenNode(drawn.at(-1)), old = written.children[drawn.length - 1];
    if (old) old.replaceWith(node);
    else grown.append(node);
  }
  written.append(grown);
  seen = packed;
  if (last.over) settle();
  if (drawn.length && !written.querySelector('[tabindex="0"]')) written.firstElementChild.tabIndex = 0;
  showState(pieces);
  if (atEnd && last.state === 'writing' && !last.over) paper.scrollTop = paper.scrollHeight;
}

/** Keep the place that is looked at while another text takes that of the one before; at the end nothing is left of it. */
function settle() {
  if (last.state !== 'writing') while (written.children.length > drawn.length) written.lastElementChild.remove();
  if (pinned === null || !drawn[pinned]) return;
  written.children[pinned].setAttribute('aria-pressed', 'true');
  look(pinned);
}

function showState(pieces) {
  const state = last.state ?? 'idle', blank = !pieces.length && !drawn.length;
  const before = BEGINNING.includes(state);
  const told = earlier && !before && !blank ? say('earlier', { state: say(state) }) : say(state);
  clearTimeout(timer);
  if (before) timer = setTimeout(() => put(at('.state'), say(state)), SOON);
  else put(at('.state'), told);
  at('.written').dataset.state = at('.state').dataset.state = state;
  at('.written').dataset.mark = last.mark ?? '';
  const speed = Number.isFinite(last.speed) ? exact(Math.round(last.speed)) + ' ' + say('speed') : '';
  const count = drawn.length ? say('tokens', { count: drawn.length }) : '';
  at('.speed').textContent = [count, speed].filter(Boolean).join(' · ');
  const seed = last.seed ?? null;
  at('.seed').textContent = seed === null ? '' : say('seed', { seed: String(seed) }); // a name, not a count
  at('.seed').title = say('seed_help');
  put(at('.by'), [last.mark, last.by?.[last.lang ?? 'en']].filter(Boolean).join(': '));
  at('.who').hidden = blank;
  at('.caret').hidden = state !== 'writing';
  at('.empty').hidden = !blank;
  paper.hidden = blank;
  tell(at('.note'), last.note);
  const ended = ['done', 'stopped'].includes(state);
  if (ended && lastState === 'writing' && !last.over) put(at('.spoken'), drawn.map((token) => token.t).join(''));
  if (state === 'waiting' && lastState !== 'waiting') comeIntoView(at('.written'));
  lastState = state;
}

// --- the panel ------------------------------------------------------------------------------------------

function look(index) {
  const token = index === null ? null : drawn[index];
  at('.hint').hidden = Boolean(token);
  at('.detail').hidden = !token;
  for (const node of written.querySelectorAll('.looked')) node.classList.remove('looked');
  if (!token) return;
  written.children[index].classList.add('looked');
  at('.glyph').textContent = named(token.b ?? token.t);
  at('.place').textContent = say('place') + ' ' + exact(index + 1);
  const rows = [...(token.alts ?? [])];
  if (!rows.some(([id]) => id === token.id)) rows.push([token.id, token.b ?? token.t, token.p, token.q]);
  const top = Math.max(...rows.flatMap(([, , p, q]) => [p, q]), 1e-9);
  at('.alts').replaceChildren(...rows.map((row) => candidate(row, row[0] === token.id, top)));
}

function candidate([id, text, p, q], drawn, top) {
  const row = make('li'), bars = make('span', 'bars');
  for (const [kind, part] of [['p', p], ['q', q]]) {
    const bar = make('i', 'bar-' + kind);
    bar.style.width = (100 * part) / top + '%';
    bars.append(bar);
  }
  row.classList.toggle('drawn', drawn);
  if (drawn) row.title = say('drawn');
  const name = make('b', 'text', named(text));
  name.title = 'id ' + id;
  row.append(name, bars, make('span', 'part-p', percent(p)),
    make('span', 'part-q', percent(q)));
  return row;
}

const indexOf = (node) => [...written.children].indexOf(node);
const tokenAt = (event) => event.target.closest?.('.tok');

function pin(node) {
  const index = indexOf(node);
  pinned = pinned === index ? null : index;
  written.querySelector('[aria-pressed="true"]')?.setAttribute('aria-pressed', 'false');
  if (pinned !== null) node.setAttribute('aria-pressed', 'true');
  look(pinned ?? index);
}

written.addEventListener('pointerover', (event) => {
  if (pinned === null && tokenAt(event)) look(indexOf(tokenAt(event)));
});
written.addEventListener('click', (event) => tokenAt(event) && pin(tokenAt(event)));
written.addEventListener('focusin', (event) => {
  for (const node of written.querySelectorAll('[tabindex="0"]')) node.tabIndex = -1;
  tokenAt(event).tabIndex = 0;
  if (pinned === null) look(indexOf(tokenAt(event)));
});
written.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    pin(tokenAt(event));
  } else if (event.key === 'Escape') {
    if (pinned !== null) pin(written.children[pinned]);
  } else walk(event, written.children, indexOf(tokenAt(event)));
});

// --- taking it away -------------------------------------------------------------------------------------

at('.copy').addEventListener('click', async () => {
  if (!(await copyText(plainText()))) return;
  put(at('.copy'), say('copied'));
  setTimeout(() => put(at('.copy'), say('copy')), 2000);
});
at('.save').addEventListener('click', () => saveText(plainText(), 'gpt-playground.txt'));

function onValue() {
  const value = props.value ?? {};
  last = value.prompt ? { lang: last.lang, text: last.text, ...value } : { ...last, ...value };
  if (value.prompt) earlier = false;
  else if (BEGINNING.includes(value.state)) earlier = true;
  for (const name of ['empty', 'hint', 'copy', 'save']) put(at('.' + name), say(name));
  at('.scale-name').textContent = say('scale');
  for (const kind of ['p', 'q']) {
    at('.name-' + kind).textContent = say(kind);
    at('.name-' + kind).title = say(kind + '_help');
  }
  paper.setAttribute('aria-label', say('paper'));
  grow();
}

watch('value', onValue);
onValue();
