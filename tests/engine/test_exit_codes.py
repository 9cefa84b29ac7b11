"""One value says how a run ended, for the closing line and for the shell."""

import pytest

from sygra_eval.engine import ExitCode, summarise
from tests.engine.conftest import counts_add_up, fast_suite


@pytest.mark.parametrize(
    ("rows", "code", "state"),
    [
        (["fine"], ExitCode.PASSED, "finished"),
        (["fine", "says-fail"], ExitCode.PASSED, "finished"),
        (["says-fail", "says-skip"], ExitCode.GATE_FAILED, "finished"),
        (["fine"] * 19 + ["call-timeout"], ExitCode.PASSED, "finished"),
        (["fine"] * 18 + ["call-timeout"], ExitCode.INCOMPLETE, "incomplete"),
        (["says-fail"] * 19 + ["call-timeout"], ExitCode.GATE_FAILED, "finished"),
        (["call-timeout"], ExitCode.INCOMPLETE, "incomplete"),
    ],
)
async def test_the_exit_code_follows_the_outcomes(tmp_path, run, rows, code, state):
    finished = await run(fast_suite(tmp_path, rows))

    assert (finished.summary.exit_code, finished.summary.state) == (code, state)
    assert summarise(finished.folder) == finished.summary


@pytest.mark.parametrize(
    ("most", "code", "said"),
    [
        (0.0, ExitCode.INCOMPLETE, "1 of 10 rows failed, more than 0%"),
        (0.015, ExitCode.INCOMPLETE, "1 of 10 rows failed, more than 1.5%"),
        (0.1, ExitCode.PASSED, "9 of 10 rows verified"),
    ],
)
async def test_a_suite_says_how_many_errors_it_takes(tmp_path, run, most, code, said):
    rows = ["fine"] * 9 + ["call-timeout"]

    finished = await run(fast_suite(tmp_path, rows, suite={"name": "small", "max_errors": most}))

    assert finished.summary.exit_code == code
    assert said in finished.summary.exit_reason


async def test_a_drained_run_is_interrupted_and_counts_what_it_left(tmp_path, run, stop):
    def after_two(progress):
        if progress.rows_done == 2:
            stop.drain("SIGINT")

    finished = await run(fast_suite(tmp_path, ["fine"] * 200), show=after_two, stop=stop)

    summary = finished.summary
    assert (summary.exit_code, summary.state) == (ExitCode.INTERRUPTED, "interrupted")
    assert summary.not_reached > 0
    assert summary.rows == 200
    assert counts_add_up(summary)


async def test_a_run_that_nobody_ended_is_not_called_finished(tmp_path, run, stop):
    class Killed(BaseException):
        """As if the process were gone: nothing catches it."""

    def dies(progress):
        raise Killed

    with pytest.raises(Killed):
        await run(fast_suite(tmp_path, ["fine"] * 3), show=dies, name="dead")

    summary = summarise(tmp_path / "out/small/dead")
    assert (summary.state, summary.exit_code) == ("running", ExitCode.INTERRUPTED)
    assert summary.exit_reason.endswith("no process works on it: a resume goes on with it")
