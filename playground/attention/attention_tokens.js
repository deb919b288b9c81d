/* The token view: the text as tokens, what the query attends to, what the model expects next, and what the head
 * does. Shares one scope with attention.js, which follows it and holds the state (view, chosen, query, pinned). */
const STRONGEST = 5;
// One string: Gradio offers every word in quotes as an attribute, and asks for one that is called like its own self.
// The order of the known scores; one that is new stands after them, under its own name.
const SCORES = 'self previous first same induction entropy distance'.split(' ');
const scoreNames = (scores) => [...new Set([...SCORES, ...Object.keys(scores)])].filter((name) => scores[name]);
const scoreName = (name) => say('score_' + name) || name;
const tokenBox = at('.tokens');
const indexOf = (node) => [...tokenBox.querySelectorAll('.tok')].indexOf(node);
const tokenNodes = () => tokenBox.querySelectorAll('.tok');
const tokenAt = (event) => event.target.closest?.('.tok');

function drawTokens() {
  const nodes = document.createDocumentFragment();
  view.tokens.forEach((text, i) => {
    const node = make('span', 'tok', named(text));
    node.setAttribute('role', 'button');
    node.tabIndex = i === query ? 0 : -1;
    node.classList.toggle('blank', !text.trim());
    node.title = place(view.tokens, i);
    nodes.append(node);
    if (text.endsWith('\n')) nodes.append(document.createElement('br'));
  });
  tokenBox.replaceChildren(nodes);
}

function paintTokens() {
  tokenNodes().forEach((node, i) => {
    const weight = i <= query ? weightAt(query, i) : null, colour = weight === null ? null : shade(weight);
    node.classList.toggle('query', i === query);
    node.classList.toggle('future', weight === null);
    node.style.backgroundColor = colour ? css(colour) : '';
    node.style.color = colour ? inkOn(colour) : '';
    node.setAttribute('aria-pressed', String(i === pinned));
    const facts = { place: place(view.tokens, i), weight: decimal(weight, 2) };
    node.setAttribute('aria-label', say(weight === null ? 'token_future' : 'token_aria', facts));
  });
}

// --- what it attends to, what it expects ----------------------------------------------------------------

function strongest() {
  const keys = Array.from({ length: query + 1 }, (_, key) => [key, weightAt(query, key)]);
  return keys.sort((a, b) => b[1] - a[1] || b[0] - a[0]).slice(0, STRONGEST);
}

function barRow(name, index, part, words) {
  const row = make('li', 'bar-row'), track = make('span', 'track'), bar = make('i', 'bar');
  const label = make('b', 'text');
  label.append(make('span', '', named(name)));
  label.title = named(name);
  if (index !== null) label.append(make('small', 'index', String(index)));
  bar.style.width = 100 * clamp(part, 0, 1) + '%';
  track.append(bar);
  row.append(label, track, make('span', 'number', words));
  return row;
}

function paintStrongest() {
  const rows = strongest(), where = place(view.tokens, query);
  at('.strong h2').textContent = say('attends_to', { place: where });
  at('.strong ol').replaceChildren(...rows.map(([key, weight]) => {
    const row = barRow(view.tokens[key], key, weight, decimal(weight, 2));
    row.addEventListener('pointerenter', () => tokenNodes()[key]?.classList.add('pointed'));
    row.addEventListener('pointerleave', () => tokenNodes()[key]?.classList.remove('pointed'));
    return row;
  }));
  for (const node of tokenBox.querySelectorAll('.pointed')) node.classList.remove('pointed');
  const list = rows.map(([key, weight]) => place(view.tokens, key) + ' ' + decimal(weight, 2)).join(', ');
  at('.spoken').textContent = say('attends_to', { place: where }) + ' ' + list;
}

function paintNext() {
  const rows = view.predictions[query] ?? [], last = query === view.tokens.length - 1;
  at('.next h2').textContent = say('expects', { place: place(view.tokens, query) });
  at('.next').hidden = !view.predictions.length;
  at('.next ol').replaceChildren(...rows.map(([text, part, id]) => {
    const row = barRow(text, null, part, percent(part));
    const came = !last && id === view.ids[query + 1];
    row.classList.toggle('came', came);
    if (came) row.title = say('came');
    return row;
  }));
}

// --- what the head does ---------------------------------------------------------------------------------

/** How much of its bar a score fills: entropy and distance are told by what the longest query could reach. */
function share(name, value) {
  const T = view.tokens.length;
  if (name === 'entropy') return T > 1 ? value / Math.log(T) : 0;
  return name === 'distance' ? value / Math.max(1, T - 1) : value;
}

const labelWords = ([name, score, spread]) => scoreName(name) + ' ' + decimal(score, 2)
  + (finite(spread) ? ' \u00b1 ' + decimal(spread, 2) : '');
const labelOf = (layer, head) => (head === 'mean' ? null : view.heads.labels?.[layer]?.[head] ?? null);

function paintScores() {
  const { layer, head } = chosen, label = labelOf(layer, head), single = head !== 'mean';
  const scores = view.heads.scores ?? {}, names = scoreNames(scores);
  at('.doing').hidden = !names.length;
  at('.doing h2').textContent = single ? say('doing', { layer, head }) : say('doing_mean', { layer });
  at('.badge').hidden = !label;
  at('.badge').textContent = label ? labelWords(label) : '';
  at('.scores').hidden = !single;
  const nodes = at('.scores').children;
  if (nodes.length !== names.length) at('.scores').replaceChildren(...names.map(scoreNode));
  names.forEach((name, i) => single && paintScore(nodes[i], name, label));
  const { texts } = view.heads;
  tell(at('.about-scores'), single && texts ? say('about_scores_' + texts.of, texts) : '');
  explain(single ? label?.[0] ?? null : null);
}

function scoreNode(name) {
  const node = make('button', 'score'), track = make('span', 'track');
  node.type = 'button';
  track.append(make('i', 'bar'), make('i', 'even'));
  node.append(make('span', 'score-name'), make('b', 'score-value'), track, make('small', 'even-words'),
    make('small', 'fixed-words'));
  for (const kind of ['pointerenter', 'focus', 'click']) node.addEventListener(kind, () => explain(name));
  node.addEventListener('pointerleave', () => explain(labelOf(chosen.layer, chosen.head)?.[0] ?? null));
  return node;
}

function paintScore(node, name, label) {
  const { layer, head } = chosen, { scores, even, measured, texts } = view.heads;
  const value = scores[name][layer]?.[head], level = even?.[name], known = finite(value) && finite(level);
  node.children[0].textContent = scoreName(name);
  const words = decimal(value, 2), unit = 'value_' + name; // entropy and distance have one
  node.children[1].textContent = finite(value) ? (WORDS[unit] ? say(unit, { value: words }) : words) : say('unmeasured');
  node.classList.toggle('unmeasured', !finite(value));
  tell(node.querySelector('.even-words'), known ? say('even', { value: decimal(level, 2) }) : '');
  const mark = node.querySelector('.even');
  mark.hidden = !known;
  if (known) mark.style.left = 100 * clamp(share(name, level), 0, 1) + '%';
  const fixed = measured?.mean?.[name]?.[layer]?.[head], spread = measured?.spread?.[name]?.[layer]?.[head];
  const facts = { value: decimal(fixed, 2), spread: decimal(spread, 2) };
  const told = finite(fixed) && texts ? say('fixed_' + (name === 'induction' ? 'random' : texts.of), facts) : '';
  tell(node.querySelector('.fixed-words'), told);
  node.querySelector('.bar').style.width = 100 * clamp(finite(value) ? share(name, value) : 0, 0, 1) + '%';
  node.title = say('help_' + name) + (finite(value) ? '' : ' ' + whyNot(name));
  node.classList.toggle('labelled', label?.[0] === name);
}

/** Why a score cannot be measured here. */
function whyNot(name) {
  const why = name !== 'induction' && view.tokens.length < 2 ? say('why_short') : say('why_' + name);
  return [say('unmeasured'), why].filter(Boolean).join(': ');
}

function explain(name) {
  const words = chosen.head === 'mean' ? say('scores_mean') : say('scores_hint');
  const missing = name && chosen.head !== 'mean' && !finite(view.heads.scores[name]?.[chosen.layer]?.[chosen.head]);
  const help = [scoreName(name), say('help_' + name)].filter(Boolean).join(': ');
  at('.score-help').textContent = name ? help + (missing ? ' ' + whyNot(name) : '') : words;
}

// --- pointing and walking -------------------------------------------------------------------------------

tokenBox.addEventListener('pointermove', (event) => tokenAt(event) && lookAt(indexOf(tokenAt(event))));
tokenBox.addEventListener('click', (event) => tokenAt(event) && pin(indexOf(tokenAt(event))));
tokenBox.addEventListener('focusin', (event) => {
  for (const node of tokenBox.querySelectorAll('[tabindex="0"]')) node.tabIndex = -1;
  tokenAt(event).tabIndex = 0;
  lookAt(indexOf(tokenAt(event)));
});
tokenBox.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    pin(indexOf(tokenAt(event)));
  } else if (event.key === 'Escape') unpin();
  else walk(event, tokenNodes(), indexOf(tokenAt(event)));
});
