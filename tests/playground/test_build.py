"""The page as it is wired: what holds for every event of it."""

import subprocess
import sys

from core.runs.store import RunStore
from playground.build import build_app
from playground.server.settings import Settings
from tests.tiny_runs import PROJECT


def test_the_last_choice_counts_even_while_the_one_before_is_worked_on(tmp_path):
    """Gradio's own mode, "once", would lose a choice that is made meanwhile, and the page would show the one before."""
    app = build_app(RunStore(tmp_path), Settings())
    choices = [each for each in app.fns.values() if each.fn and any(event == "input" for _, event in each.targets)]
    assert len(choices) > 5
    assert {each.name: each.trigger_mode for each in choices if each.trigger_mode != "always_last"} == {}


def test_no_event_but_training_and_writing_is_part_of_the_api(tmp_path):
    app = build_app(RunStore(tmp_path), Settings())
    named = {each.api_name for each in app.fns.values() if each.fn and each.api_visibility == "public"}
    assert named == {"train", "generate"}


def test_whoever_builds_the_page_has_the_words_of_every_tab():
    code = (
        "from playground.build import TABS\n"
        "from playground.words.translate import WORDS\n"
        "print([name for name in TABS if not all(WORDS.get(f'tab_{name}', [None]))])"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert told.stdout.strip() == "[]", told.stderr
