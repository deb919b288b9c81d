"""What axe-core finds on the page: every tab, light and dark, narrow and wide, in both languages, with a trained run.

    python -m benchmarks.axe
    python -m benchmarks.axe --axe PATH/axe.min.js --short

The last line is the number: serious and critical violations in all. Beside the tabs it looks at the present mode, the
invitation, the list of runs and a form that is refused. Left out: what axe cannot tell by itself ("incomplete").
"""

import argparse
import itertools
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, expect

from benchmarks.report import head, row
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

WIDTHS = (390, 1280)
STEPS = 60  # that the run in view is trained for: enough for samples, snapshots and an estimate or two
GRAVE = ("serious", "critical")
# A single letter has to be read too: many of our tokens are one.
EVERY_LETTER = """() => {
  const { options } = axe._audit.checks['color-contrast'];
  axe.configure({ checks: [{ id: 'color-contrast', options: { ...options, ignoreLength: true } }] });
}"""
RUN = "() => axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations)"


class Violation(NamedTuple):
    """One node that breaks one of axe's rules."""

    rule: str
    impact: str  # minor, moderate, serious or critical
    selector: str
    why: str

    @property
    def is_grave(self) -> bool:
        """Tell whether it counts."""
        return self.impact in GRAVE


def bundled() -> Path:
    """Return the axe-core that comes with `axe-playwright-python`."""
    return Path(str(files("axe_playwright_python") / "axe.min.js"))


def violations(page: Page, script: str | None = None) -> list[Violation]:
    """Return what axe finds on a page as it stands; script: another axe-core than the bundled one."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(script or bundled().read_text(encoding="utf-8"))
        page.evaluate(EVERY_LETTER)
    return [
        Violation(rule["id"], rule["impact"], " ".join(map(str, node["target"])), node["failureSummary"])
        for rule in page.evaluate(RUN)
        for node in rule["nodes"]
    ]


def refused(page: Page) -> None:
    """Fill the form so that it is refused."""
    page.locator("#field-n_head input[type=number]").fill("7")
    expect(page.locator("#advanced .refusal")).to_be_visible(timeout=PATIENCE)


def sights(page: Page) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Return what there is to see beside the tabs as they open: name -> (how one comes there, how one leaves)."""
    escape = lambda: page.keyboard.press("Escape")  # noqa: E731
    return {
        "refused": (lambda: (open_tab(page, "train"), refused(page)), lambda: None),
        "runs": (lambda: page.locator("#run-picker .field").click(), escape),
        "invitation": (lambda: page.evaluate("playground.invite()"), escape),
        "present": (lambda: page.evaluate("playground.present(true)"), escape),
    }


def look_around(page: Page, script: str | None = None) -> dict[str, list[Violation]]:
    """Open each tab and each other sight of a page; return what axe finds there."""
    found = {}
    for tab in TABS:
        open_tab(page, tab)
        if tab == "generate":
            write(page)
        found[tab] = violations(page, script)
        for section in SECTIONS if tab == "compare" else ():
            open_section(page, section)
            found[f"{tab}: {section}"] = violations(page, script)
    for name, (come, leave) in sights(page).items():
        come()
        page.wait_for_timeout(300)
        found[name] = violations(page, script)
        leave()
    return found


def main(arguments: list[str] | None = None) -> None:
    """Print what axe finds in each language, light and dark, at each width; then each kind of violation once."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.axe", description=__doc__.split("\n\n")[0])
    parser.add_argument("--axe", type=Path, help="an axe.min.js instead of the bundled one")
    parser.add_argument("--short", action="store_true", help="only English, light, wide and Vietnamese, dark, narrow")
    asked = parser.parse_args(arguments)
    script = (asked.axe or bundled()).read_text(encoding="utf-8")
    print(script[:40].splitlines()[0])
    with served("--profile", "classroom", "--host", "127.0.0.1", "--no-welcome") as server, chromium() as browser:
        found = measure(browser, server.address, script, asked.short)
    report(found)


def measure(browser: Browser, address: str, script: str, short: bool) -> dict[tuple[str, Violation], list[str]]:
    """Return (sight, violation) -> where it was seen."""
    found: dict[tuple[str, Violation], list[str]] = {}
    with visit(browser, address, "en", "light", 1280) as page:
        train(page, STEPS)
        memory = page.context.storage_state()
    combinations = list(itertools.product(LANGUAGES, LOOKS, WIDTHS))
    if short:
        combinations = [("en", "light", 1280), ("vi", "dark", 390)]
    head("language, look, width", "sights", "violations", "serious or critical")
    for lang, look, width in combinations:
        with visit(browser, address, lang, look, width, memory=memory) as page:
            seen = look_around(page, script)
        for sight, list_ in seen.items():
            for violation in list_:
                found.setdefault((sight, violation), []).append(f"{lang} {look} {width}")
        every = [violation for list_ in seen.values() for violation in list_]
        row(f"{lang}, {look}, {width}", len(seen), len(every), sum(violation.is_grave for violation in every))
    return found


def report(found: dict[tuple[str, Violation], list[str]]) -> None:
    """Print each rule that is broken on a sight, with the first node that does; and how many count."""
    print()
    rules: dict[tuple[bool, str, str], list[tuple[Violation, list[str]]]] = {}
    for (sight, violation), where in sorted(found.items()):
        rules.setdefault((not violation.is_grave, sight, violation.rule), []).append((violation, where))
    for (_, sight, rule), nodes in sorted(rules.items()):
        violation, where = nodes[0]
        print(f"{violation.impact} {rule} on {sight}, {len(nodes)} nodes, as {violation.selector} ({', '.join(where)})")
        print(f"    {' '.join(violation.why.split())}")
    grave = sum(len(where) for (_, violation), where in found.items() if violation.is_grave)
    print(f"\nserious or critical violations: {grave}")


if __name__ == "__main__":
    main()
