# ruff: noqa: E501 (a table of words)
"""The words for losses: the names of the baselines, and what a loss is worth, English and Vietnamese side by side."""

WORDS = {
    "line_uniform": ("uniform guess", "đoán ngẫu nhiên đều"),
    "line_unigram": ("frequencies alone", "chỉ riêng tần suất"),
    "line_bigram": ("bigram", "bigram"),
    "line_trigram": ("trigram", "trigram"),
    "line_fivegram": ("5-gram", "5-gram"),  # of runs that are older than the choice of n
    "line_ngram": ("{order}-gram: the best of counting", "{order}-gram: giới hạn của việc đếm"),
    "line_entropy": ("entropy: nobody can beat this", "entropy: không ai vượt qua được"),
    "meaning_counting": (
        "The first estimate is here; counting what it is worth …",
        "Đã có ước lượng đầu tiên; đang tính mốc so sánh …",
    ),
    "meaning_worse": (
        "Worse than a uniform guess: it is confidently wrong. The learning rate may be too high.",
        "Tệ hơn cả đoán ngẫu nhiên đều: mô hình tự tin mà sai. Có thể tốc độ học quá cao.",
    ),
    "meaning_other_kind": (
        "The validation part, the last tenth of the text, is of another kind than the rest: there the model is worse than a uniform guess, on what it is trained on it is not ({train:.2f}).",
        "Phần validation (một phần mười cuối của văn bản) khác loại với phần còn lại: ở đó mô hình tệ hơn đoán ngẫu nhiên đều, còn trên phần được học thì không ({train:.2f}).",
    ),
    "meaning_unseen": (
        "{share} of the validation part are {tokens} that never occur in the training part: no model could learn them, and the validation loss says little.",
        "{share} của phần validation là những {tokens} không hề có trong phần huấn luyện: không mô hình nào học được chúng, nên loss validation nói lên rất ít.",
    ),
    "meaning_nothing": (
        "About as good as a uniform guess: it knows nothing yet.",
        "Ngang với đoán ngẫu nhiên đều: mô hình chưa biết gì.",
    ),
    "meaning_uniform": (
        "Better than a uniform guess ({value:.2f}): it is learning which {tokens} are frequent.",
        "Tốt hơn đoán ngẫu nhiên đều ({value:.2f}): mô hình đang học {tokens} nào hay gặp.",
    ),
    "meaning_unigram": (
        "Better than how often each comes ({value:.2f}): it has begun to see which of the {tokens} follow which.",
        "Tốt hơn tần suất của từng {tokens} ({value:.2f}): mô hình bắt đầu biết {tokens} nào theo sau {tokens} nào.",
    ),
    "meaning_bigram": (
        "Better than counting pairs of {tokens} ({value:.2f}): it has begun to use context.",
        "Tốt hơn đếm các cặp {tokens} ({value:.2f}): mô hình đã bắt đầu dùng ngữ cảnh.",
    ),
    "meaning_trigram": (
        "Better than counting three {tokens} in a row ({value:.2f}): it looks further back.",
        "Tốt hơn đếm ba {tokens} liền nhau ({value:.2f}): mô hình nhìn xa hơn về trước.",
    ),
    "meaning_fivegram": (
        "Better than counting five {tokens} in a row ({value:.2f}): it knows more than what often stands together.",
        "Tốt hơn đếm năm {tokens} liền nhau ({value:.2f}): mô hình biết nhiều hơn những gì hay đứng cạnh nhau.",
    ),
    "meaning_ngram": (
        "Better than the best that counting {tokens} can do ({order}-gram, {value:.2f}): it knows more than what often stands together.",
        "Tốt hơn mọi cách đếm {tokens} ({order}-gram, {value:.2f}): mô hình biết nhiều hơn những gì hay đứng cạnh nhau.",
    ),
    "meaning_entropy": (
        "Within 0.1 of the text's own entropy: there is hardly anything left to learn.",
        "Chỉ cách entropy của văn bản dưới 0,1: hầu như không còn gì để học.",
    ),
    "meaning_below": (
        "Far below the text's own entropy: only a model that sees the very thing it has to predict gets there.",
        "Thấp hơn hẳn entropy của văn bản: chỉ mô hình nhìn thấy chính điều phải đoán mới tới được đó.",
    ),
    "meaning_overfitting": (
        "Overfitting: validation was best at step {step} ({best:.2f}) and has risen since, while training still falls.",
        "Overfitting: validation tốt nhất ở bước {step} ({best:.2f}) rồi tăng lên, trong khi train vẫn giảm.",
    ),
    "counted_char": ("characters", "ký tự"),
    "counted_gpt2": ("tokens", "token"),
}
