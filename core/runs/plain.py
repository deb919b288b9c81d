"""Files and folders of a run's own: no link that leads out of its directory, no pipe that nobody writes to.

A run's directory may come from anywhere, and what it holds is read, served and written to by the server. So whatever
is not plain is taken for not there. Left out on purpose: the directory that holds all runs, which is its owner's own.
"""

import errno
import os
import stat
from pathlib import Path


def is_plain(path: Path, folder: bool = False) -> bool:
    """Tell whether a path is itself a file (or a folder), and no link, pipe or device."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) if folder else stat.S_ISREG(mode)


def plain(path: Path, may_be_new: bool = False) -> Path:
    """Return the path of a file that is to be opened; FileNotFoundError for anything else. may_be_new: or of none."""
    if is_plain(path) or (may_be_new and not os.path.lexists(path)):
        return path
    raise FileNotFoundError(path.name)


def read_plain(path: Path, most: int, offset: int = 0) -> bytes:
    """Read a file from an offset to its end; OSError for what is no plain file, or has more than `most` bytes there."""
    with open(plain(path), "rb") as file:
        if os.fstat(file.fileno()).st_size - offset > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        file.seek(offset)
        return file.read()
