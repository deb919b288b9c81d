"""What Gradio itself says where no property reaches it, mostly to screen readers: English -> Vietnamese.

`{}` stands for a part that stays as it is, such as the label of a slider.
"""

GRADIO_VI = {
    "Clear": "Xoá",
    "Close": "Đóng",
    "Collapse": "Thu nhỏ",
    "Copy": "Sao chép",
    "Copied": "Đã sao chép",
    "Download": "Tải về",
    "Downloaded": "Đã tải về",
    "Expand": "Phóng to",
    "File upload": "Tải tệp lên",
    "File: {}": "Tệp: {}",
    "Click to upload or drop files": "Bấm để chọn tệp, hoặc thả tệp vào đây",
    "Upload file": "Tải tệp lên",
    "Upload a file": "Tải tệp lên",
    "Upload": "Tải lên",
    "Uploading": "Đang tải lên",
    "Uploaded files": "Các tệp đã tải lên",
    "Remove this file": "Bỏ tệp này",
    "Remove file": "Bỏ tệp",
    "Submit": "Gửi",
    "Stop": "Dừng",
    "More tabs": "Các thẻ khác",
    "Reset to default value": "Đặt lại giá trị ban đầu",
    "number input for {}": "ô nhập số: {}",
    "range slider for {}": "thanh trượt: {}",
    "View full screen": "Xem toàn màn hình",
    "Fullscreen": "Toàn màn hình",
    "Exit fullscreen mode": "Thoát toàn màn hình",
    "options": "các lựa chọn",
    "Dismiss": "Đóng",
}
