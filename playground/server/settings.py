"""The settings of a server, read from the command line of app.py and from the environment."""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from playground.server.profiles import CLASSROOM, LAPTOP, PROFILES, PUBLIC, Profile


@dataclass(frozen=True)
class Settings:
    """How a server is run; the defaults are those of the command line on one's own machine."""

    runs: Path = Path("runs")
    profile: Profile = LAPTOP
    host: str = LAPTOP.host
    port: int | None = None  # None: the first free one from 7860
    welcome: bool = True  # train a first run where there is none
    workers: int | None = None  # None: one a core, at most four
    browser: bool = False  # open the page in a browser on this machine


def read_settings(arguments: list[str] | None = None, environment: dict | None = None) -> Settings:
    """Read the settings; arguments win over the environment.

    On a Hugging Face Space (SPACE_ID is set) the profile is public.
    """
    env = os.environ if environment is None else environment
    on_space = bool(env.get("SPACE_ID"))
    parser = argparse.ArgumentParser(prog="app.py", description="Open the GPT Playground.")
    runs = Path(env.get("GPT_PLAYGROUND_RUNS", "runs"))
    parser.add_argument("--runs", type=Path, default=runs, help="where runs are kept")
    usual = PUBLIC if on_space else PROFILES.get(env.get("GPT_PLAYGROUND_PROFILE", ""), LAPTOP)
    parser.add_argument("--profile", choices=list(PROFILES), default=usual.name, help="who is served, and how strictly")
    parser.add_argument("--host", help="the address to listen at; by default that of the profile")
    port = env.get("PORT", "")
    parser.add_argument("--port", type=int, default=int(port) if port.isascii() and port.isdigit() else None)
    parser.add_argument("--shared", action="store_true", help="the same as --profile classroom")
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
    asked = vars(parser.parse_args(arguments))
    profile = PROFILES[asked.pop("profile")]
    if asked.pop("shared") and not profile.shared:
        profile = CLASSROOM
    return Settings(**{**asked, "profile": profile, "host": asked["host"] or profile.host})
