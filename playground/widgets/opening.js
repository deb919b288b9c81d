/* Until the page has heard what it is to show, nothing can be chosen: the answer would overwrite it without a word.
 * Where no answer comes, the page is given to its visitor all the same. */
(() => {
  const MOST = 20_000; // milliseconds
  let gaveUp = 0;

  function hold(on) {
    clearTimeout(gaveUp);
    document.documentElement.classList.toggle('opening', on); // which screen.css dims, if it lasts
    document.body.inert = on;
    window.playground.isOpened = !on;
  }

  window.playground.opening = () => {
    hold(true);
    gaveUp = setTimeout(hold, MOST, false);
  };
  window.playground.opened = () => hold(false);
})();
