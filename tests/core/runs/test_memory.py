"""What may be used of the memory, what limits it and the cores, and how its end is told."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.runs import cgroups, memory
from tests.tiny_runs import PROJECT

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it reads Linux's own figures")


def written(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


@pytest.fixture
def container(tmp_path, monkeypatch):
    """Let the control groups be those in a folder: container(membership, files)."""

    def build(membership: str, files: dict[str, str]) -> None:
        written(tmp_path, {"cgroup": membership, **files})
        monkeypatch.setattr(cgroups, "ROOT", tmp_path)
        monkeypatch.setattr(cgroups, "MEMBERSHIP", tmp_path / "cgroup")

    return build


def test_without_limits_there_are_none(container):
    container("0::/\n", {"cpu.max": "max 100000\n", "memory.max": "max\n", "memory.current": "5\n"})
    assert cgroups.cpu_limit() is None and cgroups.memory_left() is None


def test_the_limits_of_version_2_are_heeded_also_those_of_outer_groups(container):
    container("0::/user/job\n", {
        "cpu.max": "150000 100000\n", "user/job/cpu.max": "400000 100000\n",
        "user/memory.max": "1000\n", "user/memory.current": "700\n", "user/memory.stat": "anon 1\ninactive_file 50\n",
        "user/job/memory.max": "max\n", "user/job/memory.current": "600\n",
    })  # fmt: skip
    assert cgroups.cpu_limit() == 1.5 and cgroups.memory_left() == 350
    assert memory.memory_available() == int(350 * memory.SHARE)


def test_the_limits_of_version_1_are_heeded_where_the_path_is_the_hosts(container):
    container("4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n0::/\n", {
        "cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n",
        "memory/memory.limit_in_bytes": "1000\n", "memory/memory.usage_in_bytes": "900\n",
        "memory/memory.stat": "inactive_file 1\ntotal_inactive_file 20\n",
    })  # fmt: skip
    assert cgroups.cpu_limit() == 2.0 and cgroups.memory_left() == 120


def test_no_quota_and_damaged_files_are_no_limit(container):
    container("3:cpu:/\nnonsense\n4:memory:/\n", {
        "cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n",
        "memory/memory.limit_in_bytes": "\n", "memory/memory.usage_in_bytes": "1\n",
    })  # fmt: skip
    assert cgroups.cpu_limit() is None and cgroups.memory_left() is None


@linux
def test_ulimit_v_is_heeded():
    program = (
        "import resource; from core.runs import memory;"
        "resource.setrlimit(resource.RLIMIT_AS, (memory.TORCH_ADDRESSES + 1000,) * 2);"
        "print(memory.memory_available())"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 900


@linux
def test_memory_that_ends_is_told_in_one_sentence_with_a_remedy():
    program = (
        "import resource, torch; from core.runs.memory import told\n"
        "resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30,) * 2)\n"
        "try: torch.ones(10**10)\n"
        "except Exception as error: print(told(error))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == memory.told(MemoryError())
    assert memory.told(MemoryError()).startswith("The memory of this machine was not enough; lower batch_size")
    assert memory.told(RuntimeError("boom")) == "Training ended with an error: boom"


HELD = """
import ctypes, sys
from pathlib import Path
from core.runs.memory import give_back_memory, keep_freed_memory
libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
held = lambda: int(Path("/proc/self/statm").read_text().split()[1]) * 4096
def used():
    block, last = libc.malloc(300_000_000), libc.malloc(1000)
    ctypes.memset(block, 1, 300_000_000)
    libc.free(block)
keep_freed_memory()
before = held()
used()
print(held() - before > 250_000_000)
give_back_memory()
print(held() - before < 50_000_000)
"""


@linux
def test_freed_memory_is_kept_while_a_run_trains_and_given_back_when_it_leaves():
    done = subprocess.run([sys.executable, "-c", HELD], cwd=PROJECT, capture_output=True, text=True, check=True)
    if memory._libc() is None:
        pytest.skip("another C library than glibc")
    assert done.stdout.split() == ["True", "True"]


@linux
def test_a_notebooks_process_is_not_told_how_to_deal_with_memory():
    """train() is a library function: only workers and the command line set malloc."""
    program = (
        "import ctypes; from unittest.mock import patch; import torch\n"
        "from core.config import GPTConfig, TrainConfig; from core.architectures import build_model\n"
        "from core.training import train\n"
        "real = ctypes.CDLL\n"
        "def refuse(name, *rest, **more):\n"
        "    assert 'libc' not in str(name), name\n"
        "    return real(name, *rest, **more)\n"
        "shape = GPTConfig(block_size=8, vocab_size=5, n_layer=1, n_head=1, n_embd=8)\n"
        "with patch('ctypes.CDLL', refuse):\n"
        "    print(len(list(train(build_model(shape), torch.arange(500) % 5, TrainConfig(steps=2, batch_size=2)))))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "2", done.stderr
