/* The panel that invites others (element, props, watch: Gradio's). Buttons of the page open it: `playground.invite()`. */
const { at, make, put } = playground.widget(element, props, () => ({}));
const panel = at('dialog');

function placeOf({ address, code }) {
  const place = make('figure'), image = make('img');
  image.src = 'data:image/svg+xml,' + encodeURIComponent(code);
  image.alt = props.value.text.code + ' ' + address;
  place.append(image, make('figcaption', '', address));
  return place;
}

function show() {
  const { text, about, places, limits } = props.value ?? {};
  if (!text) return;
  put(at('h2'), text.title);
  put(at('.about'), about);
  put(at('h3'), text.limits);
  at('.close').setAttribute('aria-label', text.close);
  at('.close').title = text.close;
  at('.places').replaceChildren(...places.map(placeOf));
  at('ul').replaceChildren(...limits.map((words) => make('li', '', words)));
}

panel.addEventListener('click', (event) => { if (event.target === panel) panel.close(); }); // what is around it
panel.addEventListener('keydown', (event) => event.stopPropagation()); // Escape closes this, and nothing behind it
window.playground.invite = () => { if (!panel.open) panel.showModal(); };
watch('value', show);
show();
