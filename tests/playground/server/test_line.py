"""The line of those who press Train: as long as is worked off in a moment, whatever the machine."""

from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from gradio.queueing import Event

from core.runs.store import RunStore
from playground.build import build_app
from playground.server import gradio_patches
from playground.server.line import FEWEST, MOMENT, MOST, NAME, Line, Shares
from playground.server.refusal import Refusal
from playground.server.settings import Settings
from tests.loops import in_loop


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def worked(line: Line, clock: Clock, seconds: float, times: int = 100) -> None:
    """Work presses off, one every so many seconds, with nobody in the line for an hour after each tenth."""
    for count in range(times):
        with line.worked_off():
            clock.now += seconds
        clock.now += 3_600 * (count % 10 == 9)


def test_the_line_is_as_long_as_is_worked_off_in_a_moment():
    line = Line(clock := Clock())
    worked(line, clock, MOMENT / 30)
    assert line.bound == pytest.approx(30, abs=1)
    worked(line, clock, MOMENT / 15)
    assert line.bound == pytest.approx(15, abs=1)


def test_a_class_that_is_slow_is_still_let_in_one_by_one_and_a_quick_machine_is_bounded():
    line = Line(clock := Clock())
    worked(line, clock, 20.0)  # each loads a text from the network
    assert line.bound == FEWEST
    worked(line, clock, 0.0001)
    assert line.bound == MOST


def test_presses_that_are_worked_on_at_once_count_by_how_often_one_ends():
    line = Line(clock := Clock())
    for _ in range(100):
        with line.worked_off():
            clock.now += 0.1
            with line.worked_off():
                clock.now += 0.1  # the second one ends 0.2 s after the first began, the first one at once
    assert line.seconds == pytest.approx(0.1, abs=0.01)


def test_who_is_too_many_is_told_how_many_wait_and_for_how_long():
    line = Line(clock := Clock())
    worked(line, clock, 0.1)
    with pytest.raises(Refusal, match="15 people are waiting to train; try again in about 2 s") as told:
        with line.enter(line.bound):
            pass
    assert (told.value.status, told.value.wait) == (429, 1.5)


def test_presses_between_the_guard_and_the_queue_count_and_leave_when_they_fail():
    line = Line()
    with pytest.raises(OSError, match="hung up"), line.enter(line.bound - 1):
        with pytest.raises(Refusal), line.enter(line.bound - 1):
            pass
        raise OSError("hung up")
    with line.enter(line.bound - 1):
        assert line.entering == 1
    assert line.entering == 0


def test_every_handler_that_starts_a_run_stands_in_the_line(tmp_path):
    app = build_app(RunStore(tmp_path), Settings(runs=tmp_path))
    assert {fn.name for fn in app.fns.values() if fn.concurrency_id == NAME} == {"start"}
    assert all(fn.concurrency_id == NAME for fn in app.fns.values() if fn.name == "start")
    assert gradio_patches.calls_under_way(app, NAME) == 0 and app._queue.event_ids_to_events == {}


def called(app, address: str, session: str = "session") -> Event:
    """Put a call of an address into the real queue, as Gradio does, and let it take its turn."""
    handler = next(fn for fn in app.fns.values() if fn.concurrency_id == "compute")
    app._queue.create_event_queue_for_fn(handler)
    event = Event(session, handler, SimpleNamespace(client=SimpleNamespace(host=address)), None)
    app._queue.event_ids_to_events[event._id] = event
    app._queue.event_queue_per_concurrency_id["compute"].queue.append(event)
    gradio_patches.take_turns(app, "compute")
    return event


def test_addresses_take_turns_however_many_calls_one_of_them_sends(tmp_path):
    async def story() -> None:
        app = build_app(RunStore(tmp_path), Settings(runs=tmp_path))
        app.queue()
        events = [called(app, "10.0.0.1", f"invented-{number}") for number in range(5)]
        mine, his, mine_again = called(app, "10.0.0.2"), called(app, "10.0.0.3"), called(app, "10.0.0.2")
        wanted = [events[0], mine, his, events[1], mine_again, *events[2:]]
        assert app._queue.event_queue_per_concurrency_id["compute"].queue == wanted
        assert app._queue.get_events()[0] == [events[0]] and app._queue.get_events()[0] == [mine]

    in_loop(story())


def test_no_address_fills_the_queue_even_with_calls_that_come_all_at_once(tmp_path):
    async def story() -> None:
        app, shares, room = build_app(RunStore(tmp_path), Settings(runs=tmp_path)), Shares(), ExitStack()
        app.queue()
        places = app._queue.max_size

        def come(address: str) -> None:
            room.enter_context(shares.enter(address, *gradio_patches.places_of_queue(app, address)))

        for address, taken in (("10.0.0.1", places // 2), ("2001:db8::1", places // 4), ("10.0.0.2", places // 8)):
            for _ in range(taken):
                come(address)
            with pytest.raises(Refusal, match="As many calls as the server takes are waiting") as refused:
                come(address.replace("8::1", "8::2"))
            assert refused.value.status == 429
            room.close()
            assert not shares.taken
            for _ in range(taken):  # the same when Gradio has taken them
                called(app, address)
            with pytest.raises(Refusal):
                come(address)
        come("10.0.0.9")

    in_loop(story())
