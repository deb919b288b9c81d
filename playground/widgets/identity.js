/* Who this browser is. It makes a token of 128 random bits once and keeps it; the server is told it with the calls that
 * need it, keeps a hash, and sends it to nobody. The teacher's key is kept beside it, where it was typed.
 *
 * The text of this file stands inside a script element: it must not contain that element's closing tag.
 */
(() => {
  if (window.playgroundOwner) return;
  const TOKEN = 'gpt-playground-owner', KEY = 'gpt-playground-key';
  const isToken = (text) => typeof text === 'string' && /^[0-9A-Za-z]{32}$/.test(text);
  const held = {}; // a store that is full keeps nothing: then it lasts as long as the page

  function recall(name) {
    try { return localStorage.getItem(name) ?? held[name] ?? null; } catch { return held[name] ?? null; }
  }

  function keep(name, text) {
    held[name] = text;
    try { text === null ? localStorage.removeItem(name) : localStorage.setItem(name, text); } catch { /* full */ }
  }

  function made() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  window.playgroundOwner = {
    /** The token; memory: what earlier versions remembered, with a token in it. */
    token(memory) {
      const kept = recall(TOKEN);
      if (isToken(kept)) return kept;
      keep(TOKEN, isToken(memory?.owner) ? memory.owner : made());
      return held[TOKEN];
    },
    without(memory) {
      const { owner, ...others } = memory ?? {};
      return others;
    },
    key: () => recall(KEY),
    keepKey: (key) => keep(KEY, key),
  };
})();
