"""A run as a folder that Hugging Face's own classes load, packed into one file to take away."""

import shutil
import tempfile
import zipfile
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from core.config import GPTConfig
from core.run_config import RunConfig
from core.run_dir import RunDir
from playground import late


def can_leave(config: RunConfig) -> bool:
    """Tell whether a run's model is a GPT-2 by its shape, so that GPT2LMHeadModel can hold it."""
    return type(config.model) is GPTConfig and not config.model.lm_head_bias


def hf_archive(run: RunDir, step: int, stem: str) -> FileResponse:
    """Answer with a snapshot as a zip of a Hugging Face model folder; ValueError for what is no GPT-2."""
    writer = late.everything().writing.load_writer(run, step)
    folder = Path(tempfile.mkdtemp(prefix="gpt-playground-"))
    try:
        late.everything().gpt2.save_hf(writer.model, folder / stem, writer.tokenizer)
        archive = folder / f"{stem}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:  # weights hardly shrink
            for path in sorted((folder / stem).iterdir()):
                packed.write(path, f"{stem}/{path.name}")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    away = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(archive, filename=archive.name, background=away)
