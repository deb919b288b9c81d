/* What Gradio leaves out for who has no pointer or another language: its tabs are walked with the arrows here, as tabs are
 * elsewhere; and names of fields and examples of prompts are marked as no words to translate, which no property tells.
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

  function onKey(event) {
    const tab = event.target.closest?.('[role="tab"]'), tabs = [...(tab?.parentElement.querySelectorAll('[role="tab"]') ?? [])];
    const here = tabs.indexOf(tab), last = tabs.length - 1;
    const to = tabs[{ ArrowRight: here === last ? 0 : here + 1, ArrowLeft: here ? here - 1 : last, Home: 0, End: last }[event.key]];
    if (!to) return;
    event.preventDefault();
    to.click();
    to.focus();
  }

  document.addEventListener('keydown', onKey);
  new MutationObserver(() => { waiting ||= setTimeout(mark, PAUSE); })
    .observe(document.documentElement, { subtree: true, childList: true });
})();
