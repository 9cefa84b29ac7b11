"""Runs over rows that are selected, joined and transformed: resumed, reported and accounted."""

import json

import pytest

from sygra_eval.engine import ExitCode, RunOptions, keep_ledger, resume_run
from sygra_eval.report import terminal_report
from sygra_eval.values import UsageError
from tests.engine.conftest import FAST_PLUGIN, counts_add_up, fast_suite
from tests.report.checking import complaints_of

DATA = {
    "source": [
        {
            "type": "disk",
            "file_path": "rows.jsonl",
            "alias": "task",
            "join_type": "primary",
            "where": "question != 'dull'",
            "sample": {"rows": 12},
        },
        {"type": "disk", "file_path": "styles.csv", "alias": "style", "join_type": "random"},
    ],
    "id_column": "task->id",
    "transforms": [
        {"use": "add", "columns": {"times": [1, 2]}},
        {"use": "explode", "column": "times"},
        {"use": "skip", "range": "[-1:]"},
    ],
}
NODE = {
    "node_type": "llm",
    "model": "author",
    "prompt": "{task->question} in {style->name}, {times}",
    "output_keys": "answer",
}


@pytest.fixture
def joined(tmp_path):
    """Write a suite of 20 tasks, five of them dull, and three styles."""

    def write(data=None):
        words = ["dull" if n % 4 == 3 else f"fine {n}" for n in range(20)]
        suite = fast_suite(
            tmp_path / "suite", words, nodes={"solve": NODE}, data_config=data or DATA
        )
        (tmp_path / "suite" / "styles.csv").write_text("name\nprose\nverse\nslang\n")
        return suite

    return write


async def test_a_run_over_joined_rows_reports_what_was_left_out(joined, run):
    done = await run(joined())

    first, of_styles = done.summary.input
    assert counts_add_up(done.summary)
    assert done.summary.rows == 23
    assert (first.read, first.made, first.total) == (20, 12, 32)
    assert first.parts == {
        "reach the graph": 23,
        "dropped by `where: question != 'dull'`": 5,
        "dropped by `sample: 12 rows`": 3,
        "dropped by transform `skip`": 1,
    }
    assert of_styles.parts == {"held to be joined": 3}
    assert "dropped by `sample: 12 rows`" in terminal_report(done.summary)
    report = json.loads((done.folder / "report.json").read_text())
    assert report["input"][0]["parts"]["reach the graph"]["value"] == 23
    assert complaints_of(done.folder) == []


async def test_an_interrupted_run_meets_the_same_rows_again(joined, run, resume, stop):
    suite = joined()
    undisturbed = await run(suite, name="undisturbed")

    def after_four(progress):
        if progress.rows_done == 4:
            stop.drain("SIGINT")

    stopped = await run(suite, name="stopped", show=after_four, stop=stop)
    resumed = await resume(stopped.folder)

    assert stopped.summary.not_reached > 0
    assert resumed.summary.exit_code is ExitCode.PASSED
    assert resumed.bytes_of("verified.jsonl") == undisturbed.bytes_of("verified.jsonl")
    assert resumed.summary.input == undisturbed.summary.input


async def test_the_ledger_adds_up_from_the_sources_to_the_outcomes(joined, run):
    done = await run(joined())

    ledger = await keep_ledger(done.folder, lambda line: None)

    assert ledger.holds
    assert [(account.of, account.total) for account in ledger.accounts[:3]] == [
        ("input, rows of the source", 32),
        ("input, rows of `style`", 3),
        ("rows", 23),
    ]


async def test_a_ledger_whose_input_does_not_add_up_says_so(joined, run, monkeypatch):
    from sygra_eval.data import flow

    monkeypatch.setattr(flow.Tally, "drop", lambda self, row, label: None)
    done = await run(joined())

    ledger = await keep_ledger(done.folder, lambda line: None)

    assert not ledger.holds
    assert ledger.exit_code is ExitCode.GATE_FAILED


async def test_a_limit_leaves_the_rest_unasked_for_and_the_sum_holds(joined, run):
    done = await run(joined(), limit=5)

    ledger = await keep_ledger(done.folder, lambda line: None)

    assert done.summary.rows == 5
    assert done.summary.input[0].parts["reach the graph"] == 5
    assert ledger.holds


async def test_a_changed_joined_source_is_found_on_resume(joined, run, stop):
    def after_four(progress):
        if progress.rows_done == 4:
            stop.drain("SIGINT")

    suite = joined()
    stopped = await run(suite, show=after_four, stop=stop)
    (suite.parent / "styles.csv").write_text("name\nprose\nverse\nsong\n")

    with pytest.raises(UsageError, match="has changed"):
        await resume_run(stopped.folder, RunOptions(plugins=[str(FAST_PLUGIN)]))


async def test_a_changed_filter_is_another_input_and_says_which_rows_are_gone(
    joined, run, stop, tmp_path
):
    def after_four(progress):
        if progress.rows_done == 4:
            stop.drain("SIGINT")

    plain = {"type": "disk", "file_path": "rows.jsonl", "id": "id"}
    solve = {**NODE, "prompt": "{question}"}
    data = {"source": {**plain, "where": "question != 'dull'"}}
    words = ["fine 0", "dull", "fine 2", "fine 3", "fine 4", "fine 5", "fine 6", "fine 7"] * 4
    suite = fast_suite(tmp_path / "suite", words, nodes={"solve": solve}, data_config=data)
    stopped = await run(suite, show=after_four, stop=stop)
    data = {"source": {**plain, "where": "question != 'fine 0'"}}
    suite = fast_suite(tmp_path / "suite", words, nodes={"solve": solve}, data_config=data)
    told: list[str] = []

    from sygra_eval.engine import PlanChange

    with pytest.raises(UsageError, match="nobody agreed"):
        await resume_run(
            stopped.folder,
            RunOptions(plugins=[str(FAST_PLUGIN)]),
            change=PlanChange(suite=suite),
            tell=told.append,
        )

    assert "the suite has changed: data_config.source.where" in told
    assert any("removed (r0" in sentence for sentence in told)
