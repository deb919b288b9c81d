/* Gradio's own words in the page's language: what it writes into `aria-label`, `title` and `placeholder` by itself. The
 * table is playground/words/gradio_words.py's, which theme.py puts in the place of GRADIO_VI. Gradio may write its
 * English again at any time, so this watches; what it translated it knows, to give it back when the page turns English.
 * Left out: what we give Gradio to say (words/), and Gradio's visible sentences, which page.css hides.
 */
(() => {
  const NAMES = ['aria-label', 'title', 'placeholder'], root = document.documentElement;
  const whole = new Map(), patterns = [];
  for (const [english, vietnamese] of Object.entries(GRADIO_VI)) {
    if (english.includes('{}')) patterns.push([english.split('{}')[0], vietnamese]);
    else whole.set(english, vietnamese);
  }
  const done = new Map(NAMES.map((name) => [name, new WeakMap()])); // node -> [Gradio's word, ours]

  function inVietnamese(text) {
    const found = patterns.find(([begins]) => text.startsWith(begins));
    return whole.get(text) ?? (found && found[1].replace('{}', () => text.slice(found[0].length)));
  }

  function speak(node) {
    for (const name of NAMES) {
      const text = node.getAttribute(name), known = done.get(name).get(node);
      if (!text) continue;
      if (root.lang !== 'vi') {
        if (known?.[1] === text) node.setAttribute(name, known[0]);
      } else if (node.translate) {
        const ours = inVietnamese(text);
        if (!ours || ours === text) continue;
        done.get(name).set(node, [text, ours]);
        node.setAttribute(name, ours);
      }
    }
  }

  const speakAll = (under) => under.querySelectorAll('[aria-label], [title], [placeholder]').forEach(speak);

  new MutationObserver((changes) => {
    if (changes.some((change) => change.target === root && change.type === 'attributes')) return speakAll(root);
    if (root.lang !== 'vi') return;
    for (const { type, target, addedNodes } of changes) {
      if (type === 'attributes') speak(target);
      for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) { speak(node); speakAll(node); }
    }
  }).observe(root, { subtree: true, childList: true, attributeFilter: [...NAMES, 'lang'] });
})();
