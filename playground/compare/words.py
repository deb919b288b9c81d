"""The words of the Compare tab: its own, and those of its two sections."""

from playground.compare import counting_words, pretrained_words
from playground.words.translate import add_words

WORDS = {"tab_compare": ("Compare", "So sánh")}

add_words(WORDS)
for section in (counting_words, pretrained_words):
    add_words(section.WORDS, section.WIDGET_WORDS_VI)
