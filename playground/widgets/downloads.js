// Links to plain routes (playground/feed.py): the value tells run, language, words and what else the address needs.
const nav = element.querySelector('nav');

function show() {
  const { run, text, lang, query } = props.value ?? {};
  nav.hidden = !run;
  nav.querySelector('b').textContent = text?.title ?? '';
  const links = (props.value?.files ?? []).map(([name, file]) => {
    const link = document.createElement('a');
    const address = new URL(`playground/run/${encodeURIComponent(run)}/${file}`, document.baseURI);
    address.search = new URLSearchParams({ lang, ...query });
    link.href = address;
    link.download = '';
    link.textContent = text?.[name] ?? name;
    return link;
  });
  nav.replaceChildren(nav.querySelector('b'), ...links);
}

watch('value', show);
show();
