/* How far the loading of GPT-2 is. The state is the server's, the same for all; speed and time left are worked out here,
 * from the states that came. While the card is seen it asks for the state: often while something is under way. */
const WORDS = {
  load: 'Load GPT-2', retry: 'Try again', absent: 'GPT-2 small, with the weights that OpenAI published: 124 M parameters',
  size: 'A download of 548 MB, once, from the Hugging Face Hub. Everything else goes on working meanwhile.',
  cached: 'Already on this machine: no download.',
  downloading: 'Downloading GPT-2', reading: 'Reading the weights', begun: 'Asking the Hub ...',
  reading_how: 'From the disk into memory: some seconds.',
  ready: 'GPT-2 small is here, for everybody on this page', ready_how: 'Its weights stand beside your run below.',
  failed: 'GPT-2 did not come', of: '{done} of {total}', speed: '{rate} a second', left: '{time} left',
};
const { at, say, tell, bytes, clock } = playground.widget(element, props, () => WORDS);
const BUSY = 500, IDLE = 5000; // milliseconds between two questions
const WINDOW = 6000; // milliseconds over which the speed is measured
let asked = 0, last = null, moving = null, trail = [];

const busy = (state) => state === 'downloading' || state === 'reading';

/** Bytes a second, over the last states; nothing as long as they do not tell. */
function speedNow(done) {
  const now = performance.now();
  if (trail.length && done < trail[trail.length - 1][1]) trail = []; // another try
  trail.push([now, done]);
  while (trail.length > 2 && now - trail[0][0] > WINDOW) trail.shift();
  const [from, before] = trail[0];
  return done > before && now - from > 200 ? (1000 * (done - before)) / (now - from) : null;
}

function progressWords({ done, total }) {
  const rate = speedNow(done);
  if (!done) return say('begun');
  const parts = [total ? say('of', { done: bytes(done), total: bytes(total) }) : bytes(done)];
  if (rate) parts.push(say('speed', { rate: bytes(rate) }));
  if (rate && total) parts.push(say('left', { time: clock((total - done) / rate) }));
  return parts.join(' \u00b7 ');
}

/** Let the bar go to and fro while nobody knows how long it takes. */
function move(should) {
  if (should && !moving) {
    moving = at('.bar i').animate([{ left: 0 }, { left: '72%' }],
      { duration: 1600, iterations: Infinity, direction: 'alternate', easing: 'ease-in-out' });
  } else if (!should) {
    moving?.cancel();
    moving = null;
  }
}

function show() {
  const value = props.value;
  if (!value?.state) return;
  const { state, done, total, message, cached } = value;
  const how = { absent: () => say(cached ? 'cached' : 'size'), downloading: () => progressWords(value),
    reading: () => say('reading_how'), ready: () => say('ready_how') }[state];
  if (state !== 'downloading') trail = [];
  at('section').dataset.state = state;
  at('.what').textContent = say(state);
  tell(at('.how'), how?.());
  tell(at('.message'), message);
  const go = at('.go');
  tell(go, state === 'absent' ? say('load') : state === 'failed' ? say('retry') : '');
  go.disabled = false;
  const bar = at('.bar'), known = state === 'downloading' && total;
  bar.hidden = !busy(state);
  bar.classList.toggle('moving', !known);
  at('.bar i').style.width = known ? (100 * done) / total + '%' : '';
  bar.setAttribute('aria-label', say(state));
  move(!bar.hidden && !known);
  if (known) bar.setAttribute('aria-valuenow', Math.round((100 * done) / total));
  else bar.removeAttribute('aria-valuenow');
  if (last && last !== 'ready' && state === 'ready') trigger('arrived');
  last = state;
}

at('.go').addEventListener('click', () => {
  at('.go').disabled = true;
  asked = Date.now();
  trigger('ask_load');
});

const timer = setInterval(() => {
  if (!element.isConnected) clearInterval(timer);
  else if (last !== 'ready' && !document.hidden && element.offsetParent
    && Date.now() - asked > (busy(last) ? BUSY : IDLE)) {
    asked = Date.now();
    trigger('ask_state');
  }
}, 100);

watch('value', show);
show();
