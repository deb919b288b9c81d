"""Inputs that hand on what came, handlers that refuse in a sentence, and words that follow the language."""

import gradio as gr
import pytest

from playground import build as build  # all words of the page
from playground.widgets import inputs as widgets
from playground.widgets.inputs import show_errors, text_of
from playground.widgets.translations import Translations
from playground.words.translate import translate

HOSTILE = [None, True, -1, 2.5, 10**30, float("nan"), float("inf"), "abc", "\ud800\x00", [], [1], {}, {"a": [1]}]
INPUTS = [widgets.Slider, widgets.Number, widgets.Dropdown, widgets.Radio, widgets.Checkbox, widgets.Textbox]


@pytest.mark.parametrize("kind", INPUTS)
def test_whatever_comes_is_handed_on_to_be_refused_in_words(kind):
    for value in HOSTILE:
        came = kind().preprocess(value)
        if kind in (widgets.Dropdown, widgets.Radio) and isinstance(value, list | dict):
            assert came == repr(value)  # so that it can be looked up among the choices, in vain
        else:
            assert came is value, repr(value)
    assert kind().get_block_name() == kind.__mro__[1]().get_block_name()  # for the browser it is Gradio's own


@pytest.mark.parametrize("kind", [*INPUTS, widgets.Language, widgets.Examples, widgets.File])
def test_an_input_tells_the_browser_all_that_gradio_s_own_tells(kind):
    given = {"components": [gr.Textbox()], "samples": []} if kind is widgets.Examples else {}
    ours, theirs = kind(elem_id="here", **given).get_config(), kind.__mro__[1](elem_id="here", **given).get_config()
    assert ours["elem_id"] == "here" and ours.keys() >= theirs.keys()


def _refusal(handler, *values) -> gr.Error:
    with pytest.raises(gr.Error) as raised:
        made = show_errors(handler)(*values)
        list(made)
    return raised.value


@pytest.mark.parametrize("error", [ValueError("lower n_embd"), OSError("no network; try later")])
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_refusal_reaches_the_user_as_it_is_and_prints_nothing(capsys, error, is_stream):
    def once():
        raise error

    def stream():
        yield 1
        raise error

    refusal = _refusal(stream if is_stream else once)
    assert refusal.message == str(error) and not refusal.print_exception
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("error", [KeyError("secret"), TypeError("secret"), ValueError(), RuntimeError("secret")])
def test_a_mistake_of_ours_is_told_with_a_number_that_the_log_has_too(capsys, error):
    def broken():
        raise error

    refusal = _refusal(broken)
    number = refusal.message.split("error ")[1].split(")")[0]
    assert "secret" not in refusal.message and number in capsys.readouterr().err


def test_a_handler_s_own_toast_stays_as_it_is():
    toast = gr.Error("as it is")

    def handler():
        raise toast

    assert _refusal(handler) is toast


def test_a_stream_that_is_closed_closes_its_handler():
    closed = []

    def handler():
        try:
            yield 1
        finally:
            closed.append(True)

    stream = show_errors(handler)()
    assert next(stream) == 1
    stream.close()
    assert closed == [True]


def test_a_handler_keeps_its_signature_by_which_gradio_finds_what_to_put_in():
    def handler(run_id, event: gr.EventData):
        """Do it."""

    assert show_errors(handler).__wrapped__ is handler and show_errors(handler).__doc__ == "Do it."


@pytest.mark.parametrize("value", [5, True, [], {}, 2.5, b"abc"])
def test_a_text_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match="The prompt must be a text, but got .*; write some letters"):
        text_of(value, 10, "The prompt")


def test_a_text_has_a_limit_and_nothing_is_an_empty_one():
    assert text_of("x" * 10, 10, "It") == "x" * 10 and text_of(None, 10, "It") == ""
    with pytest.raises(ValueError, match="It has 11 characters, more than the 10 allowed; shorten it"):
        text_of("x" * 11, 10, "It")


def test_words_follow_the_language():
    words = Translations()
    with gr.Blocks():
        prompt = words.add(gr.Textbox, words={"label": "prompt", "placeholder": "prompt_placeholder"}, lines=3)
        field = words.add(gr.Number, words={"info": ("help_n_head", "How many heads.")}, label="n_head")
    assert words.outputs == [prompt, field] and (prompt.label, field.info) == ("Prompt", "How many heads.")
    first, second = words.updates("vi")
    assert (first["label"], second["info"]) == (translate("prompt", "vi"), translate("help_n_head", "vi"))
    assert words.updates("en")[1]["info"] == "How many heads."


def test_what_the_system_says_of_a_disk_becomes_a_sentence_without_paths():
    def full(lang: str) -> None:
        raise OSError(28, "No space left on device", "/somewhere/status.json")

    assert str(_refusal(full, "en").message) == (
        "The disk is full (No space left on device); free some disk space, and try again"
    )
    assert "/somewhere" not in str(_refusal(full, "vi").message) != str(_refusal(full, "en").message)
