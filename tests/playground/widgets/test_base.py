"""Every widget of the page: its files, what Gradio is told of it, and its events."""

import json
import re
from pathlib import Path

import gradio as gr
import pytest

from playground import build
from playground.attention.attention import AttentionView
from playground.compare.contents import Contents
from playground.train.transport import Transport
from playground.widgets import theme
from playground.widgets.base import Widget
from playground.widgets.run_picker import RunPicker

PLAYGROUND = Path(build.__file__).parent
WIDGETS = Widget.__subclasses__()


def test_every_template_script_and_style_belongs_to_a_widget():
    folder = {widget: PLAYGROUND.parent.joinpath(*widget.__module__.split(".")[:-1]) for widget in WIDGETS}
    used = {(folder[widget] / name).resolve() for widget in WIDGETS
            for name in (widget.template, *widget.scripts, *widget.styles)}  # fmt: skip
    there = {path for kind in ("html", "js", "css") for path in PLAYGROUND.rglob(f"*.{kind}")}
    of_the_page = {
        "feed.js",
        "dom.js",
        "gradio_clones.js",
        "gradio_marks.js",
        "page.css",
        "screen.css",
        "present.js",
        "storage.js",
        "raf_throttle.js",
        "gradio_words.js",
        "identity.js",
        "link.js",
        "opening.js",
    }
    assert there - used == {path for path in there if path.name in of_the_page}


def test_static_parts_hold_nothing_that_gradio_would_run():
    for kind in WIDGETS:
        widget = kind(render=False)
        for static in (widget.html_template, widget.css_template):
            assert not re.search(r"\$\{|`|\{\{|\\", static), kind.__name__
        assert "</script" not in widget.js_on_load, kind.__name__
    assert theme.head().count("</script") == 1


def test_clients_are_told_that_a_value_is_an_object():
    for kind in WIDGETS:
        widget = kind(render=False)
        assert widget.api_info() == {"type": "string" if kind in (RunPicker, Contents) else "object"}  # a name
        assert json.loads(json.dumps(widget.get_config())) == widget.get_config()


def test_no_script_carries_a_helper_that_all_share():
    shared = re.search(r"return \{ \.\.\.numbers, (.*?) \};", theme.head(), re.DOTALL).group(1).split(",")
    numbers = re.search(r"return \{ (exact.*?) \};", theme.head()).group(1).split(",")
    for name in (each.strip() for each in (*shared, *numbers)):
        for kind in WIDGETS:
            assert not re.search(rf"(?m)^(const|function) {name}\b", kind(render=False).js_on_load), (
                kind.__name__,
                name,
            )


def test_an_event_has_the_mode_of_its_class_unless_another_is_asked_for():
    with gr.Blocks(analytics_enabled=False) as demo:
        transport, view = Transport(), AttentionView()
        transport.command(print)
        view.choose(print)
        view.choose(print, trigger_mode="once")
    assert [fn.trigger_mode for fn in demo.fns.values()] == ["multiple", "always_last", "once"]


def test_what_no_script_triggers_cannot_be_listened_to():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        Transport(render=False).nonsense(print)
