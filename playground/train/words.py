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
    "upload": ("… or upload a text file", "… hoặc tải lên tệp văn bản"),
    "uploaded": (
        "{name}: {count:,} {count:character|characters}, {distinct:,} different",
        "{name}: {count:,} ký tự, {distinct:,} ký tự khác nhau",
    ),
    "own_empty": (
        "**No text yet.** Paste one into the box, or upload a file; then this line tells the size of its model.",
        "**Chưa có văn bản.** Hãy dán vào ô, hoặc tải lên một tệp; khi đó dòng này cho biết mô hình lớn chừng nào.",
    ),
    "own_refused": ("{name} was not taken: {cause}.", "Không nhận {name}: {cause}."),
    "own_take_out": ("Take the invisible characters out", "Bỏ các ký tự vô hình"),
    "own_replace": ("Replace what is not valid", "Thay những chỗ không hợp lệ"),
    "preset": ("Model", "Mô hình"),
    "preset_help": (
        "express: words within seconds. best: as far as two minutes go. modern: small with what has changed since GPT-2.",
        "express: thành chữ trong vài giây. best: tốt nhất trong hai phút. modern: như small, với những gì đã đổi từ GPT-2.",
    ),
    "time_rough": ("{time} (busy)", "{time} (máy bận)"),
    "fact_parameters": (
        "**{count:,} parameters** ({share} of GPT-2 small)",
        "**{count:,} tham số** ({share} của GPT-2 small)",
    ),
    "fact_time": ("{time} on this machine", "{time} trên máy này"),
    "fact_time_rough": ("roughly: {time} while other work runs here", "ước chừng: {time} khi máy đang chạy việc khác"),
    "fact_busy": ("the machine is busy now: longer", "máy đang bận: sẽ lâu hơn"),
    "needs_disk": ("takes up to {size} of disk", "chiếm tối đa {size} đĩa"),
    "needs_memory": ("about {size} of memory", "khoảng {size} bộ nhớ"),
    "preset_changed": ("**{name}, changed**: {changes}", "**{name}, đã đổi**: {changes}"),
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
    "terms_heading": ("What do these words mean?", "Những từ này nghĩa là gì?"),
    "term_loss": ("loss", "loss"),
    "means_loss": (
        "How surprised the model is by the next token, on average, in nats. A loss of 1.5 is as if it chose among e^1.5 = 4.5 equally likely ones. Lower is better.",
        "Mô hình bất ngờ tới đâu trước token kế tiếp, tính trung bình, đơn vị nat. Loss 1,5 như thể phải chọn giữa e^1,5 = 4,5 khả năng ngang nhau. Càng thấp càng tốt.",
    ),
    "term_train": ("train", "train"),
    "means_train": (
        "The loss on the first nine tenths of the text, from which the model learns. The thin line is each step's own batch.",
        "Loss trên chín phần mười đầu của văn bản, phần mà mô hình học. Đường mảnh là batch của từng bước.",
    ),
    "term_val": ("validation", "validation"),
    "means_val": (
        "The loss on the last tenth of the text, from which the model never learns. When it rises while train falls, the model learns by heart.",
        "Loss trên phần mười cuối của văn bản, phần mà mô hình không bao giờ học. Nếu nó tăng trong khi train giảm, mô hình đang học vẹt.",
    ),
    "term_lines": ("dashed lines", "các đường đứt"),
    "means_lines": (
        "What simpler ways to guess the next token reach on the same text: whoever falls below one has learnt more than that.",
        "Những cách đoán token kế tiếp đơn giản hơn đạt tới đâu trên cùng văn bản: xuống dưới đường nào là đã học được hơn cách ấy.",
    ),
    "term_step": ("step", "bước"),
    "means_step": (
        "One change of all weights, made after looking at one batch of text.",
        "Một lần thay đổi toàn bộ trọng số, sau khi xem một batch văn bản.",
    ),
    "term_parameters": ("parameters", "tham số"),
    "means_parameters": (
        "The numbers that training changes: the weights of the model.",
        "Những con số mà việc huấn luyện thay đổi: các trọng số của mô hình.",
    ),
    "term_token": ("token", "token"),
    "means_token": (
        "A piece of text that the model reads and writes as one: a character here, or a piece of a word with GPT-2's tokenizer.",
        "Một mẩu văn bản mà mô hình đọc và viết như một đơn vị: ở đây là một ký tự, hoặc một mẩu từ với tokenizer của GPT-2.",
    ),
    "term_tokens_per_second": ("tokens/s", "token/s"),
    "means_tokens_per_second": (
        "How many tokens of text the training reads in a second.",
        "Mỗi giây việc huấn luyện đọc bao nhiêu token.",
    ),
    "term_steps_per_second": ("steps/s", "bước/s"),
    "means_steps_per_second": (
        "How many times the weights change in a second.",
        "Mỗi giây trọng số thay đổi bao nhiêu lần.",
    ),
    "term_learning_rate": ("learning rate", "tốc độ học"),
    "means_learning_rate": (
        "How far the weights go in one step. It rises at first and falls towards the end; too high, and the loss jumps up.",
        "Trọng số đi xa bao nhiêu trong một bước. Lúc đầu tăng, về cuối giảm; quá cao thì loss vọt lên.",
    ),
    "term_grad_norm": ("gradient norm", "chuẩn gradient"),
    "means_grad_norm": (
        "How strongly this step's batch pulls at the weights: the length of the gradient. Sudden peaks warn of trouble.",
        "Batch của bước này kéo trọng số mạnh tới đâu: độ dài của gradient. Đỉnh đột ngột là dấu hiệu có vấn đề.",
    ),
    "term_seed": ("seed", "seed"),
    "means_seed": (
        "The number from which all chance is drawn. Reset keeps it: the same first weights, the same batches, and on one machine with one number of threads the same losses. New seed takes another.",
        "Con số sinh ra mọi ngẫu nhiên. Làm lại thì giữ nguyên: cùng trọng số ban đầu, cùng các batch, và trên cùng một máy với cùng số luồng thì cùng loss. Seed mới thì lấy số khác.",
    ),
    "term_sample": ("sample", "mẫu"),
    "means_sample": (
        "What the model writes at an estimate, always from the same prompt and seed, so that samples can be compared.",
        "Đoạn mô hình viết ở mỗi lần ước lượng, luôn từ cùng câu mở đầu và seed để so sánh được.",
    ),
    "term_snapshot": ("snapshot", "bản chụp"),
    "means_snapshot": (
        "The weights as they were at a step, kept so that Generate and Attention can go back to it.",
        "Trọng số ở một bước, được giữ lại để các thẻ Sinh văn bản và Attention có thể quay về.",
    ),
    "term_ghosts": ("grey curves", "đường cong mờ"),
    "means_ghosts": (
        "Earlier runs on the same text, named by what was different.",
        "Những lượt chạy trước trên cùng văn bản, gọi tên theo điểm khác biệt.",
    ),
    "download_csv": ("curve as CSV", "đường cong (CSV)"),
    "download_png": ("as PNG", "PNG"),
    "download_svg": ("as SVG", "SVG"),
    "download_model": ("checkpoint (safetensors)", "checkpoint (safetensors)"),
    "download_hf": ("Hugging Face model (zip)", "mô hình Hugging Face (zip)"),
    "no_hf": (
        "No Hugging Face model here: GPT2LMHeadModel can hold GPT-2's architecture alone, and this run has another ({kind}).",
        "Không có mô hình Hugging Face: GPT2LMHeadModel chỉ chứa được kiến trúc của GPT-2, còn lượt chạy này có kiến trúc khác ({kind}).",
    ),
    "download_json": ("its settings (JSON)", "thiết lập (JSON)"),
    "figure_step": ("step", "bước"),
    "figure_loss": ("loss (nats per token)", "loss (nat mỗi token)"),
    "figure_train": ("train", "train"),
    "figure_val": ("validation", "validation"),
    "how_it_works": ("The code that you are training ({file})", "Mã nguồn bạn đang huấn luyện ({file})"),
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
    "help_seed": (None, "Cùng seed thì cùng loss (trên cùng một máy và số luồng)."),
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
        "train": "train", "val": "validation", "step": "bước", "of": "/", "loss": "loss", "log_x": "log x", "log_y": "log y",
        "log_y_help": "Kéo giãn các loss nhỏ: trục loss theo logarit", "compare": "So sánh với", "leaves": "vượt khỏi biểu đồ",
        "all_curves": "tất cả {n} đường", "fewer_curves": "thu gọn",
        "log_x_help": "Kéo giãn những bước đầu: trục bước theo logarit",
        "empty": "Bấm Huấn luyện để xem loss giảm.", "no_data": "Đang chờ bước đầu tiên …",
        "offline": "Mất kết nối, đang thử lại …",
        "aria": "Loss sau {step} trên {steps} bước: train {train}, validation {val}", "aria_empty": "Biểu đồ loss, còn trống",
    },
    "code_view": {"copy": "Sao chép", "copied": "Đã sao chép", "region": "Mã nguồn"},
    "transport": {
        "play": "Chạy", "pause": "Tạm dừng", "continue": "Tiếp tục: huấn luyện thêm chừng ấy bước, với một phần mười tốc độ học, hoặc với tốc độ cuối cùng nếu nó cao hơn (tốc độ không đổi thì giữ nguyên), để giữ những gì đã học", "start": "Huấn luyện",
        "step": "Một bước", "stop": "Dừng", "reset": "Làm lại", "new_seed": "Seed mới", "controls": "Điều khiển",
        "step_help": "Huấn luyện một bước", "stop_help": "Dừng tại đây, giữ những gì đã học; bấm Chạy để đi tiếp từ đó",
        "reset_help": "Làm lại với cùng seed: cùng trọng số ban đầu, cùng các batch; trên cùng một máy và số luồng thì cùng loss",
        "new_seed_help": "Làm lại với seed khác", "no_run": "Chưa có lượt chạy nào", "queued": "Đang chờ tới lượt",
        "running": "Đang huấn luyện", "paused": "Tạm dừng", "done": "Xong", "stopped": "Đã dừng", "failed": "Lỗi",
        "steps": "bước", "progress": "Tiến độ", "elapsed": "đã chạy", "eta": "còn lại", "tokens_per_second": "token/s",
        "steps_per_second": "bước/s", "learning_rate": "tốc độ học", "grad_norm": "chuẩn gradient",
        "offline": "Mất kết nối, đang thử lại …",
        "read_only_other": "Lượt chạy này là của người khác: bạn có thể xem, viết cùng và tải về, nhưng không thay đổi được.",
        "read_only_all": "Lượt chạy này để mọi người cùng xem: chỉ chủ trang mới thay đổi được.",
        "heard_play": "Đang bắt đầu …", "heard_continue": "Đang bắt đầu …", "heard_pause": "Đang tạm dừng …",
        "heard_stop": "Đang dừng …", "heard_step": "Đang chạy một bước …", "heard_reset": "Đang làm lại …",
        "heard_new_seed": "Đang làm lại …",
    },
    "samples": {
        "step": "bước", "train": "train", "val": "validation", "sample": "văn bản", "more": "Xem hết", "less": "Thu gọn",
        "region": "Các mẫu, mới nhất trước", "empty": "Mô hình thỉnh thoảng viết một mẫu ở đây khi được huấn luyện.",
        "no_data": "Mẫu đầu tiên sắp tới …",
    },
}  # fmt: skip

# What the form refuses beyond what `core/` says.
REFUSALS_VI = {
    "{field} is empty; it must be {allowed}": "{field} đang trống; giá trị phải là {allowed}",
    "warmup_steps={given} is more than the {steps} steps of the run, so the rate would never reach its peak; lower it to {lower}, or train for more steps":
        "warmup_steps={given} nhiều hơn {steps} bước của lượt chạy, nên tốc độ học không bao giờ lên tới đỉnh; hãy giảm xuống {lower} hoặc huấn luyện nhiều bước hơn",
    "There is no command {name}; use the buttons under the chart": "Không có lệnh {name}; hãy dùng các nút dưới biểu đồ",
}  # fmt: skip

add_words(WORDS, WIDGET_WORDS_VI)
add_refusals(REFUSALS_VI)
