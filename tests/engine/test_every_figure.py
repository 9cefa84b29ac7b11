"""Every figure of a real run's `report.json` comes out of its own query again."""

import json
import sqlite3

from sygra_eval.engine import ReportContext, ReportOptions, RunOptions, score, summarise
from sygra_eval.plugins import load_plugins
from tests.engine.conftest import LOOP, code_row, fast_suite, write_suite
from tests.report.checking import complaints_of

QUESTIONS = (
    "draft=right",
    "draft=wrong critic=never",
    "draft=wrong revise=right critic=eager",
    "draft=hard-coded",
    "draft=broken revise=wrong critic=never",
    "draft=talk",
)


def document_of_folder(folder):
    """Return the report of a run that was not told of its end, every metric in it."""
    options = ReportOptions(has_metrics=True)
    ctx = ReportContext(summary=summarise(folder), plugins=load_plugins(folder), options=options)
    return ctx.document


async def test_of_a_run_with_loops(run, code_suite):
    rows = [
        {**code_row(f"r{at}", question), "topic": f"t{at % 2}"}
        for at, question in enumerate(QUESTIONS)
    ]
    loop = {"draft": {**LOOP["draft"], "samples": 2}}

    done = await run(code_suite(*rows, loop=loop))

    assert complaints_of(done.folder) == []
    assert complaints_of(done.folder, document_of_folder(done.folder)) == []
    report = json.loads((done.folder / "report.json").read_text())
    assert report["rows"]["value"] == len(QUESTIONS)
    assert report["critiques"]["made"]["value"] > 0
    assert report["time"]["bound_s"]["value"] > 0


async def test_of_a_run_that_judged_the_rows_of_another_again(run, code_suite, tmp_path):
    first = await run(code_suite(code_row("r0", "draft=right")))

    again = await score(first.folder, RunOptions(name="again", out=tmp_path / "again"))

    assert first.outcomes()["r0"] == "verified"
    assert complaints_of(again.summary.folder) == []


async def test_of_a_run_that_failed_in_every_way(run, tmp_path):
    questions = ["says-fail", "fine", "call-refused", "says-error", "says-skip", "node-raise", "{"]

    done = await run(fast_suite(tmp_path / "suite", questions))

    assert complaints_of(done.folder) == []


async def test_of_rows_that_were_there_before(run, tmp_path):
    rows = [
        {"id": "a", "code": "def f(x): return x + 1", "label": "right", "trap": False},
        {"id": "b", "code": "def f(x): return x", "label": "wrong", "trap": False},
        {"id": "c", "code": "def f(x): return 2", "label": "wrong", "trap": True},
    ]
    for row in rows:
        row |= {"entry_point": "f", "test": "assert f(1) == 2"}
    suite = write_suite(
        tmp_path / "suite",
        rows,
        candidate={"code": "{code}", "entry_point": "{entry_point}"},
        quality={
            "validators": [{"use": "unit_tests", "from": "test", "required": True}],
            "truth": "label",
            "canary": "trap",
        },
    )

    done = await run(suite)

    assert complaints_of(done.folder) == []
    assert (
        json.loads((done.folder / "report.json").read_text())["validator_errors"][0][
            "false_accept_rate"
        ]["k"]
        == 1
    )


async def test_of_a_run_that_was_interrupted(run, tmp_path, stop):
    def halt(progress):
        if progress.rows_done == 2:
            stop.drain("SIGINT")

    done = await run(fast_suite(tmp_path / "suite", ["fine"] * 40), stop=stop, show=halt)

    report = json.loads((done.folder / "report.json").read_text())
    assert report["state"] == "interrupted"
    assert complaints_of(done.folder) == []


async def test_of_a_journal_with_damaged_rows(run, tmp_path):
    done = await run(fast_suite(tmp_path / "suite", ["fine"] * 5))
    with sqlite3.connect(done.folder / "journal.db") as journal:
        journal.execute("UPDATE outcome SET reason = 'other' WHERE idx = 2")
        journal.execute("UPDATE call SET visit = 7 WHERE record = 'r1'")

    document = document_of_folder(done.folder)

    assert document["damaged_rows"]["absent"]["value"] == 2
    assert complaints_of(done.folder, document) == []


async def test_of_a_run_without_any_row_that_ended(run, tmp_path):
    done = await run(fast_suite(tmp_path / "suite", ["fine"] * 3))
    with sqlite3.connect(done.folder / "journal.db") as journal:
        for table in ("outcome", "call", "round", "visit"):
            journal.execute(f"DELETE FROM {table}")  # noqa: S608
        journal.execute("DELETE FROM event WHERE kind <> 'started'")
    for lines in done.folder.glob("*.jsonl"):
        lines.unlink()

    document = document_of_folder(done.folder)

    assert document["state"] == "running"
    assert document["verified_rate"]["reason"] == "no row has ended"
    assert complaints_of(done.folder, document) == []
