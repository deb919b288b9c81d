"""What somebody else wrote is text on the page: Markdown says only what stands in the tables of words."""

import gradio as gr

from core.runs.store import RunStore
from playground.build import build_app
from playground.server.settings import Settings
from playground.widgets.inputs import show_errors
from playground.words.numbers import fill
from playground.words.translate import add_words, marked

WORDS_ALONE = {"Header.open", "Header.speak"}  # they fill Markdown from the tables of words (`page.words.updates`)


def test_markdown_is_filled_from_the_tables_of_words_alone(tmp_path):
    app = build_app(RunStore(tmp_path), Settings())
    drawn = {block._id for block in app.blocks.values() if isinstance(block, gr.Markdown)}
    fillers = {
        getattr(each.fn, "__qualname__", "in the browser")
        for each in app.fns.values()
        if drawn & {output._id for output in each.outputs}
    }
    assert drawn and fillers <= WORDS_ALONE, "text that is put together belongs into a PlainText"


def test_a_toast_says_what_was_given_and_draws_nothing():
    def refuse() -> None:
        raise ValueError("steps='<img src=x>&\u202e' is not possible")

    try:
        show_errors(refuse)()
    except gr.Error as error:
        assert error.message == "steps='&lt;img src=x&gt;&amp;&lt;202e&gt;' is not possible"


def test_marks_are_read_before_values_are_filled_in():
    add_words({"marked_in_a_test": ("**{name}** is {what}", "**{name}** là {what}")})
    assert marked("marked_in_a_test", "en", name="**a**", what="[b](c)") == ["", "**a**", " is [b](c)"]


def test_what_fills_a_sentence_cannot_turn_it_round():
    assert fill("{name} of {n}", "vi", name="a\u202eb", n=1.5) == "a<202e>b of 1,5"
