"""What counting is worth on a run's text, counted in a thread of its own: it takes seconds, and a run has to obey."""

import hashlib
from threading import Thread

import torch

from core.once import Once
from core.runs.config import RunConfig
from core.runs.directory import RunDir
from core.text.ngrams import baselines

_counts: Once[dict[str, float]] = Once(keep=True)  # by checksum: runs on the same text share one count


class BaselineCount(Thread):
    """Counts and writes the baselines of a run beside whatever its process does, for that may take many seconds."""

    def __init__(self, run: RunDir, config: RunConfig, train_tokens: torch.Tensor, val_tokens: torch.Tensor):
        super().__init__(name="baselines", daemon=True)
        self.run_dir, self.config, self.splits = run, config, (train_tokens, val_tokens)
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        """Count, unless another run of this process has counted the same text, and write."""
        train, val = (tokens.numpy() for tokens in self.splits)
        key = hashlib.sha256(train.tobytes() + val.tobytes()).hexdigest()
        try:
            counts = _counts(key, lambda: baselines(train, val, self.config.model.vocab_size))
            entropy = {} if self.config.entropy is None else {"entropy": self.config.entropy}
            if self.run_dir.is_there():  # else it was deleted
                self.run_dir.write_baselines({**counts, **entropy})
        except FileNotFoundError:  # just now
            pass
        except Exception as error:
            self.error = error
