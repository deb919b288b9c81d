/* What two models write, at several temperatures. Each box grows by appending, and so does its node. */
const WORDS = {
  title: 'The same beginning, continued at three temperatures', idle: '', writing: 'Writing ...', done: 'Done', stopped: 'Stopped',
  temperature: 'temperature {value}', cold: 'nearly always the likeliest token: it repeats itself',
  own: "the model's own distribution", hot: 'nearly every token alike: noise', waiting: '\u2026',
  end: 'a new text begins',
};
const { at, say, make, tell, visible } = playground.widget(element, props, () => WORDS);
const KINDS = ['cold', 'own', 'hot'];
let built = '', boxes = [];

/** Lay the boxes out; anew only when the models or the words have changed. */
function build({ names, temperatures, absent }) {
  const key = JSON.stringify([names, temperatures, absent, props.value.text]);
  if (key === built) return;
  built = key;
  boxes = [];
  const nodes = [];
  temperatures.forEach((temperature, row) => {
    const heading = make('h4', '', say('temperature', { value: temperature }));
    heading.append(make('span', '', ' \u2013 ' + say(KINDS[row])));
    nodes.push(heading);
    names.forEach((title, column) => {
      const box = make('div', 'box'), words = make('p', 'words'), label = make('p', 'label');
      words.dir = 'auto';
      words.translate = false;
      label.append(make('i', column ? 'mark second' : 'mark'), title);
      box.append(label, words);
      box.setAttribute('role', 'group');
      box.setAttribute('aria-label', title + ', ' + say('temperature', { value: temperature }));
      boxes.push({ words, shown: '' });
      nodes.push(box);
    });
  });
  at('.grid').replaceChildren(...nodes);
}

/** A text as nodes; where GPT-2 ended one and began another, a sign says so. */
function nodesOf(text) {
  return text.split('<|endoftext|>').flatMap((part, i) => (i ? [make('span', 'end', say('end')), visible(part)] : [visible(part)]));
}

function fill(box, text, phase, absent) {
  const missing = text === null || text === undefined;
  box.words.classList.toggle('absent', missing);
  box.words.translate = missing; // what a model wrote stays as it is
  if (missing) {
    box.words.textContent = absent;
    box.shown = '';
  } else if (box.shown && text.startsWith(box.shown)) {
    box.words.append(...nodesOf(text.slice(box.shown.length)));
    box.shown = text;
  } else {
    box.words.replaceChildren(...(text ? nodesOf(text) : [phase === 'writing' ? say('waiting') : '']));
    box.shown = text;
  }
  if (phase === 'writing') box.words.scrollTop = box.words.scrollHeight;
}

function show() {
  const value = props.value;
  if (!value?.names) return;
  const phase = value.phase ?? 'idle';
  at('section').dataset.phase = phase;
  at('h3').textContent = say('title');
  at('header .what').textContent = say(phase);
  tell(at('.note'), value.note);
  build(value);
  boxes.forEach((box, i) => fill(box, value.boxes[i], phase, value.absent));
}

watch('value', show);
show();
