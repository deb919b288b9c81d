"""The cut between the text that a model trains on and the text that it is judged by."""

from typing import TypeVar

Tokens = TypeVar("Tokens")  # whatever has a length and can be sliced: a tensor (N,), or plain ids


def split(tokens: Tokens, block_size: int) -> tuple[Tokens, Tokens]:
    """Cut tokens (N,) into the first 90 % to train on and the last 10 % to validate on.

    Raises ValueError when either part is too short for one window of block_size + 1 tokens.
    """
    N = len(tokens)
    needed = 10 * (block_size + 1)
    if N // 10 < block_size + 1:
        fits = N // 10 - 1
        remedy = f"lower block_size to {fits} or add text" if fits >= 1 else "add text"
        raise ValueError(
            f"The text has {N:,} tokens, but block_size={block_size} needs at least {needed:,} "
            f"(90 % to train on, 10 % to validate on, each longer than one block); {remedy}"
        )
    at = N * 9 // 10
    return tokens[:at], tokens[at:]
