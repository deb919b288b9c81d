"""`python -m core train|generate ...`: the command line. Its code is in `runs/command_line.py`."""

import sys

from core.runs.waiting import can_look, set_waiting


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    if not can_look():
        set_waiting()  # before torch is loaded
    from core.runs.command_line import main as run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
