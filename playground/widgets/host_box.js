/* The host's button and the box for the key; runs once (element, props, trigger, watch: Gradio's). */
const { at, say, put, tell } = playground.widget(element, props, () => props.value?.text ?? {});
const form = at('.box'), field = at('input'), opener = at('.open');
let typed = null, answered = 0, recalled = false;

function open(is) {
  form.hidden = !is;
  opener.setAttribute('aria-expanded', String(is));
  if (is && !props.value?.is_host) field.focus();
}

function enter(key) {
  if (!key) return;
  typed = key;
  trigger('enter', { key });
}

function show() {
  const { offered, is_host: isHost, said, tried } = props.value ?? {};
  at('.host').hidden = !offered;
  put(opener, say(isHost ? 'is_host' : 'button'));
  opener.classList.toggle('on', Boolean(isHost));
  put(at('.about'), say('about'));
  put(at('label span'), say('label'));
  put(at('.enter'), say('enter'));
  put(at('.leave'), say('leave'));
  at('label').hidden = at('.enter').hidden = Boolean(isHost);
  at('.leave').hidden = !isHost;
  tell(at('.said'), said);
  if (tried && tried !== answered) onAnswer(isHost);
  answered = tried ?? 0;
  if (offered && !isHost && !recalled && window.playgroundOwner.key()) enter(window.playgroundOwner.key());
  if (offered) recalled = true;
}

/** The key was right, or wrong; or the host has left, and then nothing was typed. */
function onAnswer(isHost) {
  if (isHost) {
    if (typed) window.playgroundOwner.keepKey(typed);
    const wasInside = form.contains(document.activeElement);
    open(false);
    if (wasInside) opener.focus();
  } else if (typed === window.playgroundOwner.key()) {
    window.playgroundOwner.keepKey(null);
  }
  field.value = '';
  typed = null;
  window.dispatchEvent(new Event('playground-runs'));
}

opener.addEventListener('click', () => open(form.hidden));
form.addEventListener('submit', (event) => { event.preventDefault(); enter(field.value.trim()); });
at('.leave').addEventListener('click', () => {
  window.playgroundOwner.keepKey(null);
  trigger('leave', {});
});
element.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || form.hidden) return;
  event.stopPropagation();
  open(false);
  opener.focus();
});
watch('value', show);
show();
