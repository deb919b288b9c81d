"""The downloads of the Train tab: a run's curve, its weights, its settings."""

import json

from starlette.responses import Response

from core.architectures import architecture_of
from core.lab.variants import changes_model
from core.pretrained.family import is_gpt2_shaped
from core.runs.directory import RunDir
from playground.server.files import Asked, attachment, kept, picture, zipped
from playground.server.rows import unrepeated
from playground.words.run_names import variant_name
from playground.words.translate import language, translate

COLUMNS = ("step", "loss", "train_loss", "val_loss", "learning_rate", "grad_norm", "tokens", "elapsed")

FILES = {
    "download_csv": "curve.csv",
    "download_png": "curve.png",
    "download_svg": "curve.svg",
    "download_model": "model.safetensors",
    "download_json": "run.json",
}


def files_of(run: RunDir | None) -> dict[str, str]:
    """Return the downloads of a run, each by the key of its words."""
    config = run.config() if run else None
    is_gpt2 = config is not None and is_gpt2_shaped(config.model) and not changes_model(config.variant)
    return {**FILES, "download_hf": "huggingface.zip"} if is_gpt2 else FILES


def missing_of(run: RunDir | None, lang: str) -> str | None:
    """Return why a run has no model for GPT2LMHeadModel; None where it has one."""
    if run is None or "download_hf" in files_of(run):
        return None
    config = run.config()
    if config.variant and changes_model(config.variant):
        return translate("no_hf_variant", lang, variant=variant_name(config.variant, lang))
    kind = architecture_of(config.model)
    return translate("no_hf", lang, kind="lm_head_bias" if kind == "gpt" else kind)


def curve_csv(asked: Asked) -> Response:
    """Answer with a line of CSV for every step and every estimate."""
    cells = ([row.get(name) for name in COLUMNS] for row in unrepeated(asked.run.rows("metrics")[0]))
    lines = (",".join("" if cell is None else str(cell) for cell in line) for line in cells)
    return attachment("\n".join([",".join(COLUMNS), *lines]) + "\n", "text/csv", f"{asked.stem}.csv")


def curve_picture(asked: Asked) -> Response:
    """Answer with the loss curve as png or svg, in the language of the page."""
    from playground.train.figures import loss_figure  # brings matplotlib

    lang = language(asked.query.get("lang"))
    rows = asked.feed.follow(asked.run.id, lang=lang)
    return picture(loss_figure(rows, lang), asked.name[-3:], asked.stem)


def settings(asked: Asked) -> Response:
    """Answer with run.json, but for whose run it is."""
    plain = asked.run.config().to_json()
    del plain["owner"]
    return attachment(json.dumps(plain, indent=1), "application/json", f"{asked.stem}.json")


def weights(asked: Asked) -> Response:
    """Answer with a snapshot's safetensors file."""
    step = asked.snapshot_step()
    return kept(asked.run.weights_file(step), f"{asked.stem}-step-{step}.safetensors")


def hugging_face(asked: Asked) -> Response:
    """Answer with a snapshot as a folder that GPT2LMHeadModel loads; ValueError for another architecture."""
    from core.pretrained.conversion import save_hf
    from playground.models import load_writer

    step = asked.snapshot_step()
    writer = load_writer(asked.run, step)
    return zipped(lambda folder: save_hf(writer.model, folder, writer.tokenizer), f"{asked.stem}-step-{step}")


DOWNLOADS = {
    "curve.csv": curve_csv,
    "curve.png": curve_picture,
    "curve.svg": curve_picture,
    "model.safetensors": weights,
    "huggingface.zip": hugging_face,
    "run.json": settings,
}
