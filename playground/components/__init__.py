"""The playground's own widgets: `gr.HTML` subclasses, each a .py with its .js and .css beside it.

Gradio tells a widget which run to show; the rows reach the browser through `feed.js`, which has to be on the
page before any widget: `launch(head=head_script())`. No widget puts a user's or a model's text into a
template, which Gradio would run as code; the scripts build their nodes and set `textContent`. Left out on
purpose: external libraries, and a build step.
"""

from pathlib import Path

from playground.components.attention import AttentionDetail, AttentionView, HeadLines, HeadMap
from playground.components.in_sight import InSight
from playground.components.links import Links
from playground.components.loss_chart import LossChart
from playground.components.samples import SampleTable
from playground.components.transport import Transport
from playground.components.written import WrittenText

__all__ = [
    "AttentionDetail",
    "AttentionView",
    "HeadLines",
    "HeadMap",
    "InSight",
    "Links",
    "LossChart",
    "SampleTable",
    "Transport",
    "WrittenText",
    "head_script",
]


def head_script() -> str:
    """Return the script element that the page's head needs, for `launch(head=...)`."""
    feed = Path(__file__).with_name("feed.js").read_text(encoding="utf-8")
    return f"<script>{feed}</script>"
