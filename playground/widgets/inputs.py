"""Gradio's inputs, with the checking left to the one contract; and handlers whose refusals reach the user in words.

Gradio checks some bounds by itself, prints tracebacks for others and lets NaN through. These inputs hand on whatever
came; `core.options` refuses it in words.
"""

import functools
import inspect
import secrets
import sys
import traceback
from collections.abc import Callable
from typing import Any

import gradio as gr

# For events that answer at once: past the queue, with no spinner, and not part of the API.
UNQUEUED = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def _as_it_came(self: gr.components.Component, payload: Any) -> Any:
    return payload


def _one_choice(self: gr.components.Component, payload: Any) -> Any:
    """Hand on a choice; a list or an object, which no table of choices can look up, as its text."""
    return repr(payload)[:80] if isinstance(payload, list | dict) else payload


class Slider(gr.Slider):
    """A slider whose value is checked by the options it ends in."""

    is_template = True
    preprocess = _as_it_came


class Number(gr.Number):
    """A number field whose value is checked by the options it ends in."""

    is_template = True
    preprocess = _as_it_came


class Dropdown(gr.Dropdown):
    """A choice that is checked by the options it ends in."""

    is_template = True
    preprocess = _one_choice


class Radio(gr.Radio):
    """A choice that is checked by the options it ends in."""

    is_template = True
    preprocess = _one_choice


class Checkbox(gr.Checkbox):
    """A yes or no that is checked by the options it ends in."""

    is_template = True
    preprocess = _as_it_came


class Textbox(gr.Textbox):
    """A text that is checked by whoever reads it."""

    is_template = True
    preprocess = _as_it_came


def show_errors(handler: Callable) -> Callable:
    """Make a handler's ValueError or OSError the user's toast, and anything else one with a number to report."""

    def said(error: Exception) -> gr.Error:
        if isinstance(error, gr.Error):
            return error
        if isinstance(error, ValueError | OSError) and str(error):
            return gr.Error(str(error), duration=20, print_exception=False)
        number = secrets.token_hex(4)
        print(f"error {number}\n{traceback.format_exc()}", file=sys.stderr, flush=True)
        return gr.Error(f"Something went wrong here (error {number}); try again", print_exception=False)

    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def stream(*values):
            try:
                yield from handler(*values)
            except Exception as error:
                raise said(error) from None

        return stream

    @functools.wraps(handler)
    def once(*values):
        try:
            return handler(*values)
        except Exception as error:
            raise said(error) from None

    return once


def text_of(value: Any, most: int, name: str) -> str:
    """Return value if it is a text of at most `most` characters; ValueError otherwise."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text, but got {type(value).__name__}; write some letters")
    if len(value) > most:
        raise ValueError(f"{name} has {len(value):,} characters, more than the {most:,} allowed; shorten it")
    return value
