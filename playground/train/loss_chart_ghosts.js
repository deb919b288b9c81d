/* The curves of other runs beside the one in view: which there are, which are drawn, and how each looks; and the marks
 * of curves that leave the chart. Shares one scope with loss_chart_draw.js and loss_chart.js, between which it stands. */
const COLOURS = 6; // --ghost-0 ... in loss_chart.css
const DASHES = [[7, 3], [2, 3], [11, 3, 2, 3], [15, 4], [4, 2, 1, 2]]; // with the colours: thirty that differ
const FEW = 6; // of those that are not drawn, so many are offered at once
const known = new Map(); // id -> { id, label, shown, chosen, on, slot, evals, isLive }
let isWide = false; // all are offered

const ghostsDrawn = () => [...known.values()].filter((ghost) => ghost.on && ghost.evals);
const styleOf = (ghost) => ({ colour: ink.ghosts[ghost.slot % COLOURS], width: 1.75, dash: DASHES[ghost.slot % DASHES.length] });
const shortOf = (ghost) => ghost.label.split(' \u00b7 ')[0];

/** The lowest place among colours and dashes that no drawn curve has. */
function freeSlot() {
  const taken = new Set([...known.values()].filter((ghost) => ghost.on).map((ghost) => ghost.slot));
  for (let slot = 0; ; slot += 1) if (!taken.has(slot)) return slot;
}

/** Take the list that came with the value; what somebody chose here stays chosen. */
function takeGhosts(list) {
  const kept = new Map(known);
  known.clear();
  for (const { id, label, shown = true } of list) {
    const old = kept.get(id);
    known.set(id, { id, on: false, slot: null, evals: null, isLive: false, chosen: null, ...old, label, shown });
  }
  for (const ghost of known.values()) setOn(ghost, ghost.chosen ?? ghost.shown);
  showChips();
}

function setOn(ghost, on) {
  if (on && ghost.slot === null) { ghost.on = false; ghost.slot = freeSlot(); }
  if (!on) ghost.slot = null;
  ghost.on = on;
  if (on && (!ghost.evals || ghost.isLive)) fetchGhost(ghost);
}

function fetchGhost(ghost) {
  const end = window.playgroundFeed.subscribe(ghost.id, props.value?.lang ?? 'en', (news) => {
    if (news.offline) return;
    if (!news.missing) ghost.evals = news.evals;
    ghost.isLive = ['running', 'queued'].includes(news.state); // to be asked for again at the next occasion
    setTimeout(() => end()); // once is enough; not at once, as `end` may not be set yet
    update();
  });
}

/** The list of runs tells what was renamed or deleted meanwhile. */
function onListed() {
  const names = new Map((window.playgroundFeed.runs ?? []).map((run) => [run.id, run.curve]));
  let changed = false;
  for (const ghost of [...known.values()]) {
    const label = names.get(ghost.id);
    changed ||= label !== ghost.label;
    if (label) ghost.label = label;
    else known.delete(ghost.id);
  }
  if (changed) { showChips(); update(); }
}

// --- the list to choose from ----------------------------------------------------------------------------

function strokeOf(ghost) {
  const line = makeSvg('svg', { class: 'stroke', viewBox: '0 0 26 4', 'aria-hidden': 'true' });
  if (ghost.on) {
    const { colour, dash } = styleOf(ghost);
    line.append(makeSvg('path', { d: 'M0 2h26', stroke: colour, 'stroke-width': 2.5, 'stroke-dasharray': dash.join(' ') }));
  }
  return line;
}

function chipOf(ghost) {
  const chip = make('label', 'chip'), box = make('input');
  box.type = 'checkbox';
  box.checked = ghost.on;
  box.dataset.run = ghost.id;
  box.addEventListener('change', () => {
    ghost.chosen = box.checked;
    setOn(ghost, box.checked);
    showChips();
    at('.compare [data-run="' + ghost.id + '"]')?.focus();
    update();
  });
  chip.append(box, strokeOf(ghost), make('span', '', ghost.label));
  return chip;
}

function showChips() {
  const all = [...known.values()], offered = isWide ? all : all.filter((ghost, i) => ghost.on || i < FEW);
  const more = make('button', 'more', say(isWide ? 'fewer_curves' : 'all_curves', { n: all.length }));
  more.type = 'button';
  more.setAttribute('aria-expanded', String(isWide));
  more.addEventListener('click', () => { isWide = !isWide; showChips(); at('.compare .more')?.focus(); });
  at('.compare').hidden = all.length === 0;
  at('.compare').setAttribute('aria-label', say('compare'));
  at('.compare').replaceChildren(make('span', 'compare-label', say('compare')), ...offered.map(chipOf),
    ...(all.length > FEW && (isWide || offered.length < all.length) ? [more] : []));
}

// --- marks on the chart -----------------------------------------------------------------------------------

/** A mark at the upper edge wherever a curve leaves the chart. */
function drawExits() {
  if (area.empty) return;
  const curves = ghostsDrawn().map((ghost) => [ghost.evals, 2, styleOf(ghost).colour]);
  const { points = [], evals = [] } = view ?? {};
  curves.push([evals.length ? evals : points, 1, ink.train], [evals, 2, ink.val]);
  let told = false;
  for (const [rows, column, colour] of curves) {
    let out = false, before = null;
    for (const row of rows) {
      const leaves = row[column] > area.high;
      const x = leaves && !out ? area.x(before ? crossing(before, row, column) : row[0]) : Infinity;
      if (x <= area.right) {
        exitMark(x, colour, told ? '' : say('leaves'));
        told = true;
      }
      out = leaves;
      before = row;
    }
  }
}

/** The step at which the line from one row to the next crosses the upper edge. */
function crossing([from, ...low], [to, ...high], column) {
  const below = low[column - 1], above = high[column - 1];
  if (!finite(below)) return to;
  return from + (to - from) * (area.high - below) / (above - below);
}

function exitMark(x, colour, words) {
  const top = area.top - 12;
  pen.fillStyle = colour;
  pen.beginPath();
  pen.moveTo(x, top);
  pen.lineTo(x + 5, top + 8);
  pen.lineTo(x - 5, top + 8);
  pen.fill();
  if (!words) return;
  const right = x + 10 + pen.measureText(words).width < area.right;
  pen.textBaseline = 'middle';
  pen.textAlign = right ? 'left' : 'right';
  write(words, right ? x + 10 : x - 10, top + 5, ink.text);
}

/** The number of each other run at the end of its curve; its name stands in the list above the chart. */
function labelGhosts() {
  const labels = [];
  for (const ghost of ghostsDrawn()) {
    const shown = ghost.evals.filter((row) => row[0] <= area.end && row[2] <= area.high);
    const row = shown[shown.length - 1];
    if (row) labels.push({ text: shortOf(ghost), x: Math.min(area.x(row[0]), area.right - 4), y: area.y(row[2]) - 9, ghost });
  }
  spread(labels, 13);
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  for (const { text, x, at: y, ghost } of labels) write(text, x, y, styleOf(ghost).colour, 'bold ');
}
