"""Whatever befalls the rows, every row that was read is counted exactly once."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sygra_eval.engine import ExitCode, RunOptions, cause_of, run_suite
from sygra_eval.values import Outcome
from tests.engine.conftest import FAST_PLUGIN, Run, counts_add_up, fast_suite

OUTCOMES = {
    "fine": "verified",
    "also fine": "verified",
    "says-fail": "rejected",
    "says-skip": "rejected",
    "says-error": "failed",
    "says-raise": "failed",
    "says-nonsense": "failed",
    "call-timeout": "failed",
    "node-raise": "failed",
    "node-object": "failed",
    "{broken line": "failed",
    '{"question": "no id"}': "failed",
    '{"id": 1.5, "question": "no id"}': "failed",
}
ROWS = st.lists(st.sampled_from(sorted(OUTCOMES)), min_size=1, max_size=24)


def expected_exit(counts: Counter[str]) -> ExitCode:
    if counts["failed"] > 0.05 * counts.total():
        return ExitCode.INCOMPLETE
    return ExitCode.PASSED if counts["verified"] else ExitCode.GATE_FAILED


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ROWS)
async def test_the_counts_add_up_for_any_mix_of_rows(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("mix")
    suite = fast_suite(folder, ["fine", *rows])
    expected = Counter(OUTCOMES[row] for row in ["fine", *rows])

    options = RunOptions(out=folder / "out", plugins=[str(FAST_PLUGIN)])
    summary = await run_suite(suite, options)

    finished = Run(summary, summary.folder)
    counts = {outcome: summary.counts[outcome] for outcome in Outcome}
    assert counts == {outcome: expected[outcome.value] for outcome in Outcome}
    assert (summary.rows, summary.not_reached) == (len(rows) + 1, 0)
    assert counts_add_up(summary)
    assert summary.exit_code is expected_exit(expected)
    assert {outcome: len(finished.rows(outcome.value)) for outcome in Outcome} == counts
    assert sum(cause.rows for cause in summary.causes) == len(rows) + 1 - expected["verified"]
    assert dict(summary.funnel)["rows read"] == len(rows) + 1


def test_a_cause_says_what_is_wrong_and_not_only_in_which_line():
    reason = "bad_input: rows.jsonl:15: test 1 of `tests` is not Python"

    assert cause_of(reason) == "bad_input: rows.jsonl:N: test N of `tests` is not Python"
    assert cause_of("unit_tests: 1 of 6 tests failed: f(1): gave 2") == "unit_tests: tests failed"
