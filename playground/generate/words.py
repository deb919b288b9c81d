# ruff: noqa: E501 (a table of words)
"""The words of the Generate tab, English and Vietnamese side by side."""

from playground.words.refusals import add_refusals
from playground.words.translate import add_words

WORDS = {
    "tab_generate": ("Generate", "Sinh văn bản"),
    "generate_intro": (
        "Write the beginning, press **Generate**, and point at any token to see what else the model considered.",
        "Viết câu mở đầu, bấm **Sinh văn bản**, rồi trỏ vào một token để xem mô hình đã cân nhắc gì khác.",
    ),
    "int8": ("8-bit weights", "Trọng số 8 bit"),
    "int8_help": (
        "A quarter of the bytes to read for every token: GPT-2 writes faster, and is a little less sure.",
        "Mỗi token chỉ phải đọc một phần tư số byte: GPT-2 viết nhanh hơn, và kém chắc chắn hơn một chút.",
    ),
    "int8_note": (
        "8-bit weights: GPT-2's loss on the same paragraph is {rounded:.3f} instead of {exact:.3f} nats per token.",
        "Trọng số 8 bit: loss của GPT-2 trên cùng một đoạn văn là {rounded:.3f} thay vì {exact:.3f} nat mỗi token.",
    ),
    "prompt": ("Prompt", "Câu mở đầu"),
    "prompt_placeholder": ("The text to go on from; empty: a new line", "Văn bản để viết tiếp; để trống: một dòng mới"),
    "generate_button": ("Generate", "Sinh văn bản"),
    "sampling": ("How to choose the next token", "Cách chọn token tiếp theo"),
    "length": ("length", "độ dài"),
    "temperature": ("temperature", "temperature"),
    "top_k": ("top-k", "top-k"),
    "top_p": ("top-p", "top-p"),
    "help_max_new_tokens": ("How many tokens to write.", "Viết bao nhiêu token."),
    "help_temperature": (
        "0 always takes the likeliest, 1 is the model's own opinion, 10 is noise.",
        "0 luôn lấy token có xác suất cao nhất, 1 là ý của mô hình, 10 là nhiễu.",
    ),
    "help_top_k": ("Only the k likeliest; empty: all.", "Chỉ k token có xác suất cao nhất; để trống: tất cả."),
    "help_top_p": (
        "Only the fewest that together reach p; 1: all.",
        "Chỉ lấy ít token nhất có tổng xác suất đạt p; 1: tất cả.",
    ),
    "keep_seed": ("keep this seed", "giữ seed này"),
    "help_keep_seed": (
        "Same seed, same text. Off: a new seed for every text.",
        "Cùng seed, cùng văn bản. Tắt: mỗi văn bản một seed mới.",
    ),
    "prompt_cut": (
        "Of the prompt's {count:,} characters, the last {most:,} are used.",
        "Trong {count:,} ký tự của câu mở đầu, chỉ {most:,} ký tự cuối được dùng.",
    ),
    "ends_with_space": (
        "The prompt ends with a space, but GPT-2's tokens bring the space before a word with them: without it, the text goes on better.",
        "Câu mở đầu kết thúc bằng dấu cách, trong khi token của GPT-2 đã mang sẵn dấu cách trước mỗi từ: bỏ dấu cách đó đi thì văn bản nối tiếp tốt hơn.",
    ),
    "unknown_choice": ("Characters it has never seen", "Ký tự mô hình chưa từng thấy"),
    "unknown_drop": ("leave out", "bỏ đi"),
    "unknown_replace": ("replace", "thay thế"),
    "too_long": (
        "The model sees only the last {block_size} of the prompt's {count} tokens; the rest is dimmed.",
        "Mô hình chỉ thấy {block_size} token cuối trong {count} token; phần còn lại được làm mờ.",
    ),
}

# What the widgets say in Vietnamese; English stands in their scripts.
WIDGET_WORDS_VI = {
    "written": {
        "empty": "Viết câu mở đầu rồi bấm Sinh văn bản.", "hint": "Trỏ vào một token để xem mô hình đã cân nhắc gì.",
        "idle": "", "writing": "Đang viết …", "done": "Xong", "stopped": "Đã dừng", "refused": "Không viết được",
        "earlier": "{state}: văn bản dưới đây là của cài đặt trước",
        "waiting": "Đang chờ một lượt viết khác kết thúc …", "loading": "Đang nạp mô hình …",
        "speed": "token/s", "tokens": "{count} token", "seed": "seed {seed}", "seed_help": "Cùng seed, cùng văn bản",
        "scale": "xác suất theo mô hình", "p": "mô hình", "q": "dùng để chọn", "place": "token", "drawn": "đã chọn",
        "p_help": "Xác suất của chính mô hình", "q_help": "Xác suất dùng để chọn, sau temperature, top-k, top-p",
        "paper": "Văn bản: dùng phím mũi tên để đi qua các token", "unseen": "Ngoài ngữ cảnh: mô hình không thấy",
        "unknown": "Không có trong bộ từ vựng", "newline": "xuống dòng", "space": "dấu cách",
        "token_aria": "{token}, {percent}", "end": "văn bản mới bắt đầu", "copy": "Sao chép", "copied": "Đã sao chép",
        "save": "Lưu .txt",
    },
    "by_hand": {
        "title": "Tự tay chọn token tiếp theo",
        "about": "Các thanh trượt đổi dạng các thanh xác suất ngay lập tức. Nhấp vào một thanh để viết token đó, hoặc để một con số ngẫu nhiên quyết định.",
        "after": "sau", "waiting": "Đang đọc câu mở đầu ...", "a": "A: {of}", "b": "B: {of}", "row": "{token}, {share}",
        "row_cut": "{token}, bị loại, trước đó {share}", "cut": "bị loại",
        "rest": "{count} token còn lại, cộng lại: {share}", "rest_none": "Đây là tất cả các token.",
        "key_bar": "dùng để chọn", "key_ghost": "trước khi top-k và top-p loại bớt", "chance": "Ngẫu nhiên",
        "line": "Mọi token xếp nối nhau, mỗi token dài bằng xác suất của nó", "draw": "Rút", "five": "Rút năm lần",
        "back": "Lùi lại", "drew": "Số thứ {count} của seed {seed}: {number} nằm giữa {low} và {high}: {token}",
        "one": "{number} rơi vào {token}: nhấp để viết token này",
    },
}  # fmt: skip

# Sentences of core/sampling.py and of the card by hand that only writing meets.
REFUSALS_VI = {
    "There is no token {token}; choose one of the bars": "Không có token {token}; hãy chọn một trong các thanh",
    "The model's logits are not numbers; choose an earlier step of the run, or another run": "Các logit của mô hình không phải là số; hãy chọn một bước sớm hơn hoặc một lượt chạy khác",
}

add_words(WORDS, WIDGET_WORDS_VI)
add_refusals(REFUSALS_VI)
