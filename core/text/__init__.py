"""The texts to train on: where they come from, the plays and their grammar, and what counting is worth on them."""
