"""One hand on the slider of snapshots: milliseconds from a move until each view shows the other step, in a browser.

python -m benchmarks.moving --preset small --steps 800

A run is trained first, from the page. Each step is moved to twice: the first time its snapshot comes from the disk, the
second time from memory.
"""

import argparse
import os
import statistics

from playwright.sync_api import Page

from benchmarks.served import served
from benchmarks.visiting import DRAWN, PATIENCE, chromium, train, visit

BAR = 200  # milliseconds, for `small`
WATCHED = {
    "generate": {"bars": "#by-hand .is-now .bars", "first letters": "#written .tokens"},
    "attention": {"heatmap": "#attention-view .of"},
    "compare": {"reading": "#beside-mine", "weights": "#beside-weights"},
}
MOVE = """([place, watched]) => new Promise((done) => {
    const slider = document.querySelector('#step-slider .steps'), began = performance.now(), seen = {};
    const told = (selector) => document.querySelector(selector)?.textContent;
    const before = Object.fromEntries(Object.entries(watched).map(([name, selector]) => [name, told(selector)]));
    slider.value = place;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    (function look() {
        const now = performance.now() - began;
        for (const [name, selector] of Object.entries(watched)) {
            if (told(selector) !== before[name]) seen[name] ??= now;
        }
        if (now > 5000 || Object.keys(seen).length === Object.keys(watched).length) done(seen);
        else setTimeout(look, 2);
    })();
})"""


def main(arguments: list[str] | None = None) -> None:
    """Train a run and print how soon each view follows the slider."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moving", description=__doc__.split("\n\n")[0])
    parser.add_argument("--preset", default="small")
    parser.add_argument("--steps", type=int, default=800)
    asked = parser.parse_args(arguments)
    print(f"Load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with served("--no-welcome") as server, chromium() as browser:
        with visit(browser, server.address, "en", "light", 1280) as page:
            train(page, asked.steps, asked.preset)
            for tab, watched in WATCHED.items():
                for times in ("first", "again"):
                    _tell(tab, times, watched, _moves(page, tab, watched))
    print(f"Load of this machine: {os.getloadavg()[0]:.1f}")


def _moves(page: Page, tab: str, watched: dict[str, str]) -> list[dict[str, float]]:
    page.locator(f'#tabs [data-tab-id="{tab}"]').click()
    page.locator(DRAWN[tab][0]).first.wait_for(timeout=PATIENCE)
    page.wait_for_timeout(3000)
    last, found = int(page.locator("#step-slider .steps").get_attribute("max")), []
    for place in (*range(last - 1, -1, -1), last):
        found.append(page.evaluate(MOVE, [place, watched]))
        page.wait_for_timeout(800)  # until the text is written, too
    return found


def _tell(tab: str, times: str, watched: dict[str, str], found: list[dict[str, float]]) -> None:
    for name in watched:
        seen = [each[name] for each in found if name in each]
        late, missing = sum(wait > BAR for wait in seen), len(found) - len(seen)
        never = f", {missing} never seen" if missing else ""
        print(f"{tab:10} {name:14} {times:6} median {statistics.median(seen):4.0f} ms, most {max(seen):4.0f} ms, "
              f"{late} of {len(found)} above {BAR} ms{never}")  # fmt: skip


if __name__ == "__main__":
    main()
