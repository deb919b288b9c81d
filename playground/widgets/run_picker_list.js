/* What the picker knows of the runs: asked of the server again and again while the page is looked at, sooner while
 * one trains or the list is open. Shares one scope with run_picker.js, which follows it and draws. */
const { at, say, fillIn, follow, make, put, tell, clamp, exact } = playground.widget(element, props, () => props.told?.text ?? {});

const OPEN_MS = 1000, LIVE_MS = 1500, SETTLED_MS = 4000;
const TIMEOUT_MS = 10000;
const UNSURE_MS = 700; // between the two looks that it takes to call a run gone
let runs = null, listKey = '', pollTimer = null, asking = false, askAgain = false, missingSince = null;
let asOf = 0; // when `runs` was told, by this browser's clock

const runOf = (id) => runs?.find((each) => each.id === id);

async function ask() {
  const url = new URL('playground/runs', window.playgroundFeed.root());
  url.searchParams.set('lang', props.told?.lang ?? 'en');
  url.searchParams.set('key', listKey);
  if (props.value) url.searchParams.set('view', props.value); // one that a link gave is in no list of ours
  const response = await fetch(url, {
    cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS), headers: { 'X-Playground-Owner': window.playgroundOwner.token() },
  });
  if (!response.ok) throw new Error('HTTP ' + response.status);
  return response.json();
}

async function poll() {
  clearTimeout(pollTimer);
  if (!element.isConnected || document.visibilityState !== 'visible') return;
  if (asking) { askAgain = true; return; }
  asking = true;
  askAgain = false;
  let pause = 0;
  try {
    const answer = await ask();
    pause = 1000 * answer.pause;
    if (answer.runs) {
      runs = answer.runs;
      listKey = answer.key;
      asOf = Date.now();
      tell(at('.problems'), (answer.problems ?? []).join('\n'));
      window.playgroundFeed.runs = runs;
      window.dispatchEvent(new Event('playground-listed'));
    }
    if (!missingRun() && !firstRun()) show();
  } catch (error) {
    if (error instanceof TypeError && runs === null) console.debug(error); // offline: the transport tells it
  } finally {
    asking = false;
    const live = runs?.some((run) => ['running', 'queued'].includes(run.state));
    pollTimer = setTimeout(poll, askAgain ? 0 : missingSince ? UNSURE_MS
      : Math.max(pause, isOpen ? OPEN_MS : live ? LIVE_MS : SETTLED_MS));
  }
}

/** Look for the run in view; when it is gone for good, say so once and go on to the newest. */
function missingRun() {
  const id = props.value;
  if (!id || runOf(id)) { missingSince = null; return false; }
  if (missingSince?.id !== id) missingSince = { id, when: Date.now() };
  if (Date.now() - missingSince.when < UNSURE_MS / 2) return false; // a run just begun may be newer than the list
  missingSince = null;
  if (field.dataset.leaving !== id) notice(say('gone', { name: field.dataset.name || id.slice(0, 8) }));
  choose(runs[0]?.id ?? null);
  return true;
}

/** Where no run was in view because there was none, put the first that comes into view: the welcome run of a server that
 * has just begun, or one that the command line trains. */
function firstRun() {
  if (props.value || !runs?.length || !window.playground.isOpened) return false;
  choose(runs[0].id);
  return true;
}

/** A time in its largest unit: 40 s, 3 min, 2 h, 5 d. */
function ageOf(run) {
  const seconds = run.age + (Date.now() - asOf) / 1000;
  const [unit, size] = [['day', 86400], ['hour', 3600], ['minute', 60]].find(([, each]) => seconds >= each) ?? ['second', 1];
  return say(unit, { n: Math.floor(seconds / size) });
}
