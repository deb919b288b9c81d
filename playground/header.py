"""What stands above the tabs: the run and the step in view, language and theme; and what happens on opening the page.

The header knows the tabs only by what `Tab` asks of them. Left out on purpose: which tabs there are (`build.py`).
"""

import functools
import json
import time
from collections.abc import Mapping
from typing import Any, Protocol

import gradio as gr

from core.device import has_gpu
from core.runs.directory import RunDir
from core.runs.machine import cores
from core.runs.naming import rename
from playground.linked import Asked, Linked
from playground.linking import Linking
from playground.page import PageContext, remembered
from playground.server.addresses import guest_addresses, qr_svg
from playground.server.rights import Person
from playground.widgets.host_box import HostBox
from playground.widgets.identity import IDENTIFY_JS
from playground.widgets.inputs import CHOSEN, UNQUEUED, Language, event_value, show_errors
from playground.widgets.invite import LIMITS, Invite
from playground.widgets.plain_text import PlainText
from playground.widgets.run_picker import RunPicker
from playground.widgets.step_slider import StepSlider
from playground.words.refusals import refused
from playground.words.translate import LANGUAGES, language, translate

Widgets = list[gr.components.Component]


class Tab(Protocol):
    """What a tab offers to the page: a class in a folder of its own, named by one line in `build.TABS`.

    It may also have `files`, a class attribute: the name of each file of a run that it offers -> what makes it
    (`server/files.py`); and `linked`: what of it belongs to a link (`linked.py`), part by part.
    """

    shown: Widgets  # what changes with the run in view; `show` returns their values, in this order
    translated: Widgets  # what changes with the language beside `page.words`; `translate` returns their values

    def __init__(self, page: PageContext):
        """Make the widgets inside the current Gradio context; `page.words.add` makes those with words."""

    def connect(self, container: gr.Tab) -> None:
        """Wire the widgets, once those of all tabs are made; container.select tells that somebody opens the tab."""

    def show(self, run: RunDir | None, person: Person, lang: str) -> list:
        """Return the values of `shown` for a run; None: there is none yet."""

    def translate(self, lang: str, memory: dict) -> list:
        """Return the values of `translated`; memory: what this browser remembers, empty when the language changes."""


class FormTab(Tab, Protocol):
    """A tab whose form is filled from the run in view when somebody opens the page."""

    filled: Widgets  # `fill` returns their values
    linked: list[Linked]

    def fill(self, run: RunDir | None, lang: str, person: Person, asked: Asked) -> list:
        """Return the values of `filled`: as a link asks, else for a run; None: the form as it is at first."""

    def recall(self, opened: Any) -> Any:
        """Bring back what the browser remembers of the form, once the page has `opened`; return the event of that."""


class Header:
    """The widgets of the header and what they do."""

    def __init__(self, page: PageContext):
        """Build the header's widgets inside the current Gradio context; `connect` wires them."""
        self.page, self._machine_words = page, functools.cache(self._machine)  # it stays the machine that it is
        add = page.words.add
        with gr.Row(elem_id="header", equal_height=True):
            with gr.Column(scale=4, min_width=260):
                add(gr.Markdown, elem_id="title", words={"value": "heading"})
                self.machine = PlainText(elem_id="machine")
            with gr.Column(scale=5, min_width=300):
                page.run = RunPicker(elem_id="run-picker")
                page.moments = StepSlider(elem_id="step-slider")
            with gr.Column(scale=2, min_width=250, elem_id="look"):
                choices = [(name, lang) for lang, name in LANGUAGES.items()]
                page.lang = Language(
                    choices,
                    value="en",
                    show_label=False,
                    container=False,
                    elem_id="language",
                    label="Language · Ngôn ngữ",
                )
                with gr.Row(elem_id="look-row"):
                    small = {"size": "sm", "min_width": 60}
                    self.look = add(gr.Button, elem_id="theme-button", words={"value": "theme_button"}, **small)
                    self.present = add(gr.Button, elem_id="present-button", words={"value": "present_button"}, **small)
                    self.copy = add(gr.Button, elem_id="link-button", words={"value": "link_button"}, **small)
                    self.delete = add(gr.Button, elem_id="delete-run", words={"value": "delete_run"}, **small)
                    self._invite_button("invite-button", **small)
                self.host = HostBox(HostBox.pack(False, False, "en"), elem_id="host-box")

        add(gr.Markdown, elem_id="forgetful", words={"value": "forgetful"})  # shown where storage.js found it so
        self.leave = add(gr.Button, elem_id="present-leave", size="sm", words={"value": "present_leave"})
        self._invite_button("present-invite", size="sm")
        self.invite = Invite(elem_id="invite")
        self.link = Linking(page)

    def _invite_button(self, elem_id: str, **look: Any) -> None:
        """Make a button that opens the panel, where others are served."""
        profile = self.page.settings.profile
        if profile.shared:
            words = {"value": f"invite_button_{profile.name}"}
            button = self.page.words.add(gr.Button, elem_id=elem_id, words=words, **look)
            button.click(None, js="() => playground.invite()")

    def connect(self, app: gr.Blocks, tabs: Mapping[str, Tab], form: FormTab) -> None:
        """Wire what concerns the whole page: opening it, the run in view, the language, the theme.

        tabs: by their names; form: the one whose form is filled when the page is opened.
        """
        page, self.app, self.tabs, self.form = self.page, app, list(tabs.values()), form
        shown = [page.moments, *(widget for tab in self.tabs for widget in tab.shown)]
        translated = [*page.words.outputs, *(widget for tab in self.tabs for widget in tab.translated)]
        look = [self.machine, self.invite, self.host, self.link.box]
        self.link.connect(app, tabs)
        everything = [page.memory, page.run, page.lang, *look, *form.filled, *translated, *shown, *self.link.outputs]
        app.load(None, js="() => playground.opening()")
        app.load(None, js=RECALL_THEME_JS)
        app.load(None, page.memory, [page.person, page.memory], js=IDENTIFY_JS)
        told = "(memory) => [playgroundOwner.without(memory), playgroundOwner.token(memory)]"
        opened = app.load(show_errors(self.open), [page.memory, page.person], everything, js=told, **UNQUEUED)
        form.recall(opened).then(None, js="() => playground.opened()")

        in_view = [page.run, page.lang, page.person, page.memory]
        page.run.change(show_errors(self.show), in_view, [*shown, page.memory], **UNQUEUED)
        gone = [page.run, page.person, page.lang]
        deleted = self.delete.click(
            show_errors(self.delete_run), gone, page.run, js=sure_js(), trigger_mode="multiple", **UNQUEUED
        )
        deleted.then(None, js=DELETED_JS)
        deleted.failure(None, js="() => window.playgroundFeed.stay()")
        page.run.rename(show_errors(self.rename_run), [page.run, page.person, page.lang], None, **UNQUEUED)

        said = [*look, page.run, *translated]
        spoken = page.lang.input(show_errors(self.speak), [page.lang, page.person], said, **CHOSEN)
        spoken.then(show_errors(self.show), in_view, [*shown, page.memory], **CHOSEN)
        for event, change in ((self.host.enter, self.become_host), (self.host.leave, self.leave_host)):
            became = event(change, [page.person, page.lang], self.host, **UNQUEUED)
            became.then(show_errors(self.show), in_view, [*shown, page.memory], **CHOSEN)
        self.look.click(None, js=THEME_JS)
        self.present.click(None, js="() => playground.present(true)")
        self.leave.click(None, js="() => playground.present(false)")
        self.copy.click(None, js="() => playground.link.open()")
        page.lang.change(None, page.lang, js=LANG_JS)

    # -- handlers: values in, values out --------------------------------------------------------------------------

    def open(self, memory: Any, person: Person, request: gr.Request) -> list:
        """Return all that a browser is shown when it opens the page, by what it remembers and its address asks for.

        A run that a link names, or that was in view, is shown whosever it is: who has its id may look.
        """
        page, memory = self.page, remembered(memory)
        wish = request.query_params.get("lang") or memory.get("lang") or request.headers.get("accept-language")
        lang = language(wish)
        wanted = page.readable_run(request.query_params.get("run")) or page.readable_run(memory.get("run"))
        run = wanted or next((each.run for each in page.runs.visible(person)), None)
        run_id, asked = run.id if run else None, self.link.asked(request.query_params, run)
        memory |= {"run": run_id or "", "lang": lang}
        page.store.warm_up()
        same_words = [gr.skip()] * len(page.words.outputs)  # a page that opens in English has them already
        return [
            memory,
            gr.update(value=run_id, told=RunPicker.told_to(lang)),
            lang,
            *self._look(person, lang, request, asked),
            *self.form.fill(run, lang, person, asked),
            *(page.words.updates(lang) if lang != page.words.lang else same_words),
            *self._translated(lang, memory),
            *self._shown(run, person, lang),
            *self.link.values(asked),
        ]

    def show(self, run_id: Any, lang: str, person: Person, memory: Any) -> list:
        """Return what every tab shows of a run that is put into view, and let the browser remember it."""
        run = self.page.readable_run(run_id)
        memory = {**remembered(memory), "run": run.id if run else "", "lang": lang}
        return [*self._shown(run, person, lang), memory]

    def speak(self, lang: str, person: Person, request: gr.Request) -> list:
        """Return every word of the page in another language."""
        lang = language(lang)
        picker = gr.update(told=RunPicker.told_to(lang))
        words = [*self.page.words.updates(lang), *self._translated(lang, {})]
        return [*self._look(person, lang, request), picker, *words]

    def rename_run(self, run_id: Any, person: Person, lang: str, event: gr.EventData = None) -> None:
        """Give a run the name that was typed into the picker."""
        run = self.page.changeable_run(event_value(event, "run") or run_id, person)
        rename(run, event_value(event, "name"))

    def delete_run(self, run_id: Any, person: Person, lang: str) -> Any:
        """Delete the run in view and put the newest of the others into view."""
        if run_id == "":
            return gr.skip()  # not sure
        self.page.store.delete(self.page.changeable_run(run_id, person).id)
        return next((each.run.id for each in self.page.runs.visible(person) if each.run.id != run_id), None)

    def _machine(self, lang: str) -> str:
        """Return what the machine is, which profile is in force, and what that means."""
        profile = self.page.settings.profile
        device = translate("machine_gpu" if has_gpu() else "machine_cpu", lang)
        machine = translate("machine", lang, cores=cores(), device=device)
        return f"{machine} · {translate(f'profile_{profile.name}', lang, runs=profile.active_runs)}"

    def become_host(self, person: Person, lang: str, request: gr.Request, event: gr.EventData = None) -> dict:
        """Make the host of who typed the teacher's key, or say why not."""
        try:
            address = request.client.host if request.client else ""
            person = self.page.rights.become_host(person, event_value(event, "key"), address)
        except ValueError as error:
            return self._host(person, lang, refused(error, lang), time.monotonic_ns())
        return self._host(person, lang, tried=time.monotonic_ns())

    def leave_host(self, person: Person, lang: str) -> dict:
        """Make the host somebody like everybody again."""
        return self._host(self.page.rights.leave(person), lang, tried=time.monotonic_ns())

    def _host(self, person: Person, lang: str, said: str = "", tried: int = 0) -> dict:
        return HostBox.pack(self.page.rights.has_key, person.is_host, lang, said, tried)

    def _look(self, person: Person, lang: str, request: gr.Request, asked: Asked | None = None) -> list:
        """Return what is said of the machine, of guests and what they may do, of the host, and of links."""
        settings = self.page.settings
        opened_at = f"{request.request.url.scheme}://{request.headers.get('host', '')}/"
        port = getattr(self.app, "server_port", None)  # none before it is launched, and then nobody is invited
        found = guest_addresses(settings.host, port, opened_at) if port else []
        codes = {address: qr_svg(address) for address in found}
        profile, has_password = settings.profile, bool(settings.class_password)
        most = {name: getattr(profile, name) for name in LIMITS}
        invite = Invite.pack(profile.name, most, codes, has_password, lang)
        link = self.link.told(found if profile.name == "classroom" else [], lang, asked)
        return [self._machine_words(lang), invite, self._host(person, lang), link]

    def _shown(self, run: RunDir | None, person: Person, lang: str) -> list:
        slider = gr.update(told=StepSlider.told_to(run and run.id, lang))
        return [slider, *(value for tab in self.tabs for value in tab.show(run, person, lang))]

    def _translated(self, lang: str, memory: dict) -> list:
        return [value for tab in self.tabs for value in tab.translate(lang, memory)]


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
# For screen readers, and for the numbers that widgets show.
LANG_JS = "(lang) => { document.documentElement.lang = lang; playground.link.soon(); }"
# What is deleted is gone from the picker at the next look; until then the button says that it was heard.
DELETED_JS = """() => {
  const button = document.querySelector('#delete-run');
  button.disabled = false;
  button.removeAttribute('aria-busy');
  window.dispatchEvent(new Event('playground-runs'));
}"""


def sure_js() -> str:
    """Return the script that asks, in the page's language, whether to delete the run in view; who is not sure sends ''.

    The picker learns which run its own page deletes, so that it does not call that news.
    """
    words = json.dumps({lang: translate("delete_question", lang) for lang in LANGUAGES}, ensure_ascii=False)
    return f"""(run, owner, lang) => {{
  const words = {words}, field = document.querySelector('#run-picker [role=combobox]');
  if (!run || !window.confirm((words[lang] ?? words.en).replace('{{name}}', () => field.dataset.name))) {{
    return ['', owner, lang];
  }}
  field.dataset.leaving = run;
  window.playgroundFeed.leave(run);
  const button = document.querySelector('#delete-run');
  button.disabled = true;
  button.setAttribute('aria-busy', 'true');
  return [run, owner, lang];
}}"""
