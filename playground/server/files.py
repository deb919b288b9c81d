"""Answers that a browser saves as a file: what of a run was asked for, and the kinds of answer to it.

Left out on purpose: which files there are (each tab names its own) and their addresses (`routes.py`).
"""

import io
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from core.runs.directory import RunDir
from core.runs.plain import is_plain
from playground.server.feed import Feed


@dataclass(frozen=True)
class Asked:
    """A request for a file of a run."""

    run: RunDir
    name: str  # of the file, as in the address
    query: Mapping[str, str]  # what follows the question mark
    feed: Feed

    @property
    def stem(self) -> str:
        """The name under which a file of the run is saved, without its ending: preset and the id's first characters."""
        return re.sub(r"[^A-Za-z0-9_-]", "-", f"{self.run.config().preset}-{self.run.id[:8]}")

    def snapshot_step(self) -> int:
        """Return the step of the snapshot that the query names, by default the last; ValueError if it is not there."""
        steps = self.run.snapshots()
        step = number(self.query.get("step"), default=max(steps, default=0))
        if step not in steps:
            raise ValueError(f"The run has no snapshot of step {step}; wait for its first one")
        return step


Download = Callable[[Asked], Response]


def number(text: str | None, default: int | None = 0) -> int | None:
    """Read a whole number below a billion from a query; the default for anything else."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else default


def attachment(content: str | bytes, kind: str, name: str) -> Response:
    """Answer with a file of a media type, to be saved under a name."""
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def kept(path: Path, name: str) -> FileResponse:
    """Answer with a file of a run, to be saved under a name; ValueError when it is no file of the run's own."""
    if not (is_plain(path) and os.access(path, os.R_OK)):
        raise ValueError(f"A run has no file called {path.name!r}")
    return FileResponse(path, filename=name)


def picture(figure: Any, kind: str, stem: str) -> Response:
    """Answer with a matplotlib figure as png or svg."""
    from playground.server.fonts import use_fonts  # here: matplotlib takes its time, and the page comes first

    drawn = io.BytesIO()
    use_fonts(figure)
    figure.savefig(drawn, format=kind, dpi=160)
    return attachment(drawn.getvalue(), f"image/{kind.replace('svg', 'svg+xml')}", f"{stem}.{kind}")


def zipped(fill: Callable[[Path], None], stem: str) -> FileResponse:
    """Answer with a folder as a zip. fill puts the files into the folder; both are deleted once the answer is sent."""
    folder = Path(tempfile.mkdtemp(prefix="gpt-playground-"))
    try:
        fill(folder / stem)
        archive = folder / f"{stem}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:  # weights hardly shrink
            for path in sorted((folder / stem).iterdir()):
                packed.write(path, f"{stem}/{path.name}")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    away = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(archive, filename=archive.name, background=away)
