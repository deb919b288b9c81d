"""Training as a generator: the same seed gives the same losses, exactly, whatever else is done with the model."""

import itertools
import math
from dataclasses import asdict

import pytest
import torch
from torch import nn

from core import data
from core.config import BigramConfig, TrainConfig
from core.model import Bigram
from core.optim import learning_rate, make_optimizer, parameter_groups
from core.sampling import generate
from core.training import Diverged, StepStats, Unfinished, evaluate, train

STEPS = 12


def text(N: int = 600, V: int = 11) -> torch.Tensor:
    """Return a random text that is easy to learn: most tokens are the last one plus one."""
    generator = torch.Generator().manual_seed(0)
    jumps = torch.where(torch.rand(N, generator=generator) < 0.8, 1, torch.randint(V, (N,), generator=generator))
    return jumps.cumsum(0) % V


def options(**others) -> TrainConfig:
    return TrainConfig.parse({"steps": STEPS, "batch_size": 4, "warmup_steps": 2, "eval_interval": 5} | others)


def losses(steps) -> list[float]:
    return [stats.loss for stats in steps]


def saved_and_loaded(value, path):
    torch.save(value, path)
    return torch.load(path, weights_only=True)


def test_every_step_is_told_once_and_completely(tiny_model):
    steps = list(train(tiny_model(), text(), options()))
    assert [stats.step for stats in steps] == list(range(1, STEPS + 1))
    assert all(isinstance(stats, StepStats) and stats.tokens == 4 * 8 and stats.seconds > 0 for stats in steps)
    assert [stats.learning_rate for stats in steps] == [learning_rate(step, options()) for step in range(STEPS)]
    assert [stats.step for stats in steps if stats.val_loss is not None] == [5, 10, 12]
    assert [stats.step for stats in steps if stats.train_loss is not None] == [5, 10, 12]
    assert all(math.isfinite(stats.loss) and stats.grad_norm > 0 for stats in steps)


def test_training_needs_no_tensor(tiny_model):
    expected = losses(train(tiny_model(), text(), options()))
    for tokens in (text().tolist(), text().numpy().astype("uint16"), text().int()):
        assert losses(train(tiny_model(), tokens, options())) == expected


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_same_seed_gives_the_same_losses_and_weights_exactly(tiny_model, dropout):
    first, second = tiny_model(dropout=dropout), tiny_model(dropout=dropout)
    assert losses(train(first, text(), options())) == losses(train(second, text(), options()))
    assert all(map(torch.equal, first.parameters(), second.parameters()))
    assert losses(train(tiny_model(dropout=dropout), text(), options(seed=1))) != losses(
        train(tiny_model(dropout=dropout), text(), options())
    )


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_how_often_it_is_evaluated_does_not_change_the_training(tiny_model, dropout):
    expected = losses(train(tiny_model(dropout=dropout), text(), options(eval_interval=100)))
    assert losses(train(tiny_model(dropout=dropout), text(), options(eval_interval=1))) == expected


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_what_is_done_between_the_steps_does_not_change_the_training(tiny_model, dropout):
    expected = losses(train(tiny_model(dropout=dropout), text(), options()))
    model, seen = tiny_model(dropout=dropout), []
    for stats in train(model, text(), options()):
        seen.append(stats.loss)
        next(generate(model, torch.tensor([[1]]), 5))  # a text begun and left
        list(generate(model, torch.tensor([[1]]), 2, seed=stats.step))
        evaluate(model, text(100))
        torch.manual_seed(torch.randint(100, ()))
        model(text(8)[None], text(8)[None])[1].backward()  # gradients of somebody else
        model.eval()
    assert seen == expected


def test_gradients_from_before_do_not_count(tiny_model):
    model = tiny_model()
    model(text(8)[None], text(8)[None])[1].backward()
    assert losses(train(model, text(), options())) == losses(train(tiny_model(), text(), options()))


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_training_leaves_torchs_own_randomness_alone(tiny_model, dropout):
    before = torch.get_rng_state()
    list(train(tiny_model(dropout=dropout), text(), options()))
    assert torch.equal(torch.get_rng_state(), before)


def test_two_runs_that_take_turns_do_not_notice_each_other(tiny_model):
    expected = losses(train(tiny_model(dropout=0.3), text(), options()))
    one, other = (train(tiny_model(dropout=0.3), text(), options()) for _ in range(2))
    pairs = list(zip(one, other, strict=True))
    assert losses(a for a, _ in pairs) == losses(b for _, b in pairs) == expected


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("pause", [1, 5, 7])
def test_a_run_saved_and_resumed_goes_on_exactly_where_it_was(tiny_model, tmp_path, dropout, pause):
    whole = tiny_model(dropout=dropout)
    expected = list(train(whole, text(), options()))

    model = tiny_model(dropout=dropout)
    optimizer = make_optimizer(model, options())
    before = list(itertools.islice(train(model, text(), options(), optimizer=optimizer), pause))
    resumed = tiny_model(seed=99, dropout=dropout)  # another start, which the saved weights replace
    resumed.load_state_dict(saved_and_loaded(model.state_dict(), tmp_path / "weights"))
    its_optimizer = make_optimizer(resumed, options())
    its_optimizer.load_state_dict(saved_and_loaded(optimizer.state_dict(), tmp_path / "optimizer"))
    after = list(train(resumed, text(), options(), optimizer=its_optimizer, start_step=pause))

    timeless = [{**asdict(stats), "seconds": None} for stats in before + after]
    assert timeless == [{**asdict(stats), "seconds": None} for stats in expected]
    assert all(map(torch.equal, resumed.parameters(), whole.parameters()))


def test_a_run_that_is_done_has_nothing_to_resume(tiny_model):
    assert list(train(tiny_model(), text(), options(), start_step=STEPS)) == []


def test_closing_the_generator_stops_the_training(tiny_model):
    model = tiny_model()
    run = train(model, text(), options())
    next(run)
    weights = [parameter.clone() for parameter in model.parameters()]
    run.close()
    assert list(run) == [] and all(map(torch.equal, weights, model.parameters()))
    assert all(parameter.grad is None for parameter in model.parameters())


def test_nothing_happens_before_the_first_turn(tiny_model):
    model = tiny_model()
    train(model, text(), options())
    assert all(map(torch.equal, model.parameters(), tiny_model().parameters()))


def test_too_short_a_text_is_refused_with_the_numbers(tiny_model):
    with pytest.raises(ValueError, match="The text has 89 tokens, but block_size=8 needs at least 90"):
        next(train(tiny_model(), text(89), options()))
    assert len(list(train(tiny_model(), text(90), options()))) == STEPS


def test_the_loss_falls_on_a_simple_text(tiny_model):
    config = options(steps=150, learning_rate=1e-2, batch_size=16, eval_interval=150)
    *_, last = train(tiny_model(dropout=0.1), text(2000), config)
    assert last.train_loss < 1.4 and last.val_loss < 1.4  # it starts at ln 11 = 2.4; the text itself has 0.9


def test_a_bigram_model_learns_the_conditional_entropy_of_its_text():
    tokens = text(3000)
    part = tokens[:2700]
    pairs = torch.bincount(part[:-1] * 11 + part[1:], minlength=121).view(11, 11).double()
    rows = pairs.sum(1, keepdim=True)
    entropy = -(pairs / pairs.sum() * (pairs / rows).clamp_min(1e-300).log()).sum().item()

    model = Bigram(BigramConfig(block_size=16, vocab_size=11))
    config = options(steps=250, batch_size=32, learning_rate=0.1, weight_decay=0.0, eval_interval=1000)
    *_, last = train(model, tokens, config)
    assert evaluate(model, part) == pytest.approx(entropy, abs=5e-3)
    assert last.train_loss == pytest.approx(entropy, abs=5e-3)


def test_evaluation_equals_a_plain_loop_over_windows(tiny_model):
    model, tokens = tiny_model(dropout=0.5), text(90)
    model.eval()
    each = [model(tokens[i : i + 8][None], tokens[i + 1 : i + 9][None])[1].item() for i in range(0, 88, 8)]
    model.train()
    assert evaluate(model, tokens) == pytest.approx(sum(each) / len(each), abs=1e-6)
    assert evaluate(model, tokens, limit=16) == pytest.approx((each[0] + each[-1]) / 2, abs=1e-6)
    assert model.training


def test_evaluation_weighs_a_last_smaller_batch_by_its_size(tiny_model):
    model, tokens = tiny_model().eval(), text(8 * 1030 + 1)  # 1,030 windows: 1,024 and 6
    x, y = data.windows(tokens, 8)
    assert evaluate(model, tokens) == pytest.approx(model(x, y)[1].item(), abs=1e-5)


def test_the_last_step_validates_on_the_whole_validation_part(tiny_model):
    model = tiny_model()
    *_, last = train(model, text(), options(eval_tokens=8))
    train_tokens, val_tokens = data.split(text(), 8)
    assert last.val_loss == evaluate(model, val_tokens)
    assert last.train_loss == evaluate(model, train_tokens, limit=8)


def finite(model: nn.Module) -> bool:
    return all(parameter.isfinite().all() for parameter in model.parameters())


def test_a_far_too_high_learning_rate_is_told_as_such_and_leaves_finite_weights(tiny_model):
    model = tiny_model()
    config = options(steps=200, learning_rate=10.0, weight_decay=10.0, eval_interval=1)
    with pytest.raises(Diverged, match=r"at step \d+; the weights of step \d+ are kept. Try a lower muon"):
        list(train(model, text(), config))
    assert finite(model)


@pytest.mark.parametrize(
    ("interval", "optimizer", "remedy"),
    [
        (4, "adamw", "learning_rate (0.0004 instead of 0.004)"),
        (100, "muon", "muon_learning_rate (0.003 instead of 0.03) and learning_rate (0.0004 instead of 0.004)"),
    ],
)
def test_after_a_nan_the_weights_of_the_last_estimate_are_back(tiny_model, interval, optimizer, remedy):
    model = tiny_model()
    run = train(model, text(), options(learning_rate=4e-3, eval_interval=interval, optimizer=optimizer))
    for stats in run:
        if stats.step == interval:
            kept = [parameter.clone() for parameter in model.parameters()]
        if stats.step == 6:
            break
    with torch.no_grad():
        model.lm_head.weight[0, 0] = math.nan
    with pytest.raises(Diverged) as caught:
        next(run)
    kept_step = 4 if interval == 4 else 0
    assert (caught.value.step, caught.value.kept_step) == (7, kept_step)
    assert str(caught.value) == (
        f"The loss stopped being a number at step 7; the weights of step {kept_step} are kept. Try a lower {remedy}"
    )
    expected = kept if interval == 4 else tiny_model().parameters()
    assert all(map(torch.equal, model.parameters(), expected))
    assert all(parameter.grad is None for parameter in model.parameters())


def test_weights_that_break_in_the_last_step_are_noticed_by_its_estimate(tiny_model, monkeypatch):
    model = tiny_model()
    monkeypatch.setattr("core.training.evaluate_by_turns", lambda *_: iter([math.nan]))
    with pytest.raises(Diverged, match="at step 5; the weights of step 0 are kept"):
        list(train(model, text(), options(steps=5, eval_interval=100)))
    assert all(map(torch.equal, model.parameters(), tiny_model().parameters()))


def test_gradients_are_clipped_to_their_longest_and_told_as_they_were(tiny_model):
    def change_and_norm(grad_clip: float) -> tuple[float, float]:
        """Take one step of plain gradient descent with rate 1: how far it goes is how long the gradient is."""
        model = tiny_model()
        sgd = torch.optim.SGD(model.parameters(), lr=1.0)
        config = options(steps=1, learning_rate=1.0, warmup_steps=0, grad_clip=grad_clip)
        (stats,) = train(model, text(), config, optimizer=sgd)
        moved = [(a - b).norm() for a, b in zip(model.parameters(), tiny_model().parameters(), strict=True)]
        return torch.stack(moved).norm().item(), stats.grad_norm

    free, norm = change_and_norm(0.0)
    assert free == pytest.approx(norm, rel=1e-4)
    assert change_and_norm(norm / 4) == pytest.approx((norm / 4, norm), rel=1e-4)
    assert change_and_norm(norm * 4) == pytest.approx((norm, norm), rel=1e-4)


def test_training_equals_a_hand_written_loop_with_adamw(tiny_model):
    rates = {"learning_rate": 1e-2, "weight_decay": 0.5, "beta1": 0.8, "beta2": 0.95}
    config = options(optimizer="adamw", steps=6, eval_interval=100, **rates)
    model = tiny_model()
    seen = losses(train(model, text(), config))

    plain, expected = tiny_model(), []
    weights = list(plain.parameters())
    m, v = ([torch.zeros_like(w) for w in weights] for _ in range(2))
    batches = data.Batches(data.split(text(), 8)[0], 8, 4, config.seed)
    for t in range(1, 7):
        _, loss = plain(*batches.at(t - 1))
        expected.append(loss.item())
        grads = torch.autograd.grad(loss, weights)
        norm = math.sqrt(sum(g.square().sum().item() for g in grads))
        rate = 1e-2 * t / 3 if t <= 2 else 1e-2 * (1 - (t - 3) / 3)  # two steps up, four down to 0
        with torch.no_grad():
            for i, (w, g) in enumerate(zip(weights, grads, strict=True)):
                g = g * min(1.0, 1.0 / norm)
                m[i] = 0.8 * m[i] + 0.2 * g
                v[i] = 0.95 * v[i] + 0.05 * g**2
                if w.dim() >= 2:
                    w *= 1 - rate * 0.5
                w -= rate * (m[i] / (1 - 0.8**t)) / ((v[i] / (1 - 0.95**t)).sqrt() + 1e-8)
    assert seen == pytest.approx(expected, abs=1e-4)
    gap = max((a - b).abs().max().item() for a, b in zip(model.parameters(), weights, strict=True))
    assert gap < 1e-3  # a rate of 0.01 moves weights by 0.03 in these steps


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_the_learning_rate_follows_its_closed_form(schedule):
    config = TrainConfig(steps=101, warmup_steps=10, learning_rate=0.5, min_learning_rate=0.1, schedule=schedule)
    rates = [learning_rate(step, config) for step in range(101)]
    assert rates[:10] == pytest.approx([0.5 * n / 11 for n in range(1, 11)])
    assert rates[10] == max(rates) == 0.5
    share = {"linear": 0.5, "cosine": 0.5, "constant": 1}[schedule]  # half-way between peak and last
    assert rates[55] == pytest.approx(0.05 + 0.45 * share)
    early = {"linear": 0.75, "cosine": 0.5 + math.sqrt(0.125), "constant": 1}[schedule]
    assert learning_rate(32, config.model_copy(update={"steps": 99})) == pytest.approx(0.05 + 0.45 * early)
    last = 0.5 if schedule == "constant" else 0.05
    assert rates[-1] == pytest.approx(last) == learning_rate(10**6, config)  # the last step has the last rate
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_a_warm_up_as_long_as_the_run_or_longer_reaches_the_peak_at_the_last_step():
    for warmup_steps in (4, 5, 10):
        config = TrainConfig(steps=5, warmup_steps=warmup_steps, learning_rate=1.0)
        assert [learning_rate(step, config) for step in range(5)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert learning_rate(0, TrainConfig(steps=1, warmup_steps=0, learning_rate=1.1)) == 1.1


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_a_continued_run_has_a_second_lower_schedule_and_its_first_one_is_as_it_was(schedule):
    config = TrainConfig(steps=20, warmup_steps=4, learning_rate=1.0, min_learning_rate=0.01, schedule=schedule)
    more = TrainConfig.parse({**config.model_dump(), "steps": 60, "continued_at": [20, 40]})
    rates = [learning_rate(step, more) for step in range(60)]
    assert rates[:20] == [learning_rate(step, config) for step in range(20)]
    if schedule == "constant":
        assert rates[20:] == [1.0] * 40
    else:
        assert rates[20:24] == pytest.approx([0.02, 0.04, 0.06, 0.08]) and rates[24] == max(rates[20:]) == 0.1
        assert rates[39] == pytest.approx(0.01) and rates[40:] == rates[20:40]


def test_an_estimate_that_is_left_between_two_batches_is_made_when_training_goes_on(tiny_model, monkeypatch):
    monkeypatch.setattr("core.training.tokens_at_once", lambda model: 16)
    expected = list(train(tiny_model(), text(), options()))
    for left_at in (5, 12):  # at the last step, too
        model = tiny_model()
        optimizer = make_optimizer(model, options())
        turns = train(model, text(), options(), optimizer=optimizer, by_turns=True)
        first = []
        for stats in turns:
            if isinstance(stats, Unfinished) and stats.step == left_at:
                break
            first += [] if isinstance(stats, Unfinished) else [stats]
        assert stats.val_loss is None and all(module.training for module in model.modules())
        turns.close()
        rest = list(train(model, text(), options(), optimizer=optimizer, start_step=left_at, unfinished=stats))
        told = [[(s.step, s.loss, s.train_loss, s.val_loss) for s in part] for part in (first + rest, expected)]
        assert told[0] == told[1]


@pytest.mark.parametrize("shape", [{}, {"tie_weights": False, "lm_head_bias": True}, {"bias": False}], ids=str)
def test_matrices_decay_and_biases_and_gains_do_not(tiny_model, shape):
    model = tiny_model(**shape)
    decayed, plain = parameter_groups(model, 0.3)
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.3, 0.0)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert all(names[id(p)].endswith("weight") and "ln_" not in names[id(p)] for p in decayed["params"])
    assert all(names[id(p)].endswith("bias") or "ln_" in names[id(p)] for p in plain["params"])
    grouped = [id(p) for p in decayed["params"] + plain["params"]]
    assert sorted(grouped) == sorted(names)  # each once, the tied matrix too


def test_a_model_of_matrices_alone_has_one_group():
    model = Bigram(BigramConfig(block_size=4, vocab_size=5))
    (group,) = parameter_groups(model, 0.1)
    assert group["params"] == list(model.parameters())
