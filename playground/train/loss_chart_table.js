/* The table of runs under the chart: in it one chooses whose curves are drawn, and reads what each run has come to and
 * the settings in which they differ. Names and texts come from the page's list of runs, the rest from a route of its own,
 * which is asked while the table is open; the run in view is as its feed tells. Shares one scope with the other files. */
const TABLE_MS = 5000, CHANGED_MS = 700; // between two questions: while runs are trained; when there are other runs
const FIXED = ['run', 'best', 'seconds', 'tokens', 'text']; // columns beside the settings
let table = { key: '', columns: [], runs: {} }, askingTable = false, tableAskedAt = 0, tableOf = '';
const rowsOfTable = new Map(); // id -> its row, which stays, so that a click between two looks lands on it
const isTableOpen = () => at('.runs').open && !at('.runs').hidden;

// --- asking ---------------------------------------------------------------------------------------------

/** Ask for what the list does not tell, when a run has come, gone or ended, and now and then while some are trained. */
function refreshTable() {
  const now = listed.map((entry) => entry.id + entry.state).join() + (run?.id ?? '');
  if (!isTableOpen() || askingTable || document.visibilityState !== 'visible') return;
  const isLive = listed.some((entry) => LIVE.includes(entry.state)), waited = Date.now() - tableAskedAt;
  if (now === tableOf ? !isLive || waited < TABLE_MS : waited < CHANGED_MS) return;
  tableOf = now;
  askTable();
}

async function askTable() {
  const url = new URL('playground/table', window.playgroundFeed.root());
  url.searchParams.set('key', table.key);
  if (entryOf(run?.id)) url.searchParams.set('view', run.id); // one that is gone is asked for no more
  askingTable = true;
  try {
    const headers = { 'X-Playground-Owner': window.playgroundOwner.token() };
    const response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(10_000), headers });
    if (!response.ok) throw new Error('HTTP ' + response.status);
    const answer = await response.json();
    if (answer.runs) { table = answer; showTable(); }
  } catch {
    tableOf = ''; // it is asked again when the list is
  } finally {
    askingTable = false;
    tableAskedAt = Date.now();
  }
}

// --- what stands in a cell ------------------------------------------------------------------------------

/** The columns: a text where there are several, and the settings that differ. */
function columnsNow() {
  const texts = new Set(listed.map((entry) => entry.text));
  return [...FIXED.filter((name) => name !== 'text' || texts.size > 1), ...table.columns.map((name) => ':' + name)];
}

/** What is known of a run by column; of the one in view, what its feed told. */
function factsOf(entry) {
  const told = Object.hasOwn(table.runs, entry.id) ? table.runs[entry.id] : undefined, facts = { run: entry.number, text: entry.text_name, ...told };
  if (entry.id === run?.id && view?.evals?.length) {
    const vals = view.evals.map((row) => row[2]).filter(finite);
    facts.best = Math.min(...vals, told?.best ?? Infinity); // of very many estimates the feed tells a part
    if (!finite(facts.best)) facts.best = null;
    facts.seconds = view.stats?.elapsed ?? facts.seconds;
    facts.tokens = view.step * view.tokens_per_step;
  }
  table.columns.forEach((name, i) => { facts[':' + name] = told?.settings[i]; });
  return facts;
}

function cellWords(column, value) {
  if (value === undefined || value === null) return '\u2013';
  if (column === 'best') return digits(value);
  if (column === 'seconds') return clock(value);
  if (column === 'tokens') return short(value);
  if (column === ':seed') return String(value); // a name, and no quantity
  if (typeof value === 'boolean') return say(value ? 'yes' : 'no');
  return typeof value === 'number' ? (Number.isInteger(value) ? exact(value) : rounded(value, 6)) : String(value);
}

const headWords = (column) => (column.startsWith(':') ? column.slice(1) : say('column_' + column));

/** The runs in the order that somebody chose: newest first, or by a column; what is not known stands last. */
function sorted() {
  const { by, down } = chosen.sort, way = down ? -1 : 1;
  if (!columnsNow().includes(by)) return listed;
  const valueOf = new Map(listed.map((entry) => [entry, factsOf(entry)[by]]));
  const order = (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true }));
  return [...listed].sort((one, other) => {
    const a = valueOf.get(one) ?? null, b = valueOf.get(other) ?? null;
    return a === null || b === null ? (a === null) - (b === null) : way * order(a, b);
  });
}

// --- showing --------------------------------------------------------------------------------------------

function showTable() {
  const details = at('.runs'), drawn = [...known.values()].filter((ghost) => ghost.on).length;
  details.hidden = listed.length < 2;
  put(at('.runs summary'), say('runs', { n: listed.length, drawn: drawn + (entryOf(run?.id) ? 1 : 0) }));
  if (!isTableOpen()) return;
  refreshTable();
  const columns = columnsNow();
  showHead(columns);
  const rows = sorted().map((entry) => rowOf(entry, columns)), body = at('.runs tbody');
  if (rows.length !== body.children.length || rows.some((row, i) => row !== body.children[i])) body.replaceChildren(...rows);
  for (const id of [...rowsOfTable.keys()]) if (!entryOf(id)) rowsOfTable.delete(id);
}

/** Write what the feed tells of the run in view; the others are as the list and the route tell, seldomer. */
function showOwnRow() {
  const entry = entryOf(run?.id);
  if (!entry || !isTableOpen() || !rowsOfTable.has(entry.id)) return;
  rowOf(entry, columnsNow());
  refreshTable();
}

/** The heads: a button each, which sorts by its column, and the other way when it is pressed again. */
function showHead(columns) {
  const line = at('.runs thead tr'), wanted = ['curve', ...columns];
  if ([...line.children].map((cell) => cell.dataset.column).join('\n') !== wanted.join('\n')) {
    line.replaceChildren(...wanted.map((column) => {
      const cell = make('th');
      cell.scope = 'col';
      cell.dataset.column = column;
      if (column === 'curve') cell.append(make('span', 'unseen'));
      else cell.append(sortButton(column));
      return cell;
    }));
  }
  for (const cell of line.children) {
    const { column } = cell.dataset, isBy = column === chosen.sort.by;
    put(cell.firstChild, column === 'curve' ? say('column_curve') : headWords(column));
    if (isBy) cell.setAttribute('aria-sort', chosen.sort.down ? 'descending' : 'ascending');
    else cell.removeAttribute('aria-sort');
  }
}

function sortButton(column) {
  const button = make('button', 'sort');
  button.type = 'button';
  button.addEventListener('click', () => {
    chosen.sort = { by: column, down: chosen.sort.by === column ? !chosen.sort.down : column === 'run' };
    keep();
    showTable();
  });
  return button;
}

function rowOf(entry, columns) {
  const row = rowsOfTable.get(entry.id) ?? newRow(entry.id), ghost = known.get(entry.id), isOwn = !ghost, facts = factsOf(entry);
  row.classList.toggle('own', isOwn);
  const [curve, ...cells] = row.children, [box, stroke] = curve.firstChild.children;
  box.checked = isOwn || ghost.on;
  box.disabled = isOwn;
  box.setAttribute('aria-label', say(isOwn ? 'in_view' : 'draw', { run: entry.curve }));
  const style = ghost?.on ? ghost.slot + ink.ghosts : String(isOwn);
  if (stroke.dataset.style !== style) {
    stroke.dataset.style = style;
    stroke.replaceChildren(ghost ? strokeOf(ghost) : make('i', 'stroke val'));
  }
  while (cells.length < columns.length) cells.push(row.appendChild(make(cells.length ? 'td' : 'th')));
  while (cells.length > columns.length) cells.pop().remove();
  columns.forEach((column, i) => {
    const words = column === 'run' ? entry.curve : cellWords(column, facts[column]);
    put(cells[i], words);
    cells[i].className = column === 'run' ? 'name' : column === 'text' ? 'text' : '';
    cells[i].title = column === 'best' && facts.best_step !== undefined && !isOwn ? say('at_step', { step: facts.best_step }) : '';
  });
  cells[0].scope = 'row';
  return row;
}

function newRow(id) {
  const row = make('tr'), cell = make('td', 'curve'), label = make('label'), box = make('input');
  box.type = 'checkbox';
  box.dataset.run = id;
  box.addEventListener('change', () => choose(id, box.checked));
  label.append(box, make('span', 'look'));
  cell.append(label);
  row.append(cell);
  rowsOfTable.set(id, row);
  return row;
}

at('.runs').addEventListener('toggle', () => {
  chosen.open = at('.runs').open;
  keep();
  showTable();
});
