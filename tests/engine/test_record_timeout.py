"""A record that takes too long ends as failed, with what it had, and is tried again by resume."""

from sygra_eval.engine import ExitCode
from sygra_eval.testing import completion
from tests.engine.conftest import answer, code_row

SLOW = {"suite": {"name": "small", "record_timeout": 3}}


async def test_a_record_at_its_deadline_ends_and_the_others_do_not(
    code_suite, run, resume, endpoint
):
    def slow_for_one(body):
        is_slow = str(body["messages"][-1]["content"]).startswith("revise 2 draft=wrong slow")
        return completion(answer(body), delay_s=30 if is_slow else 0)

    endpoint.answers_with(slow_for_one)
    suite = code_suite(
        code_row("fast", "draft=right"), code_row("slow", "draft=wrong slow=yes"), **SLOW
    )

    broken = await run(suite)
    ended, asked = broken.ends(), len(endpoint.requests)
    endpoint.answers_with(answer)
    mended = await resume(broken.folder)

    assert broken.summary.exit_code is ExitCode.INCOMPLETE
    assert [end.outcome.value for end in ended] == ["verified", "failed"]
    assert ended[1].reason == "deadline: it took longer than 3 s (`record_timeout`)"
    assert endpoint.in_flight == 0
    assert mended.outcomes() == {"fast": "verified", "slow": "verified"}
    assert len(endpoint.requests) == asked + 1  # what was answered before is not asked again


async def test_code_that_still_runs_at_the_deadline_hurts_no_row_behind_it(
    code_suite, run, endpoint
):
    suite = code_suite(
        code_row("endless", "draft=endless critic=never revise=endless"),
        *(code_row(f"fine{n}", "draft=right") for n in range(4)),
        suite={"name": "small", "record_timeout": 1.5},
        sandbox={"timeout": 4.0},
    )

    finished = await run(suite)
    assert finished.outcomes() == {
        "endless": "failed",
        **{f"fine{n}": "verified" for n in range(4)},
    }
    assert finished.ends()[0].reason.startswith("deadline: ")
