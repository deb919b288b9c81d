/* What somebody chose of the chart, as this browser keeps it: axes, smoothing, the part in sight, and in the table which
 * runs are drawn, whether it is open, and its order. What is kept may be anything: each part is taken or left as it was.
 * Shares one scope with the other loss_chart files. */
const KEPT = 'gpt-playground-chart';
const MOST_SHOWN = 300; // choices of runs that are kept, the newest
const chosen = { x: 'steps', logX: false, logY: false, smooth: 1, zoom: null, shown: {}, open: false, sort: { by: 'run', down: true } };

function recall() {
  let kept = null;
  try { kept = JSON.parse(localStorage.getItem(KEPT)); } catch { /* damaged */ }
  if (typeof kept !== 'object' || kept === null) return;
  if (UNITS.includes(kept.x)) chosen.x = kept.x;
  for (const name of ['logX', 'logY', 'open']) chosen[name] = kept[name] === true;
  if (WINDOWS.includes(kept.smooth)) chosen.smooth = kept.smooth;
  const { zoom: part, shown, sort } = kept;
  if (finite(part?.from) && finite(part.to) && part.from >= 0 && part.from < part.to) chosen.zoom = part;
  if (shown && typeof shown === 'object') chosen.shown = Object.fromEntries(Object.entries(shown).filter(([, on]) => typeof on === 'boolean'));
  if (typeof sort?.by === 'string') chosen.sort = { by: sort.by, down: sort.down === true };
}

// What of it belongs to a link; what a link asks for is kept by this browser only once something is chosen here.
const LINKED = {
  x: { told: () => chosen.x, put(asked) { if (!UNITS.includes(asked)) return; if (view) changeUnit(asked); else chosen.x = asked; } },
  log: {
    told: () => (chosen.logX ? 'x' : '') + (chosen.logY ? 'y' : ''),
    put(asked) { [chosen.logX, chosen.logY] = ['x', 'y'].map((axis) => String(asked).includes(axis)); },
  },
  mean: { told: () => String(chosen.smooth), put(asked) { if (WINDOWS.includes(Number(asked))) chosen.smooth = Number(asked); } },
};

function linkUp() {
  for (const [name, part] of Object.entries(LINKED)) {
    const put = (asked) => { part.put(asked); if (view) { showChoices(); point(null); } };
    part.tell = playground.link.hold(name, put, part.told());
  }
}

function keep() {
  chosen.shown = Object.fromEntries(Object.entries(chosen.shown).slice(-MOST_SHOWN));
  try {
    localStorage.setItem(KEPT, JSON.stringify(chosen));
  } catch { /* full: remembered by this page alone */ }
}

/** Let the controls say what is chosen. */
function showChoices() {
  at('#chart-x').value = chosen.x;
  at('.log-x').setAttribute('aria-pressed', String(chosen.logX));
  at('.log-y').setAttribute('aria-pressed', String(chosen.logY));
  const range = at('#chart-smooth'), [words, short] = ['mean', 'mean_short'].map((key) => say(chosen.smooth > 1 ? key : 'mean_none', { n: chosen.smooth }));
  range.max = String(WINDOWS.length - 1);
  range.value = String(WINDOWS.indexOf(chosen.smooth));
  range.setAttribute('aria-valuetext', words);
  put(at('.smooth-value'), short);
  at('.runs').open = chosen.open;
}

function onChoice() {
  keep();
  for (const part of Object.values(LINKED)) part.tell(part.told());
  showChoices();
  point(null);
}

at('#chart-x').addEventListener('change', () => { changeUnit(at('#chart-x').value); onChoice(); });
for (const [axis, name] of [['x', 'logX'], ['y', 'logY']]) {
  at('.log-' + axis).addEventListener('click', () => { chosen[name] = !chosen[name]; onChoice(); });
}
at('#chart-smooth').addEventListener('input', () => { chosen.smooth = WINDOWS[Number(at('#chart-smooth').value)] ?? 1; onChoice(); });
