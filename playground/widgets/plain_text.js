const { at, put } = playground.widget(element, props);
const show = () => put(at('span'), props.value ?? '');
watch('value', show);
show();
