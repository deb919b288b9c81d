"""Numbers and names of runs: a number stays with its run for good, a name is a text of at most 60 characters."""

import pytest

from core.runs.directory import RunDir
from core.runs.listing import delete, list_runs
from core.runs.naming import LONGEST_NAME, given_name, name_of, number_runs, rename
from tests.tiny_runs import refusal, tiny_plan


def _numbered(root) -> dict[str, int | None]:
    number_runs(root, list_runs(root)[0][::-1])
    return {run.id: name_of(run).number for run in list_runs(root)[0]}


def test_a_number_stays_when_others_are_deleted_and_is_not_given_again(tmp_path):
    for name in ("a", "b", "c"):
        tiny_plan().create(tmp_path, name)
    assert _numbered(tmp_path) == {"a": 1, "b": 2, "c": 3}
    delete(RunDir(tmp_path / "b"))
    delete(RunDir(tmp_path / "c"))
    tiny_plan().create(tmp_path, "d")
    assert _numbered(tmp_path) == {"a": 1, "d": 4}


def test_the_numbers_of_other_runs_count_without_being_read_again(tmp_path):
    old, new = (tiny_plan().create(tmp_path, name) for name in ("a", "b"))
    (old.path / "name.json").write_text("not read")
    assert [name.number for name in number_runs(tmp_path, [new], others=[7]).values()] == [8]
    assert name_of(new).number == 8


def test_a_name_is_kept_beside_the_number_and_taken_away_by_an_empty_one(tmp_path):
    run = tiny_plan().create(tmp_path, "a")
    _numbered(tmp_path)
    assert rename(run, "  Tốc độ\tcao\n<b>\u202e ") == "Tốc độ cao <b>"
    assert (name_of(run).number, name_of(run).name) == (1, "Tốc độ cao <b>")
    for sign in ("👨\u200d👩\u200d👧", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "❤\ufe0f"):
        assert rename(run, f"a\u200b {sign}") == f"a {sign}"
    assert rename(run, " ") is None and name_of(run).name is None
    assert f"more than the {LONGEST_NAME}" in refusal(rename, run, "x" * (LONGEST_NAME + 1))
    assert "must be a text" in refusal(rename, run, ["x"])


@pytest.mark.parametrize(
    "damage", ["", "[]", '{"number": 0}', '{"number": "1"}', '{"name": ""}', '{"name": 5}', "[" * 9999]
)
def test_a_damaged_name_is_none_and_a_number_comes_anew(tmp_path, damage):
    run = tiny_plan().create(tmp_path, "a")
    (run.path / "name.json").write_text(damage)
    assert name_of(run).name is None
    assert _numbered(tmp_path)["a"] == 1


def test_a_name_of_the_command_line_is_one_and_an_id_that_was_made_up_is_none(tmp_path):
    assert given_name("my-run") == "my-run"
    assert given_name(tiny_plan().create(tmp_path).id) is None and given_name("welcome") is None
