"""The Compare tab: the run in view beside GPT-2. Everything of the tab stands here, its words too."""

from playground.compare import words as words  # hands them on, whichever module of the tab comes first
