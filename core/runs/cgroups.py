"""The limits that a container sets, read where Linux tells them: control groups of version 2 and of version 1."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def folders(controller: str) -> Iterator[Path]:
    """Yield the folders that may limit this process, from its own group outwards; not all of them need exist.

    A line of the membership is number:controllers:path. Version 2 has one line without controllers. Inside a container
    the path may be the host's, and then only the outermost folder is there: the container's own.
    """
    try:
        lines = [line.split(":", 2) for line in MEMBERSHIP.read_text().splitlines()]
    except OSError:
        return
    for _, controllers, path in (line for line in lines if len(line) == 3):
        if controllers and controller not in controllers.split(","):
            continue
        outermost = ROOT / controller if controllers else ROOT
        folder = outermost / path.strip("/")
        yield from (each for each in (folder, *folder.parents) if each.is_relative_to(outermost))


def cpu_limit() -> float | None:
    """Return how many cores' worth of time the groups allow (docker --cpus=2: 2.0); None without a limit."""
    limits = []
    for folder in folders("cpu"):
        older = [*_words(folder / "cpu.cfs_quota_us"), *_words(folder / "cpu.cfs_period_us")]
        match _words(folder / "cpu.max") or older:
            case [quota, period] if quota.isdecimal() and period.isdecimal() and int(period):  # not "max", not -1
                limits.append(int(quota) / int(period))
    return min(limits, default=None)


def memory_left() -> int | None:
    """Return how many bytes the groups still allow, files read a while ago counted as free; None: no limit."""
    left = []
    for folder in folders("memory"):
        for limit, used, cache in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            match [*_words(folder / limit), *_words(folder / used)]:
                case [most, now] if most.isdecimal() and now.isdecimal():
                    words = _words(folder / "memory.stat")
                    given_back = dict(zip(words[::2], words[1::2], strict=False)).get(cache, "0")
                    left.append(int(most) - int(now) + int(given_back))
    return min(left, default=None)


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
