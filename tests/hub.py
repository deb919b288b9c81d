"""A small Hugging Face Hub on the loopback, for tests: it serves a random GPT-2 in the real layout, and misbehaves.

    with Hub() as hub:
        for name, value in hub.environment(tmp_path).items(): monkeypatch.setenv(name, value)
        hub.behave("stall")             # from now on; hub.behave("well") ends it
        hub.asked("model.safetensors")  # how often its bytes were asked for

By hand, for a page to load from (--size gpt2 has the real shape, half a gigabyte of it):

    python -m tests.hub --port 9000 --size tiny --mood slow --rate 1000000
    HF_ENDPOINT=http://127.0.0.1:9000 HF_HUB_CACHE=/tmp/cache python app.py
"""

import argparse
import hashlib
import http.server
import json
import re
import tempfile
import threading
import time
from pathlib import Path

import torch
from safetensors.torch import save_file

from core import tokenizers
from core.config import GPTConfig
from core.downloads import find_file
from core.pretrained.conversion import hf_shapes
from core.pretrained.family import gpt2_config
from core.tokenizers import GPT2_VOCAB_SIZE, byte_letters

TINY = GPTConfig(block_size=128, vocab_size=GPT2_VOCAB_SIZE, n_layer=2, n_head=2, n_embd=16)
WEIGHTS = "model.safetensors"
LARGE = 1 << 20  # what is larger lies elsewhere, behind a redirect, named by its SHA-256
MOODS = ("well", "slow", "stall", "silent", "cut", "missing", "busy", "down", "wrong", "damaged", "no-range")
SERVED = ("well", "slow", "stall", "cut", "damaged", "no-range")  # those in which bytes of the file come
COMMIT = re.compile(r"[0-9a-f]{40}")


def write_repository(folder: Path, config: GPTConfig = TINY, seed: int = 0) -> None:
    """Write a GPT-2 of random weights with the names, the buffers and the side files of the published one."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in hf_shapes(config).items():
        values = torch.randn(shape, generator=generator).mul_(0.02)
        is_gain = name.endswith(".weight") and (".ln_" in name)
        tensors[name.removeprefix("transformer.")] = values.add_(1.0) if is_gain else values
    for i in range(config.n_layer):  # causal masks, which the published file carries along
        tensors[f"h.{i}.attn.bias"] = torch.ones(1, 1, config.block_size, config.block_size).tril_()
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(published_config(config), indent=2))
    (folder / "generation_config.json").write_text(
        json.dumps({"bos_token_id": 50256, "eos_token_id": 50256, "transformers_version": "4.26.0"})
    )
    merges = merges_text()
    (folder / "merges.txt").write_text(merges, encoding="utf-8")
    tokens = [*byte_letters(), *(line.replace(" ", "") for line in merges.splitlines()[1:]), "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": config.block_size}))


def published_config(config: GPTConfig) -> dict:
    """Return the config.json of the Hub's GPT-2, with this shape."""
    return {
        "activation_function": "gelu_new",
        "architectures": ["GPT2LMHeadModel"],
        "attn_pdrop": 0.1,
        "bos_token_id": 50256,
        "embd_pdrop": 0.1,
        "eos_token_id": 50256,
        "initializer_range": 0.02,
        "layer_norm_epsilon": 1e-05,
        "model_type": "gpt2",
        "n_ctx": config.block_size,
        "n_embd": config.n_embd,
        "n_head": config.n_head,
        "n_layer": config.n_layer,
        "n_positions": config.block_size,
        "resid_pdrop": 0.1,
        "summary_activation": None,
        "summary_first_dropout": 0.1,
        "summary_proj_to_labels": True,
        "summary_type": "cls_index",
        "summary_use_proj": True,
        "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}},
        "vocab_size": config.vocab_size,
    }


def merges_text() -> str:
    """Return GPT-2's merges if they are on this machine, else as many that any two bytes make a token."""
    if found := find_file(tokenizers.MERGES_NAMES, tokenizers.MERGES_SHA256):
        return found.read_text(encoding="utf-8")
    letters = list(byte_letters())
    pairs = [f"{a} {b}" for a in letters for b in letters]
    return "\n".join(["#version: 0.2", *pairs[: GPT2_VOCAB_SIZE - 257], ""])


class Hub:
    """A Hub that serves the files of a folder, whichever repository and commit is asked for."""

    def __init__(self, folder: Path | None = None, port: int = 0, config: GPTConfig = TINY):
        """Serve a folder, or a GPT-2 of this shape that is written for the occasion."""
        self._made = None
        if folder is None:
            self._made = tempfile.TemporaryDirectory()
            folder = Path(self._made.name)
            write_repository(folder, config)
        self.folder = folder
        self.released = threading.Event()  # ends every wait in the server
        self.requests: list[tuple[str, str, str]] = []  # method, file, Range
        self.behave("well")
        self._checksums: dict[str, str] = {}
        self._server = _Server(("127.0.0.1", port), _Answer)
        self._server.hub = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> "Hub":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if self._made:
            self._made.cleanup()

    def behave(
        self,
        mood: str,
        file: str | None = WEIGHTS,
        rate: int = 1_000_000,
        after: int | None = None,
        method: str | None = None,
    ) -> None:
        """Set how a file (None: every file) is served from now on, when asked for by a method (None: by HEAD and GET).

        slow: `rate` bytes a second. stall, cut: `after` bytes (by default half of them), nothing more comes, or the
        connection closes. silent: no answer. missing 404, busy 429 (Retry-After 17), down 503. wrong: a page to log in
        instead. damaged: the right length, other bytes. no-range: the whole file, whatever part is asked for.
        """
        assert mood in MOODS, mood
        self.mood, self.moody_file, self.moody_method, self.rate, self.after = mood, file, method, rate, after

    def mood_for(self, file: str, method: str) -> str:
        """Return how a request is answered."""
        return self.mood if self.moody_file in (file, None) and self.moody_method in (method, None) else "well"

    def environment(self, cache: Path) -> dict[str, str]:
        """Return the environment in which a process asks this Hub and keeps its files in `cache`."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HUB_CACHE": str(cache),
            "HF_HUB_OFFLINE": "0",
            "TRANSFORMERS_OFFLINE": "0",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def asked(self, file: str) -> int:
        """Count the requests for the bytes of a file."""
        return [file for file, _ in self.sent].count(file)

    @property
    def sent(self) -> list[tuple[str, str]]:
        """The requests for bytes: file, Range."""
        return [(file, part) for method, file, part in self.requests if method == "GET"]

    def checksum(self, file: str) -> str:
        """Return the ETag of a file: the SHA-256 of a large one, git's SHA-1 of a small one."""
        if file not in self._checksums:
            data = (self.folder / file).read_bytes()
            git = hashlib.sha1(b"blob %d\0" % len(data) + data)
            self._checksums[file] = (hashlib.sha256(data) if len(data) > LARGE else git).hexdigest()
        return self._checksums[file]


class _Server(http.server.ThreadingHTTPServer):
    hub: Hub
    daemon_threads = True

    def handle_error(self, request, client_address):  # a client that hangs up is what some tests are about
        pass


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, path = self.server.hub, self.path.partition("?")[0]
        if match := re.fullmatch(r"/(?:[\w.-]+/)?[\w.-]+/resolve/([\w.-]+)/(.+)", path):
            self._resolve(hub, *match.groups())
        elif match := re.fullmatch(r"/lfs/(.+)", path):
            self._answer(hub, match[1], {"ETag": '"not-a-checksum"'})
        elif path.startswith("/api/models/"):
            files = [{"rfilename": file.name} for file in sorted(hub.folder.iterdir())]
            self._send(200, json.dumps({"id": "gpt2", "sha": "0" * 40, "siblings": files}).encode())
        else:
            self._send(404)

    def _resolve(self, hub: Hub, revision: str, file: str) -> None:
        commit = {"X-Repo-Commit": revision if COMMIT.fullmatch(revision) else "0" * 40}
        size = (hub.folder / file).stat().st_size if (hub.folder / file).is_file() else 0
        if size > LARGE and hub.mood_for(file, self.command) in SERVED:
            if self.command == "HEAD":
                hub.requests.append(("HEAD", file, ""))
            linked = {"X-Linked-Etag": f'"{hub.checksum(file)}"', "X-Linked-Size": str(size)}
            elsewhere = hub.url.replace("127.0.0.1", "localhost")  # another host, as on the Hub: headers do not follow
            self._send(302, headers={"Location": f"{elsewhere}/lfs/{file}"} | commit | linked)
        else:
            etag = {"ETag": f'"{hub.checksum(file)}"'} if size else {}
            self._answer(hub, file, etag | commit)

    def _answer(self, hub: Hub, file: str, headers: dict[str, str]) -> None:
        hub.requests.append((self.command, file, self.headers.get("Range", "")))
        mood = hub.mood_for(file, self.command)
        if mood == "silent":
            hub.released.wait(30)
        elif mood == "busy":
            self._send(429, headers={"Retry-After": "17"})
        elif mood == "down":
            self._send(503)
        elif mood == "missing" or not (hub.folder / file).is_file():
            self._send(404, headers=headers | {"X-Error-Code": "EntryNotFound"})
        elif mood == "wrong":
            self._send(200, b"<html>Please log in</html>", headers | {"ETag": '"page"'})
        else:
            self._file(hub, file, headers)

    def _file(self, hub: Hub, file: str, headers: dict[str, str]) -> None:
        mood = hub.mood_for(file, self.command)
        data = (hub.folder / file).read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted and mood != "no-range" else 0
        if start >= len(data) > 0:
            self._send(416, headers={"Content-Range": f"bytes */{len(data)}"})
            return
        if mood == "damaged":
            data = data[::-1]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        for name, value in (headers | {"Content-Length": str(len(data) - start), "Accept-Ranges": "bytes"}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self._pour(hub, mood, data, start)

    def _pour(self, hub: Hub, mood: str, data: bytes, start: int) -> None:
        end = len(data)
        if mood in ("stall", "cut"):
            end = start + (len(data) - start) // 2 if hub.after is None else min(end, start + hub.after)
        step = max(1, hub.rate // 20) if mood == "slow" else 1 << 20
        for at in range(start, end, step):
            self.wfile.write(data[at : min(at + step, end)])
            if mood == "slow" and hub.mood == "slow":
                time.sleep(step / hub.rate)
        self.wfile.flush()
        if mood == "stall":
            hub.released.wait(30)
        if end < len(data):
            self.close_connection = True

    def _send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ((headers or {}) | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


def main() -> None:
    """Serve until Ctrl-C, and print the address."""
    parser = argparse.ArgumentParser(description="A small Hugging Face Hub with a random GPT-2.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--size", choices=("tiny", "gpt2"), default="tiny")
    parser.add_argument("--mood", choices=MOODS, default="well")
    parser.add_argument("--rate", type=int, default=1_000_000, help="bytes a second, when slow")
    arguments = parser.parse_args()
    with Hub(port=arguments.port, config=TINY if arguments.size == "tiny" else gpt2_config("gpt2")) as hub:
        hub.behave(arguments.mood, rate=arguments.rate)
        print(hub.url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
