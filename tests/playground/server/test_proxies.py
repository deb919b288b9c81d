"""The page behind a real nginx and a real Caddy, set up as docs/serving.md says; and behind an nginx by itself."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.served import _wait_for, curve_moves, free_port, served
from tests.tiny_runs import PROJECT

NAME = "class.localhost"  # stands for the name of the server: a browser looks for it on its own machine
BEHIND = ("--no-welcome", "--profile", "classroom", "--host", "127.0.0.1", "--trust-proxy", "127.0.0.1",
          "--allow-host", NAME)  # fmt: skip
DEFAULTS = "server { listen 80; location / { proxy_pass http://127.0.0.1:7860; } }"


def written(kind: str) -> str:
    """Return what the docs say of a proxy."""
    return re.search(rf"```{kind}\n(.*?)```", (PROJECT / "docs" / "serving.md").read_text(), re.DOTALL)[1]


@contextmanager
def proxied(folder: Path, command: list[str], port: int) -> Iterator[str]:
    """Run a proxy until it answers; yield its address."""
    with (folder / "proxy.log").open("wb") as log:
        proxy = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"XDG_DATA_HOME": str(folder)})
        try:
            _wait_for(f"http://127.0.0.1:{port}/", proxy)
            yield f"http://{NAME}:{port}/"
        finally:
            proxy.terminate()
            proxy.wait(30)


@contextmanager
def nginx(folder: Path, server: str, behind: int) -> Iterator[str]:
    """Run nginx with one server before a port; it needs no folder that it may write to."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed here")
    port = free_port()
    server = re.sub(r"listen \d+", f"listen 127.0.0.1:{port}", server).replace("7860", str(behind))
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    config, log = folder / "nginx.conf", folder / "error.log"
    config.write_text(
        f"daemon off; pid {folder}/pid; error_log {log};\nevents {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; {temporary}\n{server}}}\n"
    )
    with proxied(folder, ["nginx", "-c", str(config), "-p", str(folder), "-e", str(log)], port) as address:
        yield address


@contextmanager
def caddy(folder: Path, server: str, behind: int) -> Iterator[str]:
    """Run Caddy with one site before a port; without TLS, for no one signs a name of this machine."""
    if shutil.which("caddy") is None:
        pytest.skip("Caddy is not installed here")
    port = free_port()
    server = server.replace("class.example.org", f"http://{NAME}:{port}, http://127.0.0.1:{port}")
    config = folder / "Caddyfile"
    config.write_text(f"{{\n\tadmin off\n}}\n{server.replace('7860', str(behind))}")
    with proxied(folder, ["caddy", "run", "--adapter", "caddyfile", "--config", str(config)], port) as address:
        yield address


PROXIES = {"nginx": nginx, "caddy": caddy}


@pytest.mark.parametrize("kind", ["nginx", pytest.param("caddy", marks=pytest.mark.slow)])
def test_a_class_trains_behind_the_proxy_of_the_docs_and_others_are_refused(browser, tmp_path, kind):
    behind = free_port()
    with served(tmp_path / "runs", *BEHIND, port=behind), PROXIES[kind](tmp_path, written(kind), behind) as address:
        page = browser.new_page()
        page.goto(address)
        page.locator("#machine", has_text="·").wait_for(timeout=60_000)
        page.locator("#preset").get_by_text("tiny").click()
        page.locator("#train-button").click()
        curve_moves(page)  # what the feed tells comes through
        page.locator("#invite-button").click()
        assert page.locator("#invite figcaption").text_content() == address
        page.close()
        _calls_pass_and_others_are_refused(address)


def _calls_pass_and_others_are_refused(address: str) -> None:
    at, own = address.replace(NAME, "127.0.0.1"), {"host": httpx.URL(address).netloc.decode()}
    with httpx.Client(base_url=at, headers=own | {"origin": address.rstrip("/")}, timeout=60) as visitor:
        sent = {"files": ("a.txt", b"x" * 2_000_000)}
        assert visitor.post("/gradio_api/upload", files=sent).status_code == 200
        with visitor.stream("GET", "/gradio_api/heartbeat/a") as stream:
            assert "ALIVE" in next(stream.iter_text())
        call = "/gradio_api/call/train"
        answer = visitor.post(call, json={"data": []})
        assert answer.status_code == 400 and "values" in answer.json()["error"]  # ours, and not for its origin
        evil = {"origin": "http://evil.example"}
        for more in (evil, evil | {"x-forwarded-host": "evil.example"}, evil | {"forwarded": "host=evil.example"},
                     evil | {"sec-fetch-site": "cross-site"}):  # fmt: skip
            assert visitor.post(call, json={"data": []}, headers=more).status_code == 403, more
        forged = {"host": "evil.example", "origin": "http://evil.example"}
        answer = visitor.post(call, json={"data": []}, headers=forged)
        assert answer.status_code in (200, 421) and b"event_id" not in answer.content  # Caddy knows no such site


def test_an_nginx_with_its_defaults_is_told_what_to_set(tmp_path):
    behind = free_port()
    with served(tmp_path / "runs", *BEHIND, port=behind), nginx(tmp_path, DEFAULTS, behind) as address:
        at, own = address.replace(NAME, "127.0.0.1"), {"host": httpx.URL(address).netloc.decode()}
        with httpx.Client(base_url=at, headers=own | {"origin": address.rstrip("/")}, timeout=60) as visitor:
            for lang in ("en", "vi"):
                more = {"accept-language": lang}
                answer = visitor.post("/gradio_api/call/train", json={"data": []}, headers=more)
                assert answer.status_code == 403 and "proxy_set_header Host" in answer.json()["error"], answer.text
                assert "docs/serving.md" in answer.json()["error"]
