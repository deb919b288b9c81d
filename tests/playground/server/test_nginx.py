"""The page behind a real nginx, set up as docs/serving.md says."""

import json
import os
import re
import shutil
import subprocess

import httpx
import pytest

from tests.served import _wait_for, free_port, served
from tests.tiny_runs import PROJECT


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed here")
def test_page_calls_streams_and_uploads_pass_through_the_nginx_of_the_docs(tmp_path):
    server = re.search(r"```nginx\n(.*?)```", (PROJECT / "docs" / "serving.md").read_text(), re.DOTALL)[1]
    behind, before = free_port(), free_port()
    server = server.replace("listen 80;", f"listen 127.0.0.1:{before};").replace("7860", str(behind))
    config = tmp_path / "nginx.conf"
    user = "user root; " if os.geteuid() == 0 else ""
    config.write_text(
        f"{user}daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\nevents {{}}\n"
        f"http {{ access_log off; client_body_temp_path {tmp_path}/body; proxy_temp_path {tmp_path}/proxy;\n"
        f"fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;\n{server}}}\n"
    )
    address = f"http://127.0.0.1:{before}"
    arguments = ("--no-welcome", "--profile", "classroom", "--host", "127.0.0.1")
    with served(tmp_path / "runs", *arguments, port=behind):
        command = ["nginx", "-c", str(config), "-p", str(tmp_path), "-e", f"{tmp_path}/error.log"]
        nginx = subprocess.Popen(command)
        try:
            _wait_for(address + "/", nginx)
            with httpx.Client(base_url=address, headers={"origin": address}, timeout=60) as browser:
                assert "GPT Playground" in browser.get("/").text
                assert (
                    browser.post("/gradio_api/upload", files={"files": ("a.txt", b"x" * 2_000_000)}).status_code == 200
                )
                call = browser.post("/gradio_api/call/train", json={"data": []})
                assert call.status_code == 400 and "values" in json.loads(call.text)["error"]  # ours, not the origin's
                beat = "/gradio_api/heartbeat/a"
                with browser.stream("GET", beat) as stream:
                    assert "ALIVE" in next(stream.iter_text())
        finally:
            nginx.terminate()
            nginx.wait(30)
