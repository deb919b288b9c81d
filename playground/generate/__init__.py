"""The Generate tab: writing with any run or GPT-2. Everything of the tab stands here, its words too."""

from playground.generate import words as words  # hands them on, whichever module of the tab comes first
