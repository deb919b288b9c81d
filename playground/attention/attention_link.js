/* What the four attention widgets share: names of tokens, the scale of colours, and the link between them. Runs at the
 * head of each one's script. The view announces on the document which layer, head and query it shows; the others follow
 * and may pick. No word of it reaches the server. Widgets of one `channel` hear each other. */
const SHOWN = 'playground-attention', PICKED = 'playground-attention-pick';
const { at, say, follow, make, makeSvg, tell, decimal, scientific, percent, named, finite, clamp, bytesOf, walk, onTheme, pointIn } =
  playground.widget(element, props, () => WORDS);

// --- the link -------------------------------------------------------------------------------------------

const channel = () => props.value?.channel ?? '';
const shownBy = (window.playgroundAttention ??= {}); // the last word of each channel, for who comes later

function announce(state) {
  shownBy[channel()] = state;
  document.dispatchEvent(new CustomEvent(SHOWN, { detail: { channel: channel(), ...state } }));
}

function pick(what) {
  document.dispatchEvent(new CustomEvent(PICKED, { detail: { channel: channel(), ...what } }));
}

/** Hear one kind of news of this channel, as long as the widget stands on the page. */
function hear(kind, listener) {
  document.addEventListener(kind, function onNews(event) {
    if (!element.isConnected) return document.removeEventListener(kind, onNews);
    if (event.detail.channel === channel()) listener(event.detail);
  });
}

// --- what is computed on demand ---------------------------------------------------------------------------

/** Asks Python for what a folder holds, once for each thing, as long as it is open. question: what to trigger 'ask' with,
 * or null; draw: shows what came. */
function askOnDemand(folder, question, draw) {
  let askedFor = null;
  function ask() {
    const asked = folder.open ? question() : null, key = JSON.stringify(asked);
    if (!asked || key === askedFor) return;
    askedFor = key;
    trigger('ask', asked);
  }
  function again() {
    askedFor = null;
    ask();
  }
  folder.addEventListener('toggle', () => { again(); draw(); }); // the last answer may not have come
  /** An answer of what the view showed before: it went on meanwhile, and a question that came too soon was dropped. */
  const cameFor = (stamp) => { if (stamp < question()?.stamp) again(); };
  return { ask, cameFor };
}

// --- names of tokens -------------------------------------------------------------------------------------

/** A token cut to a few characters, for an axis. */
function brief(text, most = 7) {
  const letters = [...named(text)];
  return letters.length > most ? letters.slice(0, most - 1).join('') + '\u2026' : letters.join('');
}

/** A place in the text, told apart from its repeats by its index: 12 'h'. */
const place = (tokens, index) => index + " '" + named(tokens[index]) + "'";

// --- colours --------------------------------------------------------------------------------------------

let stops = []; // the scale's colours from nothing to all: [r, g, b] each

function readScale() {
  stops = ['--none', '--some', '--all'].map(colourOf);
}

function colourOf(name) {
  const probe = at('.probe');
  probe.style.color = 'var(' + name + ')';
  const words = getComputedStyle(probe).color, parts = words.match(/[\d.]+/g).slice(0, 3).map(Number);
  return words.startsWith('color') ? parts.map((part) => 255 * part) : parts;
}

/** The colour of a part in 0..1; by its square root, so that small parts can be seen. */
function shade(part) {
  const way = 2 * Math.sqrt(clamp(part, 0, 1)), from = way < 1 ? 0 : 1;
  return stops[from].map((low, i) => Math.round(low + (stops[from + 1][i] - low) * (way - from)));
}

const css = (colour) => 'rgb(' + colour.join(' ') + ')';

/** Dark or light, whichever can be read on a colour. */
function inkOn(colour) {
  const [r, g, b] = colour.map((part) => (part / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.179 ? '#ffffff' : '#000000'; // either has 4.5 and more there
}
