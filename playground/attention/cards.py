"""The values of the tab's widgets: the view, the map of silenced heads, and the rows of downloads, each with its name.

Every card names the model and the step that its numbers belong to. Left out on purpose: running models (`values.py`).
"""

from typing import TYPE_CHECKING, Any

from core.runs.directory import RunDir
from core.text.corpora import clean_text
from playground.attention.attention import AttentionView, HeadMap
from playground.prompts import GPT2
from playground.widgets.downloads import Downloads
from playground.words.durations import duration
from playground.words.run_names import run_label
from playground.words.translate import translate, widget_words

if TYPE_CHECKING:
    from playground.attention.silencing import Silenced
    from playground.attention.values import Named, TextAttention

CHANNEL = "attention"
FILES = {
    "download_heatmap_png": "heatmap.png",
    "download_heatmap_svg": "heatmap.svg",
    "download_grid_png": "grid.png",
    "download_grid_svg": "grid.svg",
    "download_weights": "weights.npz",
}


def name_of(run: RunDir | None, source: Any, step: int | None, lang: str) -> str:
    """Return the name of what is looked at: a run's and the step, or GPT-2's."""
    if source == GPT2 or run is None:
        return translate("source_gpt2", lang)
    return translate("snapshot_name", lang, name=run_label(run.config(), lang), step=step or 0)


def key_of(run: RunDir | None, source: Any, step: int | None) -> str:
    """Return what tells one model's numbers from another's; GPT-2 is silenced on the text of the run in view."""
    of_run = f"{run.id} {run.config().created}" if run else ""
    return f"{GPT2} {of_run}" if source == GPT2 else f"{of_run} {step}"


def empty_view(run: RunDir | None, source: Any, why: str, lang: str) -> dict:
    """Return a view without a map, which says why."""
    words = {**widget_words(lang)["attention"], "empty": why}
    return {"text": words, "lang": lang, "channel": CHANNEL, **_model_of(run, source)}


def _model_of(run: RunDir | None, source: Any) -> dict:
    """Return whose model the cards beside the view look into: a run's, GPT-2's (None), or nobody's (nothing)."""
    return {"run": None} if source == GPT2 else {"run": run.id} if run else {}


def missing(run: RunDir | None, source: Any, lang: str) -> str | None:
    """Return why there is nothing to look at; None where there is something."""
    if source == GPT2:
        return None
    if run is None:
        return translate("attention_no_run", lang)
    if not has_attention(run):
        return translate("no_attention", lang)
    if run.config().variant == "no_causal_mask":
        return translate("attention_no_mask", lang)
    return None if run.snapshots() else translate("no_snapshot_yet", lang)


def has_attention(run: RunDir) -> bool:
    """Tell whether a run's model has heads to look at."""
    return hasattr(run.config().model, "n_head")


def no_map(run: RunDir | None, source: Any, why: str, lang: str) -> dict:
    """Return a map of silenced heads without any; a model that has no heads is told so, else why it is not here."""
    headless = source != GPT2 and run is not None and not has_attention(run)
    said = translate("nothing_to_silence", lang) if headless else why
    title = translate("silence_title", lang)
    return {"text": {**widget_words(lang)["attention_map"], "empty": said}, "title": title, "channel": CHANNEL}


def view(run: RunDir | None, source: Any, attention: "TextAttention", lang: str) -> dict:
    """Return the view of a text."""
    from core.insight.heads import labels

    measured = attention.named.measured
    of_run = source != GPT2
    return AttentionView.pack(
        attention.tokens,
        attention.observed.weights.numpy(),
        attention.predictions,
        {
            "scores": attention.scores,
            "even": attention.even,
            "labels": labels(measured),
            "measured": {"mean": measured.mean, "spread": measured.spread, "even": measured.even},
            "texts": {"count": measured.texts, "tokens": measured.tokens, "of": "run" if of_run else "book"},
        },
        note=attention.note,
        step=attention.step,
        ids=attention.ids.tolist(),
        text=widget_words(lang)["attention"],
        lang=lang,
        channel=CHANNEL,
        more={
            "of": name_of(run, source, attention.step, lang),
            "key": key_of(run, source, attention.step),
            **_model_of(run, source),
        },
    )


def silence_map(
    key: str, name: str, silenced: "Silenced | None", phase: str, lang: str, named: "Named | None" = None,
    seconds: float | None = None, held: int | None = None,
) -> dict:  # fmt: skip
    """Return the map of silenced heads; phase: "idle", "waiting", "first", "more", "stopped" or "done".

    named: for the remark on bright heads; seconds: how long a first look takes, where nothing is known yet; held: the
    step at which the view of a run that goes on stays with the map.
    """
    words = widget_words(lang)["attention_map"]
    told = translate("silence_empty", lang, name=name, time=duration(seconds, lang)) if seconds is not None else None
    told = told or translate("silence_nothing", lang)
    title = translate("silence_title", lang)
    stays = None if held is None else translate("silence_held", lang, step=held)
    if silenced is None:
        told = " ".join(filter(None, [told, stays if phase == "waiting" else None]))
        return {"text": {**words, "empty": told}, "title": title, "key": key, "of": name, "channel": CHANNEL}
    rises, tokens = silenced.rises, silenced.tokens
    read = translate("silence_read", lang, tokens=tokens, windows=rises.fewest()) if tokens else None
    phase = "done" if silenced.done else "stopped" if phase == "idle" and tokens else phase
    notes = [read, translate(f"silence_{phase}", lang, "")]
    if named is not None and tokens and phase in ("done", "stopped"):
        notes.append(_order_note(named, silenced, lang))
    notes.append(stays)
    return HeadMap.pack(rises.means(), title, " ".join(filter(None, notes)), words, CHANNEL, errors=rises.errors(),
                        more={"key": key, "of": name, "phase": phase, "lang": lang})  # fmt: skip


def _order_note(named: "Named", silenced: "Silenced", lang: str) -> str:
    """Compare the head that looks hardest at one place to the one that matters most, as far as the noise allows it."""
    rises, nh = silenced.rises, silenced.rises.shape[1]
    bright = divmod(int(named.brightest.argmax()), nh)
    first, *others = rises.ranked()
    means, names = rises.means(), {"bright": head_name(*bright, lang), "top": head_name(*first, lang)}
    said = {"weight": float(named.brightest[bright]), "most": means[first[0]][first[1]],
            "cost": means[bright[0]][bright[1]]}  # fmt: skip
    alike = [other for other in others if not rises.told_apart(first, other)]
    notes = [translate("silence_same" if bright == first else "silence_note", lang, **names, **said)]
    if alike:
        notes.append(translate("silence_alike", lang, top=names["top"], count=len(alike)))
    return " ".join(notes)


def head_name(layer: int, head: int, lang: str) -> str:
    """Return a head in words: layer 0, head 1."""
    return translate("head_name", lang, layer=layer, head=head)


def has_head(shape: tuple[int, int], chosen: Any) -> bool:
    """Tell whether a model of a shape (layers, heads) has what is chosen: (layer, head), or (layer, "mean")."""
    if not (isinstance(chosen, list | tuple) and len(chosen) == 2):
        return False
    layer, head = chosen
    at_all = type(layer) is int and 0 <= layer < shape[0]
    return at_all and (head == "mean" or (type(head) is int and 0 <= head < shape[1]))


def links(
    run: RunDir | None, source: Any, step: int | None, text: str, head: Any, shape: tuple[int, int], lang: str
) -> dict:
    """Return the downloads of what is shown; head: (layer, head or "mean"), the first where shape has no such head."""
    if run is None:
        return Downloads.pack(None, FILES, lang)
    layer, head = head if has_head(shape, head) else (0, 0)
    text, _ = clean_text(text or "")
    return Downloads.pack(run.id, FILES, lang, text=text, step=str(step or 0), layer=str(layer), head=str(head),
                          source="gpt2" if source == GPT2 else "run")  # fmt: skip
