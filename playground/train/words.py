# ruff: noqa: E501 (a table of words)
"""The words of the Train tab, English and Vietnamese side by side."""

from playground.words.refusals import add_refusals
from playground.words.translate import add_words

WORDS = {
    "corpus": ("Text to learn from", "Văn bản để học"),
    "about_plays": (
        "Little plays written by a program, so the best possible loss is known exactly. Needs no network.",
        "Những vở kịch nhỏ do chương trình viết, nên biết chính xác loss tốt nhất có thể. Không cần mạng.",
    ),
    "about_shakespeare": (
        "40,000 lines of Shakespeare (1.1 MB), the text of the lecture. Downloaded once, when you press Train.",
        "40.000 dòng Shakespeare (1,1 MB), văn bản của bài giảng nổi tiếng. Tải về một lần khi bấm Huấn luyện.",
    ),
    "about_python": (
        "Source code of the Python that runs this page (1 MB). Needs no network.",
        "Mã nguồn của chính bản Python đang chạy trang này (1 MB). Không cần mạng.",
    ),
    "about_own": (
        "Paste or upload anything from about a page up to 5 million characters.",
        "Dán hoặc tải lên văn bản từ khoảng một trang tới 5 triệu ký tự.",
    ),
    "own_text": ("Your text", "Văn bản của bạn"),
    "own_placeholder": ("Paste a text here …", "Dán văn bản vào đây …"),
    "upload": ("… or upload a .txt file", "… hoặc tải lên tệp .txt"),
    "uploaded": (
        "{name}: {count:,} {count:character|characters}, {distinct} different",
        "{name}: {count:,} ký tự, {distinct} ký tự khác nhau",
    ),
    "preset": ("Model", "Mô hình"),
    "preset_help": (
        "express: words within seconds. best: as far as two minutes go. modern: small with what has changed since GPT-2.",
        "express: thành chữ trong vài giây. best: tốt nhất trong hai phút. modern: như small, với những gì đã đổi từ GPT-2.",
    ),
    "preset_choice": ("{name} · {count} · {time}", "{name} · {count} · {time}"),
    "count_line": (
        "**{count:,} parameters** ({share} of GPT-2 small) · {time} on this machine",
        "**{count:,} tham số** ({share} của GPT-2 small) · {time} trên máy này",
    ),
    "tab_train": ("Train", "Huấn luyện"),
    "train_intro": (
        "Press **Train**. Watch the curves fall past the dashed lines, and the samples turn into words.",
        "Bấm **Huấn luyện**. Hãy xem hai đường cong giảm qua các đường đứt, và các mẫu dần thành chữ.",
    ),
    "train_button": ("Train", "Huấn luyện"),
    "advanced": ("Advanced: every setting", "Nâng cao: mọi thiết lập"),
    "group_model": ("The model", "Mô hình"),
    "group_training": ("The training", "Việc huấn luyện"),
    "group_run": ("The run", "Lượt chạy"),
    "download_csv": ("curve as CSV", "đường cong (CSV)"),
    "download_png": ("as PNG", "PNG"),
    "download_svg": ("as SVG", "SVG"),
    "download_model": ("checkpoint (safetensors)", "checkpoint (safetensors)"),
    "download_hf": ("Hugging Face model (zip)", "mô hình Hugging Face (zip)"),
    "download_json": ("its settings (JSON)", "thiết lập (JSON)"),
    "figure_step": ("step", "bước"),
    "figure_loss": ("loss (nats per token)", "loss (nat mỗi token)"),
    "figure_train": ("train", "train"),
    "figure_val": ("validation", "validation"),
    "how_it_works": ("The code that you are training (core/model.py)", "Mã nguồn bạn đang huấn luyện (core/model.py)"),
    "downloading": ("Downloading the text", "Đang tải về văn bản"),
    "help_block_size": (None, "Mô hình nhìn thấy bao nhiêu token cùng lúc (T)."),
    "help_n_layer": (None, "Có bao nhiêu khối xếp chồng lên nhau."),
    "help_n_head": (None, "Có bao nhiêu đầu attention làm việc song song trong một khối."),
    "help_n_embd": (None, "Dùng bao nhiêu con số để mô tả một token (C)."),
    "help_dropout": (None, "Tỉ lệ activation bị tắt ngẫu nhiên khi huấn luyện."),
    "help_bias": (None, "Bias trong các lớp tuyến tính và LayerNorm."),
    "help_qkv_bias": (None, "Bias trong query, key và value; không chọn: như `bias`."),
    "qkv_bias_auto": ("as bias", "như bias"),
    "qkv_bias_yes": ("yes", "có"),
    "qkv_bias_no": ("no", "không"),
    "help_activation": (None, "Hàm kích hoạt trong MLP; GPT-2 dùng GELU dạng tanh."),
    "help_tie_weights": (None, "Một ma trận chung để đọc token vào (wte) và viết ra (lm_head)."),
    "help_lm_head_bias": (None, "Bias ở lớp ra."),
    "help_init": (None, "Trọng số khởi đầu thế nào: như GPT-2, hay có lợi thế ban đầu."),
    "help_optimizer": (None, "Muon cho các ma trận trong khối và AdamW cho phần còn lại, hoặc chỉ AdamW."),
    "help_precision": (None, "Tính bằng kiểu số nào: auto dùng bf16 khi bộ xử lý này nhanh hơn nhờ nó."),
    "help_muon_learning_rate": (None, "Mỗi bước của Muon đi xa bao nhiêu, lúc cao nhất."),
    "help_muon_momentum": (None, "Muon nhớ gradient lâu đến đâu."),
    "help_muon_weight_decay": (None, "Lực Muon kéo các ma trận của nó về không."),
    "help_steps": (None, "Trọng số được cập nhật bao nhiêu lần."),
    "help_batch_size": (None, "Mỗi bước học từ bao nhiêu đoạn văn bản (B)."),
    "help_learning_rate": (None, "Mỗi bước đi xa bao nhiêu, lúc cao nhất."),
    "help_schedule": (None, "Tốc độ học giảm theo cách nào."),
    "help_warmup_steps": (None, "Số bước để tốc độ học tăng tới đỉnh."),
    "help_min_learning_rate": (None, "Tốc độ học cuối cùng, tính bằng tỉ lệ so với đỉnh."),
    "help_weight_decay": (None, "Lực kéo các ma trận về không."),
    "help_beta1": (None, "AdamW nhớ gradient lâu đến đâu."),
    "help_beta2": (None, "AdamW nhớ bình phương gradient lâu đến đâu."),
    "help_grad_clip": (None, "Chuẩn gradient lớn nhất được phép; 0: không giới hạn."),
    "help_eval_interval": (None, "Số bước giữa hai lần ước lượng loss."),
    "help_eval_tokens": (None, "Mỗi lần ước lượng dùng bao nhiêu token của mỗi phần."),
    "help_seed": (None, "Cùng seed: cùng khởi đầu, cùng batch, cùng loss."),
    "help_architecture": (None, "Kiến trúc GPT-2, dạng hiện đại của nó, hoặc mô hình bigram làm mốc."),
    "help_tokenizer": (None, "Mỗi ký tự một token, hoặc các mẩu từ của GPT-2."),
    "help_weights": (None, "Bắt đầu từ trọng số mới, hay từ trọng số đã công bố của GPT-2 (tinh chỉnh)."),
    "help_device": (None, "Huấn luyện ở đâu."),
    "help_prompt": (None, "Mỗi mẫu viết tiếp từ đâu; trống: một dòng mới."),
    "help_sample_tokens": (None, "Mỗi mẫu dài bao nhiêu token."),
}

# What the widgets say in Vietnamese; English stands in their scripts.
WIDGET_WORDS_VI = {
    "loss_chart": {
        "train": "train", "val": "validation", "step": "bước", "of": "/", "loss": "loss", "log_x": "log x",
        "log_x_help": "Kéo giãn những bước đầu: trục bước theo logarit",
        "empty": "Bấm Huấn luyện để xem loss giảm.", "no_data": "Đang chờ bước đầu tiên …",
        "offline": "Mất kết nối, đang thử lại …",
        "aria": "Loss sau {step} trên {steps} bước: train {train}, validation {val}", "aria_empty": "Biểu đồ loss, còn trống",
    },
    "transport": {
        "play": "Chạy", "pause": "Tạm dừng", "continue": "Tiếp tục: huấn luyện thêm chừng ấy bước", "start": "Huấn luyện",
        "step": "Một bước", "stop": "Dừng", "reset": "Làm lại", "new_seed": "Seed mới", "controls": "Điều khiển",
        "step_help": "Huấn luyện một bước", "stop_help": "Kết thúc lượt chạy này; những gì đã học được giữ lại",
        "reset_help": "Làm lại với cùng seed: cùng trọng số ban đầu, cùng các batch",
        "new_seed_help": "Làm lại với seed khác", "no_run": "Chưa có lượt chạy nào", "queued": "Đang chờ tới lượt",
        "running": "Đang huấn luyện", "paused": "Tạm dừng", "done": "Xong", "stopped": "Đã dừng", "failed": "Lỗi",
        "steps": "bước", "progress": "Tiến độ", "elapsed": "đã chạy", "eta": "còn lại", "tokens_per_second": "token/s",
        "steps_per_second": "bước/s", "learning_rate": "tốc độ học", "grad_norm": "chuẩn gradient",
        "offline": "Mất kết nối, đang thử lại …",
    },
    "samples": {
        "step": "bước", "train": "train", "val": "validation", "sample": "văn bản", "more": "Xem hết", "less": "Thu gọn",
        "region": "Các mẫu, mới nhất trước", "empty": "Mô hình thỉnh thoảng viết một mẫu ở đây khi được huấn luyện.",
        "no_data": "Mẫu đầu tiên sắp tới …",
    },
}  # fmt: skip

REFUSALS_VI = {
    "There is no command {name}; use the buttons under the chart": "Không có lệnh {name}; hãy dùng các nút dưới biểu đồ",
}

add_words(WORDS, WIDGET_WORDS_VI)
add_refusals(REFUSALS_VI)
