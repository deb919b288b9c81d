# ruff: noqa: E501 (a table of sentences)
"""What the lab's experiments refuse, English templates with their Vietnamese."""

COPIED = {
    "The text has {size} characters, more than the {most} that are compared at once; shorten it, or compare it in parts": "Văn bản có {size} ký tự, nhiều hơn {most} ký tự có thể so một lần; hãy rút ngắn, hoặc so từng phần",
    "position={given} is not in the text of {size} characters; choose one of its characters": "position={given} không nằm trong văn bản có {size} ký tự; hãy chọn một trong các ký tự của văn bản",
}

SENTENCES = {**COPIED}
