"""Files to take away: what was asked for, and answers that a browser saves."""

import io
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
from playground.server.feed import Feed


@dataclass(frozen=True)
class Asked:
    """A file of a run that somebody asks for."""

    run: RunDir
    name: str
    query: Mapping[str, str]
    feed: Feed

    @property
    def stem(self) -> str:
        """What a file of the run is called on the disk of the one who saves it, without its ending."""
        return re.sub(r"[^A-Za-z0-9_-]", "-", f"{self.run.config().preset}-{self.run.id[:8]}")

    def snapshot_step(self) -> int:
        """Return the step of the snapshot that is asked for, by default the last; ValueError if it is not there."""
        steps = self.run.snapshots()
        step = number(self.query.get("step"), default=max(steps, default=0))
        if step not in steps:
            raise ValueError(f"The run has no snapshot of step {step}; wait for its first one")
        return step


def number(text: str | None, default: int | None = 0) -> int | None:
    """Read a cursor; anything that is not a small whole number is the default."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else default


def attachment(content: str | bytes, kind: str, name: str) -> Response:
    """Answer with a file of a media type, to be saved under a name."""
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def picture(figure: Any, kind: str, stem: str) -> Response:
    """Answer with a matplotlib figure as png or svg."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format=kind, dpi=160)
    return attachment(drawn.getvalue(), f"image/{kind.replace('svg', 'svg+xml')}", f"{stem}.{kind}")


def zipped(fill: Callable[[Path], None], stem: str) -> FileResponse:
    """Answer with a folder as a zip; fill puts the files into the folder, which is gone when the answer is sent."""
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
