"""The line of those who press Train: as long as is worked off in a moment, whatever the machine."""

import pytest

from playground.server import gradio_patches
from playground.server.line import FEWEST, MOMENT, MOST, NAME, Line
from playground.server.refusal import Refusal


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
    from core.runs.store import RunStore
    from playground.build import build_app
    from playground.server.settings import Settings

    app = build_app(RunStore(tmp_path), Settings(runs=tmp_path))
    assert {fn.name for fn in app.fns.values() if fn.concurrency_id == NAME} == {"start"}
    assert all(fn.concurrency_id == NAME for fn in app.fns.values() if fn.name == "start")
    assert gradio_patches.calls_under_way(app, NAME) == 0 and app._queue.event_ids_to_events == {}
