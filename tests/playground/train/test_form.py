"""The form of a run: a field for every option, within its bounds, and a plan for every preset."""

from dataclasses import replace

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.architectures import EDITABLE_FIELDS
from core.config import GPTConfig, TrainConfig
from core.pretrained import loader as gpt2
from core.runs import plan as planning
from core.runs.cost import Speed, shape_key
from core.runs.plan import RunOptions, plan_run
from core.runs.presets import PRESETS
from core.text.corpora import Corpus
from playground.train import form as forms
from playground.train.form import NAMES, STEPS, build_field, count_line, defaults, read_form, values_of
from playground.widgets.translations import Translations

LETTERS = "\n" + "".join(map(chr, range(33, 97)))  # 65
TEXT = "".join(LETTERS[i * i % 65] + LETTERS[i % 65] for i in range(2_000))
SPEED = Speed(per_layer=1e-4, flops_per_second=1e10)


class Bytes:
    """Stands for GPT-2's tokenizer, whose merges may not be on this machine."""

    vocab_size = 50_257

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    def unknown(self, text: str) -> list[str]:
        return []


@pytest.fixture
def _gpt2_stand_in(monkeypatch):
    monkeypatch.setattr(planning, "BPETokenizer", Bytes)
    monkeypatch.setattr(gpt2, "check_start", lambda config, tokenizer: None)  # as if the weights were here


def _values(preset: str = "small", **changed) -> tuple:
    return tuple({**defaults(preset), **changed}.values())


def _plan(values: tuple):
    filled = read_form("small", values)
    return plan_run(Corpus("own", TEXT), filled.run, filled.model, filled.train, memory=10**12)


def test_every_option_has_a_field_and_no_field_is_without_an_option():
    options = {name for kind in (GPTConfig, TrainConfig, RunOptions) for name in kind.model_fields}
    assert set(NAMES) == options - {"vocab_size", "preset", "continued_at"} and len(NAMES) == len(set(NAMES))
    assert list(defaults("small")) == list(NAMES)


def test_every_field_offers_what_its_option_allows_and_nothing_is_cut_off_in_its_box():
    for name, value in defaults("small").items():
        with gr.Blocks():
            field = build_field(name, Translations(), value)
        assert (field.label, field.value) == (name, value) and field.info
        assert not isinstance(field, gr.Slider), name  # Gradio's puts another number into the box than was typed
        if isinstance(field, gr.Number):
            low, high = forms.options_of(name).bounds(name)
            assert field.maximum == high and field.minimum in (low, None), name


@pytest.mark.parametrize("preset", PRESETS)
def test_an_arrow_key_leads_from_a_preset_to_another_possible_value(preset):
    """The browser counts steps from the lowest value where there is one: 64 must not go to 65 by steps of 8."""
    for name, step in STEPS.items():
        field = build_field(name, Translations(), value := defaults(preset)[name])
        assert field.step == step and (field.minimum or 0) % step == 0
        kind = forms.options_of(name)
        low, high = kind.bounds(name)
        assert step <= (high - (low or 0)) / 10, name
        if kind is not GPTConfig and name not in ("beta2", "learning_rate"):  # beta2 may end a step below its limit
            kind.parse({name: value + step})


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.usefixtures("_gpt2_stand_in")
def test_every_preset_gives_a_plan_and_its_own_form_back(preset):
    text = TEXT if PRESETS[preset].tokenizer == "char" else "abcdefgh" * 2000
    filled = read_form(preset, _values(preset))
    plan = plan_run(Corpus("own", text), filled.run, filled.model, filled.train, memory=10**12)
    assert plan.config.preset == preset
    given, shown = defaults(preset), values_of(plan.config)
    free = EDITABLE_FIELDS.get(PRESETS[preset].architecture, forms.MODEL)  # the others stand at some GPT's
    given, shown = ({name: form[name] for name in NAMES if name in free or name not in forms.MODEL}
                    for form in (given, shown))  # fmt: skip
    assert shown == given


def test_what_was_changed_of_a_preset_is_told_beside_its_name():
    assert forms.changed_line("tiny", _values("tiny"), "en") == []
    assert forms.changed_line("tiny", _values("tiny", n_layer=24), "en") == ["", "tiny, changed", ": n_layer 24"]
    rate = forms.changed_line("tiny", _values("tiny", learning_rate=0.5, bias=True, seed=1, prompt="a"), "vi")
    assert rate == ["", "tiny, đã đổi", ": bias có, learning_rate 0,5, seed 1"]
    assert forms.changed_line("tiny", _values("tiny", seed=85669), "vi") == ["", "tiny, đã đổi", ": seed 85669"]
    assert forms.changed_line("bigram", _values("bigram", n_layer=9), "en") == []  # a bigram has none
    assert forms.changed_line("custom", _values("tiny"), "en") == forms.changed_line(None, _values("tiny"), "en") == []


def test_the_lecture_s_model_has_the_parameters_of_the_lecture():
    said = count_line(read_form("lecture", _values("lecture")), 65, SPEED, "en")
    assert said[:2] == ["", "10,788,929 parameters"]
    assert said[2].startswith(" (8.67 % of GPT-2 small)") and "on this machine" in said[2]
    assert count_line(read_form("gpt2", _values("gpt2")), 50_257, None, "en")[1] == "124,439,808 parameters"
    vietnamese = count_line(read_form("bigram", _values("bigram")), 65, None, "vi")
    assert "".join(vietnamese).startswith("4.225 tham số (0,0034 % của GPT-2 small)")


def test_a_form_that_describes_no_model_is_refused_with_a_remedy():
    with pytest.raises(ValueError, match="n_embd=100 is not divisible by n_head=3"):
        count_line(read_form("x", _values(n_embd=100, n_head=3)), 65, None, "en")


@pytest.mark.parametrize(("shown", "meant"), [("auto", None), ("yes", True), ("no", False)])
def test_the_third_answer_of_qkv_bias_is_as_bias(shown, meant):
    assert _plan(_values(qkv_bias=shown)).config.model.qkv_bias is meant


def test_a_bigram_takes_from_the_form_what_it_has_a_use_for():
    plan = _plan(_values(architecture="bigram", n_head=7))
    assert plan.parameters == 65 * 65


HOSTILE = [None, True, -1, 2.5, 10**30, float("nan"), float("inf"), -float("inf"), "abc", "\ud800\x00", "", [], [1], {}]


HARMLESS = {"bias": [True], "tie_weights": [True], "lm_head_bias": [True], "qkv_bias": [None, True],
            "weight_decay": [2.5], "grad_clip": [2.5], "learning_rate": [2.5], "muon_learning_rate": [2.5],
            "muon_weight_decay": [2.5], "prompt": [""]}  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_a_hostile_value_in_any_field_is_refused_in_a_sentence_or_harmless(value):
    for name in NAMES:
        try:
            _plan(_values(**{name: value}))
        except ValueError as refusal:
            assert len(str(refusal)) < 400 and "\n" not in str(refusal) and ";" in str(refusal), f"{name}: {refusal}"
        else:
            assert any(value is each or value == each for each in HARMLESS.get(name, [])), f"{name} takes {value!r}"


@given(st.sampled_from(NAMES), st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5))
def test_the_count_is_a_count_or_a_refusal(name, value):
    try:
        assert "parameters" in count_line(read_form("x", _values(**{name: value})), 65, SPEED, "en")[1]
    except ValueError as refusal:
        assert "\n" not in str(refusal)


def test_presets_are_offered_with_their_size_and_time():
    choices = {name: words for words, name in forms.preset_choices(65, SPEED, "en")}
    assert list(choices) == list(PRESETS) and "10.8 M" in choices["lecture"] and "about" in choices["lecture"]
    assert forms.preset_choices(65, None, "en")[1] == (
        "tiny · 105 k",
        "tiny",
    )  # not measured yet: the line below says so
    assert "measuring" in "".join(count_line(read_form("tiny", _values("tiny")), 65, None, "en"))


def test_a_speed_that_was_measured_beside_other_work_is_marked_as_rough():
    filled = read_form("tiny", _values("tiny"))
    model, train = forms.GPTConfig.parse({**filled.model, "vocab_size": 65}), TrainConfig.parse(filled.train)
    rough = replace(SPEED, rough=True)
    for speed, is_rough in ((SPEED, False), (rough, True),
                            (replace(rough, learned={shape_key(model, train): [0.01, 0.1]}), False)):  # fmt: skip
        said = "".join(count_line(filled, 65, speed, "en", busy=True))
        assert ("while other work runs" in said) is is_rough and ("busy now" in said) is not is_rough
        assert ("(busy)" in dict(map(reversed, forms.preset_choices(65, speed, "en")))["tiny"]) is is_rough
