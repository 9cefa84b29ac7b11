"""What must hold of the statistics whatever the rows are."""

import math
import random
from collections import Counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sygra_eval.quality import (
    Level,
    Weights,
    benjamini_hochberg,
    bootstrap,
    bootstrap_mean,
    chance_to_see,
    change_of_rate,
    clopper_pearson,
    clustered_mean,
    clustered_rate,
    cohen_kappa,
    holm,
    krippendorff_alpha,
    mcnemar,
    mean_of,
    newcombe,
    pass_at_k,
    pass_hat_k,
    rate_of_clusters,
    sign_flip_test,
    smallest_change_of_mean,
    smallest_change_of_rate,
    two_sample_permutation,
    wilson,
)
from tests.quality.test_intervals import COUNTS

VALUES = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda one: round(one, 6))
P_VALUES = st.lists(st.floats(0, 1), max_size=12)
FLAGS = st.lists(st.tuples(st.sampled_from([0, 1]), st.integers(0, 5)), min_size=1, max_size=40)
FEW = st.lists(VALUES, min_size=2, max_size=12)
CHANGES = st.tuples(st.integers(0, 300), st.integers(0, 300))
ROWS = st.lists(st.tuples(VALUES, st.integers(0, 6)), min_size=1, max_size=30)


def close(one, other):
    return (one is None and other is None) or one == pytest.approx(other, rel=1e-7, abs=1e-7)


def is_same(one, other):
    names = ("value", "low", "high", "error")
    return all(close(getattr(one, name), getattr(other, name)) for name in names)


@given(ROWS, st.randoms(use_true_random=False))
def test_order_of_rows_names_of_clusters_and_shards_change_no_clustered_mean(rows, chance):
    before = clustered_mean([value for value, _ in rows], [cluster for _, cluster in rows])
    shuffled = [(value, f"cluster {9 - cluster}") for value, cluster in rows]
    chance.shuffle(shuffled)

    after = clustered_mean([value for value, _ in shuffled], [name for _, name in shuffled])

    assert is_same(before, after)


@given(FLAGS, st.randoms(use_true_random=False))
def test_a_clustered_rate_lies_between_its_bounds_in_0_to_1_in_any_order(rows, chance):
    found = clustered_rate([float(one) for one, _ in rows], [cluster for _, cluster in rows])
    shuffled = list(rows)
    chance.shuffle(shuffled)

    again = clustered_rate([float(one) for one, _ in shuffled], [name for _, name in shuffled])

    assert is_same(found, again)
    if found.low is None:
        assert found.clusters == 1 < found.n
    else:
        assert 0 <= found.low <= found.value + 1e-12
        assert found.value <= found.high + 1e-12 <= 1 + 1e-12


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=60))
def test_rows_that_stand_alone_have_wilsons_interval(flags):
    found = clustered_rate(flags, range(len(flags)))

    wanted = wilson(int(sum(flags)), len(flags))
    assert (found.value, found.low, found.high) == (wanted.estimate, wanted.low, wanted.high)


def test_clusters_that_are_all_alike_leave_open_what_so_few_questions_leave_open():
    """Five repeats of 20 questions that all pass are 20 passes and not 100."""
    found = clustered_rate([1.0] * 100, [number // 5 for number in range(100)])

    assert found.low == pytest.approx(wilson(20, 20).low)
    assert found.method == "wilson"


def test_one_question_says_nothing_of_others():
    assert clustered_rate([1.0, 1.0, 0.0], ["a"] * 3).low is None


@settings(deadline=None, max_examples=50)
@given(ROWS)
def test_a_mean_lies_between_its_bounds(rows):
    for found in (
        mean_of(value for value, _ in rows),
        clustered_mean([value for value, _ in rows], [cluster for _, cluster in rows]),
    ):
        if found.low is not None:
            assert found.low <= found.value <= found.high


@settings(deadline=None, max_examples=30)
@given(FEW, st.randoms(use_true_random=False), st.integers(0, 9))
def test_a_bootstrap_is_the_same_in_any_order_and_holds_its_estimate(values, chance, seed):
    clusters = [[one, one + 1] for one in values]
    shuffled = [cluster[::-1] for cluster in clusters]
    chance.shuffle(shuffled)

    found = bootstrap_mean(clusters, seed=seed, resamples=200)

    assert found == bootstrap_mean(shuffled, seed=seed, resamples=200)
    assert found.low <= found.estimate <= found.high


@settings(deadline=None, max_examples=15)
@given(FEW)
def test_both_ways_to_the_bootstrap_of_a_mean_agree(values):
    clusters = [[one] for one in values]
    general = bootstrap(clusters, lambda drawn: math.fsum(drawn) / len(drawn), seed=3, resamples=99)

    quick = bootstrap_mean(clusters, seed=3, resamples=99)

    assert (general.low, general.high) == pytest.approx((quick.low, quick.high), rel=1e-9, abs=1e-6)


def test_the_bootstrap_of_one_cluster_is_unknown():
    assert bootstrap_mean([[1.0, 2.0]], seed=0) is None
    assert bootstrap_mean([], seed=0) is None


def test_a_seed_gives_the_same_bounds_in_every_process_and_version():
    found = bootstrap_mean([[float(one)] for one in range(20)], seed=7, resamples=1_000)

    assert (found.low, found.high) == pytest.approx((7.05, 12.1), abs=1e-9)


@settings(max_examples=50)
@given(P_VALUES)
def test_corrected_p_are_no_smaller_than_raw_ones_and_keep_their_order(p_values):
    for adjusted in (holm(p_values), benjamini_hochberg(p_values)):
        assert all(a >= p for a, p in zip(adjusted, p_values, strict=True))
        assert all(a <= 1 for a in adjusted)
        ranked = [one for _, one in sorted(zip(p_values, adjusted, strict=True))]
        assert ranked == sorted(ranked)
    pairs = zip(holm(p_values), benjamini_hochberg(p_values), strict=True)
    assert all(one >= other - 1e-15 for one, other in pairs)


@given(CHANGES)
def test_mcnemar_does_not_ask_which_side_is_which_and_mid_p_is_below_the_exact(changes):
    found = mcnemar(*changes)

    assert found == mcnemar(*changes[::-1])
    assert 0 <= found.p_mid <= found.p_exact <= 1


@settings(deadline=None)
@given(CHANGES, st.integers(0, 400))
def test_a_change_of_rate_lies_in_its_bounds_and_has_its_mirror_image(changes, others):
    broken, fixed = changes
    rows = broken + fixed + others
    assume(rows)

    found, mirror = change_of_rate(broken, fixed, rows), change_of_rate(fixed, broken, rows)

    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert found.low == pytest.approx(-mirror.high, abs=1e-9)
    assert found.low < found.high


def test_rows_of_which_none_changed_still_leave_something_open():
    few, many = change_of_rate(0, 0, 20), change_of_rate(0, 0, 2_000)

    assert -few.low == pytest.approx(few.high) == pytest.approx(0.161, abs=0.001)
    assert many.high == pytest.approx(1.96**2 / (2_000 + 1.96**2), abs=1e-4)


def test_the_score_interval_agrees_with_a_published_example():
    """Fagerland, Lydersen and Laake 2014, table III: 7 of 21 one way, 1 the other."""
    found = change_of_rate(7, 1, 21)

    bounds = (found.estimate, found.low, found.high)
    assert bounds == pytest.approx((-0.286, -0.517, -0.026), abs=5e-4)


@given(FEW, st.randoms(use_true_random=False))
def test_sign_flips_ask_neither_for_order_nor_for_sides(differences, chance):
    p = sign_flip_test(differences)
    shuffled = [-one for one in differences]
    chance.shuffle(shuffled)

    assert sign_flip_test(shuffled) == p
    assert 0 < p <= 1
    assert sign_flip_test([*differences, 0.0, 0.0]) == pytest.approx(p)


@settings(deadline=None, max_examples=10)
@given(st.lists(VALUES.filter(bool), min_size=17, max_size=40), st.randoms(use_true_random=False))
def test_drawn_sign_flips_ask_neither_for_order_nor_for_sides_and_are_never_0(values, chance):
    shuffled = [-one for one in values]
    chance.shuffle(shuffled)

    assert 0 < sign_flip_test(values) == sign_flip_test(shuffled) <= 1


def test_drawn_sign_flips_agree_with_all_of_them():
    chance = random.Random(4)  # noqa: S311 - draws, no secret
    values = [chance.gauss(0.25, 1) for _ in range(16)]

    drawn = sign_flip_test([*values, 1e-7])  # one more than are enumerated, and of no weight

    assert drawn == pytest.approx(sign_flip_test(values), abs=0.01)


def test_many_sign_flips_are_counted_by_the_normal_distribution_and_agree_with_drawn_ones(
    monkeypatch,
):
    chance = random.Random(8)  # noqa: S311 - draws, no secret
    values = [chance.expovariate(1) * chance.choice((1, -0.95)) for _ in range(1_500)]
    drawn = sign_flip_test(values)

    monkeypatch.setattr("sygra_eval.quality.resampling.MOST_DRAWN", 1_000)

    assert 0.05 < drawn < 0.5
    assert sign_flip_test(values) == pytest.approx(drawn, abs=0.015)
    heavy = sign_flip_test([*values, 1e6])  # outweighs all others, so nothing is normal: drawn
    assert heavy == pytest.approx(drawn / 2, abs=0.015)


@settings(deadline=None, max_examples=40)
@given(st.lists(VALUES, min_size=1, max_size=6), st.lists(VALUES, min_size=1, max_size=6))
def test_two_samples_can_be_swapped_and_a_set_is_no_different_from_itself(first, second):
    p = two_sample_permutation(first, second)

    assert p == two_sample_permutation(second, first)
    assert two_sample_permutation(first, first) == 1
    assert 0 < p <= 1


def test_two_large_samples_are_tested_by_the_normal_distribution_and_agree_with_drawn_ones(
    monkeypatch,
):
    chance = random.Random(5)  # noqa: S311 - draws, no secret
    first = [chance.expovariate(1) for _ in range(300)]
    second = [chance.expovariate(0.9) for _ in range(500)]
    drawn = two_sample_permutation(first, second)

    monkeypatch.setattr("sygra_eval.quality.resampling.MOST_DRAWN", 100)

    assert 0.02 < drawn < 0.7
    assert two_sample_permutation(first, second) == pytest.approx(drawn, abs=0.02)
    assert two_sample_permutation([1.0] * 200, [1.0] * 300) == 1


@given(st.lists(VALUES, max_size=20))
def test_a_set_against_itself_has_p_1_and_no_change(values):
    assert sign_flip_test([one - one for one in values]) == 1
    assert mcnemar(0, 0).p_mid == 1
    assert change_of_rate(0, 0, len(values) + 1).estimate == 0


@settings(max_examples=40, deadline=None)
@given(COUNTS)
def test_the_exact_interval_holds_the_rate_and_has_its_mirror_image(counts):
    successes, trials = counts

    found, mirror = clopper_pearson(*counts), clopper_pearson(trials - successes, trials)

    assert 0 <= found.low <= found.estimate <= found.high <= 1
    assert found.low == pytest.approx(1 - mirror.high, abs=1e-9)


@given(COUNTS, COUNTS)
def test_a_difference_of_rates_lies_in_its_bounds_and_turns_with_its_sides(first, second):
    found, mirror = newcombe(first, second), newcombe(second, first)

    assert found.low <= found.estimate <= found.high
    assert found.low == pytest.approx(-mirror.high, abs=1e-12)
    assert newcombe(first, (0, 0)) is None


@given(COUNTS)
def test_pass_at_1_and_pass_hat_1_are_the_plain_rate(counts):
    passed, drawn = counts

    rate = pytest.approx(passed / drawn)
    assert pass_at_k(drawn, passed, 1) == rate
    assert pass_hat_k(drawn, passed, 1) == rate


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_agreement_asks_neither_for_sides_nor_for_order(pairs):
    first, second = [one for one, _ in pairs], [other for _, other in pairs]

    for weights in Weights:
        kappa = cohen_kappa(first, second, order=range(4), weights=weights).value
        turned = cohen_kappa(second[::-1], first[::-1], order=range(4), weights=weights).value
        assert close(kappa, turned)
        assert kappa is None or kappa <= 1 + 1e-12
    for level in Level:
        alpha = krippendorff_alpha(pairs, level=level)
        assert close(alpha, krippendorff_alpha([one[::-1] for one in reversed(pairs)], level=level))


def test_weights_need_the_order_that_was_declared():
    """Of ratings that are seen as high, low, medium no distance can be told."""
    with pytest.raises(ValueError, match="order"):
        cohen_kappa(["high", "low"], ["low", "medium"], weights=Weights.LINEAR)
    with pytest.raises(ValueError, match="none of the categories"):
        cohen_kappa(["high"], ["low"], order=["high"])


@pytest.mark.parametrize(
    ("rows", "seen"), [(100, 0.24), (164, 0.37), (300, 0.62), (500, 0.83), (1000, 0.98)]
)
def test_how_often_a_drop_of_5_points_with_15_percent_flips_is_seen(rows, seen):
    assert chance_to_see(0.05, 0.15, rows) == pytest.approx(seen, abs=0.012)


def test_mid_p_errs_as_often_as_it_says_and_the_exact_test_far_less():
    """164 rows, 10 % of them change one way or the other by chance alone."""
    assert chance_to_see(0.0, 0.10, 164) == pytest.approx(0.0462, abs=1e-4)
    exact = sum(
        math.comb(164, n) * 0.1**n * 0.9 ** (164 - n) * math.comb(n, b) / 2**n
        for n in range(60)
        for b in range(n + 1)
        if mcnemar(b, n - b).p_exact <= 0.05
    )
    assert exact == pytest.approx(0.0283, abs=1e-4)


@pytest.mark.parametrize(("change", "flips"), [(0.2, 0.3), (0.1, 0.1), (0.0, 0.4), (0.35, 0.2)])
def test_the_chance_to_see_a_change_is_that_of_all_outcomes_added_up(change, flips):
    rows, shown = 25, 0.0
    flips = max(flips, change)
    broken, fixed = (flips + change) / 2, (flips - change) / 2
    for b in range(rows + 1):
        for c in range(rows + 1 - b):
            if mcnemar(b, c).p_mid <= 0.05:
                ways = math.comb(rows, b) * math.comb(rows - b, c)
                shown += ways * broken**b * fixed**c * (1 - broken - fixed) ** (rows - b - c)

    assert chance_to_see(change, flips, rows) == pytest.approx(shown, abs=1e-9)


def test_counting_by_the_normal_distribution_agrees_where_one_gives_way_to_the_other():
    few, many = chance_to_see(0.005, 0.1, 19_999), chance_to_see(0.005, 0.1, 20_001)

    assert few == pytest.approx(many, abs=0.01)


@settings(deadline=None, max_examples=8)
@given(st.integers(8, 600), st.floats(0, 0.5))
def test_the_smallest_change_is_one_that_would_be_seen_in_80_percent(rows, flips):
    change = smallest_change_of_rate(flips, rows)

    assert chance_to_see(change, flips, rows) >= 0.8
    assert chance_to_see(change * 0.95, flips, rows) < 0.8


def test_more_rows_would_have_shown_less():
    changes = [smallest_change_of_rate(0.1, rows) for rows in (20, 100, 1_000, 100_000)]

    assert changes == sorted(changes, reverse=True)
    assert smallest_change_of_rate(0.1, 4) is None
    assert smallest_change_of_rate(0.1, 0) is None
    assert smallest_change_of_mean(0.2, 400) == pytest.approx(0.0281, abs=0.0002)
    assert smallest_change_of_mean(0.0, 400) is None


def test_figures_of_every_size_are_computed_with():
    """Sums of the largest numbers overflow, and a p of 0 would say that chance cannot do it."""
    assert 0 < mcnemar(1_000, 0).p_mid < 1e-300
    assert sign_flip_test([1e308, 1e308, -1e308]) == 1
    assert two_sample_permutation([1e308] * 3, [-1e308] * 3) == pytest.approx(0.1)
    assert clopper_pearson(1, 10**9).low == pytest.approx(2.5318e-11, rel=1e-4)
    assert mcnemar(500_000, 499_000).p_mid == pytest.approx(0.31707, abs=1e-5)
    assert change_of_rate(3, 1, 10**7).high == pytest.approx(2.91e-7, rel=0.01)


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=6), min_size=1, max_size=12))
def test_counts_of_clusters_give_the_rate_that_their_rows_give(clusters):
    counted = Counter((sum(one), len(one)) for one in clusters)
    values = [float(flag) for one in clusters for flag in one]
    names = [name for name, one in enumerate(clusters) for _ in one]

    by_rows, by_counts = clustered_rate(values, names), rate_of_clusters(counted)

    for key in ("value", "low", "high"):
        assert getattr(by_counts, key) == pytest.approx(getattr(by_rows, key), abs=1e-12)
    assert by_counts.clusters == by_rows.clusters
