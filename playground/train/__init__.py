"""The Train tab: settings, live chart, transport, samples. Everything of the tab stands here, its words too."""

from playground.train import words as words  # hands them on, whichever module of the tab comes first
