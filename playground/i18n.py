"""The page's words in English and Vietnamese, side by side, so that neither is forgotten.

Gradio's own I18n picks only languages that Gradio ships, which leaves Vietnamese out; so the page chooses by itself.
Names that the code uses (n_layer, learning_rate) stay as they are in both.
"""

from playground.compare import counting_words, pretrained_words

LANGUAGES = {"en": "English", "vi": "Tiếng Việt"}

WORDS = {
    # header
    "heading": (
        "# GPT Playground\nUnderstand GPT by training one.",
        "# GPT Playground\nHiểu GPT bằng cách tự huấn luyện.",
    ),
    "run_in_view": ("Run in view", "Lượt đang xem"),
    "theme_button": ("Light / dark", "Sáng / tối"),
    "machine": ("{cores} cores, {device}", "{cores} nhân CPU, {device}"),
    "machine_gpu": ("GPU", "có GPU"),
    "machine_cpu": ("no GPU", "không có GPU"),
    "delete_run": ("Delete run", "Xoá lượt"),
    # runs
    "welcome_run": ("Welcome run: tiny on the built-in plays", "Lượt chào mừng: tiny trên kịch có sẵn"),
    "run_name": ("{preset} on {corpus}", "{preset} trên {corpus}"),
    "same_settings": ("same settings", "cùng thiết lập"),
    "state_queued": ("waiting", "đang chờ"),
    "state_running": ("training", "đang huấn luyện"),
    "state_paused": ("paused", "tạm dừng"),
    "state_done": ("done", "xong"),
    "state_stopped": ("stopped", "đã dừng"),
    "state_failed": ("failed", "hỏng"),
    "characters": ("characters", "ký tự"),
    "bpe_tokens": ("GPT-2 tokens", "token GPT-2"),
    # corpora and presets
    "corpus": ("Text to learn from", "Văn bản để học"),
    "corpus_plays": ("Built-in plays", "Kịch có sẵn"),
    "corpus_shakespeare": ("Tiny Shakespeare", "Tiny Shakespeare"),
    "corpus_python": ("Python's standard library", "Thư viện chuẩn của Python"),
    "corpus_own": ("Your own text", "Văn bản của bạn"),
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
    "uploaded": ("{name}: {count:,} characters, {distinct} different", "{name}: {count:,} ký tự, {distinct} loại"),
    "preset": ("Model", "Mô hình"),
    "preset_help": (
        "express: words within seconds. best: as far as two minutes go. modern: small with what has changed since GPT-2.",
        "express: thành chữ trong vài giây. best: tốt nhất trong hai phút. modern: như small, với những gì đã đổi từ GPT-2.",
    ),
    "preset_bigram": ("bigram", "bigram"),
    "preset_tiny": ("tiny", "tiny"),
    "preset_express": ("express", "express"),
    "preset_small": ("small", "small"),
    "preset_modern": ("modern", "modern"),
    "preset_best": ("best", "best"),
    "preset_lecture": ("lecture", "lecture"),
    "preset_gpt2": ("GPT-2 small, from scratch", "GPT-2 small, từ đầu"),
    "preset_finetune": ("GPT-2 small, fine-tuned on the text", "GPT-2 small, tinh chỉnh trên văn bản"),
    "preset_custom": ("custom", "tuỳ chỉnh"),
    "preset_choice": ("{name} · {count} · {time}", "{name} · {count} · {time}"),
    "about_time": ("about {time}", "khoảng {time}"),
    "time_unknown": ("measuring this machine …", "đang đo tốc độ máy …"),
    "seconds": ("{n:.0f} s", "{n:.0f} giây"),
    "minutes": ("{n:.0f} min", "{n:.0f} phút"),
    "hours": ("{n:.1f} hours", "{n:.1f} giờ"),
    "days": ("{n:.1f} days", "{n:.1f} ngày"),
    "count_line": (
        "**{count:,} parameters** ({share} of GPT-2 small) · {time} on this machine",
        "**{count:,} tham số** ({share} của GPT-2 small) · {time} trên máy này",
    ),
    # train tab
    "tab_train": ("Train", "Huấn luyện"),
    "train_intro": (
        "Press **Train**. Watch the curves fall past the dashed lines, and the samples turn into words.",
        "Bấm **Huấn luyện**. Hãy xem hai đường cong giảm qua các đường đứt, và các mẫu dần thành chữ.",
    ),
    "train_button": ("Train", "Huấn luyện"),
    "seed": ("seed", "seed"),
    "advanced": ("Advanced: every setting", "Nâng cao: mọi thiết lập"),
    "group_model": ("The model", "Mô hình"),
    "group_training": ("The training", "Việc huấn luyện"),
    "group_run": ("The run", "Lượt chạy"),
    "downloads": ("Take it with you", "Mang về"),
    "download_csv": ("curve as CSV", "đường cong (CSV)"),
    "download_png": ("as PNG", "PNG"),
    "download_svg": ("as SVG", "SVG"),
    "download_model": ("checkpoint (safetensors)", "checkpoint (safetensors)"),
    "download_hf": ("Hugging Face model (zip)", "mô hình Hugging Face (zip)"),
    "download_json": ("its settings (JSON)", "thiết lập (JSON)"),
    "how_it_works": ("The code that you are training (core/model.py)", "Mã nguồn bạn đang huấn luyện (core/model.py)"),
    "downloading": ("Downloading the text", "Đang tải văn bản"),
    # generate tab
    "tab_generate": ("Generate", "Sinh văn bản"),
    "generate_intro": (
        "Write the beginning, press **Generate**, and point at any token to see what else the model considered.",
        "Viết phần mở đầu, bấm **Sinh văn bản**, rồi trỏ vào một token để xem mô hình đã cân nhắc gì khác.",
    ),
    "source": ("Model", "Mô hình"),
    "source_run": ("the run in view", "lượt đang xem"),
    "source_gpt2": ("GPT-2 small (pretrained)", "GPT-2 small (đã huấn luyện sẵn)"),
    "gpt2_not_loaded": (
        "GPT-2's weights are not on this machine yet; load them in the Compare tab",
        "Trọng số của GPT-2 chưa có trên máy này; hãy tải ở thẻ So sánh",
    ),
    "int8": ("8-bit weights", "Trọng số 8 bit"),
    "int8_help": (
        "A quarter of the bytes to read for every token: GPT-2 writes faster, and is a little less sure.",
        "Mỗi token chỉ phải đọc một phần tư số byte: GPT-2 viết nhanh hơn, và kém chắc chắn hơn một chút.",
    ),
    "int8_note": (
        "8-bit weights: GPT-2's loss on the same paragraph is {rounded} instead of {exact} nats per token.",
        "Trọng số 8 bit: loss của GPT-2 trên cùng một đoạn văn là {rounded} thay vì {exact} nat mỗi token.",
    ),
    "gpt2_no_history": ("GPT-2 was published once, at the end of its training.", "GPT-2 chỉ được công bố một lần, khi đã huấn luyện xong."),
    "snapshot": ("Model at step", "Mô hình ở bước"),
    "snapshot_help": (
        "An earlier self of the model: the same prompt and seed show what it has learned since.",
        "Mô hình ở một thời điểm trước: cùng đoạn mở đầu và seed cho thấy nó đã học được gì.",
    ),
    "latest": ("latest", "mới nhất"),
    "prompt": ("Prompt", "Đoạn mở đầu"),
    "prompt_placeholder": ("The text to go on from; empty: a new line", "Văn bản để viết tiếp; để trống: một dòng mới"),
    "generate_button": ("Generate", "Sinh văn bản"),
    "stop_button": ("Stop", "Dừng"),
    "sampling": ("How to choose the next token", "Cách chọn token tiếp theo"),
    "length": ("length", "độ dài"),
    "temperature": ("temperature", "temperature"),
    "top_k": ("top-k", "top-k"),
    "top_p": ("top-p", "top-p"),
    "help_max_new_tokens": ("How many tokens to write.", "Viết bao nhiêu token."),
    "help_temperature": (
        "0 always takes the likeliest, 1 is the model's own opinion, 10 is noise.",
        "0 luôn lấy token khả dĩ nhất, 1 là ý của mô hình, 10 là nhiễu.",
    ),
    "help_top_k": ("Only the k likeliest; 0: all.", "Chỉ k token khả dĩ nhất; 0: tất cả."),
    "help_top_p": (
        "Only the fewest that together reach p; 1: all.",
        "Chỉ số ít token có tổng xác suất đạt p; 1: tất cả.",
    ),
    "help_sample_seed": ("Same seed, same text; empty: new each time.", "Cùng seed, cùng văn bản; trống: mỗi lần một khác."),
    "unknown_choice": ("Characters it has never seen", "Ký tự mô hình chưa từng thấy"),
    "unknown_drop": ("leave out", "bỏ đi"),
    "unknown_replace": ("replace", "thay thế"),
    "unknown_dropped": (
        "Left out, for the model has never seen them: {names}.",
        "Đã bỏ, vì mô hình chưa từng thấy: {names}.",
    ),
    "unknown_replaced": (
        "Replaced, for the model has never seen them: {names}.",
        "Đã thay, vì mô hình chưa từng thấy: {names}.",
    ),
    "too_long": (
        "The model sees only the last {block_size} of the prompt's {count} tokens; the rest is dimmed.",
        "Mô hình chỉ thấy {block_size} token cuối trong {count} token; phần còn lại được làm mờ.",
    ),
    "time_is_up": ("Stopped after {seconds} seconds.", "Đã dừng sau {seconds} giây."),
    # compare tab
    "tab_compare": ("Compare", "So sánh"),
    # attention tab
    "tab_attention": ("Attention", "Attention"),
    "attention_intro": (
        "Point at a token to see what it looks at. Look for heads that watch the previous token, or an earlier copy.",
        "Trỏ vào một token để xem nó nhìn vào đâu. Hãy tìm những đầu nhìn token ngay trước, hoặc một bản sao trước đó.",
    ),
    "attention_text": ("Text to look at", "Văn bản để xem"),
    "looked_at_first": (
        "Only the first {most} of {count} tokens are looked at here.",
        "Ở đây chỉ xem {most} token đầu trong {count} token.",
    ),
    "silence_button": ("Does each head matter? Silence them in turn", "Đầu nào quan trọng? Tắt lần lượt từng đầu"),
    "silence_title": ("What the loss loses without each head", "Loss tăng bao nhiêu khi tắt từng đầu"),
    "silence_empty": (
        "Press the button: each head is silenced in turn on the run's own validation text.",
        "Bấm nút: từng đầu được tắt lần lượt trên phần validation của lượt này.",
    ),
    "silence_note": (
        "Bright is not important: head {bright}, which looks hardest at one place ({weight}), costs {cost} nats when "
        "silenced; the head that matters most is {top}, with {most} nats.",
        "Sáng không có nghĩa là quan trọng: đầu {bright}, nhìn chăm chú nhất vào một chỗ ({weight}), khi tắt chỉ mất "
        "{cost} nat; đầu quan trọng nhất là {top}, với {most} nat.",
    ),
    "silence_same": (
        "Here the head that looks hardest at one place ({weight}), {top}, is also the one that matters most: {most} nats.",
        "Ở đây đầu nhìn chăm chú nhất vào một chỗ ({weight}), {top}, cũng là đầu quan trọng nhất: {most} nat.",
    ),
    "looking": ("Looking at the text …", "Đang xem văn bản …"),
    "no_snapshot_yet": (
        "This run has no snapshot yet: it comes with the first step.",
        "Lượt này chưa có bản chụp nào: nó sẽ có sau bước đầu tiên.",
    ),
    "no_attention": (
        "This run is a bigram: it has no attention. Choose another run above.",
        "Lượt này là bigram: không có attention. Hãy chọn lượt khác ở trên.",
    ),
    "download_heatmap_png": ("heatmap as PNG", "bản đồ nhiệt (PNG)"),
    "download_heatmap_svg": ("as SVG", "SVG"),
    "download_grid_png": ("all heads as PNG", "mọi đầu (PNG)"),
    "download_grid_svg": ("as SVG", "SVG"),
    "download_weights": ("weights (.npz)", "trọng số (.npz)"),
    # help for the fields (English stands with the fields themselves, in core)
    "help_block_size": (None, "Mô hình thấy bao nhiêu token một lúc (T)."),
    "help_n_layer": (None, "Bao nhiêu khối xếp chồng lên nhau."),
    "help_n_head": (None, "Bao nhiêu đầu attention làm việc song song trong một khối."),
    "help_n_embd": (None, "Bao nhiêu con số mô tả một token (C)."),
    "help_dropout": (None, "Phần activation bị tắt ngẫu nhiên khi huấn luyện."),
    "help_bias": (None, "Bias trong các lớp tuyến tính và LayerNorm."),
    "help_qkv_bias": (None, "Bias trong query, key và value; không chọn: như `bias`."),
    "help_activation": (None, "Hàm kích hoạt trong MLP; GPT-2 dùng GELU dạng tanh."),
    "help_tie_weights": (None, "Một ma trận chung để đọc token vào (wte) và viết ra (lm_head)."),
    "help_lm_head_bias": (None, "Bias ở lớp ra."),
    "help_init": (None, "Trọng số bắt đầu thế nào: như GPT-2, hay có lợi thế ban đầu."),
    "help_optimizer": (None, "Muon cho các ma trận trong khối và AdamW cho phần còn lại, hoặc chỉ AdamW."),
    "help_precision": (None, "Tính bằng kiểu số nào: auto dùng bf16 khi bộ xử lý này nhanh hơn nhờ nó."),
    "help_muon_learning_rate": (None, "Mỗi bước của Muon đi xa bao nhiêu, lúc cao nhất."),
    "help_muon_momentum": (None, "Trí nhớ của Muon về gradient."),
    "help_muon_weight_decay": (None, "Lực Muon kéo các ma trận của nó về không."),
    "help_steps": (None, "Trọng số thay đổi bao nhiêu lần."),
    "help_batch_size": (None, "Mỗi bước học từ bao nhiêu đoạn văn bản (B)."),
    "help_learning_rate": (None, "Mỗi bước đi xa bao nhiêu, lúc cao nhất."),
    "help_schedule": (None, "Tốc độ học giảm theo cách nào."),
    "help_warmup_steps": (None, "Số bước để tốc độ học tăng tới đỉnh."),
    "help_min_learning_rate": (None, "Tốc độ học cuối cùng, tính theo phần của đỉnh."),
    "help_weight_decay": (None, "Lực kéo các ma trận về không."),
    "help_beta1": (None, "Trí nhớ của AdamW về gradient."),
    "help_beta2": (None, "Trí nhớ của AdamW về bình phương gradient."),
    "help_grad_clip": (None, "Gradient dài nhất được phép; 0: tuỳ ý."),
    "help_eval_interval": (None, "Số bước giữa hai lần ước lượng loss."),
    "help_eval_tokens": (None, "Mỗi lần ước lượng dùng bao nhiêu token của mỗi phần."),
    "help_seed": (None, "Cùng seed: cùng khởi đầu, cùng batch, cùng loss."),
    "help_architecture": (None, "Kiến trúc GPT-2, dạng hiện đại của nó, hoặc mô hình bigram làm mốc."),
    "help_tokenizer": (None, "Mỗi ký tự một token, hoặc các mẩu từ của GPT-2."),
    "help_weights": (None, "Bắt đầu từ trọng số mới, hay từ trọng số đã công bố của GPT-2 (tinh chỉnh)."),
    "help_device": (None, "Huấn luyện ở đâu."),
    "help_prompt": (None, "Mỗi mẫu viết tiếp từ đâu; trống: một dòng mới."),
    "help_sample_tokens": (None, "Mỗi mẫu dài bao nhiêu token."),
    # what the loss is worth
    "line_uniform": ("uniform guess", "đoán đều"),
    "line_unigram": ("letter frequencies", "tần suất ký tự"),
    "line_bigram": ("bigram", "bigram"),
    "line_trigram": ("trigram", "trigram"),
    "line_fivegram": ("5-gram: the best of counting", "5-gram: giới hạn của việc đếm"),
    "line_floor": ("entropy: nobody can beat this", "entropy: không ai vượt qua được"),
    "meaning_counting": ("The first estimate is here; counting what it is worth …", "Đã có ước lượng đầu tiên; đang tính mốc so sánh …"),
    "meaning_worse": (
        "Worse than a uniform guess: it is confidently wrong. The learning rate may be too high.",
        "Tệ hơn cả đoán đều: mô hình tự tin mà sai. Có thể learning rate quá cao.",
    ),
    "meaning_nothing": (
        "About as good as a uniform guess: it knows nothing yet.",
        "Ngang với đoán đều: mô hình chưa biết gì.",
    ),
    "meaning_uniform": (
        "Better than a uniform guess ({value}): it is learning which characters are frequent.",
        "Tốt hơn đoán đều ({value}): mô hình đang học ký tự nào hay gặp.",
    ),
    "meaning_unigram": (
        "Better than letter frequencies ({value}): it has begun to see which character follows which.",
        "Tốt hơn tần suất ký tự ({value}): mô hình bắt đầu biết ký tự nào theo sau ký tự nào.",
    ),
    "meaning_bigram": (
        "Better than letter pairs ({value}): it has begun to use context.",
        "Tốt hơn các cặp ký tự ({value}): mô hình đã bắt đầu dùng ngữ cảnh.",
    ),
    "meaning_trigram": (
        "Better than counting three letters ({value}): words are forming.",
        "Tốt hơn đếm bộ ba ký tự ({value}): các từ đang hình thành.",
    ),
    "meaning_fivegram": (
        "Better than the best that counting can do (5-gram, {value}): it knows more than letter statistics.",
        "Tốt hơn mọi cách đếm (5-gram, {value}): mô hình biết nhiều hơn thống kê ký tự.",
    ),
    "meaning_floor": (
        "Within 0.1 of the text's own entropy: there is hardly anything left to learn.",
        "Chỉ cách entropy của văn bản dưới 0,1: hầu như không còn gì để học.",
    ),
    "meaning_overfitting": (
        "Overfitting: validation was best at step {step} ({best}) and has risen since, while training still falls.",
        "Overfitting: validation tốt nhất ở bước {step} ({best}) rồi tăng lên, trong khi train vẫn giảm.",
    ),
}

# What the browser components say; English stands in their scripts.
COMPONENT_WORDS_VI = {
    "loss_chart": {
        "train": "train", "val": "validation", "step": "bước", "of": "/", "loss": "loss", "log_x": "log x",
        "log_x_help": "Kéo giãn những bước đầu: trục bước theo logarit",
        "empty": "Bấm Huấn luyện để xem loss giảm.", "no_data": "Đang chờ bước đầu tiên …",
        "offline": "Mất kết nối, đang thử lại …",
        "aria": "Loss sau {step} trên {steps} bước: train {train}, validation {val}", "aria_empty": "Biểu đồ loss, trống",
    },
    "transport": {
        "play": "Chạy", "pause": "Tạm dừng", "continue": "Tiếp tục: huấn luyện thêm chừng ấy bước", "start": "Huấn luyện",
        "step": "Một bước", "stop": "Dừng", "reset": "Làm lại", "new_seed": "Seed mới", "controls": "Điều khiển",
        "step_help": "Huấn luyện một bước", "stop_help": "Kết thúc lượt này; những gì đã học được giữ lại",
        "reset_help": "Làm lại với cùng seed: cùng trọng số ban đầu, cùng các batch",
        "new_seed_help": "Làm lại với seed khác", "no_run": "Chưa có lượt nào", "queued": "Đang chờ tới lượt",
        "running": "Đang huấn luyện", "paused": "Tạm dừng", "done": "Xong", "stopped": "Đã dừng", "failed": "Hỏng",
        "steps": "bước", "progress": "Tiến độ", "elapsed": "đã chạy", "eta": "còn lại", "tokens_per_second": "token/s",
        "steps_per_second": "bước/s", "learning_rate": "learning rate", "grad_norm": "độ dài gradient",
        "offline": "Mất kết nối, đang thử lại …",
    },
    "samples": {
        "step": "bước", "train": "train", "val": "validation", "sample": "văn bản", "more": "Xem hết", "less": "Thu gọn",
        "region": "Các mẫu, mới nhất trước", "empty": "Mô hình thỉnh thoảng viết một mẫu ở đây khi được huấn luyện.",
        "no_data": "Mẫu đầu tiên sắp tới …",
    },
    "written": {
        "empty": "Viết đoạn mở đầu rồi bấm Sinh văn bản.", "hint": "Trỏ vào một token để xem mô hình đã cân nhắc gì.",
        "idle": "", "writing": "Đang viết …", "done": "Xong", "stopped": "Đã dừng", "speed": "token/s", "tokens": "token",
        "scale": "mô hình thấy khả dĩ đến đâu", "p": "mô hình", "q": "dùng để chọn", "place": "token", "drawn": "đã chọn",
        "p_help": "Xác suất của chính mô hình", "q_help": "Xác suất dùng để chọn, sau temperature, top-k, top-p",
        "paper": "Văn bản: dùng phím mũi tên để đi qua các token", "unseen": "Ngoài ngữ cảnh: mô hình không thấy",
        "unknown": "Không có trong bộ từ vựng", "newline": "xuống dòng", "space": "dấu cách",
        "token_aria": "{token}, {percent}",
    },
    "attention": {
        "empty": "Nhập một đoạn văn bản để xem mô hình nhìn vào đâu.", "layer": "Tầng", "head": "Đầu",
        "mean": "trung bình", "layer_short": "tầng",
        "hint": "Trỏ vào một token: những token nó chú ý tới sẽ sáng lên. Nhấp để giữ lại.",
        "hint_pinned": "Đã giữ. Nhấp lần nữa hoặc bấm Escape để thả.",
        "tokens": "Văn bản chia thành token: dùng phím mũi tên để di chuyển",
        "legend": "trọng số chú ý (màu theo căn bậc hai)", "legend_future": "phía sau: không nhìn thấy",
        "legend_query": "query", "attends_to": "{place} chú ý tới", "expects": "Sau {place} mô hình dự đoán",
        "came": "Đây là token thật sự theo sau", "token_aria": "{place}, trọng số {weight}",
        "token_future": "{place}, phía sau: không nhìn thấy", "heat": "Tầng {layer}, đầu {head}",
        "heat_mean": "Tầng {layer}, trung bình các đầu", "heat_axes": "hàng: query; cột: token được chú ý",
        "heat_aria": "Trọng số chú ý, query theo key: dùng phím mũi tên để di chuyển",
        "cell": "query {query} → key {key}: {weight}",
        "cell_masked": "query {query} → key {key}: bị che, vì đứng sau", "grid": "Tất cả các đầu",
        "grid_hint": "Chọn một đầu để phóng to.", "column": "đầu {head}", "masked": "bị che: đứng sau",
        "thumb": "Tầng {layer}, đầu {head}", "thumb_mean": "Tầng {layer}, trung bình các đầu",
        "doing": "Tầng {layer}, đầu {head} làm gì?", "doing_mean": "Các đầu của tầng {layer} làm gì?",
        "scores_mean": "Điểm được đo cho từng đầu: hãy chọn một đầu.",
        "scores_hint": "Không điểm nào của đầu này cao rõ rệt, nên nó không được gọi tên. Trỏ vào một điểm để đọc định nghĩa.",
        "score_self": "chính nó", "score_previous": "token trước", "score_first": "token đầu tiên",
        "score_same": "token giống nó", "score_induction": "induction", "score_entropy": "entropy",
        "score_distance": "khoảng cách", "short_self": "chính nó", "short_previous": "trước", "short_first": "đầu tiên",
        "short_same": "giống", "short_induction": "induct", "value_entropy": "{value} nat",
        "value_distance": "{value} token", "help_self": "trọng số trung bình mà một token dành cho chính nó.",
        "help_previous": "trọng số trung bình mà một token dành cho token ngay trước nó.",
        "help_first": "trọng số trung bình dành cho token đầu tiên; một đầu thường nghỉ ở đó khi không có việc gì làm.",
        "help_same": "trọng số trung bình dành cho những lần xuất hiện trước của cùng token.",
        "help_induction": "trọng số trung bình dành cho token từng theo sau một lần xuất hiện trước, đo trên dãy ngẫu nhiên "
        "viết hai lần (Olsson và cộng sự, 2022).",
        "help_entropy": "query trải sự chú ý rộng tới đâu: 0 nat khi dồn vào một token, ln n khi đều trên n token.",
        "help_distance": "nhìn lùi bao xa, tính bằng token, có trọng số theo sự chú ý.", "step": "bước {step}",
        "play": "Chạy qua các bản chụp", "pause": "Dừng chạy", "snapshot": "Bản chụp",
    },
    "attention_detail": {
        "title": "Đường tới trọng số: điểm, mặt nạ, softmax",
        "about": "Hàng của query {query}, tầng {layer}, đầu {head}. Trỏ vào token khác ở trên để xem hàng của nó.",
        "mean": "Trung bình của các đầu không có điểm riêng: hãy chọn một đầu.", "waiting": "Đang tính ...",
        "nothing": "Hãy chọn một văn bản và một đầu trước.", "scores": "điểm", "scores_how": "q · k / √head_size",
        "masked": "sau mặt nạ", "masked_how": "token phía sau: −∞", "softmax": "sau softmax",
        "softmax_how": "e^điểm / tổng", "sum": "tổng", "key": "key",
        "why": "Mỗi điểm nhìn thấy được thành e^điểm; tất cả cộng lại là {total}. Chia cho số đó thì tổng bằng 1. "
        "e^(−∞) bằng 0, nên không còn gì cho token phía sau.",
        "one": "key {key}: e^{score} / {total} = {weight}", "one_masked": "key {key}: e^(−∞) / {total} = 0",
    },
    "attention_map": {
        "title": "Đầu này có quan trọng không?", "layer": "tầng", "column": "đầu {head}", "empty": "Chưa đo.",
        "cell": "Tầng {layer}, đầu {head}: {value} nat", "cell_null": "Tầng {layer}, đầu {head}: chưa đo",
        "count": "đã đo {done} trên {all} đầu", "low": "vô hại", "high": "{value} nat",
    },
    "attention_lines": {
        "title": "Quá trình hình thành: tầng {layer}, đầu {head}, bước {step}",
        "title_none": "Các đầu đã hình thành ra sao", "mean": "Điểm được đo cho từng đầu: hãy chọn một đầu.",
        "empty": "Cần một lượt huấn luyện có nhiều bản chụp.",
        "hint": "Mỗi đường là một điểm, từ 0 đến 1, theo quá trình huấn luyện, từ bước {first} đến {last} (logarit). "
        "Nhấp để xem bản chụp đó.",
        "aria": "Điểm theo quá trình huấn luyện: dùng phím mũi tên để qua từng bước", "at_step": "bước {step}",
        "previous": "token trước", "first": "token đầu tiên", "same": "token giống nó", "self": "chính nó",
        "induction": "induction",
    },
}  # fmt: skip


# A section of the page with many words keeps them beside it.
for section in (counting_words, pretrained_words):
    WORDS |= section.WORDS
    COMPONENT_WORDS_VI |= section.COMPONENT_WORDS_VI


def component_words(lang: str) -> dict[str, dict[str, str]]:
    """Return what each browser component says in a language; nothing where its script's English will do."""
    return COMPONENT_WORDS_VI if lang == "vi" else {name: {} for name in COMPONENT_WORDS_VI}


def translate(key: str, lang: str, default: str | None = None) -> str:
    """Return the words for key; default (or English) where a language has none, and the key itself where nobody has."""
    english, vietnamese = WORDS.get(key, (None, None))
    return (vietnamese if lang == "vi" else english) or default or english or key


def language(text: object) -> str:
    """Return the language that a tag such as "vi-VN,vi;q=0.9" asks for; English for anything else."""
    return "vi" if isinstance(text, str) and text.strip().lower().startswith("vi") else "en"
