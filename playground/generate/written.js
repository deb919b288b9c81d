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
// Characters that would be invisible or could turn the line round are shown by their number.
const HIDDEN = /[\u0080-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const at = (selector) => element.querySelector(selector);
const say = (key) => props.value?.text?.[key] ?? WORDS[key];
const percent = (part) => (100 * part).toFixed(part >= 0.0995 ? 0 : part >= 0.00095 ? 1 : 2) + ' %';
const paper = at('.paper'), prompt = at('.prompt'), written = at('.tokens'), panel = at('.panel');
let shownPrompt = '', seen = '', pinned = null, lastState = null;
let drawn = []; // the tokens that stand, unpacked

// --- text -----------------------------------------------------------------------------------------------

/** A text as it can be seen: control characters as their symbols, hidden ones as their numbers. */
function visible(text) {
  const seen = text.replace(/[\0-\x08\x0b-\x1f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\x7f/g, '\u2421')
    .replace(HIDDEN, (c) => '<' + c.charCodeAt(0).toString(16).padStart(4, '0') + '>');
  return seen.replace(/\t/g, '\u21e5\t');
}

function fill(node, text) {
  text.split('\n').forEach((part, i) => {
    if (i) {
      const arrow = document.createElement('span');
      arrow.className = 'break';
      arrow.textContent = '\u21b5';
      node.append(arrow, '\n');
    }
    node.append(visible(part));
  });
  node.classList.toggle('blank', /^ +$/.test(text));
}

/** A text on one line, for the panel and for being spoken. */
function named(text) {
  if (/^ +$/.test(text)) return '\u2423'.repeat(text.length);
  return visible(text.replace(/^ /, '\u2423')).replace(/\n/g, '\u21b5').replace(/\t/g, '');
}

function spoken(text) {
  return text === '\n' ? say('newline') : text === ' ' ? say('space') : visible(text);
}

function tokenNode(token) {
  const node = document.createElement('span');
  node.className = 'tok';
  node.setAttribute('role', 'button');
  node.setAttribute('aria-pressed', 'false');
  node.tabIndex = -1;
  node.style.setProperty('--p', (100 * token.p).toFixed(1) + '%');
  const words = { token: spoken(token.t), percent: percent(token.p) };
  node.setAttribute('aria-label', say('token_aria').replace(/\{(\w+)\}/g, (_, key) => words[key]));
  fill(node, token.t);
  return node;
}

function drawPrompt(pieces) {
  prompt.replaceChildren(...pieces.map((piece) => {
    const node = document.createElement('span');
    node.className = 'piece';
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
  at('.state').textContent = say(state) ?? '';
  at('.state').dataset.state = state;
  const speed = Number.isFinite(value.speed) ? Math.round(value.speed) + ' ' + say('speed') : '';
  const count = tokens.length ? tokens.length + ' ' + say('tokens') : '';
  at('.speed').textContent = [count, speed].filter(Boolean).join(' · ');
  at('.caret').hidden = state !== 'writing';
  at('.empty').hidden = !blank;
  paper.hidden = blank;
  at('.note').hidden = !value.note;
  at('.note').textContent = value.note ?? '';
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
  at('.place').textContent = say('place') + ' ' + (index + 1);
  const rows = [...(token.alts ?? [])];
  if (!rows.some(([text]) => text === token.t)) rows.push([token.t, token.p, token.q]);
  const top = Math.max(...rows.flatMap(([, p, q]) => [p, q]), 0.001);
  at('.alts').replaceChildren(...rows.map((row) => candidate(row, row[0] === token.t, top)));
}

function candidate([text, p, q], drawn, top) {
  const row = document.createElement('li'), bars = document.createElement('span');
  bars.className = 'bars';
  for (const [kind, part] of [['p', p], ['q', q]]) {
    const bar = document.createElement('i');
    bar.className = 'bar-' + kind;
    bar.style.width = (100 * part) / top + '%';
    bars.append(bar);
  }
  const cells = [named(text), percent(p), percent(q)].map((words, i) => {
    const node = document.createElement(i ? 'span' : 'b');
    node.className = ['text', 'part-p', 'part-q'][i];
    node.textContent = words;
    return node;
  });
  row.classList.toggle('drawn', drawn);
  if (drawn) row.title = say('drawn');
  row.append(cells[0], bars, cells[1], cells[2]);
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

function walk(node, event) {
  const all = written.children, here = indexOf(node);
  const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: all.length - 1,
    ArrowDown: below(node, 1), ArrowUp: below(node, -1) }[event.key];
  if (to === undefined || !all[to]) return;
  event.preventDefault();
  all[to].focus();
}

/** The token on the next line (way 1) or the one before (-1) that stands nearest to a token's column. */
function below(node, way) {
  const own = node.getBoundingClientRect(), all = [...written.children];
  let best, least = Infinity, line = null;
  for (let i = indexOf(node) + way; all[i]; i += way) {
    const box = all[i].getBoundingClientRect();
    if (Math.abs(box.top - own.top) < 4) continue;
    line ??= box.top;
    if (Math.abs(box.top - line) > 4) break;
    if (Math.abs(box.left - own.left) < least) { least = Math.abs(box.left - own.left); best = i; }
  }
  return best;
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
  } else walk(tokenAt(event), event);
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
