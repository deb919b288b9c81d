"""One's own text in a real browser: files that are texts, files that are none, and a text that survives a reload."""

import io
import unicodedata
import zipfile

import pytest
from playwright.sync_api import expect

from tests.served import served, visited

TEXT = "Zwölf Boxkämpfer jagen Viktor.\nMột hai ba bốn.\n" * 40
WAIT = {"timeout": 60_000}


def _office() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "text")
    return file.getvalue()


GOOD = {  # what is said of it, and how the box begins
    "a.txt": (TEXT.encode(), "1,880 characters, 29 different", "Zwölf"),
    "a.md": (TEXT.encode("utf-8-sig"), "1,880 characters", "Zwölf"),
    "a.csv": (TEXT.encode("utf-16"), "1,880 characters", "Zwölf"),
    "a.py": (b"def f():\r\n    return 1\r\n" * 40, "80 Windows line ends were made plain", "def f"),
    "a.srt": (TEXT.encode("utf-32"), "1,880 characters", "Zwölf"),
    "a.json": (b'{"a": "b"}\n' * 60, "660 characters", '{"a"'),
    "cut.txt": (TEXT.encode() + b"\xe4\xbd", "ends inside a character, which was left out", "Zwölf"),
    "nfd.txt": (unicodedata.normalize("NFD", TEXT).encode(), "Letters were composed", "Zwölf"),
    "hindi.txt": ("नमस्ते दुनिया। ".encode() * 20_000, "300,000 characters", "नमस्ते"),
    "hidden.txt": (("a\ufeffb " + TEXT).encode(), "nobody sees (U+FEFF: 1)", "a\ufeffb"),
}
BAD = {
    "latin.txt": ("déçu naïve ".encode("latin-1") * 99, "it looks like text in an older encoding"),
    "binary.txt": (bytes(range(256)) * 9, "looks like a binary file"),
    "a.pdf": (b"%PDF-1.7 text", "looks like a PDF document"),
    "a.docx": (_office(), "a zip archive or an office document"),
    "long.txt": ("é".encode() * 5_000_001, "5,000,001 characters, over the limit of 5,000,000"),
    "empty.txt": (b"", "The file is empty"),
    "blank.txt": (b" \n" * 9, "The file is empty"),
    "zero.txt": (b"text\x00text", "character 4 is NUL"),
    "no-mark.txt": (TEXT.encode("utf-16-le"), "without its byte order mark"),
    "damaged.txt": (TEXT.encode() + b"x\xff\n" + TEXT.encode(), "(0xFF, in line 81) is not valid in UTF-8"),
}


def _some(files: dict, each: int) -> list:
    return list(files.items())[::-each][::-1]


def _upload(page, name: str, data: bytes) -> None:
    expect(page.locator("#own-file input[type=file]")).to_be_attached(**WAIT)
    page.set_input_files("#own-file input[type=file]", {"name": name, "mimeType": "text/plain", "buffer": data})


@pytest.mark.parametrize("each", [pytest.param(1, marks=pytest.mark.slow), 4])
def test_ten_texts_are_read_and_ten_others_refused_beside_the_box(tmp_path, browser, each):
    """All of them, or the last and each fourth before it."""
    with served(tmp_path / "runs", "--no-welcome") as address, visited(browser, address) as page:
        expect(page.locator("#count-line")).to_contain_text("parameters", **WAIT)
        page.click("#corpus input")
        page.get_by_role("option", name="Your own text").click()
        box, said, file = page.locator("#own-text textarea"), page.locator("#own-said"), page.locator("#own-file")
        for name, (data, sentence, begins) in _some(GOOD, each):
            _upload(page, name, data)
            expect(said).to_contain_text(f"{name}: ", **WAIT)
            expect(said).to_contain_text(sentence)
            assert box.input_value().startswith(begins), name
            file.locator("button[aria-label='Clear'], button[aria-label*='emove']").first.click()
            expect(said).to_have_text("", **WAIT)
        page.get_by_role("button", name="Take the invisible characters out").click()
        expect(said).to_contain_text("Invisible characters were taken out: 1.", **WAIT)
        kept = box.input_value()
        assert kept.startswith("ab Zwölf")
        for name, (data, sentence) in _some(BAD, each):
            _upload(page, name, data)
            expect(said).to_contain_text(f"⚠ {name} was not taken: ", **WAIT)
            expect(said).to_contain_text(sentence)
            expect(file).not_to_contain_text(name, **WAIT)  # the box and the name belong together
            assert box.input_value() == kept, name
        page.get_by_role("button", name="Replace what is not valid").click()
        expect(said).to_contain_text("1 place that is not valid was replaced", **WAIT)
        assert "x\ufffd\n" in box.input_value()
        box.fill("Words that were never trained on. " * 30)
        box.blur()
        expect(said).to_contain_text("Words that were never trained on", **WAIT)
        page.reload()
        expect(box).to_have_value("Words that were never trained on. " * 30, **WAIT)
