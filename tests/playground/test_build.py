"""The page as it is wired: what holds for every event of it."""

import inspect
import subprocess
import sys
from collections.abc import Iterator

import gradio as gr

from core.runs.store import RunStore
from playground.build import build_app
from playground.server.rights import HOST
from playground.server.settings import Settings
from playground.widgets.base import Widget
from playground.widgets.plain_text import PlainText
from tests.tiny_runs import PROJECT, asking, tiny_plan, undisturbed
from tests.vietnamese import foreign_words

ACTS = {"accept", "ask_load", "begin", "blur", "clear", "click", "enter", "leave", "load", "tick", "upload"}


def test_the_last_choice_counts_even_while_the_one_before_is_worked_on(tmp_path):
    """Gradio's own mode, "once", would lose a choice that is made meanwhile, and the page would show the one before.

    It is right for acts alone: a second press while the first is obeyed means nothing new.
    """
    app = build_app(RunStore(tmp_path), Settings())

    def begins_with(each) -> set[str]:
        while each.trigger_after is not None:
            each = app.fns[each.trigger_after]
        return {event for _, event in each.targets}

    choices = [each for each in app.fns.values() if each.fn and not begins_with(each) <= ACTS]
    assert len(choices) > 40
    assert {(each.name, *begins_with(each)) for each in choices if each.trigger_mode == "once"} == set()


def test_the_count_line_is_written_by_one_event_so_that_no_older_answer_comes_last(tmp_path):
    app = build_app(RunStore(tmp_path), Settings())
    line = next(each for each in app.blocks.values() if getattr(each, "elem_id", None) == "count-line")
    writers = [each for each in app.fns.values() if each.fn and line in each.outputs]
    assert sorted(each.fn.__name__ for each in writers) == ["count_parameters", "open"]
    assert {each.trigger_mode for each in writers if each.fn.__name__ != "open"} == {"always_last"}


def test_no_event_but_training_and_writing_is_part_of_the_api(tmp_path):
    app = build_app(RunStore(tmp_path), Settings())
    named = {each.api_name for each in app.fns.values() if each.fn and each.api_visibility == "public"}
    assert named == {"train", "generate"}


def test_whoever_builds_the_page_has_the_words_of_every_tab():
    code = (
        "from playground.build import TABS\n"
        "from playground.words.translate import WORDS\n"
        "print([name for name in TABS if not all(WORDS.get(f'tab_{name}', [None]))])"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert told.stdout.strip() == "[]", told.stderr


def test_every_component_of_the_page_speaks_vietnamese(tmp_path):
    """Labels, help, choices, placeholders and texts, in the Vietnamese page: nothing is English that is not a term."""
    undisturbed(tmp_path, tiny_plan(steps=3))
    app = build_app(RunStore(tmp_path), Settings())
    on_opening = next(each for each in app.fns.values() if getattr(each.fn, "__qualname__", "") == "Header.open")
    opened = on_opening.fn({"lang": "vi"}, HOST, asking())
    now: dict[int, dict] = {}  # a widget may be updated twice: its words and its choices
    for component, update in zip(on_opening.outputs, opened, strict=True):
        now.setdefault(component._id, {}).update(update if _is_update(update) else {"value": update})
    foreign = {}
    for component in app.blocks.values():
        props = {**component.get_config(), **now.get(component._id, {})}
        for text in _texts(component, props):
            if words := [word for word in foreign_words(text) if word not in CODE]:
                foreign[f"{component.elem_id or component.get_block_name()}: {text[:60]}"] = words
    assert foreign == {}


CODE = {"English", "own", "char", "custom", "sinusoidal", "cuda", "mps", "cpu", "new"}  # values of fields; a language


def _is_update(value: object) -> bool:
    return isinstance(value, dict) and value.get("__type__") == "update"


def _texts(component, props: dict) -> Iterator[str]:
    """Yield what a component shows or says; the values of fields are the user's, those of code are code."""
    is_field = (component.elem_id or "").startswith("field-")
    names = ("info", "placeholder") if is_field else ("label", "info", "placeholder")
    yield from (props[name] for name in names if isinstance(props.get(name), str) and props.get("show_label", True))
    yield from (str(words) for words, _ in props.get("choices") or ())
    if isinstance(component, gr.Markdown | gr.Button | PlainText) and isinstance(props.get("value"), str):
        yield props["value"]
    if isinstance(component, Widget):
        yield from (props["value"] or {}).get("text", {}).values() if isinstance(props.get("value"), dict) else ()


def test_every_handler_that_can_refuse_knows_the_language_of_the_page(tmp_path):
    app = build_app(RunStore(tmp_path), Settings())
    wrapped = [each.fn for each in app.fns.values() if hasattr(each.fn, "__wrapped__")]
    deaf = {fn.__qualname__ for fn in wrapped if "lang" not in inspect.signature(fn).parameters}
    assert len(wrapped) > 20 and deaf == {"GenerateTab.remember", "Header.open"}  # which refuse nothing
