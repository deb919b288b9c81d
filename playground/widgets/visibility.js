// After the other widgets of the same answer have their values: what is drawn depends on them.
let known = JSON.stringify(props.value);
element.dataset.hearsMoment = ''; // for the slider
const isInSight = () => Boolean(element.closest('[role=tabpanel]')?.offsetParent);

watch('value', () => {
  const told = JSON.stringify(props.value);
  if (told === known) return;
  known = told;
  if (isInSight()) setTimeout(() => trigger('due'));
});
document.addEventListener('playground-moment', function onMoment(event) {
  if (!element.isConnected) return document.removeEventListener('playground-moment', onMoment);
  if (!isInSight()) return;
  event.detail.waits += props.answers ?? 1;
  trigger('moved');
  if (event.detail.byHand) trigger('went');
});
