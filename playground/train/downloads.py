"""The downloads of the Train tab: a run's curve, its weights, its settings."""

import json

from starlette.responses import Response

from playground.server.files import Asked, attachment, kept, picture, zipped
from playground.server.rows import unrepeated
from playground.words.translate import language

COLUMNS = ("step", "loss", "train_loss", "val_loss", "learning_rate", "grad_norm", "tokens", "elapsed")


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
