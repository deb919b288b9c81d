"""Everything that the program refuses or reports has its Vietnamese, with the same values in it."""

import re

import pytest

from core.config import BigramConfig, GPTConfig, ModernConfig, SampleConfig, TrainConfig
from core.downloads import DownloadError
from core.pretrained.hub import Commit
from core.runs.plan import RunOptions
from core.text.corpora import clean_text, own_text
from core.text.decoding import _SIGNATURES, decode_text
from core.training import Diverged
from playground import build as build  # all words of the page
from playground.train.form import NAMES, options_of
from playground.words.refusals import refused
from tests.sentences import find_sentences
from tests.vietnamese import foreign_words

MARK = re.compile("\u27e8[0-9]+\u27e9")
# The beginnings of sentences that stay English, because no user of the page can meet them.
FOR_PROGRAMMERS = (  # who call a function of core/ or a widget's `pack` wrongly
    "weights must be (L, nh, T, T)", "x and y must be one batch", "The ids must be one row", "order=",
    "\u27e81\u27e9 has shape \u27e82\u27e9 and type", "\u27e81\u27e9 has tokens from", "characters=", "text[",
    "weights has the shape", "weights has numbers", "predictions has", "scores has the shape", "scores needs one",
    "The Vietnamese of", "The words ",
)  # fmt: skip
CAUGHT = ("not a GPT-2", "no stub file")  # where they are raised
TERMINAL = (
    "\u27e81\u27e9 cannot change when a run goes on",
    "There is no run called \u27e81\u27e9 in \u27e82\u27e9",
    "There is no file \u27e81\u27e9; give --text",
    "\u27e81\u27e9 is a folder, not a file; give --text",
    "\u27e81\u27e9 cannot be read (\u27e82\u27e9); give --text",
    "\u27e81\u27e9 is a file, and no folder to keep runs in", "Runs cannot be kept in",
    "\u27e81\u27e9 is no address of this machine", "Port \u27e81\u27e9 is in use", "Nobody can listen at port",
    "\u27e81\u27e9\u27e82\u27e9 is no port",
)  # fmt: skip  # of the command lines, which speak English


def _is_said_in_vietnamese(english: str) -> bool:
    vietnamese = refused(english, "vi")
    same_places = set(MARK.findall(english)) <= set(MARK.findall(vietnamese))
    return vietnamese != english and same_places and not foreign_words(vietnamese)


def test_every_sentence_of_the_program_has_its_vietnamese_with_the_same_places():
    sentences = [s for s in find_sentences() if not s.text.startswith((*FOR_PROGRAMMERS, *CAUGHT, *TERMINAL))]
    assert len(sentences) > 150
    missing = [
        f"{s.place}: {s.text}\n  {refused(s.text, 'vi')}" for s in sentences if not _is_said_in_vietnamese(s.text)
    ]
    assert not missing, "Add the Vietnamese to playground/words/refusals_*.py or the tab's words:\n" + "\n".join(
        missing
    )


def test_what_is_excepted_is_still_there():
    texts = [sentence.text for sentence in find_sentences()]
    for beginning in (*FOR_PROGRAMMERS, *CAUGHT, *TERMINAL):
        assert any(text.startswith(beginning) for text in texts), beginning


def test_an_unknown_sentence_stays_as_it_is():
    for text in ("Nobody knows of this and that.", "one or another, from here to there", "a: b; c", "5 more.", ""):
        assert refused(text, "vi") == text


OUTSIDE = [None, -1, -0.5, 1e9, 2.5, "abc", True, [], {}, float("nan"), "x" * 3000, 10**400]


def _refusals(kind, field: str) -> list[str]:
    """Return what the contract says to values of a field that it may not have."""
    whole = {"block_size": 8, "vocab_size": 9, "n_layer": 1, "n_head": 2, "n_embd": 8}
    base = {name: whole[name] for name in kind.model_fields if name in whole}
    said = []
    for value in OUTSIDE:
        try:
            kind.parse({**base, field: value})
        except ValueError as error:
            said.append(str(error))
    return said


def test_every_option_refuses_in_vietnamese_what_is_out_of_its_range():
    count = 0
    for kind in (GPTConfig, ModernConfig, BigramConfig, TrainConfig, SampleConfig, RunOptions):
        for field in kind.model_fields:
            for said in _refusals(kind, field):
                count += 1
                vietnamese = refused(said, "vi")
                assert vietnamese != said and not foreign_words(
                    vietnamese.partition("lựa chọn")[0].replace(field, "")
                ), (said, vietnamese)
                assert field in vietnamese, (said, vietnamese)
    assert count > 400
    assert all(_refusals(options_of(name), name) for name in NAMES)  # every field of the form is among them


REAL = {
    "a number in a place follows the language": (
        lambda: GPTConfig.parse({"block_size": 8, "vocab_size": 9, "n_layer": 1, "n_head": 3, "n_embd": 12_289}),
        "n_embd=12289 không hợp lệ; giá trị phải là một số nguyên từ 1 đến 12.288",
    ),
    "cause and remedy": (
        lambda: GPTConfig.parse({"block_size": 8, "vocab_size": 9, "n_layer": 1, "n_head": 3, "n_embd": 100}),
        "n_embd=100 không chia hết cho n_head=3; hãy thử n_embd=99 hoặc 102",
    ),
    "a field that is left empty": (
        lambda: TrainConfig.parse({"steps": None}),
        "steps đang để trống; giá trị phải là một số nguyên từ 1 đến 1.000.000",
    ),
    "a field that there is not": (
        lambda: BigramConfig.parse({"block_size": 8, "vocab_size": 9, "n_head": 1}),
        "Không có thiết lập nào tên là 'n_head'; các thiết lập gồm block_size, vocab_size",
    ),
    "a download offline": (
        lambda: Commit("openai-community/gpt2", "0" * 40).fetch(["config.json"]),
        "config.json của openai-community/gpt2 không có trong bộ nhớ đệm của Hub, mà HF_HUB_OFFLINE cấm hỏi nó; "
        "hãy bỏ biến đó, hoặc cho HF_HOME chỉ tới một bộ nhớ đệm đã có sẵn",
    ),
    "an upload that is no text": (
        lambda: decode_text(b"caf\xe9 cr\xe8me"),
        "Tệp này không phải UTF-8; nó trông giống văn bản dùng bảng mã cũ, như Latin-1 hoặc Windows-1252 "
        "(byte 3 không hợp lệ); hãy lưu nó thành văn bản thuần UTF-8 rồi tải lên",
    ),
    "a text of one letter": (
        lambda: own_text("a" * 4321),
        "Văn bản chỉ có 'a' (U+0061) nên không có gì để học; hãy thêm văn bản có các ký tự khác",
    ),
}


@pytest.mark.parametrize("case", REAL)
def test_a_real_refusal_is_said_whole(case, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    refuse, vietnamese = REAL[case]
    with pytest.raises((ValueError, OSError)) as refusal:
        refuse()
    assert refused(refusal.value, "vi") == vietnamese
    assert refused(refusal.value, "en") == str(refusal.value)


def test_every_kind_of_file_that_is_no_text_is_named_in_vietnamese():
    for signature in _SIGNATURES:
        with pytest.raises(ValueError) as refusal:
            decode_text(signature + b"rest")
        assert not foreign_words(refused(refusal.value, "vi")), refusal.value


@pytest.mark.parametrize("text", ["a\x00b", "a\x00\x00b", "a\r\nb", "a\r\nb\r\n", "\x00\r\n", "\x00\x00\r\n\r\n"])
def test_what_was_changed_in_a_text_is_told_in_vietnamese(text):
    told = refused(clean_text(text)[1], "vi")
    assert "ký tự" in told or "xuống dòng" in told
    assert not foreign_words(told)


STATUSES = [
    str(Diverged(1200, 1000, {"learning_rate": 0.03})),
    "Training ended with an error: The optimizer's state is of another model",
    "The training process ended (killed, perhaps for want of memory); going on.",
    "The training process ended twice at about step 7 (exit code 1); press Play to try again from the last saved "
    "step, or make the model or batch smaller.",
    str(DownloadError("x.txt could not be saved (No space left on device); let GPT_PLAYGROUND_CACHE name a folder that "
                      "has room and can be written to")),
]  # fmt: skip


@pytest.mark.parametrize("message", STATUSES)
def test_the_message_of_a_status_is_said_with_its_cause(message):
    told = refused(message, "vi")
    assert told != message and not foreign_words(told)


def test_a_number_in_a_status_follows_the_language_and_an_address_stays():
    assert refused(STATUSES[0], "vi").endswith("Hãy thử giảm learning_rate (0,003 thay vì 0,03)")
    told = refused("a.bin of x/y could not be downloaded: 127.0.0.1 answered 503 Busy; try again later, or let "
                   "HF_ENDPOINT name a mirror", "vi")  # fmt: skip
    assert "127.0.0.1 trả lời 503" in told
