"""The launched page under raw HTTP that no browser would send: sentences, no tracebacks, nothing half made.

The store's workers are not started, so a request to train that passes every check ends in the sentence that says so.
Gradio's own answer that is let be: 422 for a body of the wrong shape.
"""

import itertools
import json
import math
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from core.runs.store import RunStore
from core.runs.training_run import train_run
from playground.build import build_app
from playground.server.profiles import LAPTOP
from playground.server.settings import Settings
from tests.served import free_port
from tests.tiny_runs import TEXT, tiny_plan

PASSED = "The training processes have not started yet"
NUMBERS = [math.inf, None, "\ud800\x00", [1], {"a": 1}, 10**30, -1, 2.5, True]
RUN = "tiny"


class Site:
    """The page, and how to call it as a script does."""

    def __init__(self, url: str, root: Path):
        self.root, self.url = root, url
        self.client = httpx.Client(base_url=url, timeout=60)
        config = self.client.get("/config").json()
        parts = {part["id"]: part for part in config["components"]}
        self.handlers = {one["api_name"]: one for one in config["dependencies"]}
        self.names, self.defaults = {}, {}
        for name in ("train", "generate"):
            inputs = [parts[number] for number in self.handlers[name]["inputs"]]
            names = [part["props"].get("elem_id") or part["props"].get("label") or "" for part in inputs]
            self.names[name] = [each.removeprefix("field-") for each in names]
            self.defaults[name] = [part["props"].get("value") for part in inputs]

    def values(self, name: str, **changed) -> list:
        """Return what the untouched page would send, with some values changed (named by elem_id or label)."""
        small = {"corpus": "own", "own-text": TEXT, "block_size": 8, "n_embd": 8, "n_layer": 1, "n_head": 2}
        given = {**(small if name == "train" else {"run-picker": RUN, "length": 3}), **changed}
        values = [given.pop(key, value) for key, value in zip(self.names[name], self.defaults[name], strict=True)]
        assert not given, f"no such input: {given.keys()}"
        return values

    def call(self, name: str, data: list) -> tuple[str, object]:
        """Call as the API's users do; return the last event and its data."""
        answer = self.post(f"/gradio_api/call/{name}", {"data": data})
        assert answer.status_code == 200, answer.text
        heard = self.client.get(f"/gradio_api/call/{name}/{answer.json()['event_id']}").text
        event, told = heard.strip().rpartition("event: ")[2].split("\n", 1)
        return event, json.loads(told.removeprefix("data: "))

    def post(self, path: str, content: object, **headers: str) -> httpx.Response:
        """Send anything as JSON, even what is none."""
        raw = content if isinstance(content, bytes) else json.dumps(content).replace("Infinity", "1e999").encode()
        return self.client.post(path, content=raw, headers={"content-type": "application/json", **headers})

    def sentence(self, name: str, **changed) -> str:
        """Return the sentence by which a call is refused."""
        event, told = self.call(name, self.values(name, **changed))
        assert event == "error" and told["error"], told
        assert "went wrong" not in told["error"] and "\n" not in told["error"] and len(told["error"]) < 500
        return told["error"]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("runs")
    store = RunStore(root, workers=1)
    for _ in train_run(tiny_plan(5).create(root, RUN)):
        pass
    settings = Settings(runs=root, port=free_port(), welcome=False)
    app = build_app(store, settings)
    site = Site(app.launch(prevent_thread_lock=True)[1], root)
    yield site
    site.client.close()
    app.close()


@pytest.fixture(autouse=True)
def _calm(site, capfd) -> Iterator[None]:
    """Whatever is sent: no traceback, no half-made run, and the page still answers."""
    yield
    assert [path.name for path in site.root.iterdir() if path.is_dir()] == [RUN]  # beside the numbers of runs
    assert site.client.get("/").status_code == 200
    assert site.client.get(f"/playground/feed/{RUN}").json()["state"] == "done"
    assert "Traceback" not in capfd.readouterr().err


def test_what_the_untouched_page_sends_passes(site):
    assert site.sentence("train").startswith(PASSED)
    event, told = site.call("generate", site.values("generate"))
    assert event == "complete" and told[0]["state"] == "done" and told[0]["tokens"].count("\n") == 3


NUMERIC = {
    "train": ("block_size", "n_layer", "n_head", "n_embd", "dropout", "steps", "batch_size", "learning_rate",
              "warmup_steps", "min_learning_rate", "weight_decay", "beta1", "beta2", "grad_clip", "eval_interval",
              "eval_tokens", "seed", "sample_tokens"),
    "generate": ("length", "temperature", "top-k", "sample-seed"),
}  # fmt: skip
POSSIBLE = {"learning_rate": [2.5], "weight_decay": [2.5], "grad_clip": [2.5], "temperature": [2.5],
            "sample-seed": [None], "top-k": [None]}  # fmt: skip


@pytest.mark.parametrize("name", NUMERIC)
def test_no_number_field_takes_what_is_not_possible(site, name):
    for field, value in itertools.product(NUMERIC[name], NUMBERS):
        if any(value is possible or value == possible for possible in POSSIBLE.get(field, [])):
            continue
        said = site.sentence(name, **{field: value})
        assert not said.startswith(PASSED) and (";" in said or "must be" in said), f"{field}={value!r}: {said}"


CHOICES = {
    "train": ("corpus", "tokenizer", "architecture", "activation", "schedule", "device", "qkv_bias", "bias",
              "tie_weights", "lm_head_bias"),
    "generate": ("run-picker",),
}  # fmt: skip


@pytest.mark.parametrize("name", CHOICES)
def test_no_choice_takes_what_is_not_offered(site, name):
    values = ("nothing", "\ud800\x00", "../../etc/passwd", 7, ["gpt"], {"a": 1})
    for field, value in itertools.product(CHOICES[name], values):
        assert not site.sentence(name, **{field: value}).startswith(PASSED), f"{field}={value!r}"


def test_a_step_is_a_whole_number_and_one_without_a_snapshot_gets_the_nearest(site):
    for value in ("nothing", 7, [5], {"at": 5}, {"at": {RUN: "\ud800"}}, {"beside": [5]},
                  *({"at": {RUN: number}} for number in NUMBERS if number is not None)):  # fmt: skip
        assert "A step is a whole number" in site.sentence("generate", **{"step-slider": value}), repr(value)
    for value in (None, {}, {"at": None}, {"at": {"other": "x"}}, {"a": 1}, {"at": {RUN: None}}):
        assert site.call("generate", site.values("generate", **{"step-slider": value}))[0] == "complete", repr(value)
    event, told = site.call("generate", site.values("generate", **{"step-slider": {"at": {RUN: 10**8}}}))
    assert event == "complete" and "shown is the nearest one, of step 5" in told[0]["note"]


def test_an_unknown_preset_or_language_is_no_matter(site):
    for value in ("nothing", None, 5, ["small"], {"a": 1}, "\ud800"):
        assert site.sentence("train", preset=value, language=value).startswith(PASSED), repr(value)


def test_a_text_that_is_none_is_refused(site):
    for value in (5, True, ["a"], {"a": 1}, 1e300):
        assert "must be a text" in site.sentence("train", **{"own-text": value}), repr(value)
        assert "must be a text" in site.sentence("generate", prompt=value), repr(value)
        assert "prompt=" in site.sentence("train", prompt=value), repr(value)


def test_half_characters_and_nul_are_replaced(site):
    assert site.sentence("train", **{"own-text": TEXT + "\ud800\x00" * 5}).startswith(PASSED)
    event, told = site.call("generate", site.values("generate", prompt="1\ud800\x002"))
    assert event == "complete" and "U+FFFD" in told[0]["note"]
    assert "U+FFFD" in site.sentence("train", prompt="\ud800\x00")


USELESS = {"is empty": "", "is blank": " \n" * 900, "nothing to learn": "a" * 900, "needs at least": "ab",
           "over the limit of 5,000,000": "a" * 6_000_000,
           "different characters": "".join(map(chr, range(9000)))}  # fmt: skip


def test_a_text_that_cannot_be_learnt_from_is_refused(site):
    for said, text in USELESS.items():
        assert said in site.sentence("train", **{"own-text": text})


def test_a_prompt_has_a_limit(site):
    event, told = site.call("generate", site.values("generate", prompt="1" * 10_001))
    assert event == "complete" and "the last 10,000 are used" in told[0]["note"]
    event, told = site.call("generate", site.values("generate", prompt="1" * 1_000_000))  # much more than a short body
    assert event == "complete" and "the last 10,000 are used" in told[0]["note"]
    assert "has 1,000,001 characters, more than" in site.sentence("generate", prompt="1" * 1_000_001)


def test_a_model_that_fits_no_machine_is_refused_before_it_is_built(site):
    most = {"block_size": 1024, "n_layer": 24, "n_embd": 768, "batch_size": 1024, "own-text": TEXT * 4}
    said = site.sentence("train", **most)
    assert "GB" in said and "each of these alone would fit" in said


def test_what_only_the_page_itself_calls_bears_anything_too(site):
    names = ("choose_corpus", "count_parameters", "open", "show", "speak")
    for name, value in itertools.product(names, NUMBERS[:6]):
        event, told = site.call(name, [value] * len(site.handlers[name]["inputs"]))
        assert event == "complete" or told["error"], f"{name}({value!r})"


@pytest.mark.parametrize("name", ["train", "generate"])
def test_too_few_values_are_refused_and_too_many(site, name):
    values = site.values(name)
    answer = site.post(f"/gradio_api/call/{name}", {"data": values[:-2]})
    assert answer.status_code == 400 and f"takes {len(values)} values" in answer.json()["error"]
    assert site.post(f"/gradio_api/call/{name}", {"data": [*values, 1]}).status_code == 400


def test_a_body_of_the_wrong_shape_is_refused(site):
    for body in (b"", b"{", b"[1]", b"null", b'{"data": 5}', b'{"data": {"a": 1}}', b"\xff", b'"x"'):
        assert site.post("/gradio_api/call/train", body).status_code in (400, 422), body


def test_brackets_without_end_are_refused(site):
    for body in (b"[" * 100_000, b'{"data": [' + b"[" * 50_000 + b"]" * 50_000 + b"]}"):
        assert site.post("/gradio_api/call/train", body).status_code == 400


def test_a_call_that_does_not_exist_is_not_found(site):
    for path in ("call/nothing", "call/js_fn", "run/nothing", "api/nothing", "call/v2/nothing"):
        assert site.post(f"/gradio_api/{path}", {"data": []}).status_code == 404, path


def test_the_queue_cannot_be_passed_by(site):
    for path in ("run/train", "api/generate", "run/generate/"):
        name = path.split("/")[1]
        assert site.post(f"/gradio_api/{path}", {"data": site.values(name)}).status_code == 404, path


def test_the_queue_refuses_as_the_calls_do(site):
    number = site.handlers["generate"]["id"]
    for index in (9999, -1, None, "35", [35], True):
        asked = {"data": [], "fn_index": index, "session_hash": "s"}
        assert 400 <= site.post("/gradio_api/queue/join", asked).status_code < 500
    asked = {"data": site.values("generate", temperature=math.inf), "fn_index": number, "session_hash": "joined"}
    assert site.post("/gradio_api/queue/join", asked).status_code == 200
    with site.client.stream("GET", "/gradio_api/queue/data?session_hash=joined") as stream:
        told = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    ended = next(message for message in told if message["msg"] == "process_completed")
    assert not ended["success"] and ended["output"]["error"].startswith("temperature=1.797")


def test_another_website_is_refused(site):
    paths = ("/gradio_api/call/train", "/gradio_api/queue/join", "/gradio_api/upload")
    for origin, path in itertools.product(("http://evil.example", "null", "http://127.0.0.1:1"), paths):
        assert site.post(path, {"data": []}, origin=origin).status_code == 403, f"{origin} {path}"


def test_the_page_itself_is_not_refused(site):
    origin = site.url.rstrip("/")
    assert site.post("/gradio_api/call/generate", {"data": site.values("generate")}, origin=origin).status_code == 200


def test_an_address_in_the_place_of_a_file_is_refused(site):
    for path in ("http://169.254.169.254/latest/meta-data", "https://host/100GB", "file:///etc/passwd"):
        answer = site.post("/gradio_api/call/read_file", {"data": [{"path": path}, "en"]})
        assert answer.status_code == 400 and "has to be uploaded" in answer.json()["error"], path


def test_a_body_over_the_limit_is_refused(site):
    answer = site.post("/gradio_api/call/generate", b'{"data": ["' + b"x" * LAPTOP.long_body + b'"]}')
    assert answer.status_code == 413 and "MB; send less" in answer.json()["error"]


def test_an_upload_over_the_limit_is_refused(site):
    answer = site.client.post("/gradio_api/upload", files={"files": ("a.txt", b"x" * 51_000_000)})
    assert answer.status_code == 413


def test_an_upload_with_an_odd_name_stays_in_its_place(site):
    for name in ("../../../x.txt", "a\x00b.txt", "CON", "x" * 300 + ".txt", "<img onerror=1>.txt"):
        answer = site.client.post("/gradio_api/upload", files={"files": (name, TEXT.encode())})
        assert answer.status_code == 200, name
        stored = Path(answer.json()[0])
        assert ".." not in stored.parts and "gradio" in str(stored), name


def test_no_file_of_the_machine_is_given(site):
    for path in ("/etc/passwd", "app.py", "..%2f..%2fetc%2fpasswd", "http://169.254.169.254/"):
        assert site.client.get(f"/gradio_api/file={path}").status_code in (403, 404), path


LEADING_OUT = (
    "/playground/run/../../etc/passwd", "/playground/run/tiny/../../../etc/passwd", "/playground/run/tiny/status.json",
    "/playground/run/..%2f..%2fetc/passwd", "/playground/run/%2e%2e/run.json", "/playground/run//etc/passwd",
    "/playground/feed/..", "/playground/feed/%00", "/playground/run/tiny/%2e%2e/%2e%2e/etc/passwd",
    "//etc/passwd", "/playground/run/tiny/..\\..\\run.json",
)  # fmt: skip


def test_no_path_leads_out_of_the_runs(site):
    """Sent by hand: clients would tidy the path up."""
    where = urlsplit(site.url)
    for path in LEADING_OUT:
        with socket.create_connection((where.hostname, where.port), timeout=60) as line:
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda line=line: line.recv(65536), b""))
        assert answer.split(b" ")[1] in (b"400", b"404") and b"root:" not in answer, path


def test_what_is_hardly_http_is_answered_or_dropped(site):
    where = urlsplit(site.url)
    for request_line in (b"GET / HTTP/9.9", b"\x00\xff", b"POST /gradio_api/call/train HTTP/1.1"):
        with socket.create_connection((where.hostname, where.port), timeout=60) as line:
            line.sendall(request_line + b"\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
            line.shutdown(socket.SHUT_WR)  # and hangs up in the middle of the body
            answer = b"".join(iter(lambda line=line: line.recv(65536), b""))
        assert b" 500 " not in answer.split(b"\r\n")[0], request_line


def test_every_method_that_changes_something_is_answered(site):
    for method in ("PUT", "DELETE", "PATCH"):
        for path in ("/gradio_api/call/train", f"/playground/feed/{RUN}", "/"):
            assert 400 <= site.client.request(method, path, content=b"{}").status_code < 500
