"""The settings of a server, read from the command line of app.py and from the environment."""

import argparse
import os
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path

from playground.server.profiles import CLASSROOM, LAPTOP, PROFILES, PUBLIC, Profile
from playground.server.rights import LONGEST_KEY

SHORTEST_KEY = 8  # characters


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
    teacher_key: str | None = field(default=None, repr=False)  # who types it is the host (`rights.py`)
    key_is_made: bool = False  # here, so that nobody knows it yet


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
    told = "a file with the key of who may change everybody's runs; or the key itself in GPT_PLAYGROUND_TEACHER_KEY"
    parser.add_argument("--teacher-key-file", type=Path, metavar="FILE", help=told)
    asked = vars(parser.parse_args(arguments))
    profile = PROFILES[asked.pop("profile")]
    if asked.pop("shared") and not profile.shared:
        profile = CLASSROOM
    file, given = asked.pop("teacher_key_file"), env.get("GPT_PLAYGROUND_TEACHER_KEY", "").strip()
    try:
        key = file.read_text(encoding="utf-8").strip() if file else given
    except (OSError, ValueError) as error:
        parser.error(f"--teacher-key-file: {file} cannot be read ({type(error).__name__})")
    if (file or key) and not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        parser.error(f"the teacher's key must have {SHORTEST_KEY} to {LONGEST_KEY} characters, but has {len(key)}")
    is_made = not key and profile.name == CLASSROOM.name
    key = secrets.token_hex(16) if is_made else key or None
    keys = {"teacher_key": key, "key_is_made": is_made}
    return Settings(**{**asked, **keys, "profile": profile, "host": asked["host"] or profile.host})
