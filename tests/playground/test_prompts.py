"""Prompts in the characters that a model knows: its spelling, what nobody sees, what stands in for what."""

import unicodedata

from core.config import SampleConfig
from core.runs import command_line
from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import own_text
from core.tokenizers import CharTokenizer
from playground.generate.writing import write
from playground.models import load_writer
from playground.prompts import fit_prompt
from tests.tiny_runs import MODEL, TRAIN

VIETNAMESE = "Một hai ba bốn, năm sáu bảy tám.\n"
ASCII = CharTokenizer.from_text("\n" + "".join(map(chr, range(32, 127))))


def test_a_decomposed_prompt_is_continued_as_the_composed_one_and_that_is_said_once(tmp_path, capsys):
    plan = plan_run(own_text(VIETNAMESE * 20), {}, {**MODEL, "block_size": 16}, {**TRAIN, "steps": 2}, memory=10**9)
    run = plan.create(tmp_path, "vi")
    list(train_run(run))
    options, said = SampleConfig(max_new_tokens=8, seed=1), []
    for prompt in ("Một hai ba bốn,", unicodedata.normalize("NFD", "Một hai ba bốn,")):
        *_, value = write(load_writer(run), prompt, options, True, "\n", "en")
        texts = ["".join(t["t"] for t in value[key]) for key in ("prompt", "tokens")]
        assert command_line.main(["--runs", str(tmp_path), "generate", "vi", "--prompt", prompt, "--seed", "1"]) == 0
        said.append((texts, capsys.readouterr().out, value["note"]))
    (*composed, nothing), (*decomposed, note) = said
    assert composed == decomposed and nothing is None
    assert note == "Letters were put into the model's spelling: characters composed, or taken apart."


def test_typographic_forms_become_plain_ones_and_what_nobody_sees_vanishes_unreplaced():
    prompt, shown, said = fit_prompt("It’s\u200b “fine” — a ﬂag… æ👨\u200d👩\u200d👧", ASCII, True)
    assert prompt == 'It\'s "fine" - a flag... ae ' == "".join(piece["t"] for piece in shown)
    assert said.startswith("Left out, for nobody sees them: '\\u200b' (U+200B)")
    assert "Replaced, because the model has never seen them: '’' (U+2019)" in said


def test_what_holds_a_sign_together_is_not_said_to_be_seen_by_nobody():
    family = "👨\u200d👩\u200d👧"
    prompt, shown, said = fit_prompt(f"a{family}b", ASCII, False)
    assert prompt == "ab" and [piece["t"] for piece in shown if piece["unknown"]] == [family]
    assert "nobody sees" not in said and "200D" not in said
    _, _, said = fit_prompt(f"a{family}\u200bb", ASCII, False)
    assert "nobody sees them: '\\u200b' (U+200B)." in said and "200D" not in said
    _, _, said = fit_prompt("می\u200cخ", CharTokenizer.from_text("میخ"), False)  # a joiner that is left out alone
    assert "nobody sees them: '\\u200c' (U+200C)." in said


def test_left_out_is_what_has_no_spelling_in_the_model_and_only_that():
    prompt, shown, said = fit_prompt("a\u00adb👍\U0001f3fdc", ASCII, False)
    assert prompt == "abc" and [piece["t"] for piece in shown if piece["unknown"]] == ["👍\U0001f3fd"]
    assert "U+1F44D" in said and said.count("U+00AD") == 1
