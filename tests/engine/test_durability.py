"""What a run promises of a power loss is settled when it begins."""

import pytest

from sygra_eval.engine.plan import read_plan
from sygra_eval.journal import Durability, journal
from tests.engine.conftest import fast_suite


@pytest.fixture
def opened_as(monkeypatch) -> list[Durability]:
    """As how durable each journal was opened to be written."""
    asked: list[Durability] = []
    really = journal.open_writer

    def spy(path, durability):
        asked.append(durability)
        return really(path, durability)

    monkeypatch.setattr(journal, "open_writer", spy)
    return asked


@pytest.mark.parametrize("durability", Durability)
async def test_a_resume_keeps_the_durability_that_a_run_began_with(
    tmp_path, run, resume, stop, opened_as, durability
):
    suite = fast_suite(tmp_path, ["q0", "q1", "q2"])
    stopped = await run(
        suite, durability=durability, stop=stop, show=lambda _: stop.drain("SIGINT")
    )

    finished = await resume(stopped.folder)

    assert finished.summary.state == "finished"
    assert read_plan(stopped.folder).durability is durability
    assert opened_as == [durability, durability]
