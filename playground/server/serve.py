"""Serve the page and its workers until Ctrl-C.

Left out on purpose: a uvicorn server of our own. It would have to repeat all that `gr.Blocks.launch` does.
"""

import gc
import os
import signal
import time
from typing import Any

import gradio as gr

from core.runs.store import RunStore
from playground.server.addresses import addresses, qr_terminal
from playground.server.settings import Settings, warning


def serve(app: gr.Blocks, store: RunStore, settings: Settings) -> None:
    """Serve the page until Ctrl-C; then pause every run, end the workers and the process."""
    store.recover()
    _, address, _ = app.launch(prevent_thread_lock=True, inbrowser=settings.browser)
    store.start_workers()  # by now torch is there for them
    gc.freeze()
    gc.enable()
    print(f"GPT Playground is open at {address} (Ctrl-C ends it; runs are kept in {settings.runs})", flush=True)
    if said := warning(settings):
        print(f"Warning: {said}", flush=True)
    for found in addresses(settings.host, app.server_port) if settings.profile.name == "classroom" else ():
        print(f"For the class: {found}\n{qr_terminal(found)}", flush=True)
    if settings.key_is_made:
        print(f"The teacher's key of this class, until the server ends: {settings.teacher_key}", flush=True)
    _wait_for_the_end()
    print("Pausing what trains; Play goes on from here the next time", flush=True)
    store.close()
    os._exit(0)  # all is written; open pages would keep the server's threads waiting for half a minute


def reach_itself(host: str) -> None:
    """Let this process reach its own page without the proxy that `http_proxy` names: Gradio asks it before it opens."""
    known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    asked = [name.strip() for name in known.split(",")]
    if "*" not in asked:
        names = dict.fromkeys(filter(None, [*asked, "localhost", "127.0.0.1", "::1", host.strip("[]")]))
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(names)


def _wait_for_the_end() -> None:
    """Wait for Ctrl-C or SIGTERM, and ignore both from then on, so that nothing disturbs the end."""

    def leave(*_: Any) -> None:
        for number in ends:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    ends = (signal.SIGINT, signal.SIGTERM)
    for number in ends:
        signal.signal(number, leave)
    try:
        while True:  # not for an Event: a handler that sets it deadlocks if it comes while the event looks at itself
            time.sleep(1.0)
    except KeyboardInterrupt:
        pass
