"""Links as they are read: what is well said becomes a value, and whatever else stands there one sentence."""

import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import GPTConfig, SampleConfig, TrainConfig
from core.runs.store import RunStore
from playground.build import build_app
from playground.linked import MOST_SAID, TEXT, Linked, as_text, flag, names, one_of, option, read, snapshot, spelled
from playground.server.rights import HOST
from playground.server.settings import Settings
from playground.train.form import AXES, MEANS, NAMES, defaults
from playground.words.refusals import refused
from tests.tiny_runs import PROJECT, asking, tiny_plan, undisturbed
from tests.vietnamese import foreign_words

PARTS = [
    Linked("tab", None, "train", one_of("tab", ("train", "generate"))),
    Linked("temperature", object(), 0.8, option(SampleConfig, "temperature")),
    Linked("k", object(), None, option(SampleConfig, "top_k", "k")),
    Linked("n_layer", object(), 4, option(GPTConfig, "n_layer")),
    Linked("n_embd", object(), 128, option(GPTConfig, "n_embd")),
    Linked("bias", object(), True, option(GPTConfig, "bias")),
    Linked("activation", object(), "relu", option(GPTConfig, "activation")),
    Linked("learning_rate", object(), 6e-3, option(TrainConfig, "learning_rate")),
    Linked("keep", object(), False, flag("keep")),
    Linked("write", object(), "", as_text),
    Linked("hide", None, [], names("hide", lambda: ["n_layer", "write"])),
    Linked("code", object()),
    Linked("", object()),
]


def said(**query: str) -> list[str]:
    return read(PARTS, query).said


def test_what_is_well_said_becomes_the_value_of_its_part():
    query = {"tab": "generate", "temperature": "1.5", "k": "", "n_layer": "3", "n_embd": "66.0", "bias": "false",
             "activation": "gelu", "learning_rate": "3e-4", "keep": "true", "write": "ROMEO:\n",
             "hide": "write,n_layer,write", "lang": "vi", "present": "", "__theme": "dark", "utm_x": "x"}  # fmt: skip
    asked = read(PARTS, query)
    assert asked.said == []
    assert asked.values == {
        "tab": "generate", "temperature": 1.5, "k": None, "n_layer": 3, "n_embd": 66, "bias": False,
        "activation": "gelu", "learning_rate": 3e-4, "keep": True, "write": "ROMEO:\n", "hide": ["write", "n_layer"],
    }  # fmt: skip
    assert type(asked.values["n_embd"]) is int


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("temperature", "abc", "temperature='abc' is not possible; it must be a number from 0.0 to 100.0"),
        ("temperature", "nan", "temperature='nan' is not possible; it must be a number from 0.0 to 100.0"),
        ("temperature", "1e999", "temperature=inf is not possible; it must be a number from 0.0 to 100.0"),
        ("k", "0", "k=0 is not possible; it must be a whole number from 1 to 200,000, or empty"),
        ("n_layer", "", "n_layer=None is not possible; it must be a whole number from 1 to 96"),
        ("n_layer", "2.5", "n_layer=2.5 is not possible; it must be a whole number from 1 to 96"),
        ("n_layer", "\u0663", "n_layer='\u0663' is not possible; it must be a whole number from 1 to 96"),
        ("bias", "1", "bias='1' is not possible; it must be true or false"),
        ("activation", "tanh", "activation='tanh' is not possible; it must be one of gelu, relu"),
        ("tab", "<b>", "tab='<b>' is not possible; it must be one of train, generate"),
        ("hide", "n_layer,all", "hide='all' is not possible; the page has no such part"),
        ("code", "1", "A link has no part called 'code'"),
        ("", "1", "A link has no part called ''"),
        ("n_layers", "3", "A link has no part called 'n_layers'"),
    ],
)
def test_what_is_not_possible_is_one_sentence_in_both_languages_and_no_value(name, text, sentence):
    asked = read(PARTS, {name: text})
    assert (asked.values, asked.said) == ({}, [sentence])
    vietnamese = refused(sentence, "vi")
    assert vietnamese != sentence and not set(foreign_words(vietnamese)) - set(
        re.findall(r"\w+", name + text + "gelu relu generate")
    )


def test_of_many_refusals_a_few_are_said_and_the_rest_counted():
    asked = read(PARTS, {f"x{i}": "1" for i in range(1_000)})
    assert asked.said[MOST_SAID:] == ["997 more of its parts are not possible"] and len(asked.said) == MOST_SAID + 1


def test_a_long_text_is_cut_with_a_word():
    asked = read(PARTS, {"write": "a" * (TEXT + 1)})
    assert asked.values == {"write": "a" * TEXT}
    assert asked.said == ["write has 201 characters; a link holds the first 200"]
    assert read(PARTS, {"write": "\u1ead" * TEXT}).said == []


def test_only_a_snapshot_of_the_run_in_view_is_meant():
    run = SimpleNamespace(snapshots=lambda: [1, 20])
    parts = [Linked("step", object(), "latest", snapshot)]
    assert read(parts, {"step": "20"}, run).values == {"step": 20}
    for text in ("7", "-1", "", "x" * 50, "1e3", "nan"):
        [sentence] = read(parts, {"step": text}, run).said
        assert re.fullmatch(r"This run has no snapshot of step .{1,20}; choose one of the list", sentence)
    assert "no snapshot yet" in read(parts, {"step": "1"}, None).said[0]


@given(
    st.dictionaries(
        st.sampled_from([part.name for part in PARTS] + ["x"]) | st.text(max_size=50), st.text(max_size=300)
    )
)
def test_a_link_may_be_anything(query):
    asked = read(PARTS, query)
    assert all("\n" not in sentence and len(sentence) < 300 for sentence in asked.said)
    assert set(asked.values) <= {part.name for part in PARTS if part.read}


@given(st.floats(0, 100) | st.integers(0, 100))
def test_a_number_is_read_as_a_browser_writes_it(value):
    assert read(PARTS, {"temperature": repr(value)}).values == {"temperature": value}


@pytest.mark.parametrize(
    ("text", "kind", "value"), [("4.0", int, 4.0), ("007", int, 7), ("", str, ""), ("1", str, "1")]
)
def test_a_text_says_to_a_field_what_the_field_can_hear(text, kind, value):
    assert spelled(text, kind) == value and type(spelled(text, kind)) is type(value)


# -- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Return what opens the page, over one run, with its outputs; and the parts of its links."""
    root = tmp_path_factory.mktemp("links")
    undisturbed(root, tiny_plan(steps=3))
    app = build_app(RunStore(root), Settings())
    found = next(each for each in app.fns.values() if getattr(each.fn, "__qualname__", "") == "Header.open")

    def open_with(**query: str) -> dict[str, object]:
        answer = zip(found.outputs, found.fn({}, HOST, asking(**query)), strict=True)
        last: dict[str, object] = {}
        for component, value in answer:
            given = value.get("value", last.get(component.elem_id)) if _is_update(value) else value
            last[component.elem_id] = given
        return last

    return open_with


def _is_update(value: object) -> bool:
    return isinstance(value, dict) and value.get("__type__") == "update"


def test_the_form_is_that_of_the_preset_that_a_link_names_with_the_fields_that_it_changes(opened):
    page = opened(preset="tiny", n_layer="3", learning_rate="0.01", corpus="python", qkv_bias="no")
    expected = defaults("tiny") | {"n_layer": 3, "learning_rate": 0.01, "qkv_bias": "no"}
    assert {name: page[f"field-{name}"] for name in NAMES} == expected
    assert (page["preset"], page["corpus"]) == ("tiny", "python")
    assert page["link-box"]["said"] == []


def test_what_a_link_asks_of_every_tab_reaches_its_widget_and_its_script(opened):
    page = opened(tab="attention", write="Otto", temperature="1.3", top_k="5", look="Anna", head="1.mean",
                  family="gpt2-xl", count="head_again", beside="To be", keep_seed="true", step="3")  # fmt: skip
    assert page["link-box"]["said"] == []
    assert page["link-box"]["held"] == {"tab": "attention", "head": "1.mean", "step": 3}
    told = (
        "prompt",
        "temperature",
        "top-k",
        "attention-text",
        "count-family",
        "count-rule",
        "beside-text",
        "keep-seed",
    )
    assert [page[each] for each in told] == ["Otto", 1.3, 5, "Anna", "gpt2-xl", "head_again", "To be", True]


def test_a_run_that_is_not_there_is_a_sentence_and_another_is_shown(opened):
    here = opened()["run-picker"]
    for name in ("nobody", "../welcome", "a" * 100, ""):
        page = opened(run=name, lang="vi")
        assert page["run-picker"] == here and page["link-box"]["said"][0].startswith("Không có lượt chạy nào tên")
    assert opened(run=here)["link-box"]["said"] == []


def test_own_text_stands_in_the_box_only_where_the_link_learns_from_it(opened):
    assert opened(corpus="own", text="to be or not")["own-text"] == "to be or not"
    assert opened(corpus="plays", text="to be or not")["own-text"] == ""


def test_a_link_knows_the_axes_and_means_of_the_chart():
    script = (PROJECT / "playground/train/loss_chart_axes.js").read_text(encoding="utf-8")
    units, means = (re.search(rf"const {name} = \[(.*?)\]", script).group(1) for name in ("UNITS", "WINDOWS"))
    assert (tuple(re.findall(r"\w+", units)), tuple(means.split(", "))) == (AXES, MEANS)
