const { at, make } = playground.widget(element, props);
let known = '""';

function show() {
  const parts = [props.value ?? ''].flat(), told = JSON.stringify(parts);
  if (told === known) return; // a live region whose words stay the same stays silent
  known = told;
  at('span').replaceChildren(...parts.map((words, i) => make(i % 2 ? 'strong' : 'span', '', words)).filter((node) => node.textContent));
}

watch('value', show);
show();
