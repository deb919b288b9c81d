"""Models for the tabs: 8-bit weights only where this torch can multiply them, and one text of a book for all."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from playground import models


def test_8_bits_choose_an_engine_that_there_is_and_are_refused_where_there_is_none(monkeypatch):
    monkeypatch.setattr(models, "gpt2_writer", lambda lang: pytest.fail("GPT-2 was loaded for nothing"))
    for engines, chosen in ((["qnnpack", "none"], "qnnpack"), (["none"], "none"), ([], "none")):
        quantized = SimpleNamespace(engine="none", supported_engines=engines)
        monkeypatch.setattr(models.torch.backends, "quantized", quantized)
        assert models.has_int8() == (chosen != "none") and quantized.engine == chosen
    with pytest.raises(ValueError, match="cannot multiply 8-bit weights on this machine; write with the full weights"):
        models.int8_gpt2_writer()


def test_the_page_of_a_book_stands_once_and_its_first_paragraph_is_what_8_bits_are_measured_on():
    sources = Path(models.__file__).parent.rglob("*.py")
    assert sum(path.read_text(encoding="utf-8").count("Alice was beginning to get") for path in sources) == 1
    assert models.PARAGRAPH in models.ALICE and models.PARAGRAPH.endswith('pictures or conversations?"')
    assert models.ALICE.count("\n\n") == 5 and "\n" not in models.PARAGRAPH
