"""A budget ends a run with nothing lost, and a higher one goes on without paying twice."""

import pytest

from sygra_eval.engine import ExitCode, RunOptions, resume_run
from sygra_eval.values import Budget, Outcome, UsageError
from tests.engine.conftest import FAST_PLUGIN, code_row, counts_add_up

ROWS = tuple(code_row(f"r{n}", "draft=right") for n in range(30))
PRICE = {"input": 1_000.0, "output": 1_000.0}  # a thousandth of a dollar for each token
IN_FLIGHT = 3
PLUGINS = [str(FAST_PLUGIN)]


@pytest.fixture
def suite_with(code_suite, endpoint):
    def write(**head: object):
        model = {"use": "openai", "base_url": endpoint.base_url, "model": "scripted"}
        spec = {**model, "price": PRICE, "max_concurrency": IN_FLIGHT}
        spec["parameters"] = {"max_tokens": 200}
        models = {"author": spec, "critic": spec}
        quality = {"probes": "off", "validators": [{"use": "python_compiles"}]}
        loop = {"until": {"sentinel": "NO MORE FEEDBACK"}}
        return code_suite(
            *ROWS, suite={"name": "small", **head}, models=models, quality=quality, loop=loop
        )

    return write


async def test_money_ends_the_run_within_what_was_in_flight_and_more_money_goes_on(
    suite_with, run, endpoint
):
    whole = await run(suite_with(), name="whole")
    asked = len(endpoint.requests)
    cost = whole.summary.cost_usd
    endpoint.requests.clear()

    stopped = await run(suite_with(budget={"usd": cost / 3}), name="stopped")
    spent = stopped.summary.cost_usd
    resumed = await resume_run(
        stopped.folder, RunOptions(plugins=PLUGINS, budget=Budget(usd=2 * cost))
    )

    assert stopped.summary.exit_code is ExitCode.INCOMPLETE
    assert "budget reached: " in stopped.summary.exit_reason
    assert "USD are spent" in stopped.summary.exit_reason
    assert counts_add_up(stopped.summary)
    assert stopped.summary.not_reached > 0
    assert 0 < spent <= cost / 3 + 0.3  # a call of 300 tokens
    assert resumed.exit_code is ExitCode.PASSED
    assert (resumed.not_reached, resumed.cost_usd) == (0, pytest.approx(cost))
    assert len(endpoint.requests) == asked
    assert [row["answer"] for row in stopped.rows("verified")] == [
        row["answer"] for row in whole.rows("verified")
    ]


async def test_the_same_budget_does_not_go_on(suite_with, run, endpoint):
    stopped = await run(suite_with(), name="stopped", budget=Budget(calls=10))
    asked = len(endpoint.requests)

    again = await resume_run(stopped.folder, RunOptions(plugins=PLUGINS))

    assert (stopped.summary.calls, asked) == (10, 10)
    assert "10 of 10 calls are made" in stopped.summary.exit_reason
    assert (again.exit_code, len(endpoint.requests)) == (ExitCode.INCOMPLETE, 10)


@pytest.mark.parametrize("budget", [{"tokens": 300}, {"calls": 5}, {"usd": 0.3}])
async def test_every_bound_leaves_the_rows_that_it_reached_unharmed(suite_with, run, budget):
    stopped = await run(suite_with(budget=budget))

    summary = stopped.summary
    assert (summary.exit_code, summary.state) == (ExitCode.INCOMPLETE, "incomplete")
    assert summary.counts[Outcome.FAILED] == summary.counts[Outcome.REJECTED] == 0
    assert counts_add_up(summary)
    assert summary.not_reached > 5


async def test_a_budget_is_used_although_calls_may_come_to_more_than_they_do(suite_with, run):
    stopped = await run(suite_with(budget={"tokens": 300}))

    # Two calls at their most (200 tokens of an answer each) would be above it; they take a tenth.
    spent = stopped.summary.prompt_tokens + stopped.summary.completion_tokens
    assert 300 <= spent <= 330


async def test_time_ends_a_run_too(suite_with, run, endpoint):
    endpoint.latency_s = 0.2

    stopped = await run(suite_with(budget={"time": 1}))

    assert stopped.summary.exit_code is ExitCode.INCOMPLETE
    assert "budget reached: 1 seconds are over" in stopped.summary.exit_reason
    assert stopped.summary.not_reached > 0


async def test_a_budget_that_is_enough_changes_nothing(suite_with, run):
    finished = await run(suite_with(budget={"usd": 1_000, "calls": 10_000, "time": 3_600}))

    assert finished.summary.exit_code is ExitCode.PASSED
    assert finished.summary.not_reached == 0


async def test_money_cannot_bound_what_has_no_price(code_suite, run, endpoint):
    suite = code_suite(*ROWS)

    with pytest.raises(UsageError, match=r"`author`: .*price"):
        await run(suite, budget=Budget(usd=1))

    assert endpoint.requests == []
