/* Shares as stacked bars, sizes as marks on a logarithmic axis. Everything is placed in percent, so nothing is drawn
 * anew when the page becomes narrower; only labels that no longer fit are taken away. */
const WORDS = {
  group_embedding: 'embeddings', group_attention: 'attention', group_mlp: 'MLP', group_norm: 'LayerNorm',
  group_head: 'head', axis: 'parameters, each line ten times more', at_zero: 'none',
  cell: '{part}: {count}, {share}', size: '{model}: {count}',
};
const { at, say, make, exact, short, percent } = playground.widget(element, props, () => WORDS);
const GROUPS = ['embedding', 'attention', 'mlp', 'norm', 'head'];
const shareOf = (part) => percent(part);

// --- shares ---------------------------------------------------------------------------------------------

/** A part's name, whose beginning goes where there is little room: attn.c_proj, c_proj. */
function nameOf(part) {
  const name = make('b'), dot = part.indexOf('.') + 1;
  name.append(make('span', 'prefix', part.slice(0, dot)), part.slice(dot));
  return name;
}

function barOf({ name, total, parts }) {
  const row = make('div', 'model'), bar = make('div', 'bar'), title = make('p', 'bar-name', name + ' ');
  title.append(make('b', '', exact(total)));
  const seen = new Set(), said = [];
  for (const [part, group, count] of parts) {
    if (!count) continue;
    const share = count / total, words = say('cell', { part, count, share: shareOf(share) });
    const cell = make('div', 'cell ' + group + (seen.has(group) ? ' again' : ''));
    seen.add(group);
    cell.style.flexGrow = share;
    cell.title = words;
    const label = make('span', 'label');
    label.append(nameOf(part), make('span', '', shareOf(share)));
    cell.append(label);
    bar.append(cell);
    said.push(words);
  }
  if (!said.length) bar.append(make('span', 'empty', say('at_zero')));
  bar.setAttribute('role', 'img');
  bar.setAttribute('aria-label', name + '. ' + said.join('; '));
  row.append(title, bar);
  return row;
}

function fitLabels() {
  for (const cell of element.querySelectorAll('.bar .cell')) {
    const label = cell.firstElementChild;
    const fits = () => label.scrollWidth <= cell.clientWidth;
    label.hidden = false;
    label.classList.remove('tight');
    label.classList.toggle('tight', !fits());
    label.hidden = !fits();
  }
}

// --- sizes ----------------------------------------------------------------------------------------------

/** The powers of ten that hold every count. */
function range(models) {
  const counts = models.flatMap(({ parts }) => parts.map(([, , count]) => count)).filter(Boolean);
  if (!counts.length) return [0, 1];
  const low = Math.floor(Math.log10(Math.min(...counts))), high = Math.ceil(Math.log10(Math.max(...counts)));
  return [low, Math.max(high, low + 1)];
}

function sizeRow(part, models, x) {
  const row = make('li', 'row'), track = make('span', 'track');
  const found = models.map((model, i) => {
    const [, , count, why] = model.parts.find(([name]) => name === part) ?? [part, '', 0, ''];
    return { model, i, count, why };
  });
  const there = found.filter(({ count }) => count).sort((a, b) => a.count - b.count || a.i - b.i);
  if (there.length === 2) {
    const join = make('span', 'join');
    join.style.left = x(there[0].count);
    join.style.right = 'calc(100% - ' + x(there[1].count) + ')';
    track.append(join);
  }
  there.forEach(({ i, count }, order) => {
    const mark = make('span', 'mark is-' + i), words = make('span', 'value', short(count));
    mark.style.left = words.style.left = x(count);
    words.classList.toggle('before', there.length === 2 && !order);
    track.append(mark, words);
  });
  track.append(absentNode(found.filter(({ count, why }) => !count && why)));
  track.setAttribute('aria-hidden', 'true');
  const said = found.map(({ model, count, why }) => say('size', { model: model.name, count: count || why || say('at_zero') }));
  row.append(make('span', 'part', part), track, make('span', 'spoken', said.join('; ')));
  row.title = said.join('\n');
  return row;
}

/** What has no place on a logarithmic axis, and why: a matrix that is shared, or a part that is left out. */
function absentNode(absent) {
  const words = make('span', 'absent');
  for (const { i, why } of absent) {
    const each = make('span', 'model-key');
    each.append(make('span', 'mark is-' + i), why);
    words.append(each);
  }
  return words;
}

function drawSizes(models) {
  const [low, high] = range(models);
  const x = (count) => ((100 * (Math.log10(count) - low)) / (high - low)).toFixed(3) + '%';
  const names = [...new Set(models.flatMap(({ parts }) => parts.map(([name]) => name)))];
  const order = props.value.order ?? names;
  names.sort((a, b) => order.indexOf(a) - order.indexOf(b));
  at('.keys').replaceChildren(...models.map(({ name }, i) => {
    const words = make('span', 'model-key');
    words.append(make('span', 'mark is-' + i), name);
    return words;
  }));
  at('.rows').replaceChildren(...names.map((name) => sizeRow(name, models, x)));
  at('.sizes').style.setProperty('--tens', high - low);
  const ticks = [];
  for (let ten = low; ten <= high; ten += 1) {
    const tick = make('span', 'tick', short(10 ** ten));
    tick.style.left = x(10 ** ten);
    ticks.push(tick);
  }
  at('.axis .track').replaceChildren(...ticks);
}

// --- all of it ------------------------------------------------------------------------------------------

function show() {
  const { models, title, about } = props.value ?? {};
  at('section').hidden = !models?.length;
  if (!models?.length) return;
  at('h3').textContent = title;
  at('.about').textContent = about;
  at('.axis-name').textContent = say('axis');
  const used = new Set(models.flatMap(({ parts }) => parts.map(([, group]) => group)));
  at('.legend').replaceChildren(...GROUPS.filter((group) => used.has(group)).map((group) => {
    const item = make('li');
    item.append(make('i', 'cell ' + group), say('group_' + group));
    return item;
  }));
  at('.bars').replaceChildren(...models.map(barOf));
  drawSizes(models);
  fitLabels();
}

new ResizeObserver(fitLabels).observe(at('.bars'));
watch('value', show);
show();
