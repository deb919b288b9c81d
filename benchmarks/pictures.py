"""Pictures of the running page, as a visitor sees it: each tab at three widths, light and dark, in both languages; the
way from an empty page to a third run beside two others; and what is said of ten good and ten bad files.

    python -m benchmarks.pictures OUT
    python -m benchmarks.pictures docs --readme --steps 360     # on a quiet machine: the page tells when it is busy

With --readme only the README's own, under their names there. It trains on an empty folder of runs, so that two pictures
differ by what the page does. Left out: GPT-2's weights, which would have to be fetched.
"""

import argparse
import gzip
import itertools
import re
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from benchmarks.served import served
from benchmarks.visiting import (
    LANGUAGES,
    LOOKS,
    PATIENCE,
    SECTIONS,
    TABS,
    chromium,
    open_section,
    open_tab,
    train,
    visit,
    write,
)

WIDTHS = {390: 844, 1280: 900, 1920: 1080}  # pixels: width -> height
README = {"train": 1060, "attention": 1500, "compare": 1100}  # its pictures -> their height
LINE = "the cat sat on the mat, and the dog sat on the log.\n"
GOOD = {
    "plain.txt": (LINE * 90).encode(),
    "windows.txt": (LINE * 90).replace("\n", "\r\n").encode(),
    "with-mark.txt": b"\xef\xbb\xbf" + (LINE * 90).encode(),
    "utf-16.txt": (LINE * 90).encode("utf-16"),
    "tiếng-việt.txt": ("Trăm năm trong cõi người ta, chữ tài chữ mệnh khéo là ghét nhau.\n" * 60).encode(),
    "cyrillic.txt": ("Все счастливые семьи похожи друг на друга.\n" * 90).encode(),
    "emoji.txt": ("a \U0001f600 b \U0001f680 c\n" * 300).encode(),
    "code.py": (b"def f(x):\n    return x + 1\n\n" * 150),
    "invisible.txt": ("the\u200bcat sat on\u00ad the mat\n" * 200).encode(),
    "no-ending": (LINE * 90).encode(),
}
BAD = {
    "empty.txt": b"",
    "blank.txt": b" \n\t \n" * 50,
    "short.txt": b"ab",
    "one-letter.txt": b"a" * 5000,
    "latin-1.txt": ("café déjà vu\n" * 300).encode("latin-1"),
    "zeros.txt": b"\0" * 5000,
    "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 30,
    "packed.gz": gzip.compress((LINE * 90).encode()),
    "paper.pdf": b"%PDF-1.7\n" + bytes(range(128, 256)) * 40,
    "<b>name</b>.txt": b"\xff\xfe\x00" * 700,
}


def main(arguments: list[str] | None = None) -> None:
    """Take the pictures and say where each one is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures", description=__doc__.split("\n\n")[0])
    parser.add_argument("out", type=Path, help="the folder that they are put into")
    parser.add_argument("--readme", action="store_true", help="only those of the README")
    parser.add_argument("--steps", type=int, default=300, help="that each run is trained for")
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=LANGUAGES)
    parser.add_argument("--looks", nargs="+", choices=LOOKS, default=LOOKS)
    parser.add_argument("--widths", nargs="+", type=int, choices=WIDTHS, default=list(WIDTHS))
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    with served("--no-welcome") as server, chromium() as browser:
        three_runs(browser, server.address, asked)
        if asked.readme:
            readme(browser, server.address, asked.out)
            return
        for lang, look, width in itertools.product(asked.languages, asked.looks, asked.widths):
            with visit(browser, server.address, lang, look, width, WIDTHS[width]) as page:
                tabs(page, asked.out, f"{lang}-{look}-{width}")
        for lang in asked.languages:
            with visit(browser, server.address, lang, "light", 1280) as page:
                uploads(page, asked.out, lang)


def take(page: Page, out: Path, name: str, **how: Any) -> None:
    """Take a picture of the page, once it stands still."""
    page.wait_for_timeout(500)
    path = out / f"{name}.png"
    page.screenshot(path=path, animations="disabled", **how)
    print(f"{path}  {path.stat().st_size / 1000:.0f} kB", flush=True)


def three_runs(browser: Browser, address: str, asked: argparse.Namespace) -> None:
    """Go from an empty page to a third run that stands beside two others; a picture of each."""
    with visit(browser, address, "en", "light", 1280) as page:
        shown = (lambda name: None) if asked.readme else (lambda name: take(page, asked.out, f"walk-{name}"))
        shown("0-empty")
        train(page, asked.steps, "bigram")
        shown("1-first")
        train(page, asked.steps, "tiny")
        shown("2-second")
        train(page, asked.steps, "express")
        shown("3-third")


def tabs(page: Page, out: Path, name: str) -> None:
    """Take each tab from its beginning to its end, the window first, and the present mode."""
    for tab in TABS:
        page.locator(f'#tabs [data-tab-id="{tab}"]').click()
        if tab == "generate":
            write(page)
        page.wait_for_timeout(2500)  # as it opens, with nothing unfolded
        page.evaluate("window.scrollTo(0, 0)")
        take(page, out, f"{tab}-{name}")
        open_tab(page, tab)
        page.evaluate("window.scrollTo(0, 0)")
        take(page, out, f"{tab}-{name}-whole", full_page=True)
        for section in SECTIONS if tab == "compare" else ():
            open_section(page, section)
            page.wait_for_timeout(500)
            take(page, out, f"{tab}-{section}-{name}-whole", full_page=True)
    page.evaluate("playground.present(true)")
    take(page, out, f"present-{name}")
    page.evaluate("playground.present(false)")


def uploads(page: Page, out: Path, lang: str) -> None:
    """Upload ten good files and ten bad ones; take what the page says of each."""
    page.locator("#corpus input").click()
    page.get_by_role("option", name=re.compile("Your own text|Văn bản của bạn")).click()
    for kind, files in (("good", GOOD), ("bad", BAD)):
        for number, (name, data) in enumerate(files.items(), start=1):
            said = page.locator("#own-said")
            before = said.inner_text()
            page.set_input_files("#own-file input[type=file]", {"name": name, "mimeType": "", "buffer": data})
            expect(said).not_to_have_text(before, timeout=PATIENCE)
            page.wait_for_timeout(300)
            page.locator(".train-row .what").screenshot(path=out / f"upload-{lang}-{kind}-{number:02}.png")
            print(f"{lang} {kind} {name!r}: {said.inner_text()}", flush=True)
            if not page.locator("#own-file input[type=file]").count():  # a file that was read stands there
                page.locator("#own-file button").first.click()
                expect(page.locator("#own-file input[type=file]")).to_be_attached(timeout=PATIENCE)


def readme(browser: Browser, address: str, out: Path) -> None:
    """Take the README's pictures."""
    for name, height in README.items():
        with visit(browser, address, "en", "light", 1280, height) as page:
            page.locator(f'#tabs [data-tab-id="{name}"]').click()
            page.wait_for_timeout(4000)
            take(page, out, name)
            path = out / f"{name}.png"
            Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)  # half of the bytes, no eye sees it
            print(f"{path}  {path.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
