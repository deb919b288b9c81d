"""Many people open the page within seconds, with every script and style of it: how soon each can use it.

python -m benchmarks.opening --people 200 --seconds 10

Each loads what a browser loads that has never been here, over six connections. Its page can be used when the call is
answered that fills it; then it makes the other calls that a page makes by itself. Browsers would be on other machines;
here their side of it, raw HTTP, shares the server's cores.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import time

from playwright.sync_api import Request

from benchmarks.browsing import Failed, Page
from benchmarks.served import Served, served

FILLED = "() => document.querySelector('#count-line')?.textContent.trim()"
SETTLED = 3_000  # milliseconds in which a page that is filled has called all that it calls by itself
BAR = 10.0  # seconds until a page can be used


def main(arguments: list[str] | None = None) -> None:
    """Print how long openings take, what one consists of, and how much of the cores is the server's."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.opening", description=__doc__.split("\n\n")[0])
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--profile", default="classroom")
    asked = parser.parse_args(arguments)
    print(f"Load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with served("--no-welcome", "--profile", asked.profile, "--host", "127.0.0.1") as server:
        asyncio.run(measure(server, asked))


async def measure(server: Served, asked: argparse.Namespace) -> None:
    """Let everybody open the page."""
    assets, calls = await asyncio.to_thread(asked_by_a_browser, server.address)
    first = Page(server.address)
    await first.open()
    names = {call["id"]: call["api_name"] for call in first.config["dependencies"]}
    print("a browser calls by itself:", ", ".join(str(names[number]) for number in calls))
    alone = Page(server.address)
    seconds = await alone.open(assets)
    print(f"one opening: {len(assets)} files, {alone.bytes / 1e6:.2f} MB, {seconds:.2f} s alone")
    usable: list[float] = []
    failed: list[str] = []
    began, spent, ours = time.monotonic(), server.cpu_seconds(), time.process_time()

    async def one(delay: float) -> None:
        await asyncio.sleep(delay)
        page = Page(server.address)
        try:
            usable.append(await page.open(assets))
            for call in (call for call in page.config["dependencies"] if call["id"] in calls[1:]):
                await page.call(call, page.values(call))
        except Failed as error:
            failed.append(str(error))
        pages.append(page)

    pages: list[Page] = []
    await asyncio.gather(*(one(i * asked.seconds / asked.people) for i in range(asked.people)))
    took = time.monotonic() - began
    for page in pages:
        page.close()
    usable.sort()
    print(f"{len(usable)} of {asked.people} opened, {len(failed)} failed {failed[:1]}; usable after "
          f"{statistics.median(usable):.2f} s (median), {usable[int(0.95 * len(usable))]:.2f} s (p95), "
          f"{usable[-1]:.2f} s (slowest; bar: {BAR:.0f} s); all done after {took:.1f} s")  # fmt: skip
    print(f"cores: the server {(server.cpu_seconds() - spent) / took:.2f}, "
          f"those who open {(time.process_time() - ours) / took:.2f}")  # fmt: skip


def asked_by_a_browser(address: str) -> tuple[list[str], list[str]]:
    """Return what Chromium fetches of the page's own files, and the handlers that it calls by itself."""
    from playwright.sync_api import sync_playwright

    files, calls = [], []
    with sync_playwright() as player:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = player.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()

        def note(request: Request) -> None:
            name = request.url.removeprefix(address)
            if request.method == "POST" and (number := (request.post_data_json or {}).get("fn_index")) is not None:
                calls.append(number)
            elif request.method == "GET" and name and name.split("/")[0] in ("assets", "static", "theme.css"):
                files.append(name)

        page.on("request", note)
        page.goto(address)
        page.wait_for_function(FILLED, timeout=60_000)
        page.wait_for_timeout(SETTLED)
        browser.close()
    return files, calls


if __name__ == "__main__":
    main()
