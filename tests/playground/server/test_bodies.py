"""Bodies while they arrive: how large, how deep, how many values; before anything is built of them."""

import asyncio
import json
import sys
import threading

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.decoding import MAX_CHARACTERS
from playground.server import bodies
from playground.server.bodies import Arriving, check_length, parse
from playground.server.profiles import LAPTOP, MB
from playground.server.refusal import Refusal
from playground.server.shapes import DEEPEST, MOST_MARKS, MOST_QUOTES, SLICE, Shape
from tests.loops import in_loop


def shape_of(body: bytes, size: int = SLICE) -> Shape:
    shape = Shape()
    for start in range(0, len(body), size):
        shape.see(body[start : start + size])
    return shape


def status(body: bytes, size: int = SLICE) -> int | None:
    try:
        shape_of(body, size)
    except Refusal as refusal:
        return refusal.status
    return None


def read(body: bytes):
    return in_loop(parse(body, LAPTOP))


def parsed(body: bytes):
    return read(body)[0]


def marks(value) -> int:
    """Count as the shape does: two brackets, a comma between two values, and each string."""
    if isinstance(value, str):
        return 1
    if isinstance(value, dict):
        return 2 + max(0, len(value) - 1) + sum(1 + marks(inner) for inner in value.values())
    if isinstance(value, list):
        return 2 + max(0, len(value) - 1) + sum(map(marks, value))
    return 0


LEAVES = st.none() | st.booleans() | st.integers() | st.text(st.sampled_from('a"\\[]{},é\n'), max_size=12)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4)
                    | st.dictionaries(st.text(max_size=4), inner, max_size=4), max_leaves=12)  # fmt: skip


@given(JSON, st.integers(1, 7), st.booleans())
def test_a_body_is_counted_alike_however_it_is_cut(value, size, is_ascii):
    shape = shape_of(json.dumps(value, ensure_ascii=is_ascii).encode(), size)
    assert (shape.depth, shape.marks, shape.in_string, shape.escaped) == (0, marks(value), False, False)


@pytest.mark.parametrize(
    "text", ['"' * 3 * MOST_QUOTES, "\\" * 70_001, '\\"' * 2 * MOST_QUOTES, "[" * 100_000, "\n" * SLICE]
)
def test_a_long_text_is_one_value_whatever_is_in_it(text):
    body = json.dumps({"data": [text, 1]}).encode()
    for size in (SLICE, 1_000, 7):
        shape = shape_of(body, size)
        assert (shape.depth, shape.marks, shape.in_string) == (0, 7, False)


def test_too_much_is_known_after_few_marks():
    for body, expected in ((b"[],", 413), (b"[", 400), (b'{"a":', 400), (b'"a":1,', 413), (b"1,", 413), (b"]", 413)):
        assert status(b'{"data":[' + body * 100_000) == expected, body
    shape = Shape()
    with pytest.raises(Refusal):
        shape.see(b"[]," * 10_000_000)
    assert shape.marks == MOST_MARKS + 1
    assert status(b"[" * DEEPEST + b"]" * DEEPEST) is None
    assert status(b"[" * (DEEPEST + 1)) == 400


def test_a_long_text_takes_few_steps_however_many_quotes_are_in_it(monkeypatch):
    steps = []
    plain = Shape._leave_string
    monkeypatch.setattr(Shape, "_leave_string", lambda *more: steps.append(1) or plain(*more))
    for text in ('"' * 500_000, "\\" * 500_000, 'a"\\' * 200_000):
        shape = shape_of(json.dumps({"data": [text, 1]}).encode())
        assert (shape.depth, shape.marks, shape.in_string) == (0, 7, False)
    assert len(steps) < 20


MOST = sys.float_info.max
UNREPEATABLE = [
    (r'"\ud800"', "\ufffd"),
    (r'"a\udfff\ud83d\ude00"', "a\ufffd\U0001f600"),
    (r'{"\uDc00": 1}', {"\ufffd": 1}),
    (str(2**63), float(2**63)),
    ("1" * 5_000, MOST),
    ("-1e999", -MOST),
    ("1E+400", MOST),
    ("123456789012345678", 123456789012345678),
    ('"1234567890123456789012"', "1234567890123456789012"),
    (r'"\\ud800"', r"\ud800"),
]


@pytest.mark.parametrize(("said", "meant"), UNREPEATABLE)
def test_what_gradio_could_not_repeat_is_made_what_it_can(said, meant):
    content, body = read(b'{"data": [%s]}' % said.encode())
    assert content == json.loads(body) == {"data": [meant]}
    assert type(content["data"][0]) is type(meant)
    orjson.dumps(content)


def test_two_names_that_become_one_are_refused():
    with pytest.raises(Refusal, match="twice"):
        read(rb'{"\ud800": 1, "\udfff": 2}')


def test_an_ordinary_body_passes_byte_by_byte():
    body = b'{"data": [1.50, 1234567890,   "\xc3\xa9", "\\u00e9"]}'
    assert read(body)[1] is body


def test_long_bodies_are_parsed_one_at_a_time_and_their_memory_is_given_back_once(monkeypatch):
    monkeypatch.setattr(bodies, "LATER", 0.0)
    given_back, at_once, most = threading.Event(), 0, 0
    monkeypatch.setattr(bodies, "give_back_memory", given_back.set)
    plain = bodies._parse

    def watched(body):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        found = plain(body)
        at_once -= 1
        return found

    monkeypatch.setattr(bodies, "_parse", watched)

    async def many():
        arriving = Arriving(10**9)
        body = json.dumps(["a" * 200_000]).encode()
        await asyncio.gather(*(parse(body, LAPTOP, arriving.parsing) for _ in range(8)))
        arriving.take(3 * 2**20)
        arriving.give_back(2**21)
        arriving.give_back(2**20)
        assert await asyncio.to_thread(given_back.wait, 60)
        assert arriving.held == 0

    in_loop(many())
    assert most == 1


def test_what_is_not_utf_8_is_no_json_here():
    for encoding in ("utf-16", "utf-32", "utf-16-le"):
        assert status('{"data": []}'.encode(encoding)) == 400
    with pytest.raises(Refusal, match="not JSON in UTF-8"):
        parsed(b'{"data": ["\xff"]}')


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[1] 2", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"data": [NaN]}', "NaN is no value"),
        (b'{"data": [-Infinity]}', "-Infinity is no value"),
        (b'{"data": [], "data": [1]}', "twice"),
        (b'{"data": [{"path": "ok", "path": "http://host"}]}', "twice"),
    ],
)
def test_what_json_does_not_know_is_refused(body, said):
    with pytest.raises(Refusal, match=said) as refused:
        parsed(body)
    assert refused.value.status == 400


@given(st.binary(max_size=80))
def test_any_bytes_are_parsed_or_refused_in_words(body):
    try:
        shape_of(body)
        parsed(body)
    except Refusal as refusal:
        assert 400 <= refusal.status < 500


def test_a_length_that_is_told_is_believed_only_to_refuse():
    check_length({"content-length": "10"}, 10)
    check_length({}, 10)
    for told, expected in (
        ("11", 413),
        ("9" * 30, 413),
        ("-1", 400),
        ("1x", 400),
        ("", 400),
        ("\u0664", 400),
        ("1, 1", 400),
    ):
        with pytest.raises(Refusal) as refused:
            check_length({"content-length": told}, 10)
        assert refused.value.status == expected, told
    with pytest.raises(Refusal) as refused:
        check_length({"content-length": "1", "transfer-encoding": "chunked"}, 10)
    assert refused.value.status == 400


def test_all_that_arrives_at_once_has_a_limit():
    arriving = Arriving(100)
    arriving.take(60)
    with pytest.raises(Refusal) as refused:
        arriving.take(41)
    assert (refused.value.status, arriving.held) == (429, 60) and refused.value.wait
    arriving.take(40)


@pytest.mark.parametrize("letter", [b'\\"', b"\\n", b"\\\\"], ids=repr)
def test_a_text_of_escapes_is_refused_long_before_it_has_arrived(letter):
    shape, sent, part = Shape(), 0, letter * (SLICE // 2)
    shape.see(b'{"data":["')
    with pytest.raises(Refusal, match="more than 6,000,000 characters"):
        while sent < 31 * MB:
            sent += len(part)
            shape.see(part)
    assert sent < 12.1 * MB


@pytest.mark.parametrize("letter", ["a", "\u1ea1", '"', "\n"], ids=ascii)
@pytest.mark.parametrize("escaped", [True, False])
def test_a_text_as_long_as_one_may_be_arrives_however_it_is_written(letter, escaped):
    body = json.dumps({"data": [letter * MAX_CHARACTERS]}, ensure_ascii=escaped).encode()
    shape = Shape()
    shape.see(body)
    assert not shape.in_string and shape.depth == 0
