/* Which section of the Compare tab is in view (element, props, trigger, watch: Gradio's). The pieces of the others are
 * hidden by a rule of the document, as some are drawn later than this. */
const KEPT = 'gpt-playground-compare';
const { at, make, walk, comeIntoView } = playground.widget(element, props, () => ({}));
const names = () => (props.told?.groups ?? []).flatMap(([, sections]) => sections.map(([name]) => name));
const sheet = new CSSStyleSheet();

let asked = null; // by a link
const tellLink = playground.link.hold('section', (name) => {
  asked = names().includes(name) ? name : null;
  if (asked && props.value) choose(asked);
  else if (asked) show(asked);
}, 'parts');

function remembered() {
  const name = asked ?? localStorage.getItem(KEPT);
  return names().includes(name) ? name : names()[0];
}

/** Show the pieces of a section, and those alone. */
function show(name) {
  sheet.replaceSync('.piece:not(.for-' + CSS.escape(name) + ') { display: none !important; }');
  for (const button of element.querySelectorAll('button')) {
    if (button.dataset.section === name) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
  }
}

function choose(name) {
  localStorage.setItem(KEPT, name);
  props.value = name; // Gradio hands it to what listens
  tellLink(name);
  show(name);
  setTimeout(() => trigger('choose'));
}

function onTold() {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.section : null;
  at('nav').setAttribute('aria-label', props.told?.label ?? '');
  at('nav').replaceChildren(...(props.told?.groups ?? []).map(([label, sections]) => {
    const group = make('div', 'group');
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', label);
    group.append(make('span', 'label', label), ...sections.map(([name, words]) => {
      const button = make('button', '', words);
      button.type = 'button';
      button.dataset.section = name;
      return button;
    }));
    return group;
  }));
  show(props.value ?? remembered());
  if (focused) at('[data-section="' + focused + '"]')?.focus();
}

document.adoptedStyleSheets.push(sheet);
element.addEventListener('click', (event) => {
  const name = event.target.closest('button')?.dataset.section;
  if (!name) return;
  choose(name);
  comeIntoView(element);
});
element.addEventListener('keydown', (event) => {
  const buttons = [...element.querySelectorAll('button')];
  if (buttons.includes(event.target)) walk(event, buttons, buttons.indexOf(event.target));
});
// Until somebody looks at the tab nothing of it is computed; then, what this browser looked at last.
const seen = new ResizeObserver(() => {
  if (props.value || !at('nav').offsetWidth) return;
  choose(remembered());
  seen.disconnect();
});
watch('told', onTold);
watch('value', () => { if (props.value) { tellLink(props.value); show(props.value); } });
onTold();
seen.observe(at('nav'));
