"""`python -m core train|generate ...`: the command line. Its code is in `runs/command_line.py`."""

import sys

from core.runs.waiting import can_look, set_waiting


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    if sys.argv[1:2] != ["train"] or not can_look():  # only training looks who else computes
        set_waiting()  # before torch is loaded
    from core.runs.command_line import main as run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
