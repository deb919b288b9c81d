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

GUESSING = {
    "turns={given} is not possible; ask for a whole number from 1 on": "turns={given} không hợp lệ; hãy chọn một số nguyên từ 1 trở lên",
    "This run's tokens are longer than a character; choose a run with tokenizer='char'": "Token của lượt chạy này dài hơn một ký tự; hãy chọn một lượt chạy có tokenizer='char'",
    "The validation part has only {there} places to guess at, fewer than {turns}; ask for fewer turns": "Phần kiểm định chỉ có {there} chỗ để đoán, ít hơn {turns}; hãy chọn ít lần đoán hơn",
    "order={given} is not possible; choose 0 (uniform), 1 (frequencies) or more": "order={given} không hợp lệ; hãy chọn 0 (đều), 1 (tần suất) hoặc lớn hơn",
    "There is no turn to score; play at least one": "Chưa có lần đoán nào để tính điểm; hãy đoán ít nhất một lần",
    "A bet must name characters and their shares, but is of type {kind}": "Một lần cược phải nêu các ký tự và phần của chúng, nhưng lại thuộc kiểu {kind}",
    "A bet names {letter}, which is no character of the text; bet on those that it has": "Lần cược nêu {letter}, không phải là ký tự nào của văn bản; hãy cược vào các ký tự có trong đó",
    "The share of {letter} is {share}; give each a number above 0 and at most 1": "Phần của {letter} là {share}; hãy cho mỗi ký tự một số lớn hơn 0 và nhiều nhất là 1",
    "The shares add up to {total}; leave at least {rest} for the other characters, because to be sure and wrong costs infinitely many bits": "Tổng các phần là {total}; hãy để lại ít nhất {rest} cho các ký tự khác, vì chắc chắn mà sai thì tốn vô hạn bit",
    "The shares of all characters add up to {total}; let them add up to 1": "Tổng phần của mọi ký tự là {total}; hãy để tổng bằng 1",
    "There are {given} guesses for {turns} turns; give one for each turn that was played": "Có {given} lần đoán cho {turns} chỗ; hãy đoán một lần cho mỗi chỗ đã chơi",
    "A guess must be one character, but is {given}; choose one": "Một lần đoán phải là một ký tự, nhưng lại là {given}; hãy chọn một ký tự",
}

SENTENCES = {**COPIED, **FORKS, **GUESSING}
