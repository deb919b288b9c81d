"""What is remembered of an open page: as little as its handlers need, and not for long after the page has gone.

Gradio remembers ten thousand sessions, each with a copy of every component's settings and with all that was last typed:
a megabyte each, and an own text besides. That copy serves links to a page's whole state, which this page does not give
away. `gradio_patches.light_sessions` puts these classes in the place of Gradio's. On plain Gradio the number of
sessions is bounded all the same, by `launch(state_session_capacity=...)`.
"""

import time
from collections import Counter, OrderedDict
from datetime import datetime
from typing import Any

import gradio as gr
from gradio.state_holder import SessionState, StateHolder
from starlette.types import ASGIApp, Receive, Scope, Send

HEARTBEAT = "/gradio_api/heartbeat/"  # a page that is open holds this answer open
STATES = 10_000  # pages that are gone and may come back, such as those of phones that slept
SHORT = 64  # characters of a state that outlives its session


class LightSession(SessionState):
    """The states of one page. What handlers change of components is the browser's to remember, but for examples."""

    def __init__(self, blocks: gr.Blocks):
        """Share the page's settings with all sessions, where Gradio copies them."""
        self.blocks_config = blocks.default_config
        self.config_values: dict = {}
        self.state_data: dict[int, Any] = {}
        self._state_ttl: dict = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = 3600
        self.examples: dict[int, gr.Dataset] = {}  # a click on one of them names only its place in the list
        self.changed: tuple[int, Any] | None = None

    def __setitem__(self, key: int, value: Any) -> None:
        """Set a state; a changed component is kept until Gradio has read it once, which it does at once."""
        block = self.blocks_config.blocks.get(key)
        if isinstance(block, gr.State):
            self._state_ttl[key] = (block.time_to_live, datetime.now())
            self.state_data[key] = value
        elif isinstance(block, gr.Dataset):
            self.examples[key] = value
        else:
            self.changed = key, value

    def __getitem__(self, key: int) -> Any:
        """Return a state's value, or the component."""
        if self.changed and self.changed[0] == key:
            value, self.changed = self.changed[1], None
            return value
        return self.examples[key] if key in self.examples else super().__getitem__(key)

    def _update_config(self, key: int) -> None:
        """Keep nothing."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Keep nothing."""


class Sessions(StateHolder):
    """The sessions of a server: those of open pages, and others until `seconds` after their last call."""

    def __init__(self, seconds: float):
        super().__init__()
        self.seconds = seconds
        self.open: Counter[str] = Counter()  # pages that hold a heartbeat
        self.used: dict[str, float] = {}
        self.states: OrderedDict[str, dict[int, Any]] = OrderedDict()  # of sessions that were given back
        self.answered: dict[str, float] = {}  # sessions with answers that nobody has fetched: since when

    def __getitem__(self, session_id: str) -> SessionState:
        """Return the session of a page; a new one, with the states that it had, where there is none."""
        with self.lock:
            session = self.session_data.get(session_id)
            if session is None:
                session = self.session_data[session_id] = LightSession(self.blocks)
                session.state_data |= self.states.pop(session_id, {})
            self.session_data.move_to_end(session_id)
            self.used[session_id] = time.monotonic()
            while len(self.session_data) > self.capacity:
                self._give_back(next((each for each in self.session_data if each not in self.open), session_id))
        return session

    def update(self, session_id: str) -> None:
        """Do nothing: `__getitem__` has done it."""

    def opened(self, session_id: str) -> None:
        """Note that a page holds a heartbeat."""
        self.open[session_id] += 1

    def closed(self, session_id: str) -> None:
        """Note that a page has let go of its heartbeat."""
        self.open[session_id] -= 1
        if self.open[session_id] <= 0:
            del self.open[session_id]
        if session_id in self.session_data:
            self.used[session_id] = time.monotonic()

    def delete_all_expired_state(self) -> None:
        """Give back what nobody needs any more. Gradio calls this once a second, in its event loop."""
        super().delete_all_expired_state()
        queue = self.blocks._queue
        working = {event.session_hash for event in list(queue.event_ids_to_events.values())}
        until = time.monotonic() - self.seconds
        with self.lock:
            for session_id in [each for each in self.session_data if self.used.get(each, 0.0) < until]:
                if session_id not in self.open and session_id not in working:
                    self._give_back(session_id)
        self._forget_answers(queue, working, until)
        self.blocks.app.iterators_to_reset &= set(queue.event_ids_to_events)  # cancelled ones are never taken out

    def _give_back(self, session_id: str) -> None:
        session = self.session_data.pop(session_id)
        self.used.pop(session_id, None)
        states = {key: value for key, value in session.state_data.items() if _is_short(value)}
        if states:
            self.states[session_id] = states
        while len(self.states) > STATES:
            self.states.popitem(last=False)

    def _forget_answers(self, queue: Any, working: set[str], until: float) -> None:
        """Forget the answers to sessions of which nothing is worked on and that nobody has asked for in a while."""
        now, waiting = time.monotonic(), queue.pending_event_ids_session
        kept = {*waiting, *queue.pending_messages_per_session}
        idle = [each for each in kept if each not in working and each not in self.open]
        self.answered = {each: self.answered.get(each, now) for each in idle}
        for session_id in [each for each, since in self.answered.items() if since < until]:
            waiting.pop(session_id, None)
            queue.pending_messages_per_session.pop(session_id, None)


class Heartbeats:
    """ASGI middleware that tells the sessions which pages are open."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; for as long as it is a heartbeat, its page is open."""
        sessions = getattr(scope.get("app"), "state_holder", None)
        if scope["type"] != "http" or not scope["path"].startswith(HEARTBEAT) or not isinstance(sessions, Sessions):
            return await self.app(scope, receive, send)
        session_id = scope["path"].removeprefix(HEARTBEAT)
        sessions.opened(session_id)
        try:
            await self.app(scope, receive, send)
        finally:
            sessions.closed(session_id)


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= SHORT
