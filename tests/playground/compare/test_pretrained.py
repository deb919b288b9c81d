"""The section beside GPT-2 without a browser: its values, its handlers, and what works without the weights."""

import base64
import json
import math
import re
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch

from core.config import BigramConfig, GPTConfig, ModernConfig
from core.downloads import DownloadError
from core.insight.scoring import END_OF_TEXT, read
from core.insight.weight_statistics import statistics
from core.model import GPT, Bigram
from core.pretrained import loader as gpt2
from core.pretrained.loader import Proof
from core.runs.directory import RunDir
from core.runs.store import RunStore
from core.runs.training_run import train_run
from core.tokenizers import GPT2_VOCAB_SIZE, CharTokenizer
from playground.compare import contenders, pretrained_section
from playground.compare import pretrained_values as values
from playground.compare.contenders import Contender, continue_all, gpt2_contender, run_contender, shared_text
from playground.compare.counting_cells import kind_of
from playground.compare.pretrained_section import EXAMPLES, MOST_TEXT, TEMPERATURES, PretrainedSection
from playground.compare.text_reading import TextReading
from playground.page import PageContext
from playground.server.settings import Settings
from playground.words.translate import WORDS, translate, widget_words
from tests.hub import TINY
from tests.playground.generate.test_writing import Bytes as SingleBytes
from tests.tiny_runs import tiny_plan

TEXT = "3 times 4 is 12."  # of characters that the tiny run knows


class Bytes(SingleBytes):
    """GPT-2's tokenizer with no merges: bytes, and for every other token its number."""

    def token_bytes(self, i):
        return bytes([i]) if i < 256 else f"({i})".encode()

    def decode(self, ids):
        return b"".join(map(self.token_bytes, ids)).decode(errors="replace")


def write_runs(root):
    """Write one run of a few steps, "mine", and one that has not begun, "begun"."""
    for _ in train_run(tiny_plan(4).create(root, "mine")):
        pass
    tiny_plan(4).create(root, "begun")
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_runs(tmp_path_factory.mktemp("pretrained"))


@pytest.fixture
def run(root) -> RunDir:
    return RunDir(root / "mine")


@pytest.fixture
def section(root) -> PretrainedSection:
    with gr.Blocks(analytics_enabled=False):
        return PretrainedSection(PageContext(RunStore(root, 1), Settings()))


@pytest.fixture(autouse=True)
def no_merges(monkeypatch):
    """Start every test without GPT-2's merges; nothing is asked for them."""
    take_merges_away(monkeypatch)


def take_merges_away(monkeypatch):
    """Put GPT-2's tokenizer out of reach, as on a machine without its merges and without a network."""
    monkeypatch.setattr(contenders, "_failure", None)
    monkeypatch.setattr(contenders, "byte_pairs_here", lambda: None)
    monkeypatch.setattr(gpt2, "gpt2_tokenizer", lambda name: _refuse())


def _refuse():
    raise DownloadError("The merges could not be had; try again")


@pytest.fixture(scope="module")
def tiny_gpt2() -> GPT:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return GPT(TINY).eval()


@pytest.fixture
def here(monkeypatch, tiny_gpt2):
    """Put a tiny GPT-2 into memory, whose tokens are bytes."""
    monkeypatch.setattr(gpt2, "loaded", lambda name="gpt2": tiny_gpt2)
    monkeypatch.setattr(gpt2, "gpt2_tokenizer", lambda name: Bytes())
    monkeypatch.setattr(contenders, "byte_pairs_here", Bytes)
    return tiny_gpt2


def packed(value: dict) -> dict:
    return json.loads(value["packed"])


def test_every_word_that_the_section_asks_for_is_there():
    package = Path(contenders.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in package.glob("pretrained*.py"))
    asked = set(re.findall(r'"(beside_\w+)"', source))
    assert len(asked) > 25 and asked - WORDS.keys() == set()


# -- the same text ----------------------------------------------------------------------------------------------------


def test_a_run_reads_a_text_after_its_own_prompt_which_costs_nothing(run):
    contender = run_contender(run, "en")
    value = values.reading(contender, TEXT, "en")
    found = packed(value)
    known = torch.tensor(contender.tokenizer.encode("\n" + TEXT))
    nats = read(contender.model, known).nats
    assert [token[0] for token in found["tokens"]] == list(TEXT)
    assert [token[2] for token in found["tokens"]] == pytest.approx(nats.tolist(), abs=1e-4)
    score = found["score"]
    assert score["bits_per_character"] == pytest.approx(nats.sum().item() / math.log(2) / len(TEXT), rel=1e-5)
    assert score["characters"] == len(TEXT) and not value["second"]
    assert len(found["next"]) == 10 and found["next"][0][2] == max(p for _, _, p in found["next"])


def test_a_prompt_of_several_tokens_is_given_as_a_whole(run):
    contender = run_contender(run, "en")
    longer = Contender(contender.name, contender.model, contender.tokenizer, tuple(contender.tokenizer.encode("4 is ")))
    tokens = packed(values.reading(longer, "12.", "en"))["tokens"]
    nats = read(contender.model, longer.ids("12.")).nats
    assert [token[2] for token in tokens] == pytest.approx(nats[-3:].tolist(), abs=1e-4)


def test_no_text_has_no_score_but_something_comes_next(run):
    found = packed(values.reading(run_contender(run, "en"), "", "en"))
    assert found["tokens"] == [] and found["score"] is None and len(found["next"]) == 10


def test_gpt2_reads_after_its_end_of_text(here):
    contender = gpt2_contender()
    assert contender.ids("hé").tolist() == [END_OF_TEXT, 104, 195, 169] and END_OF_TEXT == GPT2_VOCAB_SIZE - 1
    found = packed(values.reading(contender, "hé", "en", second=True))
    assert [token[:2] for token in found["tokens"]] == [["h", 104], ["<C3>", 195], ["<A9>", 169]]
    assert found["score"]["characters"] == 2


def test_both_read_the_text_in_the_characters_that_the_run_knows():
    known, note = shared_text("abé", CharTokenizer("\nabe"), "en")
    assert known == "abe" and "'é' (U+00E9)" in note and note.endswith("Both models read: “abe”")
    assert shared_text("abe", CharTokenizer("\nabe"), "en") == ("abe", None)
    known, note = shared_text("abe ", CharTokenizer("\n abe"), "en")
    assert known == "abe " and note.startswith("The text ends with a space, which GPT-2's tokens bring")
    assert not [example for each in EXAMPLES.values() for example in each if example.endswith(" ")]


def test_without_the_weights_the_run_reads_and_gpt2s_card_says_what_to_do(section):
    mine, theirs = section.read_with_run("mine", TEXT, "en", "text")
    assert packed(mine)["score"] and packed(theirs)["tokens"] == []
    assert theirs["empty"] == translate("beside_not_loaded", "en") and "merges" in theirs["note"]
    assert section.read_with_gpt2("mine", TEXT, "en", "text") == gr.skip()


def test_without_the_weights_gpt2s_tokens_are_shown_if_its_merges_are_here(section, monkeypatch):
    monkeypatch.setattr(contenders, "byte_pairs_here", Bytes)
    _, theirs = section.read_with_run("mine", "3 é", "en", "text")
    assert [token[2] for token in packed(theirs)["tokens"]] == [None] * len("3 x")  # the run knows no é
    assert theirs["note"] is None and theirs["second"]


def test_with_the_weights_gpt2_is_left_to_the_queue_and_reads_the_same(section, here):
    mine, theirs = section.read_with_run("mine", "3 é", "en", "text")
    assert theirs == gr.skip()
    value = section.read_with_gpt2("mine", "3 é", "en", "text")
    same = ["".join(token[0] for token in packed(each)["tokens"]) for each in (mine, value)]
    assert (
        same[0] == same[1]
        and "knows every character" in value["note"]
        and "“3 e”" in mine["note"]
        and value["title"] == "GPT-2 small"
    )


@pytest.mark.parametrize(("name", "said"), [("begun", "no snapshot yet"), ("nobody", "no run yet")])
def test_without_a_run_that_can_read_gpt2_reads_alone(section, here, name, said):
    mine, _ = section.read_with_run(name, "3 é", "en", "text")
    assert said in mine["empty"] and packed(mine)["tokens"] == []
    assert packed(section.read_with_gpt2(name, "3 é", "en", "text"))["tokens"][-1][0] == "<A9>"
    assert packed(section.draw_weights(name, "en", "weights")[1])["names"] == ["GPT-2 small"]


@pytest.mark.parametrize("place", [None, "parts", "write"])
def test_nothing_is_computed_for_a_browser_that_looks_at_something_else(section, here, monkeypatch, place):
    monkeypatch.setattr(values, "reading", None)
    monkeypatch.setattr(values, "weights", None)
    assert section.read_with_run("mine", TEXT, "en", place) == [gr.skip()] * 2
    assert section.read_with_gpt2("mine", TEXT, "en", place) == gr.skip()
    for draw in (section.draw_known_weights, section.draw_weights):
        assert draw("mine", "en", place) == [gr.skip()] * 3


@pytest.mark.parametrize("text", ["x" * (MOST_TEXT + 1), 5, ["a"], {"a": 1}])
def test_what_is_no_short_text_is_refused_in_words(section, here, text):
    for handler in (section.read_with_run, section.read_with_gpt2):
        with pytest.raises(ValueError, match="^The text (has|must)"):
            handler("mine", text, "en", "text")


def test_merges_that_cannot_be_had_are_told_once_a_minute_and_not_asked_for_at_every_key(section, here, monkeypatch):
    asked = []
    monkeypatch.setattr(gpt2, "gpt2_tokenizer", lambda name: asked.append(name) or _refuse())
    monkeypatch.setattr(contenders, "byte_pairs_here", lambda: None)
    for _ in range(3):
        assert "merges could not be had" in section.read_with_gpt2("mine", TEXT, "en", "text")["empty"]
    assert len(asked) == 1
    monkeypatch.setattr(contenders, "RETRY", 0.0)
    section.read_with_gpt2("mine", TEXT, "en", "text")
    assert len(asked) == 2


# -- writing on -------------------------------------------------------------------------------------------------------


def test_both_write_at_three_temperatures_and_boxes_only_grow(run, here, monkeypatch):
    monkeypatch.setattr(contenders, "REFRESH", 0.0)
    seen = list(continue_all([run_contender(run, "en"), gpt2_contender()], TEXT, TEMPERATURES, lambda: False))
    assert seen[0] == ([""] * 6, "writing") and seen[-1][1] == "done"
    for (before, _), (after, phase) in zip(seen, seen[1:], strict=False):
        assert all(b.startswith(a) for a, b in zip(before, after, strict=True)) and phase in ("writing", "done")
    assert [len(box) for box in seen[-1][0]][::2] == [160, 160, 160]
    again = list(continue_all([run_contender(run, "en"), gpt2_contender()], TEXT, TEMPERATURES, lambda: False))
    assert again[-1] == seen[-1]


def test_something_is_shown_before_anything_is_computed(run, monkeypatch):
    monkeypatch.setattr(contenders, "generate", None)
    assert next(continue_all([run_contender(run, "en"), None], TEXT, TEMPERATURES, lambda: False)) == (
        ["", None] * 3,
        "writing",
    )


def test_writing_stops_when_asked_and_keeps_what_is_written(run, monkeypatch):
    monkeypatch.setattr(contenders, "REFRESH", 0.0)
    stop, seen = [], []
    for each in continue_all([run_contender(run, "en"), None], TEXT, TEMPERATURES, stop.__len__):
        seen.append(each)
        if each[0][-2]:
            stop.append(True)
    boxes, phase = seen[-1]
    assert phase == "stopped" and 4 <= len(boxes[0]) <= 12 and boxes[1] is None


def test_writing_ends_when_its_time_is_up(run, monkeypatch):
    monkeypatch.setattr(contenders, "MOST_SECONDS", -1)
    *_, (boxes, phase) = continue_all([run_contender(run, "en")], TEXT, TEMPERATURES, lambda: False)
    assert phase == "late" and len(boxes[0]) == 4


class _Request:
    session_hash = "s"


def test_without_the_weights_the_run_writes_alone(section):
    first, *_, last = section.write("mine", TEXT, "en", _Request)
    assert first["boxes"] == ["", None] * 3 and first["phase"] == "writing"
    assert (
        last["phase"] == "done"
        and last["absent"] == translate("beside_not_loaded", "en")
        and len(last["boxes"][0]) == 160
    )


def test_without_the_merges_the_run_writes_alone_and_the_reason_is_told(section, here, monkeypatch):
    monkeypatch.setattr(gpt2, "gpt2_tokenizer", lambda name: _refuse())
    *_, last = section.write("mine", TEXT, "en", _Request)
    assert last["boxes"][1::2] == [None] * 3 and "merges could not be had" in last["absent"]


def test_stop_ends_the_writing_of_its_own_page_only(section, here, monkeypatch):
    monkeypatch.setattr(contenders, "REFRESH", 0.0)
    writing = section.write("mine", TEXT, "en", _Request)
    next(writing)
    section.wishes.stop("somebody else")
    assert next(writing)["phase"] == next(writing)["phase"] == "writing"
    section.stop(_Request)
    assert next(writing)["phase"] == "stopped" and next(writing, None) is None


def test_stop_in_the_queue_begins_no_writing(section, here):
    ticket = section.ask(_Request)
    section.stop(_Request)
    (only,) = section.write("mine", TEXT, "en", _Request, ticket)
    assert only["phase"] == "stopped" and not any(only["boxes"])


# -- loading and proof ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["absent", "downloading", "failed"])
def test_the_state_of_the_loading_is_told(section, monkeypatch, state):
    monkeypatch.setattr(gpt2, "status", lambda name: gpt2.Loading(state, 5, 10, "why"))
    monkeypatch.setattr(gpt2, "is_cached", lambda name: True)
    value = section.loading("vi")
    assert (value["state"], value["done"], value["total"], value["message"]) == (state, 5, 10, "why")
    assert value["cached"] == (state == "absent") and value["text"]["load"] == "Nạp GPT-2"


def test_the_proof_runs_the_text_after_end_of_text_and_tells_the_largest_difference(section, here, monkeypatch):
    asked = []
    proof = Proof(4.5e-05, 6e-06, 14, 1.84)
    monkeypatch.setattr(gpt2, "prove", lambda name, ids: asked.append(ids) or proof)
    waiting, said = section.prove("hi", "en")
    assert asked[0].tolist() == [[END_OF_TEXT, 104, 105]] and "Hugging Face" in waiting
    assert "4.5e-05" in said[1::2] and f"{14 * TINY.vocab_size:,}" in said[-1] and "1.8 s" in said[-1]


def test_a_long_text_is_proved_as_far_as_the_model_sees(section, here, monkeypatch):
    monkeypatch.setattr(gpt2, "prove", lambda name, ids: Proof(0.0, 0.0, ids.numel(), 0.0))
    *_, said = section.prove("x" * MOST_TEXT, "en")
    assert f"over {TINY.block_size} tokens" in "".join(said)


def test_without_the_weights_there_is_nothing_to_prove(section):
    with pytest.raises(ValueError, match="press “Load GPT-2” above"):
        next(section.prove(TEXT, "vi" and "en"))


def test_the_sentence_about_missing_weights_names_the_button_that_stands_above():
    script = (Path(pretrained_section.__file__).parent / "gpt2_loader.js").read_text(encoding="utf-8")
    vietnamese = widget_words("vi")["gpt2_loader"]["load"]
    assert "load: 'Load GPT-2'" in script and "“Load GPT-2” above" in translate("beside_not_loaded", "en")
    assert f"“{vietnamese}”" in translate("beside_not_loaded", "vi")
    for lang in ("en", "vi"):
        assert not re.search("on this machine|trên máy này|Compare|So sánh", translate("beside_not_loaded", lang))


# -- weights ----------------------------------------------------------------------------------------------------------


def test_the_charts_hold_every_value_of_every_parameter(run, here):
    models = [("mine", run_contender(run, "en").model), ("GPT-2 small", here)]
    table, view, _ = values.weights(models, "en")
    found = packed(view)
    assert found["names"] == ["mine", "GPT-2 small"]
    for (_, model), entries in zip(models, found["models"], strict=True):
        assert sum(entry["all"][0] for entry in entries.values()) == sum(p.numel() for p in model.parameters())
        for name, entry in entries.items():
            layers = [each for each in statistics(model) if each.name == name]
            assert len(entry["layers"]) == (len(layers) if layers[0].layer is not None else 0)
            count, *_, bins = entry["all"]
            assert 0.97 * count <= sum(bins) <= count
            if entry["layers"]:
                assert np.sum([row[5] for row in entry["layers"]], axis=0).tolist() == bins
    rows = json.loads(table["table"])["rows"]
    assert [row["cells"][0]["t"] for row in rows] == list(found["ranges"]) and len(rows) == 16
    assert {len(row["cells"]) for row in rows} == {9}
    assert len(view["packed"]) < 100_000


def test_positions_travel_a_byte_a_value_and_come_back(run):
    model = run_contender(run, "en").model
    picture, likeness = packed(values.weights([("mine", model)], "en")[2])
    weight = model.transformer["wpe"].weight.detach().numpy()
    levels = np.frombuffer(base64.b64decode(picture["data"]), np.uint8).reshape(picture["shape"]).astype(float)
    part = (levels - 128.0) / 127
    back = part * np.abs(part) * picture["limit"]
    within = np.abs(weight) < picture["limit"]
    assert np.abs(back - weight)[within].max() <= picture["limit"] / 127 + 1e-7 and within.mean() > 0.98
    small = np.abs(weight) < picture["limit"] / 16  # a quarter of the levels: small values can be told apart
    assert np.abs(back - weight)[small].max() <= picture["limit"] / 16 / 31  # linear bytes err twice as much
    assert likeness["shape"] == [8, 8] and base64.b64decode(likeness["data"])[0] == 255


def test_a_model_without_positions_or_blocks_is_shown_all_the_same(here):
    bigram = Bigram(BigramConfig(block_size=8, vocab_size=11))
    table, view, pictures = values.weights([("pairs", bigram), ("GPT-2 small", here)], "en")
    assert pictures["about"].endswith("pairs has no wpe.") and len(packed(pictures)) == 2
    mine, theirs = packed(view)["models"]
    assert list(mine) == ["wte.weight"] and len(theirs) == 16
    assert json.loads(table["table"])["rows"][1]["cells"][1]["t"] == "–"


def test_numbers_are_said_in_three_digits_as_the_language_writes_them():
    said = {0.14123: "0.141", -0.002: "−0.002", 0: "0", -1.5e-05: "−1.5e−05"}
    assert {number: values.three_digits(number, "en") for number in said} == said
    assert values.three_digits(-1.5e-05, "vi") == "−1,5e−05"


def test_a_run_is_called_the_same_architecture_only_where_it_is(section):
    gpt = GPTConfig(block_size=8, vocab_size=9, n_layer=1, n_head=1, n_embd=8)
    assert kind_of(gpt, "en").startswith("Your run has GPT-2's architecture; ")
    changed = kind_of(gpt.model_copy(update={"activation": "relu", "tie_weights": False}), "en")
    assert "activation=relu, tie_weights=False" in changed
    modern = ModernConfig(block_size=8, vocab_size=9, n_layer=1, n_head=1, n_embd=8)
    assert "rotary" in kind_of(modern, "en") and "not GPT-2's architecture" in kind_of(modern, "en")
    assert "bigram" in kind_of(BigramConfig(block_size=8, vocab_size=9), "vi")
    assert "same architecture" not in WORDS["beside_heading"][0]
    assert len(section.show(None, "en")) == len(section.shown)


def test_ten_unlikely_tokens_keep_digits_that_tell_them_apart():
    likeliest = [(str(i), i, 2.3456e-6 / (i + 1)) for i in range(10)]
    sent = json.loads(TextReading.pack("a", {}, likeliest=likeliest)["packed"])["next"]
    assert [p for _, _, p in sent] == pytest.approx([p for _, _, p in likeliest], rel=1e-3)
