"""The list of runs that a viewer may see: live, told apart, and cheap."""

import math
import os
import shutil

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.runs.config import Status, owner_of
from core.runs.directory import RunDir
from core.runs.naming import rename
from core.runs.plan import plan_run
from core.runs.store import RunStore
from core.text.corpora import Corpus
from playground.server import run_list
from playground.server.profiles import CLASSROOM
from playground.server.rights import HOST, Rights
from playground.server.routes import Routes
from playground.server.run_list import RunList
from tests.tiny_runs import MODEL, TEXT, TRAIN, tiny_plan


@pytest.fixture
def store(tmp_path, monkeypatch) -> RunStore:
    monkeypatch.setattr(run_list, "SLOW", math.inf)  # on a busy machine a look would hold for a second
    return RunStore(tmp_path, workers=1)


def test_an_entry_tells_the_run_as_it_is_now(store):
    runs, run = RunList(store), tiny_plan(20, seed=7).create(store.root)
    (entry,) = runs.entries(HOST, "en")
    assert (entry["number"], entry["state"], entry["val_loss"], entry["seed"]) == (1, "queued", None, 7)
    assert "0 times 0 is 0." in entry["name"]  # the first words of its text
    run.append("metrics", [{"step": 10, "val_loss": 2.5}, {"step": 11, "loss": 2.0}])
    run.write_status(Status("running", 11, pid=os.getpid()))
    rename(run, "<i>mine")
    (entry,) = runs.entries(HOST, "vi")
    assert (entry["val_loss"], entry["state_words"], entry["step"]) == ("2,500", "đang huấn luyện", 11)
    assert (entry["name"], entry["curve"]) == ("<i>mine", "1 · <i>mine")
    run.append("metrics", [{"step": 20, "val_loss": 1.25}])
    assert runs.entries(HOST, "en")[0]["val_loss"] == "1.250"


def test_a_run_that_did_not_change_is_not_read_again(store, monkeypatch):
    runs = RunList(store)
    tiny_plan().create(store.root)
    first = runs.entries(HOST, "en")
    for read in ("config", "status", "rows"):
        monkeypatch.setattr(RunDir, read, lambda *_: pytest.fail("read again"))
    again = runs.entries(HOST, "en")
    assert [{**entry, "age": 0} for entry in again] == [{**entry, "age": 0} for entry in first]


def test_each_sees_its_own_runs_and_those_of_nobody_where_the_page_is_shared(store):
    runs = [tiny_plan(owner=owner_of(token)).create(store.root) for token in ("a" * 32, "b" * 32, None)]
    routes = Routes(store, {}, RunList(store, shared=True), Rights(CLASSROOM))
    client = TestClient(Starlette(routes=routes.list()))

    def seen(**headers) -> list[int]:
        return [run["number"] for run in client.get("/playground/runs", headers=headers).json()["runs"]]

    assert seen(**{"x-playground-owner": "a" * 32}) == [3, 1]
    assert seen() == seen(**{"x-playground-owner": ""}) == [3]
    assert seen(**{"x-playground-owner": owner_of("a" * 32)}) == [3]  # what the server keeps opens nothing
    linked = client.get(f"/playground/runs?view={runs[1].id}").json()["runs"]
    assert [(run["number"], run["whose"], run["may_change"]) for run in linked] == [
        (3, "all", False),
        (2, "other", False),
    ]
    answer = client.get("/playground/runs?lang=vi").json()
    assert "runs" not in client.get(f"/playground/runs?lang=vi&key={answer['key']}").json()


def test_texts_are_told_apart_by_a_number_and_by_their_first_words(store):
    """Own texts that begin alike are numbered; what is the same text has one name whatever is trained on it."""
    texts = {"a": TEXT, "b": TEXT + " And more.", "c": TEXT, "d": TEXT.replace("times", "mal")}
    for name, text in texts.items():
        train = {**TRAIN, "seed": 5 if name == "c" else 1337}
        plan_run(Corpus("own", text), {"preset": "mine"}, MODEL, train, memory=10**9).create(store.root, name)
    told = {run["id"]: run for run in RunList(store).entries(HOST, "en")}
    assert told["a"]["text"] == told["c"]["text"]
    assert len({told[name]["text"] for name in "abd"}) == len({told[name]["text_name"] for name in "abd"}) == 3
    assert told["a"]["text_name"] == told["c"]["text_name"] == "“0 times 0 is 0. 0 times 1 is 0. 0 times…”"
    assert told["b"]["text_name"] == told["a"]["text_name"] + " (2)" and "0 mal 0" in told["d"]["text_name"]
    assert {run["tokenizer"] for run in told.values()} == {"char"}
    shutil.rmtree(store.root / "d")
    assert [run["id"] for run in RunList(store).entries(HOST, "vi")] == ["c", "b", "a"]


def test_a_run_that_cannot_be_read_is_told_with_its_reason_to_the_host_alone(store):
    run, broken, vague = (tiny_plan(owner=owner_of("a" * 32)).create(store.root, name) for name in ("a", "b", "c"))
    (broken.path / "run.json").write_text("{}")
    (vague.path / "status.json").write_text("")

    def told(rights: Rights, lang: str = "en") -> tuple[list[str], list[str]]:
        client = TestClient(Starlette(routes=Routes(store, {}, RunList(store), rights).list()))
        answer = client.get(f"/playground/runs?lang={lang}", headers={"x-playground-owner": "a" * 32}).json()
        return [each["id"] for each in answer["runs"]], answer["problems"]

    runs, problems = told(Rights())
    assert runs == [run.id] and problems == [
        "The run in 'b' is damaged and left out: run.json does not describe a run ('architecture' is missing or odd)",
        "The run in 'c' is damaged and left out: status.json cannot be read (JSONDecodeError)",
    ]
    assert told(Rights(CLASSROOM)) == ([run.id], [])
    assert all("bị hỏng nên bị bỏ qua: " in each and "damaged" not in each for each in told(Rights(), "vi")[1])
    runs = RunList(store)
    runs.all()
    assert len(runs.problems(HOST)) == 2
    for each in (broken, vague):
        shutil.rmtree(each.path)
    runs.all()
    assert runs.problems(HOST) == []
