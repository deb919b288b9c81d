/* Looking closer at a part of the x axis: by dragging over it, with Ctrl and the wheel (which is a trackpad's pinch too),
 * with two fingers, by keys and by buttons. The loss axis follows what is in sight. A wheel alone scrolls the page, and
 * one finger points, or scrolls it. Shares one scope with the other loss_chart files. */
const CLOSER = 0.6; // of the part in sight, at a press of a key or a button
const SMALLEST = 1e-4; // of the whole axis, that can be in sight
const DRAGGED = 6; // pixels from which on a press is a drag
const fingers = new Map(); // pointer id -> pixel
let drag = null; // { id, from, to } in pixels, while a part is chosen with the mouse
let held = null; // what two fingers hold: [place, place] along the drawn axis

/** Show the axis from one place to another, or all of it where that is what they hold. */
function setZoom(from, to, isDone = true) {
  const [first, last] = area.whole, room = (last - first) * SMALLEST;
  let low = clamp(Math.min(from, to), first, last), high = clamp(Math.max(from, to), first, last);
  if (high - low < room) [low, high] = [Math.max(first, low - room), Math.min(last, high + room)];
  const isAll = !(high - low < 0.995 * (last - first));
  chosen.zoom = isAll ? null : { run: run?.id ?? null, x: chosen.x, from: low, to: high };
  takeZoom();
  if (isDone) keep();
  redraw();
}

/** Take the part that was chosen, where it is one of the run in view and of this axis. */
function takeZoom() {
  const { zoom: part } = chosen;
  zoom = part && part.run === (run?.id ?? null) && part.x === chosen.x ? [part.from, part.to] : null;
  at('.zoom-all').disabled = !zoom;
}

/** Show so many times as much of the axis, with what is at a pixel staying there. */
function zoomBy(times, pixel = area.right) {
  setZoom(area.anyPlaceAt(pixel - (pixel - area.left) * times), area.anyPlaceAt(pixel + (area.right - pixel) * times));
}

/** Go along the axis by a part of what is in sight. */
function pan(part) {
  if (!zoom) return;
  const [first, last] = area.whole, width = area.right - area.left;
  const [low, high] = [first, last].map(area.x), by = clamp(part * width, low - area.left, high - area.right);
  setZoom(area.anyPlaceAt(area.left + by), area.anyPlaceAt(area.right + by));
}

/** Turn the part in sight into the same one of another axis, by the steps of the run in view. */
function changeUnit(unit) {
  const ofRun = () => (view?.points?.length ? trace(view, 'points', 1) : trace(view, 'evals', 1));
  const steps = zoom?.map((place) => nearest(ofRun(), place)?.[2]);
  chosen.x = unit;
  const places = steps?.map((step) => ofRun().find((point) => point[2] === step)?.[0]);
  chosen.zoom = places?.every(finite) && places[0] < places[1] ? { run: run.id, x: unit, from: places[0], to: places[1] } : null;
  takeZoom();
}

const pixelOf = (event) => clamp(pointIn(event, canvas)[0], area.left, area.right);

function onDown(event) {
  if (!area || area.empty) return;
  if (event.pointerType === 'touch') fingers.set(event.pointerId, pointIn(event, canvas)[0]);
  else if (event.button === 0) drag = { id: event.pointerId, from: pixelOf(event), to: pixelOf(event) };
  held = fingers.size === 2 ? [...fingers.values()].map((pixel) => area.along(pixel)) : null;
}

/** Whether a pointer that moves chooses a part, and so points at nothing. */
function isZooming(event) {
  if (fingers.has(event.pointerId)) {
    fingers.set(event.pointerId, pointIn(event, canvas)[0]);
    if (held && fingers.size === 2) pinch();
    return fingers.size > 1;
  }
  if (drag?.id !== event.pointerId) return false;
  drag.to = pixelOf(event);
  const isDrag = Math.abs(drag.to - drag.from) >= DRAGGED;
  if (isDrag && !canvas.hasPointerCapture(event.pointerId)) canvas.setPointerCapture(event.pointerId);
  if (isDrag) point(null);
  return isDrag;
}

/** Keep what two fingers hold under them. */
function pinch() {
  const [one, other] = [...fingers.values()], scale = (held[1] - held[0]) / (other - one);
  if (!Number.isFinite(scale) || scale <= 0) return;
  const placeAt = (pixel) => area.back(held[0] + (pixel - one) * scale);
  pointed = null;
  setZoom(placeAt(area.left), placeAt(area.right), false);
}

function onUp(event) {
  fingers.delete(event.pointerId);
  if (held) keep();
  held = null;
  if (drag?.id !== event.pointerId) return;
  const { from, to } = drag;
  drag = null;
  if (event.type === 'pointerup' && Math.abs(to - from) >= DRAGGED) setZoom(area.placeAt(from), area.placeAt(to));
  else redraw();
}

function onWheel(event) {
  if (!area || area.empty) return;
  const along = Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (!(event.ctrlKey || event.metaKey) && !(along && zoom)) return; // the page scrolls
  event.preventDefault();
  if (event.ctrlKey || event.metaKey) zoomBy(Math.exp(clamp(event.deltaY, -60, 60) * 0.01), pixelOf(event));
  else pan(event.deltaX / (area.right - area.left));
}

/** Zoom by a key; tells whether it was one of those. */
function onZoomKey(event) {
  const around = pointed === null ? undefined : area.x(pointed);
  const act = { '+': () => zoomBy(CLOSER, around), '=': () => zoomBy(CLOSER, around), '-': () => zoomBy(1 / CLOSER, around),
    0: () => setZoom(...area.whole) }[event.key];
  const way = event.shiftKey && { ArrowLeft: -0.25, ArrowRight: 0.25 }[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey || !(act || way) || area.empty) return false;
  if (act) act();
  else pan(way);
  const [from, to] = zoom ?? area.whole;
  put(at('.spoken'), say('shown', { from: placeWords(from), to: placeWords(to) }));
  return true;
}

/** The part that a drag chooses, while it does. */
function drawBand() {
  if (!drag || Math.abs(drag.to - drag.from) < DRAGGED) return;
  const left = Math.min(drag.from, drag.to), width = Math.abs(drag.to - drag.from);
  pen.globalAlpha = 0.12;
  pen.fillStyle = ink.train;
  pen.fillRect(left, area.top, width, area.bottom - area.top);
  pen.globalAlpha = 1;
  pen.setLineDash([]);
  pen.lineWidth = 1;
  pen.strokeStyle = ink.train;
  pen.strokeRect(Math.round(left) + 0.5, area.top + 0.5, Math.round(width), area.bottom - area.top - 1);
}

function listenForZoom() {
  canvas.addEventListener('pointerdown', onDown);
  for (const kind of ['pointerup', 'pointercancel']) canvas.addEventListener(kind, onUp);
  canvas.addEventListener('wheel', onWheel, { passive: false });
  canvas.addEventListener('dblclick', () => area && setZoom(...area.whole));
  at('.zoom-in').addEventListener('click', () => area && !area.empty && zoomBy(CLOSER));
  at('.zoom-out').addEventListener('click', () => area && !area.empty && zoomBy(1 / CLOSER));
  at('.zoom-all').addEventListener('click', () => { setZoom(...area.whole); canvas.focus(); });
}
