"""Raters of a run: the figures of a table made by hand, intervals, and what is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.quality import Level, Raters, cohen_kappa_of, krippendorff_alpha
from sygra_eval.values import MeasuredRow, Outcome, RowVerdict, Status


def row(row_id, *, cluster="", **said):
    verdicts = {
        name: RowVerdict(status=Status(one), score=float(one == "pass"))
        if isinstance(one, str)
        else RowVerdict(status=Status.PASS, score=one)
        for name, one in said.items()
    }
    verdicts = {
        name: RowVerdict(status=one.status) if one.status in {"error", "skip"} else one
        for name, one in verdicts.items()
    }
    return MeasuredRow(id=row_id, outcome=Outcome.VERIFIED, verdicts=verdicts, cluster=cluster)


def of_table(table, *, repeats=1):
    """Make two raters that gave each pair so often."""
    raters = Raters("two", ("a", "b"))
    number = 0
    for (a, b), rows in table.items():
        for _ in range(rows):
            for again in range(repeats):
                name = f"r{number}" if repeats == 1 else f"r{number}::r{again}"
                raters.take(row(name, a=a, b=b))
            number += 1
    return raters.agreement(seed="s")


TABLE = {("pass", "pass"): 40, ("pass", "fail"): 9, ("fail", "pass"): 6, ("fail", "fail"): 45}


def test_two_raters_have_cohens_kappa_and_its_interval():
    found = of_table(TABLE)

    known = cohen_kappa_of([[40, 9], [6, 45]])
    assert (found.statistic, found.rows, found.observed) == ("kappa", 100, 0.85)
    assert found.value == pytest.approx(known.value)
    assert found.low == pytest.approx(known.low, abs=0.03)
    assert found.high == pytest.approx(known.high, abs=0.03)
    assert found.pairs == {
        "fail, fail": 45,
        "fail, pass": 6,
        "pass, fail": 9,
        "pass, pass": 40,
    }


def test_repeats_of_a_row_are_no_further_rows():
    once, five_times = of_table(TABLE), of_table(TABLE, repeats=5)

    assert (five_times.rows, five_times.clusters) == (500, 100)
    assert five_times.value == pytest.approx(once.value)
    assert five_times.high - five_times.low == pytest.approx(once.high - once.low, rel=0.1)


def test_raters_who_always_agreed_in_few_rows_are_not_said_to_agree_always():
    few = of_table({("pass", "pass"): 4, ("fail", "fail"): 4})
    many = of_table({("pass", "pass"): 400, ("fail", "fail"): 400})

    assert (few.value, few.high) == (1, 1)
    assert few.low < 0.6
    assert many.low > 0.98


def test_more_raters_have_krippendorffs_alpha_over_what_they_did_rate():
    raters = Raters("three", ("a", "b", "c"))
    said = [("pass", "pass", "pass"), ("pass", "fail", "skip"), ("fail", "fail", "error")]
    said += [("fail", "pass", "fail"), ("pass", "error", "skip")]
    for number, (a, b, c) in enumerate(said):
        raters.take(row(f"r{number}", a=a, b=b, c=c))

    found = raters.agreement(seed="s")

    units = [[one for one in unit if one in {"pass", "fail"}] for unit in said]
    assert found.statistic == "alpha"
    assert found.value == pytest.approx(krippendorff_alpha(units))
    assert (found.rows, found.lone, found.errors) == (4, 1, 1)


def test_scores_are_compared_as_numbers():
    raters = Raters(
        "scores", ("a",), level=Level.INTERVAL, labels={"r0": 0.2, "r1": 0.9, "r2": 1.0}
    )
    for name, score in (("r0", 0.25), ("r1", 0.9), ("r2", 0.8), ("r3", 0.1)):
        raters.take(row(name, a=score))

    found = raters.agreement(seed="s")

    units = [(0.25, 0.2), (0.9, 0.9), (0.8, 1.0)]
    assert found.value == pytest.approx(krippendorff_alpha(units, level=Level.INTERVAL))
    assert found.rows == 3


def test_votes_of_a_judge_are_raters_too():
    raters = Raters("votes", ("judge",), votes=True)
    for number, passed in enumerate([3, 2, 0, 3]):
        verdict = RowVerdict(status=Status.PASS, score=passed / 3, votes=3)
        said = {"judge": verdict}
        raters.take(MeasuredRow(id=f"r{number}", outcome=Outcome.VERIFIED, verdicts=said))

    found = raters.agreement(seed="s")

    units = [["p"] * 3, ["p", "p", "f"], ["f"] * 3, ["p"] * 3]
    assert found.value == pytest.approx(krippendorff_alpha(units))
    assert found.observed == 0.75


def test_labels_of_no_row_are_counted_and_rows_without_a_label_are_no_raters():
    raters = Raters("people", ("a",), labels={"r0": "pass", "r1": "fail", "gone": "pass"})
    for name in ("r0", "r1", "r2::r0", "r3"):
        raters.take(row(name, a="pass"))

    found = raters.agreement(seed="s")

    assert (found.rows, found.labels, found.unmatched, found.examples) == (2, 3, 1, ("gone",))


def test_labels_that_match_nothing_have_no_value_and_say_so():
    raters = Raters("people", ("a",), labels={"x": "pass"})
    raters.take(row("r0", a="pass"))

    found = raters.agreement(seed="s")

    assert (found.value, found.low, found.rows) == (None, None, 0)
    assert found.why == "no row that was judged has one of the 1 labelled ids"


def test_one_rating_alone_is_no_agreement():
    found = of_table({("pass", "pass"): 20})

    assert (found.value, found.observed) == (None, 1)
    assert found.why == "only one rating was ever given"


SAID = st.sampled_from(["pass", "fail", "error", "skip"])


@given(st.lists(st.tuples(SAID, SAID, st.integers(0, 4)), max_size=25), st.randoms())
def test_the_order_of_rows_changes_nothing_and_the_value_lies_in_its_interval(said, chance):
    rows = [
        row(f"r{n}", a=a, b=b, cluster=f"c{of}" if of else "") for n, (a, b, of) in enumerate(said)
    ]
    one, other = Raters("two", ("a", "b")), Raters("two", ("a", "b"))
    for each in rows:
        one.take(each)
    chance.shuffle(rows)
    for each in rows:
        other.take(each)

    found = one.agreement(seed="s")

    assert found == other.agreement(seed="s")
    if found.low is not None:
        assert found.low <= found.value <= found.high
