"""`python -m core train|generate ...`: the command line. Its code is in `runs/command_line.py`."""

import sys

from core.runs.command_line import main

if __name__ == "__main__":
    sys.exit(main())
