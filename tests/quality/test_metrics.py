"""The metrics that come with us, taken from where a plugin would register its own."""

import pytest

from sygra_eval.plugins import load_plugins
from sygra_eval.quality import Facts, Measuring, figure_of
from sygra_eval.values import MeasuredRow, Outcome, RowVerdict, Status


@pytest.fixture
def measured(tmp_path):
    """Measure rows by all built-in metrics."""
    metrics = [one.implementation for one in load_plugins(tmp_path).of("metrics").values()]

    def of(*rows):
        measuring = Measuring(metrics, Facts(kind="run", name="x", suite_sha256="ab"))
        for row in rows:
            measuring.take(row)
        return measuring.side

    return of


def row(number, outcome="verified", **more):
    return MeasuredRow(id=f"r{number}", outcome=Outcome(outcome), reason=outcome, **more)


def test_a_failed_row_is_an_error_of_the_verified_rate_and_an_unjudged_one_is_skipped(measured):
    side = measured(row(0), row(1, "rejected"), row(2, "failed"), row(3, "unjudged"))

    found = figure_of(side, "verified_rate")

    assert (found.n_judged, found.n_error, found.n_skipped) == (2, 1, 1)
    assert found.estimate.value == 0.5
    assert side.metrics["verified_rate"].errors == {"r2": "failed"}


def test_tries_are_worth_what_pass_at_k_and_pass_hat_k_say(measured):
    side = measured(row(0, drawn=5, passed=2), row(1, drawn=2, passed=2), row(2))

    values = {name: kept.values for name, kept in side.metrics.items() if name.startswith("pass")}

    assert values == {
        "pass@1": {"r0": pytest.approx(0.4), "r1": 1.0},
        "pass^1": {"r0": pytest.approx(0.4), "r1": 1.0},
        "pass@2": {"r0": pytest.approx(0.7), "r1": 1.0},
        "pass^2": {"r0": pytest.approx(0.1), "r1": 1.0},
        "pass@5": {"r0": 1.0},
        "pass^5": {"r0": 0.0},
    }
    assert figure_of(side, "pass@1").n_skipped == 1


def test_a_score_is_that_of_its_validator_and_an_error_of_it_is_none(measured):
    def judged(status, score=None):
        return {"judge": RowVerdict(status=Status(status), score=score, reason="so it is")}

    side = measured(
        row(0, verdicts=judged("pass", 0.75)),
        row(1, verdicts=judged("fail", 0.0)),
        row(2, verdicts=judged("error")),
        row(3, verdicts=judged("skip")),
    )

    assert side.metrics["judge_score"].values == {"r0": 0.75, "r1": 0.0}
    assert side.metrics["judge_score"].errors == {"r2": "so it is"}
    assert side.metrics["judge_rate"].values == {"r0": 1.0, "r1": 0.0}


@pytest.mark.parametrize(
    ("costs", "outcomes", "each"),
    [
        ((0.2, 0.4), ("verified", "verified"), 0.3),
        ((0.2, 0.4), ("verified", "rejected"), 0.6),
        ((0.2, None), ("verified", "verified"), None),
        ((0.2, 0.4), ("rejected", "rejected"), None),
    ],
)
def test_what_rejected_rows_cost_is_paid_by_the_verified_ones(measured, costs, outcomes, each):
    rows = [
        row(n, outcome, cost_usd=cost, tokens=7)
        for n, (cost, outcome) in enumerate(zip(costs, outcomes, strict=True))
    ]

    value = figure_of(measured(*rows), "cost_per_verified_row").estimate.value

    assert value == (None if each is None else pytest.approx(each))


def test_a_metric_of_ones_own_takes_the_place_of_a_familys(tmp_path):
    plugin = tmp_path / "own.py"
    plugin.write_text(
        "from sygra_eval import hookimpl\n"
        "@hookimpl\n"
        "def sygra_register_metrics(register):\n"
        "    register('judge_rate', lambda row: 0.5, kind='mean', version=3)\n"
    )
    loaded = load_plugins(tmp_path, named=[str(plugin)])
    metrics = [one.implementation for one in loaded.of("metrics").values()]
    measuring = Measuring(metrics, Facts(kind="run", name="x"))
    said = RowVerdict(status=Status.PASS)

    measuring.take(row(0, verdicts={"judge": said}))

    assert measuring.side.metrics["judge_rate"].values == {"r0": 0.5}
    assert measuring.side.metrics["judge_rate"].metric.version == 3
