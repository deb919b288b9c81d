/* Which of Gradio's nodes hold no words to translate, and no property tells it: names of fields, examples of prompts.
 * Gradio makes nodes when they are first seen, and anew at times, so this looks again whenever some came. Left out:
 * Gradio's own words (gradio_words.js). */
(() => {
  const NO_WORDS = '[id^="field-"] [data-testid="block-info"], [id$="-examples"]';
  const PAUSE = 200; // milliseconds that a look waits for more to come
  let waiting = 0;

  function mark() {
    waiting = 0;
    for (const node of document.querySelectorAll(NO_WORDS)) if (node.translate) node.translate = false;
  }

  new MutationObserver(() => { waiting ||= setTimeout(mark, PAUSE); })
    .observe(document.documentElement, { subtree: true, childList: true });
})();
