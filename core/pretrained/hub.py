"""Files of one commit on the Hugging Face Hub: found in its cache, or downloaded into it, with every wait bounded.

The cache has the layout that the Hub documents (blobs named by their checksum, snapshots that point at them): what is
brought here is found by `transformers`, and what that brought is found here. The Hub's own client is not asked to
download, for a page must know within seconds: the client tries again for minutes, waits as long as a busy Hub asks,
drops what has arrived when it gives up, and tells its progress ten megabytes at a time.

    HF_ENDPOINT             another Hub, such as a mirror
    HF_HUB_CACHE, HF_HOME   where the cache is; by default huggingface in the user's cache directory
    HF_HUB_OFFLINE          ask nobody; only what is in the cache is there

Left out on purpose: tokens (these files are public), and branches: a commit never changes, so that half a file may be
continued by the next try.
"""

import contextlib
import hashlib
import ipaddress
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx

from core.downloads import DownloadError, Progress, cause_of, open_url

PATIENCE = 3.0  # seconds without a byte before a download has failed
ABANDONED = 60.0  # seconds after which a part that nobody writes to was left by a process that died
_HOPS = 5  # how many redirects in a row are followed


class NotThere(DownloadError):
    """The Hub has no such file."""


def endpoint() -> str:
    """Return the address of the Hub that is asked."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def is_offline() -> bool:
    """Tell whether the environment forbids asking the Hub."""
    wishes = (os.environ.get(name, "") for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))
    return any(wish.upper() in ("1", "ON", "YES", "TRUE") for wish in wishes)


def is_on_this_machine() -> bool:
    """Tell whether the Hub that is asked is a stand-in on the loopback."""
    try:
        host = httpx.URL(endpoint()).host
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except (ValueError, httpx.InvalidURL):  # a name, or no address at all
        return False


def cache_directory() -> Path:
    """Return the folder that the Hub's files are kept in, as the Hub's own client finds it; it may not exist yet."""
    if chosen := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(os.path.expandvars(chosen)).expanduser()
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return Path(os.path.expandvars(home)).expanduser() / "hub"


@dataclass(frozen=True)
class Commit:
    """One commit of a model's repository, such as ("openai-community/gpt2", "607a30d7...")."""

    repo: str
    revision: str

    @property
    def folder(self) -> Path:
        """The folder where the files of the commit lie under their own names; it may not exist yet.

        The repositories once had no owner in their name ("gpt2"), and a cache that was filled so is as good.
        """
        folders = [self._storage(name) / "snapshots" / self.revision for name in (self.repo, self.repo.split("/")[-1])]
        return next((folder for folder in folders if (folder / "config.json").exists()), folders[0])

    def has(self, files: Iterable[str]) -> bool:
        """Tell whether all of these files are in the cache."""
        return all((self.folder / file).is_file() for file in files)

    def fetch(self, files: Iterable[str], optional: Iterable[str] = (), progress: Progress | None = None) -> None:
        """Download what is not in the cache; optional files may be missing on the Hub too.

        The total is told from when the last file begins, so name the large one last. Raises DownloadError when no
        answer comes within PATIENCE seconds, when nothing comes for as long in midstream, and on every other failure.
        """
        missing = [file for file in files if not self.has([file])]
        if missing and is_offline():
            raise DownloadError(
                f"{missing[0]} of {self.repo} is not in the Hub's cache, and HF_HUB_OFFLINE forbids asking for it; "
                "unset that, or let HF_HOME name the folder of a cache that was filled elsewhere"
            )
        done = 0
        for file in missing:
            with contextlib.suppress(NotThere) if file in optional else contextlib.nullcontext():
                done += _Download(self, file).run(progress, done, last=file == missing[-1])

    def check(self, file: str) -> None:
        """Compare a file with the SHA-256 that its blob is named by, if it is; if they differ, `discard` it."""
        path = self.folder / file
        name = Path(os.readlink(path)).name if path.is_symlink() else ""
        if _is_sha256(name) and _sha256(path) != name:
            self.discard(file)

    def discard(self, file: str) -> None:
        """Put a damaged file away, so that the next try downloads it anew, and say so: always raises DownloadError."""
        pointer = self.folder / file
        try:
            if pointer.is_symlink():
                blob = pointer.parent / os.readlink(pointer)
                if blob.parent.resolve() == (pointer.parents[2] / "blobs").resolve():  # not a file of the user's own
                    blob.unlink(missing_ok=True)
            pointer.unlink(missing_ok=True)
        except OSError as error:
            raise DownloadError(
                f"{file} of {self.repo} is damaged in the Hub's cache and cannot be removed ({error.strerror}); "
                "let HF_HOME name a folder that can be written to"
            ) from None
        raise DownloadError(
            f"{file} of {self.repo} is damaged or another file (some networks answer with a page to log in) and was "
            "removed from the Hub's cache; try again to download it anew"
        )

    def _storage(self, repo: str) -> Path:
        return cache_directory() / f"models--{repo.replace('/', '--')}"


class _Download:
    """One file on its way into the cache."""

    def __init__(self, commit: Commit, file: str):
        self.commit, self.file = commit, file
        self.blobs = commit.folder.parents[1] / "blobs"
        self.name = f"{commit.revision[:12]}-{file}"

    def run(self, progress: Progress | None, before: int, last: bool) -> int:
        """Bring the file and return its size; `before` bytes of other files are counted as done."""
        part = self.blobs / f"{self.name}.{uuid.uuid4().hex[:8]}.incomplete"
        try:
            self.blobs.mkdir(parents=True, exist_ok=True)
            self._take_over(part)
            with httpx.Client(timeout=PATIENCE, headers={"Accept-Encoding": "identity"}) as client:
                tag = self._receive(client, part, progress, before, last)
            size = part.stat().st_size
            self._place(part, tag)
            return size
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()  # it may be what fills the disk
            if isinstance(error, DownloadError):
                raise
            raise self._unsaved(error.strerror or type(error).__name__) from error
        except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError) as error:  # the latter two: a proxy's
            raise self._failure(error) from error
        finally:
            with contextlib.suppress(OSError):  # what has arrived waits for the next try
                part.replace(self.blobs / f"{self.name}.incomplete")

    def _take_over(self, part: Path) -> None:
        """Go on where an earlier try ended. To rename is to claim: no two processes write into one file."""
        left = []
        for path in self.blobs.glob(f"{self.name}*.incomplete"):
            with contextlib.suppress(OSError):
                state = path.stat()
                if path.name == f"{self.name}.incomplete" or time.time() - state.st_mtime > ABANDONED:
                    left.append((state.st_size, path))
        for _, path in sorted(left):  # the longest comes last, and stays
            with contextlib.suppress(OSError):
                path.replace(part)

    def _receive(self, client: httpx.Client, part: Path, progress: Progress | None, before: int, last: bool) -> str:
        """Stream the rest of the file into its part, and return its ETag, or "" when the Hub gives none."""
        start = part.stat().st_size if part.exists() else 0
        response, tag = self._ask(client, start)
        with contextlib.closing(response):
            if response.status_code != 206:  # the whole file, whatever was asked for
                start = 0
            length = response.headers.get("Content-Length", "")
            total = start + int(length) if length.isdecimal() else None
            self._check_room((total or start) - start)
            with part.open("ab" if start else "wb") as file:
                for chunk in response.iter_bytes():
                    file.write(chunk)
                    if progress:
                        done = start + response.num_bytes_downloaded
                        progress(before + done, before + total if last and total is not None else None)
        return tag

    def _ask(self, client: httpx.Client, start: int) -> tuple[httpx.Response, str]:
        """Ask for the file from a byte on; return the answer and the ETag. Each redirect has PATIENCE of its own.

        A large file lies elsewhere, and its ETag, which is its SHA-256, comes with the redirect.
        """
        url = httpx.URL(f"{endpoint()}/{self.commit.repo}/resolve/{self.commit.revision}/{self.file}")
        client.headers.update({"Range": f"bytes={start}-"} if start else {})
        tag = ""
        for _ in range(_HOPS):
            try:
                response = open_url(client, str(url), PATIENCE)
            except httpx.HTTPStatusError as error:
                response = error.response
                if response.status_code == 416 and start:  # the part is as long as the file, or longer
                    del client.headers["Range"]
                    return self._ask(client, 0)
                if not response.has_redirect_location:
                    raise
                url = response.url.join(response.headers["Location"])
            tag = tag or response.headers.get("X-Linked-Etag") or response.headers.get("ETag", "")
            if response.is_success:
                return response, tag.removeprefix("W/").strip('"')
        raise httpx.TooManyRedirects("too many redirects")

    def _check_room(self, size: int) -> None:
        free = shutil.disk_usage(self.blobs).free
        if size > free:
            raise self._unsaved(f"it needs {size / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free")

    def _place(self, part: Path, tag: str) -> None:
        """Check the file and let it become visible, complete or not at all."""
        checksum = _sha256(part)
        if _is_sha256(tag) and tag != checksum:
            part.unlink()
            raise DownloadError(
                f"{self.file} of {self.commit.repo} was downloaded but is not the expected file (its SHA-256 does not "
                f"begin with {tag[:8]}); try again, or try another network"
            )
        blob = self.blobs / (tag if re.fullmatch(r"[\w.-]{8,128}", tag) else checksum)
        part.replace(blob)
        pointer = self.commit.folder / self.file
        pointer.parent.mkdir(parents=True, exist_ok=True)
        fresh = pointer.with_name(f"{self.file}.{uuid.uuid4().hex[:8]}")
        try:
            fresh.symlink_to(os.path.relpath(blob, pointer.parent))
        except OSError:  # Windows lets few users make links
            blob.replace(fresh)
        fresh.replace(pointer)

    def _unsaved(self, cause: str) -> DownloadError:
        return DownloadError(
            f"{self.file} of {self.commit.repo} could not be saved ({cause}); free some disk space, or let HF_HOME "
            "name a folder that has room and can be written to"
        )

    def _failure(self, error: Exception) -> DownloadError:
        kind, remedy = DownloadError, "check the network and try again (what has arrived is kept)"
        if isinstance(error, httpx.HTTPStatusError):
            kind, remedy = (NotThere if error.response.status_code == 404 else DownloadError), "try again later"
        cause = cause_of(error, PATIENCE)
        return kind(
            f"{self.file} of {self.commit.repo} could not be downloaded: {cause}; "
            f"{remedy}, or let HF_ENDPOINT name a mirror"
        )


def _is_sha256(name: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", name) is not None


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()
