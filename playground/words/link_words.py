# ruff: noqa: E501 (a table of words)
"""The words of links: the button, its panel, the checklist of a teacher, and what a link could not."""

WORDS = {
    "link_button": ("Copy link", "Chép liên kết"),
    "link_title": ("A link to this page as it is now", "Liên kết đến trang này như hiện tại"),
    "link_address": ("Address of this page", "Địa chỉ của trang"),
    "link_copy": ("Copy", "Chép"),
    "link_copied": (
        "Copied. Whoever opens it sees what you have set here.",
        "Đã chép. Ai mở liên kết sẽ thấy đúng những gì bạn đã đặt ở đây.",
    ),
    "link_by_hand": (
        "The browser does not let the page copy; copy the address from this field.",
        "Trình duyệt không cho trang tự chép; hãy chép địa chỉ trong ô này.",
    ),
    "link_left": (
        "Not in the link, which has room for short texts only (at most {most} characters): {names}.",
        "Không có trong liên kết, vì liên kết chỉ đủ chỗ cho văn bản ngắn (tối đa {most} ký tự): {names}.",
    ),
    "link_who": (
        "Whoever has the link may look at the run in view, but not change it.",
        "Ai có liên kết đều xem được lượt chạy đang xem, nhưng không sửa được.",
    ),
    "link_teacher": ("For a lesson: hide or lock controls", "Cho bài học: ẩn hoặc khoá các phần"),
    "link_teacher_about": (
        "Whoever opens the link does not see what is hidden, and cannot change what is locked. It keeps a lesson simple and protects nothing: one click shows everything again.",
        "Người mở liên kết không thấy phần bị ẩn và không đổi được phần bị khoá. Cách này giữ bài học gọn gàng chứ không bảo vệ gì: chỉ một cú bấm là hiện lại tất cả.",
    ),
    "link_hide": ("Hide", "Ẩn"),
    "link_lock": ("Lock", "Khoá"),
    "link_close": ("Close (Esc)", "Đóng (Esc)"),
    "link_wrong": (
        "The link could not be followed in full; the rest of the page is as it was:",
        "Không thể làm theo trọn vẹn liên kết này; phần còn lại của trang vẫn giữ nguyên:",
    ),
    "link_set_up": (
        "This link has set the page up for a lesson: controls hidden or locked: {count}.",
        "Liên kết này đã bố trí trang cho một bài học: số phần bị ẩn hoặc khoá là {count}.",
    ),
    "link_show_all": ("Show everything", "Hiện tất cả"),
    "link_page": ("The page", "Trang"),
    "link_head": ("Layer and head", "Tầng và đầu"),
    "link_x": ("What the chart counts", "Trục ngang của biểu đồ"),
    "link_log": ("The chart's logarithmic axes", "Trục logarit của biểu đồ"),
    "link_mean": ("The chart's mean over steps", "Trung bình theo bước của biểu đồ"),
}

SENTENCES = {
    "A link has no part called {name}": "Liên kết không có phần nào tên là {name}",
    "{name} has {count} characters; a link holds the first {most}": "{name} có {count} ký tự; liên kết chỉ chứa {most} ký tự đầu",
    "{count} more of its parts are not possible": "còn {count} phần nữa không hợp lệ",
    "{name}={given} is not possible; the page has no such part": "{name}={given} không hợp lệ; trang không có phần này",
    "head={given} is not possible; it must be a layer and a head, such as 1.3 or 1.mean": "head={given} không hợp lệ; phải là một tầng và một đầu, như 1.3 hoặc 1.mean",
}
