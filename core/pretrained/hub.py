"""Files of one commit on the Hugging Face Hub: found in its cache, or brought into it by the Hub's own client.

`huggingface_hub` looks each file up, locks it, names it by its checksum and links it into the snapshot, so this is the
cache of `transformers` too. Only the bytes are streamed here, over the client's own connection, because its
`hf_hub_download` serves a page worse. Measured with 2.4.0 and the Hub of the tests: when it gives up, it deletes what
has arrived (after 78 s for a Hub that falls silent in midstream), and no later call continues it; a silent Hub costs
394 s, a busy one 90 s, one that is down 23 s, before it says so; it reports every 10 MB (every 5.6 s at 2 MB/s); and it
does not check the SHA-256, so other bytes of the right length come in. Xet continues nothing either.

    HF_ENDPOINT             another Hub, such as a mirror
    HF_HUB_CACHE, HF_HOME   where the cache is; by default huggingface in the user's cache directory
    HF_HUB_OFFLINE          ask nobody; only what is in the cache is there

Left out on purpose: tokens (these files are public) and branches (a commit never changes, so a part can be continued).
"""

import contextlib
import errno
import functools
import hashlib
import ipaddress
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from core import downloads
from core.downloads import DownloadError, Progress, cause_of, is_local, watch
from core.once import Once


class NotThere(DownloadError):
    """The Hub has no such file."""


_under_way: Once[int] = Once(shared=DownloadError)


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
        host = urlsplit(endpoint()).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, or no address at all
        return False


def cache_directory() -> Path:
    """Return the folder that the Hub's files are kept in, as the Hub's own client finds it; it may not exist yet."""
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    chosen = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE") or os.path.join(home, "hub")
    return Path(os.path.expandvars(chosen)).expanduser()


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
        names = (self.repo.replace("/", "--"), self.repo.split("/")[-1])
        folders = [cache_directory() / f"models--{name}" / "snapshots" / self.revision for name in names]
        return next((folder for folder in folders if (folder / "config.json").exists()), folders[0])

    def has(self, files: Iterable[str]) -> bool:
        """Tell whether all of these files are in the cache."""
        return all((self.folder / file).is_file() for file in files)

    def fetch(self, files: Iterable[str], optional: Iterable[str] = (), progress: Progress | None = None) -> None:
        """Download what is not in the cache; optional files may be missing on the Hub too.

        The total is told from when the last file begins, so name the large one last. Raises DownloadError when
        nothing comes for ten seconds, and on every other failure.
        """
        missing = [file for file in files if not self.has([file])]
        if missing and is_offline():
            raise DownloadError(
                f"{missing[0]} of {self.repo} is not in the Hub's cache, and HF_HUB_OFFLINE forbids asking for it; "
                "unset that, or let HF_HOME name the folder of a cache that was filled elsewhere"
            )
        before = 0
        for file in missing:
            told = _after(before, file == missing[-1], progress) if progress else None
            with contextlib.suppress(NotThere) if file in optional else contextlib.nullcontext():
                before += _under_way((self, file), functools.partial(self._bring, file, told))

    def check(self, file: str) -> None:
        """Compare a file with the SHA-256 that its blob is named by, if it is; if they differ, `discard` it."""
        path = self.folder / file
        name = Path(os.readlink(path)).name if path.is_symlink() else ""
        if _is_sha256(name) and _sha256(path) != name:
            self.discard(file)

    def discard(self, file: str) -> NoReturn:
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

    def _bring(self, file: str, progress: Progress | None) -> int:
        """Download a file into the cache and return its size, or raise what is a sentence."""
        from huggingface_hub.errors import HTTPError

        try:
            return self._download(file, progress)
        except (HTTPError, OSError, ImportError, ValueError) as error:  # the latter two: a proxy's
            if isinstance(error, OSError) and is_local(error):
                raise DownloadError(
                    f"{file} of {self.repo} could not be saved ({cause_of(error)}); free some disk space, or let "
                    "HF_HOME name a folder that has room and can be written to"
                ) from error
            cause, remedy = cause_of(error), "check the network and try again (what has arrived is kept)"
            status = getattr(getattr(error, "response", None), "status_code", None)
            if status:
                remedy = "try again later"
            elif isinstance(error, ValueError):
                cause, remedy = str(error), "try again or try another network"
            elif hasattr(error, "lock_file"):
                cause, remedy = "another program is downloading it", "try again when that is done"
            raise (NotThere if status == 404 else DownloadError)(
                f"{file} of {self.repo} could not be downloaded: {cause}; {remedy}, or let HF_ENDPOINT name a mirror"
            ) from error

    def _download(self, file: str, progress: Progress | None) -> int:
        from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url
        from huggingface_hub.utils import WeakFileLock

        constants.HF_HUB_OFFLINE = False  # read when the client was imported; `fetch` reads the environment now
        hub, cache, patience = endpoint(), cache_directory(), downloads.PATIENCE
        storage = f"models--{self.repo.replace('/', '--')}"
        blobs, locks = cache / storage / "blobs", cache / ".locks" / storage  # where the client has them
        for folder in (blobs, locks):
            folder.mkdir(parents=True, exist_ok=True)
        url = hf_hub_url(self.repo, file, revision=self.revision, endpoint=hub)
        found = watch(lambda _: get_hf_file_metadata(url, token=False, timeout=patience, endpoint=hub))
        if not found.commit_hash or not found.etag or not re.fullmatch(r"[\w.-]+", found.etag):
            raise ValueError("what answered is no Hub (some networks answer with a page to log in)")
        blob = blobs / found.etag
        with WeakFileLock(locks / f"{found.etag}.lock", timeout=patience):
            if not blob.exists():
                _receive(found.location, blob, found.size, progress)
        where = {"revision": self.revision, "endpoint": hub, "cache_dir": cache, "etag_timeout": patience}
        pointer = Path(watch(lambda _: hf_hub_download(self.repo, file, token=False, **where)))
        if not pointer.is_symlink():  # Windows lets few users make links: the client has made a copy
            blob.unlink()
        return pointer.stat().st_size


def _after(before: int, last: bool, progress: Progress) -> Progress:
    """Count what came of other files before, and tell the total if this file is the last."""
    return lambda done, total: progress(before + done, before + total if last and total is not None else None)


def _receive(url: str, blob: Path, size: int | None, progress: Progress | None) -> None:
    """Stream a file into its part, going on where an earlier try ended, and let it become the blob if it is right."""
    part = blob.with_name(f"{blob.name}.incomplete")
    start = part.stat().st_size if part.exists() else 0
    if size is not None and start > size:
        part.unlink()
        start = 0
    try:
        if start != size:
            need, free = (size or 0) - start, shutil.disk_usage(blob.parent).free
            if need > free:
                raise OSError(errno.ENOSPC, f"it needs {need / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free")
            watch(lambda report: _stream(url, part, start, size, report), progress)
    except OSError as error:
        if is_local(error) or " 416 " in cause_of(error):  # the part may be what fills the disk; or it is too long
            part.unlink(missing_ok=True)
        raise
    if _is_sha256(blob.name) and _sha256(part) != blob.name:
        part.unlink()
        raise ValueError("what came is not the expected file")
    part.replace(blob)


def _stream(url: str, part: Path, start: int, size: int | None, report: Progress) -> None:
    from huggingface_hub import get_session
    from huggingface_hub.utils import hf_raise_for_status

    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with get_session().stream("GET", url, headers=headers, timeout=downloads.PATIENCE) as response:
        hf_raise_for_status(response)
        done = start if response.status_code == 206 else 0  # else all of it comes, whatever was asked for
        with part.open("ab" if done else "wb") as file:
            for chunk in response.iter_bytes():
                done += len(chunk)
                report(done, size)  # first: what was given up must not write
                file.write(chunk)


def _is_sha256(name: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", name) is not None


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()
