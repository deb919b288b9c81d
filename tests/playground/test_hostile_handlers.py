"""Every handler of the page under values and events that no page of ours sends: sentences, and never a traceback.

Sent as the page itself sends them, by the handler's number, many to one stream; `test_hostile.py` has the site, and
looks after each test whether anything was printed or made.
"""

import itertools
import json
import math
import secrets
from collections.abc import Iterable, Iterator

import pytest

from tests.playground.test_hostile import RUN, Site, _calm, site  # noqa: F401 (fixtures)

VALUES = [math.nan, None, "abc", [1], {}, True, 1e308, -1, 10**400, "\ud800\x00"]
EVENTS = [None, 5, "abc", [1], {}, {"layer": math.nan, "head": "\ud800", "step": [1], "stamp": {}, "run": 5, "name": 7},
          {"layer": 10**400, "head": -1, "step": 10**400, "stamp": "\ud800", "command": {}, "follow": "\ud800"},
          {"layer": True, "head": None, "step": 1e308, "stamp": [10**400], "run": "\ud800", "name": "a" * 1_000_000},
          {"command": "\ud800", "run": {"a": 1}}, {"id": 10**400, "ids": [10**400, -1, "a", None, {}]},
          {"id": "\ud800", "ids": "\ud800"}, {"id": -1, "ids": [[0]] * 1000}]  # fmt: skip
LONG = "x" * 1_000_000
AT_ONCE = 60  # events that wait together
FORM = 20  # inputs: the handlers with more take the form of a run, whose fields `test_hostile.py` goes through


@pytest.fixture
def handlers(site) -> list[dict]:  # noqa: F811
    config = site.client.get("/config").json()
    parts = {part["id"]: part["props"] for part in config["components"]}
    found = [one for one in config["dependencies"] if one["backend_fn"] and one["api_name"] != "delete_run"]
    for one in found:
        one["values"] = [_usual(parts[number]) for number in one["inputs"]]
    return found


def _usual(props: dict) -> object:
    return RUN if props.get("elem_id") == "run-picker" else props.get("value")


def answers(site: Site, calls: Iterable[dict]) -> Iterator[tuple[dict, dict]]:  # noqa: F811
    """Send calls to the queue, and give each with the output that it ended in; a stream that breaks fails."""
    waiting = iter(calls)
    while True:
        session, sent = secrets.token_hex(8), {}
        some = list(itertools.islice(waiting, AT_ONCE))
        if not some:
            return
        for call in some:
            answer = site.post("/gradio_api/queue/join", {**call, "session_hash": session})
            if answer.status_code == 200:
                sent[answer.json()["event_id"]] = call
            else:
                assert 400 <= answer.status_code < 500, f"{call} {answer.text:.200}"
                yield call, {"success": False, "output": answer.json()}  # the guard's sentence
        if not sent:
            continue
        with site.client.stream("GET", f"/gradio_api/queue/data?session_hash={session}") as stream:
            for line in stream.iter_lines():
                message = json.loads(line[6:]) if line.startswith("data: ") else {}
                if message.get("msg") == "process_completed":
                    yield sent.pop(message["event_id"]), message
                if message.get("msg") == "close_stream":
                    break
        assert not sent, f"never answered: {[str(call)[:200] for call in sent.values()]}"


def hold(site: Site, handlers: list[dict], calls: Iterable[dict]) -> int:  # noqa: F811
    """Check that each call is answered, or refused in one sentence; return how many were refused."""
    names, count, wrong = {one["id"]: one["api_name"] for one in handlers}, 0, []
    for call, ended in answers(site, calls):
        if not ended["success"]:
            said = ended["output"].get("error")
            if not said or "went wrong" in said or "\n" in said or len(said) > 500:
                wrong.append(f"{names[call['fn_index']]} {str(call)[:200]}: {said}")
            count += 1
    assert not wrong, "\n".join(wrong)
    return count


def test_every_handler_bears_one_strange_value_in_all_its_inputs_and_an_event_that_tells_nothing(site, handlers):  # noqa: F811
    assert len(handlers) > 60
    odd = ({"fn_index": one["id"], "data": [value] * len(one["values"])} for one in handlers for value in VALUES)
    usual = ({"fn_index": one["id"], "data": one["values"]} for one in handlers)
    assert hold(site, handlers, itertools.chain(usual, odd)) > 100


def test_no_single_input_of_header_and_views_breaks_a_handler(site, handlers):  # noqa: F811
    values = itertools.cycle(VALUES)  # a few for each input, and each of them many times

    def calls() -> Iterator[dict]:
        for one in handlers:
            for place in range(len(one["values"]) if len(one["values"]) < FORM else 0):
                for value in itertools.islice(values, 3):
                    data = [*one["values"][:place], value, *one["values"][place + 1 :]]
                    yield {"fn_index": one["id"], "data": data}

    assert hold(site, handlers, calls()) > 100


def test_an_event_may_tell_anything(site, handlers):  # noqa: F811
    names = ("command", "rename_run", "choose_head", "explain", "read_layers", "find_neighbours", "accept", "name")
    heard = [one for one in handlers if one["api_name"] in names]
    assert len(heard) >= 7
    calls = ({"fn_index": one["id"], "data": one["values"], "event_data": event} for one in heard for event in EVENTS)
    assert hold(site, handlers, calls) > 10


def test_a_text_without_end_is_refused_or_cut_wherever_it_comes(site, handlers):  # noqa: F811
    calls = ({"fn_index": one["id"], "data": [_long(value) for value in one["values"]]}
             for one in handlers if len(one["values"]) < FORM)  # fmt: skip
    assert hold(site, handlers, calls) > 10


def _long(value: object) -> object:
    return LONG if isinstance(value, str) and value not in (RUN, "en", "run", "latest") else value
