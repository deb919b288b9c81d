"""What a call has to hold before Gradio makes anything of it."""

import pytest

from playground.server.calls import check_call, check_cancel, is_inside, needs_event, takes_long_text
from playground.server.door import Place
from playground.server.refusal import Refusal
from tests.playground.server.asgi import block, handler, page_of


class EventData:
    """Stands for Gradio's, which is known by its name."""


def told_what_happened(value, event: EventData):
    pass


STATE, LANG = block(skip_api=True), block("language")
FILES, EXAMPLES = block(file_count="single"), block(raw_samples=["a", "b"])
HANDLERS = (
    handler(block(), block(), name="two"),
    handler(block(), name="browser_only", fn=None),
    handler(block(), STATE, name="stateful"),
    handler(block(), name="event", fn=told_what_happened),
    handler(FILES, EXAMPLES, LANG, name="file"),
    handler(block("own-text"), name="long"),
)


@pytest.fixture
def page(tmp_path):
    return page_of(*HANDLERS, uploads=tmp_path / "uploads")


def refusal_of(page, kind: str, content, name: str = "") -> Refusal | None:
    try:
        from playground.server.gradio_patches import upload_folder

        check_call(Place(kind, (), name), content, page, upload_folder(page))
    except Refusal as refusal:
        return refusal
    return None


def status(page, kind: str, content, name: str = "") -> int | None:
    refusal = refusal_of(page, kind, content, name)
    return refusal and refusal.status


def joined(number, data, **more) -> dict:
    return {"fn_index": number, "session_hash": "abc", "data": data, **more}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (joined(0, [1, 2]), None),
        (joined(0, [1, 2], event_data=None, trigger_id=1), None),
        (joined(0, [1, 2], trigger_id=0), None),  # the page itself, as it opens
        (joined(0, [1, 2], trigger_id=3), 400),
        (joined(0, [1, 2], trigger_id=True), 400),
        (joined(0, [1, 2], trigger_id="1"), 400),
        (joined(0, [1]), 400),
        (joined(0, [1, 2, 3]), 400),
        (joined(0, {"a": 1}), 400),
        (joined(0, None), 400),
        (joined(2, [1]), 400),
        (joined(1, [1]), 404),
        (joined(99, []), 404),
        (joined(-1, []), 404),
        (joined("0", [1, 2]), 404),
        (joined(True, [1]), 404),
        (joined([0], []), 404),
        (joined(None, []), 404),
        (joined(3, [1], event_data={"a": 1}), None),
        (joined(3, [1]), 400),
        (joined(3, [1], event_data=[1]), 400),
        (joined(0, [1, 2], session_hash=None), 400),
        (joined(0, [1, 2], session_hash=5), 400),
        (joined(0, [1, 2], session_hash="../a"), 400),
        (joined(0, [1, 2], session_hash="x" * 65), 400),
        (joined(0, [1, 2], batched=True), 400),
        (joined(0, [1, 2], batched=False), None),
        (joined(0, [1, 2], simple_format=True), 400),
        (joined(0, [1, 2], event_id="a"), 400),
        ([], 400), (None, 400), ("a", 400), (5, 400),
    ],
)  # fmt: skip
def test_a_call_by_number_is_whole_or_refused(page, content, expected):
    for kind in ("join", "run"):
        assert status(page, kind, content) == expected, kind


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("two", [1, 2], None),
        ("two", [1], 400),
        ("two", [1, 2, 3], 400),
        ("stateful", [1], None),
        ("stateful", [1, None], None),
        ("stateful", [], 400),
        ("event", [1], 400),
        ("browser_only", [1], 404),
        ("nothing", [], 404),
    ],
)
def test_a_call_by_name_is_whole_or_refused(page, name, data, expected):
    assert status(page, "call", {"data": data}, name) == expected


def test_only_what_was_uploaded_is_a_file(page, tmp_path):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    good, secret = uploads / "a.txt", tmp_path / "secret"
    good.write_text("a")
    secret.write_text("s")
    (uploads / "link").symlink_to(secret)
    meta = {"_type": "gradio.FileData"}
    file = {"path": str(good), "meta": meta, "url": f"http://h/gradio_api/file={good}", "size": 1, "orig_name": "a.txt"}
    assert status(page, "join", joined(4, [file, 1, "en"])) is None
    assert status(page, "join", joined(4, [None, None, "en"])) is None
    paths = ("http://169.254.169.254/", "file:///etc/passwd", "/etc/passwd", str(secret), str(uploads / "link"),
             "a.txt", str(uploads), f"{uploads}/../secret", "", "\0", 5, None, ["a"],
             str(uploads / "missing"))  # fmt: skip
    changes = [{"path": path} for path in paths] + [
        {"meta": {}}, {"meta": None}, {"meta": {**meta, "a": 1}}, {"is_stream": True}, {"url": "http://host/"},
        {"url": 5}, {"size": "1"}, {"size": True}, {"orig_name": 5}, {"mime_type": ["a"]},
    ]  # fmt: skip
    for change in changes:
        assert status(page, "join", joined(4, [{**file, **change}, 1, "en"])) == 400, change
    hidden = {"path": "/etc/passwd"}
    for value in (hidden, [[hidden]], {"a": [hidden]}):  # in a field for anything
        assert status(page, "join", joined(0, [value, 1])) == 400
        assert status(page, "join", joined(3, [1], event_data={"a": value})) == 400
    for value in ("a", 5, [file], {}, {"url": "http://h/gradio_api/file=a"}, True):
        assert status(page, "join", joined(4, [value, 1, "en"])) == 400, value
    assert status(page, "join", joined(0, ['{"path": "http://host"}', {"text": "http://host"}])) is None


def test_an_example_is_one_that_there_is(page):
    for value, expected in (
        (0, None),
        (1, None),
        (None, None),
        (2, 400),
        (-1, 400),
        ("0", 400),
        (True, 400),
        (0.0, 400),
    ):
        assert status(page, "join", joined(4, [None, value, "en"])) == expected, value


def test_a_refusal_speaks_the_language_of_the_page(page):
    assert refusal_of(page, "join", joined(4, [None, 9, "vi"])).lang == "vi"
    assert refusal_of(page, "join", joined(4, [None, 9, "en"])).lang == "en"
    assert refusal_of(page, "join", joined(4, [None, 9, ["vi"]])).lang == "en"
    assert refusal_of(page, "join", joined(0, [{"path": "/"}, 1])).lang is None  # which is not told


def test_stopping_names_a_call(page):
    good = {"session_hash": "a", "event_id": "0" * 32, "fn_index": 0}
    check_cancel(good, page)
    for change in ({"session_hash": None}, {"event_id": 5}, {"event_id": "a b"}, {"fn_index": 99}, {"fn_index": "0"}):
        with pytest.raises(Refusal):
            check_cancel({**good, **change}, page)
    with pytest.raises(Refusal):
        check_cancel([], page)


def test_what_a_handler_needs_is_read_off_it():
    assert needs_event(told_what_happened) and not needs_event(print)
    assert takes_long_text(HANDLERS[5]) and not takes_long_text(HANDLERS[0])


def test_the_pages_own_handlers_are_known_by_what_they_need(tmp_path):
    from core.runs.store import RunStore
    from playground.build import build_app
    from playground.server.settings import Settings

    handlers = [each for each in build_app(RunStore(tmp_path), Settings(runs=tmp_path)).fns.values() if each.fn]
    assert {each.api_name for each in handlers if needs_event(each.fn)} == {
        "command", "choose_head", "explain", "read_layers", "find_neighbours", "rename_run", "accept", "name",
        "become_host",
    }  # fmt: skip
    assert {each.api_name for each in handlers if takes_long_text(each)} == {
        "train", "start", "without_invisible", "read_pasted", "tell_again", "tell_again_1",
        "generate", "move", "look", "look_1", "look_2", "look_3", "accept",
        "check_all", "check_all_1", "check_all_2", "check_all_3", "check_all_4",
    }  # fmt: skip


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert not is_inside(str(tmp_path / "a"), tmp_path / "b")
