"""The settings of a server, read from the command line of app.py and from the environment."""

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    class_password: str | None = field(default=None, repr=False)  # without it nobody sees the page; None: all may


def read_settings(arguments: list[str] | None = None, environment: dict | None = None) -> Settings:
    """Read the settings; arguments win over the environment.

    On a Hugging Face Space (SPACE_ID is set) the profile is public.
    """
    env = os.environ if environment is None else environment
    on_space = bool(env.get("SPACE_ID"))
    parser = argparse.ArgumentParser(prog="app.py", description="Open the GPT Playground.")
    runs = Path(env.get("GPT_PLAYGROUND_RUNS", "runs"))
    parser.add_argument("--runs", type=Path, default=runs, help="where runs are kept")
    named = env.get("GPT_PLAYGROUND_PROFILE") or LAPTOP.name
    if named not in PROFILES:
        parser.error(f"GPT_PLAYGROUND_PROFILE={named[:40]!r} is no profile; set it to {', '.join(PROFILES)}")
    usual = PUBLIC if on_space else PROFILES[named]
    parser.add_argument("--profile", choices=list(PROFILES), default=usual.name, help="who is served, and how strictly")
    parser.add_argument("--host", help="the address to listen at; by default that of the profile")
    parser.add_argument("--port", type=_port, default=env.get("PORT") or None, help="1 to 65535; also PORT")
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
    parser.add_argument(
        "--class-password-file",
        type=Path,
        metavar="FILE",
        help="its first line opens the page; also GPT_PLAYGROUND_CLASS_PASSWORD",
    )
    asked = vars(parser.parse_args(arguments))
    try:
        asked["class_password"] = _class_password(asked.pop("class_password_file"), env)
    except ValueError as error:
        parser.error(str(error))
    profile = PROFILES[asked.pop("profile")]
    if asked.pop("shared") and not profile.shared:
        profile = CLASSROOM
    return Settings(**{**asked, "profile": profile, "host": asked["host"] or profile.host})


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no port; give a number from 1 to 65535, or leave it out")
    return int(text)


def _class_password(file: Path | None, env: Mapping[str, str]) -> str | None:
    """Return the class password, None where there is none; ValueError for a file that gives none."""
    if file is None:
        return env.get("GPT_PLAYGROUND_CLASS_PASSWORD") or None
    try:
        password = (file.read_text(encoding="utf-8").splitlines() or [""])[0].strip()
    except (OSError, ValueError) as error:
        raise ValueError(f"The class password's file {str(file)!r} cannot be read ({type(error).__name__})") from None
    if not password:
        raise ValueError(f"The class password's file {str(file)!r} is empty; write the password into its first line")
    return password


def warning(settings: Settings) -> str | None:
    """Return what the one who starts the server should know: that others may change everything; None: nothing."""
    if settings.profile.shared or settings.host in ("localhost", "::1") or settings.host.startswith("127."):
        return None
    return (
        f"Everybody on the network may change and delete every run here (--profile {settings.profile.name} "
        f"--host {settings.host}); for a class, start with --profile classroom"
    )
