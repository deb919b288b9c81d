"""The transport: the buttons under the chart, how far the run is, and what its loss means.

The value is `{"run", "lang", "text", "can_start"}`; the figures come through `feed.js`. A click triggers the
event `command` with `run` and `command` (play, pause, step, stop, reset, new_seed or continue), which Python
hears with `transport.command(fn)`, `fn(evt: gr.EventData)`. With `can_start`, Play is offered while there is
no run, as `play` with the run None. Left out on purpose: doing the command; the page decides what it means.
"""

from pathlib import Path

import gradio as gr

_HERE = Path(__file__)
# Static: Gradio runs a template as code, so nothing is ever put into it.
_TEMPLATE = """
<section class="transport" data-state="none">
  <p class="meaning" aria-live="polite"></p>
  <div class="deck">
    <div class="buttons" role="group">
      <button type="button" class="main" data-act="main">
        <svg class="on-play" viewBox="0 0 24 24" aria-hidden="true">
          <path d="M8 5.3v13.4c0 .8.9 1.3 1.6.9l10.4-6.7c.6-.4.6-1.3 0-1.7L9.6 4.4C8.9 4 8 4.5 8 5.3z"/></svg>
        <svg class="on-pause" viewBox="0 0 24 24" aria-hidden="true">
          <rect x="6" y="4.5" width="4.2" height="15" rx="1.3"/>
          <rect x="13.8" y="4.5" width="4.2" height="15" rx="1.3"/></svg>
      </button>
      <button type="button" class="small" data-act="step">
        <svg viewBox="0 0 24 24" aria-hidden="true"><path class="line" d="M6 5l9 7-9 7zM19 5v14"/></svg>
        <span></span></button>
      <button type="button" class="small" data-act="stop">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <rect class="line" x="6" y="6" width="12" height="12" rx="2"/></svg>
        <span></span></button>
      <button type="button" class="small" data-act="reset">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path class="line" d="M5 4v5h5M5.6 9A8 8 0 1 1 4.5 14"/></svg>
        <span></span></button>
      <button type="button" class="small" data-act="new_seed">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <rect class="line" x="4" y="4" width="16" height="16" rx="4"/>
          <circle cx="9" cy="9" r="1.5"/><circle cx="15" cy="9" r="1.5"/><circle cx="12" cy="12" r="1.5"/>
          <circle cx="9" cy="15" r="1.5"/><circle cx="15" cy="15" r="1.5"/></svg>
        <span></span></button>
    </div>
    <div class="where">
      <div class="line-1"><span class="state" role="status"></span><span class="count"></span></div>
      <div class="bar" role="progressbar" aria-valuemin="0"><i></i></div>
      <div class="line-2"><span class="elapsed"></span><span class="eta"></span></div>
    </div>
  </div>
  <dl class="figures">
    <div><dt data-figure="tokens_per_second"></dt><dd></dd></div>
    <div><dt data-figure="steps_per_second"></dt><dd></dd></div>
    <div><dt data-figure="learning_rate"></dt><dd></dd></div>
    <div><dt data-figure="grad_norm"></dt><dd></dd></div>
  </dl>
  <p class="message" hidden></p>
  <p class="offline" role="status" hidden></p>
</section>
"""


class Transport(gr.HTML):
    """Offer the buttons of one run and show its progress; takes the placing arguments of `gr.HTML`."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(
            value,
            html_template=_TEMPLATE,
            css_template=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
            js_on_load=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **kwargs,
        )

    def command(self, fn, *args, **kwargs):
        """Listen to the buttons; a click made while the one before is still worked on is not dropped."""
        kwargs.setdefault("trigger_mode", "multiple")
        return super().__getattr__("command")(fn, *args, **kwargs)

    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}
