/* The written text; runs once for each one on the page. The value grows by appending, and so does the text:
 * a token that stands is not drawn again. One token at a time is in the Tab order; the arrows walk. */
const WORDS = {
  empty: 'Write a prompt and press Generate.',
  hint: 'Point at a token to see what else the model considered.',
  idle: '', writing: 'Writing ...', done: 'Done', stopped: 'Stopped', speed: 'tokens/s', tokens: 'tokens',
  scale: 'how likely the model found it', p: 'model', q: 'drawn from', place: 'token', drawn: 'drawn',
  p_help: "The model's own probability",
  q_help: 'The probability it was drawn with, after temperature, top-k, top-p',
  paper: 'Written text: walk through the tokens with the arrow keys', unseen: 'Before the context: not seen',
  unknown: 'Not in the vocabulary', newline: 'new line', space: 'space', token_aria: '{token}, {percent}',
};
const { at, say, make, put, tell, exact, percent, visible, named, walk } =
  playground.widget(element, props, () => WORDS);
const paper = at('.paper'), prompt = at('.prompt'), written = at('.tokens');
let shownPrompt = '', seen = '', pinned = null, lastState = null;
let drawn = []; // the tokens that stand, unpacked

// --- text -----------------------------------------------------------------------------------------------

/** Put a text into a node, on as many lines as it has, with a sign at each line's end and each tab. */
function fill(node, text) {
  text.split('\n').forEach((part, i) => {
    if (i) node.append(make('span', 'break', '\u21b5'), '\n');
    node.append(visible(part).replace(/\t/g, '\u21e5\t'));
  });
  node.classList.toggle('blank', /^ +$/.test(text));
}

/** A token as it is spoken. */
function spoken(text) {
  return text === '\n' ? say('newline') : text === ' ' ? say('space') : visible(text);
}

function tokenNode(token) {
  const node = make('span', 'tok');
  node.setAttribute('role', 'button');
  node.setAttribute('aria-pressed', 'false');
  node.tabIndex = -1;
  node.style.setProperty('--p', (100 * token.p).toFixed(1) + '%');
  node.setAttribute('aria-label', say('token_aria', { token: spoken(token.t), percent: percent(token.p) }));
  fill(node, token.t);
  return node;
}

function drawPrompt(pieces) {
  prompt.replaceChildren(...pieces.map((piece) => {
    const node = make('span', 'piece');
    node.classList.toggle('unseen', !piece.seen);
    node.classList.toggle('unknown', Boolean(piece.unknown));
    if (!piece.seen) node.title = say('unseen');
    if (piece.unknown) node.title = say('unknown');
    fill(node, piece.t);
    return node;
  }));
}

// --- growing --------------------------------------------------------------------------------------------

function grow() {
  const value = props.value || {};
  const pieces = value.prompt ?? [], packed = value.tokens ?? '';
  if (JSON.stringify(pieces) !== shownPrompt || !packed.startsWith(seen)) { // not what stands, continued
    shownPrompt = JSON.stringify(pieces);
    drawPrompt(pieces);
    written.replaceChildren();
    drawn = [];
    seen = '';
    pinned = null;
    look(null);
  }
  // Follow the writing, unless somebody reads further up.
  const atEnd = paper.scrollHeight - paper.scrollTop - paper.clientHeight < 40;
  const grown = document.createDocumentFragment();
  for (const line of packed.slice(seen.length).split('\n')) {
    if (!line) continue;
    drawn.push(JSON.parse(line));
    grown.append(tokenNode(drawn[drawn.length - 1]));
  }
  written.append(grown);
  seen = packed;
  if (drawn.length && !written.querySelector('[tabindex="0"]')) written.firstElementChild.tabIndex = 0;
  showState(value, pieces, drawn);
  if (atEnd && value.state === 'writing') paper.scrollTop = paper.scrollHeight;
}

function showState(value, pieces, tokens) {
  const state = value.state ?? 'idle', blank = !pieces.length && !tokens.length;
  put(at('.state'), say(state));
  at('.state').dataset.state = state;
  const speed = Number.isFinite(value.speed) ? exact(Math.round(value.speed)) + ' ' + say('speed') : '';
  const count = tokens.length ? exact(tokens.length) + ' ' + say('tokens') : '';
  at('.speed').textContent = [count, speed].filter(Boolean).join(' · ');
  at('.caret').hidden = state !== 'writing';
  at('.empty').hidden = !blank;
  paper.hidden = blank;
  tell(at('.note'), value.note);
  const ended = ['done', 'stopped'].includes(state);
  if (ended && lastState === 'writing') at('.spoken').textContent = tokens.map((token) => token.t).join('');
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
  at('.glyph').textContent = named(token.t);
  at('.place').textContent = say('place') + ' ' + exact(index + 1);
  const rows = [...(token.alts ?? [])];
  if (!rows.some(([text]) => text === token.t)) rows.push([token.t, token.p, token.q]);
  const top = Math.max(...rows.flatMap(([, p, q]) => [p, q]), 0.001);
  at('.alts').replaceChildren(...rows.map((row) => candidate(row, row[0] === token.t, top)));
}

function candidate([text, p, q], drawn, top) {
  const row = make('li'), bars = make('span', 'bars');
  for (const [kind, part] of [['p', p], ['q', q]]) {
    const bar = make('i', 'bar-' + kind);
    bar.style.width = (100 * part) / top + '%';
    bars.append(bar);
  }
  row.classList.toggle('drawn', drawn);
  if (drawn) row.title = say('drawn');
  row.append(make('b', 'text', named(text)), bars, make('span', 'part-p', percent(p)),
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

function onValue() {
  for (const name of ['empty', 'hint']) at('.' + name).textContent = say(name);
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
