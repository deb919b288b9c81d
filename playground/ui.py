"""The page: header, tabs, and what happens when somebody opens it; and the server that serves it."""

import gc
import os
import secrets
import signal
import threading
import time
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from core.corpora import DEFAULT_CORPUS, load_corpus
from core.device import cores, has_gpu
from core.run_dir import RunDir
from playground import late, theme
from playground.components import head_script
from playground.feed import Feed
from playground.guard import Guard
from playground.i18n import LANGUAGES, language, translate
from playground.lean_gradio import no_early_apps
from playground.page import Page
from playground.runs import RunStore
from playground.settings import Settings
from playground.shell import Shell
from playground.tabs.attention import AttentionTab
from playground.tabs.compare import CompareTab
from playground.tabs.generate import GenerateTab
from playground.tabs.train import TrainTab
from playground.widgets import QUICK, Dropdown, Radio, refusing

UPLOAD_LIMIT = "10mb"
# Seconds: in which somebody is likely to come; for a browser to draw what it was sent; to look around and press Train.
PATIENCE, DRAWN, SETTLED = 10.0, 1.0, 4.0


def build_app(store: RunStore, settings: Settings) -> gr.Blocks:
    """Build the page over a store of runs."""
    how = {"title": "GPT Playground", "analytics_enabled": False, "delete_cache": (3600, 86_400)}
    with no_early_apps(), gr.Blocks(**how) as app:
        page = Page(store, settings)
        # Fixed key and secret: what a browser remembers stays readable when the server starts anew.
        page.memory = gr.BrowserState({}, storage_key="gpt-playground", secret="gpt-playground")
        page.owner = gr.State("")
        _build_header(page)
        with gr.Tabs(elem_id="tabs"):
            with page.words.add(gr.Tab, id="train", words={"label": "tab_train"}):
                train = TrainTab(page)
            with page.words.add(gr.Tab, id="generate", words={"label": "tab_generate"}):
                generate = GenerateTab(page)
            with page.words.add(gr.Tab, id="attention", words={"label": "tab_attention"}) as attention_tab:
                attention = AttentionTab(page)
            with page.words.add(gr.Tab, id="compare", words={"label": "tab_compare"}) as compare_tab:
                compare = CompareTab(page)
        train.connect()
        generate.connect()
        attention.connect(attention_tab)
        compare.connect(compare_tab)
        _connect(app, page, train, generate, attention, compare)
    return app


def _build_header(page: Page) -> None:
    add = page.words.add
    with gr.Row(elem_id="header", equal_height=True):
        with gr.Column(scale=4, min_width=260):
            add(gr.Markdown, elem_id="title", words={"value": "heading"})
            page.machine = gr.HTML(elem_id="machine", html_template="<span></span>", js_on_load=MACHINE_JS)
        with gr.Column(scale=5, min_width=300):
            page.run = add(Dropdown, choices=[], elem_id="run-picker", words={"label": "run_in_view"})
        with gr.Column(scale=2, min_width=210, elem_id="look"):
            choices = [(name, lang) for lang, name in LANGUAGES.items()]
            page.lang = Radio(choices, value="en", show_label=False, container=False, elem_id="language")
            with gr.Row(elem_id="look-row"):
                small = {"size": "sm", "min_width": 60}
                look = add(gr.Button, elem_id="theme-button", words={"value": "theme_button"}, **small)
                look.click(None, js=THEME_JS)
                page.delete = add(gr.Button, elem_id="delete-run", words={"value": "delete_run"}, **small)


def _connect(
    app: gr.Blocks,
    page: Page,
    train: TrainTab,
    generate: GenerateTab,
    attention: AttentionTab,
    compare: CompareTab,
) -> None:
    """Wire what concerns the whole page: opening it, picking a run, choosing a language."""
    store = page.store
    tabs_shown = [*train.shown, *generate.shown, *attention.shown, *compare.shown]
    shown = [*tabs_shown, page.memory]

    def show_tabs(run: RunDir | None, owner: Any, lang: str) -> list:
        others = [value for tab in (generate, attention, compare) for value in tab.show(run, lang)]
        return [*train.show(run, owner, lang), *others]

    def show(run_id: Any, lang: str, owner: Any, memory: Any) -> list:
        run = _readable(store, run_id)
        memory = {**(memory if isinstance(memory, dict) else {}), "run": run.id if run else "", "lang": lang}
        return [*show_tabs(run, owner, lang), memory]

    def opened(memory: Any, request: gr.Request) -> list:
        memory = memory if isinstance(memory, dict) else {}
        asked = request.query_params.get("lang") or memory.get("lang") or request.headers.get("accept-language")
        lang = language(asked)
        owner = memory.get("owner") if _is_token(memory.get("owner")) else secrets.token_hex(16)
        choices = page.run_choices(owner, lang)
        known = [run_id for _, run_id in choices]
        run_id = memory.get("run") if memory.get("run") in known else next(iter(known), None)
        run = _readable(store, run_id)
        memory |= {"owner": owner, "run": run_id or "", "lang": lang}
        store.settle()
        return [
            owner,
            memory,
            gr.update(choices=choices, value=run_id),
            lang,
            translate("machine", lang).format(cores=cores(), device=_device(lang)),
            *train.fill(run, lang),
            *(page.words.updates(lang) if lang != page.words.lang else [gr.skip()] * len(page.words.outputs)),
            *_translated(lang, memory.get("unknown")),
            *show_tabs(run, owner, lang),
        ]

    def _translated(lang: str, unknown: Any = None) -> list:
        others = [*attention.translate(lang), *compare.translate(lang)]
        return [*train.translate(lang), *generate.translate(lang, unknown), *others]

    def speak(lang: str, run_id: Any, owner: Any) -> list:
        lang = language(lang)
        machine = translate("machine", lang).format(cores=cores(), device=_device(lang))
        picker = gr.update(choices=page.run_choices(owner, lang))
        return [machine, picker, *page.words.updates(lang), *_translated(lang)]

    def forget(run_id: Any, owner: Any, lang: str) -> dict:
        if run_id == "":
            return gr.skip()  # not sure
        store.forget(run_id)
        choices = [choice for choice in page.run_choices(owner, lang) if choice[1] != run_id]
        return gr.update(choices=choices, value=choices[0][1] if choices else None)

    tabs = (train, generate, attention, compare)
    translated = [*page.words.outputs, *(widget for tab in tabs for widget in tab.translated)]
    every = [page.owner, page.memory, page.run, page.lang, page.machine, *train.filled, *translated]
    app.load(None, js=RECALL_THEME_JS)
    app.load(opened, [page.memory], [*every, *tabs_shown], **QUICK)
    page.run.change(refusing(show), [page.run, page.lang, page.owner, page.memory], shown, **QUICK)
    page.run.focus(
        lambda owner, lang: gr.update(choices=page.run_choices(owner, lang)), [page.owner, page.lang], page.run, **QUICK
    )
    page.delete.click(
        refusing(forget), [page.run, page.owner, page.lang], [page.run], js=SURE_JS, **QUICK
    )
    page.lang.input(speak, [page.lang, page.run, page.owner], [page.machine, page.run, *translated], **QUICK).then(
        refusing(show), [page.run, page.lang, page.owner, page.memory], shown, **QUICK
    )


def serve(settings: Settings) -> None:
    """Open the page and serve it until Ctrl-C; then pause every run and end the workers."""
    store = RunStore(settings.runs, settings.workers)
    app = build_app(store, settings)
    store.take_over()
    address = launch(app, store, settings, prevent_thread_lock=True, inbrowser=settings.browser)
    store.employ()  # by now torch is there for them
    gc.freeze()
    gc.enable()
    threading.Thread(target=_begin, args=(store, settings), name="begin", daemon=True).start()
    print(f"GPT Playground is open at {address} (Ctrl-C ends it; runs are kept in {settings.runs})", flush=True)
    _wait_for_the_end()
    print("Pausing what trains; Play goes on from here the next time", flush=True)
    store.close()
    os._exit(0)  # all is written; open pages would keep the server's threads waiting for half a minute


def _wait_for_the_end() -> None:
    """Wait until Ctrl-C or the system asks for the end; what is pressed after that does not disturb it."""

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


def _begin(store: RunStore, settings: Settings) -> None:
    """Train a first run where there is none; and once somebody has the page, make ready what is used next."""
    if settings.welcome:
        store.welcome()
    store.settled.wait(PATIENCE)
    store.settle()
    time.sleep(DRAWN)
    load_corpus(DEFAULT_CORPUS)  # written by a program: who presses Train need not wait for it
    time.sleep(SETTLED)
    until = time.monotonic() + PATIENCE
    while store.is_training() and time.monotonic() < until:  # it has just begun, and its first point is waited for
        time.sleep(0.5)
    late.everything()


def launch(app: gr.Blocks, store: RunStore, settings: Settings, **more: Any) -> str:
    """Serve the page and return its address. Asks nothing of any other host."""
    with no_early_apps():
        app.queue(max_size=200, default_concurrency_limit=8, api_open=False)
    # Gradio looks a thousand times a second whether somebody waits: a tenth of a core that trains nothing.
    app._queue.sleep_when_free, app._queue.progress_update_sleep_when_free = 0.02, 0.1
    _, address, _ = app.launch(
        server_name=settings.host,
        server_port=settings.port,
        theme=theme.theme(),
        css=theme.css(),
        head=head_script(),
        app_kwargs={"routes": Feed(store).routes(), "middleware": [Middleware(Guard), Middleware(Shell)]},
        max_file_size=UPLOAD_LIMIT,
        footer_links=[],
        ssr_mode=False,
        share=False,
        quiet=True,
        show_error=False,
        **more,
    )
    return address


def _readable(store: RunStore, run_id: Any) -> RunDir | None:
    """Return a run that can be shown, or None where there is none (yet)."""
    try:
        run = store.get(run_id)
        run.config(), run.status()
        return run
    except ValueError:
        return None


def _is_token(text: Any) -> bool:
    return isinstance(text, str) and len(text) == 32 and text.isalnum()


def _device(lang: str) -> str:
    return translate("machine_gpu" if has_gpu() else "machine_cpu", lang)


THEME_JS = """() => {
  const dark = document.body.classList.toggle('dark');
  localStorage.setItem('gpt-playground-theme', dark ? 'dark' : 'light');
}"""
RECALL_THEME_JS = """() => {
  const chosen = localStorage.getItem('gpt-playground-theme');
  if (chosen && !new URL(location.href).searchParams.has('__theme')) {
    document.body.classList.toggle('dark', chosen === 'dark');
  }
}"""
# Deleting asks first; whoever is not sure sends no run.
SURE_JS = """(run, owner, lang) => {
  const words = { en: 'Delete this run and all its snapshots?', vi: 'Xoá lượt này cùng mọi bản chụp?' };
  return [window.confirm(words[lang] ?? words.en) ? run : '', owner, lang];
}"""
# The text is set by script, as text: templates run what they are given.
MACHINE_JS = """
const span = element.querySelector('span');
const show = () => { span.textContent = props.value ?? ''; };
watch('value', show);
show();
"""
