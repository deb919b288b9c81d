"""Uploads, looked at while they arrive: how many files, and that each part is one. Their bytes go on to Gradio."""

import re

from playground.server.refusal import Refusal

MOST_FILES = 4  # of one request; the page sends one
LONGEST_HEAD = 4_096  # bytes before a file's own
KIND = re.compile(r'multipart/form-data; *boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?', re.IGNORECASE)
FILE = re.compile(rb'content-disposition: *form-data; *name="files"; *filename="([^\r\n]*?)"', re.IGNORECASE)


class Parts:
    """The parts of an upload; `see` is told each piece of the body."""

    def __init__(self, content_type: str | None):
        kind = KIND.fullmatch((content_type or "").strip())
        if kind is None:
            raise Refusal(400, "An upload has to be a form with files; send it as the page does")
        self.mark = b"\r\n--" + kind.group(1).encode()
        self.rest, self.files, self.in_head = b"\r\n", 0, False  # as if a line came before the first mark

    def see(self, part: bytes) -> None:
        """Look at a further piece; Refusal for too many files, and for what is no file."""
        waiting = self.rest + part
        while True:
            end = b"\r\n\r\n" if self.in_head else self.mark
            place = waiting.find(end)
            if place < 0:
                break
            if self.in_head:
                self._head(waiting[:place])
            waiting = waiting[place + (2 if self.in_head else len(end)) :]  # a file may be empty: its mark follows
            if not self.in_head and waiting[:2] == b"--":  # the last mark
                self.mark = b"\0" * 80  # nothing comes after it
                waiting = b""
                break
            self.in_head = not self.in_head
        if self.in_head and len(waiting) > LONGEST_HEAD:
            raise _no_file()
        self.rest = waiting if self.in_head else waiting[-len(self.mark) - 2 :]

    def _head(self, head: bytes) -> None:
        self.files += 1
        if self.files > MOST_FILES:
            raise Refusal(413, f"An upload may have {MOST_FILES} files; send fewer at once")
        files = [found for line in head.split(b"\r\n") if (found := FILE.fullmatch(line))]
        if len(files) != 1 or re.split(rb"[/\\]", files[0].group(1))[-1].strip(b". ") == b"" != files[0].group(1):
            raise _no_file()


def _no_file() -> Refusal:
    return Refusal(400, "A part of the upload is no file with a name; choose the file once more")
