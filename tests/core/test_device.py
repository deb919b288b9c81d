"""Where a run computes: by what the machine has."""

import pytest
import torch

from core.device import DEVICES, choose_device


@pytest.fixture
def machine(monkeypatch):
    """Return a function that makes this machine have CUDA or MPS, or not."""

    def has(cuda: bool = False, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return has


@pytest.mark.parametrize(
    ("has", "chosen"),
    [({}, "cpu"), ({"cuda": True}, "cuda"), ({"mps": True}, "mps"), ({"cuda": True, "mps": True}, "cuda")],
    ids=str,
)
def test_auto_takes_the_fastest_device_there_is(machine, has, chosen):
    machine(**has)
    assert choose_device() == choose_device("auto") == torch.device(chosen)


def test_a_device_that_is_there_is_taken_by_name(machine):
    machine(cuda=True, mps=True)
    assert [choose_device(name).type for name in DEVICES[1:]] == ["cpu", "cuda", "mps"]


def test_a_device_that_is_not_there_is_refused_with_those_that_are(machine):
    machine()
    for name in ("cuda", "mps", "tpu", "", "cuda:7", "meta"):
        with pytest.raises(ValueError, match=f"^device='{name}' is not on this machine; choose auto or one of: cpu$"):
            choose_device(name)
