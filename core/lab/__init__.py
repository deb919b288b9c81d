"""Experiments, as pure functions over runs and models. None stands here yet: the lab is the next floor."""
