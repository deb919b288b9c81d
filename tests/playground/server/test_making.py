"""Files that are made for each who asks: few at once, and no address takes the places of all others."""

import threading

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import Response

from core.runs.store import RunStore
from playground.server.making import AT_ONCE, PLACES, Making
from playground.server.refusal import Refusal
from playground.server.routes import Routes
from tests.loops import in_loop
from tests.tiny_runs import tiny_plan


class Slow:
    """A download that takes until `open` is set, and counts how many are made at once."""

    def __init__(self, root):
        self.open, self.lock = threading.Event(), threading.Lock()
        self.now = self.most = self.made = 0
        self.seen: list[int] = []  # places that were taken when an archive had been sent
        store = RunStore(root, workers=1)
        self.run = tiny_plan(2).create(store.root).id
        self.routes = Routes(store, {"file": self.make, "archive": self.pack})
        self.app = Starlette(routes=self.routes.list())

    def make(self, asked) -> Response:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.open.wait(30)
        with self.lock:
            self.now -= 1
            self.made += 1
        return Response("made")

    def pack(self, asked) -> Response:
        return Response("packed", background=BackgroundTask(lambda: self.seen.append(self.routes.making.taken.total())))

    async def get(self, address: str, name: str = "file", **query: str) -> httpx.Response:
        wire = httpx.ASGITransport(self.app, client=(address, 1))
        async with httpx.AsyncClient(transport=wire, base_url="http://page") as client:
            return await client.get(f"/playground/run/{self.run}/{name}", params=query)


@pytest.fixture
def slow(tmp_path) -> Slow:
    return Slow(tmp_path / "runs")


def test_a_hundred_downloads_of_one_address_leave_threads_and_places_to_others(slow):
    told = []

    async def ask(address: str) -> None:
        told.append((address, (await slow.get(address, lang="vi"))))

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(ask, "10.0.0.1")
            while len(told) < 100 - PLACES // 2:  # who finds no place is told so at once
                await anyio.sleep(0.01)
            group.start_soon(ask, "10.0.0.2")
            while slow.routes.making.taken["10.0.0.2"] < 1:
                await anyio.sleep(0.01)
            slow.open.set()

    in_loop(all_of_them())
    by_status = [(address, answer.status_code) for address, answer in told]
    assert by_status.count(("10.0.0.1", 200)) == PLACES // 2 and by_status.count(("10.0.0.2", 200)) == 1
    assert slow.most <= AT_ONCE and slow.made == PLACES // 2 + 1
    refused = next(answer for _, answer in told if answer.status_code == 429)
    assert refused.json()["error"].startswith("Ở đây đang tạo nhiều tệp") and refused.headers["retry-after"] == "5"
    assert slow.routes.making.taken.total() == 0


def test_the_place_of_what_lies_on_the_disk_is_given_back_when_it_was_sent(slow):
    assert in_loop(slow.get("10.0.0.1", "archive")).text == "packed"
    assert slow.seen == [1] and slow.routes.making.taken.total() == 0


def test_a_download_that_fails_or_is_not_there_gives_its_place_back(slow):
    assert in_loop(slow.get("10.0.0.1", "other")).status_code == 404
    slow.routes.downloads = {"file": lambda asked: 1 / 0}
    with pytest.raises(ZeroDivisionError):
        in_loop(slow.get("10.0.0.1"))
    assert slow.routes.making.taken.total() == 0


def test_one_customer_of_ipv6_has_one_share_of_the_places():
    making = Making()
    for number in range(PLACES // 2):
        making.enter(f"2001:db8::{number:x}")
    with pytest.raises(Refusal):
        making.enter("2001:db8::ffff")
    making.enter("2001:db8:1::1")
