"""Links on the real page: what is set stands in the address, and who opens it elsewhere sees the very same."""

import random
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import own_text
from tests.browser.test_page_blocked import BLOCKED
from tests.served import confined, served, visited

PATIENCE = 60_000
COMMON = 300  # characters that a common state may take
TEXTS = ("Anna sang to Otto, and Otto sang to Anna. " * 40, "Otto sings: no, Anna! & Anna + Otto = 100 %? " * 40)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("links") / "runs"
    model = {"block_size": 16, "n_layer": 2, "n_head": 2, "n_embd": 16}
    made = []
    for text in TEXTS:
        plan = plan_run(own_text(text), {"preset": "tiny", "sample_tokens": 4}, model, {"steps": 12, "batch_size": 4})
        made.append(plan.create(root))
        for _ in train_run(made[-1]):
            pass
    return made


@pytest.fixture(scope="module")
def site(runs):
    with served(runs[0].path.parent, "--no-welcome") as address:
        yield address


@pytest.fixture(scope="module")
def page(site, browser):
    with visited(browser, site) as page:
        ready(page)
        yield page


def test_an_untouched_page_has_a_plain_address_and_every_choice_stands_in_it(page, site, runs):
    assert page.url == site
    page.locator("#preset label").filter(has_text=re.compile(r"^\s*tiny ")).click()
    number(page, "#field-n_layer", 3, "#advanced > button")
    expect(page).to_have_url(re.compile(r"\?run=\w+&.*preset=tiny&n_layer=3$"))
    page.get_by_role("tab", name="Generate").click()
    page.locator("#prompt textarea").fill("Otto sang\nto: Ánna")
    number(page, "#temperature", 1.5)
    expect(page).to_have_url(re.compile(r"tab=generate&.*write=Otto\+sang%0Ato:\+.*&temperature=1.5"))
    assert len(page.url) <= COMMON
    assert "gpt-playground-owner" not in page.url and token(page) not in page.url


def test_back_and_forward_go_from_tab_to_tab_and_from_run_to_run(page, runs):
    older = f"run={runs[0].id}"
    assert older not in page.url
    page.locator("#run-picker-field").click()
    page.locator("#run-picker").get_by_role("option").last.click()
    expect(page).to_have_url(re.compile(older))
    page.go_back()
    expect(page).not_to_have_url(re.compile(older))
    expect(page.locator("#run-picker-field")).to_have_value(re.compile("^2 "))
    expect(page.get_by_role("tab", name="Generate")).to_have_attribute("aria-selected", "true")
    page.go_back()
    expect(page.get_by_role("tab", name="Train")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#field-n_layer input")).to_have_value("3")
    page.go_forward()
    page.go_forward()
    expect(page).to_have_url(re.compile(older))
    expect(page.locator("#run-picker-field")).to_have_value(re.compile("^1 "))
    expect(page.locator("#prompt textarea")).to_have_value("Otto sang\nto: Ánna")


def test_copy_link_gives_an_address_that_shows_the_same_elsewhere(page, browser):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    panel = page.get_by_role("dialog")
    expect(panel.locator(".said")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == panel.get_by_label("Address of this page").input_value() == page.url
    expect(panel.locator(".left")).to_contain_text("Your text")  # of the run: too long for a link, and said
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert differences(page, browser, copied) == {}


def states(count: int) -> list[int]:
    return [pytest.param(seed, marks=[pytest.mark.slow] if seed >= 2 else []) for seed in range(count)]


@pytest.mark.parametrize("seed", states(50))
def test_a_random_state_is_the_same_in_a_fresh_profile(page, browser, runs, seed):
    """The state is put in as the browser's Back puts it in, so both ways are tried at once."""
    wanted = random_state(random.Random(seed), [run.id for run in runs])
    page.evaluate(
        """(state) => { const here = (more) => history.pushState({ ...history.state, ...more }, '', '?there');
                        here({ playground: state }); here({}); history.back(); }""",
        wanted,
    )
    page.wait_for_function(f"(wanted) => {SAME}(playground.link.state(), wanted)", arg=wanted)
    page.wait_for_timeout(700)  # what follows from it has come
    address = page.evaluate("location.origin + location.pathname + '?' + playground.link.query()")
    assert differences(page, browser, address) == {}


SAME = "((now, wanted) => Object.keys(wanted).every((name) => (now[name] ?? null) === (wanted[name] ?? null)))"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("n_layer=abc&tab=generate", "n_layer='abc' is not possible; it must be a whole number from 1 to 96."),
        ("run=nobody", "There is no run called 'nobody'"),
        ("write=<img src=x onerror=window.hacked=1>&tab=<script>window.hacked=1</script>&%3Cb%3E=1", "tab='<script>"),
        ("look=${window.hacked=1}{{window.hacked=1}}&tab=attention&head=9.9", "The link asks for layer 9, head 9"),
        ("hide=everything&lock=,,&preset=&steps=" + "9" * 2000, "hide='everything' is not possible"),
    ],
)
def test_a_hostile_link_is_a_sentence_and_the_page_as_it_was(site, browser, query, sentence):
    with confined(browser, site, f"?{query}") as page:
        ready(page)
        expect(page.locator("#link-box .told, #attention-view").filter(has_text=sentence).first).to_be_visible()
        assert page.evaluate("window.hacked") is None
        assert page.locator("#link-box .told img, #link-box .told b, #link-box .told script").count() == 0
        expect(page.locator("#count-line")).to_contain_text("parameters")


def test_a_teachers_link_is_built_from_a_list_and_hides_and_locks_until_everything_is_shown(site, browser):
    with visited(browser, site) as page:
        ready(page)
        page.get_by_role("button", name="Copy link").click()
        panel = page.get_by_role("dialog")
        panel.get_by_text("For a lesson").click()
        panel.get_by_label("Hide: Compare").check()
        panel.get_by_label("Hide: n_layer").check()
        panel.get_by_role("table", name="Train").get_by_label("Lock: Model").check()
        address = panel.get_by_label("Address of this page").input_value()
    assert "hide=compare,n_layer&lock=preset" in address
    with confined(browser, site, address.removeprefix(site)) as page:
        ready(page)
        expect(page.locator("#tabs [role=tab][data-tab-id=compare]")).to_be_hidden()
        expect(page.locator("#preset input").first).to_be_disabled()
        page.locator("#advanced > button").click()
        expect(page.locator("#field-n_head")).to_be_visible()
        expect(page.locator("#field-n_layer")).to_be_hidden()
        page.get_by_role("button", name="Show everything").click()
        expect(page.locator("#field-n_layer")).to_be_visible()
        expect(page.locator("#preset input").first).to_be_enabled()
        expect(page.locator("#tabs [role=tab][data-tab-id=compare]")).to_be_visible()
        expect(page).not_to_have_url(re.compile(r"[?&](hide|lock)="))


@pytest.mark.slow
def test_where_storage_history_and_clipboard_are_blocked_the_page_works_and_the_link_stands_in_a_field(site, browser):
    blocked = """history.pushState = history.replaceState = () => { throw new DOMException('no', 'SecurityError'); };
        document.execCommand = () => false;
        const no = { writeText: () => Promise.reject(new Error('no')) };
        Object.defineProperty(navigator, 'clipboard', { value: no });"""
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(BLOCKED + blocked)
    page.goto(site)
    ready(page)
    page.get_by_role("tab", name="Generate").click()
    page.locator("#prompt textarea").fill("Otto")
    page.wait_for_function("playground.link.state().write === 'Otto'", timeout=PATIENCE)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("dialog").locator(".said")).to_contain_text("copy the address from this field")
    field = page.get_by_label("Address of this page")
    expect(field).to_be_focused()
    assert "write=Otto" in field.input_value() and page.evaluate("getSelection().toString()") == field.input_value()
    page.close()
    assert errors == []


# -- helpers -----------------------------------------------------------------------------------------------------------


def ready(page: Page) -> None:
    page.set_default_timeout(PATIENCE)
    page.wait_for_function("window.playground?.isOpened && history.state?.playground || history.pushState.length === 0")


def token(page: Page) -> str:
    return page.evaluate("playgroundOwner.token()")


def number(page: Page, place: str, value: float, fold: str = "") -> None:
    if fold and "open" not in (page.locator(fold).get_attribute("class") or ""):
        page.locator(fold).click()
    field = page.locator(f"{place} input[type=number]")
    field.fill(str(value))
    field.press("Tab")


FIELDS = """() => {
  const fields = [...document.querySelectorAll('#tabs input, #tabs textarea, #run-picker input')];
  const seen = fields.filter((field) => field.offsetParent && field.type !== 'file');
  const told = seen.map((field, i) => [
    (field.closest('.block[id]')?.id ?? '') + ' ' + i,
    field.type === 'radio' || field.type === 'checkbox' ? field.checked : field.value,
  ]);
  const tab = document.querySelector('#tabs [role=tab][aria-selected=true]').dataset.tabId;
  return { tab, ...Object.fromEntries(told) };
}"""


def differences(page: Page, browser: Browser, address: str) -> dict:
    """Return what a fresh profile that opens an address shows otherwise than this page: its state, and each field."""
    context = browser.new_context(viewport=page.viewport_size)
    other = context.new_page()
    other.goto(address)
    ready(other)
    for each in (page, other):
        fold = each.locator("#advanced > button")
        if fold.is_visible() and "open" not in (fold.get_attribute("class") or ""):
            fold.click()
    left = page.evaluate("playground.link.left()")  # what is too long for a link, as its panel says
    left += ["text"] if page.evaluate("playground.link.state().corpus") != "own" else []  # nobody sees it
    state, fields = ({name: value for name, value in page.evaluate(asked).items() if name not in left}
                     for asked in ("playground.link.state()", FIELDS))  # fmt: skip
    fields = {name: value for name, value in fields.items() if not ("text" in left and name.startswith("own-text"))}
    try:
        same = f"([state, fields]) => {SAME}(playground.link.state(), state) && {SAME}(({FIELDS})(), fields)"
        other.wait_for_function(same, arg=[state, fields], timeout=20_000)
        assert not other.locator("#link-box .told").is_visible()
        return {}
    except Exception:
        here, there = state | fields, other.evaluate("playground.link.state()") | other.evaluate(FIELDS)
        return {name: (value, there.get(name)) for name, value in here.items() if value != there.get(name)}
    finally:
        context.close()


def random_state(dice: random.Random, runs: list[str]) -> dict:
    """Return a state that a visitor may well have come to."""
    text = "".join(dice.choices("abc ÁậĐ\n:,&#+%?=/'\"<>{}$€😀", k=dice.randint(1, 40))).strip() or "x"
    fields = {
        "n_layer": dice.randint(1, 6), "n_head": dice.choice((1, 2, 4)), "n_embd": dice.choice((16, 64, 100)),
        "learning_rate": dice.choice((0.01, 0.0003)), "bias": dice.random() < 0.5, "steps": dice.randint(20, 5000),
        "schedule": dice.choice(("cosine", "linear", "constant")), "qkv_bias": dice.choice(("auto", "yes", "no")),
        "activation": dice.choice(("gelu", "relu")), "seed": dice.randrange(2**53), "tie_weights": dice.random() < 0.5,
    }  # fmt: skip
    beside = {
        "write": text, "temperature": dice.choice((0, 0.1, 1.25, 10)), "top_k": dice.randint(1, 50), "length": 100,
        "top_p": dice.choice((0.5, 0.95)), "sample_seed": dice.randrange(10**6), "keep_seed": True, "unknown": "drop",
        "look": text.replace("\n", " "), "head": dice.choice(("0.1", "1.0", "1.mean")), "beside": text,
        "x": dice.choice(("tokens", "seconds")), "log": dice.choice(("x", "y", "xy")), "mean": dice.choice(("5", "51")),
        "section": dice.choice(("formula", "family", "text")),
        "family": dice.choice(("gpt2-xl", "gpt2-medium")), "count": dice.choice(("head_again", "no_embeddings")),
    }  # fmt: skip
    state = {"tab": dice.choice(("train", "generate", "attention", "compare")), "run": dice.choice(runs)}
    state |= {"step": dice.choice(("", 0, 5))}
    state |= {"preset": dice.choice(("tiny", "small", "lecture")), "corpus": dice.choice(("plays", "python"))}
    if dice.random() < 0.3:
        state |= {"corpus": "own", "text": (text + " Anna sang to Otto. " * 8)[:200]}
    return state | {name: value for name, value in (fields | beside).items() if dice.random() < 0.35}
