"""Small files from the network, by `pooch`: checked, cached, brought once for all who ask, and never half there.

`find_file` looks for a file that is already here; `fetch` brings one. Both trust the SHA-256 and nothing else, so a
file may come from anywhere. Three environment variables say where:

    GPT_PLAYGROUND_DATA     files put there by hand (a class offline): looked at first, never written to
    GPT_PLAYGROUND_CACHE    where downloads are kept; by default gpt-playground in the user's cache directory
    GPT_PLAYGROUND_MIRROR   an address that serves the files by name, asked instead of their own addresses

Left out on purpose: retries (whoever asked can ask again), resuming (the files are about 1 MB), and GPT-2's weights.
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from core.once import Once

PATIENCE = 10.0  # seconds in which nothing comes, after which a download has failed
Progress = Callable[[int, int | None], None]  # called with the bytes done, and the bytes in all where known
Result = TypeVar("Result")


class DownloadError(OSError):
    """A file could not be had; the message is one sentence with cause and remedy."""


_under_way: Once[Path] = Once(shared=DownloadError)


def cache_directory() -> Path:
    """Return the folder that downloads are kept in; it may not exist yet."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "gpt-playground")
    return Path(os.environ.get("GPT_PLAYGROUND_CACHE") or default).expanduser()


def data_directories() -> list[Path]:
    """Return the folders to look for files in, first choice first."""
    by_hand = os.environ.get("GPT_PLAYGROUND_DATA")
    return [Path(by_hand).expanduser(), cache_directory()] if by_hand else [cache_directory()]


def find_file(names: Iterable[str], sha256: str, others: Iterable[Path] = ()) -> Path | None:
    """Return the first file that has this SHA-256: one of these names in `data_directories()`, or another, or None."""
    names = list(names)
    for path in [*(folder / name for folder in data_directories() for name in names), *others]:
        try:
            if hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
                return path
        except OSError:  # absent, a folder, not ours to read: not the file
            pass
    return None


def fetch(url: str, path: Path, sha256: str, progress: Progress | None = None) -> Path:
    """Download `url` to `path`, unless the right file is already there, and return `path`.

    Raises DownloadError when nothing comes for PATIENCE seconds, and on every other failure; then `path` is as it was.
    Callers who ask for the same path at the same time share one download; `progress` is that of the first.
    """
    path = Path(path).absolute()
    if mirror := os.environ.get("GPT_PLAYGROUND_MIRROR"):
        url = f"{mirror.rstrip('/')}/{path.name}"

    def bring() -> Path:
        try:
            return watch(lambda report: _retrieve(url, path, sha256, report), progress)
        except (OSError, ValueError) as error:
            what = f"could not be downloaded: {cause_of(error)}"
            remedy = (
                f"check the network and try again, or put {path.name} into the folder that GPT_PLAYGROUND_DATA names"
            )
            if not isinstance(error, OSError) and "hash" in str(error):  # in pooch's words
                what = "was downloaded but is not the expected file (some networks answer with a page to log in)"
            elif isinstance(error, OSError) and is_local(error):
                what = f"could not be saved ({cause_of(error)})"
                remedy = "let GPT_PLAYGROUND_CACHE name a folder that has room and can be written to"
            raise DownloadError(f"{path.name} {what}; {remedy}") from error

    return _under_way(path, bring)


def _retrieve(url: str, path: Path, sha256: str, report: Progress) -> Path:
    import pooch  # here, for it takes a sixth of a second with requests

    def update(size: int) -> None:
        bar.done = min(bar.done + size, bar.total or bar.done + size)  # pooch adds a whole chunk for the last one too
        report(bar.done, bar.total or None)

    bar = SimpleNamespace(done=0, total=0, update=update, reset=lambda: None, close=lambda: None)
    pooch.get_logger().setLevel("ERROR")
    path.parent.mkdir(parents=True, exist_ok=True)
    how: dict[str, Any] = {"headers": {"Accept-Encoding": "identity"}, "timeout": PATIENCE}
    how["verify"] = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR") or True
    client = pooch.HTTPDownloader(progressbar=bar, chunk_size=512, **how)  # small: a slow server is not a silent one
    pooch.retrieve(url, sha256, path.name, path.parent, downloader=cast(Any, client))
    if bar.done:
        path.chmod(0o644)  # pooch lets nobody else read it, but a class may share the cache
    return path


def watch(work: Callable[[Progress], Result], progress: Progress | None = None) -> Result:
    """Run work(report) in a thread; raise TimeoutError when it neither ends nor reports for PATIENCE seconds.

    A client bounds its own waits, except that for a name server. What is given up ends at its next report.
    """
    heard, given_up = time.monotonic(), False
    result: Future[Result] = Future()

    def report(done: int, total: int | None) -> None:
        nonlocal heard
        if given_up:
            raise TimeoutError
        heard = time.monotonic()
        if progress:
            progress(done, total)

    def run() -> None:
        try:
            result.set_result(work(report))
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=run, name="download", daemon=True).start()
    try:
        while wait([result], heard + PATIENCE + 0.5 - time.monotonic()).not_done:  # first the client's own time-out
            if time.monotonic() >= heard + PATIENCE + 0.5:
                raise TimeoutError
        return result.result()
    finally:
        given_up = True


def is_local(error: OSError) -> bool:
    """Tell whether the disk failed: the clients' own errors are OSErrors too, but not in the system's words."""
    return bool(error.strerror) or isinstance(error, PermissionError)


def cause_of(error: Exception) -> str:
    """Say in words why a download failed, by requests or by the Hub's client."""
    response, kind = getattr(error, "response", None), type(error).__name__
    if response is not None:
        seconds = response.headers.get("Retry-After", "")
        asked = f" and asks to wait {seconds} seconds" if seconds.isdecimal() and len(seconds) < 7 else ""
        reason = getattr(response, "reason", None) or getattr(response, "reason_phrase", "")
        return f"{urlsplit(str(response.url)).hostname} answered {response.status_code} {reason}{asked}"
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return f"nothing came for {PATIENCE:g} seconds"
    if kind == "SSLError":
        return "the server's certificate cannot be verified"
    if kind in ("ConnectionError", "ConnectError"):
        return "the server could not be reached"
    if kind in ("ChunkedEncodingError", "RemoteProtocolError", "ReadError"):
        return "the connection was cut"
    return getattr(error, "strerror", None) or f"{kind} ({' '.join(str(error).split())[:200]})"
