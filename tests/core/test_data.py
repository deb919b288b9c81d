"""Windows of a text: y one token ahead of x, each stretch once an epoch, and nothing random but (seed, step)."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.data import Batches, split, step_seed, windows


def text(N: int) -> torch.Tensor:
    """Return a text in which every token says where it stands."""
    return torch.arange(N)


def starts_of(batches: Batches, steps: range) -> list[int]:
    """Return where each window of the steps starts in `text`."""
    return [int(start) for step in steps for start in batches.at(step)[0][:, 0]]


sizes = st.tuples(st.integers(1, 9), st.integers(1, 20)).flatmap(
    lambda TB: st.tuples(st.just(TB[0]), st.just(TB[1]), st.integers(TB[0] + 1, 150))
)


@given(sizes=sizes, seed=st.integers(0, 2**53 - 1), step=st.integers(0, 1_000_000))
def test_y_is_x_shifted_by_one_and_windows_lie_within_the_text(sizes, seed, step):
    T, B, N = sizes
    x, y = Batches(text(N), T, B, seed).at(step)
    assert x.shape == y.shape == (B, T)
    assert torch.equal(y, x + 1) and torch.equal(x, x[:, :1] + torch.arange(T))
    assert x.min() >= 0 and y.max() < N


@given(sizes=sizes, seed=st.integers(0, 99), epoch=st.integers(0, 3))
def test_an_epoch_deals_every_window_once_without_overlap(sizes, seed, epoch):
    T, _, N = sizes
    batches = Batches(text(N), T, 1, seed)  # one window a step, so steps and windows are the same
    starts = sorted(starts_of(batches, range(epoch * batches.windows, (epoch + 1) * batches.windows)))
    assert all(b - a == T for a, b in zip(starts, starts[1:], strict=False))
    assert 0 <= starts[0] < T and starts[-1] + T < N
    assert N - len(starts) * T < 3 * T  # what an epoch leaves out is less than a window at each end, and y's step


def test_epochs_differ_in_order_and_alignment_so_that_every_token_is_seen():
    batches = Batches(text(1000), 8, 1, seed=3)
    epochs = [starts_of(batches, range(e * batches.windows, (e + 1) * batches.windows)) for e in range(40)]
    assert len({tuple(epoch) for epoch in epochs}) == 40
    assert {epoch[0] % 8 for epoch in epochs} == set(range(8))
    assert {start + t for epoch in epochs for start in epoch for t in range(8)} == set(range(999))


def test_windows_are_drawn_evenly():
    batches = Batches(text(8 * 10 + 8), 8, 1, seed=0)
    first = torch.tensor([starts_of(batches, range(e * 10, e * 10 + 1))[0] // 8 for e in range(2000)])
    counts = torch.bincount(first, minlength=10)
    assert counts.min() > 140 and counts.max() < 260  # 200 expected, 13 is one standard deviation


@given(steps=st.lists(st.integers(0, 30), min_size=1, max_size=9), seed=st.integers(0, 9))
def test_a_batch_depends_on_seed_and_step_alone_whatever_was_asked_before(steps, seed):
    used = Batches(text(100), 4, 7, seed)
    for step in steps:
        torch.rand(1)
        x, _ = used.at(step)
        assert torch.equal(x, Batches(text(100), 4, 7, seed).at(step)[0])


def test_batches_leave_torchs_own_randomness_alone():
    before = torch.get_rng_state()
    Batches(text(100), 4, 7, 0).at(20)
    assert torch.equal(torch.get_rng_state(), before)


def test_other_seeds_and_steps_give_other_batches_and_other_dropout():
    firsts = {tuple(starts_of(Batches(text(10_000), 8, 4, seed), range(1))) for seed in range(50)}
    assert len(firsts) == 50
    seeds = {step_seed(seed, step) for seed in range(50) for step in range(50)}
    assert len(seeds) == 2500 and all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize(("N", "T", "B"), [(9, 8, 16), (17, 8, 5), (2, 1, 3)])
def test_a_tiny_text_fills_batches_with_more_rows_than_it_has_windows(N, T, B):
    batches = Batches(text(N), T, B, seed=1)
    for step in range(5):
        x, y = batches.at(step)
        assert x.shape == (B, T) and y.max() < N


def test_the_split_is_nine_to_one_and_loses_nothing():
    for N in (90, 91, 99, 100, 1000, 1009):
        train, val = split(text(N), 8)
        assert torch.equal(torch.cat([train, val]), text(N)), N
        assert len(train) == N * 9 // 10, N


def test_text_to_validate_on_is_never_trained_on():
    train, val = split(text(500), 8)
    batches = Batches(train, 8, 16, seed=0)
    assert max(int(batches.at(step)[1].max()) for step in range(100)) < int(val[0])


@pytest.mark.parametrize("T", [1, 8, 100])
def test_the_shortest_text_that_is_taken_can_be_trained_and_validated_on(T):
    train, val = split(text(10 * (T + 1)), T)
    assert Batches(train, T, 2, 0).at(0)[0].shape == (2, T)
    assert len(windows(val, T)[0]) == 1
    with pytest.raises(ValueError, match=f"block_size={T} needs at least {10 * (T + 1):,}"):
        split(text(10 * (T + 1) - 1), T)


def test_too_short_a_text_is_refused_with_the_numbers_and_a_block_that_fits():
    with pytest.raises(ValueError, match=r"The text has 1,234 tokens, but block_size=256 .* lower block_size to 122"):
        split(text(1234), 256)
    split(text(1234), 122)
    with pytest.raises(ValueError, match="The text has 10 tokens, .*; add text$"):
        split(text(10), 1)


@given(T=st.integers(1, 9), n=st.integers(1, 20), rest=st.integers(0, 8))
def test_windows_cover_the_text_in_order_and_once(T, n, rest):
    N = n * T + 1 + min(rest, T - 1)
    x, y = windows(text(N), T)
    assert torch.equal(x.flatten(), text(n * T)) and torch.equal(y, x + 1)
    assert N - 1 - x.numel() < T


@given(T=st.integers(1, 9), n=st.integers(1, 300), limit=st.integers(1, 300))
def test_a_limit_spreads_different_windows_over_the_whole_text(T, n, limit):
    x, y = windows(text(n * T + 1), T, limit)
    count = min(n, max(1, limit // T))
    assert x.shape == (count, T) and torch.equal(y, x + 1)
    starts = x[:, 0].tolist()
    assert starts == sorted(set(starts)) and all(start % T == 0 for start in starts)
    assert starts[0] == 0 and (count == 1 or starts[-1] == (n - 1) * T)


def test_a_text_without_a_single_window_is_refused_with_the_numbers():
    with pytest.raises(ValueError, match="The text has 8 tokens, but one window of block_size=8 needs 9"):
        windows(text(8), 8)
