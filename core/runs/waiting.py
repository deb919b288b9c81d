"""How the threads of a step wait for each other; it must be said before torch is loaded.

Threads that share a step meet after every operation. torch's OpenMP (libgomp) lets whoever is early spin for some
milliseconds, which is quickest while every thread has a core of its own. Beside other work the core that it spins on is
the one that the late thread waits for, and a step takes ten times as long. So they spin briefly and then sleep.
"""

import os
from collections.abc import MutableMapping

# Turns of libgomp's loop, about a tenth of a millisecond. `benchmarks/contention.py` measures: with none a step takes
# half as long again on a quiet machine, and with the usual 300,000 ten times as long on a busy one.
WAITING = {"GOMP_SPINCOUNT": "2000"}


def set_waiting(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let threads spin briefly and then sleep, unless somebody has said how they are to wait."""
    if "OMP_WAIT_POLICY" not in environment:
        for name, value in WAITING.items():
            environment.setdefault(name, value)
