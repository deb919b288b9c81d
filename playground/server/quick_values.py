"""What Gradio does to every value between browser and handler, without the work that leads to nothing here.

Gradio hands each value to a thread of its own and back, looks for files in it, and builds a new component for each
change that a handler returns, in order to ask it how it looks now. Here, plain values of plain components pass at once,
and what becomes of a change is worked out once: it follows from the component and the change alone, because sessions
do not remember earlier changes (`sessions.LightSession`). All else is left to Gradio.
"""

import copy
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import gradio as gr

KNOWN, LONGEST = 500, 2_000  # changes that are known by heart; characters of one
PLAIN = str | int | float | None  # such a value names no file
# What components do to a value: nothing that takes time, and nothing that depends on who asks.
PASSED_IN, OUR_INPUTS = {gr.HTML.preprocess, gr.Markdown.preprocess}, "playground.widgets.inputs"
TOLD = {
    kind.postprocess
    for kind in (gr.HTML, gr.Markdown, gr.Textbox, gr.Slider, gr.Number, gr.Radio, gr.Dropdown, gr.Checkbox, gr.Code)
}


def put_into(app: gr.Blocks) -> None:
    """Let the values of a page's handlers pass quickly."""
    if "postprocess_data" not in vars(app):  # else it is launched once more
        app.preprocess_data = Inputs(app.preprocess_data)
        app.postprocess_data = Outputs(app.postprocess_data)


class Inputs:
    """In the place of `preprocess_data`."""

    def __init__(self, plain: Callable):
        self.plain = plain

    async def __call__(self, block_fn: Any, inputs: list, state: Any, *more: Any, **named: Any) -> list:
        """Return the values for the handler."""
        blocks = block_fn.inputs
        if block_fn.component_prop_inputs or not block_fn.preprocess or len(inputs) < len(blocks):
            return await self.plain(block_fn, inputs, state, *more, **named)
        given = list(inputs[: len(blocks)])
        rest = [i for i, block in enumerate(blocks) if not _passes(block, given[i])]
        if rest:
            part = copy.copy(block_fn)
            part.inputs = [blocks[i] for i in rest]
            read = await self.plain(part, [given[i] for i in rest], state, *more, **named)
            for i, value in zip(rest, read, strict=True):
                given[i] = value
        return given


class Outputs:
    """In the place of `postprocess_data`."""

    def __init__(self, plain: Callable):
        self.plain = plain
        self.known: OrderedDict[tuple[int, str], dict] = OrderedDict()

    async def __call__(self, block_fn: Any, predictions: Any, state: Any) -> list:
        """Return what to send for each output."""
        blocks, values = block_fn.outputs, predictions
        several = isinstance(values, list | tuple) and len(values) == len(blocks) > 1
        if not several or block_fn.batch or not block_fn.postprocess or block_fn.is_validator_function:
            return await self.plain(block_fn, predictions, state)
        told, keys = [None] * len(blocks), [_key_of(*pair) for pair in zip(blocks, values, strict=True)]
        rest = []
        for i, (block, value, key) in enumerate(zip(blocks, values, keys, strict=True)):
            if key in self.known:
                self.known.move_to_end(key)
                told[i] = copy.deepcopy(self.known[key])
            elif _is_told_at_once(block, value):
                told[i] = block.postprocess(value)
            else:
                rest.append(i)
        if rest:
            part = copy.copy(block_fn)
            part.outputs, left = [blocks[i] for i in rest], [values[i] for i in rest]
            made = await self.plain(part, left if len(rest) > 1 else left[0], state)
            for i, each in zip(rest, made, strict=True):
                told[i] = each
                if keys[i]:
                    self.known[keys[i]] = copy.deepcopy(each)
            while len(self.known) > KNOWN:
                self.known.popitem(last=False)
        return told


def _passes(block: Any, value: Any) -> bool:
    read = getattr(type(block), "preprocess", None)
    return isinstance(value, PLAIN) and (read in PASSED_IN or getattr(read, "__module__", "") == OUR_INPUTS)


def _is_told_at_once(block: Any, value: Any) -> bool:
    """Tell whether a value is plain, or the JSON of a widget of ours: no change of a component, and no file."""
    if getattr(type(block), "postprocess", None) not in TOLD:
        return False
    return isinstance(value, PLAIN) or (isinstance(block, gr.HTML) and isinstance(value, dict) and _is_data(value))


def _is_data(value: dict) -> bool:
    return "__type__" not in value and "path" not in value and "meta" not in value


def _key_of(block: Any, update: Any) -> tuple[int, str] | None:
    """Return what tells a change from others; None for one that is not kept, such as one of examples."""
    if not isinstance(update, dict) or update.get("__type__") != "update" or isinstance(block, gr.Dataset):
        return None
    try:
        text = json.dumps(update)
    except (TypeError, ValueError, RecursionError):
        return None
    return (block._id, text) if len(text) <= LONGEST else None
