# ruff: noqa: E501 (a table of sentences)
"""What the server and the page's own inputs refuse, English templates with their Vietnamese."""

SENTENCES = {
    "Something went wrong here (error {number}); try again": "Có lỗi xảy ra ở đây (lỗi số {number}); hãy thử lại",
    "{name} must be a text, but got {kind}; write some letters": "{name} phải là văn bản, nhưng nhận được {kind}; hãy viết vài chữ",
    "{name} has {count} characters, more than the {most} allowed; shorten it": "{name} có {count} ký tự, nhiều hơn {most} ký tự cho phép; hãy rút ngắn",
    "Your text": "Văn bản của bạn",
    "The text": "Văn bản",
    "The prompt": "Câu mở đầu",
    "There is no such example; choose one of those that are shown": "Không có ví dụ này; hãy chọn một ví dụ đang hiển thị",
    "What was uploaded is no file; choose one with some text in it": "Thứ được tải lên không phải là tệp; hãy chọn một tệp có văn bản",
    "This run has no snapshot yet; wait for its first step, or choose another run": "Lượt chạy này chưa có bản chụp nào; hãy đợi bước đầu tiên, hoặc chọn lượt chạy khác",
    "This run has no snapshot of step {step}; choose one of the list": "Lượt chạy này không có bản chụp ở bước {step}; hãy chọn một bước trong danh sách",
    "The run has no snapshot of step {step}; wait for its first one": "Lượt chạy không có bản chụp ở bước {step}; hãy đợi bản chụp đầu tiên",
    "A run has no file called {name}": "Lượt chạy không có tệp nào tên là {name}",
    # requests that the guard refuses
    "This page takes requests only from itself": "Trang này chỉ nhận yêu cầu từ chính nó",
    "The request is larger than {most} MB; send less": "Yêu cầu lớn hơn {most} MB; hãy gửi ít hơn",
    "The request is nested too deeply; send plain values": "Yêu cầu lồng nhau quá sâu; hãy gửi các giá trị đơn giản",
    "A file has to be uploaded; an address of one is not taken": "Tệp phải được tải lên; không nhận địa chỉ của tệp",
    "There is no such call; see /gradio_api/info for those that there are": "Không có lệnh gọi này; hãy xem /gradio_api/info để biết những lệnh có sẵn",
    "The call takes {needed} values, but got {given}; see /gradio_api/info": "Lệnh gọi này nhận {needed} giá trị, nhưng chỉ có {given}; hãy xem /gradio_api/info",
}
