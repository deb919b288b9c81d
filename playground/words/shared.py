# ruff: noqa: E501 (a table of words)
"""Words that more than one room says, English and Vietnamese side by side."""

WORDS = {
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
    "corpus_plays": ("Built-in plays", "Kịch có sẵn"),
    "corpus_shakespeare": ("Tiny Shakespeare", "Tiny Shakespeare"),
    "corpus_python": ("Python's standard library", "Thư viện chuẩn của Python"),
    "corpus_own": ("Your own text", "Văn bản của bạn"),
    # Every other preset is called by its own name; so is a corpus without words.
    "preset_gpt2": ("GPT-2 small, from scratch", "GPT-2 small, từ đầu"),
    "preset_finetune": ("GPT-2 small, fine-tuned on the text", "GPT-2 small, tinh chỉnh trên văn bản"),
    "preset_custom": ("custom", "tuỳ chỉnh"),
    "about_time": ("about {time}", "khoảng {time}"),
    "time_unknown": ("measuring this machine …", "đang đo tốc độ máy …"),
    "seconds": ("{n:.0f} s", "{n:.0f} giây"),
    "minutes": ("{n:.0f} min", "{n:.0f} phút"),
    "hours": ("{n:.1f} hours", "{n:.1f} giờ"),
    "days": ("{n:.1f} days", "{n:.1f} ngày"),
    "seed": ("seed", "seed"),
    "downloads": ("Take it with you", "Mang về"),
    "source": ("Model", "Mô hình"),
    "source_run": ("the run in view", "lượt đang xem"),
    "source_gpt2": ("GPT-2 small (pretrained)", "GPT-2 small (đã huấn luyện sẵn)"),
    "gpt2_not_loaded": (
        "GPT-2's weights are not on this machine yet; load them in the Compare tab",
        "Trọng số của GPT-2 chưa có trên máy này; hãy tải ở thẻ So sánh",
    ),
    "stop_button": ("Stop", "Dừng"),
    "unknown_dropped": (
        "Left out, for the model has never seen them: {names}.",
        "Đã bỏ, vì mô hình chưa từng thấy: {names}.",
    ),
    "unknown_replaced": (
        "Replaced, for the model has never seen them: {names}.",
        "Đã thay, vì mô hình chưa từng thấy: {names}.",
    ),
    "time_is_up": ("Stopped after {seconds} seconds.", "Đã dừng sau {seconds} giây."),
    "no_snapshot_yet": (
        "This run has no snapshot yet: it comes with the first step.",
        "Lượt này chưa có bản chụp nào: nó sẽ có sau bước đầu tiên.",
    ),
    "line_uniform": ("uniform guess", "đoán đều"),
    "line_unigram": ("letter frequencies", "tần suất ký tự"),
    "line_bigram": ("bigram", "bigram"),
    "line_trigram": ("trigram", "trigram"),
    "line_fivegram": ("5-gram: the best of counting", "5-gram: giới hạn của việc đếm"),
    "line_entropy": ("entropy: nobody can beat this", "entropy: không ai vượt qua được"),
    "meaning_counting": (
        "The first estimate is here; counting what it is worth …",
        "Đã có ước lượng đầu tiên; đang tính mốc so sánh …",
    ),
    "meaning_worse": (
        "Worse than a uniform guess: it is confidently wrong. The learning rate may be too high.",
        "Tệ hơn cả đoán đều: mô hình tự tin mà sai. Có thể learning rate quá cao.",
    ),
    "meaning_nothing": (
        "About as good as a uniform guess: it knows nothing yet.",
        "Ngang với đoán đều: mô hình chưa biết gì.",
    ),
    "meaning_uniform": (
        "Better than a uniform guess ({value:.2f}): it is learning which characters are frequent.",
        "Tốt hơn đoán đều ({value:.2f}): mô hình đang học ký tự nào hay gặp.",
    ),
    "meaning_unigram": (
        "Better than letter frequencies ({value:.2f}): it has begun to see which character follows which.",
        "Tốt hơn tần suất ký tự ({value:.2f}): mô hình bắt đầu biết ký tự nào theo sau ký tự nào.",
    ),
    "meaning_bigram": (
        "Better than letter pairs ({value:.2f}): it has begun to use context.",
        "Tốt hơn các cặp ký tự ({value:.2f}): mô hình đã bắt đầu dùng ngữ cảnh.",
    ),
    "meaning_trigram": (
        "Better than counting three letters ({value:.2f}): words are forming.",
        "Tốt hơn đếm bộ ba ký tự ({value:.2f}): các từ đang hình thành.",
    ),
    "meaning_fivegram": (
        "Better than the best that counting can do (5-gram, {value:.2f}): it knows more than letter statistics.",
        "Tốt hơn mọi cách đếm (5-gram, {value:.2f}): mô hình biết nhiều hơn thống kê ký tự.",
    ),
    "meaning_entropy": (
        "Within 0.1 of the text's own entropy: there is hardly anything left to learn.",
        "Chỉ cách entropy của văn bản dưới 0,1: hầu như không còn gì để học.",
    ),
    "meaning_overfitting": (
        "Overfitting: validation was best at step {step} ({best:.2f}) and has risen since, while training still falls.",
        "Overfitting: validation tốt nhất ở bước {step} ({best:.2f}) rồi tăng lên, trong khi train vẫn giảm.",
    ),
}
