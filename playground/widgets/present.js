/* The present mode, for a projector: chart, sentence and samples, large, and nothing else. It is a class of the
 * document, which page.css draws, and stands in the address (`?present`), so that a link opens it. Escape leaves. */
(() => {
  const root = document.documentElement, asked = () => new URL(location.href).searchParams.has('present');

  function present(on) {
    const button = document.querySelector(on ? '#present-leave' : '#present-button');
    setTimeout(() => button?.focus({ preventScroll: true })); // where it was is no longer seen
    if (on) document.querySelector('#tabs [data-tab-id="train"]')?.click();
    root.classList.toggle('presenting', on);
    const address = new URL(location.href);
    if (on) address.searchParams.set('present', '');
    else address.searchParams.delete('present');
    history.replaceState(history.state, '', address);
    window.scrollTo(0, 0);
  }

  window.playground.present = present;
  root.classList.toggle('presenting', asked());
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && root.classList.contains('presenting')) present(false);
  });
})();
