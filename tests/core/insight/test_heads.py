"""What a head does is found when it is known beforehand: heads set by hand, sums done by hand, fresh models.

The hand-set models have no training behind them; every weight is there for a reason. Their residual stream is laid out
by dimension, V tokens and T positions:

    [0, V)             which token this is                  (wte is one-hot here)
    [V, V + T)         where it stands                      (wpe is one-hot here)
    [V + T, 2 V + T)   which token stood before it          (empty, until a head of the first layer writes it)

The LayerNorms do no harm: every token has the same number of ones, so all are shifted and scaled alike, and a softmax
ignores what is the same for all keys. The MLPs write nothing, and the second head of a layer has no preference.
"""

import copy
import math

import pytest
import torch

from core.attention import attention_layers, attention_maps
from core.config import BigramConfig, GPTConfig
from core.insight.heads import (
    PATTERNS,
    head_scores,
    induction_scores,
    labels,
    measure_heads,
    measured_of,
    uniform_induction_score,
    uniform_scores,
)
from core.insight.silencing import Rises, silence_heads
from core.model import GPT, Bigram
from tests.core.test_attention import traces
from tests.core.test_model import scrambled, tokens

V, T = 16, 32
HS = V + T  # room in a head for a token and a position
TOKEN, POSITION, BEFORE = torch.arange(V), V + torch.arange(T), V + T + torch.arange(V)
SHARP = 4.0  # how decided the heads are: queries are this much longer than keys


def blank_model(n_layer: int = 1) -> GPT:
    """Build a GPT that knows token and position, and whose heads look everywhere alike and write nothing."""
    model = GPT(GPTConfig(block_size=T, vocab_size=V, n_layer=n_layer, n_head=2, n_embd=2 * HS))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.fill_(1.0 if ".ln_" in name and name.endswith("weight") else 0.0)
        model.transformer["wte"].weight[TOKEN, TOKEN] = 1.0
        model.transformer["wpe"].weight[torch.arange(T), POSITION] = 1.0
    return model


def plant(model: GPT, pattern: str, layer: int = 0) -> GPT:
    """Set query and key of the first head of a layer by hand; query dimension d looks for key dimension d."""
    qkv = model.transformer["h"][layer].attn.c_attn
    C = model.config.n_embd
    with torch.no_grad():
        query, key = qkv.weight[:C], qkv.weight[C : 2 * C]  # views: rows are dimensions of the head, columns of x
        if pattern == "self":  # "I stand at i" looks for "I stand at i"
            query[POSITION, POSITION] = SHARP
            key[POSITION, POSITION] = 1.0
        elif pattern == "previous":  # "I stand at i" looks for "I stand at i - 1"
            query[POSITION[:-1], POSITION[1:]] = SHARP
            key[POSITION, POSITION] = 1.0
        elif pattern == "first":  # whoever asks (a bias) looks for "I stand at 0"
            qkv.bias[0] = 10 * SHARP
            key[0, POSITION[0]] = 1.0
        elif pattern == "same":  # "I am an a" looks for "I am an a", but not where it stands itself
            query[TOKEN, TOKEN] = SHARP
            key[TOKEN, TOKEN] = 1.0
            query[POSITION, POSITION] = -SHARP
            key[POSITION, POSITION] = 1.0
        elif pattern == "induction":  # "I am an a" looks for "before me stood an a"
            query[TOKEN, TOKEN] = SHARP
            key[TOKEN, BEFORE] = 1.0
        elif pattern == "far":  # always half a block less one back, whatever stands there
            query[POSITION[: -T // 2 + 1], POSITION[T // 2 - 1 :]] = SHARP
            key[POSITION, POSITION] = 1.0
    return model


def induction_model() -> GPT:
    """Build the circuit of two heads: the first tells each token what stood before it, the second looks for that."""
    model = plant(plant(blank_model(n_layer=2), "previous", layer=0), "induction", layer=1)
    first = model.transformer["h"][0].attn
    C = model.config.n_embd
    with torch.no_grad():
        first.c_attn.weight[2 * C + TOKEN, TOKEN] = 1.0  # what is handed on: which token it is
        first.c_proj.weight[BEFORE, TOKEN] = 0.2  # where it is put
    return model


def text(seed: int, length: int = T, vocabulary: int = V) -> torch.Tensor:
    return torch.randint(vocabulary, (length,), generator=torch.Generator().manual_seed(seed))


def labelled(model: GPT, ids: torch.Tensor) -> list:
    return labels(measure_heads(model, ids[None]))


def names(model: GPT, ids: torch.Tensor) -> list:
    return [[found and found[0] for found in layer] for layer in labelled(model, ids)]


@pytest.mark.parametrize("pattern", ["self", "previous", "first", "same"])
@pytest.mark.parametrize("length", [12, 32])
def test_a_planted_head_is_named_and_the_one_beside_it_is_not(pattern, length):
    model = plant(blank_model(), pattern)
    for seed in range(4):
        ids = text(seed, length, vocabulary=4)
        assert names(model, ids) == [[pattern, None]]
        (score,) = (found[1] for found in labelled(model, ids)[0] if found)
        assert score > 0.9


def test_two_heads_that_work_together_are_found_to_do_induction():
    model = induction_model()
    for seed in range(4):
        assert names(model, text(seed)) == [["previous", None], ["induction", None]]
    scores = induction_scores(model)
    assert scores[1, 0] > 0.9 and scores[[0, 0, 1], [0, 1, 1]].max() < 0.15


def test_without_the_first_head_the_second_does_no_induction():
    model = induction_model()
    with torch.no_grad():
        model.transformer["h"][0].attn.c_proj.weight.zero_()
    assert names(model, text(0))[1] == [None, None]


def test_looking_a_fixed_distance_back_does_not_pass_for_induction():
    model = plant(blank_model(), "far")
    assert induction_scores(model).max() < 0.3
    assert names(model, text(0)) == [[None, None]]


SHAPES = [
    {"block_size": 8, "vocab_size": 11, "n_layer": 2, "n_head": 2, "n_embd": 16},
    {"block_size": 32, "vocab_size": 65, "n_layer": 2, "n_head": 2, "n_embd": 64},
    {"block_size": 64, "vocab_size": 65, "n_layer": 4, "n_head": 4, "n_embd": 128},
    {"block_size": 32, "vocab_size": 4, "n_layer": 1, "n_head": 16, "n_embd": 16},
    {"block_size": 64, "vocab_size": 300, "n_layer": 1, "n_head": 12, "n_embd": 768},
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_fresh_model_earns_no_label(shape, seed):
    torch.manual_seed(seed)
    model = GPT(GPTConfig(**shape))
    T = shape["block_size"]
    texts = [
        text(seed, T, shape["vocab_size"]),
        text(seed, T, 3),
        torch.zeros(T),
        torch.arange(T) % 2,
        text(seed, 5, 4),
    ]
    for ids in (ids.long() for ids in texts):
        assert all(found is None for layer in labelled(model, ids) for found in layer)


def counted_by_hand(weights: list[list[float]], ids: list[int]) -> dict[str, float]:
    """Score one head with loops, straight from the definitions."""
    T = len(ids)
    keys = {
        "self": lambda q, k: k == q,
        "previous": lambda q, k: k == q - 1,
        "first": lambda q, k: k == 0,
        "same": lambda q, k: k < q and ids[k] == ids[q],
        "induction": lambda q, k: 0 < k < q and ids[k - 1] == ids[q],
    }
    scores = {}
    for name, belongs in keys.items():
        gathered = [[weights[q][k] for k in range(q + 1) if belongs(q, k)] for q in range(1, T)]
        gathered = [sum(found) for found in gathered if found]
        scores[name] = sum(gathered) / len(gathered) if gathered else math.nan
    rows = range(1, T)
    entropies = [-sum(w * math.log(w) for w in weights[q][: q + 1] if w > 0) for q in rows]
    distances = [sum(weights[q][k] * (q - k) for k in range(q + 1)) for q in rows]
    scores["entropy"] = sum(entropies) / (T - 1) if T > 1 else math.nan
    scores["distance"] = sum(distances) / (T - 1) if T > 1 else math.nan
    return scores


@pytest.mark.parametrize(
    "ids", [[3], [3, 3], [1, 2, 1, 2, 3], [5, 5, 5, 5], [0, 1, 2, 3], [0, 1, 1, 0, 1, 2, 0, 2, 2, 0]]
)
def test_scores_are_those_counted_by_hand(ids):
    weights = torch.randn(2, 3, len(ids), len(ids), generator=torch.Generator().manual_seed(1)) * 3
    future = torch.ones(len(ids), len(ids), dtype=torch.bool).triu(1)
    weights = weights.masked_fill(future, -math.inf).softmax(-1)
    scores = head_scores(weights, torch.tensor(ids))
    assert tuple(scores) == (*PATTERNS, "entropy", "distance")
    for layer in range(2):
        for head in range(3):
            expected = counted_by_hand(weights[layer, head].tolist(), ids)
            assert {name: scores[name][layer, head].item() for name in expected} == pytest.approx(
                expected, abs=1e-6, nan_ok=True
            )


def test_uniform_attention_has_scores_in_closed_form():
    uniform = uniform_scores(text(0))
    harmonic = sum(1 / (q + 1) for q in range(1, T)) / (T - 1)
    assert [uniform[name] for name in ("self", "previous", "first")] == pytest.approx([harmonic] * 3)
    assert uniform["entropy"] == pytest.approx(sum(math.log(q + 1) for q in range(1, T)) / (T - 1))
    assert uniform["distance"] == pytest.approx(sum(q / 2 for q in range(1, T)) / (T - 1))
    assert math.isnan(uniform_scores(torch.arange(5))["same"])  # no token comes twice: it cannot be measured


def test_a_blank_head_scores_as_uniform_attention_does():
    model, ids = blank_model(), text(3)
    scores = head_scores(attention_maps(model, ids[None]), ids)
    assert {name: score[0, 1].item() for name, score in scores.items()} == pytest.approx(uniform_scores(ids), abs=1e-5)
    assert induction_scores(model)[0, 1].item() == pytest.approx(uniform_induction_score(model), abs=1e-5)


@pytest.mark.parametrize(("share", "found"), [(0.15, None), (0.2, None), (0.3, "previous"), (0.6, "previous")])
def test_a_label_takes_three_tenths_of_the_attention(share, found):
    ids = torch.arange(T)  # uniform attention gives 0.1 to the previous token: 0.15 makes it 0.23, 0.2 makes it 0.28
    previous = torch.eye(T).roll(-1, dims=1).tril()
    previous[0, 0] = 1.0
    uniform = torch.ones(T, T).tril() / torch.arange(1, T + 1)[:, None]
    weights = (share * previous + (1 - share) * uniform)[None, None]
    ((label,),) = labels(measured_of([weights], ids[None]))
    assert (label and label[0]) == found


def test_too_short_a_text_earns_no_label():
    model = plant(blank_model(), "previous")
    assert [names(model, text(0, length))[0][0] for length in (1, 2, 4, 5)] == [None, None, None, "previous"]


def test_one_repeated_token_is_not_enough_to_be_named_after_it():
    ids = torch.tensor([0, 1, 2, 3, 4, 5, 6, 7, 0])
    assert names(plant(blank_model(), "same"), ids) == [[None, None]]


def test_induction_scores_repeat_with_their_seed_and_leave_no_trace(tiny_model):
    model = scrambled(tiny_model(dropout=0.5)).train()
    before = traces(model)
    scores = induction_scores(model, seed=3)
    assert scores.shape == (2, 2) and scores.min() >= 0 and scores.max() <= 1
    assert torch.equal(scores, induction_scores(model, seed=3))
    assert not torch.equal(scores, induction_scores(model, seed=4))
    assert traces(model) == before


@pytest.mark.parametrize("options", [{"block_size": 7}, {"vocab_size": 3}])
def test_a_model_too_small_for_the_induction_test_is_refused(tiny_model, options):
    for measure in (induction_scores, uniform_induction_score):
        with pytest.raises(ValueError, match="4 different tokens said twice"):
            measure(tiny_model(**options))


def test_scores_of_another_text_are_refused(tiny_model):
    weights = attention_maps(tiny_model(), tokens(tiny_model(), 1, 8))
    with pytest.raises(ValueError, match="give the ids that the model read"):
        head_scores(weights, torch.arange(7))


def test_silencing_a_head_equals_cutting_its_columns_from_the_projection(tiny_model):
    model = scrambled(tiny_model(n_layer=2, n_head=4, dropout=0.5)).train()
    x, y = tokens(model, 3, 8), tokens(model, 3, 7).repeat(1, 2)[:, :8]
    before = traces(model)
    rises = []
    for layer, head, rise in silence_heads(model, x, y):
        assert traces(model) == before  # between turns, too
        rises.append((layer, head))
        cut = copy.deepcopy(model).eval()
        hs = model.config.n_embd // model.config.n_head
        with torch.no_grad():
            usual = cut(x, y)[1].item()
            attention_layers(cut)[layer].c_proj.weight[:, head * hs : (head + 1) * hs] = 0.0
            assert rise.shape == (3,)
            assert rise.mean().item() == pytest.approx(cut(x, y)[1].item() - usual, abs=1e-5)
            assert (rise != 0.0).all()
    assert rises == [(layer, head) for layer in range(2) for head in range(4)]


def test_silencing_stopped_half_way_leaves_no_trace(tiny_model):
    model = tiny_model()
    before = traces(model)
    turns = silence_heads(model, tokens(model, 2, 8), tokens(model, 2, 8))
    next(turns)
    turns.close()
    assert traces(model) == before
    with pytest.raises(IndexError):
        list(silence_heads(model, torch.full((1, 4), 999), torch.zeros(1, 4, dtype=torch.long)))
    assert traces(model) == before


def test_a_head_that_writes_nothing_does_not_matter():
    rises = {
        (layer, head): rise.item()
        for layer, head, rise in silence_heads(induction_model(), text(0)[None], text(1)[None])
    }
    assert rises[0, 0] != 0.0 and [rises[0, 1], rises[1, 0], rises[1, 1]] == [0.0, 0.0, 0.0]


def test_what_cannot_be_silenced_is_refused_at_once(tiny_model):
    rows = torch.zeros(2, 4, dtype=torch.long)
    with pytest.raises(ValueError, match="has no attention"):
        silence_heads(Bigram(BigramConfig(block_size=8, vocab_size=11)), rows, rows)
    with pytest.raises(ValueError, match=r"must be one batch \(B, T\)"):
        silence_heads(tiny_model(), rows, rows[:, 1:])


def test_a_label_belongs_to_a_head_and_says_its_spread_from_text_to_text():
    model = plant(blank_model(), "previous")
    texts = torch.stack([text(seed) for seed in range(6)])
    measured = measure_heads(model, texts)
    by_text = torch.stack([head_scores(attention_maps(model, ids[None]), ids)["same"][0, 0] for ids in texts])
    assert measured.mean["same"][0, 0].item() == pytest.approx(by_text.nanmean().item())
    assert measured.spread["same"][0, 0].item() == pytest.approx(by_text[by_text.isfinite()].std().item(), abs=1e-6)
    assert (measured.texts, measured.tokens) == (6, 6 * T)
    ((label, other),) = labels(measured)
    assert label[0] == "previous" and label[1] > 0.9 and 0 <= label[2] < 0.1 and other is None


def test_what_no_text_can_show_is_not_measured_and_even_attention_stands_beside_the_rest(tiny_model):
    small = measure_heads(tiny_model(block_size=7), torch.arange(5)[None])
    for name in ("same", "induction"):  # no token comes twice, and the model is too small for the test of induction
        assert small.mean[name].isnan().all() and math.isnan(small.even[name]) and small.queries[name] == 0
    model = blank_model()
    measured = measure_heads(model, torch.stack([text(seed) for seed in range(3)]))
    for name in PATTERNS:  # a blank head attends evenly
        assert measured.mean[name][0, 1].item() == pytest.approx(measured.even[name], abs=1e-5)
    assert measured.even["induction"] == pytest.approx(uniform_induction_score(model))


def test_a_rise_has_a_standard_error_and_heads_within_the_noise_are_not_told_apart():
    rises = Rises(1, 3)
    noise = torch.tensor([0.5, -0.5, 0.25, -0.25], dtype=torch.float64)
    rises.add(0, 0, 1.0 + noise[:1])
    assert rises.errors() == [[None, None, None]] and rises.means() == [[1.5, None, None]] and rises.fewest() == 0
    rises.add(0, 0, 1.0 + noise[1:])
    rises.add(0, 1, 0.9 + noise)  # it varies with the first one: 0.1 less on every window
    rises.add(0, 2, 0.9 - noise)
    assert rises.means() == [pytest.approx([1.0, 0.9, 0.9])] and rises.fewest() == 4
    assert rises.errors()[0] == pytest.approx([float(noise.std()) / 2] * 3)
    assert rises.told_apart((0, 0), (0, 1)) and not rises.told_apart((0, 0), (0, 2))
    assert rises.ranked()[0] == (0, 0)
