/* A browser may let pages keep nothing: then each touch of `localStorage` throws, Gradio's own too, and the page would
 * stop half made. Here what throws is replaced by a store that lasts as long as the page, before anything touches it;
 * screen.css shows the header's line about it. Left out: a store that is full, which can still be read. */
(() => {
  const storeOfThisPage = () => {
    const kept = new Map();
    return {
      getItem: (key) => kept.get(String(key)) ?? null, setItem: (key, value) => { kept.set(String(key), String(value)); },
      removeItem: (key) => { kept.delete(String(key)); }, clear: () => kept.clear(),
      key: (index) => [...kept.keys()][index] ?? null, get length() { return kept.size; },
    };
  };
  for (const name of ['localStorage', 'sessionStorage']) {
    try {
      window[name].getItem('gpt-playground');
    } catch {
      Object.defineProperty(window, name, { value: storeOfThisPage(), configurable: true });
      document.documentElement.classList.add('forgetful');
    }
  }
})();
