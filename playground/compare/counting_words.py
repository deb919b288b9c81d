# ruff: noqa: E501 (a table of words)
"""The words of the counting section, English and Vietnamese side by side; `words/translate.py` says the rules."""

WORDS = {
    "count_heading": (
        "## Counting: where the parameters stand\nChoose a model and a rule; look at which part grows fastest as models "
        "become wider.",
        "## Đếm: tham số nằm ở đâu\nChọn một mô hình và một cách đếm; hãy xem phần nào tăng nhanh nhất khi mô hình rộng "
        "hơn.",
    ),
    "count_no_run": (
        "There is no run yet, so the chosen model stands alone. Train one, and it will stand beside it.",
        "Chưa có lượt chạy nào nên mô hình được chọn đứng một mình. Hãy huấn luyện một lượt chạy để đặt cạnh nó.",
    ),
    "count_beside": ("Beside your run", "Đặt cạnh lượt chạy của bạn"),
    "count_rule": ("How to count", "Cách đếm"),
    "count_rule_once": ("each matrix once", "mỗi ma trận một lần"),
    "count_rule_head_again": ("head counted again", "đếm thêm đầu ra"),
    "count_rule_no_embeddings": ("without embeddings", "không tính embedding"),
    "count_rule_matrices": ("matrices of the blocks alone", "chỉ các ma trận trong khối"),
    "count_rule_paper": ("as the paper printed it", "như bài báo đã in"),
    "count_run": ("Your run", "Lượt chạy của bạn"),
    "count_variant": ("{name}; counted without the change", "{name}; đếm như chưa thay đổi"),
    "count_total": ("Total", "Tổng"),
    "count_yes": ("yes", "có"),
    "count_no": ("no", "không"),
    # the numbers in circulation
    "count_numbers_title": ("One model, several numbers", "Một mô hình, nhiều con số"),
    "count_numbers_about": (
        "The same weights are called 85 M, 124 M or 163 M: look at which rule each number follows. "
        "The switch above sets the rule for the whole section.",
        "Cùng một bộ trọng số được gọi là 85 M, 124 M hay 163 M: hãy xem mỗi số theo cách đếm nào. "
        "Nút chọn ở trên đặt cách đếm cho cả phần này.",
    ),
    "count_rule_column": ("Rule", "Cách đếm"),
    "count_seen_column": ("Where you meet it", "Thường gặp ở đâu"),
    "count_how_once": (
        "every parameter that is stored; where the head is tied, it is wte, and counts once",
        "mọi tham số được lưu; nếu đầu ra dùng chung ma trận với wte thì chỉ đếm một lần",
    ),
    "count_how_head_again": (
        "the head's matrix once more, as if it had one of its own: + V·C where it is tied",
        "thêm ma trận của đầu ra như thể nó có riêng: + V·C khi dùng chung",
    ),
    "count_how_no_embeddings": (
        "wte and wpe left out, and with wte a tied head; a head of its own stays",
        "bỏ wte và wpe, cùng đầu ra dùng chung với wte; đầu ra có ma trận riêng thì giữ lại",
    ),
    "count_how_matrices": ("12·L·C²: no biases, no LayerNorms either", "12·L·C²: bỏ cả bias và LayerNorm"),
    "count_how_paper": ("not counted here, but quoted", "không đếm ở đây, chỉ trích lại"),
    "count_seen_once": (
        "Hugging Face's num_parameters(), PyTorch's parameters()",
        "num_parameters() của Hugging Face, parameters() của PyTorch",
    ),  # fmt: skip
    "count_seen_head_again": (
        "summaries that add up module by module, files that store the head too",
        "các bảng tóm tắt cộng từng module, các tệp lưu cả đầu ra",
    ),
    "count_seen_no_embeddings": (
        "“non-embedding parameters” in papers on scaling",
        "“non-embedding parameters” trong các bài báo về scaling",
    ),  # fmt: skip
    "count_seen_matrices": (
        "N of Kaplan et al. (2020), TransformerLens",
        "N của Kaplan và cộng sự (2020), TransformerLens",
    ),
    "count_seen_paper": ("tables in the papers", "bảng trong các bài báo"),
    "count_why_117": (
        "Why 117 M? The GPT-2 paper printed 117 M, 345 M, 762 M and 1,542 M. Its authors wrote later, in their "
        "repository, that these counts were wrong due to an error: the weights have 124 M, 355 M, 774 M and 1,558 M.",
        "Vì sao là 117 M? Bài báo GPT-2 in 117 M, 345 M, 762 M và 1.542 M. Về sau chính các tác giả viết trong kho mã "
        "rằng họ đã đếm sai do lỗi: trọng số có 124 M, 355 M, 774 M và 1.558 M.",
    ),
    # the chart
    "count_chart_title": ("Part by part", "Từng phần một"),
    "count_chart_about": (
        "Bars: how each model divides its parameters. Below: how many they are; each line to the right is ten times more.",
        "Các thanh: mỗi mô hình chia tham số ra sao. Bên dưới: có bao nhiêu; mỗi vạch sang phải là gấp mười lần.",
    ),
    # the breakdown
    "count_parts_title": ("The breakdown", "Bảng chi tiết"),
    "count_parts_about": (
        "In a narrow model with a large vocabulary most of it is wte; in a wide one the two matrices of the MLP "
        "hold two thirds of every block.",
        "Ở mô hình hẹp mà từ vựng lớn, phần lớn là wte; ở mô hình rộng, hai ma trận của MLP chiếm hai phần ba mỗi khối.",
    ),
    "count_part": ("Part", "Phần"),
    "count_shape": ("shapes", "kích thước"),
    "count_each": ("each", "mỗi khối"),
    "count_all": ("all", "tất cả"),
    "count_share": ("share", "tỉ lệ"),
    "count_shared": ("is wte", "chính là wte"),
    "count_left_out": ("left out", "bỏ ra"),
    "count_shapes_note": (
        "Shapes are (out × in), as PyTorch's nn.Linear holds them; “+ n” is a bias; LayerNorm has a weight and a bias; "
        "wte and wpe have a row for each token and each place.",
        "Kích thước viết (ra × vào) như nn.Linear của PyTorch; “+ n” là bias; LayerNorm có một trọng số và một bias; "
        "wte và wpe có một hàng cho mỗi token và mỗi vị trí.",
    ),
    "count_part_wte": ("what each token is", "mỗi token là gì"),
    "count_part_wpe": ("where it stands", "nó đứng ở đâu"),
    "count_part_ln_1": ("LayerNorm before attention", "LayerNorm trước attention"),
    "count_part_attn.c_attn": ("query, key and value", "query, key và value"),
    "count_part_attn.c_proj": ("heads back to the stream", "từ các đầu về dòng chính"),
    "count_part_ln_2": ("LayerNorm before the MLP", "LayerNorm trước MLP"),
    "count_part_mlp.c_fc": ("MLP: four times wider", "MLP: rộng gấp bốn"),
    "count_part_mlp.c_proj": ("MLP: back again", "MLP: thu về"),
    "count_part_ln_f": ("the last LayerNorm", "LayerNorm cuối"),
    "count_part_lm_head": ("to a score for each token", "ra điểm của mỗi token"),
    "count_part_table": ("bigram: a row of scores for each token", "bigram: một hàng điểm cho mỗi token"),
    # the formula
    "count_formula_title": ("The formula, with your numbers in it", "Công thức, với các con số của bạn"),
    "count_formula_about": (
        "No model is needed to count one: look at the square. Doubling C makes the blocks four times as large, "
        "doubling L only twice.",
        "Không cần mô hình cũng đếm được: hãy nhìn số mũ hai. Gấp đôi C làm các khối lớn gấp bốn, gấp đôi L chỉ gấp hai.",
    ),
    "count_formula_note": (
        "L layers, C width (n_embd), V tokens in the vocabulary, T positions (block_size).",
        "L số tầng, C độ rộng (n_embd), V số token trong từ vựng, T số vị trí (block_size).",
    ),
    "count_term": ("What", "Phần"),
    "count_letters": ("term", "số hạng"),
    "count_filled": ("filled in", "thay số"),
    "count_parameters": ("parameters", "tham số"),
    "count_term_matrices": ("matrices of the blocks", "các ma trận trong khối"),
    "count_term_vectors": ("biases and LayerNorms of the blocks", "bias và LayerNorm trong khối"),
    "count_term_norm": ("ln_f", "ln_f"),
    "count_term_embeddings": ("embeddings", "các embedding"),
    "count_term_head": ("the head's matrix", "ma trận của đầu ra"),
    "count_term_head_bias": ("the head's bias", "bias của đầu ra"),
    "count_term_table": ("the bigram's table", "bảng của bigram"),
    "count_sum": ("Sum", "Tổng"),
    "count_counted": ("Counted on the model itself", "Đếm trên chính mô hình"),
    "count_agrees": ("✓ the same", "✓ khớp"),
    "count_differs": ("✗ differs", "✗ lệch"),
    # configurations
    "count_config_title": ("The configurations", "Các cấu hình"),
    "count_config_about": (
        "One and the same code: look at how few numbers tell your run from GPT-3.",
        "Cùng một mã nguồn: hãy xem chỉ vài con số phân biệt lượt chạy của bạn với GPT-3.",
    ),
    "count_field": ("Field", "Trường"),
    "count_head_size": ("head size (n_embd / n_head)", "cỡ mỗi đầu (n_embd / n_head)"),
    "count_tokens": ("tokens", "token"),
    # scaling
    "count_scaling_title": ("The family, and what it costs", "Cả họ mô hình và chi phí"),
    "count_scaling_about": (
        "Depth and width grow a few times, the cost by thousands: look at the last two columns, on this very machine.",
        "Chiều sâu và độ rộng tăng vài lần, chi phí tăng hàng nghìn lần: hãy xem hai cột cuối, ngay trên máy này.",
    ),
    "count_model": ("Model", "Mô hình"),
    "count_layers": ("layers", "tầng"),
    "count_heads": ("heads", "đầu"),
    "count_width": ("width", "độ rộng"),
    "count_fp32": ("fp32", "fp32"),
    "count_bf16": ("bf16", "bf16"),
    "count_memory": ("memory", "bộ nhớ"),
    "count_flops": ("operations per token", "phép tính mỗi token"),
    "count_forward": ("forward", "lượt xuôi"),
    "count_training": ("in training", "khi huấn luyện"),
    "count_one_pass": ("one pass, on this machine", "đọc hết một lượt, trên máy này"),
    "count_shakespeare": ("Tiny Shakespeare", "Tiny Shakespeare"),
    "count_webtext": ("GPT-2's own text", "văn bản của GPT-2"),
    "count_token_count": ("{tokens} tokens", "{tokens} token"),
    "count_years": ("{n} years", "{n} năm"),
    "count_memory_note": (
        "Memory: the weights alone (1 MB = 1,000,000 bytes). Training with AdamW in fp32 takes four times that, and "
        "the activations on top.",
        "Bộ nhớ: chỉ riêng trọng số (1 MB = 1.000.000 byte). Huấn luyện bằng AdamW ở fp32 cần gấp bốn, chưa kể activation.",
    ),
    "count_flops_note": (
        "Operations: two for each parameter forward, four more backward, and attention over a full context on top "
        "(also for GPT-3, whose every other layer sees less). A bigram multiplies nothing: three for each entry of the row "
        "that it looks up, for the loss, and three for the gradient.",
        "Phép tính: hai cho mỗi tham số ở lượt xuôi, thêm bốn ở lượt ngược, cộng attention trên toàn ngữ cảnh "
        "(kể cả GPT-3, dù cứ hai tầng có một tầng nhìn ít hơn). Bigram không nhân gì cả: ba phép tính cho mỗi số trong hàng "
        "mà nó tra, để tính loss, và ba phép tính để tính gradient.",
    ),
    "count_time_note": (
        "Times: from the speed measured on this machine, as if the model fitted into its memory. Tiny Shakespeare: the "
        "part to train on, cut by each model's own tokenizer. GPT-2's own text: WebText, 40 GB, about 9 billion tokens "
        "or 40 billion characters; how often GPT-2 read it was never published, so once.",
        "Thời gian: theo tốc độ đo được trên máy này, coi như mô hình vừa bộ nhớ. Tiny Shakespeare: phần dùng để huấn "
        "luyện, cắt bằng tokenizer của từng mô hình. Văn bản của GPT-2: WebText, 40 GB, khoảng 9 tỉ token hay 40 tỉ ký "
        "tự; GPT-2 đã đọc mấy lần thì chưa từng được công bố, nên tính một lần.",
    ),
    "count_rough_note": (
        "The speed was measured while other work ran here, so the times are rough: on a quiet machine they are shorter.",
        "Tốc độ được đo khi máy đang chạy việc khác nên thời gian chỉ là ước chừng: máy rảnh sẽ nhanh hơn.",
    ),
    # the list
    "count_list_title": ("Every parameter by its name", "Từng tham số theo tên"),
    "count_list_about": (
        "This is what training changes, and nothing else. Search for c_attn, or for h.0. to see one block.",
        "Đây là những gì việc huấn luyện thay đổi, không gì khác. Hãy tìm c_attn, hoặc h.0. để xem một khối.",
    ),
    "count_stored_note": (
        "c_attn is query, key and value in one matrix. Our nn.Linear holds it as {here} (out × in); GPT-2's published "
        "files hold it turned round, as {there} (in × out), like c_proj and c_fc. So q, k and v are rows here and "
        "columns there.",
        "c_attn gộp query, key và value trong một ma trận. nn.Linear ở đây giữ nó dạng {here} (ra × vào); các tệp GPT-2 "
        "công bố giữ dạng chuyển vị, {there} (vào × ra), c_proj và c_fc cũng vậy. Vì thế q, k, v là các hàng ở đây "
        "và là các cột ở đó.",
    ),
    "count_bigram_note": (
        "A bigram has one parameter: its table.",
        "Bigram chỉ có một tham số: bảng của nó.",
    ),
}

# What the browser components say; English stands in their scripts.
WIDGET_WORDS_VI = {
    "parts_chart": {
        "group_embedding": "embedding", "group_attention": "attention", "group_mlp": "MLP", "group_norm": "LayerNorm",
        "group_head": "đầu ra", "axis": "số tham số, mỗi vạch gấp mười lần", "at_zero": "không có",
        "cell": "{part}: {count}, {share}", "size": "{model}: {count}",
    },
    "parameter_list": {
        "search": "Tìm theo tên, ví dụ c_attn", "by_name": "Từng tham số", "by_module": "Theo module",
        "col_name": "tên", "col_shape": "kích thước", "col_stored": "theo bố cục tệp GPT-2", "col_count": "số tham số",
        "col_dtype": "kiểu", "col_module": "module", "col_kind": "lớp", "col_output": "đầu ra",
        "rows": "{letter}: hàng {first} đến {last}", "same_as": "chính là {owner}",
        "found": "{shown} trên {all} tham số, gồm {sum} con số", "found_modules": "{shown} trên {all} module",
        "nothing": "Không có tên nào như vậy.", "unfold": "Mở {owner}", "fold_up": "Gập {owner}",
        "models": "Mô hình", "views": "Cách xem",
        "total": "{count} tham số · {size} ở fp32 · kích thước đầu ra ứng với đầu vào {input}",
        "waiting": "Đang đếm …",
    },
}  # fmt: skip
