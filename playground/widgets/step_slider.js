/* The slider of snapshots in the header (element, props, trigger, watch: Gradio's). It knows the run's snapshots from the
 * feed, keeps what was chosen of each run, and says on the document which moment is in view: tabs in sight redraw
 * (visibility.js), and say so when they have, for which the playing waits. */
const { at, say, follow, put, decimal } = playground.widget(element, props, () => props.told?.text ?? {});
const PACE = 350; // milliseconds from one snapshot to the next while they are played, at least
const QUICK = 100; // between two that are asked for
const BREATH = 60; // after an answer, in whose midst Gradio would ask once more for what was answered
const PATIENCE = 12000; // after which playing ends at a snapshot that is not drawn
const slider = at('.steps');
let run = null, lang = null, news = null, steps = [];
let told = null; // the step that was announced last
let playing = false, asked = 0, timer = 0, missing = 0; // answers to what was asked for last
const asks = {}; // of a link: kind of step -> { step, run }, until its run is in view
let saying = 0, said = 0, isByHand = false; // what is about to be announced, and when the last was

// --- which step -----------------------------------------------------------------------------------------

const of = (kind) => (run && props.value?.[kind]?.[run]) ?? null;

/** The snapshot that is nearest to a step, as `models.nearest` finds it. */
const nearest = (step) => steps.reduce((best, each) => (Math.abs(each - step) < Math.abs(best - step) ? each : best), steps[0]);
const step = () => (of('at') === null ? steps.at(-1) : nearest(of('at')));

function keep(kind, chosen) {
  const { [run]: _, ...others } = props.value?.[kind] ?? {};
  props.value = { ...props.value, [kind]: chosen === null ? others : { ...others, [run]: chosen } };
}

/** Put a step into view; at the newest one, the page follows the run from now on. */
function goTo(chosen) {
  if (chosen === undefined || !run) return;
  keep('at', chosen === steps.at(-1) ? null : chosen);
  show();
  announce(true);
}

/** Say which moment is in view, once Gradio has heard of it too; of a quick hand's many, the last. */
function announce(byHand) {
  told = step();
  asked = performance.now();
  isByHand ||= byHand;
  clearTimeout(saying);
  saying = setTimeout(() => {
    said = performance.now();
    const detail = { run, step: step(), beside: of('beside'), byHand: isByHand, waits: 0 };
    isByHand = false;
    document.dispatchEvent(new CustomEvent('playground-moment', { detail }));
    missing = detail.waits;
    if (playing) wait(detail.waits ? PATIENCE : PACE, detail.waits ? () => play(false) : goOn);
  }, Math.max(0, said + QUICK - asked));
}

// --- playing --------------------------------------------------------------------------------------------

function wait(milliseconds, then) {
  clearTimeout(timer);
  timer = setTimeout(then, milliseconds);
}

function goOn() {
  const next = steps[steps.indexOf(step()) + 1];
  if (next === undefined) play(false);
  else goTo(next);
}

function play(on) {
  clearTimeout(timer);
  playing = on && steps.length > 1;
  show();
  if (!playing) return;
  if (step() === steps.at(-1)) goTo(steps[0]); // at the end: from the start
  else goOn();
}

function stepBy(way) {
  play(false);
  goTo(steps[steps.indexOf(step()) + way]);
}

// --- showing --------------------------------------------------------------------------------------------

/** The loss of a snapshot's own step: on the validation text, else on the batch of that step. */
function lossOf(each) {
  const estimate = news?.evals?.findLast((row) => row[0] === each)?.[2];
  if (Number.isFinite(estimate)) return say('val', { loss: decimal(estimate, 3) });
  const batch = news?.points?.findLast((row) => row[0] === each)?.[1];
  return Number.isFinite(batch) ? say('batch', { loss: decimal(batch, 3) }) : '';
}

/** Take the step that a link, or the browser's Back, asks of the run that came into view. */
function takeAsked(kind) {
  const asked = asks[kind];
  if (!asked || !run || (asked.run ?? run) !== run) return;
  delete asks[kind];
  keep(kind, asked.step === '' ? null : asked.step);
  show();
  announce(false);
}

function show() {
  const now = step(), index = steps.indexOf(now), last = steps.length - 1, pinned = of('beside');
  at('.moments').hidden = !run;
  slider.max = Math.max(0, last);
  slider.value = index;
  slider.disabled = at('.play').disabled = last < 1;
  at('.back').disabled = index < 1;
  at('.on').disabled = index >= last;
  at('.pin').disabled = now === undefined;
  const follows = of('at') === null && news && !['done', 'stopped', 'failed'].includes(news.state);
  const words = now === undefined ? [say('none')] : [say('now', { step: now }), lossOf(now), follows && say('newest')];
  put(at('.now'), words.filter(Boolean).join(' \u00b7 '));
  slider.setAttribute('aria-valuetext', at('.now').textContent);
  slider.title = follows ? say('follows') : say('about');
  at('.moments').dataset.playing = String(playing);
  name('.play', say(playing ? 'pause' : 'play'));
  at('.pin').setAttribute('aria-pressed', String(pinned !== null));
  name('.pin', pinned === null ? say('beside') : say('alone', { step: pinned }));
  at('.mark').hidden = pinned === null || !steps.length;
  at('.mark').style.setProperty('--at', last > 0 ? steps.indexOf(nearest(pinned)) / last : 0);
  if (run) for (const [kind, tellLink] of Object.entries(tells)) if (!asks[kind]) tellLink(of(kind) ?? '');
}

function name(selector, words) {
  at(selector).title = words;
  at(selector).setAttribute('aria-label', words);
}

function onNews(heard) {
  const first = news === null, before = told;
  news = heard;
  steps = heard.snapshots ?? [];
  show();
  if (first && heard.state !== 'running') told = step(); // the tabs have asked for it by themselves
  else if (of('at') === null && step() !== before && !playing) announce(false);
}

function onTold() {
  put(at('.label'), say('label'));
  slider.setAttribute('aria-label', say('label'));
  name('.back', say('back'));
  name('.on', say('on'));
  const wished = props.told?.run ?? null, spoken = props.told?.lang ?? 'en';
  if (wished !== run || spoken !== lang) {
    if (wished !== run) { play(false); news = null; steps = []; told = null; }
    [run, lang] = [wished, spoken];
    follow(run, lang, onNews);
  }
  show();
  Object.keys(asks).forEach(takeAsked);
}

// --- what is in sight -------------------------------------------------------------------------------------

const inSight = (mark) => [...document.querySelectorAll(mark)].some((node) => node.closest('[role=tabpanel]')?.offsetParent);

/** Stand at the foot of the screen while the header is above it and the tab in sight follows the slider; and offer A only
 * where it is shown. */
function lookAround() {
  const away = element.getBoundingClientRect().bottom < 0 && inSight('[data-hears-moment]');
  if (away) element.style.minHeight ||= element.offsetHeight + 'px';
  else element.style.minHeight = '';
  at('.deck').classList.toggle('afloat', away);
  document.documentElement.classList.toggle('slider-afloat', away); // screen.css leaves it room
  at('.pin').hidden = !inSight('[data-shows-beside]');
}

const tells = {};
for (const [kind, part] of [['at', 'step'], ['beside', 'step_a']]) { // as links call them
  tells[kind] = playground.link.hold(part, (step, run) => { asks[kind] = { step, run }; takeAsked(kind); }, '');
}
slider.addEventListener('input', () => {
  const chosen = steps[slider.value]; // before it is shown where it was
  play(false);
  goTo(chosen);
});
at('.play').addEventListener('click', () => play(!playing));
at('.back').addEventListener('click', () => stepBy(-1));
at('.on').addEventListener('click', () => stepBy(1));
at('.pin').addEventListener('click', () => {
  keep('beside', of('beside') === null ? step() : null);
  show();
  announce(true);
});
document.addEventListener('playground-moment-shown', () => {
  missing -= 1;
  if (playing && missing < 1) wait(Math.max(BREATH, asked + PACE - performance.now()), goOn);
});
document.addEventListener('playground-moment-go', (event) => {
  if (steps.includes(event.detail.step)) { play(false); goTo(event.detail.step); }
});
new IntersectionObserver(lookAround).observe(element);
for (const kind of ['click', 'keyup']) document.addEventListener(kind, () => setTimeout(lookAround, 100)); // another tab
watch('value', show);
watch('told', onTold);
onTold();
