"""A list of runs has the verified rate of the report, also where rows repeat a question."""

import json

from sygra_eval.engine import Selection, known_run
from tests.engine.conftest import write_suite
from tests.engine.test_comparing import SAYS, rows_of


async def test_a_runs_card_has_the_interval_of_its_report_over_questions(tmp_path, run):
    suite = write_suite(tmp_path / "suite", rows_of("fine", "says-fail"), **SAYS)

    ended = await run(suite, name="one", selection=Selection(repeat=4))

    told = json.loads((ended.folder / "report.json").read_text())["verified_rate"]
    rate = known_run(ended.folder).rate
    assert (rate.estimate, rate.low, rate.high) == (told["value"], told["lower"], told["upper"])
    assert rate.high - rate.low > 0.7, "eight rows are two questions"
    (ended.folder / "manifest.json").unlink()
    assert known_run(ended.folder).rate.high < 0.85
