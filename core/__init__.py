"""A GPT small enough to read in an hour. Start with `model.py`; the wings below build on it, and it on none of them."""
