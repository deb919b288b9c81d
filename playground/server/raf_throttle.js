/* Nothing moves unless something happens.
 *
 * Gradio (6.31) counts the time of its spinners sixty times a second, and never stops the one that it showed while
 * the page was loading: a tenth of a core for as long as a page is open, taken from the run that trains beside it.
 * What such a clock shows has one decimal, so it ticks ten times a second here, and asks for no frame.
 */
(() => {
  const nextFrame = window.requestAnimationFrame.bind(window);
  const isClock = (callback) => /^\(\)\s*=>\s*\{\s*\w+\(\w+,\s*\(performance\.now\(\)\s*-/.test(String(callback));
  window.requestAnimationFrame = (callback) => (isClock(callback) ? setTimeout(callback, 100) : nextFrame(callback));
})();
