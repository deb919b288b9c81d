"""The next token by hand, without a browser: the model's own logits, whole, and a prompt that grows token by token."""

import base64
import json
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import torch

from core.config import GPTConfig
from core.model import GPT
from core.sampling import generate, next_token_probs
from playground.generate import by_hand_values
from playground.generate.by_hand_section import ByHandSection
from playground.generate.by_hand_values import decoded, grown, split, text_of_tail
from playground.generate.sources import Source, source_of
from playground.models import Writer
from playground.page import PageContext
from playground.server.settings import Settings
from tests.playground.generate.test_writing import Bytes
from tests.tiny_runs import refusal


@pytest.fixture
def section(store) -> ByHandSection:
    with gr.Blocks(analytics_enabled=False):
        return ByHandSection(PageContext(store, Settings()), {})


def of_run(store, step=None) -> Source:
    return source_of(store, "tiny", "run", False, step, "en")


def unpacked(told: dict) -> tuple[torch.Tensor, dict]:
    logits = np.frombuffer(base64.b64decode(told["logits"]), "<f4")
    return torch.tensor(logits), json.loads(told["facts"])


def chose(number) -> gr.EventData:
    return gr.EventData(None, {"id": number})


def test_the_page_gets_the_models_own_logits_of_the_whole_vocabulary(store):
    source = of_run(store)
    logits, facts = unpacked(by_hand_values.look(source, "2 times 3 is ", {}, True, "en"))
    with torch.no_grad():
        ids = torch.tensor([source.writer.tokenizer.encode("2 times 3 is ")[-8:]])
        expected = source.writer.model(ids)[0][0, -1]
    assert torch.allclose(logits, expected, atol=1e-4) and len(facts["texts"]) == len(logits) == len(expected)
    token = next(generate(source.writer.model, ids, 1, 0.7, 9, 0.9, seed=3))
    assert float(next_token_probs(logits, 0.7, 9, 0.9)[token.id]) == pytest.approx(token.prob, abs=1e-6)
    assert "".join(facts["texts"]) == "".join(source.writer.tokenizer.chars) and facts["end"] is None


def test_another_step_has_other_logits_and_going_back_runs_nothing(store, monkeypatch):
    seen = [by_hand_values.look(of_run(store, step), "1", {}, True, "en") for step in (0, 1, 2, 5)]
    assert len({each["logits"] for each in seen}) == 4 and seen[1]["of"].endswith(", step 1")
    monkeypatch.setattr(by_hand_values, "decoder_for", lambda model: pytest.fail("the model ran again"))
    assert [by_hand_values.look(of_run(store, step), "1", {}, True, "en") for step in (5, 2, 1, 0)] == seen[::-1]


def test_what_is_chosen_grows_the_prompt_and_can_be_taken_back_until_it_is_typed_over(section, store):
    where = ("tiny", "run", False, {}, "en")
    prompt, tail = section.accept(*where, "12", {}, chose(3))
    letters = of_run(store).writer.tokenizer.chars
    assert prompt == "12" + letters[3] and tail == {"base": "12", "chosen": [3]}
    prompt, tail = section.accept(*where, prompt, tail, chose(4))
    assert prompt == "12" + letters[3] + letters[4] and tail["chosen"] == [3, 4]
    assert section.accept(*where, prompt, tail, chose(None)) == ["12" + letters[3], {"base": "12", "chosen": [3]}]
    prompt, tail = section.accept(*where, "7", tail, chose(5))
    assert tail == {"base": "7", "chosen": [5]}, "another prompt was typed"
    assert section.accept(*where, "7", {}, chose(None)) == ["7", {"base": "7", "chosen": []}]


def test_tokens_that_are_part_of_a_character_stay_the_tokens_that_were_chosen():
    tokenizer = Bytes()
    tail = {"base": "a", "chosen": []}
    for byte in "é…".encode():
        tail = grown(tokenizer, text_of_tail(tokenizer, tail), tail, byte)
        assert split(tokenizer, text_of_tail(tokenizer, tail), tail) == ("a", tail["chosen"])
    assert tail["chosen"] == list("é…".encode()) and text_of_tail(tokenizer, tail) == "aé…"
    half = grown(tokenizer, "aé…", tail, "ế".encode()[0])
    assert text_of_tail(tokenizer, half) == "aé…\ufffd" and decoded(tokenizer, []) == ""


@pytest.mark.parametrize("tail", [None, 5, "a", [], {"base": 5, "chosen": []}, {"base": "a", "chosen": "b"},
                                  {"base": "a", "chosen": [10**9]}, {"base": "a", "chosen": [True]},
                                  {"base": "a", "chosen": [98.0]}, {"base": "a", "chosen": [98] * 10_001}])  # fmt: skip
def test_a_tail_that_no_page_sent_is_none(tail):
    assert split(Bytes(), "ab", tail) == ("ab", [])


@pytest.mark.parametrize("token", ["a", -1, 10**9, 1.0, True, [1], {}])
def test_what_is_no_token_is_refused_in_one_sentence(section, token):
    said = refusal(section.accept, "tiny", "run", False, {}, "en", "1", {}, chose(token))
    assert said.startswith("There is no token ") and said.endswith("; choose one of the bars")


def test_of_a_large_vocabulary_the_likeliest_are_named_and_others_when_they_are_drawn(section, monkeypatch):
    model = GPT(GPTConfig(block_size=4, vocab_size=256, n_layer=1, n_head=1, n_embd=8)).eval()
    source = Source(Writer(model, Bytes()), ("bytes",), "a", {"en": "bytes"})
    monkeypatch.setattr(by_hand_values, "ALL_TEXTS", 100)
    monkeypatch.setattr(by_hand_values, "MOST_TEXTS", 20)
    logits, facts = unpacked(by_hand_values.look(source, "", {}, True, "en"))
    assert facts["ids"] == logits.topk(20).indices.tolist() and len(facts["texts"]) == 20
    monkeypatch.setattr(section, "_source", lambda *_: source)
    asked = gr.EventData(None, {"ids": [65, 195, -1, 300, "a", None, True]})
    assert section.name("", "", False, {}, "en", asked) == {"names": {"65": "A", "195": "<C3>"}}


def test_two_steps_stand_beside_each_other_and_what_cannot_be_shown_says_why(section):
    told = section.look("tiny", "run", False, {"at": {"tiny": 1}, "beside": {"tiny": 3}}, "en", "1", "replace", {})
    assert told["now"]["of"].endswith("step 1") and told["beside"]["of"].endswith("step 2")
    assert told["beside"]["note"] == "There is no snapshot of step 3: shown is the nearest one, of step 2."
    told = section.look("nobody", "run", False, {}, "vi", "1", "replace", {})
    assert told["now"] is None and "nobody" in told["empty"] and "Không" in told["empty"]
    assert "must be a text" in section.look("tiny", "run", False, {}, "en", 5, "replace", {})["empty"]


def test_logits_that_are_no_numbers_are_a_sentence_and_what_is_kept_has_a_bound(monkeypatch):
    model = GPT(GPTConfig(block_size=4, vocab_size=256, n_layer=1, n_head=1, n_embd=8)).eval()
    source = Source(Writer(model, Bytes()), ("kept",), "a", {"en": "bytes"})
    monkeypatch.setattr(by_hand_values._logits, "most", 10 * 1024)
    for i in range(40):
        by_hand_values.logits_after(source, [i, 1])
    assert by_hand_values._logits.held() <= 10 * 1024
    with torch.no_grad():
        model.lm_head.weight.fill_(float("nan"))
    assert "are not numbers" in refusal(
        by_hand_values.logits_after, SimpleNamespace(writer=source.writer, key=("x",)), [1]
    )
