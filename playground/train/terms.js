/* What the words on the tab mean: a list to unfold, and a "?" at each term where it stands. A term's own widget may
 * write its words anew at any time: so the "?" is drawn by page.css beside the node (`.term::after`), and the node
 * itself opens the meaning. */
const PLACES = {
  train: '#loss-chart .train-label', val: '#loss-chart .val-label',
  tokens_per_second: '#transport [data-figure="tokens_per_second"]',
  steps_per_second: '#transport [data-figure="steps_per_second"]',
  learning_rate: '#transport [data-figure="learning_rate"]', grad_norm: '#transport [data-figure="grad_norm"]',
};
const { at, make, put } = playground.widget(element, props, () => ({}));
const bubble = at('.meaning-of');

const meaning = (key) => props.value?.terms?.find(([known]) => known === key);

function open(node) {
  const found = meaning(node.dataset.term);
  if (!found) return;
  put(bubble, found[2]);
  bubble.hidePopover();
  bubble.showPopover();
  const box = node.getBoundingClientRect(), own = bubble.getBoundingClientRect();
  const below = box.bottom + 6 + own.height < window.innerHeight;
  bubble.style.left = Math.max(12, Math.min(box.left, window.innerWidth - own.width - 12)) + 'px';
  bubble.style.top = (below ? box.bottom + 6 : Math.max(6, box.top - own.height - 6)) + 'px';
}

function onOpen(event) {
  const node = event.target.closest?.('.term');
  if (!node || (event.type === 'keydown' && !['Enter', ' '].includes(event.key))) return;
  event.preventDefault();
  open(node);
}

/** Make a button of each term that stands on the page; widgets keep their nodes, whatever they write into them. */
function find() {
  for (const [key, selector] of Object.entries(PLACES)) {
    const node = document.querySelector(selector);
    if (!node || node.dataset.term) continue;
    node.dataset.term = key;
    node.classList.add('term');
    node.setAttribute('role', 'button');
    node.setAttribute('tabindex', '0');
  }
}

function onValue() {
  put(at('summary'), props.value?.heading ?? '');
  at('dl').replaceChildren(...(props.value?.terms ?? []).map(([, name, said]) => {
    const line = make('div');
    line.append(make('dt', '', name), make('dd', '', said));
    return line;
  }));
  find();
}

document.addEventListener('click', onOpen);
document.addEventListener('keydown', onOpen);
watch('value', onValue);
onValue();
setTimeout(find, 1000); // a widget that is drawn after this one
