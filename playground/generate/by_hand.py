"""The next token, chosen by hand: bars that follow the sliders, and a line on which a drawn number falls.

The value is what `by_hand_values.look` gives, and `{"beside"}`, the same of the step that stands beside it as A, with
`{"text", "lang"}`. From there on the browser works alone: it reshapes and draws as `core/sampling.py` does. What was
chosen triggers `accept`: `fn(evt: gr.EventData)` with `evt.id`, None to take the last one back; `name` asks for the
texts of `evt.ids`, which come as `{"names": {id: text}}` and let the rest stand.
"""

from playground.widgets.base import Widget

# What the sliders say, told in the browser alone: the card reshapes, and the check asks about what is not possible.
TELL_JS = """(temperature, top_k, top_p, seed, keep_seed) => {
  const detail = { temperature, top_k, top_p, seed, keep_seed };
  window.playgroundSampling = detail;
  document.dispatchEvent(new CustomEvent('playground-sampling', { detail }));
}"""


class ByHand(Widget):
    """Show the likeliest next tokens, and choose one by hand or by chance."""

    template = "by_hand.html"
    scripts = ("next_token.js", "by_hand.js")
    styles = ("../widgets/card.css", "by_hand.css")
    modes = {"name": "multiple"}

    @staticmethod
    def pack(text: dict, lang: str, now: dict | None = None, beside: dict | None = None, empty: str = "") -> dict:
        """Return the value; empty: why there are no logits."""
        return {"now": now, "beside": beside, "empty": empty, "text": text, "lang": lang}
