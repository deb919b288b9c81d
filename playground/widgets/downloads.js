/* Links to plain routes (playground/server/routes.py): the value tells the run, the language, the words and the query. */
const { at, make } = playground.widget(element, props);

function link([name, file]) {
  const { run, text, lang, query } = props.value, node = make('a', '', text[name] ?? name);
  const address = new URL(`playground/run/${encodeURIComponent(run)}/${file}`, document.baseURI);
  address.search = new URLSearchParams({ lang, ...query });
  node.href = address;
  node.download = '';
  return node;
}

function show() {
  const { run, text, files, note } = props.value ?? {};
  at('nav').hidden = !run;
  at('nav').replaceChildren(make('b', '', text?.title), ...(run ? files : []).map(link),
    ...(run && note ? [make('small', '', note)] : []));
}

watch('value', show);
show();
