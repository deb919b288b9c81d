/* How one model reads a text: its tokens with their ids, tinted by what each costs, the score, and what may come next. */
const WORDS = {
  tokens: '{count} {count:token|tokens}', unit: 'bits per character', sum: '{bits} bits for {count} {count:character|characters}',
  low: 'expected', high: 'a surprise of 12 bits or more', likeliest: 'The ten likeliest next tokens',
  cut: 'How {title} cuts the text: tokens and their ids', token: '{token}, id {id}', token_cost: '{token}, id {id}: {bits} bits',
};
const { at, say, make, tell, decimal, percent, named } = playground.widget(element, props, () => WORDS);
const MOST = 12; // bits at which the tint is full

function tokenNode([words, id, nats]) {
  const node = make('span', 'tok'), shown = named(words);
  const bits = nats === null ? null : nats / Math.LN2;
  node.append(make('b', '', shown), make('small', '', id));
  const facts = { token: shown, id: String(id) }; // a name, not a count
  node.title = bits === null ? say('token', facts) : say('token_cost', { ...facts, bits: decimal(bits, 2) });
  if (bits !== null) node.style.setProperty('--part', Math.min(1, bits / MOST).toFixed(3));
  return node;
}

function nextNode([words, id, p]) {
  const row = make('li'), bar = make('span', 'track'), fill = make('i');
  fill.style.width = 100 * p + '%'; // of all there is: the likeliest of many alike must look small
  bar.append(fill);
  row.append(make('b', '', named(words)), make('small', '', id), bar, make('span', 'p', percent(p)));
  return row;
}

function show() {
  const value = props.value;
  if (!value?.packed) return;
  const { title, note, empty, second } = value, { tokens, score, next } = JSON.parse(value.packed);
  at('h3').textContent = title;
  at('section').classList.toggle('second', Boolean(second));
  tell(at('.count'), tokens.length && say('tokens', { count: tokens.length }));
  tell(at('.note'), note);
  tell(at('.empty'), empty);
  at('.found').hidden = !tokens.length && !next.length;
  at('.score').hidden = !score;
  if (score) {
    at('.score b').textContent = decimal(score.bits_per_character, 2);
    at('.unit').textContent = say('unit');
    at('.sum').textContent = say('sum', { bits: decimal(score.bits, 1), count: score.characters });
  }
  at('.tokens').hidden = !tokens.length;
  at('.tokens').setAttribute('aria-label', say('cut', { title }));
  at('.tokens').replaceChildren(...tokens.map(tokenNode));
  at('.legend').hidden = !tokens.some(([, , nats]) => nats !== null);
  at('.low').textContent = say('low');
  at('.high').textContent = say('high');
  at('h4').hidden = !next.length;
  at('h4').textContent = say('likeliest');
  at('.next').replaceChildren(...next.map(nextNode));
}

watch('value', show);
show();
