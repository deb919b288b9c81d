"""A small disk of one's own: an image of a file system in memory, mounted, filled up, copied as a power cut leaves it.

It takes root and Linux; a benchmark that needs it says so in a sentence.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")  # where an image is copied within a moment


class NoDisk(OSError):
    """This machine or this user cannot mount an image."""


@contextmanager
def disk(megabytes: int) -> Iterator[tuple[Path, Path]]:
    """Give an image with an ext4 file system and the folder it is mounted at, until the block ends."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    image = folder / "disk.img"
    try:
        with image.open("wb") as file:
            file.truncate(megabytes * 2**20)
        _call("mkfs.ext4", "-q", "-m", "0", str(image))
        with mounted(image) as place:
            yield image, place
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def mounted(image: Path, *options: str) -> Iterator[Path]:
    """Mount an image until the block ends; its journal is replayed as after a power cut."""
    place = Path(tempfile.mkdtemp())
    _call("mount", "-o", ",".join(("loop", *options)), str(image), str(place))
    try:
        yield place
    finally:
        _call("umount", "-l", str(place))
        place.rmdir()


def _call(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise NoDisk(f"{command[0]} did not work ({said.strip()[:200]}); run this as root on Linux") from None
