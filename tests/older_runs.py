"""A run's directory as version 1 of the program wrote it, spelled out by hand: what is on people's disks."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from core.runs.directory import RunDir
from tests.tiny_runs import TEXT

STEP, STEPS = 3, 6
RUN = {
    "corpus": "own",
    "tokenizer": {"kind": "char", "chars": "\n .0123456789eimst"},
    "model": {"block_size": 8, "vocab_size": 18, "n_layer": 1, "n_head": 2, "n_embd": 8, "dropout": 0.0,
              "bias": True, "qkv_bias": None, "activation": "gelu", "tie_weights": True, "lm_head_bias": False,
              "init": "sharp"},
    "train": {"optimizer": "muon", "precision": "auto", "muon_learning_rate": 0.03, "muon_momentum": 0.9,
              "muon_weight_decay": 0.0, "steps": STEPS, "batch_size": 2, "learning_rate": 0.006, "schedule": "linear",
              "warmup_steps": 5, "min_learning_rate": 0.0, "weight_decay": 0.1, "beta1": 0.8, "beta2": 0.95,
              "grad_clip": 1.0, "eval_interval": 50, "eval_tokens": 64, "seed": 1337},
    "preset": "tiny", "device": "cpu", "weights": "new", "prompt": "\n", "sample_tokens": 4, "floor": 0.5,
    "owner": None, "created": 1795659380.93, "architecture": "gpt",
}  # fmt: skip
BASELINES = {"uniform": 2.89, "unigram": 2.63, "bigram": 1.2, "trigram": 1.02, "fivegram": 1.14, "floor": 0.5}
METRICS = [
    {"step": 0, "train_loss": 2.89, "val_loss": 2.88, "elapsed": 0.0},
    *({"step": step, "loss": 2.87, "learning_rate": 0.001 * step, "grad_norm": 1.2, "tokens": 16, "seconds": 0.002,
       "elapsed": 0.003 * step, "time": 1795659380.97} for step in range(1, STEP + 1)),
]  # fmt: skip
BLOCK = "transformer.h.0."
SHAPES = {
    "transformer.wte.weight": (18, 8), "transformer.wpe.weight": (8, 8),
    BLOCK + "ln_1.weight": (8,), BLOCK + "ln_1.bias": (8,),
    BLOCK + "attn.c_attn.weight": (24, 8), BLOCK + "attn.c_attn.bias": (24,),
    BLOCK + "attn.c_proj.weight": (8, 8), BLOCK + "attn.c_proj.bias": (8,),
    BLOCK + "ln_2.weight": (8,), BLOCK + "ln_2.bias": (8,),
    BLOCK + "mlp.c_fc.weight": (32, 8), BLOCK + "mlp.c_fc.bias": (32,),
    BLOCK + "mlp.c_proj.weight": (8, 32), BLOCK + "mlp.c_proj.bias": (8,),
    "transformer.ln_f.weight": (8,), "transformer.ln_f.bias": (8,),
}  # fmt: skip
ADAMW = [shape for name, shape in SHAPES.items() if len(shape) == 1 or ".wte" in name or ".wpe" in name]
MUON = {"1.0": (4, 8, 8), "1.2": (1, 32, 8), "1.3": (1, 8, 32)}  # the four square matrices, c_fc, c_proj


def version_1_run(root: Path) -> RunDir:
    """Write a run of version 1 that was paused at STEP of STEPS, with a snapshot and a state to go on from."""
    path = root / "version-1"
    snapshot, resume = (path / kind / f"step-{STEP:07d}" for kind in ("snapshots", "resume"))
    snapshot.mkdir(parents=True)
    resume.mkdir(parents=True)
    (path / "corpus.txt").write_text(TEXT, encoding="utf-8", newline="")
    status = {"state": "paused", "step": STEP, "message": None, "pid": 31625, "updated": 1795659381.01}
    for name, content in (("run", RUN), ("baselines", BASELINES), ("status", status)):
        (path / f"{name}.json").write_text(json.dumps(content))
    (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in METRICS))
    (path / "samples.jsonl").write_text('{"step":0,"train":2.89,"val":2.88,"text":".me1"}\n')
    weights, memory = _tensors()
    for folder in (snapshot, resume):
        save_file(weights, folder / "model.safetensors")
    (snapshot / "meta.json").write_text(json.dumps({"train": 2.89, "val": 2.88, "step": STEP}))
    save_file(memory, resume / "optimizer.safetensors")
    (resume / "state.json").write_text(json.dumps({"elapsed": 0.0092, "step": STEP}))
    return RunDir(path)


def _tensors() -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    dice = torch.Generator().manual_seed(1)
    weights = {name: 0.1 * torch.randn(shape, generator=dice) for name, shape in SHAPES.items()}
    memory = {f"{name}.momentum": 0.01 * torch.randn(shape, generator=dice) for name, shape in MUON.items()}
    for i, shape in enumerate(ADAMW):
        memory[f"0.{i}.exp_avg"] = 0.01 * torch.randn(shape, generator=dice)
        memory[f"0.{i}.exp_avg_sq"] = 1e-4 * torch.rand(shape, generator=dice)
        memory[f"0.{i}.step"] = torch.tensor(float(STEP))
    return weights, memory
