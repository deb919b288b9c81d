"""The verdict on a loss: one line that compares it with what counting can do on the same text."""

from playground.words.numbers import percent
from playground.words.translate import add_words, translate
from playground.words.verdict_words import WORDS

NOTICEABLE = 0.02  # nats by which one loss must differ from another to be called better or worse
OVERFITTING = 0.05  # nats by which validation must stay above its best while training goes on falling,
AT_ONCE = 0.1  # and by which it must have risen for one estimate to be enough
WORSE = 0.3  # nats above a uniform guess that are no chance
BELOW = 0.2  # nats under the entropy that are no chance of the part that an estimate reads
MANY_UNSEEN = 0.05  # of the validation part: tokens that the training part has nowhere
LADDER = ("ngram", "fivegram", "trigram", "bigram", "unigram", "uniform")  # where two are equal, the first is named


def verdict(estimates: list[tuple], baselines: dict | None, lang: str, tokenizer: str = "char") -> str | None:
    """Return the verdict on (step, train_loss, val_loss) estimates; None before the first one.

    tokenizer: "char" or "gpt2", whose tokens the sentences speak of.
    """
    if not estimates or estimates[-1][2] is None:
        return None
    tokens = translate(f"counted_{tokenizer}", lang)
    _, train_loss, loss = estimates[-1][:3]
    unseen = (baselines or {}).get("unseen", 0.0)
    if unseen > MANY_UNSEEN:
        return translate("meaning_unseen", lang, share=percent(unseen, lang), tokens=tokens)
    if baselines is not None and loss > baselines["uniform"] + WORSE:
        if train_loss is None or train_loss > baselines["uniform"]:
            return translate("meaning_worse", lang)
        if not overfits(estimates) or _best(estimates)[2] > baselines["uniform"] - NOTICEABLE:
            return translate("meaning_other_kind", lang, train=train_loss)
    if overfits(estimates):
        step, _, best = _best(estimates)[:3]
        return translate("meaning_overfitting", lang, step=step, best=best)
    if baselines is None:
        return translate("meaning_counting", lang)
    entropy = baselines.get("entropy")
    if entropy is not None and loss < entropy - BELOW:
        return translate("meaning_below", lang)
    if entropy is not None and loss < entropy + 0.1:
        return translate("meaning_entropy", lang)
    for key in sorted((key for key in LADDER if key in baselines), key=lambda key: baselines[key]):
        if loss < baselines[key] - NOTICEABLE:
            order = baselines.get("order")
            return translate(f"meaning_{key}", lang, value=baselines[key], tokens=tokens, order=order)
    return translate("meaning_nothing", lang)


def overfits(estimates: list[tuple]) -> bool:
    """Return whether the validation loss stands above its best while the training loss went on falling.

    A clear rise shows at once; a small one is named when it stays, for the last estimate of a run is made on more text.
    """
    known = _known(estimates)
    if len(known) < 2:
        return False
    last, best = known[-1], _best(known)
    stays = known[-2][0] > best[0] and known[-2][2] > best[2] + OVERFITTING
    return last[2] > best[2] + (OVERFITTING if stays else AT_ONCE) and last[1] < best[1]


def baseline_lines(baselines: dict, lang: str) -> list[dict]:
    """Return the baselines that the chart draws, each with its label: the best of counting, and what leads to it."""
    lower, order = ("uniform", "unigram", "bigram"), baselines.get("order")
    if "ngram" in baselines:
        best, lower = "ngram", lower[: max(1, int(order or 3))]
    else:  # an older run, whose n was not chosen by the text
        best = min(("trigram", "fivegram"), key=lambda key: baselines.get(key, 0.0))
    return [
        {"key": key, "label": translate(f"line_{key}", lang, order=order), "value": baselines[key]}
        for key in (*lower, best, "entropy")
        if isinstance(baselines.get(key), int | float)
    ]


def _known(estimates: list[tuple]) -> list[tuple]:
    return [row for row in estimates if row[1] is not None and row[2] is not None]


def _best(estimates: list[tuple]) -> tuple:
    return min(_known(estimates), key=lambda row: row[2])


add_words(WORDS)
