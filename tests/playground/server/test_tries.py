"""Tries at a password by a clock that goes as fast as nothing happens."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from playground.server import tries
from playground.server.tries import PACE, PACE_OF_ALL, PLACES, PLACES_OF_ALL, WRONG, WRONG_OF_ALL, Tries
from tests.loops import in_loop

AT = "192.0.2.1"


class Hasty(asyncio.SelectorEventLoop):
    """An event loop that does not wait for a time to come: it says that it has."""

    def __init__(self):
        super().__init__()
        self.now, select = 0.0, self._selector.select

        def skip(timeout: float | None) -> list:
            self.now += timeout or 0.0
            return select(0)

        self._selector.select = skip

    def time(self) -> float:
        return self.now


def run(story: Callable[[Tries], Coroutine]) -> Any:
    """Run a story by the hasty clock."""
    return in_loop(story(Tries()), Hasty)


def now() -> float:
    return asyncio.get_running_loop().time()


def wrong() -> bool:
    return False


def right() -> bool:
    return True


def test_a_class_of_thirty_with_some_slips_waits_for_nothing():
    async def story(all_tries: Tries) -> None:
        for number in range(30):
            assert number % 4 or await all_tries.is_right(AT, wrong) is False
            assert await all_tries.is_right(AT, right) is True
        assert now() == 0

    run(story)


def test_a_right_one_behind_a_guesser_of_the_same_address_waits_a_few_turns_and_gets_in():
    async def story(all_tries: Tries) -> None:
        async def guess() -> None:
            for _ in range(500):
                assert await all_tries.is_right(AT, wrong) is False

        guessing = [asyncio.create_task(guess()) for _ in range(PLACES - 1)]
        for _ in range(20):
            await asyncio.sleep(37)
            asked = now()
            assert await all_tries.is_right(AT, right) is True
            assert now() - asked <= PLACES / PACE
        for task in guessing:
            task.cancel()

    run(story)


def test_guessing_goes_at_the_pace_however_many_guess_at_once():
    async def story(all_tries: Tries) -> None:
        looked = []

        async def guess(address: str) -> None:
            while now() < 1_000:
                if await all_tries.is_right(address, lambda: looked.append(address)) is None:
                    await asyncio.sleep(0.5)

        await asyncio.gather(*(guess(AT) for _ in range(12)))
        assert WRONG + 1_000 * PACE - 2 <= len(looked) <= WRONG + 1_000 * PACE + PLACES

    run(story)


def test_guessing_from_many_addresses_goes_at_the_pace_of_all():
    async def story(all_tries: Tries) -> None:
        looked = []

        async def guess(address: str) -> None:
            while now() < 100:
                await all_tries.is_right(address, lambda: looked.append(address))

        await asyncio.gather(*(guess(f"10.0.0.{number}") for number in range(60)))
        assert len(looked) <= WRONG_OF_ALL + 100 * PACE_OF_ALL + 60
        asked = now()
        assert await all_tries.is_right(AT, right) is True and now() - asked <= 1

    run(story)


def test_few_wait_one_more_is_sent_away_and_one_who_leaves_gives_the_place_back():
    async def story(all_tries: Tries) -> None:
        for _ in range(WRONG):
            assert await all_tries.is_right(AT, wrong) is False
        waiting = [asyncio.create_task(all_tries.is_right(AT, wrong)) for _ in range(PLACES)]
        await asyncio.sleep(0)
        assert await all_tries.is_right(AT, right) is None
        assert await all_tries.is_right("192.0.2.2", right) is True
        waiting[1].cancel()
        await asyncio.sleep(0)
        assert await all_tries.is_right(AT, right) is True
        assert [await task for task in (waiting[0], *waiting[2:])] == [False] * (PLACES - 1)
        assert all_tries.all.waiting == 0

    run(story)


def test_who_tries_from_many_addresses_leaves_places_to_others():
    async def story(all_tries: Tries) -> None:
        all_tries.all.left = -1_000.0  # nobody's turn comes
        guesses = [asyncio.create_task(all_tries.is_right(f"10.0.0.{n % 50}", wrong)) for n in range(50 * PLACES)]
        await asyncio.sleep(0)
        assert all_tries.all.waiting < PLACES_OF_ALL
        mine = asyncio.create_task(all_tries.is_right(AT, right))
        await asyncio.sleep(0)
        assert not mine.done(), "it waits for its turn"
        for task in (*guesses, mine):
            task.cancel()

    run(story)


def test_the_addresses_of_one_network_of_ipv6_are_one_and_only_so_many_are_remembered(monkeypatch):
    monkeypatch.setattr(tries, "MOST_ADDRESSES", 3)

    async def story(all_tries: Tries) -> None:
        for number in range(WRONG):
            assert await all_tries.is_right(f"2001:db8::{number:x}", wrong) is False
        assert now() == 0
        assert await all_tries.is_right("2001:db8::ffff", wrong) is False and now() >= 1 / PACE - 1e-3
        for number in range(9):
            await all_tries.is_right(f"10.0.0.{number}", right)
        assert len(all_tries.of_addresses) == 3

    run(story)
