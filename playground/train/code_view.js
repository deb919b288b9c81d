/* A Python source, coloured by what its words are; read-only, so no editor is loaded for it. */
const WORDS = { copy: 'Copy', copied: 'Copied', region: 'The code' };
const { at, say, make, put, copyText } = playground.widget(element, props, () => WORDS);
const PARTS = [ // in this order: what begins a comment or a string ends all else
  ['comment', /#.*/],
  ['string', /[rbfu]?"""[^]*?"""|[rbfu]?"(?:\\.|[^"\\\n])*"|[rbfu]?'(?:\\.|[^'\\\n])*'/],
  ['name', /(?<=\b(?:def|class) )\w+|@[\w.]+/],
  ['keyword', new RegExp('\\b(?:' + ('and as assert async await break class continue def del elif else except False finally for from'
    + ' global if import in is lambda None nonlocal not or pass raise return True try while with yield').replaceAll(' ', '|') + ')\\b')],
  ['number', /\b\d[\d_]*(?:\.\d+)?(?:e-?\d+)?\b/],
];
const WORD = new RegExp(PARTS.map(([kind, { source }]) => `(?<${kind}>${source})`).join('|'), 'g');
let known = null;

function draw(code) {
  if (code === known) return;
  known = code;
  const nodes = [];
  let from = 0;
  for (const found of code.matchAll(WORD)) {
    const kind = PARTS.find(([name]) => found.groups[name] !== undefined)[0];
    nodes.push(code.slice(from, found.index), make('span', kind, found[0]));
    from = found.index + found[0].length;
  }
  at('code').replaceChildren(...nodes, code.slice(from));
  at('pre').scrollTop = 0;
}

function show() {
  put(at('.copy'), say('copy'));
  at('pre').setAttribute('aria-label', say('region'));
  draw(props.value?.code ?? '');
}

at('.copy').addEventListener('click', async () => {
  if (!(await copyText(known))) return;
  put(at('.copy'), say('copied'));
  setTimeout(show, 2000);
});
watch('value', show);
show();
