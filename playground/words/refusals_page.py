# ruff: noqa: E501 (a table of sentences)
"""What the server and the page's own inputs refuse, English templates with their Vietnamese."""

SENTENCES = {
    "Something went wrong here (error {number}); try again": "Có lỗi xảy ra ở đây (lỗi số {number}); hãy thử lại",
    "{name} must be a text, but got {kind}; write some letters": "{name} phải là văn bản, nhưng nhận được {kind}; hãy viết vài chữ",
    "{name} has {count} characters, more than the {most} allowed; shorten it": "{name} có {count} ký tự, nhiều hơn {most} ký tự cho phép; hãy rút ngắn",
    "Your text": "Văn bản của bạn",
    "The text": "Văn bản",
    "The prompt": "Câu mở đầu",
    "The example": "Ví dụ",
    "This run has no snapshot yet; wait for its first step, or choose another run": "Lượt chạy này chưa có bản chụp nào; hãy đợi bước đầu tiên, hoặc chọn lượt chạy khác",
    "This run has no snapshot of step {step}; choose one of the list": "Lượt chạy này không có bản chụp ở bước {step}; hãy chọn một bước trong danh sách",
    "The run has no snapshot of step {step}; wait for its first one": "Lượt chạy không có bản chụp ở bước {step}; hãy đợi bản chụp đầu tiên",
    # who may do what, and how much
    "Too many wrong keys were tried; wait a minute and type the key again": "Đã thử quá nhiều mã sai; hãy đợi một phút rồi nhập lại mã",
    "This is not the teacher's key; type it as it stands where the server was started": "Đây không phải mã của giáo viên; hãy nhập đúng như mã ở nơi khởi động máy chủ",
    "This browser has not said whose the run will be; reload the page and try again": "Trình duyệt này chưa cho biết lượt chạy sẽ là của ai; hãy tải lại trang rồi thử lại",
    "You have {count} runs, which is as many as one person may keep here; delete one": "Bạn đang có {count} lượt chạy, đúng bằng số mà một người được giữ ở đây; hãy xoá bớt một lượt",
    "{count} runs are training here, which is as many as this server takes; try again when some end": "Ở đây đang huấn luyện {count} lượt chạy, đúng bằng số mà máy chủ này nhận; hãy thử lại khi có lượt chạy kết thúc",
    "You are training {count} runs, which is as many as one person may train at once here; stop or pause one": "Bạn đang huấn luyện {count} lượt chạy, đúng bằng số mà một người được huấn luyện cùng lúc ở đây; hãy dừng hoặc tạm dừng một lượt",
    "This model has {count} parameters, more than the {most} of a model here; lower n_layer or n_embd": "Mô hình này có {count} tham số, nhiều hơn {most} tham số cho phép ở đây; hãy giảm n_layer hoặc n_embd",
    "A run has no file called {name}": "Lượt chạy không có tệp nào tên là {name}",
    # requests that the guard refuses
    "This page takes requests only from itself": "Trang này chỉ nhận yêu cầu từ chính nó",
    "The request is larger than {most} MB; send less": "Yêu cầu lớn hơn {most} MB; hãy gửi ít hơn",
    "The request is nested too deeply; send plain values": "Yêu cầu lồng nhau quá sâu; hãy gửi các giá trị đơn giản",
    "A file has to be uploaded; an address of one is not taken": "Tệp phải được tải lên; không nhận địa chỉ của tệp",
    "There is no such call; see /gradio_api/info for those that there are": "Không có lệnh gọi này; hãy xem /gradio_api/info để biết những lệnh có sẵn",
    "The call takes {needed} values, but got {given}; see /gradio_api/info": "Lệnh gọi này nhận {needed} giá trị, nhưng chỉ có {given}; hãy xem /gradio_api/info",
}
