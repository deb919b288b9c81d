"""`python -m core train|generate ...`: the command line, which `runs/command_line.py` is."""

import sys

from core.runs.command_line import main

if __name__ == "__main__":
    sys.exit(main())
