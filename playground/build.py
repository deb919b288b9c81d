"""The page: the header above the tabs, and all that it needs to be served.

Left out on purpose: the workers, which the store starts, and the wait for Ctrl-C (`server/serve.py`).
"""

import importlib
import os
import sys
import threading
import time
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from core.runs.store import RunStore
from core.text.corpora import DEFAULT_CORPUS, load_corpus
from playground.attention.tab import AttentionTab
from playground.compare.tab import CompareTab
from playground.generate.tab import GenerateTab
from playground.header import Header
from playground.page import PageContext
from playground.server import gradio_patches
from playground.server.class_password import ClassPassword
from playground.server.connections import Connections
from playground.server.files import Download
from playground.server.guard import lifespan_with
from playground.server.headers import NOTEBOOK_FRAMES, SPACE_FRAMES
from playground.server.line import Line
from playground.server.opening import Opening
from playground.server.origins import Origins, space_host
from playground.server.rights import Rights
from playground.server.routes import Routes
from playground.server.run_list import RunList
from playground.server.serve import reach_itself
from playground.server.sessions import Heartbeats
from playground.server.settings import Settings
from playground.server.upkeep import Upkeep
from playground.train.tab import TrainTab
from playground.widgets import theme
from playground.widgets.identity import Identity

# One line for each tab: the name of its folder, and its class; `header.Tab` says what it offers. The folder's words.py
# says `tab_` and the name in both languages.
TABS = {"train": TrainTab, "generate": GenerateTab, "attention": AttentionTab, "compare": CompareTab}
for _name in TABS:
    importlib.import_module(f"playground.{_name}.words")  # hands its words on
# Seconds: in which somebody is likely to come; for a browser to draw what it was sent; to look around and press Train.
PATIENCE, DRAWN, SETTLED = 10.0, 1.0, 4.0
LOOK = 0.5  # seconds between two looks whether what is waited for has come


class Playground(gr.Blocks):
    """The page as a `gr.Blocks` that brings all it needs wherever it is launched: routes, scripts, styles and guard.

    Closing it ends the server alone. Its workers train on, and a later `launch` finds them; `store.close` ends them.
    """

    def __init__(self, store: RunStore, settings: Settings):
        super().__init__(title="GPT Playground", analytics_enabled=False, delete_cache=(3600, 86_400))
        self.store, self.settings = store, settings
        self.runs: RunList | None = None  # that of the page, once there is one, as are its rights and its line
        self.rights: Rights | None = None
        self.line: Line | None = None
        self.closed = threading.Event()  # of the present launch
        self.origins: Origins | None = None  # of the present launch, as are its connections
        self.connections: Connections | None = None

    def queue(self, **more: Any) -> "Playground":
        """Set the queue up as `gr.Blocks.queue` does, which calls it itself: here for a class of thirty."""
        super().queue(**{"max_size": 200, "default_concurrency_limit": 8, "api_open": False, **more})
        gradio_patches.calm_queue(self)
        gradio_patches.no_summary(self)
        return self

    def launch(self, **more: Any) -> tuple:
        """Serve the page as `gr.Blocks.launch` does, which takes the same arguments by name; theirs win over ours."""
        profile, host = self.settings.profile, self.settings.host
        ours = {
            "server_name": f"[{host}]" if ":" in host else host,  # as addresses of IPv6 are written before a port
            "server_port": self.settings.port,
            "theme": theme.theme(),
            "css": theme.css(),
            "head": theme.head(),
            "max_file_size": profile.upload,
            "run_history": False,  # what one person wrote would stay in the browser for the next
            "enable_monitoring": False,
            "state_session_capacity": profile.sessions,
            "footer_links": [],
            "ssr_mode": False,
            "share": False,
            "quiet": True,
            "show_error": False,
        }
        self.closed.set()  # ends the preparations of an earlier launch
        self.closed = threading.Event()
        threading.Thread(target=self._prepare, args=(self.closed,), name="prepare", daemon=True).start()
        asked = {**ours, **more}
        host = asked["server_name"] or "127.0.0.1"
        asked["app_kwargs"] = {**self._app_kwargs(host), **(asked.get("app_kwargs") or {})}
        reach_itself(host)
        os.environ["FORWARDED_ALLOW_IPS"] = ""  # uvicorn would believe what any program on this machine tells of others
        with gradio_patches.light_sessions(self, profile.session_seconds):
            launched = super().launch(**asked)
        self._bound()
        return launched

    def block_thread(self) -> None:
        """Wait until the server ends, where `launch` is to wait."""
        self._bound()
        super().block_thread()

    def _bound(self) -> None:
        """Bound the connections of the server that has just begun, once."""
        server = getattr(self, "server", None)
        if server is not None and (self.connections is None or self.connections.server is not server):
            self.connections = Connections(self.settings.profile, self.origins.is_proxy)
            self.connections.bound(server)

    def _app_kwargs(self, host: str) -> dict[str, Any]:
        """Return what the app behind the page is made with: our routes, our script, and the guard around all of it."""
        space, wish = space_host(), self.settings
        self.origins = Origins(host, wish.allowed_hosts, wish.trusted_proxies, space)
        frames = SPACE_FRAMES if space else NOTEBOOK_FRAMES if "ipykernel" in sys.modules else ""
        password = wish.class_password
        return {
            "routes": self.routes().list(),
            "middleware": [
                *([Middleware(ClassPassword, password=password)] if password else []),
                *map(Middleware, (Heartbeats, Opening)),
                *gradio_patches.middleware(),
            ],
            "lifespan": lifespan_with(profile=wish.profile, origins=self.origins, frames=frames),
        }

    def routes(self) -> Routes:
        """Return the routes beside Gradio's own."""
        upkeep = Upkeep(self.store, self.runs, self.settings.profile)
        upkeep.begin(self.closed)
        return Routes(self.store, downloads(), self.runs, self.rights, upkeep)

    def close(self, verbose: bool = True) -> None:
        """End the server and free its port."""
        self.closed.set()
        super().close(verbose)

    def _prepare(self, closed: threading.Event) -> None:
        """Train a first run where there is none; and once somebody has the page, make ready what is used next."""
        store = self.store
        while not store.ready.wait(LOOK):
            if closed.is_set():
                return
        if self.settings.welcome:
            try:
                store.welcome()
            except (ValueError, OSError) as error:  # as on a full disk: the page tells it to who presses Train
                print(f"Warning: the first run could not be started: {error}", flush=True)
        store.warm_up_requested.wait(PATIENCE)
        store.warm_up()
        if closed.wait(DRAWN):
            return
        load_corpus(DEFAULT_CORPUS)  # written by a program: who presses Train need not wait for it
        if closed.wait(SETTLED):
            return
        until = time.monotonic() + PATIENCE
        while store.is_training() and time.monotonic() < until:  # it has just begun, and its first point is waited for
            time.sleep(LOOK)
        import_torch()


def downloads() -> dict[str, Download]:
    """Return the files of a run that the tabs offer: the name of each, and what makes it."""
    return {name: make for tab in TABS.values() for name, make in getattr(tab, "files", {}).items()}


def build_app(store: RunStore, settings: Settings) -> Playground:
    """Build the page over a store of runs."""
    with Playground(store, settings) as app:
        page = PageContext(store, settings)
        app.runs, app.rights, app.line = page.runs, page.rights, page.line
        # Fixed key and secret: what a browser remembers stays readable when the server starts anew.
        page.memory = gr.BrowserState({}, storage_key="gpt-playground", secret="gpt-playground")
        page.person = Identity.of(page.rights.person)
        header, built, containers = Header(page), {}, {}
        with gr.Tabs(elem_id="tabs"):
            for name, kind in TABS.items():
                with page.words.add(gr.Tab, id=name, words={"label": f"tab_{name}"}) as containers[name]:
                    built[name] = kind(page)
        for name, tab in built.items():
            tab.connect(containers[name])
        header.connect(app, built, form=built["train"])
    return app


def import_torch() -> None:
    """Import what runs models, all at once: importing a part of it later would slow down what trains by then.

    The handlers import what they need themselves, so that the page is there before torch is. So a tab that is not named
    here works too; only its first use takes longer.
    """
    from playground.attention import values  # noqa: F401
    from playground.compare import contenders, counting_values, family_values, pretrained_values  # noqa: F401
    from playground.generate import writing  # noqa: F401
