"""The lesson: a GPT to read in an hour, beginning with `model.py`. The folders build on it, and it on none of them."""
