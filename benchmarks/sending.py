"""How odd calls are sent, their answers heard, and what counts as a fault."""

import json
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import anyio
import httpx

from benchmarks.odd_calls import API, Call

PATIENCE = 60.0  # seconds until a call counts as not answered
A_LOOK = 0.5  # seconds that a stream without an end of its own is read


@dataclass
class Tally:
    """What came of the calls."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)

    def fault(self, kind: str, call: Call, more: object = "") -> None:
        """Note a fault."""
        self.counts[kind] += 1
        self.told.append(f"{kind} {more!r:.200}: {call.method} {call.path:.150} {call.body[:300]!r} {call.headers}")

    def faults(self) -> list[int]:
        """Return how many there were of each kind, in the order of the table."""
        return [self.counts[kind] for kind in ("status 500", "error: null", "not answered", "broken off")]


class Sender:
    """One who calls; `async with` it."""

    def __init__(self, address: str, tally: Tally):
        self.tally = tally
        self.client = httpx.AsyncClient(base_url=address, timeout=PATIENCE, trust_env=False)

    async def __aenter__(self) -> "Sender":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def send_and_hear(self, calls: Iterable[Call]) -> None:
        """Send the calls of one session, and hear what becomes of those that were queued."""
        waiting: dict[str, dict[str, Call]] = {}
        for call in calls:
            self.tally.sent += 1
            answer = await self._send(call)
            if answer is None or answer.status_code != 200:
                continue
            if call.kind == "join":
                session = json.loads(call.body)["session_hash"]
                waiting.setdefault(session, {})[answer.json()["event_id"]] = call
            elif call.kind == "call":
                await self._hear_one(call, answer.json()["event_id"])
        for session, sent in waiting.items():
            await self._hear(session, sent)

    async def _send(self, call: Call) -> httpx.Response | None:
        """Send a call; of an answer that never ends, only the beginning is read."""
        headers = {"Content-Type": "application/json", **call.headers}
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        try:
            request = self.client.build_request(call.method, call.path, content=call.body or None, headers=raw)
            answer = await self.client.send(request, stream=True)
            try:
                endless = "event-stream" in answer.headers.get("content-type", "")
                with anyio.move_on_after(A_LOOK if endless else math.inf):
                    await answer.aread()
            finally:
                await answer.aclose()
        except httpx.TimeoutException as error:
            return self.tally.fault("not answered", call, error)
        except httpx.TransportError as error:
            return self.tally.fault("broken off", call, error)
        self.tally.statuses[answer.status_code] += 1
        text = answer.text if answer.is_closed and hasattr(answer, "_content") else ""
        if answer.status_code >= 500:
            self.tally.fault("status 500", call, text)
        if '"error":null' in text.replace(" ", "")[:200]:
            self.tally.fault("error: null", call, text)
        return answer

    async def _hear(self, session: str, sent: dict[str, Call]) -> None:
        """Read what the queue tells a session until all its calls are answered."""
        last = next(iter(sent.values()))
        try:
            with anyio.fail_after(PATIENCE):
                await self._hear_all(session, sent, last)
        except (TimeoutError, httpx.TransportError) as error:
            self.tally.fault("broken off", last, error)
        for call in sent.values():
            self.tally.fault("not answered", call)

    async def _hear_all(self, session: str, sent: dict[str, Call], last: Call) -> None:
        async with self.client.stream("GET", f"{API}/queue/data", params={"session_hash": session}) as stream:
            async for line in stream.aiter_lines():
                message = json.loads(line[6:]) if line.startswith("data: ") else {}
                self._check(sent.get(message.get("event_id"), last), message)
                if message.get("msg") == "process_completed":
                    sent.pop(message["event_id"], None)
                if not sent:
                    return

    def _check(self, call: Call, message: dict) -> None:
        output = message.get("output")
        if message.get("msg") == "unexpected_error":
            self.tally.fault("error: null", call, message)
        elif message.get("success") is False and (not isinstance(output, dict) or not output.get("error")):
            self.tally.fault("error: null", call, message)

    async def _hear_one(self, call: Call, event: str) -> None:
        """Hear the answer of a call by its name."""
        try:
            heard = (await self.client.get(f"{call.path}/{event}")).text
        except httpx.TransportError as error:
            return self.tally.fault("broken off", call, error)
        if "event: error\ndata: null" in heard or '"error": null' in heard:
            self.tally.fault("error: null", call, heard)
        elif "event: complete" not in heard and "event: error" not in heard:
            self.tally.fault("not answered", call, heard)
