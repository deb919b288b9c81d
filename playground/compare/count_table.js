/* A table of facts. The value's `table` is JSON: { title, about, head, rows, notes }; every text is set as text. A cell
 * is a text, or { t, sub, span, left, wraps, begins, mine, share }. The first of a row names it. */
const { at, make } = playground.widget(element, props);

function cellNode(cell, tag) {
  const facts = typeof cell === 'string' ? { t: cell } : cell;
  const marks = ['left', 'wraps', 'begins', 'mine'].filter((mark) => facts[mark]);
  const node = make(tag, marks.join(' '));
  if (facts.span) node.colSpan = facts.span;
  if (facts.share === undefined) node.append(facts.t);
  else {
    const share = make('span', 'share'), bar = make('i');
    bar.style.setProperty('--part', (100 * facts.share).toFixed(2) + '%');
    share.append(bar, facts.t);
    node.append(share);
  }
  if (facts.sub) node.append(make('span', 'sub', facts.sub));
  return node;
}

function headRow(cells, index, all) {
  const row = make('tr', index < all.length - 1 ? 'groups' : '');
  row.append(...cells.map((cell) => {
    const names = typeof cell === 'string' ? cell : cell.t, node = cellNode(cell, names ? 'th' : 'td');
    if (names) node.scope = node.colSpan > 1 ? 'colgroup' : 'col';
    return node;
  }));
  return row;
}

function bodyRow({ kind, cells }) {
  const row = make('tr', kind ?? '');
  row.append(...cells.map((cell, i) => {
    const node = cellNode(cell, i ? 'td' : 'th');
    if (!i) {
      node.scope = 'row';
      node.classList.add('left');
    }
    return node;
  }));
  return row;
}

function show() {
  const { title, about, head, rows, notes } = JSON.parse(props.value?.table || '{}');
  at('section').hidden = !rows;
  if (!rows) return;
  at('h3').textContent = title;
  at('.about').textContent = about;
  at('.frame').setAttribute('aria-label', title);
  at('thead').replaceChildren(...head.map(headRow));
  at('tbody').replaceChildren(...rows.map(bodyRow));
  at('.notes').replaceChildren(...(notes ?? []).map((note) => make('p', '', note)));
}

watch('value', show);
show();
