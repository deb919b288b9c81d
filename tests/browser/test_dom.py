"""What the widgets' scripts share, in a browser without a server: numbers of two languages, texts that can be seen."""

import pytest

from playground.attention.figures import named
from playground.widgets import theme

TOKENS = [
    "a",
    " the",
    "  ",
    "\n",
    "\t",
    "",
    "\ufffd",
    " \ufffd\ufffd",
    "\u0301",
    "\u0e31a",
    "\0",
    "\x7f",
    "\x85",
    "\u202eabc",
    "a b",
    "é",
    "␣",
]
NUMBERS = [  # what is called, in English, in Vietnamese
    ("exact(124439808)", "124,439,808", "124.439.808"),
    ("exact(1.5)", "1.5", "1,5"),
    ("decimal(-0.256, 2)", "−0.26", "−0,26"),
    ("decimal(2, 2)", "2.00", "2,00"),
    ("decimal(NaN, 2)", "–", "–"),
    ("decimal(null, 2)", "–", "–"),
    ("rounded(0.14123)", "0.141", "0,141"),
    ("rounded(1600)", "1600", "1600"),
    ("rounded(1.5e-7)", "1.50e-7", "1,50e-7"),
    ("rounded(20, 3, 3)", "20.0", "20,0"),
    ("rounded(0)", "0", "0"),
    ("scientific(3e-4, 1)", "3.0e-4", "3,0e-4"),
    ("scientific(-12345, 2)", "−1.23e4", "−1,23e4"),
    ("short(4900)", "4.9 k", "4,9 k"),
    ("short(999)", "999", "999"),
    ("short(1557611200)", "1.56 B", "1,56 B"),
    ("bytes(140)", "140 B", "140 B"),
    ("bytes(497759232)", "498 MB", "498 MB"),
    ("bytes(999600)", "1 MB", "1 MB"),
    ("percent(0.406)", "40.6 %", "40,6 %"),
    ("percent(0.0123)", "1.2 %", "1,2 %"),
    ("percent(0.0005)", "0.050 %", "0,050 %"),
    ("percent(0.0000126)", "0.0013 %", "0,0013 %"),
    ("percent(1.23e-9)", "1.2e-7 %", "1,2e-7 %"),
    ("percent(0)", "0 %", "0 %"),
    ("clock(65)", "1:05", "1:05"),
    ("clock(7265)", "2:01:05", "2:01:05"),
    ("say('many', { n: 1024, id: '50256' })", "1,024 of 50256", "1.024 trong 50256"),
    ("say('one')", "– of one", "– of one"),
    ("say('nothing')", "", ""),
]


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.set_content(f"<html lang='en'><head>{theme.head()}</head><body></body></html>")
    page.evaluate("""window.widget = (value) => playground.widget(document.body, { value },
        () => ({ many: '{n} of {id}', one: '{gone} of one' }))""")
    yield page
    page.close()


def test_numbers_are_those_of_the_values_language(page):
    for call, english, vietnamese in NUMBERS:
        text = "{ many: '{n} trong {id}' }"
        assert page.evaluate(f"widget({{ lang: 'en' }}).{call}") == english, call
        assert page.evaluate(f"widget({{ lang: 'vi', text: {text} }}).{call}") == vietnamese, call


def test_a_value_without_a_language_takes_the_pages(page):
    for lang, said in (("vi", "1.024"), ("fr", "1,024"), ("", "1,024"), ("en", "1,024")):
        page.evaluate(f"document.documentElement.lang = '{lang}'")
        assert page.evaluate("widget(null).exact(1024)") == page.evaluate("widget({}).exact(1024)") == said


def test_a_token_is_named_alike_on_the_page_and_in_pictures(page):
    for token in TOKENS:
        assert page.evaluate("token => widget(null).named(token)", token) == named(token), repr(token)
    assert [named(token) for token in TOKENS[:8]] == ["a", "␣the", "␣␣", "↵", "⇥", "…", "\ufffd", "␣\ufffd\ufffd"]
    assert [named(token) for token in TOKENS[8:10]] == ["\u25cc\u0301", "\u25cc\u0e31a"], "a mark without its letter"


def test_a_copy_is_what_the_browsers_own_would_be_and_costs_no_call_for_what_is_no_object(page):
    """Gradio copies each value of each component by itself: `gradio_clones.js` spares the calls that copy nothing."""
    found = page.evaluate("""() => {
      const frame = document.body.appendChild(document.createElement('iframe'));
      const own = frame.contentWindow.structuredClone;
      const circle = { list: [1, { a: null }], day: new Date(5), bytes: new Uint8Array([1, 2]) };
      circle.itself = circle;
      const told = (copy, value) => {
        try {
          const made = copy(value);
          return [made === value, Object(made) === made ? Object.keys(made).join() : String(made), Object.is(made, -0)];
        } catch (error) { return [error.name]; }
      };
      const values = [0, -0, NaN, 7n, '', 'a\\u0000', true, undefined, null, [1], circle, () => 1, Symbol('x')];
      const made = window.structuredClone(circle);
      return {
        differ: values.filter((value) => told(window.structuredClone, value).join() !== told(own, value).join()).length,
        whole: made.itself === made && made.list[1].a === null && made.day.getTime() === 5 && made.bytes[1] === 2,
      };
    }""")
    assert found == {"differ": 0, "whole": True}
