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


def show_errors(handler: Callable) -> Callable:
    """Wrap a handler so that its errors become toasts: a ValueError's or OSError's own words, a number for a bug.

    The words are in the language that the handler was called with, as its parameter `lang`.
    """
    signature = inspect.signature(handler)

    def said(error: Exception, values: tuple) -> gr.Error:
        lang = language(signature.bind_partial(*values).arguments.get("lang"))
        if isinstance(error, gr.Error):
            return error
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


def _toast(sentence: str, duration: float = 10) -> gr.Error:
    return gr.Error(for_toast(sentence), duration=duration, print_exception=False)


def text_of(value: Any, most: int, name: str) -> str:
    """Return value if it is a text of at most `most` characters; ValueError otherwise."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text, but got {type(value).__name__}; write some letters")
    if len(value) > most:
        raise ValueError(f"{name} has {len(value):,} characters, more than the {most:,} allowed; shorten it")
    return value
