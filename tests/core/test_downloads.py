"""Downloads against a real server on the loopback that is slow, cut, busy or wrong: all of the file, or nothing."""

import hashlib
import http.server
import threading
import time
from pathlib import Path

import pytest

from core import downloads
from core.downloads import DownloadError, cache_directory, data_directories, fetch, find_file

CONTENT = bytes(range(256)) * 1024  # 256 KiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FEW = bytes(range(240)) * 25  # few bytes, which a slow server takes its time over


class Host(http.server.BaseHTTPRequestHandler):
    """Answer each path in its own way; what was asked is kept in `server.asked`."""

    def do_GET(self):
        self.server.asked.append(self.path)
        getattr(self, "answer_" + self.path.strip("/").partition(".")[0])()

    def send(self, status, body, length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def answer_good(self):
        self.send(200, CONTENT)

    def answer_moved(self):
        self.send(302, b"", Location="/good")

    def answer_slow(self):
        self.server.released.wait(5)
        self.send(200, CONTENT)

    def answer_trickle(self):
        self.send(200, b"", length=len(FEW))
        for start in range(0, len(FEW), 600):
            self.wfile.write(FEW[start : start + 600])
            self.server.released.wait(0.15)

    def answer_stalled(self):
        self.send(200, CONTENT[:1000], length=len(CONTENT))
        self.server.released.wait(5)

    def answer_cut(self):
        self.send(200, CONTENT[:1000], length=len(CONTENT))

    def answer_wrong(self):
        self.send(200, b"<html>Please log in</html>")

    def answer_missing(self):
        self.send(404, b"")

    def answer_busy(self):
        self.send(429, b"", Retry_After=17)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):  # a client that hangs up is what some tests are about
        pass


@pytest.fixture
def host(monkeypatch):
    """Yield a running server with its address, what it was asked, and an event that ends every wait in it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("GPT_PLAYGROUND_MIRROR", raising=False)
    server = Server(("127.0.0.1", 0), Host)
    server.asked, server.released = [], threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def hurried(monkeypatch):
    """Wait for a fifth of a second where nothing is to come."""
    monkeypatch.setattr(downloads, "PATIENCE", 0.2)


def on_disk(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_a_download_is_stored_and_its_progress_reported(host, tmp_path):
    seen = []
    path = fetch(host.url + "/good", tmp_path / "new" / "file", SHA256, lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert on_disk(tmp_path) == ["file"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_file_that_moved_is_followed(host, tmp_path):
    assert fetch(host.url + "/moved", tmp_path / "file", SHA256).read_bytes() == CONTENT


def test_a_file_that_is_there_is_not_downloaded_again(host, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    assert fetch(host.url + "/good", tmp_path / "file", SHA256) == tmp_path / "file"
    assert host.asked == []


def test_a_damaged_file_is_replaced(host, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT[:-1])
    fetch(host.url + "/good", tmp_path / "file", SHA256)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_failure_says_why_and_what_to_do_and_leaves_nothing(host, tmp_path, hurried):
    for what, cause in {
        "missing": "404 Not Found",
        "busy": "429 Too Many Requests and asks to wait 17 seconds",
        "cut": "the connection was cut",
        "slow": "nothing came for 0.2 seconds",
        "stalled": "nothing came for 0.2 seconds",
        "wrong": "not the expected file",
    }.items():
        with pytest.raises(DownloadError, match=cause) as caught:
            fetch(f"{host.url}/{what}", tmp_path / "file.txt", SHA256)
        assert "put file.txt into the folder that GPT_PLAYGROUND_DATA names" in str(caught.value), what
        assert "\n" not in str(caught.value), what
        assert on_disk(tmp_path) == [], what


def test_a_slow_server_is_not_taken_for_a_silent_one(host, tmp_path, hurried):
    """Each piece comes in time; all of them take three times as long as silence may last."""
    seen = []
    sha256 = hashlib.sha256(FEW).hexdigest()
    path = fetch(host.url + "/trickle", tmp_path / "file", sha256, lambda done, total: seen.append(done))
    assert path.read_bytes() == FEW and len(seen) >= 10


def test_certificates_of_ones_own_are_those_that_the_environment_names(host, tmp_path, monkeypatch):
    import pooch

    told = []

    def client(**how):
        told.append(how["verify"])
        raise ValueError("enough")

    monkeypatch.setattr(pooch, "HTTPDownloader", client)
    for names in ({}, {"SSL_CERT_DIR": "folder"}, {"SSL_CERT_DIR": "folder", "SSL_CERT_FILE": "ca.pem"}):
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(DownloadError, match="enough"):
            fetch(host.url + "/good", tmp_path / "file", SHA256)
    assert told == [True, "folder", "ca.pem"]


def test_a_file_that_is_there_may_be_another_users(host, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(CONTENT)
    monkeypatch.setattr(Path, "chmod", None)  # not ours to change
    assert fetch(host.url + "/good", tmp_path / "file", SHA256).read_bytes() == CONTENT


def test_nobody_waits_longer_than_ten_seconds_for_a_byte():
    assert downloads.PATIENCE == 10


def test_a_failure_leaves_the_file_that_was_there(host, tmp_path):
    (tmp_path / "file").write_bytes(b"an older edition")
    with pytest.raises(DownloadError):
        fetch(host.url + "/cut", tmp_path / "file", SHA256)
    assert (tmp_path / "file").read_bytes() == b"an older edition"
    assert on_disk(tmp_path) == ["file"]


def test_a_server_that_is_not_there_is_named_as_the_cause(host, tmp_path):
    with Server(("127.0.0.1", 0), Host) as closed:
        port = closed.server_port
    with pytest.raises(DownloadError, match="the server could not be reached"):
        fetch(f"http://127.0.0.1:{port}/good", tmp_path / "file", SHA256)
    assert on_disk(tmp_path) == []


def test_a_name_server_that_hangs_does_not_hang_us(host, tmp_path, monkeypatch, hurried):
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: host.released.wait(5))
    with pytest.raises(DownloadError, match="nothing came for 0.2 seconds"):
        fetch("http://name.invalid/good", tmp_path / "file", SHA256)
    assert not host.released.is_set()


def test_an_address_that_is_none_is_refused_in_one_sentence(host, tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_PLAYGROUND_MIRROR", "not an address")
    with pytest.raises(DownloadError, match="could not be downloaded"):
        fetch(host.url + "/good", tmp_path / "file", SHA256)


def test_a_folder_that_cannot_be_written_is_told_apart_from_the_network(host, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(DownloadError, match="could not be saved.*GPT_PLAYGROUND_CACHE"):
        fetch(host.url + "/good", tmp_path / "cache" / "file", SHA256)


def ask_together(count, ask):
    """Call ask() in many threads; return them and a list that fills with what each got or raised."""
    results = []

    def one():
        try:
            results.append(ask())
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, results


def wait_until(condition):
    deadline = time.monotonic() + 60  # a busy machine is slow, not wrong
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def test_thirty_who_ask_at_once_share_one_download(host, tmp_path):
    threads, results = ask_together(30, lambda: fetch(host.url + "/slow", tmp_path / "file", SHA256))
    wait_until(lambda: host.asked)
    host.released.set()
    for thread in threads:
        thread.join()
    assert results == [tmp_path / "file"] * 30
    assert host.asked == ["/slow"]


def test_a_download_that_is_given_up_does_not_leave_the_others_waiting(host, tmp_path):
    waiting = []

    def give_up(done, total):
        if not waiting:
            waiting.append(ask_together(3, lambda: fetch(host.url + "/good", tmp_path / "file", SHA256)))
        raise KeyError("the page went away")

    with pytest.raises(KeyError):
        fetch(host.url + "/good", tmp_path / "file", SHA256, give_up)
    [(threads, results)] = waiting
    for thread in threads:
        thread.join()
    assert results == [tmp_path / "file"] * 3  # one of them has brought it
    assert on_disk(tmp_path) == ["file"]


def test_what_was_given_up_for_its_silence_ends_when_it_speaks_again(host, tmp_path, hurried):
    before = threading.active_count()
    reports = []
    with pytest.raises(TimeoutError):
        downloads.watch(lambda report: (host.released.wait(5), report(1, 2), reports.append("went on")))
    host.released.set()
    wait_until(lambda: threading.active_count() <= before)
    assert reports == []


def test_others_may_read_what_was_brought(host, tmp_path):
    assert fetch(host.url + "/good", tmp_path / "file", SHA256).stat().st_mode & 0o444 == 0o444


def test_a_failure_is_forgotten_and_the_next_try_can_succeed(host, tmp_path):
    with pytest.raises(DownloadError):
        fetch(host.url + "/missing", tmp_path / "file", SHA256)
    assert fetch(host.url + "/good", tmp_path / "file", SHA256).read_bytes() == CONTENT


def test_a_mirror_is_asked_for_the_file_by_its_name(host, tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_PLAYGROUND_MIRROR", host.url + "/")
    fetch("https://name.invalid/elsewhere", tmp_path / "good.txt", SHA256)
    assert host.asked == ["/good.txt"]


def test_the_data_directory_comes_before_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_PLAYGROUND_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GPT_PLAYGROUND_CACHE", str(tmp_path / "cache"))
    assert data_directories() == [tmp_path / "data", tmp_path / "cache"]
    for folder in data_directories():
        folder.mkdir()
        (folder / "b").write_bytes(CONTENT)
    assert find_file(["a", "b"], SHA256) == tmp_path / "data" / "b"
    (tmp_path / "data" / "b").write_bytes(b"not it")
    assert find_file(["a", "b"], SHA256) == tmp_path / "cache" / "b"
    (tmp_path / "cache" / "b").unlink()
    (tmp_path / "cache" / "b").mkdir()
    assert find_file(["a", "b"], SHA256) is None
    (tmp_path / "elsewhere").write_bytes(CONTENT)
    assert find_file(["a", "b"], SHA256, [tmp_path / "none", tmp_path / "elsewhere"]) == tmp_path / "elsewhere"


def test_without_a_choice_the_cache_is_the_users(tmp_path, monkeypatch):
    for name in ("GPT_PLAYGROUND_DATA", "GPT_PLAYGROUND_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_directories() == [cache_directory()] == [tmp_path / ".cache" / "gpt-playground"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_directory() == tmp_path / "xdg" / "gpt-playground"
