"""The page: the header above the tabs, and all that it needs to be served."""

import threading
import time
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from core.runs.store import RunStore
from core.text.corpora import DEFAULT_CORPUS, load_corpus
from playground.attention import downloads as attention_downloads
from playground.attention.tab import AttentionTab
from playground.compare.tab import CompareTab
from playground.generate.tab import GenerateTab
from playground.header import Header
from playground.page import PageContext
from playground.server import gradio_patches
from playground.server.guard import Guard
from playground.server.routes import Routes
from playground.server.settings import Settings
from playground.train import downloads as train_downloads
from playground.train.tab import TrainTab
from playground.widgets import theme

# One line for each tab: its name, which is also the key of its word, and its class.
TABS = {"train": TrainTab, "generate": GenerateTab, "attention": AttentionTab, "compare": CompareTab}
DOWNLOADS = {**train_downloads.DOWNLOADS, **attention_downloads.DOWNLOADS}
UPLOAD_LIMIT = "10mb"
# Seconds: in which somebody is likely to come; for a browser to draw what it was sent; to look around and press Train.
PATIENCE, DRAWN, SETTLED = 10.0, 1.0, 4.0


class Playground(gr.Blocks):
    """The page as a `gr.Blocks` that brings what it needs, wherever it is launched: routes, scripts, look and gate."""

    def __init__(self, store: RunStore, settings: Settings):
        super().__init__(title="GPT Playground", analytics_enabled=False, delete_cache=(3600, 86_400))
        self.store, self.settings = store, settings

    def launch(self, **more: Any) -> tuple:
        """Serve the page as `gr.Blocks.launch` does, which takes the same arguments. Asks nothing of any other host."""
        with gradio_patches.no_early_apps():
            self.queue(max_size=200, default_concurrency_limit=8, api_open=False)
        gradio_patches.calm_queue(self)
        threading.Thread(target=self._begin, name="begin", daemon=True).start()
        middleware = [Middleware(Guard), *gradio_patches.middleware()]
        ours = {
            "server_name": self.settings.host,
            "server_port": self.settings.port,
            "theme": theme.theme(),
            "css": theme.css(),
            "head": theme.head(),
            "app_kwargs": {"routes": Routes(self.store, DOWNLOADS).list(), "middleware": middleware},
            "max_file_size": UPLOAD_LIMIT,
            "footer_links": [],
            "ssr_mode": False,
            "share": False,
            "quiet": True,
            "show_error": False,
        }
        return super().launch(**{**ours, **more})

    def _begin(self) -> None:
        """Train a first run where there is none; and once somebody has the page, make ready what is used next."""
        store = self.store
        store.ready.wait()
        if self.settings.welcome:
            store.welcome()
        store.warm_up_requested.wait(PATIENCE)
        store.warm_up()
        time.sleep(DRAWN)
        load_corpus(DEFAULT_CORPUS)  # written by a program: who presses Train need not wait for it
        time.sleep(SETTLED)
        until = time.monotonic() + PATIENCE
        while store.is_training() and time.monotonic() < until:  # it has just begun, and its first point is waited for
            time.sleep(0.5)
        import_torch()


def build_app(store: RunStore, settings: Settings) -> Playground:
    """Build the page over a store of runs."""
    with gradio_patches.no_early_apps(), Playground(store, settings) as app:
        page = PageContext(store, settings)
        # Fixed key and secret: what a browser remembers stays readable when the server starts anew.
        page.memory = gr.BrowserState({}, storage_key="gpt-playground", secret="gpt-playground")
        page.owner = gr.State("")
        header, built, containers = Header(page), {}, {}
        with gr.Tabs(elem_id="tabs"):
            for name, kind in TABS.items():
                with page.words.add(gr.Tab, id=name, words={"label": f"tab_{name}"}) as containers[name]:
                    built[name] = kind(page)
        for name, tab in built.items():
            tab.connect(containers[name])
        header.connect(app, list(built.values()), form=built["train"])
    return app


def import_torch() -> None:
    """Import what runs models, all at once: to import a part of it later would slow down what trains by then.

    Until then the handlers import what they need themselves, so that the page is there before torch is.
    """
    from playground.attention import values  # noqa: F401
    from playground.compare import contenders, counting_values, family_values, pretrained_values  # noqa: F401
    from playground.generate import writing  # noqa: F401
