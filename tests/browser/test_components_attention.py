"""The attention view and its cards in a real browser, on a small page with weights of the tests' own making."""

import base64
import json
import re
from contextlib import contextmanager

import gradio as gr
import numpy as np
import pytest
from playwright.sync_api import expect

from playground.attention.attention import AttentionDetail, AttentionView, HeadLines, HeadMap
from playground.widgets import theme
from playground.widgets.inputs import CHOSEN
from tests.served import confined

HOSTILE = ['<img src=x onerror="window.hacked=1">', "${window.hacked=1}", "`{{value}}`", "\u202eabc", "\0", "</script>"]
TEXT = "KING: Sing it again!\nQUEEN: Sing it again.\n"
STEPS = [0, 10, 100, 600]
KINDS = ("self", "previous", "first", "same", "induction")


def random_scores(layers, heads, T, seed=1):
    return np.random.default_rng(seed).normal(size=(layers, heads, T, T)) * 2


def softmax(scores):
    masked = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -np.inf)
    powers = np.exp(masked - masked.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def planted(T, step=600):
    """Scores of 4 x 4 heads; with training, head 1 of layer 0 comes to look at the previous token."""
    scores = random_scores(4, 4, T)
    scores[0, 1] += (step / 60) * np.eye(T, k=-1)
    scores[2, 0] += 5 * np.eye(T)
    scores[3, 2, :, 0] += 6
    return scores


def value_for(tokens, step=600, texts=(16, 1024, "run"), **changes):
    T = len(tokens)
    weights = softmax(planted(T, step))
    measured = {kind: np.full((4, 4), 0.1) for kind in KINDS}
    measured["previous"][0, 1] = weights[0, 1].diagonal(-1).mean()
    measured |= {"entropy": np.full((4, 4), 1.5), "distance": np.full((4, 4), 8.2)}
    measured["induction"][3, 3] = np.nan
    labels = [[None] * 4 for _ in range(4)]
    if step >= 100:
        labels[0][1] = ("previous", measured["previous"][0, 1], 0.02)
    words = "aeioutsh\n "
    predictions = [[(word, 0.4 / (n + 1), ord(word)) for n, word in enumerate(words)] for _ in tokens]
    even = {kind: 0.1 for kind in KINDS} | {"induction": np.nan}
    texts = dict(zip(("count", "tokens", "of"), texts, strict=True))
    fixed = {"mean": measured, "spread": {kind: np.full((4, 4), 0.02) for kind in KINDS}, "even": even}
    heads = {"scores": measured, "even": even, "labels": labels, "measured": fixed, "texts": texts}
    given = {"predictions": predictions, "heads": heads, "ids": [ord(token[0]) for token in tokens],
             "more": {"of": "tiny on plays", "key": f"a {step}"}, "step": step}  # fmt: skip
    return AttentionView.pack(tokens, weights, **(given | {"layer": 0, "head": 1} | changes))


def grown(kind, step):
    scores = np.random.default_rng(len(kind)).uniform(0.02, 0.15, size=(4, 4))
    if kind == "previous":
        scores[0, 1] = 0.05 + 0.85 * step / 600
    return scores


class Heard:
    """What the page has told Python."""

    def __init__(self):
        self.events = []
        self.text = list(TEXT)
        self.late = 0  # answers that belong to what the view showed before


def build_page(heard):
    def ask(event: gr.EventData):
        heard.events.append(("ask", event.layer, event.head))
        scores = planted(len(heard.text))[event.layer, event.head]
        heard.late, late = 0, heard.late
        return AttentionDetail.pack(heard.text, event.layer, event.head, scores, stamp=event.stamp - late)

    def choose(event: gr.EventData):
        heard.events.append(("choose", event.layer, event.head))

    def show(tokens):
        heard.text = tokens
        return value_for(tokens)

    rises = np.random.default_rng(3).uniform(-0.01, 0.2, size=(4, 4)).tolist()
    rises[3][3], rises[2][0], rises[2][2] = None, -0.05, 0.012
    errors = [[0.008] * 4 for _ in range(4)]
    measured = HeadMap.pack(rises, note="Silencing layer 0, head 1 costs most.", errors=errors,
                            more={"key": "a 600", "of": "tiny on plays, step 600"})  # fmt: skip
    lines = HeadLines.pack(STEPS, {kind: [grown(kind, step) for step in STEPS] for kind in KINDS})
    with gr.Blocks(analytics_enabled=False) as demo:
        view = AttentionView(value_for(list(TEXT)), elem_id="view")
        detail = AttentionDetail(elem_id="detail")
        with gr.Row():
            with gr.Column(min_width=320):
                HeadMap(measured, elem_id="map")
            with gr.Column(min_width=320):
                HeadLines(lines, elem_id="lines")
        view.choose(choose, None, None, trigger_mode="multiple")  # none is lost while one is on its way
        detail.ask(ask, None, detail, **CHOSEN)  # as on the page
        evil, plain, none = (gr.Button(name) for name in ("Evil", "Plain", "None"))
        large = gr.Button("Large")
        for step in STEPS[:-1]:
            gr.Button(f"Step {step}").click(lambda step=step: value_for(heard.text, step), None, view)
        for of in ("run", "book"):
            gr.Button(f"One {of}").click(lambda of=of: value_for(heard.text, texts=(1, 1, of)), None, view)
        evil.click(lambda: show(HOSTILE), None, view)
        plain.click(lambda: show(list(TEXT)), None, view)
        none.click(lambda: None, None, view)
        large.click(lambda: largest(), None, view)
    return demo


def largest():
    weights = softmax(random_scores(12, 12, 64) * 2)
    tokens = [" Shakespeare", " to", " be", ",", " or", " not", "\n", " the"] * 8
    predictions = [[(" candidate", 0.123456, 12345)] * 10] * 64
    kinds = (*KINDS, "entropy", "distance")
    heads = {"scores": {kind: np.random.default_rng(5).uniform(size=(12, 12)) for kind in kinds}}
    heads["labels"] = [
        [("induction", 0.71234, 0.05) if (i * j) % 5 == 1 else None for i in range(12)] for j in range(12)
    ]
    return AttentionView.pack(tokens, weights, predictions, heads, layer=5, head="mean", note="Cut to 64 tokens.")


@pytest.fixture(scope="module")
def site():
    heard = Heard()
    demo = build_page(heard)
    _, url, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", ssr_mode=False, head=theme.head(),
        footer_links=["settings"], theme=gr.themes.Soft(font=["system-ui"], font_mono=["monospace"]),
    )  # fmt: skip
    yield url, heard
    demo.close()


@contextmanager
def opened(browser, url, query="", **how):
    with confined(browser, url, query, **how) as page:
        page.locator("#view .tok").first.wait_for()
        yield page


@pytest.fixture(scope="module")
def shared_page(site, browser):
    with opened(browser, site[0]) as page:
        yield page


@pytest.fixture
def page(site, shared_page):
    """The page with the plain text, layer 0, head 1, nothing pinned: a visit costs a second, so the tests share one."""
    page, heard = shared_page, site[1]
    if heard.text != list(TEXT) or page.locator("#view .tok").count() != len(TEXT):
        show(page, "Plain", len(TEXT))
    page.locator("#view .tok").last.focus()
    page.keyboard.press("Escape")
    page.mouse.move(2, 2)
    heard.events.clear()
    choose(page, 0, 1)
    told = lambda: [event for event in heard.events if event[0] == "choose"]  # noqa: E731
    wait_until(page, lambda: len(told()) > 1 and ("choose", 0, 1) in told(), heard)  # the layer's, and the head's
    heard.events.clear()
    return page


def show(page, button, count):
    page.get_by_role("button", name=button).click()
    wait_until(page, lambda: page.locator("#view .tok").count() == count)


def choose(page, layer, head):
    page.locator("#view select.layer").select_option(str(layer))
    page.locator("#view select.head").select_option(str(head))


def wait_until(page, condition, heard=None, tries=400):
    for _ in range(tries):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"waited in vain; heard: {heard and heard.events}")


def words(page, selector):
    return page.locator(f"#view {selector}").inner_text()


def picture(page, selector="#view .plot canvas"):
    """The heatmap as it is once the next frame is drawn."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.locator(selector).first.evaluate("canvas => canvas.toDataURL()")


def on_cell(page, query, key):
    """Where a cell of the heatmap lies: the labels take what the cells leave, at the left and on top."""
    box = page.locator("#view .plot canvas").bounding_box()
    top, T = 20, len(TEXT)
    size = (box["height"] - top - 2) / T
    left = box["width"] - 2 - size * T
    return {"x": left + (key + 0.5) * size, "y": top + (query + 0.5) * size}


# --- what is sent ------------------------------------------------------------------------------------------------


def test_the_largest_view_stays_under_its_500_kilobytes():
    assert len(json.dumps(largest())) < 500_000


def test_the_lower_triangles_travel_row_by_row_as_bytes():
    weights = softmax(random_scores(2, 3, 5))
    value = AttentionView.pack(list("abcde"), weights)
    sent = np.frombuffer(base64.b64decode(value["data"]), np.uint8).reshape(2, 3, 15)
    queries, keys = np.tril_indices(5)
    true = weights[:, :, queries, keys]
    assert np.abs(np.sqrt(true) - sent / 255).max() <= 0.5 / 255  # the square root, as the colours are:
    small = AttentionView.pack(["a", "b"], np.array([[[[1, 0], [0.0002, 0.9998]]]]))
    assert base64.b64decode(small["data"])[1] == 4  # 0.02 % is no zero
    assert value["shape"] == [2, 3]


def test_numbers_that_do_not_fit_the_tokens_are_refused_in_a_sentence():
    weights = softmax(random_scores(1, 1, 3))
    with pytest.raises(ValueError, match="one row a token"):
        AttentionView.pack(["a", "b"], weights)
    with pytest.raises(ValueError, match="after the softmax"):
        AttentionView.pack(["a", "b", "c"], weights * np.nan)
    with pytest.raises(ValueError, match="one a token"):
        AttentionView.pack(["a", "b", "c"], weights, predictions=[[]])
    with pytest.raises(ValueError, match="scores of these tokens"):
        AttentionDetail.pack(["a", "b"], 0, 0, weights[0, 0])
    with pytest.raises(ValueError, match="each of the 2 steps"):
        HeadLines.pack([0, 10], {"self": [[[0.1]]]})


# --- tokens ------------------------------------------------------------------------------------------------------


def test_hover_lights_up_what_a_token_attends_to_and_names_the_strongest(page):
    tokens = page.locator("#view .tok")
    tokens.nth(16).hover()
    assert words(page, ".strong h2") == "16 'a' attends to"
    strongest = page.locator("#view .strong li")
    assert strongest.count() == 5
    assert re.match(r"g\s*15\s*(0\.9\d|1\.00)", strongest.first.inner_text())
    assert "attends to 15 'g'" in page.locator("#view .spoken").text_content()
    lit = tokens.nth(15).evaluate("node => getComputedStyle(node).backgroundColor")
    assert lit != tokens.nth(3).evaluate("node => getComputedStyle(node).backgroundColor")
    assert "later" in tokens.nth(17).get_attribute("aria-label")
    assert tokens.nth(15).get_attribute("title") == "15 'g'"


def test_the_prediction_at_the_query_stands_beside_it(page):
    page.locator("#view .tok").nth(16).hover()
    rows = page.locator("#view .next li")
    assert rows.count() == 10 and "40.0 %" in rows.first.inner_text()
    assert page.locator("#view .next .came").inner_text().startswith("i")  # "ag" goes on: "ain"


def test_one_token_is_in_the_tab_order_and_the_arrows_walk(page):
    tokens = page.locator("#view .tok")
    tokens.nth(5).focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    assert words(page, ".strong h2") == "27 '␣' attends to"  # a line down, in the same column, one back
    assert page.locator('#view .tok[tabindex="0"]').count() == 1


def test_a_click_pins_the_query_until_escape(page):
    tokens = page.locator("#view .tok")
    tokens.nth(9).click()
    tokens.nth(20).hover()
    assert words(page, ".strong h2").startswith("9 ")
    assert tokens.nth(9).get_attribute("aria-pressed") == "true"
    page.keyboard.press("Escape")
    tokens.nth(21).hover()
    assert words(page, ".strong h2").startswith("21 ")


# --- maps --------------------------------------------------------------------------------------------------------


def test_the_heatmap_names_both_tokens_and_sets_the_query(page):
    canvas, tip = page.locator("#view .plot canvas"), page.locator("#view .tip")
    canvas.hover(position=on_cell(page, 12, 11))
    picture(page)
    assert re.fullmatch(r"query 12 't' → key 11 'i': (0\.9\d|1\.00)", tip.text_content())
    assert words(page, ".strong h2") == "12 't' attends to"
    canvas.hover(position=on_cell(page, 8, 30))
    picture(page)
    assert tip.text_content() == "query 8 'n' → key 30 'n': masked, it comes later"


def test_arrow_keys_move_over_the_heatmap(page):
    page.locator("#view .tok").nth(12).hover()
    page.locator("#view .plot canvas").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    picture(page)
    assert page.locator("#view .tip").text_content().startswith("query 13 '␣' → key 10 '␣'")
    assert words(page, ".strong h2").startswith("13 ")
    page.keyboard.press("Escape")
    page.locator("#view .tip").wait_for(state="hidden")


def test_the_heatmap_follows_the_query_on_the_same_canvas(page):
    page.evaluate("window.kept = [...document.querySelectorAll('#view canvas')]")
    before = picture(page)
    page.locator("#view .tok").nth(20).hover()
    assert picture(page) != before
    same = "[...document.querySelectorAll('#view canvas')].every((node, i) => node === window.kept[i])"
    assert page.evaluate(same)


def test_a_thumbnail_enlarges_its_head_and_python_hears_of_it(site, page):
    _, heard = site
    before, sent = picture(page), []
    page.on("request", lambda request: sent.append(request.url))
    page.locator('#view .thumb[data-layer="3"][data-head="2"]').click()
    assert words(page, ".heat h2") == "Layer 3, head 2" and picture(page) != before
    assert page.locator('#view .thumb[aria-pressed="true"]').get_attribute("title") == "Layer 3, head 2"
    assert page.locator("#view .badge").is_hidden()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert words(page, ".heat h2") == "Layer 2, head 1"
    page.locator('#view .thumb[data-layer="2"][data-head="mean"]').click()
    assert words(page, ".heat h2") == "Layer 2, mean of its heads"
    wait_until(page, lambda: ("choose", 2, "mean") in heard.events)
    assert {kind for kind, *_ in heard.events} == {"choose"}


def test_hovering_asks_the_server_for_nothing(page):
    sent = []
    page.on("request", lambda request: "heartbeat" in request.url or sent.append(request.url))
    wait_until(page, lambda: sent.clear() or page.wait_for_timeout(500) or not sent)  # what was asked for before
    for i in (3, 14, 25):
        page.locator("#view .tok").nth(i).hover()
    page.locator("#view .plot canvas").hover(position=on_cell(page, 30, 4))
    page.wait_for_timeout(100)
    assert sent == []


def test_scores_stand_with_their_definitions_and_only_a_given_label(page):
    assert re.fullmatch(r"previous token 0\.9\d ± 0\.02", words(page, ".badge"))
    own = page.locator("#view .score", has_text="previous").inner_text()
    assert "even attention: 0.10" in own and "validation: 0.9" in own
    assert "16 fixed texts" in words(page, ".about-scores") and words(page, ".of") == "tiny on plays"
    assert "0.9" in page.locator('#view .thumb[data-layer="0"][data-head="1"] .caption').inner_text()
    assert page.locator("#view .caption b").count() == 1
    page.locator("#view .score", has_text="entropy").focus()
    assert "nats" in words(page, ".score-help") and "1.50 nats" in words(page, ".scores")
    choose(page, 3, 3)
    assert "cannot be measured here" in page.locator("#view .score", has_text="induction").inner_text()
    assert "no name" in words(page, ".score-help")
    choose(page, 3, "mean")
    assert "choose a head" in words(page, ".score-help")


@pytest.mark.parametrize("of, said", [("run", "on 1 fixed text of the validation part (1 token)"),
                                      ("book", "on 1 piece of a fixed page of a book (1 token)")])  # fmt: skip
def test_one_text_of_one_token_is_said_in_the_singular(page, of, said):
    page.get_by_role("button", name=f"One {of}").click()
    expect(page.locator("#view .about-scores")).to_contain_text(said)
    page.get_by_role("button", name="Plain").click()
    expect(page.locator("#view .about-scores")).to_contain_text("16 fixed texts")


def test_a_number_stands_on_one_line_with_its_sign(page):
    """Each ± and the number after it, however narrow the cards are."""
    lines = """() => [...document.querySelectorAll('#view .fixed-words, #map .cell small')].map((node) => {
        const text = node.firstChild, words = text?.data ?? '', range = document.createRange();
        if (!words.includes('±')) return 1;
        range.setStart(text, words.indexOf('±'));
        range.setEnd(text, words.length);
        return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
    })"""
    page.get_by_role("button", name="Plain").click()
    for width in range(1000, 1400, 20):
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate(lines)
        assert len(found) > 7 and set(found) == {1}, (width, found)
    page.set_viewport_size({"width": 1280, "height": 900})


# --- the cards ---------------------------------------------------------------------------------------------------


def test_an_answer_that_belongs_to_what_was_shown_before_is_asked_for_again(site, page):
    _, heard = site
    heard.late = 1
    page.locator("#detail summary").click()
    page.locator("#detail td.sum", has_text="1.000").wait_for()
    assert [event for event in heard.events if event[0] == "ask"] == [("ask", 0, 1)] * 2
    page.locator("#detail summary").click()  # folded again


def test_the_way_to_the_weights_comes_when_opened_and_follows_the_query(site, page):
    _, heard = site
    card = page.locator("#detail")

    def asked():
        return [event for event in heard.events if event[0] == "ask"]

    card.locator("summary").click()
    card.locator("td.sum", has_text="1.000").wait_for()
    once = [[], [("ask", 0, 1)]]  # none, where an answer to the test before was still on its way
    assert asked() in once
    page.locator("#view .tok").nth(4).hover()
    scores, masked, weights = (
        [cell.strip().replace("−", "-") for cell in row.locator("td:not(.sum)").all_inner_texts()]
        for row in card.locator("tr:has(td)").all()
    )
    true = planted(len(TEXT))[0, 1, 4]
    assert scores == [f"{score:.2f}" for score in true]
    assert masked == scores[:5] + ["-∞"] * (len(TEXT) - 5)
    assert weights == [f"{weight:.3f}" for weight in softmax(planted(len(TEXT)))[0, 1, 4]]
    assert asked() in once  # another query, the same head: nothing asked
    choose(page, 2, 1)
    wait_until(page, lambda: ("ask", 2, 1) in heard.events)
    card.locator(".about", has_text="layer 2, head 1").wait_for()
    choose(page, 2, "mean")
    assert "choose a single head" in card.locator(".about").inner_text()
    card.locator("summary").click()


def test_the_map_of_heads_shows_numbers_and_chooses(page):
    cells = page.locator("#map .cell")
    assert cells.count() == 16
    assert page.locator('#map .cell[aria-pressed="true"]').get_attribute("title").startswith("Layer 0, head 1: +0.")
    assert "not measured" in cells.last.get_attribute("title")
    assert page.locator("#map .count").inner_text() == "15 of 16 heads measured"
    assert "± 0.0080 nats, less than two standard errors" in cells.nth(10).get_attribute("title")
    assert "within" in cells.nth(10).get_attribute("class") and "within" not in cells.nth(8).get_attribute("class")
    fall, rise = (cells.nth(i).evaluate("node => getComputedStyle(node).backgroundColor") for i in (8, 1))
    assert fall != rise and "the loss falls without it: −0.05" in page.locator("#map .legend").inner_text()
    assert page.locator("#map .another").is_hidden() and page.locator("#map .of").inner_text().endswith("step 600")
    cells.nth(9).click()
    assert words(page, ".heat h2") == "Layer 2, head 1"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert words(page, ".heat h2") == "Layer 2, head 2"


def test_lines_show_how_the_chosen_head_grew(site, page):
    _, heard = site
    chart = page.locator("#lines .chart").first
    assert re.match(r"previous token\s*0\.90", chart.inner_text())
    page.locator("#lines .lines").focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator("#lines .spoken").text_content().startswith("step 100: previous token 0.19, first token 0.")
    page.evaluate(
        """document.addEventListener("playground-moment-go", (event) => { window.went = event.detail.step; })"""
    )
    page.keyboard.press("Enter")
    assert page.evaluate("window.went") == 100  # the slider of the header hears it
    page.get_by_role("button", name="Step 100").click()
    page.keyboard.press("Escape")
    wait_until(page, lambda: "0.19" in chart.inner_text())  # the snapshot in view is the one marked


# --- snapshots ---------------------------------------------------------------------------------------------------


def test_another_snapshot_keeps_head_query_and_nodes(page):
    choose(page, 0, 1)
    page.locator("#view .tok").nth(16).click()
    page.evaluate("window.kept = [...document.querySelectorAll('#view canvas, #view .tok')]")
    page.get_by_role("button", name="Step 0").click()
    page.locator("#view .badge").wait_for(state="hidden")
    assert "of tiny on plays, step 600, not of what" in page.locator("#map .another").inner_text()
    assert words(page, ".strong h2") == "16 'a' attends to" and words(page, ".heat h2") == "Layer 0, head 1"
    same = "[...document.querySelectorAll('#view canvas, #view .tok')].every((node, i) => node === window.kept[i])"
    assert page.evaluate(same)


# --- whatever comes ----------------------------------------------------------------------------------------------


def test_hostile_tokens_are_shown_and_never_run(page):
    show(page, "Evil", len(HOSTILE))
    tokens = page.locator("#view .tok")
    shown = [*HOSTILE[:3], "<202e>abc", "␀", "</script>"]
    assert tokens.all_inner_texts() == [token.replace(" ", "␣") for token in shown]
    tokens.nth(2).click()
    page.locator("#view .plot canvas").focus()
    page.keyboard.press("ArrowUp")
    picture(page)
    assert "{{value}}" in page.locator("#view .tip").text_content()
    page.locator("#detail summary").click()
    page.locator("#detail th", has_text="<img␣s").wait_for()
    page.locator("#detail summary").click()
    assert page.locator("#view img, #detail img").count() == 0
    assert page.evaluate("window.hacked") is None


def test_twelve_layers_of_twelve_heads_are_all_there(page):
    show(page, "Large", 64)
    assert page.locator("#view .thumb").count() == 12 * 13
    assert words(page, ".heat h2") == "Layer 5, mean of its heads" and words(page, ".note") == "Cut to 64 tokens."
    page.locator("#view .tok").nth(40).hover()
    assert words(page, ".strong h2").startswith("40 ")


def test_no_text_is_told_in_words(page):
    page.get_by_role("button", name="None").click()
    page.locator("#view .empty", has_text="Type a text").wait_for()
    page.locator("#view .body").wait_for(state="hidden")
    show(page, "Plain", len(TEXT))
    page.locator("#view .empty").wait_for(state="hidden")


def test_a_phone_shows_it_all_without_scrolling_sideways(site, browser):
    url, heard = site
    with opened(browser, url, "?__theme=dark", viewport={"width": 390, "height": 844}) as page:
        page.locator("#detail summary").click()
        page.locator("#detail td.sum", has_text="1.000").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        box = page.locator("#view .plot canvas").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["width"] > 250
        show(page, "Large", 64)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    heard.text = list(TEXT)
