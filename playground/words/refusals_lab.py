# ruff: noqa: E501 (a table of sentences)
"""What the lab's experiments refuse, English templates with their Vietnamese."""

COPIED = {
    "The text has {size} characters, more than the {most} that are compared at once; shorten it, or compare it in parts": "Văn bản có {size} ký tự, nhiều hơn {most} ký tự có thể so một lần; hãy rút ngắn, hoặc so từng phần",
    "position={given} is not in the text of {size} characters; choose one of its characters": "position={given} không nằm trong văn bản có {size} ký tự; hãy chọn một trong các ký tự của văn bản",
}

FORKS = {
    "The changes of a fork must be named settings, but are of type {kind}": "Các thay đổi của một nhánh phải là thiết lập có tên, nhưng lại thuộc kiểu {kind}",
    "A fork has no setting called {name}; what can change is {names}": "Một nhánh không có thiết lập nào tên là {name}; có thể thay đổi {names}",
    "{name} cannot change in a fork, because the kept state belongs to {same}={value}; start a new run for that": "Không thể đổi {name} trong một nhánh, vì trạng thái đã lưu thuộc về {same}={value}; muốn đổi, hãy bắt đầu một lượt chạy mới",
    "A fork of step {step} has nothing to train up to steps={steps}; ask for more steps than that": "Một nhánh từ bước {step} không còn gì để huấn luyện với steps={steps}; hãy đặt nhiều bước hơn thế",
    "A fork's text must be a text, but is of type {kind}; write some letters": "Văn bản của một nhánh phải là chữ, nhưng lại thuộc kiểu {kind}; hãy viết vài chữ",
    "The model has no token for {names}, which the new text has; leave them out of it, or start a new run on it": "Mô hình không có token cho {names} trong văn bản mới; hãy bỏ chúng đi, hoặc bắt đầu một lượt chạy mới với văn bản ấy",
    "The run is at step {at} and not at step {step} yet; fork it at one of these: {steps}": "Lượt chạy đang ở bước {at}, chưa đến bước {step}; hãy rẽ nhánh ở một trong các bước: {steps}",
    "No state of step {step} was kept; fork the run at one of these: {steps}": "Trạng thái của bước {step} không được lưu; hãy rẽ nhánh ở một trong các bước: {steps}",
    "The state of step {step} is damaged ({cause}); fork the run at another step: {steps}": "Trạng thái của bước {step} bị hỏng ({cause}); hãy rẽ nhánh ở bước khác: {steps}",
    "No state of this fork is left, not even that of step {step} which it began with; fork its parent once more": "Nhánh này không còn trạng thái nào, kể cả của bước {step} mà nó bắt đầu; hãy rẽ nhánh từ lượt chạy gốc lần nữa",
    "a fork has both a parent and its step, and another run has neither": "một nhánh phải có cả lượt chạy gốc lẫn bước rẽ, lượt chạy khác thì không có cả hai",
    "a fork of step {step} cannot end at step {steps}": "một nhánh từ bước {step} không thể kết thúc ở bước {steps}",
    "{disk}: the state of step {step} could not be kept to fork the run; {remedy}.": "{disk}: không lưu được trạng thái của bước {step} để rẽ nhánh; {remedy}.",
}

SENTENCES = {**COPIED, **FORKS}
