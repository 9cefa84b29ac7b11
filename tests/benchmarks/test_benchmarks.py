"""The benchmarks still run and say what they counted; their figures are for docs/performance.md."""

import asyncio
import json
import re

import pytest

from benchmarks import executions, journal, loop, procs, rate_limits, strength
from benchmarks.memory import write_rows
from benchmarks.ten_validators import loop as loop_of_ten


def questions() -> list[dict[str, object]]:
    return [json.loads(line) for line in loop.QUESTIONS.read_text("utf-8").splitlines()]


def test_the_loop_makes_the_calls_and_executions_that_it_speaks_of(capsys):
    every = questions()

    loop.compare(every, loop.samples_of(every, 5))

    told = capsys.readouterr().out
    assert "5 samples, 5 verified, 12 calls, 11 executions in " in told
    assert re.search(r"^run +\d+\.\d\d s CPU .* MB at most", told, re.MULTILINE)
    assert re.search(r"^floor +\d+\.\d\d s CPU: calls .* forks ", told, re.MULTILINE)
    assert re.search(r"^ratio +\d+\.\d\d$", told, re.MULTILINE)


def test_a_thousand_samples_are_the_calls_and_executions_of_the_issue():
    ends = [sample["start"].startswith("wrong") for sample in loop.samples_of(questions(), 1_000)]

    calls = sum(4 if is_wrong_at_first else 2 for is_wrong_at_first in ends)
    runs = sum(3 if is_wrong_at_first else 2 for is_wrong_at_first in ends)

    assert (calls, runs) == (2_400, 2_200)


def test_figures_of_something_else_are_refused():
    line = {"rows": 5, "verified": 5, "calls": 13}

    with pytest.raises(SystemExit, match="meant were 12 calls and 11 executions"):
        loop.show_counts(line, 11, "box")


def test_an_execution_is_measured_warm_and_cold():
    warm = asyncio.run(executions.warm(4, 2, None))
    cold = asyncio.run(executions.bare(2, 2))

    assert (warm.runs, cold.runs) == (4, 2)
    assert min(warm.cpu_ms, cold.cpu_ms) > 0


async def test_the_strength_of_a_rows_tests_is_measured():
    verdicts = await strength.verdicts_of(questions()[:1], "mutation")

    assert verdicts[0].evidence.measures["mutation_score"] > 0.5


def test_rate_limits_are_measured_in_a_run_and_in_virtual_time(monkeypatch):
    monkeypatch.setattr(rate_limits, "SECONDS", 3.0)

    told = rate_limits.real_table(17, 0.05, 4, 1)
    simulated = rate_limits.simulated_table(1)

    assert re.search(r"^ +\d\.\d\d +\d\.\d\d +1 +\d+\.\d\d$", told, re.MULTILINE)
    for kind in rate_limits.KINDS:
        assert re.search(rf"^{re.escape(kind)} +0\.\d\d +\d+\.\d\d ", simulated, re.MULTILINE)


def test_the_journal_is_measured_beside_the_same_work_without_it(tmp_path, capsys):
    journal.show_calls(300)
    long = journal.long_run(tmp_path, 120)

    told = capsys.readouterr().out
    for durability in ("normal", "full"):
        assert re.search(rf"^a finished call, {durability} .* ratio \d+\.\d\d$", told, re.MULTILINE)
    assert min(long.first_cpu_s, long.first_wall_s, long.report_cpu_s) > 0


def test_processes_are_compared_by_runs_with_the_same_bytes(capsys):
    procs.compare(6, 1.0, 2, 1)

    told = capsys.readouterr().out
    assert len(re.findall(r"6 rows of 1 ms .* s whole .* s CPU", told)) == 2
    assert re.search(
        r"^2 processes against one, whole command: median \d+\.\d\d", told, re.MULTILINE
    )


def test_the_plain_loop_judges_by_the_ten_checks_of_the_run(tmp_path):
    source = tmp_path / "rows.jsonl"
    write_rows(source, 20)

    took = loop_of_ten(source)

    kept = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(kept) == 20
    assert all(len(row["verdicts"]) == 10 for row in kept)
    assert took["cpu_s"] > 0
