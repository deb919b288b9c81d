/* What the widgets' scripts share: nodes, words, numbers, texts as they can be seen, and the way to the feed.
 *
 * Stands once on the page, before any widget, so that no widget carries a copy. A script takes what it uses:
 *   const { at, say, make } = playground.widget(element, props, () => WORDS);
 * Numbers are those of the value's language, else of the page's (the header sets `lang` of the document). Left out on
 * purpose: drawing, and anything that only one widget needs.
 *
 * The text of this file stands inside a script element: it must not contain that element's closing tag.
 */
(() => {
  if (window.playground) return;

  const SVG = 'http://www.w3.org/2000/svg';
  const NONE = '\u2013';
  const COUNTS = [[1e9, 'B'], [1e6, 'M'], [1e3, 'k']];
  const BYTES = [[1e12, 'TB'], [1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB']];
  // Characters that would be invisible or could turn the line round are shown by their number.
  const TURNS = /[\u202a-\u202e\u2066-\u2069]/g; // the latter alone: no script needs them
  const UNSEEN = /[\u0080-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
  const formats = new Map(); // made once: to make one takes longer than to draw a row

  // --- nodes and words ----------------------------------------------------------------------------------

  function make(tag, className, words) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (words !== undefined) node.textContent = straight(words);
    return node;
  }

  function makeSvg(tag, attributes, words) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (words !== undefined) node.textContent = straight(words);
    return node;
  }

  /** Put words into a node; a live region whose words stay the same stays silent. */
  function put(node, words) {
    const shown = straight(words);
    if (node.textContent !== shown) node.textContent = shown;
  }

  /** Put words into a node, and hide it where there are none. */
  function tell(node, words) {
    node.hidden = !words;
    put(node, words || '');
  }

  // --- texts --------------------------------------------------------------------------------------------

  const byNumber = (c) => '<' + c.charCodeAt(0).toString(16).padStart(4, '0') + '>';

  /** A text that cannot turn itself, nor what stands around it; anything else as it is. */
  const straight = (text) => (typeof text === 'string' ? text.replace(TURNS, byNumber) : text);

  /** A text whose every character can be seen; its spaces, tabs and lines stay what they are. */
  function visible(text) {
    return text.replace(/[\0-\x08\x0b-\x1f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
      .replace(/\x7f/g, '\u2421')
      .replace(UNSEEN, byNumber);
  }

  /** A text that begins with a mark for the letter before it (an accent, a vowel sign), with a circle in its place. */
  const onDots = (text) => text.replace(/^\p{M}/u, '\u25cc$&');

  /** A token on one line, its spaces, tabs and lines seen too, a mark without its letter on a dotted circle. */
  function named(token) {
    return onDots(visible(token)).replace(/ /g, '\u2423').replace(/\n/g, '\u21b5').replace(/\t/g, '\u21e5') || '\u2026';
  }

  /** Put a text on the clipboard; says whether that was possible. Pages without https have only the older way, which
   * needs a field within the dialog that is open. */
  async function copyText(text, place = document.body) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const field = make('textarea');
      field.value = text;
      field.style.cssText = 'position: fixed; opacity: 0';
      place.append(field);
      field.select();
      const copied = document.execCommand('copy');
      field.remove();
      return copied;
    }
  }

  /** Let the browser save a text as a file. */
  function saveText(text, name) {
    const link = make('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /** Scroll to a node whose beginning lies outside the upper part of the window. */
  function comeIntoView(node) {
    const top = node.getBoundingClientRect().top;
    if (top >= 0 && top < 0.4 * window.innerHeight) return;
    const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    node.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'start' });
  }

  /** Where a pointer is within a node, as [x, y] in the node's own pixels: on a projector the page is zoomed. */
  function pointIn(event, node) {
    const box = node.getBoundingClientRect(), zoom = box.width / (node.clientWidth || box.width) || 1;
    return [(event.clientX - box.left) / zoom, (event.clientY - box.top) / zoom];
  }

  // --- numbers of no language ---------------------------------------------------------------------------

  const finite = (value) => typeof value === 'number' && Number.isFinite(value);
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const bytesOf = (packed) => Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));

  /** A time as minutes and seconds: 1:05, or 2:01:05. */
  function clock(seconds) {
    const whole = Math.max(0, Math.round(seconds)), two = (part) => String(part).padStart(2, '0');
    const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    return (hours ? hours + ':' + two(minutes) : minutes) + ':' + two(whole % 60);
  }

  // --- numbers as a language writes them ----------------------------------------------------------------

  function numbersOf(language) {
    function write(value, options) {
      const key = language() + Object.values(options).join(); // each caller has another number of options
      if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(language(), options));
      return formats.get(key).format(value).replace('-', '\u2212');
    }

    /** A count in full: 124,439,808. */
    const exact = (count) => write(count, { maximumFractionDigits: 3 });

    /** A number to so many decimals, and a dash for what is none. */
    function decimal(value, digits) {
      if (!finite(value)) return NONE;
      return write(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    }

    /** A number to at most and at least so many digits: 0.141, 15, 4.53; a tiny one by its power. */
    function rounded(value, most = 3, least = 1) {
      if (value !== 0 && Math.abs(value) < 1e-6) return scientific(value, most - 1);
      return write(value, { maximumSignificantDigits: most, minimumSignificantDigits: least, useGrouping: false });
    }

    /** A number by its power: 3.0e-4. */
    function scientific(value, digits) {
      const [mantissa, power] = value.toExponential(digits).split('e');
      return decimal(Number(mantissa), digits) + 'e' + Number(power);
    }

    function inUnits(value, units, none) {
      const [size, unit] = units.find(([each]) => value >= 0.9995 * each) ?? [1, none];
      return rounded(value / size) + (unit && ' ' + unit);
    }

    /** A count in three digits: 4.9 k, 810 k, 10.8 M, 1.56 B. */
    const short = (count) => inUnits(count, COUNTS, '');

    /** A size in three digits: 140 B, 498 MB, 1.08 TB. */
    const bytes = (count) => inUnits(count, BYTES, 'B');

    /** A share, as `percent` in numbers.py writes it: 31.0 %, 0.63 %, 0.0012 %; a tiny one by its power. */
    function percent(part) {
      const whole = 100 * part;
      if (whole === 0) return '0 %';
      if (whole >= 0.995) return decimal(whole, 1) + ' %';
      return (whole < 1e-4 ? scientific(whole, 1) : rounded(whole, 2, 2)) + ' %';
    }

    return { exact, decimal, rounded, scientific, short, bytes, percent };
  }

  // --- walking ------------------------------------------------------------------------------------------

  /** The index on the next line (way 1) or the one before (-1) that stands nearest to the column of `here`. */
  function below(nodes, here, way) {
    const own = nodes[here].getBoundingClientRect();
    let best, least = Infinity, line = null;
    for (let i = here + way; nodes[i]; i += way) {
      const box = nodes[i].getBoundingClientRect();
      if (Math.abs(box.top - own.top) < 4) continue;
      line ??= box.top;
      if (Math.abs(box.top - line) > 4) break;
      if (Math.abs(box.left - own.left) < least) { least = Math.abs(box.left - own.left); best = i; }
    }
    return best;
  }

  /** Let an arrow key go from one of the tokens of a text to another. */
  function walk(event, nodes, here) {
    const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: nodes.length - 1,
      ArrowDown: below(nodes, here, 1), ArrowUp: below(nodes, here, -1) }[event.key];
    if (!nodes[to]) return;
    event.preventDefault();
    nodes[to].focus();
  }

  /** Call back when the page turns light or dark. */
  function onTheme(listener) {
    new MutationObserver(listener).observe(document.body, { attributeFilter: ['class'] });
  }

  // --- one widget ---------------------------------------------------------------------------------------

  /** The helpers for one widget. words: gives its English, which the value's `text` may translate. */
  function widget(element, props, words) {
    const wished = () => props.value?.lang || document.documentElement.lang;
    const numbers = numbersOf(() => (wished().startsWith('vi') ? 'vi' : 'en'));
    let unsubscribe = () => {};

    const at = (selector) => element.querySelector(selector);

    /** Fill the places of a text: {n} is written as the language writes it, {n:token|tokens} is the word for it. */
    function fillIn(text, facts) {
      return text.replace(/\{(\w+)(?::(\w+)\|(\w+))?\}/g, (_, key, one, many) => {
        const fact = facts[key] ?? NONE;
        if (one) return String(fact) === '1' ? one : many;
        return typeof fact === 'number' ? numbers.exact(fact) : straight(fact);
      });
    }

    /** The words for a key, in the value's language. */
    const say = (key, facts = {}) => fillIn(props.value?.text?.[key] ?? words()[key] ?? '', facts);

    /** Hear the feed of a run, and no more of the one before; ends when the widget leaves the page. */
    function follow(run, lang, listener) {
      unsubscribe();
      unsubscribe = () => {};
      if (!run) return;
      unsubscribe = window.playgroundFeed.subscribe(run, lang, (news) => {
        if (element.isConnected) listener(news);
        else unsubscribe();
      });
    }

    return { ...numbers, at, fillIn, say, follow, make, makeSvg, put, tell, visible, straight, named, onDots, finite, clamp,
      bytesOf, clock, walk, onTheme, copyText, saveText, comeIntoView, pointIn };
  }

  window.playground = { widget };
})();
