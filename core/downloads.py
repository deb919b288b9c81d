"""One place for every download: checked, cached, made once at a time, and never half there.

`find_file` looks for a file that is already here; `fetch` brings one. Both trust the SHA-256 and nothing
else, so a file may come from anywhere. Three environment variables say where:

    GPT_PLAYGROUND_DATA     files put there by hand (a class offline): looked at first, never written to
    GPT_PLAYGROUND_CACHE    where downloads are kept; by default gpt-playground in the user's cache directory
    GPT_PLAYGROUND_MIRROR   an address that serves the files by name, asked instead of their own addresses

Left out on purpose: retries (whoever asked can ask again), resuming (the files are about 1 MB), and GPT-2's
weights, which `core/gpt2.py` gets from the Hub.
"""

import concurrent.futures
import contextlib
import hashlib
import os
import threading
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx

Progress = Callable[[int, int | None], None]  # called with the bytes done, and the bytes in all where known

_in_flight: dict[Path, concurrent.futures.Future[Path]] = {}  # the downloads under way
_flights_lock = threading.Lock()


class DownloadError(OSError):
    """A file could not be had; the message is one sentence with cause and remedy."""


def cache_directory() -> Path:
    """Return the folder that downloads are kept in; it may not exist yet."""
    chosen = os.environ.get("GPT_PLAYGROUND_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gpt-playground"


def data_directories() -> list[Path]:
    """Return the folders to look for files in, first choice first."""
    by_hand = os.environ.get("GPT_PLAYGROUND_DATA")
    return [Path(by_hand).expanduser(), cache_directory()] if by_hand else [cache_directory()]


def find_file(names: Iterable[str], sha256: str, directories: Iterable[Path] | None = None) -> Path | None:
    """Return the first file of these names that has this SHA-256 (hexadecimal), or None.

    Looks into `data_directories()` unless other directories are given. A file of the right name and the wrong
    content counts as absent: in the cache the next `fetch` replaces it.
    """
    names = list(names)
    for directory in data_directories() if directories is None else directories:
        for name in names:
            if _has_checksum(directory / name, sha256):
                return directory / name
    return None


def fetch(url: str, path: Path, sha256: str, progress: Progress | None = None, timeout: float = 3.0) -> Path:
    """Download `url` to `path`, unless the right file is already there, and return `path`.

    Raises DownloadError when no answer comes within `timeout` seconds, when nothing comes for as long in
    midstream, and on every other failure; then `path` is as it was. Callers who ask for the same path at the
    same time share one download, its failure included; `progress` is that of the first.
    """
    path = Path(path).absolute()
    with _flights_lock:
        flight = _in_flight.get(path)
        first = flight is None
        if flight is None:
            flight = _in_flight[path] = concurrent.futures.Future()
    if not first:
        return flight.result()
    try:
        if not _has_checksum(path, sha256):
            _download(_address(url, path), path, sha256, progress, timeout)
        flight.set_result(path)
    except BaseException as error:  # whatever it was, those who wait must not wait for ever
        stopped = DownloadError(f"The download of {path.name} was stopped; try again")
        flight.set_exception(error if isinstance(error, DownloadError) else stopped)
        raise
    finally:
        with _flights_lock:
            del _in_flight[path]
    return path


def _has_checksum(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:  # absent, a folder, not ours to read: not the file
        return False


def _address(url: str, path: Path) -> str:
    mirror = os.environ.get("GPT_PLAYGROUND_MIRROR")
    return f"{mirror.rstrip('/')}/{path.name}" if mirror else url


def _download(url: str, path: Path, sha256: str, progress: Progress | None, timeout: float) -> None:
    by_hand = f"put {path.name} into the folder that GPT_PLAYGROUND_DATA names"
    try:
        client = httpx.Client(timeout=timeout, follow_redirects=True, headers={"Accept-Encoding": "identity"})
        with client, contextlib.closing(open_url(client, url, timeout)) as response:
            right = _save(response, path, sha256, progress)
    except OSError as error:
        cause = error.strerror or type(error).__name__
        raise DownloadError(
            f"{path.name} could not be saved ({cause}); "
            "let GPT_PLAYGROUND_CACHE name a folder that has room and can be written to"
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError) as error:  # the latter two: a proxy's
        cause = cause_of(error, timeout)
        raise DownloadError(
            f"{path.name} could not be downloaded: {cause}; check the network and try again, or {by_hand}"
        ) from error
    if not right:
        raise DownloadError(
            f"{path.name} was downloaded but is not the expected file (its SHA-256 does not begin with "
            f"{sha256[:8]}; some networks answer with a page to log in); try another network, or {by_hand}"
        )


def open_url(client: httpx.Client, url: str, timeout: float) -> httpx.Response:
    """Ask for the file, in a thread of its own: no socket timeout covers a name server that hangs."""
    answer: concurrent.futures.Future[httpx.Response] = concurrent.futures.Future()

    def ask() -> None:
        try:
            answer.set_result(client.send(client.build_request("GET", url), stream=True))
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        response = answer.result(timeout)
    except concurrent.futures.TimeoutError:
        raise httpx.ConnectTimeout("no answer") from None
    if not response.is_success:
        response.close()
        response.raise_for_status()
    return response


def _save(response: httpx.Response, path: Path, sha256: str, progress: Progress | None) -> bool:
    """Stream the body into place if its checksum is right; say whether it was."""
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    digest = hashlib.sha256()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")  # unique: another process may be at it too
    try:
        with part.open("wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
                digest.update(chunk)
                if progress:
                    progress(response.num_bytes_downloaded, total)
        if digest.hexdigest() != sha256:
            return False
        part.replace(path)  # no fsync: a file damaged by a power cut fails its checksum later
        return True
    finally:
        part.unlink(missing_ok=True)


def cause_of(error: Exception, timeout: float) -> str:
    """Say in words why a download failed."""
    match error:
        case httpx.TimeoutException():
            return f"nothing came for {timeout:g} seconds"
        case httpx.HTTPStatusError():
            response = error.response
            wait = response.headers.get("Retry-After", "")
            asked = f" and asks to wait {wait} seconds" if wait.isdecimal() and len(wait) < 7 else ""
            return f"{response.url.host} answered {response.status_code} {response.reason_phrase}{asked}"
        case httpx.ConnectError():
            return "the server could not be reached"
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            return "the connection was cut"
        case _:
            return f"{type(error).__name__} ({error})"
