"""Asked once a run drains, asked twice it stops at once; both can be resumed."""

import asyncio

import pytest

from sygra_eval.engine import ExitCode, RunOptions, StopSignal, run_suite
from sygra_eval.testing import audit, completion, hang, rate_limited
from sygra_eval.values import UsageError
from tests.engine.conftest import FAST_PLUGIN, answer, code_row, counts_add_up, fast_suite


async def test_a_drain_sends_no_new_call_and_keeps_those_in_flight(code_suite, run, endpoint, stop):
    suite = code_suite(*(code_row(f"r{n}", f"draft=right n={n} .") for n in range(12)))

    def draining(body):
        if len(endpoint.requests) == 3:
            stop.drain("SIGINT")
            endpoint.mark("drained")
        return completion(answer(body), delay_s=0.2)

    endpoint.answers_with(draining)

    finished = await run(suite, stop=stop)

    assert len(endpoint.requests) == 3
    assert audit.problems(endpoint.events, most_in_flight=3) == []
    assert finished.summary.calls == 3
    assert (finished.summary.exit_code, finished.summary.not_reached) == (ExitCode.INTERRUPTED, 12)


async def test_a_drain_does_not_wait_for_calls_that_are_being_retried(
    code_suite, run, endpoint, stop
):
    def busy(body):
        asyncio.get_running_loop().call_later(0.1, stop.drain, "SIGINT")
        return rate_limited(retry_after_s=60)

    endpoint.answers_with(busy)
    suite = code_suite(code_row("r0", "draft=right"))

    async with asyncio.timeout(60):
        finished = await run(suite, stop=stop)

    assert (finished.summary.not_reached, finished.summary.calls) == (1, 0)


async def test_asked_twice_calls_in_flight_are_given_up(code_suite, run, resume, endpoint, stop):
    suite = code_suite(*(code_row(f"r{n}", f"draft=right n={n} .") for n in range(9)))

    def twice(body):
        if len(endpoint.requests) < 5:
            return answer(body)
        stop.drain("SIGINT")
        stop.drain("SIGINT")
        return hang()

    endpoint.answers_with(twice)

    async with asyncio.timeout(60):
        stopped = await run(suite, stop=stop)
    endpoint.answers_with(answer)
    resumed = await resume(stopped.folder)

    assert stopped.summary.exit_code is ExitCode.INTERRUPTED
    assert counts_add_up(stopped.summary)
    assert stopped.summary.rows == 9
    assert set(resumed.outcomes().values()) == {"verified"}
    assert len(resumed.outcomes()) == 9


async def test_a_stop_during_the_preflight_leaves_no_run_folder(tmp_path, stop):
    suite = fast_suite(tmp_path, ["one"])
    plugin = tmp_path / "slow.py"
    plugin.write_text(
        "import asyncio\n"
        "from sygra_eval import hookimpl\n"
        "class Slow:\n"
        "    identity = label = endpoint = 'slow'\n"
        "    max_in_flight = 1\n"
        "    def __init__(self, spec):\n"
        "        pass\n"
        "    async def open(self):\n"
        "        await asyncio.Event().wait()\n"
        "    async def close(self):\n"
        "        pass\n"
        "@hookimpl\n"
        "def sygra_register_models(register):\n"
        "    register('slow', Slow)\n"
    )
    suite.write_text(suite.read_text().replace("use: echo", "use: slow"))
    options = RunOptions(out=tmp_path / "out", plugins=[str(FAST_PLUGIN), str(plugin)])
    asyncio.get_running_loop().call_later(0.5, stop.drain, "SIGINT")

    async with asyncio.timeout(60):
        with pytest.raises(UsageError, match="SIGINT before the first row") as stopped:
            await run_suite(suite, options, stop=stop)

    assert stopped.value.exit_code is ExitCode.INTERRUPTED
    assert not (tmp_path / "out").exists()


async def test_cancelling_the_callers_task_is_not_swallowed(code_suite, run, endpoint):
    is_asked = asyncio.Event()

    def silent(body):
        is_asked.set()
        return hang()

    endpoint.answers_with(silent)
    running = asyncio.create_task(run(code_suite(code_row("r0", "draft=right"))))
    await is_asked.wait()

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running


def test_the_first_cause_is_kept():
    stop = StopSignal()

    stop.drain("SIGTERM")
    stop.drain("SIGINT")

    assert (stop.cause, stop.is_draining) == ("SIGTERM", True)
