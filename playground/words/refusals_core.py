# ruff: noqa: E501 (a table of sentences)
"""What the lesson and `core/text` refuse and report, English templates with their Vietnamese; `refusals.py` says the rules."""

OPTIONS = {
    "{kind} needs named fields, but got {given}; send an object": "{kind} cần các trường có tên, nhưng nhận được {given}; hãy gửi một object",
    "There is no option called {name}; the options are {names}": "Không có thiết lập nào tên là {name}; các thiết lập gồm {names}",
    "{field} is missing; give it a value ({allowed})": "Thiếu {field}; hãy cho nó một giá trị ({allowed})",
    "{field}=None is not possible; it must be {allowed}": "{field} đang để trống; giá trị phải là {allowed}",
    "{field}={given} is not possible; it must be {allowed}": "{field}={given} không hợp lệ; giá trị phải là {allowed}",
    "a whole number": "một số nguyên",
    "a number": "một số",
    "true or false": "true hoặc false",
    "a text": "một đoạn văn bản",
    "of the right type": "giá trị đúng kiểu",
    "one of {choices}": "một trong các lựa chọn {choices}",
    "a whole number from {low} to {high}": "một số nguyên từ {low} đến {high}",
    "a number from {low} to {high}": "một số từ {low} đến {high}",
    "a whole number above {low} and at most {high}": "một số nguyên lớn hơn {low} và không quá {high}",
    "a number above {low} and at most {high}": "một số lớn hơn {low} và không quá {high}",
    "{kind}, or empty": "{kind}, hoặc để trống",
    "a very large {kind}": "một giá trị {kind} rất lớn",
}

MODEL = {
    "n_embd={n_embd} is not divisible by n_head={n_head}; try n_embd={one} or {other}": "n_embd={n_embd} không chia hết cho n_head={n_head}; hãy thử n_embd={one} hoặc {other}",
    "n_embd={n_embd} is not divisible by n_head={n_head}; try n_embd={one}": "n_embd={n_embd} không chia hết cho n_head={n_head}; hãy thử n_embd={one}",
    "n_embd={n_embd} over n_head={n_head} gives heads of odd size, and rotary positions turn numbers in pairs; try n_embd={other}": "n_embd={n_embd} chia cho n_head={n_head} cho kích thước đầu lẻ, mà vị trí rotary xoay các số theo từng cặp; hãy thử n_embd={other}",
    "{T} tokens do not fit into block_size={block_size}; give the model only the last {last}": "{T} token không vừa block_size={block_size}; chỉ đưa cho mô hình {last} token cuối",
    "The prompt must be one row of at least one token, (1, T), but is {shape}": "Câu mở đầu phải là một hàng có ít nhất một token, (1, T), nhưng lại có dạng {shape}",
    "The text must be one row of at least one token, (1, T), but is {shape}": "Văn bản phải là một hàng có ít nhất một token, (1, T), nhưng lại có dạng {shape}",
    "A {kind} model has no attention to look into; choose a GPT": "Mô hình {kind} không có attention để xem; hãy chọn một GPT",
    "{name}={given} is not there; the model has {names} 0 to {last}": "Không có {name}={given}; mô hình có {names} 0 đến {last}",
    "layers": "các tầng",
    "heads": "các đầu",
    "device={name} is not on this machine; choose auto or one of: {here}": "Máy này không có device={name}; hãy chọn auto hoặc một trong: {here}",
    "The text has {count} {tokens}, but one window of block_size={T} needs {needed}; lower block_size or add text": "Văn bản có {count} token, nhưng một cửa sổ với block_size={T} cần {needed}; hãy giảm block_size hoặc thêm văn bản",
    "The text has {count} {tokens}, but block_size={block_size} needs at least {needed} (90 % to train on, 10 % to validate on, each longer than one block); {remedy}": "Văn bản có {count} token, nhưng block_size={block_size} cần ít nhất {needed} (90 % để huấn luyện, 10 % để validation, mỗi phần dài hơn một khối); {remedy}",
    "lower block_size to {fits} or add text": "hãy giảm block_size xuống {fits} hoặc thêm văn bản",
    "add text": "hãy thêm văn bản",
    "The loss stopped being a number at step {step}; the weights of step {kept} are kept. Try a lower {rates}": "Loss không còn là một con số ở bước {step}; trọng số của bước {kept} được giữ lại. Hãy thử giảm {rates}",
    "{one} ({lower} instead of {rate}) and {other} ({other_lower} instead of {other_rate})": "{one} ({lower} thay vì {rate}) và {other} ({other_lower} thay vì {other_rate})",
    "{one} ({lower} instead of {rate})": "{one} ({lower} thay vì {rate})",
    "Induction is tested on {shortest} different tokens said twice, but block_size={block_size} and vocab_size={vocab_size} leave room for {longest}; train with block_size={remedy} or more": "Induction được đo trên {shortest} token khác nhau lặp lại hai lần, nhưng block_size={block_size} và vocab_size={vocab_size} chỉ đủ chỗ cho {longest}; hãy huấn luyện với block_size={remedy} trở lên",
    "There is no rule {rule}; choose one of: {names}": "Không có cách đếm {rule}; hãy chọn một trong: {names}",
    "There is no text to score; write at least one character": "Chưa có văn bản để chấm điểm; hãy viết ít nhất một ký tự",
}

TEXT = {
    "There is no corpus {name}; choose one of {names}": "Không có văn bản {name}; hãy chọn một trong {names}",
    "The corpus 'own' is the user's text; paste or upload one for own_text": "Văn bản 'own' là của người dùng; hãy dán hoặc tải lên một văn bản",
    "The text is empty; paste or upload some text, or choose a built-in corpus": "Văn bản trống; hãy dán hoặc tải lên một văn bản, hoặc chọn văn bản có sẵn",
    "The text is blank; paste or upload some words": "Văn bản chỉ toàn khoảng trắng; hãy dán hoặc tải lên văn bản có chữ",
    "The text is nothing but {name}, which leaves nothing to learn; add text with other characters": "Văn bản chỉ có {name} nên không có gì để học; hãy thêm văn bản có các ký tự khác",
    "This Python keeps no source of its standard library; choose another corpus": "Bản Python này không giữ mã nguồn của thư viện chuẩn; hãy chọn văn bản khác",
    "A vocabulary needs at least one character, but the text is empty; add text": "Bộ từ vựng cần ít nhất một ký tự, nhưng văn bản trống; hãy thêm văn bản",
    "The characters of a vocabulary must be distinct and sorted, or ids would change their meaning; use CharTokenizer.from_text": "Các ký tự của bộ từ vựng phải khác nhau và theo thứ tự, nếu không các id sẽ đổi nghĩa; hãy dùng CharTokenizer.from_text",
    "A vocabulary cannot hold half a character, such as {name}; pass the text through clean_text first": "Bộ từ vựng không thể chứa nửa ký tự, như {name}; trước hết hãy đưa văn bản qua clean_text",
    "The model has never seen {names}, so there is no token for it; leave it out or replace it, or train on a text that has it": "Mô hình chưa từng thấy {names} nên không có token cho nó; hãy bỏ hoặc thay nó, hoặc huấn luyện trên văn bản có nó",
    "There is no token {id} among 0 to {last}; decode with the tokenizer that made the ids": "Không có token {id} trong khoảng 0 đến {last}; hãy giải mã bằng tokenizer đã tạo ra các id",
    # what was changed in a text
    "{replaced} replaced by \ufffd (U+FFFD) and {ends} made plain.": "{replaced} thay bằng \ufffd (U+FFFD) và {ends} đổi thành kiểu thường.",
    "{replaced} replaced by \ufffd (U+FFFD).": "{replaced} thay bằng \ufffd (U+FFFD).",
    "{ends} made plain.": "{ends} đổi thành kiểu thường.",
    "{count} character that cannot be kept was": "{count} ký tự không thể giữ đã được",
    "{count} characters that cannot be kept were": "{count} ký tự không thể giữ đã được",
    "{count} Windows line end was": "{count} dấu xuống dòng kiểu Windows đã được",
    "{count} Windows line ends were": "{count} dấu xuống dòng kiểu Windows đã được",
    "{names}) and {count} more": "{names}) và {count} ký tự nữa",
}

SENTENCES = {**OPTIONS, **MODEL, **TEXT}
