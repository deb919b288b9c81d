/* The attention view; runs once for each one on the page (element, props, trigger, watch: Gradio's). Here: words, the
 * state, and what moves it. A value is unpacked once; layer, head and query then change without the server. Before it
 * stand attention_link.js, attention_tokens.js and attention_maps.js. */
const WORDS = {
  empty: 'Type a text to see what the model looks at.', layer: 'Layer', head: 'Head', mean: 'mean',
  layer_short: 'layer', hint: 'Point at a token: what it attends to lights up. A click keeps it.',
  hint_pinned: 'Kept. Click it again, or press Escape, to let go.',
  tokens: 'The text as tokens: walk with the arrow keys', legend: 'attention weight (colour by its square root)',
  legend_future: 'later: cannot be seen', legend_query: 'query',
  attends_to: '{place} attends to', expects: 'After {place} the model expects', came: 'This is what came next',
  token_aria: '{place}, weight {weight}', token_future: '{place}, later: cannot be seen',
  heat: 'Layer {layer}, head {head}', heat_mean: 'Layer {layer}, mean of its heads',
  heat_axes: 'rows: the query; columns: what it attends to',
  heat_aria: 'Attention weights, query by key: walk with the arrow keys',
  cell: 'query {query} \u2192 key {key}: {weight}',
  cell_masked: 'query {query} \u2192 key {key}: masked, it comes later',
  grid: 'All heads', grid_hint: 'Choose one to enlarge it.', column: 'head {head}',
  masked: 'masked: it comes later', thumb: 'Layer {layer}, head {head}',
  thumb_mean: 'Layer {layer}, mean of its heads',
  doing: 'What does layer {layer}, head {head} do?', doing_mean: 'What do the heads of layer {layer} do?',
  scores_mean: 'Scores are measured head by head: choose a head.',
  scores_hint: 'On the fixed texts no score of this head is clearly high, so it gets no name. Point at a score for its '
    + 'definition.',
  even: 'even attention: {value}', unmeasured: 'cannot be measured here', fixed_run: 'validation: {value}\u00a0\u00b1\u00a0{spread}',
  fixed_book: 'book: {value}\u00a0\u00b1\u00a0{spread}', fixed_random: 'random sequences: \u00b1\u00a0{spread}',
  why_same: 'no token comes twice in this text.', why_induction: 'it takes a block_size of 8 and a vocab_size of 4.',
  why_short: 'the text has only one token.',
  about_scores_run: 'Large: on this text. The name of a head: on {count} fixed {count:text|texts} of the validation part ({tokens} {tokens:token|tokens}), '
    + '\u00b1 standard deviation from text to text. The mark: what even attention scores.',
  about_scores_book: 'Large: on this text. The name of a head: on {count} {count:piece|pieces} of a fixed page of a book ({tokens} {tokens:token|tokens}), '
    + '\u00b1 standard deviation from piece to piece. The mark: what even attention scores.',
  score_self: 'itself', score_previous: 'previous token', score_first: 'first token', score_same: 'same token',
  score_induction: 'induction', score_entropy: 'entropy', score_distance: 'distance',
  short_self: 'itself', short_previous: 'prev', short_first: 'first', short_same: 'same', short_induction: 'induct',
  value_entropy: '{value} nats', value_distance: '{value} tokens',
  help_self: 'the mean weight a token gives to itself.',
  help_previous: 'the mean weight a token gives to the one just before it.',
  help_first: 'the mean weight a token gives to the first one; a head often rests there when it has nothing to do.',
  help_same: 'the mean weight a token gives to earlier occurrences of the same token.',
  help_induction: 'the mean weight a token gives to what followed an earlier occurrence of it, measured on random '
    + 'sequences written twice (Olsson et al., 2022).',
  help_entropy: 'how widely a query spreads its attention: 0 nats on one token, ln n when even over n.',
  help_distance: 'how far back it looks, in tokens, weighted by attention.',
  no_head: 'The link asks for layer {layer}, head {head}, which this model does not have.',
};
let view = null; // the value, unpacked: { tokens, layers, nHead, bytes, means, predictions, heads, step }
let chosen = { layer: 0, head: 0 }, query = 0, pinned = null;
let given = null, stamp = 0; // the choice that Python made last; how many values have come
let former = null; // the last view that showed something: what was chosen in it stays chosen
let askedHead = null, tellsUntil = 0; // by a link, until there is a view; and until when Python is told of it

// --- the value ------------------------------------------------------------------------------------------

function unpack(value) {
  const [layers, nHead] = value.shape, bytes = bytesOf(value.data);
  const { predictions, ids, ...heads } = JSON.parse(value.facts);
  const { tokens, step, of, key } = value;
  return { tokens, layers, nHead, bytes, means: new Map(), predictions, ids, heads, step, of, key };
}

/** The lower triangle of a head (or the mean of a layer's heads), row by row: 255 times the square root of a weight. */
function triangleOf(layer, head) {
  const T = view.tokens.length, size = (T * (T + 1)) / 2, start = (h) => (layer * view.nHead + h) * size;
  if (head !== 'mean') return view.bytes.subarray(start(head), start(head) + size);
  if (!view.means.has(layer)) {
    const mean = new Float32Array(size);
    for (let h = 0; h < view.nHead; h += 1) {
      for (let i = 0, from = start(h); i < size; i += 1) mean[i] += view.bytes[from + i] ** 2 / view.nHead;
    }
    for (let i = 0; i < size; i += 1) mean[i] = Math.sqrt(mean[i]);
    view.means.set(layer, mean);
  }
  return view.means.get(layer);
}

const weightAt = (q, k) => (triangleOf(chosen.layer, chosen.head)[(q * (q + 1)) / 2 + k] / 255) ** 2;

function onValue() {
  nameParts();
  const value = props.value, before = former;
  view = value?.tokens?.length ? unpack(value) : null;
  at('.body').hidden = at('.chooser').hidden = !view;
  at('.empty').hidden = Boolean(view);
  tell(at('.of'), view?.of);
  tell(at('.note'), value?.note);
  stamp += 1;
  if (!view) return announce({ stamp, key: null, run: value?.run });
  former = view;
  const sameText = before && JSON.stringify(before.tokens) === JSON.stringify(view.tokens);
  if (!sameText) { query = view.tokens.length - 1; pinned = null; cell = null; }
  takeChoice(value, before);
  if (!sameText) drawTokens();
  if (before?.layers !== view.layers || before?.nHead !== view.nHead) fillSelects();
  if (grid.dataset.shape !== [view.layers, view.nHead, props.value.lang].join()) drawGrid();
  paintGrid();
  paintHead();
}

/** Keep the user's layer and head, unless Python now names another one than before or they are gone. */
function takeChoice(value, before) {
  const key = value.layer + ' ' + value.head, named = key !== given;
  given = key;
  const gone = !has(chosen.layer, chosen.head);
  if (named || gone || !before) chosen = { layer: value.layer, head: value.head };
  if (askedHead) takeAsked();
  if (performance.now() < tellsUntil) setTimeout(() => trigger('choose', chosen)); // once Gradio is done with this value
}

/** Take the head that a link asks for, and say so where the model has no such one. */
function takeAsked() {
  const [layer, head] = askedHead.split('.').map((part) => (part === 'mean' ? part : Number(part)));
  askedHead = null;
  if (has(layer, head)) {
    chosen = { layer, head };
    tellsUntil = performance.now() + 3000; // with each value that comes: one on its way does not know of it yet
  } else tell(at('.note'), say('no_head', { layer, head }));
}

function nameParts() {
  const shown = { '.empty': 'empty', '.layer-name': 'layer', '.head-name': 'head', '.legend-name': 'legend',
    '.legend-future': 'legend_future', '.legend-query': 'legend_query', '.heat-axes': 'heat_axes',
    '.grid-side h2': 'grid', '.grid-hint': 'grid_hint' };
  for (const [selector, key] of Object.entries(shown)) at(selector).textContent = say(key);
  tokenBox.setAttribute('aria-label', say('tokens'));
  canvas.setAttribute('aria-label', say('heat_aria'));
  grid.setAttribute('aria-label', say('grid'));
  if (props.value?.lang) at('.attention').lang = props.value.lang;
}

// --- layer, head, query ---------------------------------------------------------------------------------

function fillSelects() {
  const numbered = (count) => [...Array(count).keys()].map((i) => new Option(i, i));
  at('.layer').replaceChildren(...numbered(view.layers));
  at('.head').replaceChildren(new Option(say('mean'), 'mean'), ...numbered(view.nHead));
}

const has = (layer, head) => layer < view.layers && (head === 'mean' || head < view.nHead);

function choose(next, byUser) {
  const { layer, head } = next;
  if (!view || !has(layer, head)) return;
  chosen = { layer, head };
  paintHead();
  if (byUser) trigger('choose', chosen);
}

function paintHead() {
  at('.layer').value = chosen.layer;
  at('.head').value = chosen.head;
  at('.heat h2').textContent = chosen.head === 'mean' ? say('heat_mean', chosen) : say('heat', chosen);
  tellHead(chosen.layer + '.' + chosen.head);
  markChosen();
  paintScores();
  paintQuery();
}

function paintQuery() {
  paintTokens();
  paintStrongest();
  paintNext();
  at('.hint').textContent = say(pinned === null ? 'hint' : 'hint_pinned');
  redraw();
  announce({ ...chosen, query, step: view.step, stamp, key: view.key, of: view.of, run: props.value.run });
}

function lookAt(index) {
  if (!view || pinned !== null || index === query) return;
  query = index;
  paintQuery();
}

function pin(index) {
  pinned = pinned === index ? null : index;
  query = index;
  paintQuery();
}

function unpin() {
  if (pinned !== null) pin(pinned);
}

// --- wiring ---------------------------------------------------------------------------------------------

at('.layer').addEventListener('change', (event) => choose({ ...chosen, layer: Number(event.target.value) }, true));
at('.head').addEventListener('change', (event) => {
  choose({ ...chosen, head: event.target.value === 'mean' ? 'mean' : Number(event.target.value) }, true);
});
hear(PICKED, (what) => choose(what, true));
let lastWidth = 0;
new ResizeObserver(() => {
  const width = at('.plot').clientWidth;
  if (width !== lastWidth) { lastWidth = width; redraw(); }
}).observe(at('.plot'));
onTheme(() => {
  readInk();
  if (view) { paintGrid(); paintQuery(); }
});
const tellHead = playground.link.hold('head', (asked) => {
  askedHead = asked;
  if (view) { takeAsked(); paintHead(); trigger('choose', chosen); }
}, '0.0');
readInk();
watch('value', onValue);
onValue();
