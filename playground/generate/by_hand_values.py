"""The next token's logits after a prompt, kept, and what the page needs to know of them to choose a token by hand.

The browser gets the logits whole, as float32: it reshapes and draws by itself, without a further question. Of a large
vocabulary only the likeliest tokens' texts go with them; the others are named when one of them is drawn. Left out on
purpose: turning logits into probabilities, which `next_token.js` does as `core/sampling.py` does it.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any

import torch

from core.insight.kept import Kept
from core.kv_cache import decoder_for
from core.sampling import next_token_probs
from core.tokenizers import Tokenizer
from playground.generate.sources import MOST_PROMPT, Source
from playground.generate.writing import read_prompt
from playground.prompts import DecodeStream, fit_prompt, is_end_of_text, token_texts
from playground.words.translate import language

ALL_TEXTS, MOST_TEXTS = 1_024, 500  # a vocabulary that is told whole; else how many of the likeliest tokens
MOST_BYTES = 16_000_000  # of logits that are kept: eighty of GPT-2's, thousands of a small model's
MOST_TAIL = 10_000  # tokens that were chosen by hand
TAIL_SHOWN = 48  # characters of the prompt's end that stand beside the bars

_logits: Kept[torch.Tensor] = Kept(MOST_BYTES, lambda logits: logits.nbytes)


def logits_after(source: Source, ids: Sequence[int]) -> torch.Tensor:
    """Return the logits (V,) of the token after ids, of which the model sees the last block_size."""
    seen = tuple(ids[-source.writer.model.config.block_size :])

    def read() -> torch.Tensor:
        logits = decoder_for(source.writer.model).read(list(seen)).float().cpu()
        next_token_probs(logits)  # raises for what are no numbers
        return logits.clone()  # it may be a row of something larger

    return _logits.get((*source.key, *seen), read)


def look(source: Source, prompt: str, tail: Any, replace: bool, lang: str) -> dict:
    """Return what a model makes of the next token after a prompt: its logits, the tokens' texts, and its name.

    tail: what was chosen by hand, whose tokens stand as they were chosen where the prompt still ends in them.
    """
    tokenizer = source.writer.tokenizer
    base, chosen = split(tokenizer, prompt, tail)
    base_read = base[-MOST_PROMPT:]
    ids, pieces, _ = read_prompt(source.writer, base_read, replace, source.fallback, lang)
    note = fit_prompt(base_read, tokenizer, replace, lang)[2]  # that of the whole prompt speaks of the text's own card
    logits = logits_after(source, [*ids, *chosen])
    V = len(logits)
    named = range(V) if V <= ALL_TEXTS else logits.topk(MOST_TEXTS).indices.tolist()
    shown = "".join(piece["t"] for piece in pieces if not piece.get("out")) + decoded(tokenizer, chosen)
    facts = {
        "ids": None if V <= ALL_TEXTS else named,
        "texts": token_texts(tokenizer, list(named)),
        "end": next((i for i in (V - 1,) if is_end_of_text(tokenizer, i)), None),
        "prompt": shown[-TAIL_SHOWN:],
        "cut": len(shown) > TAIL_SHOWN,
        "base": base,
        "chosen": chosen,
    }
    data = base64.b64encode(logits.numpy().astype("<f4").tobytes()).decode("ascii")
    note = " ".join(filter(None, [source.said, note])) or None
    # One string: Gradio compares values part by part, and is slow with many little ones.
    return {"logits": data, "facts": json.dumps(facts), "of": source.by[language(lang)], "note": note}


def split(tokenizer: Tokenizer, prompt: str, tail: Any) -> tuple[str, list[int]]:
    """Return a prompt without what was chosen by hand, and the ids of that; none where it was typed over since.

    tail: `{"base": text, "chosen": ids}`, as the page keeps it; anything else is none.
    """
    base, chosen = (tail.get("base"), tail.get("chosen")) if isinstance(tail, dict) else (None, None)
    V = tokenizer.vocab_size
    if isinstance(base, str) and isinstance(chosen, list) and len(chosen) < MOST_TAIL:
        if all(type(i) is int and 0 <= i < V for i in chosen) and base + decoded(tokenizer, chosen) == prompt:
            return base, chosen
    return prompt, []


def grown(tokenizer: Tokenizer, prompt: str, tail: Any, token: Any) -> dict:
    """Return the tail with one more token, or, for None, without its last; ValueError for what is no token."""
    base, chosen = split(tokenizer, prompt, tail)
    if token is None:
        return {"base": base, "chosen": chosen[:-1]}
    if type(token) is not int or not 0 <= token < tokenizer.vocab_size:
        raise ValueError(f"There is no token {token!r:.20}; choose one of the bars")
    return {"base": base, "chosen": [*chosen, token]}


def text_of_tail(tokenizer: Tokenizer, tail: dict) -> str:
    """Return the prompt that ends in what was chosen."""
    return tail["base"] + decoded(tokenizer, tail["chosen"])


def decoded(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """Return the text that ids add to a prompt; what is begun of a character, as U+FFFD."""
    stream = DecodeStream(tokenizer)
    return "".join([*map(stream.step, ids), stream.end()])
