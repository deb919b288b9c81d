# ruff: noqa: E501 (a table of words)
"""The words of the section beside GPT-2, English and Vietnamese side by side; `words/translate.py` says the rules."""

WORDS = {
    "beside_heading": (
        "## Beside GPT-2, which was trained on the web\nLoad the published weights once, then give both models the same text; "
        "look at how they cut it, what surprises them, and what they expect next.",
        "## Bên cạnh GPT-2, mô hình học từ web\nNạp trọng số đã công bố một lần, rồi đưa cho hai mô hình cùng một văn bản; hãy "
        "xem chúng cắt nó ra sao, bất ngờ ở đâu, và dự đoán gì tiếp theo.",
    ),
    "beside_kind_same": (
        "Your run has GPT-2's architecture; what differs is the size and the text.",
        "Lượt chạy của bạn có kiến trúc của GPT-2; khác ở kích thước và văn bản.",
    ),
    "beside_kind_changed": (
        "Your run has GPT-2's architecture but for: {changes}.",
        "Lượt chạy của bạn có kiến trúc của GPT-2, trừ: {changes}.",
    ),
    "beside_kind_variant": (
        "Your run is a healthy one's twin with something broken: {variant}.",
        "Lượt chạy của bạn là bản song sinh của một lượt chạy lành, với một điều bị làm hỏng: {variant}.",
    ),
    "beside_kind_modern": (
        "Your run is a “modern” GPT, not GPT-2's architecture: rotary positions instead of wpe, RMSNorm instead of LayerNorm, "
        "queries and keys normalised, ReLU squared instead of GELU, no biases, and an output matrix of its own.",
        "Lượt chạy của bạn là một GPT “modern”, không phải kiến trúc của GPT-2: vị trí xoay (rotary) thay cho wpe, RMSNorm thay cho "
        "LayerNorm, query và key được chuẩn hoá, bình phương ReLU thay cho GELU, không có bias, và đầu ra có ma trận riêng.",
    ),
    "beside_kind_bigram": (
        "Your run is a bigram: one table that says what follows each token. It has no layers, no attention and no positions, so "
        "all that GPT-2 does better comes from looking further back.",
        "Lượt chạy của bạn là một bigram: một bảng cho biết token nào theo sau mỗi token. Nó không có tầng, không có attention, không "
        "có vị trí, nên mọi điều GPT-2 làm tốt hơn đều nhờ nhìn xa hơn về trước.",
    ),
    "beside_text": ("The same text for both", "Cùng một văn bản cho cả hai"),
    "beside_your_run": ("Your run", "Lượt chạy của bạn"),
    "beside_no_run": (
        "There is no run yet: train one, and it will read this too.",
        "Chưa có lượt chạy nào: hãy huấn luyện một lượt chạy để nó cũng đọc văn bản này.",
    ),
    "beside_not_loaded": (
        "GPT-2's weights are not loaded yet; press “Load GPT-2” above",
        "Trọng số của GPT-2 chưa được nạp; hãy bấm “Nạp GPT-2” ở trên",
    ),
    "beside_no_merges": (
        "How GPT-2 cuts a text stands in its list of merges, which comes with the weights.",
        "Cách GPT-2 cắt văn bản nằm trong danh sách merge của nó, được tải cùng trọng số.",
    ),
    "beside_ends_with_space": (
        "The text ends with a space, which GPT-2's tokens bring with the next word: without it, GPT-2 goes on better.",
        "Văn bản kết thúc bằng dấu cách, mà token của GPT-2 đã mang sẵn dấu cách trước từ tiếp theo: bỏ đi thì GPT-2 viết tiếp tốt hơn.",
    ),
    "beside_becomes": ("Both models read: “{known}”", "Cả hai mô hình đều đọc: “{known}”"),
    "beside_could_read": (
        "GPT-2 knows every character of your text; it reads the changed text all the same, so that both are asked the same.",
        "GPT-2 biết mọi ký tự trong văn bản của bạn; nó vẫn đọc văn bản đã đổi, để cả hai trả lời cùng một câu hỏi.",
    ),
    "beside_fair": (
        "**Why bits per character?** A model that cuts finer has more and easier tokens, so losses per token cannot be compared; the "
        "whole text in bits, divided by its characters, asks both the same question. Each text begins after something "
        "given and not scored: the prompt of the run's samples, and GPT-2's `<|endoftext|>`.",
        "**Vì sao là bit trên mỗi ký tự?** Cắt nhỏ hơn thì có nhiều token hơn và mỗi token dễ hơn, nên không thể so loss theo "
        "token; tổng số bit của cả văn bản chia cho số ký tự mới là cùng một câu hỏi cho cả hai. Mỗi văn bản bắt đầu sau một "
        "đoạn cho sẵn và không tính điểm: câu mở đầu của các mẫu, và `<|endoftext|>` của GPT-2.",
    ),
    "beside_write": ("Let both continue the text", "Để cả hai viết tiếp"),
    # the proof
    "beside_proof_heading": (
        "## Is it really GPT-2?\nThe weights now run in this page's own code (`core/model.py`). Compare its logits with those of "
        "Hugging Face's model on the text above: all differences should be rounding, about 0.0001 or less.",
        "## Có đúng là GPT-2 không?\nTrọng số đang chạy trong mã của chính trang này (`core/model.py`). So sánh logit với mô hình "
        "của Hugging Face trên văn bản ở trên: mọi khác biệt chỉ nên là do làm tròn, khoảng 0,0001 trở xuống.",
    ),
    "beside_prove": ("Prove it", "Chứng minh"),
    "beside_proving": (
        "Reading Hugging Face's own model and running both …",
        "Đang đọc mô hình của Hugging Face và chạy cả hai …",
    ),
    "beside_proved": (
        "Largest difference of two logits: **{largest:.1e}** (mean {mean:.1e}), over {tokens:,} {tokens:token|tokens}, which is {logits:,} logits; "
        "{seconds:.1f} s.",
        "Khác biệt lớn nhất giữa hai logit: **{largest:.1e}** (trung bình {mean:.1e}), trên {tokens:,} token, tức {logits:,} logit; "
        "{seconds:.1f} giây.",
    ),
    # weights
    "beside_weights_heading": (
        "## What the weights look like\nChoose a parameter; look at how much further trained weights are spread than fresh "
        "ones (a standard deviation of about 0.02), and what changes from the first layer to the last.",
        "## Trọng số trông như thế nào\nChọn một tham số; hãy xem trọng số đã học trải rộng hơn lúc khởi tạo (độ lệch chuẩn "
        "khoảng 0,02) bao nhiêu, và điều gì thay đổi từ tầng đầu đến tầng cuối.",
    ),
    "beside_view_title": ("One parameter, value by value", "Một tham số, từng giá trị"),
    "beside_view_about": (
        "The bins are the same for both models and all layers. Look for long tails: a few large weights do special work.",
        "Các khoảng chia giống nhau cho hai mô hình và mọi tầng. Hãy tìm phần đuôi dài: vài trọng số lớn làm việc đặc biệt.",
    ),
    "beside_table_title": ("All parameters in four numbers", "Mọi tham số trong bốn con số"),
    "beside_table_about": (
        "All layers together. Look at which parameters training has moved furthest; a norm grows with the size, a standard "
        "deviation does not.",
        "Gộp mọi tầng. Hãy xem tham số nào bị việc học đẩy đi xa nhất; norm tăng theo kích thước, độ lệch chuẩn thì không.",
    ),
    "beside_parameter": ("Parameter", "Tham số"),
    "beside_mean": ("mean", "trung bình"),
    "beside_std": ("std", "độ lệch chuẩn"),
    "beside_largest": ("largest", "lớn nhất"),
    "beside_norm": ("norm", "norm"),
    # positions
    "beside_pictures_title": (
        "Where a token stands: the position embedding wpe",
        "Token đứng ở đâu: position embedding wpe",
    ),
    "beside_pictures_about": (
        "Nobody told GPT-2 what a place in a text is (a run with init=sinusoidal starts with waves). Look for waves from top to bottom in the weights, and for a bright band "
        "along the diagonal of the likeness: neighbours have become alike.",
        "Không ai dạy GPT-2 vị trí trong văn bản là gì (lượt chạy có init=sinusoidal bắt đầu với các làn sóng). Hãy tìm những làn sóng từ trên xuống trong trọng số, và dải sáng dọc "
        "đường chéo của hình độ giống nhau: các vị trí cạnh nhau đã trở nên giống nhau.",
    ),
    "beside_no_positions": ("{name} has no wpe.", "{name} không có wpe."),
    "beside_positions": (
        "weights: {T:,} positions from top to bottom, {C:,} channels from left to right; full colour from ±{limit}",
        "trọng số: {T:,} vị trí từ trên xuống, {C:,} kênh từ trái sang phải; đậm nhất từ ±{limit}",
    ),
    "beside_every_position": ("one position in {n} is shown", "chỉ vẽ một trong {n} vị trí"),
    "beside_every_channel": ("one channel in {n} is shown", "chỉ vẽ một trong {n} kênh"),
    "beside_likeness": (
        "likeness: the cosine between each two positions, over all channels; full colour at ±1",
        "độ giống nhau: cosin giữa từng cặp vị trí, trên mọi kênh; đậm nhất ở ±1",
    ),
    "beside_cell": ("position {row}, channel {column}: about {value}", "vị trí {row}, kênh {column}: khoảng {value}"),
    "beside_pair": (
        "positions {row} and {column}: cosine about {value}",
        "vị trí {row} và {column}: cosin khoảng {value}",
    ),
}

WIDGET_WORDS_VI = {
    "gpt2_loader": {
        "load": "Nạp GPT-2", "retry": "Thử lại", "absent": "GPT-2 nhỏ, với trọng số do OpenAI công bố: 124 triệu tham số",
        "size": "Tải về 548 MB, một lần, từ Hugging Face Hub. Mọi thứ khác vẫn hoạt động trong lúc đó.",
        "cached": "Đã có trên máy này: không cần tải về.", "downloading": "Đang tải về GPT-2", "reading": "Đang đọc trọng số",
        "begun": "Đang hỏi Hub …", "reading_how": "Từ đĩa vào bộ nhớ: vài giây.",
        "ready": "GPT-2 nhỏ đã sẵn sàng, cho mọi người trên trang này", "ready_how": "Trọng số của nó đứng cạnh lượt chạy của bạn ở dưới.",
        "failed": "Không nạp được GPT-2", "of": "{done} / {total}", "speed": "{rate} mỗi giây", "left": "còn {time}",
    },
    "text_reading": {
        "tokens": "{count} token", "unit": "bit trên mỗi ký tự", "sum": "{bits} bit cho {count} ký tự",
        "low": "đã đoán trước", "high": "bất ngờ từ 12 bit trở lên", "likeliest": "Mười token tiếp theo có xác suất cao nhất",
        "cut": "{title} cắt văn bản ra sao: các token và id", "token": "{token}, id {id}",
        "token_cost": "{token}, id {id}: {bits} bit",
    },
    "continuations": {
        "title": "Cùng một câu mở đầu, viết tiếp ở ba temperature", "idle": "", "writing": "Đang viết …", "done": "Xong",
        "stopped": "Đã dừng", "temperature": "temperature {value}", "cold": "gần như luôn là token có xác suất cao nhất: lặp lại chính mình",
        "own": "phân phối của chính mô hình", "hot": "mọi token gần như ngang nhau: nhiễu", "waiting": "…", "end": "văn bản mới bắt đầu",
    },
    "weight_view": {
        "part": "Tham số", "layer": "Tầng", "all": "gộp mọi tầng", "one": "tầng {layer}", "once": "chỉ có một, ngoài các khối",
        "spread": "Các giá trị trải ra sao: phần của mọi giá trị trong mỗi khoảng, {count} khoảng, rộng {width}",
        "depth": "Căn bậc hai của trung bình bình phương theo tầng (norm chia cho √số lượng, để so được các kích thước)",
        "depth_once": "Chỉ có một, nên không có gì để theo dõi qua các tầng.",
        "facts": "trung bình {mean}, độ lệch chuẩn {std}, lớn nhất {largest}, norm {norm}, {count} giá trị",
        "beyond": "{share} nằm ngoài hai đầu", "missing": "không có tham số này", "no_layer": "không có tầng {layer}",
        "at_layer": "tầng {layer}: {rms}",
    },
    "weight_pictures": {
        "hint": "Trỏ vào hình để đọc giá trị.", "below": "dưới không", "above": "trên không",
        "scale": "màu theo căn bậc hai; mỗi giá trị chính xác đến 1 % của màu đậm nhất",
    },
}  # fmt: skip
