"""Whatever comes in is parsed, or refused in one sentence; `python -m benchmarks.contracts` tries ten thousand."""

import pytest

from benchmarks import contracts
from benchmarks.contracts import CONTRACTS, go_through, hold
from playground.server.refusal import Refusal


@pytest.mark.parametrize("name", CONTRACTS)
def test_anything_is_parsed_or_refused_in_one_sentence(name):
    parsed, refused = go_through(name, 60)
    assert parsed + refused >= 60 and parsed, "no case of this contract is possible"
    assert refused or name in ("name.json", "baselines.json", "read_text"), "every case of this contract passes"


def _raises(error: BaseException):
    def act(value):
        raise error

    return act


@pytest.mark.parametrize(
    "act",
    [
        _raises(TypeError("a fault")),
        _raises(ValueError("")),
        _raises(ValueError("two\nlines")),
        _raises(ValueError("x" * 10_000)),
        _raises(ValueError("half \ud800")),
        _raises(Refusal(500, "A fault")),
        lambda value: "\ud800",
    ],
)
def test_a_contract_that_is_broken_is_found(monkeypatch, act):
    monkeypatch.setitem(contracts.CONTRACTS, "broken", (contracts.TEXT, act))
    with pytest.raises((AssertionError, TypeError, UnicodeEncodeError)):
        hold("broken", "a")


def test_the_command_tells_each_fault(monkeypatch, capsys):
    monkeypatch.setattr(contracts, "CONTRACTS", {"broken": (contracts.TEXT, _raises(KeyError("a fault"))),
                                                 "whole": (contracts.TEXT, len)})  # fmt: skip
    contracts.main(["--cases", "10"])
    told = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in told.splitlines() if "|" in line]
    assert [row[3] for row in rows if row[0] in ("broken", "whole", "all")] == ["1", "0", "1"]
    assert "KeyError" in told
