"""The verdict on a loss: one line that compares it with what counting can do on the same text."""

from playground.words.translate import translate

NOTICEABLE = 0.02  # nats by which one loss must differ from another to be called better or worse
OVERFITTING = 0.05  # nats by which validation must have risen above its best while training went on falling


def verdict(estimates: list[tuple], baselines: dict | None, lang: str) -> str | None:
    """Return the verdict on (step, train_loss, val_loss) estimates; None before the first one."""
    if not estimates or estimates[-1][2] is None:
        return None
    if overfits(estimates):
        best = min(estimates, key=lambda row: row[2])
        return translate("meaning_overfitting", lang, step=best[0], best=best[2])
    loss = estimates[-1][2]
    if baselines is None:
        return translate("meaning_counting", lang)
    entropy = baselines.get("entropy")
    if entropy is not None and loss < entropy + 0.1:
        return translate("meaning_entropy", lang)
    ladder = sorted(("fivegram", "trigram", "bigram", "unigram", "uniform"), key=lambda key: baselines[key])
    for key in ladder:
        if loss < baselines[key] - NOTICEABLE:
            return translate(f"meaning_{key}", lang, value=baselines[key])
    if loss > baselines["uniform"] + 0.3:
        return translate("meaning_worse", lang)
    return translate("meaning_nothing", lang)


def overfits(estimates: list[tuple]) -> bool:
    """Return whether the validation loss has risen and stayed up while the training loss went on falling."""
    known = [row for row in estimates if row[1] is not None and row[2] is not None]
    if len(known) < 3:
        return False
    best = min(range(len(known)), key=lambda i: known[i][2])
    after = known[best + 1 :]
    rose = len(after) >= 2 and all(row[2] > known[best][2] + OVERFITTING for row in after[-2:])
    return rose and after[-1][1] < known[best][1]
