"""The settings of a server, read from the command line of app.py and from the environment."""

import argparse
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from playground.server.origins import hostname, is_loopback, network_of
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
    allowed_hosts: tuple[str, ...] = ()  # names of this server, beside those that it knows by itself
    trusted_proxies: tuple[str, ...] = ()  # addresses or networks whose X-Forwarded-* is believed
    class_password: str | None = field(default=None, repr=False)  # without it nobody sees the page; None: all may
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
    named = env.get("GPT_PLAYGROUND_PROFILE") or LAPTOP.name
    if named not in PROFILES:
        parser.error(f"GPT_PLAYGROUND_PROFILE={named[:40]!r} is no profile; set it to {', '.join(PROFILES)}")
    usual = PUBLIC if on_space else PROFILES[named]
    parser.add_argument("--profile", choices=list(PROFILES), default=usual.name, help="who is served, and how strictly")
    parser.add_argument(
        "--host", type=lambda text: text.strip("[]"), help="where to listen; by default that of the profile"
    )
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
    parser.add_argument(
        "--no-browser", dest="browser", action="store_false", default=has_screen and not on_space,
        help="do not open the page in a browser on this machine",
    )  # fmt: skip
    _add_lists(parser, env)
    _add_secrets(parser)
    asked = vars(parser.parse_args(arguments))
    try:
        asked["class_password"] = _class_password(asked.pop("class_password_file"), env)
    except ValueError as error:
        parser.error(str(error))
    profile = PROFILES[asked.pop("profile")]
    if asked.pop("shared") and not profile.shared:
        profile = CLASSROOM
    key_file = asked.pop("teacher_key_file")
    try:
        asked |= _teacher_key(key_file, env, profile)
    except ValueError as error:
        parser.error(str(error))
    lists = {name: tuple(asked[name] or ()) for name in ("allowed_hosts", "trusted_proxies")}
    return Settings(**{**asked, **lists, "profile": profile, "host": asked["host"] or profile.host})


def _add_secrets(parser: argparse.ArgumentParser) -> None:
    told = "a file whose first line is the class's password; also GPT_PLAYGROUND_CLASS_PASSWORD"
    parser.add_argument("--class-password-file", type=Path, metavar="FILE", help=told)
    told = "a file with the key of who may change everybody's runs; or the key itself in GPT_PLAYGROUND_TEACHER_KEY"
    parser.add_argument("--teacher-key-file", type=Path, metavar="FILE", help=told)


def _add_lists(parser: argparse.ArgumentParser, env: Mapping[str, str]) -> None:
    """Add what may be given several times; an argument takes the place of all that the environment names."""
    options = (
        ("--allow-host", "allowed_hosts", "NAME", _host, "a name that this server is reached by, as behind a proxy"),
        ("--trust-proxy", "trusted_proxies", "ADDRESS", _proxy, "a proxy, or a network of them, whose word is taken"),
    )
    for option, name, metavar, read, words in options:
        usual = [each.strip() for each in env.get(f"GPT_PLAYGROUND_{name.upper()}", "").split(",") if each.strip()]
        try:
            usual = [read(each) for each in usual]
        except argparse.ArgumentTypeError as error:
            parser.error(f"GPT_PLAYGROUND_{name.upper()}: {error}")
        parser.add_argument(
            option, dest=name, action=_Several, default=usual, type=read, metavar=metavar, help=f"{words}; repeatable"
        )


class _Several(argparse.Action):
    """Collect the values of an option; the first one ends the default."""

    def __call__(self, parser: object, namespace: argparse.Namespace, values: object, option: object = None) -> None:
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, [*([] if before is self.default else before), values])


def _host(text: str) -> str:
    name = hostname(text.strip())
    if not name or name != text.strip().strip("[]").lower().rstrip("."):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a host; give one such as play.example.org")
    return name


def _without_brackets(text: str) -> str:
    return text.strip("[]")


def _proxy(text: str) -> str:
    try:
        return str(network_of(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def port_of(text: str, named: str = "") -> int:
    """Read a port; named: where it stands, for the refusal (ValueError)."""
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= 65_535):
        raise ValueError(f"{named}{text[:40]!r} is no port; give a number from 1 to 65535, or leave it out")
    return int(text)


def _port(text: str) -> int:
    try:
        return port_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _class_password(file: Path | None, env: Mapping[str, str]) -> str | None:
    """Return the class password, None where there is none; ValueError for a file that gives none."""
    if file is None:
        return env.get("GPT_PLAYGROUND_CLASS_PASSWORD") or None
    try:
        password = (file.read_text(encoding="utf-8").splitlines() or [""])[0].strip()
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or type(error).__name__
        remedy = "name a text file in UTF-8 that the server's user may read"
        raise ValueError(f"The class password's file {str(file)!r} cannot be read ({cause}); {remedy}") from None
    if not password:
        raise ValueError(f"The class password's file {str(file)!r} is empty; write the password into its first line")
    return password


def _teacher_key(file: Path | None, env: Mapping[str, str], profile: Profile) -> dict[str, str | bool | None]:
    """Return the teacher's key, and whether it was made here, as for a class that was given none."""
    try:
        key = (file.read_text(encoding="utf-8") if file else env.get("GPT_PLAYGROUND_TEACHER_KEY", "")).strip()
    except (OSError, ValueError) as error:
        raise ValueError(
            f"The file of the teacher's key, {str(file)!r}, cannot be read ({type(error).__name__}); "
            "name a text file that this user may read"
        ) from None
    if (file or key) and not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise ValueError(
            f"The teacher's key must have {SHORTEST_KEY} to {LONGEST_KEY} characters, but has {len(key)}; "
            "write another one"
        )
    is_made = not key and profile.name == CLASSROOM.name
    return {"teacher_key": secrets.token_hex(16) if is_made else key or None, "key_is_made": is_made}


def warning(settings: Settings) -> str | None:
    """Return what the one who starts the server should know: that others may change everything; None: nothing."""
    if settings.profile.shared or is_loopback(settings.host):
        return None
    return (
        f"Everybody on the network may change and delete every run here (--profile {settings.profile.name} "
        f"--host {settings.host}); for a class, start with --profile classroom"
    )
