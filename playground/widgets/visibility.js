// After the other widgets of the same answer have their values: what is drawn depends on them.
let known = JSON.stringify(props.value);

watch('value', () => {
  const told = JSON.stringify(props.value);
  if (told === known) return;
  known = told;
  if (element.closest('[role=tabpanel]')?.offsetParent) setTimeout(() => trigger('due'));
});
