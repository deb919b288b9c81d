/* The curves of other runs beside the one in view: which there are, which are drawn, how each looks, and whether its
 * losses can be compared; and the marks of curves that leave the chart. Shares one scope with the other loss_chart
 * files. Which are chosen is said in the table (loss_chart_table.js) and kept in `chosen.shown`. */
const COLOURS = 6; // --ghost-0 ... in loss_chart.css
const DASHES = [[7, 3], [2, 3], [11, 3, 2, 3], [15, 4], [4, 2, 1, 2]]; // with the colours: thirty that differ
const BY_DEFAULT = 4; // earlier runs on the same text that are drawn until somebody chooses
const LIVE = ['running', 'queued'];
const known = new Map(); // id -> { id, label, chosen, on, slot, evals, tokens_per_step, end }
let listed = []; // the runs of the page's list, newest first

const ghostsDrawn = () => [...known.values()].filter((ghost) => ghost.on && ghost.evals);
const styleOf = (ghost) => ({ colour: ink.ghosts[ghost.slot % COLOURS], width: 1.75, dash: DASHES[ghost.slot % DASHES.length] });
const shortOf = (ghost) => ghost.label.split(' \u00b7 ')[0];
const entryOf = (id) => listed.find((each) => each.id === id);

/** The lowest place among colours and dashes that no drawn curve has. */
function freeSlot() {
  const taken = new Set([...known.values()].filter((ghost) => ghost.on).map((ghost) => ghost.slot));
  for (let slot = 0; ; slot += 1) if (!taken.has(slot)) return slot;
}

/** Take the page's list of runs: what is new, renamed, deleted or trained on; and another run in view. */
function takeRuns() {
  listed = window.playgroundFeed.runs ?? [];
  const own = entryOf(run?.id), kept = new Map(known);
  let drawn = 0, isEarlier = false;
  known.clear();
  for (const entry of listed) {
    if (entry.id === run?.id) { isEarlier = true; continue; }
    const ghost = kept.get(entry.id) ?? { id: entry.id, on: false, slot: null, evals: null, end: null, byDefault: false };
    if (own || !run) ghost.byDefault = !!own && isEarlier && entry.step > 0 && isComparable(own, entry) && drawn < BY_DEFAULT;
    drawn += ghost.byDefault ? 1 : 0;
    ghost.chosen = Object.hasOwn(chosen.shown, entry.id) ? chosen.shown[entry.id] : null;
    ghost.label = !own || entry.text === own.text ? entry.curve : entry.curve + ', ' + entry.text_name;
    known.set(entry.id, ghost);
  }
  for (const [id, ghost] of kept) if (!known.has(id)) leave(ghost);
  for (const ghost of known.values()) setOn(ghost, ghost.chosen ?? ghost.byDefault);
  showLegend();
  showTable();
}

const isComparable = (own, entry) => own.text === entry.text && own.tokenizer === entry.tokenizer;

/** Choose whether a run is drawn. */
function choose(id, on) {
  const others = Object.entries(chosen.shown).filter(([known]) => known !== id);
  chosen.shown = Object.fromEntries([...others, [id, on]]); // the newest last: of very many, the first are forgotten
  const ghost = known.get(id);
  ghost.chosen = on;
  setOn(ghost, on);
  keep();
  showLegend();
  showTable();
  update();
}

function setOn(ghost, on) {
  if (on && ghost.slot === null) { ghost.on = false; ghost.slot = freeSlot(); }
  if (!on) { ghost.slot = null; leave(ghost); }
  ghost.on = on;
  if (on && !ghost.end && (!ghost.evals || LIVE.includes(entryOf(ghost.id)?.state))) followGhost(ghost);
}

function leave(ghost) {
  ghost.end?.();
  ghost.end = null;
}

/** Ask for the rows of another run: once, or as long as it is trained. */
function followGhost(ghost) {
  const end = window.playgroundFeed.subscribe(ghost.id, props.value?.lang ?? 'en', (news) => {
    if (!element.isConnected) return leave(ghost);
    if (news.offline) return;
    if (!news.missing) Object.assign(ghost, { evals: news.evals, tokens_per_step: news.tokens_per_step });
    if (!LIVE.includes(news.state)) setTimeout(() => leave(ghost)); // not at once, as `end` may not be known yet
    update();
  });
  ghost.end = end;
}

// --- what is drawn, in words ----------------------------------------------------------------------------

function strokeOf(ghost) {
  const line = makeSvg('svg', { class: 'stroke', viewBox: '0 0 26 4', 'aria-hidden': 'true' });
  if (ghost.on) {
    const { colour, dash } = styleOf(ghost);
    line.append(makeSvg('path', { d: 'M0 2h26', stroke: colour, 'stroke-width': 2.5, 'stroke-dasharray': dash.join(' ') }));
  }
  return line;
}

/** Name each curve that is drawn beside the run's own, and say which of their losses mean something else. */
function showLegend() {
  const shown = [...known.values()].filter((ghost) => ghost.on), legend = at('.legend'), own = entryOf(run?.id);
  const words = shown.map((ghost) => ghost.label + ghost.slot).join('\n') + say('compare') + ink.ghosts;
  if (legend.dataset.shown !== words) {
    legend.dataset.shown = words;
    legend.hidden = !shown.length;
    legend.replaceChildren(make('span', 'quiet', say('compare')), ...shown.map((ghost) => {
      const each = make('span', 'drawn');
      each.append(strokeOf(ghost), make('span', '', ghost.label));
      return each;
    }));
  }
  const others = own ? shown.filter((ghost) => !isComparable(own, entryOf(ghost.id) ?? own)) : [];
  const otherTokens = others.filter((ghost) => entryOf(ghost.id).tokenizer !== own.tokenizer);
  const otherText = others.filter((ghost) => !otherTokens.includes(ghost)), names = (some) => some.map(shortOf).join(', ');
  tell(at('.unlike'), [otherTokens.length && say('other_tokens', { runs: names(otherTokens) }),
    otherText.length && say('other_text', { runs: names(otherText) })].filter(Boolean).join(' '));
}

// --- marks on the chart -----------------------------------------------------------------------------------

/** A mark at the upper edge wherever a curve leaves the chart. */
function drawExits() {
  if (area.empty) return;
  const curves = ghostsDrawn().map((ghost) => [trace(ghost, 'evals', 2), styleOf(ghost).colour]);
  const [batches, train, val] = ownTraces();
  curves.push([train.length ? train : batches, ink.train], [val, ink.val]);
  let told = false;
  for (const [points, colour] of curves) {
    let out = false, before = null;
    for (const point of points) {
      const leaves = point[1] > area.high;
      const x = leaves && !out ? area.x(before ? crossing(before, point) : point[0]) : Infinity;
      if (x >= area.left && x <= area.right) {
        exitMark(x, colour, told ? '' : say('leaves'));
        told = true;
      }
      out = leaves;
      before = point;
    }
  }
}

/** Where the line from one point to the next crosses the upper edge. */
function crossing([from, below], [to, above]) {
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

/** The number of each other run at the end of its curve; its name stands in the line above the chart. */
function labelGhosts() {
  const labels = [];
  for (const ghost of ghostsDrawn()) {
    const shown = drawn(ghost, 'evals', 2).filter(([x, loss]) => x >= area.from && x <= area.to && loss <= area.high);
    const last = shown[shown.length - 1];
    if (last) labels.push({ text: shortOf(ghost), x: Math.min(area.x(last[0]), area.right - 4), y: area.y(last[1]) - 9, ghost });
  }
  spread(labels, 13);
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  for (const { text, x, at: y, ghost } of labels) write(text, x, y, styleOf(ghost).colour, 'bold ');
}
