"""What must always hold of pass@k, pass^k and difficulty bands."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.quality import DIFFICULTIES, difficulty_of, pass_at_k, pass_hat_k
from tests.quality.test_intervals import COUNTS


@given(COUNTS, st.data())
def test_pass_at_k_grows_with_k_from_the_plain_rate_on(counts, data):
    passed, drawn = counts
    k = data.draw(st.integers(1, drawn))

    assert pass_at_k(drawn, passed, 1) == pytest.approx(passed / drawn)
    assert pass_at_k(drawn, passed, k) >= pass_at_k(drawn, passed, 1) - 1e-12


@given(COUNTS, st.data())
def test_pass_hat_k_falls_with_k_from_the_plain_rate_on(counts, data):
    passed, drawn = counts
    k = data.draw(st.integers(1, max(1, drawn - 1)))

    assert pass_hat_k(drawn, passed, 1) == pytest.approx(passed / drawn)
    if k < drawn:
        assert pass_hat_k(drawn, passed, k + 1) <= pass_hat_k(drawn, passed, k) + 1e-12
        assert pass_at_k(drawn, passed, k + 1) >= pass_at_k(drawn, passed, k) - 1e-12


def test_pass_at_k_does_not_lean_to_one_side():
    chance, rate, drawn, k = random.Random(1), 0.3, 10, 4  # noqa: S311 - draws, no secret
    estimates = [
        pass_at_k(drawn, sum(chance.random() < rate for _ in range(drawn)), k) for _ in range(4000)
    ]

    assert sum(estimates) / len(estimates) == pytest.approx(1 - 0.7**k, abs=0.015)


@pytest.mark.parametrize(
    ("passed", "drawn", "band"),
    [
        (0, 0, None),
        (0, 8, "unsolved"),
        (1, 8, "hard"),
        (1, 5, "medium"),
        (4, 5, "medium"),
        (7, 8, "easy"),
        (8, 8, "easy"),
    ],
)
def test_the_bounds_of_the_bands(passed, drawn, band):
    assert difficulty_of(passed, drawn) == band


@given(COUNTS)
def test_more_that_pass_is_never_harder(counts):
    passed, drawn = counts
    order = [difficulty_of(number, drawn) for number in range(min(passed, 50) + 1)]

    ranks = [DIFFICULTIES.index(band) for band in order]
    assert ranks == sorted(ranks, reverse=True)
