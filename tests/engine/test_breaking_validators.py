"""A validator that breaks says nothing of any row, so many in a row end the run."""

import pytest

from sygra_eval.engine import ExitCode
from tests.engine.conftest import FAST_PLUGIN, fast_suite

PLUGIN = """
import asyncio
from sygra_eval import Status, Verdict, hookimpl

async def hangs(candidate, ctx):
    if "hang" in candidate.text:
        await asyncio.Event().wait()
    if "own" in candidate.text:
        raise TimeoutError("its own")
    return Verdict(validator="hangs", status=Status.PASS, reason="fine")

@hookimpl
def sygra_register_validators(register):
    register("hangs", hangs)
"""


@pytest.fixture
def with_hangs(tmp_path, run):
    plugin = tmp_path / "hangs_plugin.py"
    plugin.write_text(PLUGIN)

    async def start(*questions):
        quality = {"validators": [{"use": "hangs"}]}
        suite = fast_suite(tmp_path / "suite", questions, quality=quality)
        return await run(suite, plugins=[str(FAST_PLUGIN), str(plugin)])

    return start


async def test_a_validator_that_hangs_is_an_error_that_says_so(with_hangs, monkeypatch):
    monkeypatch.setattr("sygra_eval.engine.judging.MOST_S", 0.05)

    finished = await with_hangs("fine", "hang", "own")

    reasons = [end.reason for end in finished.ends()]
    assert list(finished.outcomes().values()) == ["verified", "failed", "failed"]
    assert reasons[1].endswith("hangs_plugin: no verdict within 0.05 s")
    assert reasons[2].endswith("TimeoutError: its own")


async def test_a_validator_that_breaks_twenty_times_in_a_row_ends_the_run(tmp_path, run):
    suite = fast_suite(tmp_path, ["says-raise"] * 400)

    finished = await run(suite)

    assert finished.summary.exit_code is ExitCode.INCOMPLETE
    assert "validator `says` broke 20 times in a row" in finished.summary.exit_reason
    assert finished.summary.not_reached > 200
    assert set(finished.outcomes().values()) == {"failed"}


async def test_one_good_verdict_in_between_lets_the_run_go_on(tmp_path, run):
    questions = (["says-raise"] * 10 + ["anything"] * 2) * 4

    finished = await run(fast_suite(tmp_path, questions))

    assert finished.summary.not_reached == 0
