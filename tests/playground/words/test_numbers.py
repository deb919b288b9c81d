"""Numbers and durations: English as Python writes them, Vietnamese with a comma before the decimals."""

import subprocess
import sys

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from playground.words.durations import YEAR, duration, long_time
from playground.words.numbers import fill, format_number, localize, percent, short, si
from playground.words.translate import translate
from tests.tiny_runs import PROJECT


def _said(function, table: dict) -> None:
    """Check a function of a value and a language against what it says: value -> (English, Vietnamese)."""
    assert {value: (function(value, "en"), function(value, "vi")) for value in table} == table


def test_thousands_and_decimals_are_separated_as_the_language_does():
    _said(
        lambda value, lang: format_number(value, lang),
        {0: ("0", "0"), 999: ("999", "999"), 10_788_929: ("10,788,929", "10.788.929"), 1.5: ("1.5", "1,5"),
         -1234.25: ("-1,234.25", "-1.234,25"), 10**40: (f"{10**40:,}", f"{10**40:,}".replace(",", "."))},
    )  # fmt: skip
    specs = {".2f": ("1234.50", "1234,50"), ",.2f": ("1,234.50", "1.234,50"), ".1e": ("1.2e+03", "1,2e+03")}
    _said(lambda spec, lang: format_number(1234.5, lang, spec), specs)
    assert format_number(1234, "vi", "") == "1234"  # a step, which has no separator in English either


@given(st.integers() | st.floats(), st.sampled_from([",", ",.2f", ".3g", ".1e", "g", ".0f"]))
def test_the_digits_are_the_same_in_both_languages(value, spec):
    english, vietnamese = (format_number(value, lang, spec) for lang in ("en", "vi"))
    assert english == format(value, spec)
    assert vietnamese == english.translate({ord(","): ".", ord("."): ","})


@pytest.mark.parametrize("value", [0, 7, 1234, 10_788_929, 124_439_808, -65_536])
def test_whole_numbers_are_those_of_babel(value):
    assert format_number(value, "vi") == format_decimal(value, locale="vi")


@pytest.mark.parametrize("lang", ["en", "fr", "", None, 5, ["vi"]])
def test_what_is_no_vietnamese_is_english(lang):
    assert format_number(10_788_929, lang) == "10,788,929"


def test_numbers_within_a_text_are_written_anew_and_nothing_else_is():
    assert localize("12 × 6 × 1,600² + 2 × 384", "vi") == "12 × 6 × 1.600² + 2 × 384"
    assert localize("n/a, 1.5e-05", "vi") == "n/a, 1,5e-05" and localize("nan", "vi") == "nan"


def test_a_text_is_filled_with_numbers_of_the_language_and_its_names_stay_as_they_are():
    text = "{name}: {count:,} of {share:.1f} {sure} {step}"
    values = {"name": "0.1", "count": 4225, "share": 99.5, "sure": True, "step": 1000}
    assert fill(text, "en", **values) == text.format(**values) == "0.1: 4,225 of 99.5 True 1000"
    assert fill(text, "vi", **values) == "0.1: 4.225 of 99,5 True 1000"
    assert (
        translate("uploaded", "vi", name="a.txt", count=12_000, distinct=65)
        == "a.txt: 12.000 ký tự, 65 ký tự khác nhau"
    )
    assert "{count:,}" in translate("uploaded", "vi")  # unfilled, where the browser fills it


def test_counts_are_said_short():
    _said(
        short,
        {0: ("0", "0"), 999: ("999", "999"), 4225: ("4.22 k", "4,22 k"), 809_984: ("810 k", "810 k"),
         999_600: ("1 M", "1 M"), 10_788_929: ("10.8 M", "10,8 M"), 124_439_808: ("124 M", "124 M"),
         1_557_611_200: ("1.56 B", "1,56 B")},
    )  # fmt: skip


def test_large_numbers_are_said_in_three_digits():
    _said(
        lambda value, lang: si(value, "B", lang),
        {497_759_232: ("498 MB", "498 MB"), 999_600: ("1.00 MB", "1,00 MB"), 1.0766e12: ("1.08 TB", "1,08 TB"),
         140: ("140 B", "140 B"), 9.7e21: ("9700000 PB", "9700000 PB")},
    )  # fmt: skip


def test_shares_are_said_in_two_digits_or_more():
    _said(
        percent,
        {0: ("0.0 %", "0,0 %"), 0.31: ("31.0 %", "31,0 %"), 0.0063: ("0.63 %", "0,63 %"),
         1.4e-7: ("0.000014 %", "0,000014 %"), 1: ("100.0 %", "100,0 %")},
    )  # fmt: skip


def test_times_are_said_as_people_do():
    _said(
        duration,
        {None: ("measuring this machine …", "đang đo tốc độ máy …"), 0: ("about 1 s", "khoảng 1 giây"),
         40: ("about 40 s", "khoảng 40 giây"), 120: ("about 2 min", "khoảng 2 phút"),
         5400: ("about 1.5 hours", "khoảng 1,5 giờ"), 7200: ("about 2.0 hours", "khoảng 2,0 giờ"),
         864_000: ("about 10.0 days", "khoảng 10,0 ngày")},
    )  # fmt: skip


def test_times_may_last_for_centuries():
    _said(
        long_time,
        {3410 * YEAR: ("about 3,400 years", "khoảng 3.400 năm"), 1.73 * YEAR: ("about 1.7 years", "khoảng 1,7 năm"),
         0.9 * YEAR: ("about 328.7 days", "khoảng 328,7 ngày"), None: (duration(None, "en"), duration(None, "vi"))},
    )  # fmt: skip


def test_a_page_in_english_does_without_babel():
    code = "import sys; from playground.words.numbers import short; short(4225, 'en'); print('babel' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert result.stdout.strip() == "False", result.stderr
