/* How weights are spread, and how that changes with the layer: two small charts of one parameter, for one or two models.
 * Everything is in the value, so another part or layer is drawn at once. */
const WORDS = {
  part: 'Parameter', layer: 'Layer', all: 'all layers together', one: 'layer {layer}', once: 'stands once, outside the blocks',
  spread: 'How its values are spread: share of all values in each of {count} bins, {width} wide',
  depth: 'Root mean square by layer (the norm divided by \u221acount, so that sizes can be compared)',
  depth_once: 'There is only one of it, so nothing to follow through the layers.',
  facts: 'mean {mean}, std {std}, largest {largest}, norm {norm}, {count} {count:value|values}', beyond: '{share} lie beyond the ends',
  missing: 'has no such parameter', no_layer: 'has no layer {layer}', at_layer: 'layer {layer}: {rms}',
};
const { at, say, make, makeSvg, rounded, percent } = playground.widget(element, props, () => WORDS);
const BOX = { left: 52, right: 14, top: 10, bottom: 28, width: 560, height: 230 };
const INNER = { x: BOX.width - BOX.left - BOX.right, y: BOX.height - BOX.top - BOX.bottom };
let found = null, chosen = { part: null, layer: -1 }; // layer -1: all together

/** What was found on each model for what is chosen: { all, layers } and the row, or nothing. */
function rowsOf(part, layer) {
  return found.models.map((model) => {
    const entry = model[part];
    return { entry, row: entry && (layer < 0 ? entry.all : entry.layers[layer]) };
  });
}

function frame(chart, yTicks, yWords, xTicks) {
  const nodes = [];
  yTicks.forEach((part, i) => {
    const y = BOX.top + INNER.y * (1 - part);
    nodes.push(makeSvg('line', { class: 'rule', x1: BOX.left, x2: BOX.width - BOX.right, y1: y, y2: y }),
      makeSvg('text', { class: 'tick', x: BOX.left - 6, y: y + 4, 'text-anchor': 'end' }, yWords[i]));
  });
  for (const [part, words] of xTicks) {
    nodes.push(makeSvg('text', { class: 'tick', x: BOX.left + INNER.x * part, y: BOX.height - 8, 'text-anchor': 'middle' }, words));
  }
  chart.replaceChildren(...nodes);
}

/** A round number that is not below a value: 1, 2 or 5 and zeros. */
function roundUp(value) {
  const ten = 10 ** Math.floor(Math.log10(value || 1));
  return [1, 2, 5, 10].map((step) => step * ten).find((step) => step >= value * 0.999) ?? 1;
}

/** Places of round numbers between two ends, and the numbers. */
function roundTicks(low, high) {
  const step = roundUp((high - low) / 7), ticks = [];
  for (let i = Math.ceil(low / step - 1e-6); i * step <= high + 1e-6 * step; i += 1) {
    ticks.push([(i * step - low) / (high - low), rounded(i * step)]);
  }
  return ticks;
}

// --- how values are spread ------------------------------------------------------------------------------

function drawSpread() {
  const rows = rowsOf(chosen.part, chosen.layer), [low, high] = found.ranges[chosen.part], chart = at('.spread svg');
  const shares = rows.map(({ row }) => row && row[5].map((count) => count / row[0]));
  const bins = shares.find(Boolean)?.length ?? 1, top = roundUp(Math.max(...shares.flatMap((each) => each ?? [0]), 1e-6));
  frame(chart, [0, 0.5, 1], [0, top / 2, top].map((part) => (part ? rounded(100 * part) + ' %' : '0')), roundTicks(low, high));
  shares.forEach((each, i) => {
    if (!each) return;
    const x = (bin) => (BOX.left + (INNER.x * bin) / bins).toFixed(1), y = (part) => (BOX.top + INNER.y * (1 - part / top)).toFixed(1);
    const steps = each.map((part, bin) => 'L' + x(bin) + ' ' + y(part) + 'L' + x(bin + 1) + ' ' + y(part)).join('');
    chart.append(makeSvg('path', { class: 'spread-' + i, d: 'M' + x(0) + ' ' + y(0) + steps + 'L' + x(bins) + ' ' + y(0) }));
  });
  const title = say('spread', { count: bins, width: rounded((high - low) / bins) });
  at('.spread figcaption').textContent = title;
  chart.setAttribute('aria-label', title);
}

// --- from layer to layer --------------------------------------------------------------------------------

function drawDepth() {
  const chart = at('.depth svg'), rows = rowsOf(chosen.part, -1);
  const lines = rows.map(({ entry }) => (entry?.layers ?? []).map(([count, , , , norm]) => norm / Math.sqrt(count)));
  const layers = Math.max(...lines.map((line) => line.length));
  chart.toggleAttribute('hidden', !layers);
  at('.depth figcaption').textContent = say(layers ? 'depth' : 'depth_once');
  if (!layers) return;
  const top = roundUp(Math.max(...lines.flat(), 1e-9)), place = (layer) => (layer + 0.5) / layers;
  const every = Math.ceil(layers / 12), ticks = [];
  for (let layer = 0; layer < layers; layer += every) ticks.push([place(layer), layer]);
  frame(chart, [0, 0.5, 1], [0, top / 2, top].map((part) => rounded(part)), ticks);
  const x = (layer) => (BOX.left + INNER.x * place(layer)).toFixed(1), y = (rms) => (BOX.top + INNER.y * (1 - rms / top)).toFixed(1);
  if (chosen.layer >= 0) {
    chart.append(makeSvg('line', { class: 'here', x1: x(chosen.layer), x2: x(chosen.layer), y1: BOX.top, y2: BOX.top + INNER.y }));
  }
  lines.forEach((line, i) => {
    chart.append(makeSvg('path', { class: 'line-' + i, d: line.map((rms, layer) => (layer ? 'L' : 'M') + x(layer) + ' ' + y(rms)).join('') }));
    line.forEach((rms, layer) => {
      const mark = i ? makeSvg('rect', { class: 'dot-1', x: x(layer) - 4, y: y(rms) - 4, width: 8, height: 8, transform: 'rotate(45 ' + x(layer) + ' ' + y(rms) + ')' })
        : makeSvg('circle', { class: 'dot-0', cx: x(layer), cy: y(rms), r: 4.5 });
      mark.append(makeSvg('title', {}, found.names[i] + ', ' + say('at_layer', { layer, rms: rounded(rms) })));
      chart.append(mark);
    });
  });
  chart.setAttribute('aria-label', say('depth'));
}

// --- all of it ------------------------------------------------------------------------------------------

function factNode({ entry, row }, i) {
  const item = make('li'), words = make('span');
  item.append(make('i', i ? 'mark second' : 'mark'), words);
  words.append(make('b', '', found.names[i] + ' '));
  if (!row) {
    words.append(entry ? say('no_layer', { layer: chosen.layer }) : say('missing'));
    return item;
  }
  const [count, mean, std, largest, norm, bins] = row, beyond = 1 - bins.reduce((sum, each) => sum + each, 0) / count;
  const facts = { mean: rounded(mean), std: rounded(std), largest: rounded(largest), norm: rounded(norm), count };
  words.append(say('facts', facts) + (beyond > 1e-9 ? '; ' + say('beyond', { share: percent(beyond) }) : ''));
  return item;
}

function redraw() {
  const layers = Math.max(...rowsOf(chosen.part, -1).map(({ entry }) => entry?.layers.length ?? 0));
  if (chosen.layer >= layers) chosen.layer = -1;
  const options = [new Option(layers ? say('all') : say('once'), -1)];
  for (let layer = 0; layer < layers; layer += 1) options.push(new Option(say('one', { layer }), layer));
  at('.layer').replaceChildren(...options);
  at('.layer').value = chosen.layer;
  at('.layer').disabled = !layers;
  drawSpread();
  drawDepth();
  at('.facts').replaceChildren(...rowsOf(chosen.part, chosen.layer).map(factNode));
}

function show() {
  const { title, about, packed } = props.value ?? {};
  at('section').hidden = !packed;
  if (!packed) return;
  found = JSON.parse(packed);
  const parts = Object.keys(found.ranges);
  if (!parts.includes(chosen.part)) chosen.part = parts.find((part) => part.startsWith('attn.')) ?? parts[0];
  at('h3').textContent = title;
  at('.about').textContent = about;
  at('.part-name').textContent = say('part');
  at('.layer-name').textContent = say('layer');
  at('.part').replaceChildren(...parts.map((part) => new Option(part, part)));
  at('.part').value = chosen.part;
  at('.keys').replaceChildren(...found.names.map((words, i) => {
    const key = make('span');
    key.append(make('i', i ? 'mark second' : 'mark'), words);
    return key;
  }));
  redraw();
}

at('.part').addEventListener('change', (event) => { chosen.part = event.target.value; redraw(); });
at('.layer').addEventListener('change', (event) => { chosen.layer = Number(event.target.value); redraw(); });
watch('value', show);
show();
