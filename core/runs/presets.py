"""Where to start: shapes and settings that train well, from the bigram of the first lecture to GPT-2's own size."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Preset:
    """Named defaults, over those of GPTConfig and TrainConfig; vocab_size is the text's own."""

    model: dict
    train: dict = field(default_factory=dict)
    architecture: str = "gpt"
    tokenizer: str = "char"
    weights: str = "new"


# The fast recipe: Muon and its rates are TrainConfig's defaults; what else it changes about GPT-2 is how weights start.
_FAST = {"bias": False, "init": "sinusoidal"}
_NANO = {"block_size": 64, "n_layer": 4, "n_head": 4, "n_embd": 128}  # nanoGPT's model for a CPU

PRESETS = {
    # Counts pairs of letters by gradient descent; its table needs a high rate and many looks at the text.
    "bigram": Preset(
        model={"block_size": 32},
        train={"steps": 2000, "batch_size": 32, "learning_rate": 3e-2, "weight_decay": 0.0, "eval_interval": 200},
        architecture="bigram",
    ),
    "tiny": Preset(
        model={"block_size": 32, "n_layer": 2, "n_head": 2, "n_embd": 64, **_FAST},
        train={"steps": 1000},
    ),
    # Only as large, and trained only as long, as it takes to 1.90 on Tiny Shakespeare: nanoGPT's end on a CPU.
    "express": Preset(
        model={"block_size": 64, "n_layer": 2, "n_head": 4, "n_embd": 128, "activation": "relu", **_FAST},
        train={"steps": 360, "eval_interval": 40},
    ),
    "small": Preset(model={**_NANO, **_FAST}, train={"steps": 800}),
    # The same size with what has changed since GPT-2, for a second curve beside `small`.
    "modern": Preset(model=_NANO, train={"steps": 800}, architecture="modern"),
    # As far as two cores come in about two minutes: what nanoGPT needs a GPU for.
    "best": Preset(
        model={"block_size": 128, "n_layer": 4, "n_head": 4, "n_embd": 256, "activation": "relu", **_FAST},
        train={"steps": 1500, "muon_learning_rate": 0.02, "muon_weight_decay": 0.1},
    ),
    # The model that "Let's build GPT" ends with, and its settings.
    "lecture": Preset(
        model={
            "block_size": 256,
            "n_layer": 6,
            "n_head": 6,
            "n_embd": 384,
            "dropout": 0.2,
            "qkv_bias": False,
            "activation": "relu",
            "tie_weights": False,
            "lm_head_bias": True,
        },
        train={
            "optimizer": "adamw",
            "steps": 5000,
            "batch_size": 64,
            "learning_rate": 3e-4,
            "schedule": "constant",
            "warmup_steps": 0,
            "weight_decay": 0.01,
            "beta1": 0.9,
            "beta2": 0.999,
            "grad_clip": 0.0,
            "eval_interval": 100,
        },
    ),
    # GPT-2 small's very shape (Radford et al., 2019), its weights from scratch.
    "gpt2": Preset(
        model={"block_size": 1024, "n_layer": 12, "n_head": 12, "n_embd": 768, "dropout": 0.1},
        train={
            "optimizer": "adamw",
            "steps": 1000,
            "batch_size": 1,
            "learning_rate": 6e-4,
            "schedule": "cosine",
            "min_learning_rate": 0.1,
            "beta1": 0.9,
            "beta2": 0.95,
            "eval_interval": 50,
            "eval_tokens": 4096,
        },
        tokenizer="gpt2",
    ),
    # GPT-2 small as it was published, taught your text: a short window, so that a step takes seconds and not a minute.
    "finetune": Preset(
        model={"block_size": 128, "n_layer": 12, "n_head": 12, "n_embd": 768},
        train={
            "optimizer": "adamw",
            "steps": 60,
            "batch_size": 4,
            "learning_rate": 5e-5,
            "beta1": 0.9,
            "beta2": 0.99,
            "eval_interval": 10,
            "eval_tokens": 2048,
        },
        tokenizer="gpt2",
        weights="gpt2",
    ),
}
DEFAULT_PRESET = "small"
