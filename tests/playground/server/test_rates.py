"""How often somebody may ask."""

import dataclasses

import pytest

from playground.server import rates
from playground.server.profiles import CLASSROOM, LAPTOP, PUBLIC
from playground.server.rates import Buckets, Rates
from playground.server.refusal import Refusal


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def passed(what, *arguments, times: int = 10_000) -> int:
    """Return how many of so many calls are let through."""
    for count in range(times):
        try:
            what(*arguments)
        except Refusal as refusal:
            assert refusal.status == 429 and refusal.wait > 0
            return count
    return times


def test_a_bucket_fills_up_with_time():
    clock = Clock()
    buckets = Buckets(60, 60.0, clock)
    assert [buckets.wait("a") for _ in range(60)] == [0.0] * 60
    assert buckets.wait("a") == 1.0 and buckets.wait("b") == 0.0
    clock.now = 2.0
    assert (buckets.wait("a"), buckets.wait("a"), buckets.wait("a")) == (0.0, 0.0, 1.0)
    clock.now = 10_000.0
    assert sum(buckets.wait("a") == 0.0 for _ in range(100)) == 60  # and never holds more


def test_names_that_are_invented_take_no_memory(monkeypatch):
    monkeypatch.setattr(rates, "MOST", 100)
    buckets = Buckets(5, 60.0)
    for number in range(1_000):
        buckets.wait(str(number))
    assert len(buckets.left) == 100


def test_a_laptop_has_no_rates():
    rate = Rates(LAPTOP)
    assert passed(rate.call_of_person, "a", "1.2.3.4") == passed(rate.call_of_address, "1.2.3.4") == 10_000
    rate.upload("1.2.3.4", 10**12)


def test_a_class_behind_one_address_is_counted_by_person():
    rate = Rates(CLASSROOM, Clock())
    assert passed(rate.call_of_address, "1.2.3.4") == 10_000
    assert passed(rate.call_of_person, "one", "1.2.3.4") == CLASSROOM.calls_a_minute
    assert passed(rate.call_of_person, "two", "1.2.3.4", times=5) == 5
    assert passed(rate.call_of_person, None, "1.2.3.4") == rates.NEWCOMERS * CLASSROOM.calls_a_minute


def test_in_public_an_address_is_counted_too():
    rate = Rates(PUBLIC, Clock())
    assert passed(rate.call_of_address, "1.2.3.4") == PUBLIC.calls_a_minute_of_address
    assert passed(rate.call_of_address, "1.2.3.5", times=5) == 5


def test_uploads_are_counted_by_their_bytes():
    rate = Rates(dataclasses.replace(PUBLIC, uploads_an_hour=1_000), Clock())
    rate.upload("a", 900)
    with pytest.raises(Refusal) as refused:
        rate.upload("a", 200)
    assert refused.value.status == 429 and 300 < refused.value.wait < 400
    rate.upload("b", 900)
