/* Parameters by name, or modules from the top down; which of the models, and what is searched for, is decided here.
 * Only the rows in sight are built: GPT-3 has 1,700 of them. */
const WORDS = {
  search: 'Search by name, such as c_attn', by_name: 'Every parameter', by_module: 'By module',
  col_name: 'name', col_shape: 'shape', col_stored: "in the layout of GPT-2's files", col_count: 'parameters', col_dtype: 'dtype',
  col_module: 'module', col_kind: 'class', col_output: 'output',
  rows: '{letter}: rows {first} to {last}', same_as: 'is {owner}',
  found: '{shown} of {all} {all:parameter|parameters}, {sum} {sum:number|numbers} in them', found_modules: '{shown} of {all} {all:module|modules}',
  nothing: 'No name is like that.', unfold: 'Unfold {owner}', fold_up: 'Fold {owner}',
  models: 'Model', views: 'View',
  total: '{count} {count:parameter|parameters} · {size} in fp32 · output shapes are those of an input {input}',
  waiting: 'Counting …',
};
const { at, say, make, exact, bytes } = playground.widget(element, props, () => WORDS);
const AT_ONCE = 150; // rows built before somebody scrolls
const shape = (sizes) => (sizes ? sizes.map(exact).join(' \u00d7 ') : '');
const frame = at('.frame'), body = at('tbody'), query = at('.query');
let chosen = 0, byModule = true, unfolded = new Set(), facts = [], rows = [], built = 0;

/** The facts of a model, read when they are first looked at. */
function factsOf(index) {
  return (facts[index] ??= JSON.parse(props.value.lists[index].facts));
}

// --- which rows -----------------------------------------------------------------------------------------

const wanted = () => query.value.trim().toLowerCase();

/** The parameters that a search finds, each with the slices that it is made of. */
function parameterRows(parameters) {
  const words = wanted(), found = parameters.filter(([path]) => path.toLowerCase().includes(words));
  const own = found.filter(([, , , , , sameAs]) => !sameAs);
  const sum = own.reduce((total, [, , , count]) => total + count, 0);
  const all = parameters.filter(([, , , , , sameAs]) => !sameAs).length;
  at('.found').textContent = found.length ? say('found', { shown: own.length, all, sum })
    : say('nothing');
  return found.flatMap((row) => [() => parameterNode(row), ...row[6].map((slice) => () => sliceNode(row, slice))]);
}

/** The modules: all that a search finds, or the tree as far as it is unfolded. */
function moduleRows(modules) {
  const words = wanted();
  const shown = modules.filter(([path]) => (words ? path.toLowerCase().includes(words) : isOpen(path)));
  at('.found').textContent = shown.length ? say('found_modules', { shown: shown.length, all: modules.length })
    : say('nothing');
  const parents = new Set(modules.map(([path]) => path.slice(0, Math.max(0, path.lastIndexOf('.')))));
  return shown.map((row) => () => moduleNode(row, !words && isBlock(row[0]) && parents.has(row[0]), Boolean(words)));
}

const isBlock = (path) => /\.h\.\d+$/.test(path);

/** Whether a module is in no block, is one, or is in one that is unfolded. */
function isOpen(path) {
  const block = /^(.*\.h\.\d+)\./.exec(path)?.[1];
  return !block || unfolded.has(block);
}

// --- rows -----------------------------------------------------------------------------------------------

function rowNode(kind, first, cells) {
  const row = make('tr', kind), head = make('th', 'left');
  head.scope = 'row';
  head.append(...first);
  row.append(head, ...cells.map((words) => make('td', '', words)));
  return row;
}

function parameterNode([path, size, stored, count, dtype, sameAs]) {
  const number = sameAs ? say('same_as', { owner: sameAs }) : exact(count);
  return rowNode(sameAs ? 'shared' : '', [make('span', 'path', path)], [shape(size), shape(stored), number, dtype]);
}

function sliceNode([, , , , dtype], [letter, first, last, size]) {
  const words = make('span', 'slice', say('rows', { letter, first, last }));
  const count = size.reduce((product, side) => product * side, 1);
  return rowNode('part', [words], [shape(size), shape([...size].reverse()), exact(count), dtype]);
}

function moduleNode([path, kind, depth, output, count, sameAs], folds, whole) {
  const name = make('span', 'path', whole ? path : path.slice(path.lastIndexOf('.') + 1) || kind);
  const first = [name];
  if (folds) {
    const open = unfolded.has(path), turn = make('button', 'fold', open ? '\u25be' : '\u25b8');
    turn.type = 'button';
    turn.dataset.path = path;
    turn.setAttribute('aria-expanded', String(open));
    turn.setAttribute('aria-label', say(open ? 'fold_up' : 'unfold', { owner: path }));
    first.unshift(turn);
  }
  const number = sameAs ? say('same_as', { owner: sameAs }) : count ? exact(count) : '\u2013';
  const row = rowNode(sameAs ? 'shared' : '', first, [kind, output ? shape(output) : '\u2013', number]);
  if (!whole) row.firstElementChild.style.setProperty('--depth', depth);
  return row;
}

function grow() {
  const until = Math.min(rows.length, built + AT_ONCE);
  body.append(...rows.slice(built, until).map((build) => build()));
  built = until;
}

// --- all of it ------------------------------------------------------------------------------------------

function headings() {
  const keys = byModule ? ['col_module', 'col_kind', 'col_output', 'col_count']
    : ['col_name', 'col_shape', 'col_stored', 'col_count', 'col_dtype'];
  const row = make('tr');
  row.append(...keys.map((key, i) => {
    const node = make('th', i ? '' : 'left', say(key));
    node.scope = 'col';
    return node;
  }));
  at('thead').replaceChildren(row);
}

function draw() {
  if (!props.value?.lists?.length) return;
  const { parameters, modules } = factsOf(chosen);
  headings();
  rows = byModule ? moduleRows(modules) : parameterRows(parameters);
  body.replaceChildren();
  built = 0;
  grow();
  const [, , , output, count] = modules[0];
  const size = bytes(4 * count), input = shape(output.slice(0, 2));
  at('.sum').textContent = say('total', { count, size, input });
  at('.note').textContent = props.value.lists[chosen].note;
}

function buttons(node, words, current, act) {
  node.replaceChildren(...words.map((word, i) => {
    const button = make('button', 'choice', word);
    button.type = 'button';
    button.setAttribute('aria-pressed', String(i === current));
    button.onclick = () => {
      act(i);
      controls();
      frame.scrollTop = 0;
      draw();
      node.children[i].focus();
    };
    return button;
  }));
}

function controls() {
  buttons(at('.models'), props.value.lists.map((list) => list.name), chosen, (i) => {
    chosen = i;
  });
  buttons(at('.views'), [say('by_module'), say('by_name')], byModule ? 0 : 1, (i) => {
    byModule = i === 0;
  });
  at('.models').setAttribute('aria-label', say('models'));
  at('.views').setAttribute('aria-label', say('views'));
}

function show() {
  const { lists, title, about } = props.value ?? {};
  at('.body').hidden = !lists?.length;
  at('.waiting').hidden = Boolean(lists?.length);
  at('.waiting').textContent = say('waiting');
  at('h3').textContent = title ?? '';
  at('.about').textContent = about ?? '';
  if (!lists?.length) return;
  query.placeholder = say('search');
  query.setAttribute('aria-label', say('search'));
  frame.setAttribute('aria-label', title);
  facts = [];
  chosen = Math.min(chosen, lists.length - 1);
  unfolded = new Set(['transformer.h.0']);
  controls();
  draw();
}

query.oninput = () => {
  frame.scrollTop = 0;
  draw();
};
frame.addEventListener('scroll', () => {
  if (frame.scrollTop + frame.clientHeight > frame.scrollHeight - 400) grow();
});
body.onclick = (happened) => {
  const path = happened.target.closest('.fold')?.dataset.path;
  if (path === undefined) return;
  if (!unfolded.delete(path)) unfolded.add(path);
  const stood = frame.scrollTop, reached = built;
  draw();
  while (built < Math.min(reached, rows.length)) grow();
  frame.scrollTop = stood;
  [...body.querySelectorAll('.fold')].find((turn) => turn.dataset.path === path)?.focus();
};
watch('value', show);
show();
