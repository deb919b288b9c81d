"""Callers who ask for the same thing at the same time share one call."""

import threading

import pytest

from core.once import Once
from tests.core.test_downloads import ask_together, wait_until


class Counted(dict):
    """The calls of a Once; it counts the callers that have come."""

    came = 0

    def setdefault(self, *pair):
        found = super().setdefault(*pair)
        self.came += 1
        return found


def ask_at_once(count, once, make):
    """Let callers ask while the first one's call is still going on; return what each got or raised."""
    once._calls = Counted()
    all_came = threading.Event()

    def wait_and_make():
        assert all_came.wait(5)
        return make()

    threads, results = ask_together(count, lambda: once("key", wait_and_make))
    wait_until(lambda: once._calls.came == count)
    assert "key" not in once
    assert once("another key", lambda: "at once") == "at once"
    all_came.set()
    for thread in threads:
        thread.join()
    return results


def outcomes(*each):
    """Make a function that returns or raises one after the other."""
    left = list(each)

    def next_one():
        outcome = left.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return next_one


def test_callers_at_the_same_time_share_one_call():
    assert ask_at_once(5, Once(), outcomes("made")) == ["made"] * 5


def test_a_result_is_forgotten_or_kept():
    for keep, second in ((False, 2), (True, 1)):
        once = Once(keep=keep)
        assert once("key", lambda: 1) == 1
        assert once("key", lambda: 2) == second
        assert ("key" in once) is keep


def test_a_failure_is_shared_and_never_kept():
    error, once = ValueError("no"), Once(keep=True)
    assert ask_at_once(4, once, outcomes(error)) == [error] * 4
    assert "key" not in once and once("key", lambda: 1) == 1


def test_a_failure_that_is_the_first_callers_own_lets_another_one_call():
    error = KeyError("interrupted")
    results = ask_at_once(4, Once(shared=ValueError), outcomes(error, "made", "made", "made"))
    assert results.count(error) == 1 and results.count("made") == 3


def test_an_interruption_is_nobody_elses():
    once = Once(keep=True)
    with pytest.raises(KeyboardInterrupt):
        once("key", outcomes(KeyboardInterrupt()))
    assert once("key", outcomes("made")) == "made"
