"""The contract that every input goes through: frozen, strict pydantic models, and refusals in one sentence.

Page, command line, JSON files and raw HTTP calls all go through `Options.parse`. The bounds of a field stand once, in
its `Field(...)`; sliders take their limits from `bounds`. What bounds cannot say (n_embd is divisible by n_head) is
checked by a validator, whose message names cause and remedy.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import Self


class Options(BaseModel):
    """A set of options that is always valid: no NaN, no unknown field, no string for a number."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls, data: Any) -> Self:
        """Build the options from input that may be anything; refuse it in one sentence (ValueError).

        Sliders and JSON send 4.0 for 4: here, and nowhere else, whole floats become ints for int fields.
        """
        if not isinstance(data, dict):
            raise ValueError(f"{cls.__name__} needs named fields, but got {_shown(data)}; send an object")
        try:
            return cls.model_validate({key: _whole(cls, key, value) for key, value in data.items()})
        except ValidationError as error:
            raise ValueError(refusal(error, cls)) from None

    @classmethod
    def bounds(cls, field: str) -> tuple[float | None, float | None]:
        """Return the (lowest, highest) value that `field` may take; None where it is open."""
        low = high = None
        for limit in cls.model_fields[field].metadata:
            low = getattr(limit, "ge", low)
            high = getattr(limit, "le", high)
        return low, high


def refusal(error: ValidationError, cls: type[Options]) -> str:
    """Say the first thing that is wrong as one sentence: the field, the value given, what is allowed."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    cause = str(first.get("ctx", {}).get("error", "")) or first["msg"]
    if first["type"] == "value_error":  # our own validators say it all already
        return cause
    if first["type"] in ("extra_forbidden", "invalid_key") or not field:  # no field: a name that is no Unicode
        name = field or first["input"]
        return f"There is no option called {_shown(name)}; the options are {', '.join(cls.model_fields)}"
    if first["type"] == "missing":
        return f"{field} is missing; give it a value ({_allowed(cls, field)})"
    return f"{field}={_shown(first['input'])} is not possible; it must be {_allowed(cls, field)}"


def _allowed(cls: type[Options], field: str) -> str:
    info = cls.model_fields.get(field)
    if info is None:
        return "of the right type"
    kinds = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    parts = getattr(info.annotation, "__args__", (info.annotation,))
    if choices := [part for part in parts if isinstance(part, str)]:
        return "one of " + ", ".join(choices)
    text = " or ".join(kinds[part] for part in parts if part in kinds) or "of the right type"
    low, high = cls.bounds(field)
    above = next((m.gt for m in info.metadata if getattr(m, "gt", None) is not None), None)
    if low is not None and high is not None:
        text += f" from {low:,} to {high:,}"
    elif above is not None and high is not None:
        text += f" above {above:,} and at most {high:,}"
    return text + (", or empty" if type(None) in parts else "")


def _whole(cls: type[Options], field: str, value: Any) -> Any:
    info = cls.model_fields.get(field)
    wants_int = info is not None and int in getattr(info.annotation, "__args__", (info.annotation,))
    return int(value) if wants_int and type(value) is float and value.is_integer() else value


def _shown(value: Any) -> str:
    try:
        text = repr(value[:40] if isinstance(value, str) else value)
    except (ValueError, RecursionError):  # Python does not write out integers or nestings of thousands
        text = f"a very large {type(value).__name__}"
    return text if len(text) <= 40 else text[:37] + "..."
