"""Calls: what a request to a handler has to hold, before Gradio makes anything of it.

Gradio answers a call that does not exist, that has too few values, or whose file is none, with a traceback. It fetches
a file from whatever address a request names. Left out on purpose: whether a value makes sense (`core.options`).
"""

import inspect
import os
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from playground.server.door import Place, check_id
from playground.server.refusal import Refusal
from playground.words.translate import language

NUMBER = re.compile(rb'"fn_index": ?(\d{1,6})')
NEAR = 4_096  # bytes from the ends of a body, between which its number stands
LONG_TEXTS = ("own-text", "prompt")  # the elem_ids of the fields whose text may be long
NO_CALL = "There is no such call; see /gradio_api/info for those that there are"
FILE = {"_type": "gradio.FileData"}


def check_call(place: Place, content: Any, page: Any, uploads: Path) -> Any:
    """Return the handler that a call is for; Refusal for one that Gradio could not answer. uploads: their folder."""
    if not isinstance(content, dict):
        raise Refusal(400, "The request holds no list of values; send it as the page does")
    if place.kind in ("join", "run") or content.get("session_hash") is not None:
        check_id(content.get("session_hash"), "session_hash")
    if any(content.get(name) for name in ("batched", "simple_format", "oauth_token", "event_id")):
        raise Refusal(400, "The request holds what only the server itself may say; send it as the page does")
    handler = _handler(place, content.get("fn_index"), page)
    inputs, data = _inputs(place, handler, content), content.get("data")
    try:
        _check_event(handler, content, page)
        for block, value in zip(inputs, data, strict=True):
            _check_value(block, value)
        _check_files([data, content.get("event_data")], uploads)
    except Refusal as refusal:
        spoken = [value for block, value in zip(inputs, data, strict=True) if _elem_id(block) == "language"]
        refusal.lang = language(spoken[0]) if spoken else None
        raise
    return handler


def check_cancel(content: Any, page: Any) -> None:
    """Refuse to stop what cannot be a call of a page."""
    if not isinstance(content, dict):
        raise Refusal(400, "The request holds no list of values; send it as the page does")
    check_id(content.get("session_hash"), "session_hash")
    check_id(content.get("event_id"), "event_id")
    _handler(Place("join", ()), content.get("fn_index"), page)


def may_be_long(place: Place, body: bytes, page: Any) -> bool:
    """Tell, before a long body is parsed, whether it can be one of a call that reads a long text.

    The call stands in the path, or as a number near one end of the body: clients name it before or behind the values.
    """
    if place.kind == "call":
        found = [each for each in page.fns.values() if each.api_name == place.name]
    else:
        found = [page.fns.get(int(number)) for number in NUMBER.findall(body[:NEAR] + b" " + body[-NEAR:])]
    return any(takes_long_text(handler) for handler in found if handler is not None)


def takes_long_text(handler: Any) -> bool:
    """Tell whether a handler reads a field whose text may be long."""
    return any(_elem_id(block) in LONG_TEXTS for block in handler.inputs)


def _elem_id(block: Any) -> Any:
    return getattr(block, "elem_id", None)


def _handler(place: Place, number: Any, page: Any) -> Any:
    if type(number) is int:
        handler = page.fns.get(number)
    elif place.kind == "call" and number is None:
        handler = next((each for each in page.fns.values() if each.api_name == place.name), None)
    else:
        handler = None
    if handler is None or handler.fn is None:  # the latter run in the browser alone
        raise Refusal(404, NO_CALL)
    return handler


def _inputs(place: Place, handler: Any, content: dict) -> Sequence[Any]:
    """Return the inputs that the values of a call are for: from outside, those that keep a state may be left out."""
    data, inputs = content.get("data"), handler.inputs
    if not isinstance(data, list):
        raise Refusal(400, "The request holds no list of values; send it as the page does")
    asked = [block for block in inputs if not getattr(block, "skip_api", False)]
    if place.kind == "call" and len(data) == len(asked):
        return asked
    if len(data) != len(inputs):
        raise Refusal(400, f"The call takes {len(inputs)} values, but got {len(data)}; see /gradio_api/info")
    return inputs


def _check_event(handler: Any, content: dict, page: Any) -> None:
    trigger = content.get("trigger_id")
    known = type(trigger) is int and (trigger in page.blocks or trigger == page._id)  # its opening is the page's own
    if trigger is not None and not known:
        raise Refusal(400, "The request names no part of the page as its trigger_id; reload the page")
    if needs_event(handler.fn) and not isinstance(content.get("event_data"), dict):
        raise Refusal(400, "The call needs what happened on the page as its event_data; reload the page")


@lru_cache(maxsize=1_000)
def needs_event(fn: Callable) -> bool:
    """Tell whether a handler has a parameter for what happened on the page, a `gr.EventData`."""
    kinds = [parameter.annotation for parameter in inspect.signature(fn).parameters.values()]
    names = [kind if isinstance(kind, str) else getattr(kind, "__name__", "") for kind in kinds]
    return any(name.split(".")[-1].split("[")[0].endswith("EventData") or name == "gr.SelectData" for name in names)


def _check_value(block: Any, value: Any) -> None:
    """Refuse what the two of Gradio's own components in use cannot read: examples by number, and files."""
    samples = getattr(block, "raw_samples", None)
    if samples is not None and not (value is None or (type(value) is int and 0 <= value < len(samples))):
        raise Refusal(400, f"An example is chosen by its number from 0 to {len(samples) - 1}; reload the page")
    if hasattr(block, "file_count") and not (value is None or isinstance(value, dict)):
        raise Refusal(400, "A file has to be uploaded first; choose it once more")
    if isinstance(value, dict) and hasattr(block, "file_count") and "path" not in value:
        raise Refusal(400, "A file has to be uploaded first; choose it once more")


def _check_files(waiting: list, uploads: Path) -> None:
    """Refuse a file that was not uploaded here, wherever it stands in the values."""
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if "path" in item:
                _check_file(item, uploads)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _check_file(item: dict, uploads: Path) -> None:
    path, url = item["path"], item.get("url")
    if isinstance(path, str) and "://" in path:
        raise Refusal(400, "A file has to be uploaded; an address of one is not taken")
    words = all(item.get(name) is None or isinstance(item[name], str) for name in ("url", "orig_name", "mime_type"))
    sized = item.get("size") is None or type(item["size"]) is int
    known = url is None or (isinstance(url, str) and "/gradio_api/file=" in url)
    plain = not item.get("is_stream") and item.get("meta", FILE) == FILE
    if not (words and sized and known and plain and isinstance(path, str) and is_inside(path, uploads)):
        raise Refusal(400, "A file has to be uploaded first; choose it once more")


def is_inside(path: str, folder: Path) -> bool:
    """Tell whether a path is that of a file in a folder, wherever links lead."""
    try:
        real = Path(os.path.realpath(path))
        return os.path.isabs(path) and real.is_relative_to(os.path.realpath(folder)) and real.is_file()
    except (ValueError, OSError):
        return False
