"""The Attention tab: what each token looks at. Everything of the tab stands here, its words too."""

from playground.attention import words as words  # hands them on, whichever module of the tab comes first
