/* Tables of numbers as pictures: a pixel a value, orange above zero and blue below, the stronger the further from it, by
 * the square root, which the bytes hold. The paper shows through, so the pictures need not be drawn anew when it turns dark. */
const WORDS = {
  hint: 'Point at a picture to read a value.', below: 'below zero', above: 'above zero',
  scale: 'colour by the square root; a value is known to 1 % of the full colour',
};
const { at, say, fillIn, make, rounded, clamp, bytesOf } = playground.widget(element, props, () => WORDS);
const ABOVE = [224, 110, 20], BELOW = [50, 110, 240];

function pictureNode({ title, caption, shape, limit, steps, cell, data }) {
  const [rows, columns] = shape, levels = bytesOf(data);
  const figure = make('figure'), canvas = make('canvas');
  canvas.width = columns;
  canvas.height = rows;
  const pen = canvas.getContext('2d'), image = pen.createImageData(columns, rows);
  levels.forEach((level, i) => {
    const part = (level - 128) / 127;
    image.data.set([...(part > 0 ? ABOVE : BELOW), Math.round(255 * Math.abs(part))], 4 * i);
  });
  pen.putImageData(image, 0, 0);
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', title + '. ' + caption);
  canvas.addEventListener('pointermove', (event) => {
    const box = canvas.getBoundingClientRect();
    const row = clamp(Math.floor(((event.clientY - box.top) / box.height) * rows), 0, rows - 1);
    const column = clamp(Math.floor(((event.clientX - box.left) / box.width) * columns), 0, columns - 1);
    const part = (levels[row * columns + column] - 128) / 127, number = part * Math.abs(part) * limit;
    const facts = { row: row * steps[0], column: column * steps[1], value: rounded(number, 2) };
    at('.tip').textContent = fillIn(cell, facts);
  });
  canvas.addEventListener('pointerleave', () => { at('.tip').textContent = say('hint'); });
  const frame = make('div', 'paper');
  frame.append(canvas);
  const words = make('figcaption');
  words.append(make('b', '', title), make('span', '', caption));
  figure.append(words, frame);
  return figure;
}

function show() {
  const { title, about, packed } = props.value ?? {};
  const pictures = JSON.parse(packed || '[]');
  at('section').hidden = !pictures.length;
  at('h3').textContent = title ?? '';
  at('.about').textContent = about ?? '';
  at('.tip').textContent = say('hint');
  for (const key of ['below', 'above', 'scale']) at('.' + key).textContent = say(key);
  at('.row').replaceChildren(...pictures.map(pictureNode));
}

watch('value', show);
show();
