"""What the server remembers of pages: little, not for long, and never what somebody else would miss."""

import asyncio
import json
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from benchmarks.browsing import Page
from core.runs.store import RunStore
from playground.build import build_app
from playground.server import gradio_patches, quick_values
from playground.server.profiles import LAPTOP
from playground.server.rights import HOST
from playground.server.sessions import LightSession, Sessions
from playground.server.settings import Settings
from tests.loops import in_loop
from tests.tiny_runs import asking

SOON = replace(LAPTOP, sessions=20, session_seconds=0.0)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Return the real page, which nobody serves."""
    root = tmp_path_factory.mktemp("runs")
    app = build_app(RunStore(root), Settings(runs=root, profile=SOON))
    with gradio_patches.light_sessions(app, 60.0):
        return app


@pytest.fixture
def launched(tmp_path):
    """Return the real page, served from this process, with its address."""
    app = build_app(RunStore(tmp_path), Settings(runs=tmp_path, profile=SOON, welcome=False))
    _, address, _ = app.launch(prevent_thread_lock=True)
    yield app, address
    app.close()


@pytest.fixture
def sessions(page):
    held = Sessions(seconds=60.0)
    held.set_blocks(page)
    held.capacity = 3
    return held


def told_by_open(page, lang: str) -> tuple:
    handler = next(fn for fn in page.fns.values() if fn.name == "open" and len(fn.outputs) > 100)
    request = asking(lang=lang)
    return handler, handler.fn({}, HOST, request)


# -- nothing is lost --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "vi", "en"])
def test_an_opened_page_is_told_what_plain_gradio_would_tell(page, lang):
    handler, values = told_by_open(page, lang)
    plain = in_loop(page.postprocess_data.plain(handler, deepcopy(values), SessionState(page)))
    for _ in range(2):  # worked out, and then known by heart
        quick = in_loop(page.postprocess_data(handler, deepcopy(values), LightSession(page)))
        assert json.dumps(quick) == json.dumps(plain)


def test_every_handler_reads_what_plain_gradio_would_read(page):
    compared = 0
    for handler in page.fns.values():
        if handler.fn is None or any(block.stateful for block in handler.inputs):
            continue
        given = [getattr(block, "value", None) for block in handler.inputs]
        plain = in_loop(page.preprocess_data.plain(handler, list(given), SessionState(page)))
        assert in_loop(page.preprocess_data(handler, list(given), LightSession(page))) == plain, handler.name
        compared += len(given)
    assert compared > 100


def test_what_may_name_a_file_is_left_to_gradio(page, monkeypatch):
    left = []

    async def plain(handler, inputs, state):
        left.extend(inputs)
        return inputs

    monkeypatch.setattr(page.preprocess_data, "plain", plain)
    handler = next(fn for fn in page.fns.values() if fn.name == "start")
    hostile = [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, ["a"], [{"path": "b"}]]
    given = [*hostile, *[5] * (len(handler.inputs) - 3)]
    assert in_loop(page.preprocess_data(handler, given, LightSession(page))) == given
    assert all(each in left for each in hostile)


def test_no_input_would_notice_that_a_session_forgets_changes(page):
    """Gradio checks some values by what a handler has changed, such as choices; ours never do, but for examples."""
    changed = {block._id for fn in page.fns.values() for block in fn.outputs}
    asked = {block._id: block for fn in page.fns.values() for block in fn.inputs if not block.stateful}
    harmless = {*quick_values.PASSED_IN, gr.BrowserState.preprocess, gr.Textbox.preprocess}
    for number in changed & set(asked):
        kind = type(asked[number])
        passes = kind.preprocess in harmless or kind.preprocess.__module__.startswith("playground.")
        assert passes or issubclass(kind, gr.Dataset | gr.File), kind  # of a file, handlers change the label alone


def test_examples_that_a_handler_has_changed_are_chosen_from(page):
    box = next(block for block in page.blocks.values() if isinstance(block, gr.Dataset))
    session, other = LightSession(page), LightSession(page)
    session[box._id] = changed = gr.Dataset(components=[gr.Textbox(render=False)], samples=[["new"]], render=False)
    assert session[box._id] is changed
    assert other[box._id] is box


# -- little is kept ---------------------------------------------------------------------------------------------------


def test_a_session_keeps_its_states_and_nothing_of_the_page(page):
    handler, values = told_by_open(page, "vi")
    session = LightSession(page)
    in_loop(page.postprocess_data(handler, values, session))
    assert session.blocks_config is page.default_config
    assert not session.config_values
    assert len(session.examples) <= 3
    handler = next(fn for fn in page.fns.values() if fn.fn and any(block.stateful for block in fn.outputs))
    values = ["mine" if block.stateful else gr.skip() for block in handler.outputs]
    in_loop(page.postprocess_data(handler, values, session))
    assert set(session.state_data.values()) == {"mine"}


def test_changes_known_by_heart_are_bounded(page):
    outputs = [next(block for block in page.blocks.values() if isinstance(block, gr.Button))] * 2
    handler = SimpleNamespace(outputs=outputs, batch=False, postprocess=True, is_validator_function=False, name="x")
    for number in range(quick_values.KNOWN + 50):
        update = gr.update(value=f"{number}")
        in_loop(page.postprocess_data(handler, [update, gr.skip()], LightSession(page)))
    assert len(page.postprocess_data.known) == quick_values.KNOWN


def test_the_oldest_page_that_is_not_open_makes_room(sessions):
    for name in ("open", "left", "also open"):
        sessions[name]
    sessions.opened("open")
    sessions.opened("also open")
    for number in range(50):
        sessions[f"stranger {number}"]
    assert list(sessions.session_data) == ["open", "also open", "stranger 49"]


def test_a_page_that_comes_back_has_its_states(sessions, page):
    state = page.blocks[next(i for i, block in page.blocks.items() if isinstance(block, gr.State))]._id
    sessions["a"][state] = "owner"
    for number in range(10):
        sessions[f"{number}"]
    assert "a" not in sessions
    assert sessions["a"][state] == "owner"
    assert not sessions.states


def test_the_number_of_sessions_is_bounded_on_plain_gradio_too(tmp_path, monkeypatch):
    monkeypatch.setenv(gradio_patches.PLAIN, "1")
    app = build_app(RunStore(tmp_path), Settings(runs=tmp_path, profile=SOON, welcome=False))
    app.launch(prevent_thread_lock=True)
    try:
        for number in range(SOON.sessions + 5):
            app.state_holder[f"{number}"]
        assert type(app.state_holder) is gr.state_holder.StateHolder
        assert len(app.state_holder.session_data) == SOON.sessions
    finally:
        app.close()


# -- and not for long -------------------------------------------------------------------------------------------------


def test_abandoned_pages_and_unknown_sessions_leave_nothing_behind(launched):
    app, address = launched

    async def come_and_go() -> None:
        first = Page(address)
        await first.open()
        for _ in range(5):
            page = Page(address, first.config)
            await page.open()
            page.close()
        for _ in range(5):  # ask for something, and never fetch the answer
            page = Page(address, first.config)
            call = page.named("train")
            await page.wire.ask("/gradio_api/queue/join?", {
                "data": page.values(call), "fn_index": call["id"], "session_hash": page.session})  # fmt: skip
            page.close()
        assert isinstance(app.state_holder, Sessions)
        assert first.session in app.state_holder
        while len(app.state_holder.session_data) > 1 or app.state_holder.open != Counter([first.session]):
            await asyncio.sleep(0.05)
        assert list(app.state_holder.session_data) == [first.session]  # it is still open
        queue = app._queue
        while queue.pending_event_ids_session or queue.pending_messages_per_session or queue.event_ids_to_events:
            await asyncio.sleep(0.05)
        first.close()
        while app.state_holder.session_data or app.state_holder.open:
            await asyncio.sleep(0.05)
        assert len(queue.event_analytics) <= gradio_patches.RECORDS

    in_loop(asyncio.wait_for(come_and_go(), 120))


def test_the_queue_computes_no_summary_of_its_events():
    app = gr.Blocks(analytics_enabled=False)
    assert app._queue.ANALYTICS_MAX_EVENTS > 0
    assert app._queue.ANAYLTICS_CACHE_FREQUENCY > 0
    gradio_patches.no_summary(app)
    app._queue._get_df = None  # what would make a table of them
    app._queue.events_recorded = 5_000
    assert app._queue.compute_analytics_summary([{"function": "f"}]) == {"functions": {}}
