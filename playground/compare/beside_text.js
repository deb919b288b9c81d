/* What the cards beside GPT-2 share; stands before each one's own script, in one scope with it. */
const at = (selector) => element.querySelector(selector);
const fillIn = (words, facts) => words.replace(/\{(\w+)\}/g, (whole, key) => facts[key] ?? whole);
const say = (key, facts = {}) => fillIn(props.value?.text?.[key] ?? WORDS[key], facts);
// Characters that would be invisible or could turn the line round are shown by their number.
const HIDDEN = /[\u0080-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function make(tag, className, words) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (words !== undefined) node.textContent = words;
  return node;
}

/** A text as it can be seen: control characters as their symbols, hidden ones as their numbers. Lines stay lines. */
function visible(text) {
  return text.replace(/[\0-\x08\x0b-\x1f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\x7f/g, '\u2421')
    .replace(HIDDEN, (c) => '<' + c.charCodeAt(0).toString(16).padStart(4, '0') + '>');
}

/** A token on one line: spaces and line ends can be seen. */
function named(text) {
  return visible(text).replace(/ /g, '\u00b7').replace(/\n/g, '\u21b5').replace(/\t/g, '\u21e5');
}

function percent(part) {
  if (part > 0 && part < 0.00005) return '< 0.01 %';
  return (100 * part).toFixed(part >= 0.0995 ? 0 : part >= 0.00095 ? 1 : 2) + ' %';
}

/** Put words where they belong, and hide the place where there are none. */
function tell(node, words) {
  node.hidden = !words;
  node.textContent = words ?? '';
}
