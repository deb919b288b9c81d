/* The buttons, the progress and the meaning of one run; runs once for each transport on the page.
 * A click shows at once that it was heard (`hoped`), until the feed tells what it led to, or it was refused. */
const WORDS = {
  play: 'Play', pause: 'Pause', start: 'Train',
  continue: 'Continue: train for as many steps again, at a tenth of the learning rate,'
    + ' or at its last rate where that is higher (a constant one stays as it is), so that what was learned is kept',
  step: 'Step', stop: 'Stop', reset: 'Reset', new_seed: 'New seed', controls: 'Training controls',
  step_help: 'Train one step', stop_help: 'Stop here, keeping what it learnt; Play goes on from there',
  reset_help: 'Start again with the same seed: the same first weights, the same batches;'
    + ' on one machine and thread count, the same losses',
  new_seed_help: 'Start again with another seed', no_run: 'No run yet',
  queued: 'Waiting for its turn', running: 'Training', paused: 'Paused', done: 'Done', stopped: 'Stopped',
  failed: 'Failed', steps: 'steps', progress: 'Progress', elapsed: 'elapsed', eta: 'left',
  tokens_per_second: 'tokens/s', steps_per_second: 'steps/s', learning_rate: 'learning rate',
  grad_norm: 'gradient norm', offline: 'Connection lost, retrying ...',
  read_only_other: 'This run is somebody else\u2019s: you can watch it, write with it and download it, but not change it.',
  read_only_all: 'This run is everybody\u2019s to look at: only the host can change it.',
  heard_play: 'Starting ...', heard_continue: 'Starting ...', heard_pause: 'Pausing ...', heard_stop: 'Stopping ...',
  heard_step: 'Taking one step ...', heard_reset: 'Starting again ...', heard_new_seed: 'Starting again ...',
};
// What may be done in which state; `main` is what the round button does there.
const ALLOWED = {
  none: { main: null }, missing: { main: null },
  queued: { main: 'pause', stop: true, new_seed: true },
  running: { main: 'pause', stop: true, reset: true, new_seed: true },
  paused: { main: 'play', step: true, stop: true, reset: true, new_seed: true },
  done: { main: 'continue', reset: true, new_seed: true },
  stopped: { main: 'play', reset: true, new_seed: true },
  failed: { main: 'play', reset: true, new_seed: true },
};
const LEADS_TO = {
  play: 'running', continue: 'running', pause: 'paused', step: 'paused', stop: 'stopped',
  reset: 'queued', new_seed: 'queued',
};
const HOPE_MS = 60000; // a slow step, or a slow connection
const START_MS = 4000; // where there is no run yet, whose feed could tell
const { at, say, follow, put, tell, exact, decimal, rounded, scientific, clock, finite } =
  playground.widget(element, props, () => WORDS);
const buttons = [...element.querySelectorAll('button')];
let view = null, run = null, key = null, hoped = null, hopeTimer = null;

/** The state to show: what a click hopes for while it is fresh, else what the feed says. */
function stateNow() {
  if (hoped) return hoped.state;
  if (!run) return 'none';
  return view?.missing ? 'missing' : view?.state ?? 'none';
}

function actOf(button) {
  const { act } = button.dataset;
  if (run && props.value?.read_only) return null;
  if (act !== 'main') return ALLOWED[stateNow()]?.[act] ? act : null;
  return !run && props.value?.can_start && !hoped ? 'play' : ALLOWED[stateNow()]?.main ?? null;
}

function onClick(button) {
  const command = actOf(button);
  if (!command) return;
  hoped = { state: LEADS_TO[command], command, from: { state: view?.state, step: view?.step ?? 0 } };
  clearTimeout(hopeTimer);
  hopeTimer = setTimeout(giveUp, run ? HOPE_MS : START_MS);
  heard(button);
  if (!run) trigger('begin');
  else trigger('command', { run, command });
  if (run) window.playgroundFeed.hurry(run);
  show();
}

/** Show which button was heard. */
function heard(button) {
  for (const each of buttons) each.toggleAttribute('data-heard', each === button);
}

function giveUp() {
  hoped = null;
  clearTimeout(hopeTimer);
  show();
}

/** A hope ends when the feed shows the state it was for, or any change of what the click was made upon. */
function settle() {
  if (!hoped) return;
  const { from, state, command } = hoped;
  // A short run may have begun and ended between two answers: then only its step tells that it went on.
  const moved = ['step', 'play', 'continue'].includes(command) ? view.step !== from.step : view.step < from.step;
  if (view.state !== from.state || (view.state === state && command !== 'step') || moved) {
    giveUp();
  }
}

// --- figures --------------------------------------------------------------------------------------------

function rate(value) {
  const digits = value >= 10 ? 3 : 2;
  return value >= 100 ? exact(Math.round(value)) : rounded(value, digits, digits);
}

const small = (value) => (value === 0 || (value >= 0.01 && value < 1000) ? rounded(value) : scientific(value, 1));
const FIGURES = {
  tokens_per_second: rate, steps_per_second: rate, learning_rate: small,
  grad_norm: (value) => (value >= 1000 ? scientific(value, 1) : decimal(value, 2)),
};

// --- showing --------------------------------------------------------------------------------------------

function show() {
  const state = stateNow();
  at('.transport').dataset.state = state;
  at('.transport').classList.toggle('hoping', Boolean(hoped));
  if (!hoped) heard(null);
  for (const button of buttons) button.disabled = !actOf(button);
  const locked = (run && props.value?.read_only) || '';
  at('.buttons').hidden = Boolean(locked);
  tell(at('.read-only'), locked && say('read_only_' + locked));
  showMain(state);
  const known = run && view && !view.missing;
  put(at('.state'), state === 'missing' ? view.error : hoped ? say('heard_' + hoped.command)
    : known ? say(state) : say('no_run'));
  put(at('.meaning'), (known && view.meaning) || '');
  showProgress(known, ['reset', 'new_seed'].includes(hoped?.command) ? 0 : view?.step);
  showFigures(known ? view.stats ?? {} : {});
  showNotes(known, state);
}

function showMain(state) {
  const button = buttons[0], act = actOf(button);
  const words = !run && act ? say('start') : say(act ?? (state === 'running' ? 'pause' : 'play'));
  button.classList.toggle('pausing', act === 'pause');
  button.setAttribute('aria-label', words);
  button.title = words;
}

function showProgress(known, step) {
  const steps = known ? view.steps : 0, bar = at('.bar');
  put(at('.count'), known ? exact(step ?? 0) + ' / ' + exact(steps) + ' ' + say('steps') : '');
  at('.bar i').style.transform = 'scaleX(' + (steps ? Math.min(1, (step ?? 0) / steps) : 0) + ')';
  bar.setAttribute('aria-label', say('progress'));
  bar.setAttribute('aria-valuemax', steps);
  bar.setAttribute('aria-valuenow', known ? step ?? 0 : 0);
  const { elapsed, eta } = (known && view.stats) || {};
  put(at('.elapsed'), finite(elapsed) ? clock(elapsed) + ' ' + say('elapsed') : '');
  put(at('.eta'), finite(eta) && stateNow() === 'running' ? clock(eta) + ' ' + say('eta') : '');
}

function showFigures(stats) {
  for (const name of element.querySelectorAll('[data-figure]')) {
    const figure = name.dataset.figure, value = stats[figure];
    name.textContent = say(figure);
    name.closest('div').lastElementChild.textContent = finite(value) ? FIGURES[figure](value) : '–';
  }
}

function showNotes(known, state) {
  const message = at('.message');
  tell(message, known && view.message);
  if (state === 'failed') message.setAttribute('role', 'alert');
  else message.removeAttribute('role');
  tell(at('.offline'), view?.offline && say('offline'));
}

function label() {
  at('.buttons').setAttribute('aria-label', say('controls'));
  for (const button of buttons.slice(1)) {
    button.lastElementChild.textContent = say(button.dataset.act);
    button.title = say(button.dataset.act + '_help');
  }
}

// --- tied to the feed -----------------------------------------------------------------------------------

function onValue() {
  label();
  const { run: id = null, lang = 'en' } = props.value || {};
  const wanted = JSON.stringify([id, lang]);
  if (wanted !== key) begin(id, lang);
  key = wanted;
  show();
}

function begin(id, lang) {
  if (id !== run) { view = null; hoped = null; }
  run = id;
  follow(run, lang, (news) => {
    view = news;
    settle();
    show();
  });
}

for (const button of buttons) button.addEventListener('click', () => onClick(button));
window.addEventListener('playground-refused', giveUp);
watch('value', onValue);
onValue();
