"""Figures beside the outcomes: what it cost, how fast it goes, and how it stands."""

import os
from types import SimpleNamespace

import pytest

from sygra_eval.studio.live.counting import Life
from sygra_eval.studio.live.run_watch import RunWatch
from sygra_eval.values import Outcome
from tests.report.run_by_hand import call_of, end_of, write_run


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def ended():
    """Let so many rows be found at a time; return the pace that is told a while later."""
    clock = Clock()
    life = Life(total=1_000, clock=clock)

    def of(*, at_s, rows, told_at_s):
        clock.now_s = at_s
        for _ in range(rows):
            life.row_ended()
        clock.now_s = told_at_s
        return life.pace(rows, life.total, is_live=True).rows_per_s

    return of


def test_rows_that_are_found_together_are_no_pace(ended):
    assert ended(at_s=10.0, rows=50, told_at_s=10.01) is None
    assert ended(at_s=14.0, rows=8, told_at_s=14.0) == pytest.approx(2.0)
    assert ended(at_s=18.0, rows=0, told_at_s=18.0) == pytest.approx(1.0)


def test_a_node_some_of_whose_calls_have_no_price_tells_how_many(tmp_path):
    calls = [call_of("q0"), call_of("q0", step="critique", cost_nano_usd=None)]
    watch = RunWatch(write_run(tmp_path / "s" / "one", [end_of(0)], calls=calls))

    node = watch.look().counts.nodes["solve"]

    assert (node.cost_usd, node.unpriced, node.calls) == (0.25, 1, 2)


def test_a_run_whose_process_is_gone_is_not_told_to_be_running(tmp_path):
    watch = RunWatch(write_run(tmp_path / "s" / "one", [end_of(0)]))
    watch.view = SimpleNamespace(is_draining=False, is_paused=False)

    look = watch.look(is_asked=False)

    assert (look.counts.state, watch.state) == ("finished", "finished")


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ('{"event": "row_ended"}\n{"event": "note", "text": "make room"}\n', "make room"),
        ('{"event": "ended_by", "error": "disk full"}\n{"event": "no', "disk full"),
        ('{"event": "note", "text": "make room"}\n{"event": "row_ended"}\n', ""),
        ('{"event": "note", "text": 7}\n', ""),
        ("[[[\n", ""),
        ("[7]\n", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_why_a_run_waits_or_ended_is_said_though_its_journal_cannot_hold_it(tmp_path, log, said):
    folder = write_run(tmp_path / "s" / "one", [end_of(0)], ended="")
    if log is not None:
        (folder / "run.log").write_text(log)

    assert RunWatch(folder).look().counts.said == said


def test_a_log_that_is_no_file_says_nothing(tmp_path):
    folder = write_run(tmp_path / "s" / "one", [end_of(0)], ended="")
    os.mkfifo(folder / "run.log")

    assert RunWatch(folder).look().counts.said == ""


@pytest.mark.parametrize(
    ("outcome", "is_left"), [(Outcome.FAILED, True), (Outcome.REJECTED, False)]
)
def test_a_finished_run_goes_on_where_rows_failed_by_infrastructure(tmp_path, outcome, is_left):
    watch = RunWatch(write_run(tmp_path / "s" / "one", [end_of(0), end_of(1, outcome)]))

    look = watch.look()

    assert (look.counts.state, look.control.can_resume) == ("finished", is_left)
