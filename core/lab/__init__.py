"""Experiments, as pure functions over runs and models. Runs know `variants.py` alone, which says what can be broken."""
