"""Who may do what: pure rules, every handler of the page, and strangers over HTTP (in full: `benchmarks/probes.py`)."""

import inspect
import json
import math
import random
import re
import secrets
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest
from gradio.helpers import special_args
from starlette.applications import Starlette
from starlette.testclient import TestClient

from benchmarks.probes import MACHINES, Class, make_runs, probe
from core.runs.config import Status, owner_of
from core.runs.cost import SPEED_FILE, Speed, bytes_needed, disk_needed, shape_key
from core.runs.directory import RunDir
from core.runs.listing import list_runs
from core.runs.store import RunStore
from playground.build import build_app, downloads
from playground.page import PageContext
from playground.server import run_list
from playground.server.profiles import CLASSROOM, LAPTOP, PUBLIC
from playground.server.rights import MINUTE, TRIES, TRIES_OF_ALL, Person, Rights
from playground.server.settings import Settings, read_settings
from playground.words.refusals import refused
from tests.served import free_port
from tests.tiny_runs import TEXT, asking, refusal, tiny_plan

ME, YOU = "a" * 32, "b" * 32
KEY = "a key for the teacher"
TRANSPORT = Path(inspect.getfile(build_app)).parent / "train" / "transport.js"


def test_an_owner_changes_their_own_runs_and_the_host_all_of_them():
    me = Person(owner_of(ME))
    assert me.may_see(owner_of(ME)) and me.may_change(owner_of(ME))
    assert me.may_see(None) and not me.may_change(None)
    assert not me.may_see(owner_of(YOU)) and not me.may_change(owner_of(YOU))
    assert not Person().may_change(None) and not Person().may_see(owner_of(ME))
    host = Person(owner_of(ME), is_host=True)
    assert all(may(owner) for may in (host.may_see, host.may_change) for owner in (None, owner_of(YOU)))


def test_on_a_laptop_everybody_is_the_host_and_elsewhere_nobody_without_a_key():
    assert Rights(LAPTOP).person(None).is_host and not Rights(LAPTOP, KEY).has_key
    for profile in (CLASSROOM, PUBLIC):
        rights = Rights(profile)
        for key in (KEY, "", None, "None"):
            assert "not the teacher's key" in refusal(rights.become_host, Person(owner_of(ME)), key)
        assert not rights.has_key


def test_the_key_makes_the_host_and_only_a_few_wrong_ones_are_looked_at():
    now = [0.0]
    rights = Rights(CLASSROOM, KEY, lambda: now[0])
    me, you = rights.person(owner_of(ME)), rights.person(owner_of(YOU))
    assert rights.become_host(me, KEY).is_host and not rights.person(you.owner).is_host
    for wrong in (KEY + "x", "", None, ["x"], "x" * 10_000)[: TRIES - 1]:  # the right one counts, too
        assert "not the teacher's key" in refusal(rights.become_host, you, wrong)
    assert "Too many wrong keys" in refusal(rights.become_host, you, KEY)  # or trying would tell
    assert rights.become_host(rights.person(me.owner), "").is_host  # nobody locks the teacher out
    now[0] += MINUTE
    assert rights.become_host(you, KEY).is_host
    assert not rights.leave(rights.person(you.owner)).is_host and rights.person(me.owner).is_host
    assert "not the teacher's key" in refusal(rights.become_host, Person(), KEY)  # who has no name


def test_wrong_keys_lock_out_their_address_alone_and_of_many_addresses_few_are_looked_at():
    rights = Rights(CLASSROOM, KEY, lambda: 0.0)
    me, you = rights.person(owner_of(ME)), rights.person(owner_of(YOU))
    for number in range(TRIES_OF_ALL - 1):
        assert "not the teacher's key" in refusal(rights.become_host, you, "x", f"10.0.0.{number // TRIES}")
    assert "Too many wrong keys" in refusal(rights.become_host, you, KEY, "10.0.0.0")
    assert rights.become_host(me, KEY, "10.0.1.1").is_host
    assert "Too many wrong keys" in refusal(rights.become_host, you, KEY, "10.0.1.2")


def test_no_number_of_wrong_keys_keeps_the_teacher_from_typing_one_that_the_server_made():
    rights = Rights(CLASSROOM, "0" * 32, lambda: 0.0, is_made=True)
    for _ in range(TRIES_OF_ALL * 2):
        assert "not the teacher's key" in refusal(rights.become_host, rights.person(owner_of(YOU)), "x")
    assert rights.become_host(rights.person(owner_of(ME)), "0" * 32).is_host


def test_the_key_is_read_from_a_file_or_the_environment_or_made_for_a_class(tmp_path, capsys):
    (tmp_path / "key").write_text(KEY + "\n")
    given = read_settings(["--profile", "classroom", "--teacher-key-file", str(tmp_path / "key")], {})
    assert (given.teacher_key, given.key_is_made) == (KEY, False) and KEY not in repr(given)
    assert read_settings(["--profile", "public"], {"GPT_PLAYGROUND_TEACHER_KEY": KEY}).teacher_key == KEY
    made = [read_settings(["--profile", "classroom"], {}) for _ in range(2)]
    assert all(re.fullmatch("[0-9a-f]{32}", each.teacher_key) and each.key_is_made for each in made)
    assert made[0].teacher_key != made[1].teacher_key
    assert read_settings(["--profile", "public"], {}).teacher_key is None
    (tmp_path / "key").write_text("short\n")
    for file in ("key", "nowhere"):
        with pytest.raises(SystemExit):
            read_settings(["--teacher-key-file", str(tmp_path / file)], {})
        assert "key" in capsys.readouterr().err


def test_a_token_of_an_earlier_version_is_hashed_and_not_written_again(tmp_path):
    run = tiny_plan().create(tmp_path)
    plain = json.loads((run.path / "run.json").read_text()) | {"owner": ME}
    (run.path / "run.json").write_text(json.dumps(plain))
    assert run.config().owner == owner_of(ME) != ME
    RunStore(tmp_path, workers=1).recover()
    assert ME not in (run.path / "run.json").read_text() and run.config().owner == owner_of(ME)


# -- every handler of the page ----------------------------------------------------------------------------------------


class Sent:
    """A worker that only notes what it is told."""

    def __init__(self):
        self.commands, self.sent = {}, []

    def held(self):
        return 0

    def check_room(self):
        pass

    def warm_up(self):
        pass

    def send(self, *command):
        self.sent.append(command)


@pytest.fixture
def page(tmp_path):
    """A class page with a run of mine, one of yours and one of nobody; its worker only listens."""
    store = RunStore(tmp_path, workers=1)
    store.processes = [Sent()]
    app = build_app(store, Settings(runs=tmp_path, profile=CLASSROOM, welcome=False, teacher_key=KEY))
    for name, token in (("mine", ME), ("yours", YOU), ("nobodys", None)):
        tiny_plan(owner=owner_of(token)).create(tmp_path, name).write_status(Status("paused", 3))
    return app


def commands() -> list[str]:
    found = re.search(r"LEADS_TO = \{(.*?)\};", TRANSPORT.read_text(), re.DOTALL)[1]
    return re.findall(r"(\w+): '", found)


def is_picker(widget) -> bool:
    return getattr(widget, "elem_id", None) == "run-picker"


def handlers(app) -> list:
    """Return every handler that is told a run: what is in view, or what an event names."""
    return [each for each in app.fns.values() if each.fn and any(map(is_picker, each.inputs))]


def call(app, each, run: str, person: Person, **told) -> object:
    """Call a handler as Gradio does; return what it answers, or the sentence by which it refuses."""
    values = {"run-picker": run, "identity": person, "language": "en"}
    given = [values.get(widget.elem_id, getattr(widget, "value", None)) for widget in each.inputs]
    event, request = gr.EventData(None, {"run": run, **told}), gr.Request(session_hash="s")
    given = special_args(each.fn, given, request=request, event_data=event)[0]
    try:
        answer = each.fn(*given)
        return list(answer) if inspect.isgenerator(answer) else answer
    except (gr.Error, ValueError) as error:
        return str(getattr(error, "message", error))


def state(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*.json*")}


def test_no_handler_of_the_page_changes_a_run_for_a_stranger(page):
    root, (worker,) = page.store.root, page.store.processes
    page.runs.all()  # gives the numbers
    before, asked = state(root), handlers(page)
    assert {"command", "delete_run", "rename_run", "show"} <= {each.fn.__name__ for each in asked}
    assert len(commands()) == 7
    for each in asked:
        for run in ("yours", "nobodys"):
            for command in (*commands(), "anything"):
                for person in (Person(owner_of(ME)), Person()):
                    call(page, each, run, person, command=command, name="stolen", key="x")
    assert state(root) == before and worker.sent == []


def test_what_a_stranger_may_not_change_is_as_a_run_that_there_is_not(page):
    me = Person(owner_of(ME))
    for each in handlers(page):
        if each.fn.__name__ in ("command", "rename_run", "delete_run"):
            for command in commands():
                told = [call(page, each, run, me, command=command, name="x") for run in ("yours", "nobodys", "missing")]
                assert told == [f"There is no run called {run!r}; choose one from the list"
                                for run in ("yours", "nobodys", "missing")], each.fn.__name__  # fmt: skip


@pytest.mark.parametrize("run", ["mine", "yours", "nobodys"])
def test_an_owner_and_the_host_can_do_what_a_stranger_cannot(page, run):
    host = page.rights.become_host(Person(owner_of("c" * 32)), KEY)
    people = [host, Person(owner_of(ME))] if run == "mine" else [host]
    by_name = {each.fn.__name__: each for each in handlers(page)}
    for person in people:
        call(page, by_name["rename_run"], run, person, name=f"named by {person.owner[:4]}")
        assert person.owner[:4] in (page.store.root / run / "name.json").read_text()
        call(page, by_name["command"], run, person, command="play")
    assert page.store.processes[0].sent[0][:2] == ("train", run)
    new = call(page, by_name["command"], run, host, command="new_seed")[1]
    assert RunDir(page.store.root / new).config().owner == RunDir(page.store.root / run).config().owner
    call(page, by_name["delete_run"], "mine", Person(owner_of(ME)))


def test_an_own_text_is_shown_to_its_owner_and_the_host_alone(page):
    run = RunDir(page.store.root / "yours")
    beginning = run.text()[:30]
    for each in page.fns.values():
        if getattr(each.fn, "__qualname__", "") != "Header.open":
            continue
        request = asking(run="yours")
        for person, sees in ((Person(owner_of(ME)), False), (Person(), False), (Person(owner_of(YOU)), True),
                             (Person(None, is_host=True), True)):  # fmt: skip
            told = json.dumps(each.fn({}, person, request), default=str)
            assert '"yours"' in told and (json.dumps(beginning)[1:-1] in told) == sees, person


# -- limits -----------------------------------------------------------------------------------------------------------


def test_one_person_may_keep_and_train_only_so_many_runs(tmp_path):
    page = PageContext(RunStore(tmp_path, workers=1), Settings(profile=PUBLIC))
    me, plan = Person(owner_of(ME)), tiny_plan(owner=owner_of(ME))

    def started(person: Person = me, instead_of=None) -> str:
        with page.limits.new_run(person, plan.config, instead_of):
            return "taken"

    runs = [plan.create(tmp_path) for _ in range(PUBLIC.active_runs)]
    assert "You are training 2 runs" in refusal(started) and started(instead_of=runs[0]) == "taken"
    runs[0].write_status(Status("paused", 1))
    assert started() == "taken"
    for run in (*runs, *(plan.create(tmp_path) for _ in range(PUBLIC.kept_runs - 2))):
        run.write_status(Status("done", 100))
    assert "You have 12 runs" in refusal(started) and "delete one" in refusal(started)
    assert started(Person(owner_of(ME), is_host=True)) == "taken"
    with page.limits.more_steps(me, runs[0]):
        pass
    nobodys = tiny_plan().config
    assert "reload the page" in refusal(lambda: page.limits.new_run(Person(), nobodys).__enter__())


def test_a_step_that_takes_seconds_is_refused_where_several_people_share_the_machine(tmp_path):
    page = PageContext(RunStore(tmp_path, workers=1), Settings(profile=CLASSROOM))
    me, config = Person(owner_of(ME)), tiny_plan(owner=owner_of(ME)).config

    def started(person: Person = me, page: PageContext = page) -> None:
        with page.limits.new_run(person, config):
            pass

    assert refusal(started) == "not refused"  # the machine is not measured yet
    Speed(per_layer=2.0, flops_per_second=1e12).save(tmp_path / SPEED_FILE)
    assert "would take about 4.0 s on this machine, more than the 2 s" in refusal(started)
    assert "4,0 giây" in refused(refusal(started), "vi")
    assert refusal(started, Person(owner_of(ME), is_host=True)) == "not refused"
    assert refusal(started, me, PageContext(RunStore(tmp_path, workers=1), Settings())) == "not refused"
    learned = {shape_key(config.model, config.train): [0.5, 1.0]}  # runs of this shape were quicker
    Speed(per_layer=2.0, flops_per_second=1e12, learned=learned).save(tmp_path / SPEED_FILE)
    assert refusal(started) == "not refused"


def test_one_person_takes_only_so_much_of_disk_and_memory(tmp_path, monkeypatch):
    config = tiny_plan(owner=owner_of(ME)).config
    disk, memory = disk_needed(config.model, config.train), bytes_needed(config.model, config.train.batch_size)
    profile = replace(PUBLIC, active_runs=None, kept_bytes=int(2.5 * disk), memory_share=1.0)
    page = PageContext(RunStore(tmp_path, workers=1), Settings(profile=profile))
    monkeypatch.setattr(page.store, "most_memory", lambda: int(1.5 * memory))
    me, runs = Person(owner_of(ME)), [RunDir.create(tmp_path, config, TEXT)]

    def started(person: Person = me) -> None:
        with page.limits.new_run(person, config):
            pass

    assert "GB of memory and your other active runs" in refusal(started)
    runs[0].write_status(Status("paused", 1))
    assert refusal(started) == "not refused"
    runs.append(RunDir.create(tmp_path, config, TEXT))
    assert "GB of the disk and your other runs" in refusal(started)
    assert refusal(started, Person(owner_of(ME), is_host=True)) == "not refused"
    with pytest.raises(ValueError, match="GB of memory"), page.limits.more_steps(me, runs[0]):
        pass


def test_a_run_goes_on_only_where_there_is_a_place_for_it(tmp_path, monkeypatch):
    monkeypatch.setattr(run_list, "SLOW", math.inf)  # on a busy machine a look would hold for a second
    page = PageContext(RunStore(tmp_path, workers=1), Settings(profile=PUBLIC))
    others = [tiny_plan(owner=owner_of(f"{i:032d}")).create(tmp_path) for i in range(PUBLIC.all_active_runs)]
    mine = tiny_plan(owner=owner_of(ME)).create(tmp_path)
    mine.write_status(Status("paused", 1))

    def go_on(run) -> None:
        with page.limits.more_steps(Person(owner_of(ME)), run):
            pass

    assert "100 runs are training here" in refusal(go_on, mine)
    assert refusal(go_on, others[0]) == "not refused"  # it has its place
    others[0].write_status(Status("done", 100))
    assert refusal(go_on, mine) == "not refused"


# -- what a folder from elsewhere may hold ----------------------------------------------------------------------------


def test_nothing_that_leads_out_of_a_run_is_served_or_read(tmp_path):
    from playground.server.routes import Routes

    secret, root = tmp_path / "secret", tmp_path / "runs"
    root.mkdir()
    secret.write_text("root:x:0:0")
    runs = make_runs(root, (ME, YOU))
    run = RunDir(root / runs[0])
    client = TestClient(Starlette(routes=Routes(RunStore(root, workers=1), downloads()).list()))
    for path in [*run.path.glob("snapshots/*/model.safetensors"), run.path / "corpus.txt", run.path / "metrics.jsonl"]:
        path.unlink()
        path.symlink_to(secret)
    for name in downloads():
        assert b"root:x" not in client.get(f"/playground/run/{run.id}/{name}").content, name
    assert client.get(f"/playground/run/{run.id}/model.safetensors").status_code == 404
    assert run.rows("metrics") == ([], 0) and "corpus.txt cannot be read" in refusal(run.text)
    with pytest.raises(OSError):
        run.append("metrics", [{"step": 1}])
    assert secret.read_text() == "root:x:0:0"
    (root / "linked").symlink_to(root / runs[1])
    assert "There is no run" in refusal(RunDir.open, root, "linked")
    assert "linked" not in {each.id for each in list_runs(root)[0]}


# -- strangers over HTTP ----------------------------------------------------------------------------------------------


def test_some_hundred_probes_over_http_hit_nothing_and_find_no_secret(tmp_path, capfd):
    root, tokens, key = tmp_path / "runs", (secrets.token_hex(16), secrets.token_hex(16)), secrets.token_hex(16)
    root.mkdir()
    runs = make_runs(root, tokens)
    settings = Settings(
        runs=root, profile=CLASSROOM, host="127.0.0.1", port=free_port(), welcome=False, teacher_key=key
    )
    app = build_app(RunStore(root, workers=1), settings)
    address = app.launch(prevent_thread_lock=True)[1]
    try:
        page = Class(address, root, key, tokens, runs)
        probe(page, 300, random.Random(1))
        assert page.call("become_host", runs[0], tokens[1], {"key": key})[0] == 200
        assert app.rights.person(owner_of(tokens[1])).is_host
        for number in range(MACHINES):  # whichever of them has just become the host
            path = f"/gradio_api/deep_link?session_hash={tokens[1][:8]}{number}"
            assert page.get(path).status_code < 500
        page.search("the log", "".join(capfd.readouterr()).encode())
    finally:
        app.close()
    assert (page.hits, page.found) == ([], [])
