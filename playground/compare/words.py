"""The words of the Compare tab: its own, and those of its two sections."""

from playground.compare import counting_words, pretrained_words
from playground.words.refusals import add_refusals
from playground.words.translate import add_words

WORDS = {
    "tab_compare": ("Compare", "So sánh"),
    "compare_sections": ("Sections of this tab", "Các mục của thẻ này"),
    "compare_group_count": ("Counting", "Đếm"),
    "compare_section_parts": ("Part by part", "Từng phần"),
    "compare_section_numbers": ("Several numbers", "Nhiều con số"),
    "compare_section_formula": ("Formula", "Công thức"),
    "compare_section_family": ("Family and cost", "Cả họ và chi phí"),
    "compare_section_list": ("Every parameter", "Mọi tham số"),
    "compare_group_beside": ("Beside GPT-2", "Bên cạnh GPT-2"),
    "compare_section_text": ("Same text", "Cùng một văn bản"),
    "compare_section_write": ("Continuations", "Viết tiếp"),
    "compare_section_proof": ("Proof", "Chứng minh"),
    "compare_section_weights": ("Weights", "Trọng số"),
}
REFUSALS_VI = {
    "There is no section {name} to look at; choose one of: {names}": "Không có mục {name} để xem; hãy chọn một trong: {names}",  # noqa: E501
    "There is no model {name} to compare with; choose one of: {names}": "Không có mô hình {name} để so sánh; hãy chọn một trong: {names}",  # noqa: E501
}

add_words(WORDS)
add_refusals(REFUSALS_VI)
for section in (counting_words, pretrained_words):
    add_words(section.WORDS, section.WIDGET_WORDS_VI)
