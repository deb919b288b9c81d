"""The Generate tab without a browser: Stop wherever a writing is, seeds, and what stays when something changes."""

import shutil
from types import SimpleNamespace

import gradio as gr
import pytest

from core.runs.directory import RunDir
from core.runs.store import RunStore
from playground.build import build_app
from playground.generate.sources import MOST_PROMPT, MOST_TEXT
from playground.generate.tab import GenerateTab
from playground.page import PageContext
from playground.server.settings import Settings
from playground.wishes import FORGOTTEN, LANES, MOST, Wishes
from playground.words.refusals import refused
from tests.tiny_runs import refusal

ANNA, OTTO = SimpleNamespace(session_hash="anna"), SimpleNamespace(session_hash="otto")


@pytest.fixture
def tab(store) -> GenerateTab:
    with gr.Blocks(analytics_enabled=False):
        return GenerateTab(PageContext(store, Settings()))


def _write(tab, ticket="", page=ANNA, prompt="1", lang="en", length=400, seed=1, **changed):
    options = {"temperature": 0.8, "top_k": None, "top_p": 1.0} | changed
    written = tab.write(
        "tiny", "run", False, {}, prompt, "replace", lang, length, *options.values(), seed, ticket, page
    )
    return (_plain(text) for text, beside in written)


def _plain(value: dict) -> dict:
    """Return a text's value without its mark, which it has beside another."""
    assert value.get("mark", "") == ""
    return {name: part for name, part in value.items() if name != "mark"}


def _refused(writing) -> tuple[list[dict], gr.Error]:
    """Return what a writing told, and the error that ended it."""
    told = []
    with pytest.raises(gr.Error) as error:
        told.extend(iter(lambda: next(writing), None))
    return told, error.value


def test_stop_in_the_queue_is_kept_and_nothing_is_begun(tab):
    ticket, _, waits = tab.ask(False, 1, "en", ANNA)
    assert waits == {"state": "waiting", "note": ""}, "what was said of an earlier one is gone"
    assert tab.stop(ANNA) == {"state": "stopped"}, "Stop answers at once"
    assert list(_write(tab, ticket)) == [{"state": "stopped"}]


def test_stop_while_the_model_loads_writes_nothing(tab):
    ticket, *_ = tab.ask(False, 1, "en", ANNA)
    writing = _write(tab, ticket)
    assert next(writing) == {"state": "loading"}
    tab.stop(ANNA)
    values = list(writing)
    assert [value["state"] for value in values] == ["stopped"] and values[0]["tokens"] == ""


def test_stop_while_it_writes_keeps_what_is_written_and_ends_no_other_page(tab, monkeypatch):
    monkeypatch.setattr("playground.generate.writing.REFRESH", 0.0)
    mine, other = (_write(tab, tab.ask(False, 1, "en", page)[0], page) for page in (ANNA, OTTO))
    for _ in range(6):
        next(mine), next(other)
    tab.stop(ANNA)
    *_, last = mine
    assert last["state"] == "stopped" and 3 < last["tokens"].count("\n") < 10
    *_, last = other
    assert last["state"] == "done" and last["tokens"].count("\n") == 400


def test_a_click_after_stop_writes_and_an_older_one_does_not_come_back(tab):
    old, *_ = tab.ask(False, 1, "en", ANNA)
    tab.stop(ANNA)
    new, *_ = tab.ask(False, 1, "en", ANNA)
    assert "state" not in next(_write(tab, old)), "it says nothing over the newer one"
    *_, last = _write(tab, new)
    assert last["state"] == "done" and len(tab.wishes) == 0


def test_pressing_stop_when_nothing_runs_leaves_nothing_behind(tab):
    for number in range(20):
        assert "state" not in tab.stop(SimpleNamespace(session_hash=str(number)))
    assert len(tab.wishes) == 0
    wishes = Wishes()
    for number in range(MOST + 50):
        wishes.ask(str(number))
    assert len(wishes) == MOST


def test_three_clicks_have_three_seeds_unless_the_seed_is_kept(tab):
    seeds = [tab.ask(False, 7, "en", ANNA)[1] for _ in range(3)]
    assert len({7, *seeds}) == 4
    assert [tab.ask(True, seed, "en", ANNA)[1] for seed in (0, 7, 7)] == [0, 7, 7]
    assert isinstance(tab.ask(True, None, "en", ANNA)[1], int), "an empty field is filled, so that the seed can be seen"
    texts = [list(_write(tab, seed=seed))[-1] for seed in (*seeds, seeds[0])]
    assert texts[0]["tokens"] == texts[3]["tokens"] and len({each["tokens"] for each in texts}) == 3
    assert [each["seed"] for each in texts] == [*seeds, seeds[0]]


def test_a_refused_option_lets_the_earlier_text_stand(tab):
    (loads, last), error = _refused(_write(tab, top_k=0))
    assert error.message == last["note"] and error.visible is False, "scripts get an error, and the page no toast"
    assert loads == {"state": "loading"} and last.keys() == {"state", "note"} and last["state"] == "refused"
    assert last["note"].startswith("top_k=0 is not possible; it must be a whole number from 1 to 200,000, or")


def test_a_model_that_cannot_write_is_refused_beside_its_choice_and_in_the_card(tab, store, monkeypatch):
    monkeypatch.setattr("core.pretrained.loader.is_cached", lambda: False)
    fine = ("Anna", 200, 0.8, None, 1.0, 1)
    RunDir(store.root / "begun").path.mkdir()
    for name in ("run.json", "status.json"):
        shutil.copy(store.root / "tiny" / name, store.root / "begun" / name)
    for run, source, said in (
        ("tiny", "gpt2", "thẻ So sánh"),
        ("nobody", "run", "nobody"),
        ("begun", "run", "chưa có bản chụp nào"),
    ):
        wrong = tab.check_all(run, source, "vi", *fine)["wrong"]
        assert list(wrong) == ["source"] and said in wrong["source"]
        (*_, (last, _)), _ = _refused(tab.write(run, source, False, {}, fine[0], "replace", "vi", *fine[1:], "", ANNA))
        assert _plain(last) == {"state": "refused", "note": wrong["source"]}
    assert tab.choose_source("gpt2", "en")["visible"] is False, "it can be chosen, and the refusal stands beside it"
    assert tab.check_all("tiny", "run", "vi", *fine) == {"wrong": {}}


def test_a_step_without_a_snapshot_is_written_by_the_nearest_and_says_so(tab):
    moments = {"at": {"tiny": 4}, "beside": {"tiny": 9}}
    told = list(tab.write("tiny", "run", False, moments, "1", "replace", "en", 3, 0.8, None, 1.0, 1, "", ANNA))
    now = [value for value, _ in told if "state" in value][-1]
    beside = [value for _, value in told if "state" in value][-1]
    assert now["note"] == "There is no snapshot of step 4: shown is the nearest one, of step 5."
    assert "of step 9" in beside["note"] and now["tokens"] == beside["tokens"], "same prompt, same seed"
    assert (now["mark"], beside["mark"]) == ("B", "A") and now["by"]["en"].endswith(", step 5")


def test_moving_through_the_steps_writes_over_what_stands_and_never_empties_it(tab):
    options = (30, 0.8, None, 1.0, 1)
    seen = {}
    for step in (0, 1, 2, 5):
        told = [
            text
            for text, _ in tab.move(
                "tiny", "run", False, {"at": {"tiny": step}}, "1", "replace", "en", *options, "", ANNA
            )
        ]
        assert all(value["over"] and value["tokens"] for value in told) and told[-1]["state"] == "done"
        seen[step] = told[-1]["tokens"]
    assert len(set(seen.values())) == 4
    *_, written = _write(tab, length=30)
    assert written["tokens"] == seen[5], "the newest step, by the same seed"
    assert list(tab.move("tiny", "gpt2", False, {}, "1", "replace", "en", *options, "", ANNA)) == [
        [gr.skip(), gr.skip()]
    ]


def test_a_prompt_that_is_none_is_refused_beside_its_field_in_the_language_of_the_page(tab):
    fine = (200, 0.8, None, 1.0, 1)
    assert tab.check_all("tiny", "run", "en", "Anna", *fine) == {"wrong": {}}
    long = "x" * (MOST_TEXT + 1)
    for lang, said in (("en", "The prompt has 1,000,001 characters, more than"), ("vi", "1.000.001 ký tự")):
        wrong = tab.check_all("tiny", "run", lang, long, 0, *fine[1:])["wrong"]
        assert list(wrong) == ["prompt", "max_new_tokens"] and said in wrong["prompt"]
    assert "must be a text" in tab.check_all("tiny", "run", "en", ["x"], *fine)["wrong"]["prompt"]


def test_of_a_long_prompt_the_end_is_used_and_the_page_says_so(tab):
    *_, cut = _write(tab, prompt="2" * 9 + "1" * MOST_PROMPT, length=1)
    *_, whole = _write(tab, prompt="1" * MOST_PROMPT, length=1)
    assert cut["prompt"] == whole["prompt"] and cut["tokens"] == whole["tokens"]
    assert "Of the prompt's 10,009 characters, the last 10,000 are used." in cut["note"]
    assert "10.000 ký tự cuối" in list(_write(tab, prompt="1" * 10_001, length=1, lang="vi"))[-1]["note"]


def test_neither_another_run_nor_another_language_changes_what_was_typed_or_written(tab, store):
    assert tab.prompt not in [*tab.shown, *tab.translated] and tab.written not in tab.shown
    changed = dict(zip(tab.translated, tab.translate("vi", {}), strict=True))
    assert "prompt" not in changed[tab.written] and "tokens" not in changed[tab.written]
    *_, last = _write(tab, length=1)
    assert last["by"]["en"].endswith(", step 5") and last["by"]["vi"].endswith(", bước 5")


def test_who_would_wait_too_long_to_write_is_told_so_at_once_and_nobody_else(tab):
    """Two write at a time; how long a writing takes is measured."""
    now = [0.0]
    tab.wishes = wishes = Wishes(lambda: now[0])
    for _ in range(50):
        wishes.took(20.0)
    asked = 0
    while refusal(tab.ask, False, 1, "en", SimpleNamespace(session_hash=str(asked))) == "not refused":
        asked += 1
        assert asked < 100
    assert asked == 7  # of whom the last has waited for three rounds of twenty seconds
    said = refusal(tab.ask, False, 1, "en", ANNA)
    assert said == "7 people are writing or wait for it; try again in about 10 s"
    assert "7 người đang viết" in refused(said, "vi")
    assert refusal(tab.ask, False, 1, "en", SimpleNamespace(session_hash="3")) == "not refused"  # instead of their own
    now[0] += FORGOTTEN + 1  # those pages were closed while they waited
    assert refusal(tab.ask, False, 1, "en", ANNA) == "not refused"


def test_writing_has_a_lane_of_its_own(tmp_path):
    page = build_app(RunStore(tmp_path, workers=1), Settings())
    lanes = {each.fn.__qualname__: (each.concurrency_id, each.concurrency_limit) for each in page.fns.values()
             if getattr(each.fn, "__qualname__", "")}  # fmt: skip
    assert lanes["GenerateTab.write"] == ("write", LANES)
    writing = [name for name, (lane, _) in lanes.items() if lane == "write"]
    assert writing == ["GenerateTab.write", "GenerateTab.move"]
