# ruff: noqa: E501 (a table of words)
"""The words of the Attention tab, English and Vietnamese side by side."""

from playground.words.refusals import add_refusals
from playground.words.translate import add_words

WORDS = {
    "gpt2_no_history": (
        "GPT-2 was published once, at the end of its training.",
        "GPT-2 chỉ được công bố một lần, khi đã huấn luyện xong.",
    ),
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
    "silence_title": (
        "How much the loss rises when a head is silenced",
        "Loss tăng bao nhiêu khi tắt từng đầu",
    ),
    "silence_empty": (
        "Not measured yet for {name}. The button silences each head in turn on validation text of the run in view: {time} "
        "for a first look at all of them; then more text is added, for three minutes at most.",
        "Chưa đo cho {name}. Nút này tắt lần lượt từng đầu trên phần validation của lượt chạy đang xem: {time} cho lần đo "
        "đầu tiên; sau đó thêm dần văn bản, nhiều nhất trong ba phút.",
    ),
    "silence_nothing": ("Not measured yet.", "Chưa đo."),
    "silence_read": (
        "Measured on {tokens:,} {tokens:token|tokens} of validation text, {windows:,} {windows:window|windows}.",
        "Đã đo trên {tokens:,} token của phần validation, {windows:,} đoạn.",
    ),
    "silence_waiting": (
        "Others silence heads too: all take turns, head by head.",
        "Những người khác cũng đang tắt đầu: mọi người làm lần lượt, mỗi lần một đầu.",
    ),
    "silence_first": ("A first look at all heads …", "Lần đo đầu tiên cho mọi đầu …"),
    "silence_more": ("More text is being added …", "Đang thêm văn bản …"),
    "silence_stopped": ("Stopped; the button adds more text.", "Đã dừng; bấm nút để thêm văn bản."),
    "silence_done": ("Done.", "Xong."),
    "silence_held": (
        "The view above stays at step {step:,} with this map; drag the header's slider to the end, and it follows the run again.",
        "Phần xem ở trên dừng ở bước {step:,} cùng bản đồ này; kéo thanh trượt ở đầu trang đến cuối thì nó lại theo lượt chạy.",
    ),
    "nothing_to_silence": (
        "A bigram has no heads, so there is nothing to silence.",
        "Bigram không có đầu nào, nên không có gì để tắt.",
    ),
    "silence_note": (
        "Bright is not important: {bright}, which looks hardest at one place on validation text ({weight:.2f}): without "
        "it the loss changes by {cost:+.3f} nats; without {top} by most, {most:+.3f} nats.",
        "Sáng không có nghĩa là quan trọng: {bright}, nhìn chăm chú nhất vào một chỗ trên phần validation ({weight:.2f}), "
        "khi tắt làm loss đổi {cost:+.3f} nat; {top} làm đổi nhiều nhất, {most:+.3f} nat.",
    ),
    "silence_same": (
        "Here the head that looks hardest at one place on validation text ({weight:.2f}), {top}, also costs most when "
        "silenced: {most:.3f} nats.",
        "Ở đây đầu nhìn chăm chú nhất vào một chỗ trên phần validation ({weight:.2f}), {top}, cũng làm loss tăng nhiều "
        "nhất khi tắt: {most:.3f} nat.",
    ),
    "silence_alike": (
        "So far {count} other {count:head|heads} cannot be told apart from {top}.",
        "Đến giờ chưa phân biệt được {top} với {count} đầu khác.",
    ),
    "head_name": ("layer {layer}, head {head}", "tầng {layer}, đầu {head}"),
    "layer_mean": ("mean of the heads of layer {layer}", "trung bình các đầu của tầng {layer}"),
    "all_heads": ("all heads (L: layer, H: head)", "mọi đầu (L: tầng, H: đầu)"),
    "picture_of": ("{name}: {what}", "{name}: {what}"),
    "figure_key": ("key: what is looked at", "key: token được nhìn tới"),
    "figure_query": ("query: who looks", "query: token đang nhìn"),
    "figure_weight": ("weight (colour by its square root)", "trọng số (màu theo căn bậc hai)"),
    "label_self": ("itself", "chính nó"),
    "label_previous": ("previous", "token trước"),
    "label_first": ("first", "đầu tiên"),
    "label_same": ("same", "giống nó"),
    "label_induction": ("induction", "induction"),
    "large_history": (
        "Of a model this large only the snapshots that were looked at are drawn: move the header's slider to add others.",
        "Với mô hình lớn thế này, chỉ vẽ những bản chụp đã được xem: kéo thanh trượt ở đầu trang để thêm.",
    ),
    "attention_no_run": (
        "There is no run yet: train one, or choose GPT-2 above.",
        "Chưa có lượt chạy nào: hãy huấn luyện một mô hình, hoặc chọn GPT-2 ở trên.",
    ),
    "looking": ("Looking at the text …", "Đang xem văn bản …"),
    "no_attention": (
        "This run is a bigram: it has no attention. Choose another run above.",
        "Lượt chạy này là bigram: không có attention. Hãy chọn lượt chạy khác ở trên.",
    ),
    "attention_no_mask": (
        "This run has no causal mask, and these maps leave out what stands later: they would show half of its attention. "
        "Choose another run above.",
        "Lượt chạy này không có mặt nạ nhân quả, mà các bản đồ này bỏ phần phía sau: chúng chỉ cho thấy một nửa attention của "
        "nó. Hãy chọn lượt chạy khác ở trên.",
    ),
    "attention_no_scores": (
        "The scores are told as q·k / √head_size, and this run divides by something else; look at its weights instead.",
        "Điểm được tính là q·k / √head_size, còn lượt chạy này chia cho số khác; hãy xem các trọng số của nó.",
    ),
    "download_heatmap_png": ("heatmap as PNG", "bản đồ nhiệt (PNG)"),
    "download_heatmap_svg": ("as SVG", "SVG"),
    "download_grid_png": ("all heads as PNG", "mọi đầu (PNG)"),
    "download_grid_svg": ("as SVG", "SVG"),
    "download_weights": ("weights (.npz)", "trọng số (.npz)"),
}

# What the widgets say in Vietnamese; English stands in their scripts.
WIDGET_WORDS_VI = {
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
        "scores_hint": "Trên các văn bản cố định, không điểm nào của đầu này cao rõ rệt, nên nó không được gọi tên. Trỏ vào một điểm để đọc định nghĩa.",
        "even": "chú ý đều: {value}", "unmeasured": "không đo được ở đây", "fixed_run": "validation: {value}\u00a0±\u00a0{spread}",
        "fixed_book": "sách: {value}\u00a0±\u00a0{spread}", "fixed_random": "dãy ngẫu nhiên: ±\u00a0{spread}",
        "why_same": "không token nào xuất hiện hai lần trong văn bản này.",
        "why_induction": "cần block_size từ 8 và vocab_size từ 4 trở lên.", "why_short": "văn bản chỉ có một token.",
        "about_scores_run": "Số lớn: trên văn bản này. Nhãn của đầu: trên {count} đoạn cố định của phần validation ({tokens} token), "
        "± độ lệch chuẩn giữa các đoạn. Vạch: điểm khi chú ý trải đều.",
        "about_scores_book": "Số lớn: trên văn bản này. Nhãn của đầu: trên {count} đoạn của một trang sách cố định ({tokens} token), "
        "± độ lệch chuẩn giữa các đoạn. Vạch: điểm khi chú ý trải đều.",
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
        "help_distance": "nhìn lùi bao xa, tính bằng token, có trọng số theo sự chú ý.",
        "no_head": "Liên kết yêu cầu tầng {layer}, đầu {head}, mà mô hình này không có.",
    },
    "attention_detail": {
        "title": "Đường tới trọng số: điểm, mặt nạ, softmax",
        "about": "{of}: hàng của query {query}, tầng {layer}, đầu {head}. Trỏ vào token khác ở trên để xem hàng của nó.",
        "mean": "Trung bình của các đầu không có điểm riêng: hãy chọn một đầu.", "waiting": "Đang tính ...",
        "nothing": "Hãy chọn một văn bản và một đầu trước.", "scores": "điểm", "scores_how": "q · k / √head_size",
        "masked": "sau mặt nạ", "masked_how": "token phía sau: −∞", "softmax": "sau softmax",
        "softmax_how": "e^điểm / tổng", "sum": "tổng", "key": "key",
        "why": "Mỗi điểm nhìn thấy được thành e^điểm; tất cả cộng lại là {total}. Chia cho số đó thì tổng bằng 1. "
        "e^(−∞) bằng 0, nên không còn gì cho token phía sau.",
        "one": "key {key}: e^{score} / {total} = {weight}", "one_masked": "key {key}: e^(−∞) / {total} = 0",
    },
    "lens": {
        "title": "Thấu kính: sau mỗi tầng mô hình sẽ nói gì?",
        "about": "Mỗi tầng cộng thêm vào dòng thặng dư. Ở đây nó được đọc sau từng tầng như thể đó là tầng "
        "cuối: mỗi ô là token kế tiếp có xác suất cao nhất. Hãy tìm hàng mà dự đoán bắt đầu ổn định. Chỉ hàng cuối là "
        "điều mô hình nói; không gì huấn luyện các hàng khác để đọc như vậy.",
        "nothing": "Hãy chọn một văn bản trước.", "waiting": "Đang tính ...", "start": "embedding",
        "layer": "sau tầng {layer}", "corner": "token",
        "grid": "Dự đoán theo tầng và token: dùng phím mũi tên để di chuyển",
        "cell": "{depth}, {place}: {word} {share}",
        "cell_came": "{depth}, {place}: {word} {share}, và token này theo sau trong văn bản",
        "key_prob": "xác suất của token cao nhất (màu theo căn bậc hai)", "key_came": "theo sau trong văn bản",
        "ten": "{depth}, {place}: các token kế tiếp có xác suất cao nhất", "came": "Đây là token thật sự theo sau",
    },
    "neighbours": {
        "title": "Các chữ cái tìm đến láng giềng của mình",
        "about": "Mỗi token có một hàng số của riêng nó, gọi là embedding: tất cả những gì mô hình biết về token trước khi đọc "
        "văn bản. Ở đây mỗi hàng là một điểm trên mặt phẳng, qua các bản chụp của lượt chạy. Hãy phát và xem nguyên âm, "
        "chữ hoa, chữ số tụ lại với nhau. Chọn một token để xem các láng giềng gần nhất của nó và chúng đã thay đổi ra sao.",
        "nothing": "Chưa có gì để xem.", "waiting": "Đang tính ...",
        "of": "{of}: {count} hàng, mỗi hàng {width} số.",
        "of_some": "{of}: {count} token thường gặp nhất trong số {vocab}, mỗi token {width} số.",
        "of_places": "{of}: {count} vị trí, mỗi vị trí {width} số.",
        "of_some_places": "{of}: cứ {every} vị trí lấy một, trong số {all} vị trí, mỗi vị trí {width} số.",
        "missing": "Bỏ qua vì không đọc được: bản chụp của các bước {steps}.",
        "tables": "Xem gì", "tokens": "Token", "positions": "Vị trí",
        "bigram_rows": "Bigram không có embedding. Hàng của một token là điều nó nói về token kế tiếp, nên hai token ở gần nhau khi theo sau chúng "
        "là những token như nhau.",
        "no_positions_gpt": "Lượt chạy này là biến thể không có vị trí: nó không học vị trí nào.",
        "no_positions_bigram": "Bigram chỉ nhìn token cuối cùng, nên không học vị trí nào.",
        "no_positions_modern": "Kiến trúc này không học vị trí: thay vào đó, query và key được xoay theo vị trí.",
        "points": "Các hàng dưới dạng điểm: dùng phím mũi tên để di chuyển",
        "point": "{name}, {kind}. Gần nhất: {near}", "point_alone": "{name}, {kind}",
        "step": "bước {step}", "play": "Phát lần lượt các bản chụp", "pause": "Dừng phát", "snapshot": "Bản chụp",
        "company": "{found} số token có láng giềng gần nhất cùng loại với mình (nếu ngẫu nhiên: {chance}).",
        "company_places": "{found} số vị trí có láng giềng gần nhất là vị trí ngay bên cạnh (nếu ngẫu nhiên: {chance}).",
        "share": "Mặt phẳng này cho thấy {seen} sự khác nhau giữa các hàng (PCA: mặt phẳng cho thấy nhiều nhất ở bước {last}, {most}). "
        "Các trục giữ nguyên ở mọi bước.",
        "share_one": "Mặt phẳng này cho thấy {seen} sự khác nhau giữa các hàng: nhiều nhất mà một mặt phẳng có thể (PCA).",
        "nearest": "{name} ({kind}): gần nhất ở bước {step}", "nearest_one": "{name} ({kind}): gần nhất",
        "nearest_place": "Vị trí {name}: gần nhất ở bước {step}", "nearest_place_one": "Vị trí {name}: gần nhất",
        "how": "Cosine, trong mọi chiều", "seen_times": "{count} lần trong văn bản", "seen_times_part": "{count} lần trong {part} ký tự đầu của văn bản",
        "changed": "Đã thay đổi ra sao (đậm: cùng loại)", "changed_places": "Đã thay đổi ra sao (đậm: ngay bên cạnh)", "go": "Xem bước {step}",
        "first_place": "đầu", "last_place": "cuối",
        "vowel": "nguyên âm", "y_too": "{kind} (kể cả y)", "consonant": "phụ âm", "capital": "chữ hoa", "digit": "chữ số", "sign": "dấu câu, ký hiệu",
        "space": "khoảng trắng", "word": "từ", "piece": "mảnh của từ", "letter": "chữ cái", "other": "khác", "position": "vị trí",
    },
    "attention_map": {
        "title": "Đầu này có quan trọng không?", "layer": "tầng", "column": "đầu {head}", "empty": "Chưa đo.",
        "cell": "Tầng {layer}, đầu {head}: {value} nat",
        "cell_error": "Tầng {layer}, đầu {head}: {value} ± {error} nat (sai số chuẩn)",
        "cell_noise": "Tầng {layer}, đầu {head}: {value} ± {error} nat, nhỏ hơn hai sai số chuẩn: có thể chỉ là nhiễu",
        "cell_null": "Tầng {layer}, đầu {head}: chưa đo", "count": "đã đo {done} trên {all} đầu",
        "fall": "tắt đi thì loss giảm: {value}", "rise": "tắt đi thì loss tăng: {value} nat", "noise": "trong khoảng nhiễu",
        "another": "Các số này thuộc về {of}, không phải mô hình đang xem ở trên.",
    },
    "attention_lines": {
        "title": "Quá trình hình thành: tầng {layer}, đầu {head}, bước {step}",
        "title_none": "Các đầu đã hình thành ra sao", "mean": "Điểm được đo cho từng đầu: hãy chọn một đầu.",
        "empty": "Cần một lượt chạy có nhiều bản chụp.", "of": "{of}, trên các đoạn validation cố định.",
        "hint": "Mỗi đường là một điểm, từ 0 đến 1, theo quá trình huấn luyện, từ bước {first} đến {last} (logarit). "
        "Nhấp để xem bản chụp đó.",
        "aria": "Điểm theo quá trình huấn luyện: dùng phím mũi tên để qua từng bước", "at_step": "bước {step}",
        "previous": "token trước", "first": "token đầu tiên", "same": "token giống nó", "self": "chính nó",
        "induction": "induction",
    },
}  # fmt: skip

REFUSALS_VI = {
    "None of this run's snapshots can be read; choose another run, or train this one again": "Không đọc được bản chụp nào của lượt chạy này; hãy chọn lượt chạy khác, hoặc huấn luyện lại",
    "There is no layer {layer}, head {head}; layers go to {last_layer}, heads to {last}": "Không có tầng {layer}, đầu {head}; tầng đi từ 0 đến {last_layer}, đầu từ 0 đến {last}",
}

add_words(WORDS, WIDGET_WORDS_VI)
add_refusals(REFUSALS_VI)
