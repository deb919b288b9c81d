"""Uploads while they arrive."""

import pytest

from playground.server.refusal import Refusal
from playground.server.uploads import LONGEST_HEAD, MOST_FILES, Parts

KIND = "multipart/form-data; boundary=----abc"


def part(name: bytes = b"a.txt", content: bytes = b"text", field: bytes = b"files") -> bytes:
    head = (
        b'Content-Disposition: form-data; name="' + field + b'"; filename="' + name + b'"\r\nContent-Type: text/plain'
    )
    return b"------abc\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


END = b"------abc--\r\n"


def seen(body: bytes, size: int = 1000) -> Parts:
    parts = Parts(KIND)
    for start in range(0, len(body), size):
        parts.see(body[start : start + size])
    return parts


def test_files_are_counted_however_the_body_is_cut():
    body = part() + part(b"", b"") + part(content=b"\r\n--" * 500 + b"\r\n-----") + END
    for size in (1, 2, 3, 7, 64, 10_000):
        assert seen(body, size).files == 3, size
    assert seen(part(content=b"x" * 300_000) + END, 4_096).files == 1


def test_more_files_than_one_may_send_are_refused():
    seen(part() * MOST_FILES + END)
    with pytest.raises(Refusal) as refused:
        seen(part() * (MOST_FILES + 1))
    assert refused.value.status == 413


def test_what_is_no_file_is_refused():
    plain = b'------abc\r\nContent-Disposition: form-data; name="files"\r\n\r\ntext\r\n'
    endless = b"------abc\r\nContent-Disposition: " + b"x" * 2 * LONGEST_HEAD
    bad = [plain, endless, part(field=b"other"), *(part(name) for name in (b".", b"..", b"a/", b"a/..", b"...", b"\\"))]
    for body in bad:
        with pytest.raises(Refusal) as refused:
            seen(body + END)
        assert refused.value.status == 400, body[:80]
    for name in (b"a.txt", b"../../x.txt", "văn bản.txt".encode(), b"CON", b"x" * 300):
        assert seen(part(name) + END).files == 1, name


def test_an_upload_is_a_form():
    form = "multipart/form-data; boundary="
    for kind in (
        None,
        "",
        "text/plain",
        form[:19],
        form,
        "multipart/mixed; boundary=a",
        form + "a" * 71,
        form + "\xff",
    ):
        with pytest.raises(Refusal) as refused:
            Parts(kind)
        assert refused.value.status == 400, kind
    for kind in (KIND, form + '"abc"', "Multipart/Form-Data;boundary=abc"):
        Parts(kind)
