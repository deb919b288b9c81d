"""What axe-core finds on the real page with a trained run: nothing serious, in any tab, look, width and language."""

import itertools

import pytest

from benchmarks.axe import WIDTHS, look_around, open_tab, violations
from benchmarks.visiting import LANGUAGES, LOOKS, TABS, visit, write
from tests.served import served
from tests.tiny_runs import tiny_plan, undisturbed

SHORT = {("en", "light", 1280): TABS[:1], ("vi", "dark", 390): TABS[1:2]}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    root = tmp_path_factory.mktemp("axe") / "runs"
    root.mkdir()
    undisturbed(root, tiny_plan(20))
    with served(root, "--no-welcome") as address:
        yield address


def grave(found) -> list:
    return [violation for violation in found if violation.is_grave]


def test_axe_finds_nothing_serious_on_any_tab(address, browser):
    """One tab in one look, one in the most different one: the whole of it is the slow test below."""
    for (lang, look, width), tabs in SHORT.items():
        with visit(browser, address, lang, look, width) as page:
            for tab in tabs:
                open_tab(page, tab)
                if tab == "generate":
                    write(page)
                assert grave(violations(page)) == [], (tab, lang, look, width)


def test_axe_would_find_a_pale_letter_a_nameless_button_and_a_list_of_anything(address, browser):
    with visit(browser, address, "en", "light", 1280) as page:
        page.evaluate("""() => document.querySelector('#tabs').insertAdjacentHTML('afterend',
            '<i style="color: #bbb; background: #fff">x</i><button></button><dl><p>x</p></dl>')""")
        assert {each.rule for each in grave(violations(page))} == {"color-contrast", "button-name", "definition-list"}


@pytest.mark.slow
@pytest.mark.parametrize(("lang", "look", "width"), [*itertools.product(LANGUAGES, LOOKS, WIDTHS)])
def test_axe_finds_nothing_serious_anywhere(address, browser, lang, look, width):
    with visit(browser, address, lang, look, width) as page:
        assert {sight: grave(found) for sight, found in look_around(page).items() if grave(found)} == {}
