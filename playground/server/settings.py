"""The settings of a server, read from the command line of app.py and from the environment."""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """How a server is run; the defaults are those of the command line on one's own machine."""

    runs: Path = Path("runs")
    host: str = "127.0.0.1"
    port: int | None = None  # None: the first free one from 7860
    shared: bool = False  # several people: each sees their own runs and those that belong to nobody
    welcome: bool = True  # train a first run where there is none
    workers: int | None = None  # None: one a core, at most four
    browser: bool = False  # open the page in a browser on this machine


def read_settings(arguments: list[str] | None = None, environment: dict | None = None) -> Settings:
    """Read the settings; arguments win over the environment.

    On a Hugging Face Space (SPACE_ID is set) the page is for everyone and listens on all interfaces.
    """
    env = os.environ if environment is None else environment
    on_space = bool(env.get("SPACE_ID"))
    parser = argparse.ArgumentParser(prog="app.py", description="Open the GPT Playground.")
    runs = Path(env.get("GPT_PLAYGROUND_RUNS", "runs"))
    parser.add_argument("--runs", type=Path, default=runs, help="where runs are kept")
    parser.add_argument("--host", default="0.0.0.0" if on_space else "127.0.0.1", help="0.0.0.0: for a whole class")
    port = env.get("PORT", "")
    parser.add_argument("--port", type=int, default=int(port) if port.isascii() and port.isdigit() else None)
    parser.add_argument("--shared", action="store_true", default=on_space, help="everyone sees only their own runs")
    parser.add_argument(
        "--no-welcome",
        dest="welcome",
        action="store_false",
        default=env.get("GPT_PLAYGROUND_WELCOME", "1") != "0",
        help="do not train a first run by itself",
    )
    parser.add_argument("--workers", type=int, choices=range(1, 65), metavar="1..64", help="how many processes train")
    has_screen = sys.platform in ("darwin", "win32") or bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))
    parser.add_argument("--no-browser", dest="browser", action="store_false", default=has_screen and not on_space)
    return Settings(**vars(parser.parse_args(arguments)))
