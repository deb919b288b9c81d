"""Gradio's inputs without Gradio's own checks, and handlers whose errors reach the user in words.

Gradio checks some bounds, prints tracebacks for others and lets NaN through. These inputs pass on every value;
`core.options` refuses the wrong ones in words.
"""

import functools
import inspect
import secrets
import sys
import traceback
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from core.runs.durable import disk_trouble, remedy
from playground.words.refusals import refused
from playground.words.translate import language
from playground.words.turning import for_toast

# For events that answer at once: they skip the queue, show no spinner, and are no part of the API.
UNQUEUED = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
# For a choice: the last one counts, and is not lost when the one before is still worked on.
CHOSEN = {**UNQUEUED, "trigger_mode": "always_last"}


def _as_it_came(self: gr.components.Component, payload: Any) -> Any:
    return payload


def _one_choice(self: gr.components.Component, payload: Any) -> Any:
    """Return a choice; of a list or an object, which cannot be looked up among the choices, its text."""
    return repr(payload)[:80] if isinstance(payload, list | dict) else payload


class Slider(gr.Slider):
    """A slider whose value is checked by the options that it belongs to."""

    is_template = True
    preprocess = _as_it_came


class Number(gr.Number):
    """A number field whose value is checked by the options that it belongs to."""

    is_template = True
    preprocess = _as_it_came


class Dropdown(gr.Dropdown):
    """A choice that is checked by the options that it belongs to."""

    is_template = True
    preprocess = _one_choice


class Radio(gr.Radio):
    """A choice that is checked by the options that it belongs to."""

    is_template = True
    preprocess = _one_choice


class Checkbox(gr.Checkbox):
    """A yes or no that is checked by the options that it belongs to."""

    is_template = True
    preprocess = _as_it_came


class Textbox(gr.Textbox):
    """A text that is checked by the handler, with `text_of`."""

    is_template = True
    preprocess = _as_it_came


class Language(gr.Radio):
    """The choice of the language; a handler gets one that there is, whatever was sent."""

    is_template = True

    def preprocess(self, payload: Any) -> str:
        """Return the language that was sent; English for anything else."""
        return language(payload)


class Examples(gr.Dataset):
    """Texts to be put into a box with a click; a handler gets the one that was clicked, and None for no such one."""

    is_template = True

    @classmethod
    def beside(cls, elem_id: str) -> "Examples":
        """Build the row of examples beside a box; `show` of its tab fills it."""
        box = gr.Textbox(visible=False)
        return cls(components=[box], samples=[["\n"]], show_label=False, type="values", elem_id=elem_id)

    def preprocess(self, payload: Any) -> str | None:
        """Return the text of the example with the number that was sent."""
        there = type(payload) is int and 0 <= payload < len(self.raw_samples)
        return self.raw_samples[payload][0] if there else None


class File(gr.File):
    """A file to be uploaded; a handler gets its path, None for none, and "" for what is no file."""

    is_template = True

    @property
    def data_model(self) -> type[FileData]:
        """Read what is sent as `UploadedFile` does; a constructor of our own would hide Gradio's from Gradio."""
        return UploadedFile

    @data_model.setter
    def data_model(self, model: Any) -> None:
        """Keep ours: Gradio's constructor sets its own."""


class UploadedFile(FileData):
    """What Gradio's uploads send; anything else is read as a file without a path, which a handler can refuse."""

    @classmethod
    def model_validate(cls, obj: Any, **more: Any) -> "UploadedFile":
        """Read what a request names as its file."""
        try:
            return super().model_validate(obj, **more)
        except ValueError:
            return cls(path="")


def show_errors(handler: Callable) -> Callable:
    """Wrap a handler so that its errors become toasts: a ValueError's or OSError's own words, a number for a bug.

    The words are in the language that the handler was called with, as its parameter `lang`.
    """
    signature = inspect.signature(handler)

    def said(error: Exception, values: tuple) -> gr.Error:
        lang = language(signature.bind_partial(*values).arguments.get("lang"))
        if isinstance(error, gr.Error):
            return error
        if isinstance(error, OSError) and error.strerror:  # the system's, not one that is a sentence
            return _toast(refused(f"{disk_trouble(error)}; {remedy(error)}, and try again", lang), duration=20)
        if isinstance(error, ValueError | OSError) and str(error):
            return _toast(refused(error, lang), duration=20)
        number = secrets.token_hex(4)
        print(f"error {number}\n{traceback.format_exc()}", file=sys.stderr, flush=True)
        return _toast(refused(f"Something went wrong here (error {number}); try again", lang))

    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def stream(*values):
            try:
                yield from handler(*values)
            except Exception as error:
                raise said(error, values) from None

        return stream

    @functools.wraps(handler)
    def once(*values):
        try:
            return handler(*values)
        except Exception as error:
            raise said(error, values) from None

    return once


def _toast(sentence: str, duration: float = 10, visible: bool = True) -> gr.Error:
    return gr.Error(for_toast(sentence), duration=duration, visible=visible, print_exception=False)


def quiet(sentence: str) -> gr.Error:
    """Return the error of a refusal that the page shows beside its field already: a script gets it, and no toast."""
    return _toast(sentence, visible=False)


def put_example(text: Any, lang: str) -> str:
    """Return an example that was clicked, to be put into a box; ValueError where there was no such one."""
    if text is None:
        raise ValueError("There is no such example; choose one of those that are shown")
    return text


def event_value(event: gr.EventData | None, name: str, default: Any = None) -> Any:
    """Return what a widget's event tells under a name; the default where a request brought no such event."""
    told = getattr(event, "_data", None)
    return told.get(name, default) if isinstance(told, dict) else default


def text_of(value: Any, most: int, name: str) -> str:
    """Return value if it is a text of at most `most` characters; ValueError otherwise."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text, but got {type(value).__name__}; write some letters")
    if len(value) > most:
        raise ValueError(f"{name} has {len(value):,} characters, more than the {most:,} allowed; shorten it")
    return value
