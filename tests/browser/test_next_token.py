"""The sums that the browser does by itself, held against core/sampling.py: the same bars, numbers and tokens."""

import base64
import json
from pathlib import Path
from random import Random

import pytest
import torch

from core.sampling import _choose, _probs, generate, next_token_probs
from playground.generate import by_hand

SOURCE = Path(by_hand.__file__).with_name("next_token.js").read_text(encoding="utf-8")
TEMPERATURES = (0, 1e-8, 0.05, 0.3, 1, 2.5, 10, 100)
ASK = """(asked) => asked.map(({ logits, temperature, topK, topP, seed, draws }) => {
    const read = new Float32Array(Uint8Array.from(atob(logits), (c) => c.charCodeAt(0)).buffer);
    const shares = nextToken.probs(read, nextToken.ranked(read), { temperature, topK, topP });
    const ends = nextToken.ends(shares), chance = new nextToken.Random(seed), fell = [];
    for (let i = 0; i < draws; i += 1) {
      const number = chance.random(), id = nextToken.choose(ends, number), [from, to] = nextToken.part(ends, id);
      fell.push([number, id, from <= number && number < to && shares[id] > 0]);
    }
    return { shares: [...shares], fell };
})"""


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.evaluate(f"{SOURCE}; window.nextToken = nextToken;")
    yield page
    page.close()


def asked(logits, temperature=1.0, top_k=None, top_p=None, seed=0, draws=0) -> dict:
    packed = base64.b64encode(logits.float().numpy().tobytes()).decode()
    return {"logits": packed, "temperature": temperature, "topK": top_k, "topP": top_p, "seed": seed, "draws": draws}


def test_the_bars_are_the_numbers_that_the_sampler_draws_from_at_every_setting(page):
    chance, generator = Random(1), torch.Generator().manual_seed(1)
    given = []
    for V in (1, 2, 65, 300) * 60:
        logits = torch.randn(V, generator=generator) * chance.choice((0, 0.5, 3, 30))
        logits = logits.round() if chance.random() < 0.3 else logits  # many equally likely ones
        settings = (chance.choice(TEMPERATURES), chance.choice((None, 1, 2, 5, 40, 1000)),
                    chance.choice((None, 0.01, 0.1, 0.5, 0.9, 0.999, 1.0)))  # fmt: skip
        given.append((logits, *settings))
    given += [(torch.zeros(10), 1.0, None, p / 10) for p in range(1, 11)]  # ten times 0.1 is a little less than 1
    given.append((torch.tensor([0.0, -torch.inf, 2.0]), 0.7, None, 0.9))
    found = page.evaluate(ASK, [asked(*each) for each in given])
    for each, told in zip(given, found, strict=True):
        shares, expected = torch.tensor(told["shares"], dtype=torch.float64), next_token_probs(*each).double()
        assert torch.allclose(shares, expected, rtol=0, atol=1e-6), each[1:]
        assert torch.equal(shares > 1e-30, expected > 1e-30), each[1:]  # the very same are cut off


def test_a_drawn_number_falls_on_the_very_token_that_the_sampler_takes(page):
    logits = torch.randn(65, generator=torch.Generator().manual_seed(2)) * 2
    seeds = (0, 1, 7, 999_999, 2**32 - 1, 2**32, 2**53 - 1)
    settings = [(0.8, None, None), (1.0, 5, None), (2.0, None, 0.9), (0.3, 20, 0.5), (10.0, None, None)]
    given = [(*each, seed) for each in settings for seed in seeds]
    found = page.evaluate(ASK, [asked(logits, *each, draws=400) for each in given])
    count = 0
    for (*each, seed), told in zip(given, found, strict=True):
        chance, probs = Random(seed), _probs(logits, *each)
        for number, token, is_within in told["fell"]:
            share = chance.random()
            assert (number, token, is_within) == (share, _choose(probs, share), True)
            count += 1
    assert count >= 10_000


def test_what_is_drawn_here_is_what_generate_writes_with_the_same_seed(page, tiny_model):
    model = tiny_model()
    for seed in range(50):
        token = next(generate(model, torch.tensor([[1, 2, 3]]), 1, 0.9, 8, 0.95, seed))
        with torch.no_grad():
            logits = model(torch.tensor([[1, 2, 3]]))[0][0, -1]
        (told,) = page.evaluate(ASK, [asked(logits, 0.9, 8, 0.95, seed, 1)])
        assert told["fell"][0][1] == token.id
        assert told["shares"][token.id] == pytest.approx(token.prob, abs=1e-6)


def test_a_hundred_thousand_draws_match_the_bars(page):
    """Chi-squared with one seed: a fair draw passes 999 times of 1,000, and this one is always the same."""
    logits = torch.randn(30, generator=torch.Generator().manual_seed(3))
    n = 100_000
    counted = page.evaluate(f"""(asked) => {{
        const [told] = ({ASK})(asked), counts = told.shares.map(() => 0);
        told.fell.forEach(([, id]) => {{ counts[id] += 1; }});
        return counts;
    }}""", [asked(logits, 0.9, 20, 0.97, 4, n)])  # fmt: skip
    probs = next_token_probs(logits, 0.9, 20, 0.97).double()
    kept = [i for i, p in enumerate(probs.tolist()) if p > 0]
    assert sum(counted) == n == sum(counted[i] for i in kept)
    squared = sum((counted[i] - n * float(probs[i])) ** 2 / (n * float(probs[i])) for i in kept)
    free = 2 / (9 * (len(kept) - 1))  # Wilson and Hilferty, 1931
    assert squared < (len(kept) - 1) * (1 - free + 3.09 * free**0.5) ** 3, json.dumps(counted)
