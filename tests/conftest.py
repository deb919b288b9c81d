"""What every test stands on: no network but this machine's own, one thread, tiny models, and one browser.

The environment is set here, at import, because Hugging Face's libraries and Gradio read it when they are imported.
"""

import ipaddress
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import pytest
import torch
from hypothesis import settings

from core.config import GPTConfig
from core.model import GPT

# Chromium without its own windows opens the page in half of the time; without it, whichever there is.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A busy machine is slow, not wrong; and the same commit shall give the same verdict each time.
settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.load_profile("suite")


class NetworkBlocked(OSError):
    """A test reached for the network."""


@pytest.fixture(scope="session", autouse=True)
def _no_network_but_loopback() -> Iterator[None]:
    """Refuse every connection and every look-up of a name that leaves this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, _guarded_method(getattr(socket.socket, name)))
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            patch.setattr(socket, name, _guarded_lookup(getattr(socket, name)))
        yield


def _guarded_method(method: Callable) -> Callable:
    def guarded(self: socket.socket, *args):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_unless_local(args[-1][0])  # the address comes last: connect(address), sendto(data, address)
        return method(self, *args)

    return guarded


def _guarded_lookup(lookup: Callable) -> Callable:
    def guarded(host, *args, **kwargs):
        _refuse_unless_local(host)
        return lookup(host, *args, **kwargs)

    return guarded


def _refuse_unless_local(host: str | bytes | None) -> None:
    host = host.decode() if isinstance(host, bytes) else host
    if host in (None, "", "localhost", "0.0.0.0", "::"):
        return
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        local = False
    if not local:
        raise NetworkBlocked(f"Tests stay on this machine, but one reached for {host!r}; give it a stand-in")


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> Iterator[None]:
    """Let the programs of tests hear Ctrl-C: what a shell starts in the background ignores it, and hands that on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _torch_as_every_test_expects_it() -> Iterator[None]:
    """Start each test with one thread (tiny models only wait for a second one), and undo what it changes."""
    dtype = torch.get_default_dtype()
    torch.set_num_threads(1)
    yield
    torch.set_default_dtype(dtype)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)


@pytest.fixture
def tiny_model() -> Callable[..., GPT]:
    """Return a factory of tiny models: tiny_model(seed=1, dropout=0.2, ...) builds the same one each time."""

    def build(seed: int = 1337, **options) -> GPT:
        shape = {"block_size": 8, "vocab_size": 11, "n_layer": 2, "n_head": 2, "n_embd": 16}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return GPT(GPTConfig.parse(shape | options))

    return build


@pytest.fixture(scope="session")
def browser():
    """Open one Chromium for all page tests: the one of $CHROMIUM, or the machine's. Without one they are skipped."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        reason = "No Chromium here; install one or point $CHROMIUM to it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    playwright.expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
    with playwright.sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield chromium
        chromium.close()
