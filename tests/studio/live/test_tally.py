"""Rows are added up as the run's report adds them up, in whatever order they end."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.engine import known_run, summarise
from sygra_eval.engine.selecting import Selection
from sygra_eval.engine.target import Cut, Target
from sygra_eval.studio.live.counting import Tally
from sygra_eval.values import Outcome
from tests.conftest import IS_FULL
from tests.report.run_by_hand import SUITE, end_of, write_run
from tests.studio.served import served

OUTCOMES = list(Outcome)
V, R, F, U = OUTCOMES


@pytest.fixture
def figures(tmp_path):
    """Write a run of rows that ended so; return its snapshot, facet of outcomes, and summary."""

    def of(outcomes, *, repeats=1, target=None, limit=None, quality=""):
        folder = tmp_path / "reports" / "by_hand" / "one"
        ids = [f"q{n}" if repeats == 1 else f"q{n // repeats}::r{n}" for n in range(len(outcomes))]
        ends = [end_of(n, one, row_id=ids[n]) for n, one in enumerate(outcomes)]
        plan = {"target": target and Target(verified=target), "limit": limit}
        plan["selection"] = Selection(repeat=repeats if repeats > 1 else None)
        write_run(folder, ends, document=SUITE + quality, **plan)
        with served(tmp_path) as one:
            run = one.client.get("/api/runs/by_hand/one").json()["counts"]
            (facet, *_) = one.client.get("/api/runs/by_hand/one/facets").json()
        found = {value["value"]: value["count"] for value in facet["values"]}
        return run, found, summarise(folder), known_run(folder)

    return of


def test_rows_behind_the_target_are_surplus_on_the_page_as_in_the_report(figures):
    run, facet, summary, known = figures([V, R, V, F, V, R, V], target=2)

    assert (summary.surplus, summary.counts[V]) == (4, 2)
    assert (run["surplus"], run["rows"]) == (4, 7)
    assert run["outcomes"] == {one.value: summary.counts[one] for one in OUTCOMES}
    said = run["validators"]["unit_tests"]
    assert (said["passed"], said["failed"]) == (2, 1)
    assert run["verified_low"] == summary.verified_rate.low
    assert facet == {"surplus": 4, "verified": 2, "rejected": 1}
    assert known.counts == summary.counts


def test_an_exported_row_ended_as_the_table_says(tmp_path):
    ends = [end_of(n, one) for n, one in enumerate([V, R, V, V])]
    write_run(tmp_path / "reports" / "by_hand" / "one", ends, target=Target(verified=2))

    with served(tmp_path) as one:
        here = "/api/runs/by_hand/one"
        table = one.client.get(f"{here}/rows").json()["rows"]
        rows = map(json.loads, one.client.get(f"{here}/export").text.splitlines())

    said = [row["studio"]["outcome"] for row in rows]
    assert said == [row["outcome"] for row in table]
    assert said == ["verified", "rejected", "verified", "surplus"]


def test_repeats_of_a_row_are_no_independent_witnesses(figures):
    run, _, summary, known = figures([V, V, V, R, R, R], repeats=3, limit=2)

    assert (run["verified_rate"], run["verified_low"], run["verified_high"]) == (
        summary.verified_rate.estimate,
        summary.verified_rate.low,
        summary.verified_rate.high,
    )
    assert run["verified_low"] < 0.01 < 0.99 < run["verified_high"]
    assert known.total == run["total"] == 6


def test_rows_of_a_cluster_are_none_either(figures):
    run, _, summary, _ = figures([V, V, R, R], quality="  cluster: topic\n")

    assert (run["verified_low"], run["verified_high"]) == (
        summary.verified_rate.low,
        summary.verified_rate.high,
    )


def test_a_row_that_nobody_judged_is_none_that_was_verified(figures):
    run, _, summary, _ = figures([V, U, U, U])

    assert run["verified_rate"] == summary.verified_rate.estimate == 0.25


@settings(max_examples=300 if IS_FULL else 40, deadline=None)
@given(st.permutations(range(12)), st.lists(st.sampled_from(OUTCOMES), min_size=12, max_size=12),
       st.integers(1, 5))  # fmt: skip
def test_in_whatever_order_rows_end_those_count_that_count_in_the_order_of_the_input(
    order, outcomes, target
):
    tally, cut = Tally(target=target, repeats=3), Cut(Target(verified=target))
    for place in order:
        data = {"row_id": f"q{place // 3}::r{place}", "data": {}}
        tally.take(place, outcomes[place].value, data)

    counted = [one for n, one in enumerate(outcomes) if cut.counts(end_of(n, one))]

    assert +tally.outcomes == {one.value: counted.count(one) for one in {*counted}}
    assert tally.surplus == cut.surplus
    assert sum(rows * times for (_, rows), times in tally._pairs.items()) == len(counted)


def test_a_plan_that_is_none_counts_every_row():
    for asked in ("", "[]", json.dumps({"target": 7, "selection": 3}), json.dumps({"target": {}})):
        assert Tally.of({"asked": asked}, {"quality": []}) == Tally()
