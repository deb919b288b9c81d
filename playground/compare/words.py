"""The words of the Compare tab: its own, and those of its two sections."""

from playground.compare import counting_words, pretrained_words
from playground.words.refusals import add_refusals
from playground.words.translate import add_words

WORDS = {"tab_compare": ("Compare", "So sánh")}
REFUSALS_VI = {
    "There is no model {name} to compare with; choose one of: {names}": "Không có mô hình {name} để so sánh; hãy chọn một trong: {names}",  # noqa: E501
}

add_words(WORDS)
add_refusals(REFUSALS_VI)
for section in (counting_words, pretrained_words):
    add_words(section.WORDS, section.WIDGET_WORDS_VI)
