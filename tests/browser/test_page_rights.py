"""Two people and the host on a class server: who has a link may look, and only the owner and the host may change."""

import re

from playwright.sync_api import expect

from core.runs.config import owner_of
from core.runs.directory import RunDir
from core.runs.plan import plan_run
from core.text.corpora import Corpus
from tests.served import served
from tests.tiny_runs import MODEL, TEXT, TRAIN, wait_for_state

KEY, FIRST = "the teacher's own key", "0123456789abcdef0123456789abcdef"


def test_a_run_is_watched_by_link_stopped_by_the_host_alone_and_no_token_is_told(browser, tmp_path):
    root = tmp_path / "runs"
    plan = plan_run(Corpus("own", TEXT), {"sample_tokens": 4}, MODEL, {**TRAIN, "steps": 900_000}, owner_of(FIRST))
    run = plan.create(root)
    arguments = ("--profile", "classroom", "--host", "127.0.0.1", "--no-welcome", "--workers", "1")
    with served(root, *arguments, env={"GPT_PLAYGROUND_TEACHER_KEY": KEY}) as address:
        first, second = browser.new_context(), browser.new_context()
        served_texts = []
        for context in (first, second):
            context.set_default_timeout(60_000)
            context.on("response", lambda answer: served_texts.append(_text_of(answer)))
        first.add_init_script(f"localStorage.getItem('gpt-playground-owner') ?? "
                              f"localStorage.setItem('gpt-playground-owner', '{FIRST}')")  # fmt: skip
        mine = first.new_page()
        mine.goto(address)
        expect(mine.locator("#transport .buttons")).to_be_visible()
        expect(mine.locator("#own-text textarea")).to_have_value(re.compile("0 times 0"))
        mine.get_by_role("button", name="Play", exact=True).click()
        wait_for_state(run, "running")

        theirs = second.new_page()
        theirs.goto(f"{address}?run={run.id}")
        chart = theirs.locator("#loss-chart canvas")
        expect(chart).to_have_attribute("aria-label", re.compile(r"Loss after \d+"), timeout=60_000)
        expect(theirs.locator("#transport .read-only")).to_contain_text("somebody else")
        for button in ("#transport .buttons", "#delete-run", "#run-picker .edit"):
            expect(theirs.locator(button)).to_be_hidden()
        expect(theirs.locator("#own-text")).to_be_hidden()  # the form is as at first: no stranger's text
        theirs.get_by_text("Tiếng Việt").click()
        expect(theirs.locator("#transport .read-only")).to_contain_text("của người khác")

        theirs.get_by_role("button", name="Chủ trang").focus()
        theirs.keyboard.press("Enter")
        theirs.keyboard.type("not the key")
        theirs.keyboard.press("Enter")
        expect(theirs.locator("#host-box .said")).to_contain_text("không phải mã")
        theirs.keyboard.type(KEY)
        theirs.keyboard.press("Enter")
        expect(theirs.get_by_role("button", name="Bạn là chủ trang")).to_be_visible()
        theirs.locator("#transport").get_by_role("button", name="Dừng", exact=True).click()
        wait_for_state(run, "stopped")
        tokens = [page.evaluate("localStorage.getItem('gpt-playground-owner')") for page in (mine, theirs)]
        for context in (first, second):
            context.close()
    assert tokens[0] == FIRST and re.fullmatch("[0-9a-f]{32}", tokens[1])
    told = "".join(served_texts) + RunDir(run.path).path.joinpath("run.json").read_text()
    assert not [secret for secret in (*tokens, KEY) if secret in told]


def _text_of(answer) -> str:
    try:
        return answer.text() if "event-stream" not in answer.headers.get("content-type", "") else ""
    except Exception:  # a redirect, a picture, or a page that was closed
        return ""
