/* The page's state as its address. What each part of the page is worth is told here as it changes; what differs from
 * the defaults is written into the address without a request, and a change of tab or run is a step of the browser's
 * Back and Forward. Which parts there are `linked.py` says (`declare`); what a link asks for, the server has read
 * (`opened`). A script that holds a part of the page itself: `playground.link.hold(name, put, first)` calls `put` with what
 * is asked for (and the run that it is asked of), and returns what tells the value: `tell(value)`. The token of a browser is no part, and never stands here.
 *
 * The text of this file stands inside a script element: it must not contain that element's closing tag.
 */
(() => {
  if (window.playground.link) return;
  const PAUSE = 300; // milliseconds after a change; browsers let a page write its address a hundred times in 30 s
  const OURS = ['hide', 'lock'];
  const asked = new URLSearchParams(location.search); // as the page was opened
  const held = new Map(); // the parts that scripts hold: name -> { value, put }
  let parts = [], most = 0, longest = 0, values = [], written = null, shown = '', waiting = 0, touched = false;
  let hidden = [], locked = [];

  const ofWidgets = () => parts.filter((part) => part.name && part.is_value && !part.held);

  // --- what the page is now -----------------------------------------------------------------------------

  function state() {
    const now = {};
    ofWidgets().forEach((part, i) => { now[part.name] = values[i]; });
    for (const [name, part] of held) now[name] = part.value;
    return now;
  }

  const defaultOf = (part, now) => part.by?.[now[part.by_part]] ?? part.default ?? null;
  const counts = (part, now) => part.is_value && (!part.only_if || now[part.only_if[0]] === part.only_if[1]);
  /** Tell whether a text is no part of a link; letters count, of which one may be two units of JavaScript's. */
  function isTooLong(part, now) {
    const text = part.text && counts(part, now) ? now[part.name] ?? '' : '';
    return text.length > 2 * most || (text.length > most && [...text].length > most);
  }

  function differs(part, now) {
    const value = now[part.name], usual = defaultOf(part, now);
    if (!counts(part, now) || value === undefined || value === usual) return false;
    return !((value ?? '') === '' && (usual ?? '') === '') && !isTooLong(part, now);
  }

  /** A value as an address shows it best: what addresses may hold stays as it is, a space is a plus. */
  const spelled = (value) => encodeURIComponent(value ?? '').replace(/%20/g, '+').replace(/%(3A|2C|2F|3B|40)/g, decodeURIComponent);

  /** What an address says of a state, part by part, and the names of the texts that are too long for one. */
  function fitted(now) {
    const left = parts.filter((part) => isTooLong(part, now)).map((part) => part.name);
    const said = parts.filter((part) => differs(part, now)).map((part) => ({ part, words: part.name + '=' + spelled(now[part.name]) }));
    const room = () => longest - said.reduce((sum, each) => sum + each.words.length + 1, 0);
    for (const each of said.filter(({ part }) => part.text).sort((a, b) => b.words.length - a.words.length)) {
      if (room() >= 0) break; // letters of many languages take nine places each
      said.splice(said.indexOf(each), 1);
      left.push(each.part.name);
    }
    return { said: said.map((each) => each.words), left };
  }

  /** What follows the question mark, for a state; hide, lock: names of parts. */
  function query(now, hide = hidden, lock = locked) {
    const { said } = fitted(now);
    if (hide.length) said.push('hide=' + hide.join(','));
    if (lock.length) said.push('lock=' + lock.join(','));
    return said.join('&');
  }

  /** What others have put into the address, and the page's other scripts. */
  function others() {
    const ours = new Set([...parts.filter((part) => part.is_value).map((part) => part.name), ...OURS]);
    const kept = [...new URLSearchParams(location.search)].filter(([name]) => !ours.has(name) && /^(lang|present|__|utm_)/.test(name));
    return kept.map(([name, value]) => name + '=' + spelled(name === 'lang' ? document.documentElement.lang : value)).join('&');
  }

  // --- the address ----------------------------------------------------------------------------------------

  /** Only small texts are kept with a step of the history: a corpus of millions of letters stays as it is. */
  function kept(now) {
    return Object.fromEntries(parts.filter((part) => counts(part, now) && part.name in now && !isTooLong(part, now))
      .map((part) => [part.name, now[part.name]]));
  }

  function write() {
    waiting = 0;
    if (!parts.length) return; // no page, but a piece of one
    if (!window.playground.isOpened) return soon();
    const now = state(), search = [query(now), others()].filter(Boolean).join('&');
    const first = written === null, turned = !first && (now.tab !== written.tab || now.run !== written.run);
    if (!first && search === written.search) return;
    const changed = !first && touched; // what the page itself does as it opens leaves the address as it was
    written = { tab: now.tab, run: now.run, search };
    const address = location.pathname + (search && '?' + search) + location.hash;
    try {
      const kind = changed && turned ? 'pushState' : 'replaceState';
      history[kind]({ ...history.state, playground: kept(now) }, '', changed ? address : location.href);
      if (changed) tellFrame(search);
    } catch { /* a frame that may not, or too often: the page works without */ }
    shown = location.search;
  }

  /** A Space is shown in a frame, whose address nobody sees: the page around it takes ours over, if it wants to. */
  function tellFrame(search) {
    if (window.parent !== window && location.hostname.endsWith('.hf.space')) {
      window.parent.postMessage({ queryString: search && '?' + search, hash: '' }, 'https://huggingface.co');
    }
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(write, PAUSE);
  }

  // --- going back, and what a link asks for ---------------------------------------------------------------

  let wanted = {}, askScripts = () => {}; // what the widgets are to be given; and after them what scripts hold, the tab too

  function back(event) {
    const then = event.state?.playground;
    if (!then) {
      if (written && location.search !== shown) location.reload(); // what another script has put into the history
      return;
    }
    shown = location.search;
    written = { tab: then.tab, run: then.run, search: [query({ ...state(), ...then }), others()].filter(Boolean).join('&') };
    wanted = then;
    const now = state(), moved = (part) => part.name in then && then[part.name] !== now[part.name];
    askScripts = () => parts.filter((part) => part.held && part.is_value && moved(part)).forEach(({ name }) => ask(name, then[name], then.run));
    if (ofWidgets().some(moved)) link.apply?.();
    else askScripts();
  }

  /** Ask a script for a value of the part that it holds, or will hold: of a tab that nobody has seen none has run yet. */
  function ask(name, value, run) {
    const part = held.get(name) ?? { put() {}, isAwaited: true };
    Object.assign(part, { value, run });
    held.set(name, part);
    part.put(value, run);
  }

  /** What to put into the widgets, in their order; a new word for those that others wait for. */
  function given() {
    const now = state();
    setTimeout(askScripts); // a tab that opens asks the server with the values that it has by then
    return parts.filter((part) => !part.name || (part.is_value && !part.held))
      .map((part) => (part.name ? (part.name in wanted ? wanted[part.name] : now[part.name]) : String(performance.now())));
  }

  function opened({ held: told = {} }) {
    hidden = told.hide ?? [];
    locked = told.lock ?? [];
    for (const [name, value] of Object.entries(told)) if (!OURS.includes(name)) ask(name, value);
    mark();
  }

  function hold(name, put, value) {
    const awaited = held.get(name);
    const part = { value: awaited?.value ?? value, put };
    held.set(name, part);
    if (awaited?.isAwaited) put(part.value, awaited.run);
    return (told) => { if (part.value !== told) { part.value = told; soon(); } };
  }

  // --- what a link hides and locks --------------------------------------------------------------------------

  const style = document.createElement('style');
  document.head.append(style);
  const placeOf = (name) => parts.find((part) => part.name === name)?.id;
  const selector = (place) => (place.startsWith('tab:') ? '#tabs [data-tab-id="' + place.slice(4) + '"]' : '#' + place);
  let looking = 0;

  /** Gradio makes nodes when they are first seen, and anew at times: a rule hides them all, and locks are looked after. */
  function mark() {
    const places = hidden.map(placeOf).filter(Boolean);
    style.textContent = places.length ? places.map(selector).join(', ') + ' { display: none !important; }' : '';
    lock();
  }

  function lock() {
    looking = 0;
    const nodes = locked.map(placeOf).filter(Boolean).flatMap((place) => [...document.querySelectorAll(selector(place))]);
    for (const node of document.querySelectorAll('.link-locked')) if (!nodes.includes(node)) free(node, false);
    for (const node of nodes) free(node, true);
  }

  function free(node, isLocked) {
    node.classList.toggle('link-locked', isLocked);
    for (const each of node.matches('button') ? [node] : node.querySelectorAll('input, textarea, button, select')) {
      if (isLocked ? !each.disabled : each.dataset.linkLocked) {
        each.disabled = isLocked;
        each.dataset.linkLocked = isLocked ? 'yes' : '';
      }
    }
  }

  new MutationObserver(() => { if (locked.length) looking ||= setTimeout(lock, 50); })
    .observe(document.documentElement, { subtree: true, childList: true });

  function showAll() {
    hidden = [];
    locked = [];
    mark();
    soon();
  }

  // --- the tab -----------------------------------------------------------------------------------------------

  /** As Gradio's own words for the tabs come at the same time, a click may be lost: so it is made until it is seen. */
  function openTab(name, tries = 20) {
    const button = document.querySelector('#tabs [role="tab"][data-tab-id="' + name + '"]');
    if (button?.getAttribute('aria-selected') === 'true') return;
    button?.click();
    if (tries) setTimeout(openTab, 100, name, tries - 1);
  }

  let tellTab = () => {};
  document.addEventListener('click', (event) => {
    const name = event.target.closest?.('#tabs [role="tab"]')?.dataset.tabId;
    if (name) tellTab(name);
  });

  // --- for the rest of the page -------------------------------------------------------------------------------

  const link = {
    declare(told) {
      ({ parts, most, longest } = told);
      for (const name of OURS) parts = parts.filter((part) => part.name !== name);
      tellTab = hold('tab', openTab, told.first);
      soon();
    },
    changed(told) {
      values = told;
      soon();
    },
    opened, hold, given, showAll, soon,
    /** Tell whether the link that opened the page named one of these parts. */
    named: (...names) => names.some((name) => asked.has(name)),
    query: (hide, lock) => query(state(), hide, lock),
    left: () => fitted(state()).left,
    parts: () => parts,
    setUp: () => ({ hidden, locked }),
    state,
  };
  window.playground.link = link;
  for (const kind of ['pointerdown', 'keydown', 'input', 'change']) {
    document.addEventListener(kind, (event) => { touched ||= event.isTrusted; }, true);
  }
  window.addEventListener('popstate', back);
})();
