"""You against the model: what a model's bets cost is what the run's evaluation says at the same places."""

import json
import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from core import data
from core.device import tokens_at_once
from core.lab import guessing
from core.lab.guessing import TURNS, Guess, Outcome, answers, bits_per_character, counted, game_of, outcome, share_of
from core.model import eval_mode
from core.runs.directory import RunDir
from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import Corpus
from core.text.ngrams import ngram_cross_entropy
from core.training import evaluate
from tests.tiny_runs import MODEL, TEXT, TRAIN, refusal

KINDS = {
    "gpt": ({}, {**MODEL, "dropout": 0.2}),
    "modern": ({"architecture": "modern"}, MODEL),
    "bigram": ({"architecture": "bigram"}, {"block_size": 8}),
}


@pytest.fixture(scope="module", params=KINDS)
def run(request, tmp_path_factory) -> RunDir:
    torch.set_num_threads(1)
    options, model = KINDS[request.param]
    plan = plan_run(
        Corpus("own", TEXT), {"sample_tokens": 4, **options}, model, {**TRAIN, "steps": 20, "eval_interval": 10}
    )
    run = plan.create(tmp_path_factory.mktemp("guessing"), "run")
    run.write_baselines({"uniform": 1.0})  # else a thread writes beside
    for _ in train_run(run):
        pass
    return run


def every_place(run: RunDir) -> guessing.Game:
    """Return a game with a turn at each place that the evaluation of a run reads."""
    game = game_of(run)
    last = (len(game.val) - 1) // game.block_size * game.block_size
    ids = game.val.tolist()
    return replace(game, turns=[guessing.Turn(at, "", game.chars[ids[at]]) for at in range(1, last + 1)])


def test_what_a_model_gives_costs_what_the_evaluation_says_at_the_same_places(run):
    game = game_of(run, seed=3)
    x, y = data.windows(game.val, game.block_size)
    for step in (0, 10, 20):
        model = run.load_snapshot(step)
        with eval_mode(model):
            losses = torch.cat(
                [F.cross_entropy(model(x[i : i + 1])[0][0], y[i], reduction="none") for i in range(len(x))]
            )
        expected = [losses[turn.place - 1].item() / math.log(2) for turn in game.turns]
        given_ = answers(model, game)
        assert [-answer.log2 for answer in given_] == pytest.approx(expected, abs=1e-6)
        assert bits_per_character(answer.log2 for answer in given_) == pytest.approx(sum(expected) / TURNS, abs=1e-6)


def test_over_all_places_the_bits_are_the_validation_loss_that_the_run_wrote(run, monkeypatch):
    monkeypatch.setattr(guessing, "tokens_at_once", lambda config: 3 * config.block_size)  # several batches
    game, model = every_place(run), run.load_snapshot(20)
    bits = bits_per_character(answer.log2 for answer in answers(model, game))
    written = next(row["val_loss"] for row in run.rows("metrics")[0] if row["step"] == 20)
    assert bits * math.log(2) == pytest.approx(written, abs=1e-6)
    assert bits * math.log(2) == pytest.approx(evaluate(model, game.val), abs=1e-6)
    assert tokens_at_once(model.config) > 3 * game.block_size


def test_the_likeliest_character_is_the_one_that_the_model_would_write(run):
    game, model = game_of(run), run.load_snapshot(20)
    for turn, answer in zip(game.turns, answers(model, game), strict=True):
        with eval_mode(model):
            logits = model(torch.tensor([[game.chars.index(c) for c in turn.context]]))[0][0, -1]
        assert answer.likeliest == game.chars[int(logits.argmax())]
        assert answer.log2 == pytest.approx(
            float(logits.log_softmax(-1)[game.chars.index(turn.answer)]) / math.log(2), abs=1e-5
        )


def test_a_model_stays_in_the_mode_that_it_was_in(run):
    model = run.load_snapshot(20).train()
    assert answers(model, game_of(run)) == answers(run.load_snapshot(20), game_of(run)) and model.training


# -- the turns ---------------------------------------------------------------------------------------------------------


def test_turns_are_held_out_places_with_half_a_block_before_them_and_depend_on_the_seed_alone(run):
    game, T = game_of(run, seed=5), 8
    held_out = TEXT[len(TEXT) * 9 // 10 :]
    assert len(game.turns) == TURNS and len({turn.place for turn in game.turns}) == TURNS
    for turn in game.turns:
        assert held_out[turn.place] == turn.answer
        assert T // 2 < len(turn.context) <= T
        assert held_out[turn.place - len(turn.context) : turn.place] == turn.context
        assert (turn.place - len(turn.context)) % T == 0  # it begins where a window does
    assert [turn.place for turn in game.turns] == sorted(turn.place for turn in game.turns)
    assert game_of(run, seed=5).turns == game.turns != game_of(run, seed=6).turns


def test_every_place_with_half_a_block_before_it_may_be_chosen(run):
    windows = (len(game_of(run).val) - 1) // 8
    assert len(game_of(run, turns=4 * windows).turns) == 4 * windows
    assert refusal(game_of, run, 0, 4 * windows + 1) == (
        f"The validation part has only {4 * windows:,} places to guess at, fewer than {4 * windows + 1:,}; "
        "ask for fewer turns"
    )


def test_odd_games_are_refused(run, tmp_path):
    assert refusal(game_of, run, -1).startswith("seed=-1 is not possible")
    assert refusal(game_of, run, "1").startswith("seed='1' is not possible")
    for turns in (0, -1, 2.0, True, "20"):
        said = refusal(game_of, run, 0, turns)
        assert said == f"turns={turns!r} is not possible; ask for a whole number from 1 on"
    words = RunDir(tmp_path)
    config = {**run.config().to_json(), "tokenizer": {"kind": "gpt2"}}
    config["model"]["vocab_size"] = 50_257
    if config["architecture"] != "bigram":  # which has no so large a vocabulary
        (tmp_path / "run.json").write_text(json.dumps(config))
        assert refusal(game_of, words) == (
            "This run's tokens are longer than a character; choose a run with tokenizer='char'"
        )


# -- what counting gives -----------------------------------------------------------------------------------------------


def test_over_all_places_what_counting_gives_costs_its_loss(run):
    game = game_of(run)
    ids = game.val.tolist()
    whole = replace(game, turns=[guessing.Turn(at, "", game.chars[i]) for at, i in enumerate(ids)])
    found = counted(whole, (0, 2, 5))
    assert list(found) == [0, 2, 5]
    for order, log2s in found.items():
        loss = ngram_cross_entropy(game.train.numpy(), game.val.numpy(), order, len(game.chars))
        assert bits_per_character(log2s) * math.log(2) == pytest.approx(loss, abs=1e-9)
    some = counted(game)
    assert some == {order: [found[order][turn.place] for turn in game.turns] for order in (2, 5)}
    assert counted(game, ()) == {}
    assert refusal(counted, game, (2, -1)) == (
        "order=[2, -1] is not possible; choose 0 (uniform), 1 (frequencies) or more"
    )


def test_the_bigram_gives_what_its_own_counts_say_where_a_pair_came_often(run):
    """Counted by hand: close to the share of pairs, because the smoothing takes from each pair less than 2 counts."""
    game = game_of(run)
    text = TEXT[: len(TEXT) * 9 // 10]
    checked = 0
    for turn, log2 in zip(game.turns, counted(game, (2,))[2], strict=True):
        pair, first = text.count(turn.context[-1] + turn.answer), text[:-1].count(turn.context[-1])
        if pair > 100:
            assert 2**log2 == pytest.approx(pair / first, rel=0.05)
            checked += 1
    assert checked > 3


# -- the person's bets -------------------------------------------------------------------------------------------------

LETTERS = "abcdefgh"


@given(st.dictionaries(st.sampled_from(LETTERS), st.floats(0.001, 0.12), max_size=8))
def test_what_a_bet_gives_all_characters_adds_up_to_one(shares):
    if len(shares) == len(LETTERS):
        shares = {letter: share / math.fsum(shares.values()) for letter, share in shares.items()}
    given_ = [share_of(shares, letter, LETTERS) for letter in LETTERS]
    assert math.fsum(given_) == pytest.approx(1) and min(given_) > 0
    assert all(given_[LETTERS.index(letter)] == share for letter, share in shares.items())


ODD_BETS = {
    "no dict": ([("a", 1)], "A bet must name characters and their shares, but is of type list"),
    "two letters": ({"ab": 0.5}, "A bet names 'ab', which is no character of the text; bet on those that it has"),
    "no letter": ({"": 0.5}, "A bet names '', which is no character of the text; bet on those that it has"),
    "unknown": ({"é": 0.5}, "A bet names 'é', which is no character of the text; bet on those that it has"),
    "a number": ({5: 0.5}, "A bet names 5, which is no character of the text; bet on those that it has"),
    "nan": ({"a": math.nan}, "The share of 'a' is nan; give each a number above 0 and at most 1"),
    "zero": ({"a": 0}, "The share of 'a' is 0; give each a number above 0 and at most 1"),
    "negative": ({"a": -0.1, "b": 0.9}, "The share of 'a' is -0.1; give each a number above 0 and at most 1"),
    "a truth": ({"a": True}, "The share of 'a' is True; give each a number above 0 and at most 1"),
    "a word": ({"a": "0.5"}, "The share of 'a' is '0.5'; give each a number above 0 and at most 1"),
    "more than one": ({"a": 1.5}, "The share of 'a' is 1.5; give each a number above 0 and at most 1"),
    "sure": (
        {"a": 1.0},
        "The shares add up to 1.00; leave at least 0.01 for the other characters, because to be sure and wrong costs "
        "infinitely many bits",
    ),
    "too many": (
        {"a": 0.7, "b": 0.7},
        "The shares add up to 1.40; leave at least 0.01 for the other characters, because to be sure and wrong costs "
        "infinitely many bits",
    ),
    "all, too little": (
        dict.fromkeys(LETTERS, 0.1),
        "The shares of all characters add up to 0.80; let them add up to 1",
    ),
}


@pytest.mark.parametrize("case", ODD_BETS)
def test_what_is_no_distribution_is_refused_whatever_came_next(case):
    shares, expected = ODD_BETS[case]
    for letter in LETTERS:
        assert refusal(share_of, shares, letter, LETTERS) == expected


def test_hits_and_bits_are_counted_by_hand(run):
    game = game_of(run)
    first, second, third = game.turns[:3]
    V = len(game.chars)
    other = next(c for c in game.chars if c != second.answer)
    guesses = [
        Guess(first.answer, {first.answer: 0.5}),  # one bit
        Guess(other, {other: 0.75}),  # a quarter, spread over all but one
        Guess(third.answer),  # without a bet
    ]
    expected = (1 - math.log2(0.25 / (V - 1))) / 2
    assert outcome(game, guesses) == Outcome(2, 3, pytest.approx(expected), 2)
    assert outcome(game, guesses).hit_rate == 2 / 3
    assert outcome(game, [Guess(other)] * 2).bits_per_character is None
    even = outcome(game, [Guess(turn.answer, {}) for turn in game.turns])
    assert even == Outcome(TURNS, TURNS, pytest.approx(math.log2(V)), TURNS)


def test_odd_guesses_are_refused(run):
    game = game_of(run)
    for guesses in ([], [Guess("a")] * (TURNS + 1)):
        assert refusal(outcome, game, guesses) == (
            f"There are {len(guesses)} guesses for 20 turns; give one for each turn that was played"
        )
    for character in ("", "ab", None, 5):
        assert refusal(outcome, game, [Guess(character)]) == (
            f"A guess must be one character, but is {character!r}; choose one"
        )
    assert refusal(outcome, game, [Guess("a", {"a": 3})]).startswith("A bet names 'a'")
    assert refusal(bits_per_character, []) == "There is no turn to score; play at least one"
