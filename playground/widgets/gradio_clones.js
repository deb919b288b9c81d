/* At each change of an event's status Gradio copies all properties of many components, with a call of structuredClone for
 * each value: twenty thousand for one move of the slider of steps. Nearly all of them are a number, a string or nothing,
 * whose copy is the value itself, so it is given back at once. */
(() => {
  const clone = window.structuredClone;
  window.structuredClone = (value, ...options) => (
    Object(value) === value || typeof value === 'symbol' ? clone(value, ...options) : value); // a symbol is refused there
})();
