"""Every input goes through one contract: what is wrong is refused in one short sentence that helps."""

import math
import reprlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.config import BigramConfig, GPTConfig, SampleConfig, TrainConfig
from core.options import Options

SHAPE = {"block_size": 8, "vocab_size": 11, "n_layer": 2, "n_head": 2, "n_embd": 16}
FIELDS = [(cls, name) for cls in (GPTConfig, BigramConfig, TrainConfig, SampleConfig) for name in cls.model_fields]
LONGEST_REFUSAL = 500  # characters; the list of a class's options is the longest part


def nested(depth: int) -> list:
    """Build [[[...]]]: deeper than Python can write out."""
    value = []
    for _ in range(depth):
        value = [value]
    return value


def refused(cls: type[Options], data) -> str:
    """Return the refusal, having checked that it is one short sentence of our own."""
    try:
        cls.parse(data)
    except ValueError as error:
        message = str(error)
        assert not isinstance(error, ValidationError)
    else:
        pytest.fail(f"{cls.__name__} takes {reprlib.repr(data)}")
    assert message.isprintable() and len(message) <= LONGEST_REFUSAL, message
    assert "pydantic" not in message and "limit (4300" not in message
    return message


def test_what_is_no_whole_number_is_refused_with_field_value_and_limits():
    for value in (math.nan, math.inf, -math.inf, None, "abc", "2", [1], {"a": 1}, True, b"2"):
        message = refused(GPTConfig, SHAPE | {"n_layer": value})
        assert message == f"n_layer={value!r} is not possible; it must be a whole number from 1 to 96"


def test_what_is_no_possible_number_is_refused_with_field_value_and_limits():
    for value in (math.nan, math.inf, -math.inf, None, "abc", "0.1", [1], True, 0.91, -1, 1):
        message = refused(GPTConfig, SHAPE | {"dropout": value})
        assert message == f"dropout={value!r} is not possible; it must be a number from 0.0 to 0.9"


def test_a_number_out_of_bounds_is_refused_with_the_bounds():
    for value in (0, -1, 97, 10**30, 2.5, 1e30, -0.5):
        message = refused(GPTConfig, SHAPE | {"n_layer": value})
        assert "n_layer=" in message and "from 1 to 96" in message, value


def test_however_large_the_value_its_refusal_stays_short():
    for value in (10**400, 10**5000, "x" * 10**6, nested(100_000), "\n" * 99, "\ud800" * 99):
        for field in ("n_layer", "dropout", "bias", "qkv_bias", "activation"):
            assert refused(GPTConfig, SHAPE | {field: value}).startswith(f"{field}=")
        assert "GPTConfig needs named fields" in refused(GPTConfig, value)


def test_an_unknown_option_is_refused_with_the_list_of_options():
    for name in ("heads", "", "x" * 1000, "a\nb", "\ud800", 1, None, "n_layer "):
        message = refused(GPTConfig, SHAPE | {name: 1})
        assert message.startswith("There is no option called ") and "block_size, vocab_size" in message, ascii(name)


def test_a_missing_option_is_named_with_what_it_may_be():
    for missing in SHAPE:
        message = refused(GPTConfig, {name: value for name, value in SHAPE.items() if name != missing})
        assert message.startswith(f"{missing} is missing; give it a value (a whole number from 1 to ")


def test_what_is_no_object_is_refused():
    for data in (None, [1], "block_size=8", 3, SHAPE.items()):
        assert refused(GPTConfig, data).startswith("GPTConfig needs named fields, but got "), data


def test_a_refusal_says_what_is_allowed():
    for cls, data, message in (
        (TrainConfig, {"learning_rate": 0}, "learning_rate=0 is not possible; it must be a number above 0"),
        (TrainConfig, {"schedule": "sine"}, "it must be one of cosine, linear, constant"),
        (TrainConfig, {"seed": 2**53}, "it must be a whole number from 0 to 9,007,199,254,740,991"),
        (SampleConfig, {"top_k": 0}, "top_k=0 is not possible; it must be a whole number from 1 to 200,000, or"),
        (SampleConfig, {"top_p": 1.5}, "it must be a number above 0.0 and at most 1.0, or empty"),
        (GPTConfig, SHAPE | {"qkv_bias": "yes"}, "it must be true or false, or empty"),
        (GPTConfig, SHAPE | {"bias": 1}, "bias=1 is not possible; it must be true or false"),
    ):
        assert message in refused(cls, data)


def test_heads_that_do_not_divide_the_width_are_refused_with_widths_that_work():
    for n_embd, n_head, remedy in ((100, 3, "99 or 102"), (2, 3, "3"), (12_287, 95, "12255"), (97, 96, "96 or 192")):
        message = refused(GPTConfig, SHAPE | {"n_embd": n_embd, "n_head": n_head})
        assert message == f"n_embd={n_embd} is not divisible by n_head={n_head}; try n_embd={remedy}"
        for width in remedy.split(" or "):
            assert GPTConfig.parse(SHAPE | {"n_embd": int(width), "n_head": n_head})


def test_whole_floats_become_ints_as_sliders_and_json_send_them():
    config = GPTConfig.parse({name: float(value) for name, value in SHAPE.items()})
    assert config == GPTConfig(**SHAPE)
    assert all(type(getattr(config, name)) is int for name in SHAPE)
    assert type(SampleConfig.parse({"top_k": 4.0}).top_k) is int


def test_every_bound_is_possible_and_the_next_number_is_not():
    for cls, field in FIELDS:
        needed = SHAPE if cls is GPTConfig else {"block_size": 8, "vocab_size": 11} if cls is BigramConfig else {}
        low, high = cls.bounds(field)
        for bound, beyond in ((low, -1), (high, 1)):
            if bound is not None:
                refused(cls, needed | {field: bound + beyond})
                if field not in ("n_head", "n_embd"):  # these two have to fit each other
                    assert getattr(cls.parse(needed | {field: bound}), field) == bound, f"{cls.__name__}.{field}"


def test_bounds_are_open_where_a_field_has_none():
    assert TrainConfig.bounds("steps") == (1, 1_000_000)
    assert TrainConfig.bounds("learning_rate") == (None, 10.0)  # above 0, with no lowest value
    assert TrainConfig.bounds("schedule") == (None, None)
    assert SampleConfig.bounds("top_k") == (1, 200_000)


def test_every_option_is_described_in_a_line():
    for cls, name in FIELDS:
        description = cls.model_fields[name].description
        assert description and len(description) <= 80, f"{cls.__name__}.{name}"


def test_options_do_not_change():
    with pytest.raises(ValidationError):
        SampleConfig().temperature = 2.0


def test_options_survive_json():
    config = TrainConfig(learning_rate=3e-4, seed=2**53 - 1)
    assert TrainConfig.parse(config.model_dump()) == config
    assert TrainConfig.model_validate_json(config.model_dump_json()) == config


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)


@given(field=st.sampled_from(sorted(SampleConfig.model_fields)), value=anything)
def test_any_value_is_taken_within_bounds_or_refused_in_a_sentence(field, value):
    try:
        taken = getattr(SampleConfig.parse({field: value}), field)
    except ValueError:
        refused(SampleConfig, {field: value})
    else:
        low, high = SampleConfig.bounds(field)
        assert taken is None or ((low or 0) <= taken <= high and type(taken) in (int, float))
