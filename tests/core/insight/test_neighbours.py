"""Neighbours in an embedding: the plane is that of the covariance's eigenvectors, the nearest are counted by hand."""

import math

import numpy as np
import pytest
import torch

from core.insight.kinds import KINDS, kind_of
from core.insight.neighbours import kept_company, nearest, plane_of


@pytest.fixture
def rows():
    return torch.randn(40, 12, generator=torch.Generator().manual_seed(3)) * torch.linspace(0.2, 3, 12) + 5


def test_the_plane_is_that_of_the_covariances_first_two_eigenvectors(rows):
    values, vectors = np.linalg.eigh(np.cov(rows.double().numpy(), rowvar=False))
    plane = plane_of(rows)
    for axis, vector in zip(plane.axes.numpy(), vectors.T[[-1, -2]], strict=True):
        assert axis == pytest.approx(vector * np.sign(vector[np.abs(vector).argmax()]), abs=1e-9)
    assert plane.explained == pytest.approx(values[[-1, -2]] / values.sum(), abs=1e-12)
    points, seen = plane.show(rows)
    assert points.numpy() == pytest.approx((rows.double() - rows.double().mean(0)).numpy() @ plane.axes.numpy().T)
    assert seen == pytest.approx(sum(plane.explained))


def test_rows_of_another_time_are_seen_in_the_same_plane_and_a_drift_moves_no_point(rows):
    plane, earlier = plane_of(rows), rows.flip(0) * 0.3
    points, seen = plane.show(earlier)
    assert torch.allclose(points, 0.3 * plane.show(rows)[0].flip(0), atol=1e-5) and seen == pytest.approx(
        sum(plane.explained), abs=1e-6
    )
    drifted, _ = plane.show(earlier + torch.randn(12))
    assert torch.allclose(drifted, points, atol=1e-5)


@pytest.mark.parametrize(
    ("rows", "explained"),
    [(torch.ones(1, 4), (0, 0)), (torch.full((5, 4), 2.0), (0, 0)), (torch.arange(6.0)[:, None], (1, 0)),
     (torch.outer(torch.arange(5.0), torch.ones(3)), (1, 0)), (torch.zeros(3, 2), (0, 0))],
)  # fmt: skip
def test_rows_that_fill_no_plane_have_a_place_all_the_same(rows, explained):
    plane = plane_of(rows)
    points, seen = plane.show(rows)
    assert plane.explained == pytest.approx(explained, abs=1e-9) and seen == pytest.approx(sum(explained), abs=1e-9)
    assert points.shape == (len(rows), 2) and points.isfinite().all()


def test_the_nearest_are_those_with_the_largest_cosines_counted_one_by_one(rows):
    rows[7] = 0
    ids, cosines = nearest(rows, 5)
    vectors = rows.double().tolist()

    def cosine(a, b):
        length = math.hypot(*a) * math.hypot(*b)
        return sum(x * y for x, y in zip(a, b, strict=True)) / length if length else 0.0

    for i, row in enumerate(vectors):
        found = sorted(((cosine(row, other), j) for j, other in enumerate(vectors) if j != i), reverse=True)[:5]
        assert cosines[i].tolist() == pytest.approx([value for value, _ in found], abs=1e-9)
        assert i == 7 or ids[i].tolist() == [j for _, j in found]
    assert nearest(rows[:1], 5)[0].shape == (1, 0) and nearest(rows[:3], 5)[0].shape == (3, 2)


def test_company_is_counted_and_set_against_chance():
    kinds = torch.tensor([0, 0, 0, 1, 1, 2])
    first = torch.tensor([1, 0, 3, 4, 0, 5 - 1])  # two zeros and a one keep to their kind
    found, chance = kept_company(first, kinds[:, None] == kinds)
    assert found == pytest.approx(3 / 6)
    pairs = [(i, j) for i in range(6) for j in range(6) if i != j]
    assert chance == pytest.approx(sum(kinds[i] == kinds[j] for i, j in pairs) / len(pairs))


@pytest.mark.parametrize(
    ("kind", "tokens"),
    [
        ("vowel", "a e i o u y á ơ ữ ỵ æ"),
        ("consonant", "b z đ ñ ß"),
        ("capital", "A Z Đ Ơ Д The"),
        ("digit", "0 9 ٣ ½ 2024"),
        ("sign", ". , ' $ … 😀 -- <"),
        ("piece", "ing 's the ed"),
        ("letter", "д ω 語 ก"),
        ("other", "\ufffd \u0301 \x07"),
    ],
)
def test_a_token_has_its_kind_by_its_text_alone(kind, tokens):
    assert {token: kind_of(token) for token in tokens.split(" ")} == dict.fromkeys(tokens.split(" "), kind)


def test_a_space_before_a_token_makes_a_word_of_letters_and_changes_no_other_kind():
    expected = {
        " the": "word",
        " a": "word",
        " The": "capital",
        " 12": "digit",
        " .": "sign",
        " ": "space",
        "\n\n": "space",
    }
    assert {token: kind_of(token) for token in expected} == expected
    assert kind_of("") == "other" and set(expected.values()) <= set(KINDS)
