"""What keeps a server from starting is said in one sentence, before anything is loaded."""

import os
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from playground.server.settings import Settings
from playground.server.starting import check_address, check_folder, check_start
from tests.tiny_runs import PROJECT, refusal


def test_a_folder_that_is_none_is_refused_and_a_new_one_is_made(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.touch()
    assert refusal(check_folder, file) == (
        f"{str(file)!r} is a file, and no folder to keep runs in; name another place with --runs"
    )
    assert refusal(check_folder, file / "runs") == (
        f"Runs cannot be kept in {str(file / 'runs')!r} (Not a directory); name another place with --runs"
    )
    check_folder(tmp_path / "some" / "runs")
    assert (tmp_path / "some" / "runs").is_dir()

    def full(*_) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "mkdir", full)
    assert "(No space left on device); name another place" in refusal(check_folder, tmp_path / "other")
    check_folder(tmp_path / "some" / "runs")  # what is there needs no space


def test_an_address_at_which_nobody_can_listen_is_refused(tmp_path, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert refusal(check_address, "127.0.0.1", port) == (
            f"Port {port} is in use; end the program that uses it, or name another --port"
        )
    check_address("127.0.0.1", port)
    elsewhere = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("198.51.100.7", port))
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lambda *_, **__: [elsewhere])
        assert "'198.51.100.7' is no address of this machine" in refusal(check_address, "198.51.100.7", port)
    monkeypatch.setenv("GRADIO_SERVER_PORT", "99999")
    settings = Settings(runs=tmp_path)
    assert refusal(check_start, settings).startswith("GRADIO_SERVER_PORT='99999' is no port")
    assert refusal(check_start, replace(settings, port=port)) == "not refused"


@pytest.mark.parametrize("flags", [["--runs", "app.py"], ["--host", "198.51.100.7", "--port", "7860"]])
def test_app_py_ends_with_one_line(flags):
    ended = subprocess.run([sys.executable, "app.py", *flags], cwd=PROJECT, capture_output=True, text=True)
    assert ended.returncode == 1 and ended.stdout == ""
    assert ended.stderr.startswith("app.py: error: ") and ended.stderr.count("\n") == 1
