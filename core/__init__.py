"""A GPT small enough to read in an hour, and everything about it that is a number. Start with `core/model.py`."""
