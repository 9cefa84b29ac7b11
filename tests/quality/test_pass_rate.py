"""pass@k, the t interval and difficulty bands, against other packages and what must always hold."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.quality import DIFFICULTIES, difficulty_of, mean_t, pass_at_k, t_quantile
from tests.quality.test_intervals import COUNTS, cases


@cases("pass_at_k")
def test_pass_at_k_agrees_with_the_reference(case):
    given = case["inputs"]

    found = pass_at_k(given["n"], given["c"], given["k"])

    assert found == (
        None if case["expected"] is None else pytest.approx(case["expected"], abs=case["abs_tol"])
    )


@cases("t_ppf")
def test_the_quantile_of_t_agrees_with_the_reference(case):
    found = t_quantile(case["inputs"]["p"], case["inputs"]["df"])

    assert found == pytest.approx(case["expected"], abs=case["abs_tol"], rel=0)


@cases("mean_t")
def test_the_mean_agrees_with_the_reference(case):
    values, expected = case["inputs"]["x"], case["expected"]

    found = mean_t(Counter(values), confidence=1 - case["inputs"]["alpha"])

    if expected["lo"] is None:
        assert found is None
        return
    assert (found.estimate, found.low, found.high) == pytest.approx(
        (expected["estimate"], expected["lo"], expected["hi"]), abs=case["abs_tol"], rel=0
    )


@given(COUNTS, st.data())
def test_pass_at_k_grows_with_k_from_the_plain_rate_on(counts, data):
    passed, drawn = counts
    k = data.draw(st.integers(1, drawn))

    assert pass_at_k(drawn, passed, 1) == pytest.approx(passed / drawn)
    assert pass_at_k(drawn, passed, k) >= pass_at_k(drawn, passed, 1) - 1e-12


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
