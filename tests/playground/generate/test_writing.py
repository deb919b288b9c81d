"""Writing with snapshots: prompts made fit, what the model sees of them, and a stream that only grows."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.config import GPTConfig, SampleConfig
from core.downloads import find_file
from core.insight.kept import Kept
from core.model import GPT
from core.runs.directory import RunDir
from core.runs.training_run import train_run
from core.sampling import generate
from core.tokenizers import MERGES_NAMES, MERGES_SHA256, BPETokenizer, CharTokenizer
from playground.generate import writing
from playground.generate.writing import write
from playground.models import MOST_WEIGHTS, Writer, load_writer, weight_bytes
from playground.prompts import DecodeStream, fit_prompt, is_end_of_text, token_text, token_texts
from tests.tiny_runs import tiny_plan

ABC = CharTokenizer.from_text("\n abcdeE,")
T = 8


class Bytes:
    """A tokenizer of single bytes, as GPT-2's is at its worst: a character is up to four tokens."""

    vocab_size = 256

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    def decode(self, ids) -> str:
        return bytes(ids).decode(errors="replace")

    def token_bytes(self, i: int) -> bytes:
        return bytes([i])

    def unknown(self, text: str) -> list[str]:
        return []


def _writer(tokenizer) -> Writer:
    shape = {"block_size": T, "n_layer": 1, "n_head": 2, "n_embd": 8}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return Writer(GPT(GPTConfig(vocab_size=tokenizer.vocab_size, **shape)).eval(), tokenizer)


@pytest.fixture(scope="module")
def merges() -> BPETokenizer:
    found = find_file(MERGES_NAMES, MERGES_SHA256)
    if found is None:
        pytest.skip("set GPT_PLAYGROUND_DATA to a folder with GPT-2's files")
    return BPETokenizer(merges=found)


@pytest.fixture
def writer() -> Writer:
    return _writer(ABC)


def _write(writer: Writer, text: str, tokens: int = 5, replace: bool = True, lang: str = "en", seed: int = 1) -> list:
    return list(write(writer, text, SampleConfig(max_new_tokens=tokens, seed=seed), replace, "\n", lang))


# -- prompts ----------------------------------------------------------------------------------------------------------


def test_a_known_prompt_stays_as_it_is():
    assert fit_prompt("a bad cab\n", ABC, True) == ("a bad cab\n", [], None)


def test_unknown_characters_are_left_out_and_named():
    prompt, shown, said = fit_prompt("xab!x", ABC, False)
    assert prompt == "ab" and said == "Left out, because the model has never seen them: 'x' (U+0078), '!' (U+0021)."
    assert [(piece["t"], piece["unknown"]) for piece in shown] == [
        ("x", True), ("a", False), ("b", False), ("!", True), ("x", True),
    ]  # fmt: skip


def test_unknown_characters_are_replaced_by_what_comes_closest_and_named():
    prompt, shown, said = fit_prompt("éÀđB%", ABC, True)
    assert prompt == "eadb " == "".join(piece["t"] for piece in shown)
    assert said.startswith("Replaced, because the model has never seen them: 'é'")
    assert all(piece["unknown"] for piece in shown)


def test_where_nothing_comes_close_a_character_is_left_out():
    assert fit_prompt("a%b", CharTokenizer.from_text("ab"), True)[0] == "ab"


def test_half_characters_and_nul_are_replaced_and_told():
    prompt, _, said = fit_prompt("a\ud800b\x00", ABC, False)
    assert prompt == "ab" and "2 characters that cannot be kept" in said and "U+FFFD" in said


def test_what_was_changed_is_told_in_the_language():
    assert fit_prompt("x", ABC, False, "vi")[2].startswith("Đã bỏ")


@given(st.text(max_size=30), st.booleans())
def test_any_text_becomes_a_prompt(text, replace):
    prompt, shown, said = fit_prompt(text, ABC, replace)
    assert not ABC.unknown(prompt) and (said is None) == (prompt == text and not shown)
    if shown:
        kept = "".join(piece["t"] for piece in shown if replace or not piece["unknown"])
        assert kept == prompt


# -- what is seen -----------------------------------------------------------------------------------------------------


def test_what_lies_before_the_block_is_marked_and_told(writer):
    value = _write(writer, "abcdeabcdeab")[0]
    assert [piece["seen"] for piece in value["prompt"]] == [False] * 4 + [True] * T
    assert value["note"] == f"The model sees only the last {T} of the prompt's 12 tokens; the rest is dimmed."


@pytest.mark.parametrize("replace", [False, True])
def test_the_mark_counts_the_characters_that_are_kept(writer, replace):
    shown = _write(writer, "éabcd%eabcde", replace=replace)[0]["prompt"]
    assert sum(piece["seen"] for piece in shown) == T
    assert all(piece["seen"] for piece in shown[-5:]) and not shown[0]["seen"]


def test_of_characters_of_many_tokens_those_wholly_before_the_block_are_marked():
    shown = _write(_writer(Bytes()), "ab😀éé")[0]["prompt"]
    assert "".join(piece["t"] for piece in shown) == "ab😀éé" and len(shown) == 10
    assert [piece["seen"] for piece in shown] == [False] * 2 + [True] * T


def test_the_part_that_is_not_seen_changes_nothing(writer):
    long, short = _write(writer, "Eabcdeabcde"), _write(writer, "cdeabcde"[-T:])
    assert long[-1]["tokens"] == short[-1]["tokens"]


def test_an_empty_prompt_goes_on_from_the_run_s_own(writer):
    for text in ("", "%%"):
        value = _write(writer, text, replace=False)[-1]
        assert value["state"] == "done" and len(value["tokens"]) == 5
    assert [piece["t"] for piece in _write(writer, "")[0]["prompt"]] == ["\n"]


# -- the stream -------------------------------------------------------------------------------------------------------


def test_the_stream_only_grows(writer, monkeypatch):
    monkeypatch.setattr(writing, "REFRESH", 0.0)
    values = _write(writer, "ab", tokens=12)
    assert [len(value["tokens"]) for value in values] == [*range(13), 12]
    for earlier, later in zip(values, values[1:], strict=False):
        assert later["tokens"][: len(earlier["tokens"])] == earlier["tokens"] and later["prompt"] == earlier["prompt"]
    assert [value["state"] for value in values] == ["writing"] * 13 + ["done"]


def test_the_text_is_the_sampler_s_and_so_are_its_numbers(writer):
    drawn = list(generate(writer.model, torch.tensor([ABC.encode("ab")]), 9, seed=4))
    tokens = _write(writer, "ab", tokens=9, seed=4)[-1]["tokens"]
    assert [token["t"] for token in tokens] == [ABC.decode([token.id]) for token in drawn]
    assert [(token["p"], token["q"]) for token in tokens] == [(token.model_prob, token.prob) for token in drawn]
    for token in tokens:
        assert [token["id"], token["t"], token["p"], token["q"]] in token["alts"]


def test_a_token_that_is_part_of_a_character_is_shown_as_its_bytes():
    text = "é😀a"
    assert token_texts(Bytes(), Bytes().encode(text)) == [
        "<C3>", "<A9>", "<F0>", "<9F>", "<98>", "<80>", "a",
    ]  # fmt: skip
    stream = DecodeStream(Bytes())
    assert [stream.step(byte) for byte in b"\xc3a\xff\xc3\xa9"] == ["", "\ufffda", "\ufffd", "", "é"]


@pytest.mark.parametrize("tokenizer", [Bytes(), CharTokenizer("xy\ufffd")], ids=["bytes", "characters"])
def test_a_replacement_character_that_is_really_in_the_text_keeps_its_own_place(tokenizer):
    text = "x\ufffdy\ufffd"
    ids, stream = tokenizer.encode(text), DecodeStream(tokenizer)
    assert "".join([stream.step(i) for i in ids]) == text and stream.end() == ""
    if isinstance(tokenizer, CharTokenizer):
        assert token_texts(tokenizer, ids) == ["x", "\ufffd", "y", "\ufffd"]


def test_gpt2_s_tokens_are_told_apart_and_its_end_of_text_is_one_of_them(merges):
    ids = merges.encode("Một \ufffd ✨")
    assert token_texts(merges, ids)[:4] == ["M", "<E1>", "<BB>", "<99>"]
    whole = [i for i in ids if "<" not in token_text(merges, i)]
    assert [token_text(merges, i) for i in whole] == [merges.decode([i]) for i in whole]
    assert len(set(token_texts(merges, list(range(50257))))) == 50257, "two tokens look alike"
    assert "\ufffd" in "".join(token_texts(merges, merges.encode("a\ufffdb")))
    assert is_end_of_text(merges, 50256)
    assert [is_end_of_text(merges, i) for i in merges.encode("a<|endoftext|>b")] == [False, True, False]


@given(st.lists(st.integers(0, 255), max_size=12))
def test_the_texts_that_tokens_add_lose_nothing(ids):
    stream = DecodeStream(Bytes())
    added = [stream.step(i) for i in ids]
    assert "".join(added) + stream.end() == Bytes().decode(ids)


def test_candidates_of_bytes_are_told_apart_and_the_drawn_one_is_known_by_its_id():
    options = SampleConfig(max_new_tokens=20, temperature=0)
    *_, last = write(_writer(Bytes()), "ab", options, True, "\n", "en")
    for token in last["tokens"]:
        ids, labels, *_ = zip(*token["alts"], strict=True)
        assert ids[0] == token["id"] and len(set(ids)) == len(set(labels)) == 10


@pytest.mark.parametrize(("prompt", "hinted"), [("The cat ", True), ("The cat", False)])
def test_a_prompt_that_ends_with_a_space_is_a_hint_for_byte_pairs_alone(merges, writer, prompt, hinted):
    note = _write(_writer(merges), prompt, tokens=1)[0]["note"] or ""
    assert ("ends with a space" in note) == hinted
    assert "ends with a space" not in (_write(writer, "a bad ", tokens=1)[0]["note"] or "")


def test_writing_ends_when_its_time_is_up(writer, monkeypatch):
    monkeypatch.setattr(writing, "MOST_SECONDS", -1.0)
    last = _write(writer, "ab", tokens=1000)[-1]
    assert (last["state"], len(last["tokens"])) == ("done", 1) and "Stopped after" in last["note"]


def test_stopped_in_the_middle_it_draws_no_further_token(writer, monkeypatch):
    drawn = []

    def counted(*arguments, **options):
        for token in generate(*arguments, **options):
            drawn.append(token)
            yield token

    monkeypatch.setattr(writing, "generate", counted)
    monkeypatch.setattr(writing, "REFRESH", 0.0)
    stream = write(writer, "ab", SampleConfig(max_new_tokens=1000), True, "\n", "en")
    for _ in range(4):
        next(stream)
    stream.close()
    assert len(drawn) == 3 and list(stream) == []


# -- snapshots --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> RunDir:
    run = tiny_plan(30).create(tmp_path_factory.mktemp("runs"))
    for _ in train_run(run):
        pass
    return run


def test_the_last_snapshot_writes_unless_another_is_asked_for(trained):
    last, first = load_writer(trained), load_writer(trained, 0)
    assert load_writer(trained, 30) is last and load_writer(trained, 30.0) is last and first is not last
    assert not last.model.training
    wte = [writer.model.state_dict()["transformer.wte.weight"] for writer in (first, last)]
    assert not torch.equal(*wte)


@pytest.mark.parametrize("step", [3, -1, 1.5, True, float("nan"), float("inf"), 10**30, "0", "latest", [], {}, [0]])
def test_a_step_without_a_snapshot_is_refused_in_a_sentence(trained, step):
    with pytest.raises(ValueError, match="has no snapshot of step .*; choose one of the list"):
        load_writer(trained, step)


def test_a_run_without_a_snapshot_asks_for_patience(tmp_path):
    with pytest.raises(ValueError, match="no snapshot yet; wait for its first step"):
        load_writer(tiny_plan().create(tmp_path))


def test_another_run_under_the_same_name_is_not_taken_for_the_old_one(tmp_path):
    weights = []
    for seed in (1, 2):
        run = tiny_plan(2, seed=seed).create(tmp_path, "again")
        for _ in train_run(run):
            pass
        weights.append(load_writer(run).model.state_dict()["transformer.wte.weight"])
        run.path.rename(tmp_path / f".gone-{seed}")
    assert not torch.equal(*weights)


def test_models_in_memory_are_bounded_by_their_bytes_and_those_used_last_stay():
    size = weight_bytes(_writer(ABC))
    kept, loads = Kept(2 * size, weight_bytes), []

    def get(key):
        return kept.get(key, lambda: loads.append(key) or _writer(ABC))

    assert [get(key) for key in "abac"] and get("a") is get("a")
    get("b")
    assert loads == ["a", "b", "c", "b"], "the one that was not used for the longest time goes first"
    assert Kept(1, weight_bytes).get("x", lambda: _writer(ABC)), "a model larger than all that may stay is still given"


def test_at_most_two_models_of_gpt2_s_shape_fit():
    assert 2 * 497_759_232 <= MOST_WEIGHTS < 3 * 497_759_232
