"""Files from a Hub that is slow, cut, busy or wrong: in the cache whole or not at all, and half a file is continued."""

import errno
import os
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from core.downloads import DownloadError
from core.pretrained import hub as hub_module
from core.pretrained.hub import Commit, NotThere, cache_directory, is_offline, is_on_this_machine
from tests.core.test_downloads import ask_together, wait_until
from tests.hub import WEIGHTS, Hub

COMMIT = Commit("openai-community/gpt2", "607a30d783dfa663caf39e06633721c8d4cfcd7e")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write a repository by hand: one small file and one that is large enough to lie elsewhere."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "config.json").write_text('{"model_type": "gpt2"}')
    (folder / WEIGHTS).write_bytes(os.urandom(1 << 20) * 2)
    return folder


@pytest.fixture
def hub(folder, tmp_path, monkeypatch):
    with Hub(folder) as hub:
        for name, value in hub.environment(tmp_path / "cache").items():
            monkeypatch.setenv(name, value)
        yield hub


def fetch(progress=None):
    COMMIT.fetch(["config.json", WEIGHTS], progress=progress)


@contextmanager
def fails(cause, patience=3.0):
    """Expect a failure of this cause, with less patience where nothing is to come."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(DownloadError, match=cause) as caught:
        patch.setattr("core.downloads.PATIENCE", patience)
        yield caught


def whole(hub):
    return (COMMIT.folder / WEIGHTS).read_bytes() == (hub.folder / WEIGHTS).read_bytes()


def parts():
    return [path for path in cache_directory().rglob("*.incomplete")]


def part_of(hub):
    return COMMIT.folder.parents[1] / "blobs" / f"{hub.checksum(WEIGHTS)}.incomplete"


def test_files_come_with_their_progress_and_the_total_is_known_early(hub):
    seen = []
    fetch(lambda done, total: seen.append((done, total)))
    assert whole(hub) and COMMIT.has(["config.json", WEIGHTS])
    sizes = [(hub.folder / file).stat().st_size for file in ("config.json", WEIGHTS)]
    assert seen[0] == (sizes[0], None)
    assert {total for _, total in seen[1:]} == {sum(sizes)}
    assert seen == sorted(seen, key=lambda pair: pair[0])
    assert seen[-1][0] == sum(sizes)
    assert parts() == []


def test_what_is_here_is_not_asked_for(hub):
    fetch()
    hub.requests.clear()
    fetch()
    assert hub.requests == []


def test_the_hubs_own_client_finds_what_was_brought_here(hub):
    from huggingface_hub import try_to_load_from_cache

    fetch()
    found = try_to_load_from_cache(COMMIT.repo, WEIGHTS, cache_dir=cache_directory(), revision=COMMIT.revision)
    assert Path(found) == COMMIT.folder / WEIGHTS
    blob = Path(found).resolve()
    assert (blob.parent.name, blob.name) == ("blobs", hub.checksum(WEIGHTS))


def test_what_the_hubs_own_client_brought_is_found_here(hub, monkeypatch):
    from huggingface_hub import close_session, constants, hf_hub_download

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    for file in ("config.json", WEIGHTS):
        path = hf_hub_download(
            COMMIT.repo, file, revision=COMMIT.revision, endpoint=hub.url, cache_dir=cache_directory(), token=False
        )
        assert Path(path) == COMMIT.folder / file
    close_session()
    hub.requests.clear()
    fetch()
    COMMIT.check(WEIGHTS)
    assert whole(hub)
    assert hub.requests == []


def test_a_cache_under_the_repositorys_old_name_is_as_good(hub):
    fetch()
    new = COMMIT.folder.parents[1]
    new.rename(new.with_name("models--gpt2"))
    hub.requests.clear()
    fetch()
    assert COMMIT.folder.parents[1].name == "models--gpt2"
    assert hub.requests == []


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_failure_says_why_and_what_to_do_and_the_next_try_can_succeed(hub, method):
    failures = {
        "missing": "answered 404 Not Found; try again later",
        "busy": "answered 429 Too Many Requests and asks to wait 17 seconds; try again later",
        "down": "answered 503 Service Unavailable; try again later",
        "silent": "nothing came for 0.3 seconds; check the network and try again",
    }
    if method == "GET":
        failures["stall"] = failures["silent"]
        failures["cut"] = "the connection was cut; check the network and try again"
        failures["damaged"] = "is not the expected file"
    for mood, cause in failures.items():
        COMMIT.fetch(["config.json"])
        hub.requests.clear()
        hub.behave(mood, method=method)
        with fails(cause, patience=0.3 if mood in ("silent", "stall") else 3.0) as caught:
            fetch()
        assert "model.safetensors of openai-community/gpt2" in str(caught.value), mood
        assert "\n" not in str(caught.value), mood
        assert not COMMIT.has([WEIGHTS]) and COMMIT.has(["config.json"]), mood
        methods = [method for method, file, _ in hub.requests if file == WEIGHTS]
        assert methods == ["HEAD", "GET"][: 1 if method == "HEAD" else 2], mood  # it is for the user to try again
        hub.behave("well")
        fetch()
        assert whole(hub) and parts() == [], mood
        shutil.rmtree(cache_directory())


def test_what_is_no_hub_is_told(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", f"{hub.url}/api/models/")  # it answers, but not as a Hub does
    with pytest.raises(DownloadError, match="some networks answer with a page to log in.*try another network"):
        fetch()


def test_the_next_try_goes_on_where_the_last_one_ended(hub):
    for mood in ("stall", "cut"):
        hub.behave(mood, after=1_500_000)
        with fails("could not be downloaded", patience=0.5):
            fetch()
        [part] = parts()
        size = part.stat().st_size
        assert 0 < size <= 1_500_000, mood
        hub.behave("well")
        seen = []
        fetch(lambda done, total, seen=seen: seen.append((done, total)))
        assert hub.sent[-1] == (WEIGHTS, f"bytes={size}-"), mood
        assert seen[0][0] > size and seen[0][1] == (hub.folder / WEIGHTS).stat().st_size, mood
        assert whole(hub) and parts() == [], mood
        shutil.rmtree(cache_directory())


def test_a_hub_that_cannot_send_parts_sends_all_of_it(hub):
    hub.behave("cut")
    with pytest.raises(DownloadError):
        fetch()
    hub.behave("no-range")
    fetch()
    assert whole(hub)


def test_a_part_that_is_longer_than_the_file_is_begun_anew(hub):
    COMMIT.fetch(["config.json"])
    part_of(hub).write_bytes(bytes(3 << 20))
    fetch()
    assert whole(hub) and parts() == []


def test_a_part_of_other_bytes_is_found_out_and_the_next_try_begins_anew(hub):
    COMMIT.fetch(["config.json"])
    part_of(hub).write_bytes(bytes(1000))
    with fails("not the expected file"):
        fetch()
    fetch()
    assert whole(hub) and parts() == []


def test_what_another_program_downloads_is_left_to_it_and_gone_on_with_when_that_has_died(hub):
    COMMIT.fetch(["config.json"])
    part_of(hub).write_bytes((hub.folder / WEIGHTS).read_bytes()[:1000])
    lock = cache_directory() / ".locks" / COMMIT.folder.parents[1].name / f"{hub.checksum(WEIGHTS)}.lock"
    with FileLock(lock), fails("another program is downloading it; try again when that is done", patience=0.3):
        fetch()
    assert hub.asked(WEIGHTS) == 0 and part_of(hub).stat().st_size == 1000
    fetch()  # an operating system takes the lock from a process that ends
    assert hub.sent[-1] == (WEIGHTS, "bytes=1000-")
    assert whole(hub) and parts() == []


def test_a_slow_hub_is_waited_for_as_long_as_bytes_come(hub, monkeypatch):
    COMMIT.fetch(["config.json"])
    monkeypatch.setattr("core.downloads.PATIENCE", 0.8)
    hub.behave("slow", rate=2_000_000)  # a second for all, with a chunk each twentieth
    fetch()
    assert whole(hub)


def test_a_hub_that_is_not_there_is_named_as_the_cause(hub, monkeypatch):
    for address in ("http://127.0.0.1:9", "http://hub.invalid"):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(DownloadError, match="the server could not be reached; check the network"):
            fetch()


def test_a_name_server_that_hangs_does_not_hang_us(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: hub.released.wait(5))
    with fails("nothing came for 0.3 seconds", patience=0.3):
        fetch()
    assert not hub.released.is_set()


def test_a_disk_without_room_is_told_before_anything_is_written(hub, monkeypatch):
    COMMIT.fetch(["config.json"])
    monkeypatch.setattr(hub_module.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 10**6))
    with fails("it needs 2 MB, and 1 MB are free"):
        fetch()
    assert parts() == []


def test_a_disk_that_fills_up_is_told_and_what_arrived_is_cleared_away(hub, monkeypatch):
    COMMIT.fetch(["config.json"])
    real = Path.open

    def open_full(path, mode="r", *args, **kwargs):
        file = real(path, mode, *args, **kwargs)
        if path.suffix != ".incomplete":
            return file
        file.close()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(DownloadError, match="could not be saved.*No space left on device.*free some disk space"):
        fetch()
    monkeypatch.undo()
    assert parts() == []


def test_a_cache_that_cannot_be_written_is_told_apart_from_the_network(hub, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("a file where the folder should be")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "file"))
    with pytest.raises(DownloadError, match="could not be saved.*HF_HOME"):
        fetch()
    assert hub.requests == []


def test_optional_files_may_be_missing_but_not_for_want_of_a_network(hub):
    COMMIT.fetch(["extra.txt", "config.json"], optional=["extra.txt"])
    assert COMMIT.has(["config.json"]) and not COMMIT.has(["extra.txt"])
    with pytest.raises(NotThere):
        COMMIT.fetch(["extra.txt"])
    hub.behave("down", file=None)
    with pytest.raises(DownloadError, match="503"):
        COMMIT.fetch(["extra.txt"], optional=["extra.txt"])


def test_offline_nobody_is_asked(hub, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE forbids asking"):
        fetch()
    assert is_offline() and hub.requests == []


def test_a_blob_that_is_not_what_its_name_says_is_put_away_and_brought_anew(hub):
    fetch()
    blob = (COMMIT.folder / WEIGHTS).resolve()
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    for how, damaged in {"cut off": data[:-1], "a byte flipped": data, "emptied": b""}.items():
        blob.write_bytes(damaged)
        with pytest.raises(DownloadError, match="is damaged.*try again"):
            COMMIT.check(WEIGHTS)
        assert not COMMIT.has([WEIGHTS]) and not blob.exists(), how
        hub.requests.clear()
        fetch()
        COMMIT.check(WEIGHTS)
        assert hub.sent == [(WEIGHTS, "")], how
        assert whole(hub), how


def test_a_link_that_is_lost_is_made_again_without_the_bytes(hub):
    fetch()
    (COMMIT.folder / WEIGHTS).unlink()
    hub.requests.clear()
    fetch()
    assert whole(hub) and hub.sent == []


def test_a_file_of_the_users_own_that_the_cache_points_at_is_not_deleted(hub, tmp_path):
    fetch()
    own = tmp_path / "own"
    own.write_bytes(b"something else")
    (COMMIT.folder / WEIGHTS).unlink()
    (COMMIT.folder / WEIGHTS).symlink_to(own)
    COMMIT.check(WEIGHTS)  # its name says nothing
    with pytest.raises(DownloadError):
        COMMIT.discard(WEIGHTS)
    assert own.exists() and not COMMIT.has([WEIGHTS])


def test_where_links_cannot_be_made_the_file_itself_is_put_there(hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.file_download.are_symlinks_supported", lambda folder: False)
    fetch()
    assert whole(hub) and not (COMMIT.folder / WEIGHTS).is_symlink()
    assert list((COMMIT.folder.parents[1] / "blobs").iterdir()) == []  # half a gigabyte is not there twice


def test_two_at_once_do_not_write_into_one_file(hub):
    hub.behave("slow", rate=8_000_000)
    threads, results = ask_together(2, fetch)
    for thread in threads:
        thread.join()
    assert results == [None, None]
    assert whole(hub) and parts() == []


def test_the_caches_folder_is_the_one_that_the_hubs_own_client_takes(tmp_path, monkeypatch):
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_directory() == tmp_path / ".cache" / "huggingface" / "hub"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_directory() == tmp_path / "xdg" / "huggingface" / "hub"
    monkeypatch.setenv("HF_HOME", "$HOME/home")
    assert cache_directory() == tmp_path / "home" / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", "~/cache")
    assert cache_directory() == tmp_path / "cache"


def test_only_a_hub_on_the_loopback_is_a_stand_in(monkeypatch):
    here = ["http://127.0.0.1:9000", "http://localhost:9000/", "http://[::1]:9000"]
    elsewhere = ["https://huggingface.co", "http://192.168.0.7", "http://localhost.example", "http://[", "nonsense", ""]
    for address in here + elsewhere:
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert is_on_this_machine() is (address in here), address


def test_a_download_that_is_given_up_keeps_what_has_arrived(hub):
    COMMIT.fetch(["config.json"])

    def give_up(done, total):
        raise KeyError("the page went away")

    with pytest.raises(KeyError):
        fetch(give_up)
    assert parts() == [part_of(hub)]
    fetch()
    assert whole(hub)


def downloading():
    return [thread for thread in threading.enumerate() if thread.name == "download"]


def test_no_thread_is_left_behind(hub):
    for mood in ("cut", "stall", "silent"):
        hub.behave(mood)
        with fails("could not be downloaded", patience=0.3):
            fetch()
        wait_until(lambda: not downloading())
