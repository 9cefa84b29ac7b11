"""Every row of the input has one line that says where it ended, and every sum holds."""

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from sygra_eval.cli.ledger import command
from sygra_eval.engine import ExitCode, LedgerLine, RunOptions, keep_ledger
from sygra_eval.journal import open_readonly
from tests.engine.conftest import FAST_PLUGIN, fast_suite

WORDS = ["fine", "says-fail", "node-raise", "call-refused", "says-error", "{no json", "fine"]
ENDS = ["verified", "rejected", "failed", "failed", "failed", "failed", "verified"]


@pytest.fixture
def ledger_of():
    async def keep(folder: Path, *, plugins=(str(FAST_PLUGIN),)):
        lines: list[LedgerLine] = []
        options = RunOptions(plugins=list(plugins))
        return await keep_ledger(folder, lines.append, options), lines

    return keep


@pytest.fixture
def tamper():
    """Change a closed journal as a fault of ours would: the checksums of what is left are right."""

    def run_sql(folder: Path, sql: str) -> None:
        with sqlite3.connect(folder / "journal.db") as connection:
            assert connection.execute(sql).rowcount == 1

    return run_sql


def account(ledger, of):
    (found,) = [account for account in ledger.accounts if account.of == of]
    return found


async def test_every_row_has_one_line_in_the_order_of_the_input(tmp_path, run, ledger_of):
    done = await run(fast_suite(tmp_path, WORDS))

    ledger, lines = await ledger_of(done.folder)

    assert [line.index for line in lines] == list(range(len(WORDS)))
    assert [line.outcome for line in lines] == ENDS
    assert all(line.reason for line in lines)
    assert [line.row_id for line in lines] == ["r0", "r1", "r2", "r3", "r4", "rows.jsonl:6", "r6"]
    assert ledger.holds
    assert ledger.exit_code is ExitCode.PASSED


async def test_rows_nodes_and_validators_add_up_each_for_itself(tmp_path, run, ledger_of):
    done = await run(fast_suite(tmp_path, WORDS))

    ledger, _ = await ledger_of(done.folder)

    rows = {"verified": 2, "rejected": 1, "failed": 4, "unjudged": 0, "not reached": 0}
    mark = {"done": 5, "failed here": 1, "ended before it": 1, "not reached": 0}
    solve = {"done": 4, "failed here": 1, "ended before it": 2, "not reached": 0}
    says = {"pass": 2, "fail": 1, "error": 1, "skip": 0, "not judged": 3, "not reached": 0}
    assert account(ledger, "rows").parts == rows
    assert account(ledger, "node mark").parts == mark
    assert account(ledger, "node solve").parts == solve
    assert account(ledger, "validator says").parts == says
    assert {account.total for account in ledger.accounts} == {len(WORDS)}


async def test_rows_that_a_stopped_run_did_not_reach_are_named(tmp_path, run, stop, ledger_of):
    def after_four(progress):
        if progress.rows_done == 4:
            stop.drain("SIGINT")

    stopped = await run(fast_suite(tmp_path, ["fine"] * 40), show=after_four, stop=stop)

    ledger, lines = await ledger_of(stopped.folder)

    left = [line.row_id for line in lines if line.outcome == "not reached"]
    assert [line.row_id for line in lines] == [f"r{n}" for n in range(40)]
    assert len(left) == stopped.summary.not_reached > 0
    assert account(ledger, "rows").parts["not reached"] == len(left)
    assert ledger.holds


async def test_where_the_input_has_changed_they_are_counted_and_it_is_said_why_not_named(
    tmp_path, run, stop, ledger_of
):
    stopped = await run(
        fast_suite(tmp_path, ["fine"] * 40),
        show=lambda progress: stop.drain("SIGINT"),
        stop=stop,
    )
    (tmp_path / "rows.jsonl").write_text('{"id": "other", "question": "fine"}\n')

    ledger, lines = await ledger_of(stopped.folder)

    assert "input has changed" in ledger.unnamed
    assert account(ledger, "rows").parts["not reached"] == 40 - len(lines) > 0
    assert ledger.holds


async def test_a_plugin_that_is_not_named_again_is_not_loaded_for_it(
    tmp_path, run, stop, ledger_of
):
    stopped = await run(
        fast_suite(tmp_path, ["fine"] * 40),
        show=lambda progress: stop.drain("SIGINT"),
        stop=stop,
    )

    ledger, _ = await ledger_of(stopped.folder, plugins=())

    assert f"-p {FAST_PLUGIN}" in ledger.unnamed


async def test_a_row_that_vanished_from_the_journal_is_missed(tmp_path, run, ledger_of, tamper):
    done = await run(fast_suite(tmp_path, WORDS))
    tamper(done.folder, "DELETE FROM outcome WHERE idx = 1")

    ledger, lines = await ledger_of(done.folder)

    assert (lines[1].row_id, lines[1].outcome) == ("r1", "not reached")
    assert account(ledger, "rows").parts["not reached"] == 1
    assert account(ledger, "rows").parts["rejected"] == 0


async def test_a_visit_that_vanished_breaks_the_sum_of_its_node(tmp_path, run, ledger_of, tamper):
    done = await run(fast_suite(tmp_path, WORDS))
    tamper(done.folder, "DELETE FROM visit WHERE record = 'r0' AND node = 'mark'")

    ledger, _ = await ledger_of(done.folder)

    assert not account(ledger, "node mark").holds
    assert account(ledger, "rows").holds
    assert ledger.exit_code is ExitCode.GATE_FAILED


async def test_an_outcome_of_a_row_that_is_not_in_the_input_is_a_contradiction(
    tmp_path, run, stop, ledger_of
):
    """As when two inputs were mixed up under one fingerprint, by a source of a plugin."""
    stopped = await run(
        fast_suite(tmp_path, ["fine"] * 40), show=lambda p: stop.drain("SIGINT"), stop=stop
    )
    with open_readonly(stopped.folder / "journal.db") as reader:
        last = list(reader.outcomes())[-1]
    assert last.index < 39
    lines = (tmp_path / "rows.jsonl").read_text().splitlines()
    swapped = [line.replace(f'"{last.row_id}"', '"another"') for line in lines]
    (tmp_path / "rows.jsonl").write_text("\n".join(swapped) + "\n")
    _forge_fingerprint(stopped.folder, tmp_path / "suite.yaml")

    ledger, _ = await ledger_of(stopped.folder)

    assert [said for said in ledger.contradictions if last.row_id in said and "another" in said]
    assert ledger.exit_code is ExitCode.GATE_FAILED


def test_the_verb_prints_a_line_a_row_and_the_sums(tmp_path, finished_run):
    arguments = [str(finished_run), "-p", str(FAST_PLUGIN)]

    said = CliRunner().invoke(command, arguments, standalone_mode=False)

    lines = said.output.splitlines()
    assert said.return_value == 0
    assert [line.split("\t")[0] for line in lines[: len(WORDS)]] == ENDS
    rows = "rows: 7 = 2 verified + 1 rejected + 4 failed + 0 unjudged + 0 not reached"
    assert lines[len(WORDS) + 1] == rows


def test_one_outcome_can_be_asked_for_and_the_sums_stay_those_of_all(finished_run):
    arguments = [str(finished_run), "--outcome", "rejected", "--json"]

    said = CliRunner().invoke(command, [*arguments, "-p", str(FAST_PLUGIN)])

    row, totals = map(json.loads, said.output.splitlines())
    assert (row["id"], row["outcome"]) == ("r1", "rejected")
    assert totals["accounts"][0]["total"] == len(WORDS)
    assert totals["holds"] is True


@pytest.fixture
async def finished_run(tmp_path, run):
    return (await run(fast_suite(tmp_path, WORDS))).folder


def _forge_fingerprint(folder: Path, suite: Path) -> None:
    """Have the journal believe that its input is what stands there now."""
    from sygra_eval.journal.store import checksum
    from sygra_eval.plugins import load_plugins
    from sygra_eval.suite import load_suite

    plugins = load_plugins(suite.parent, named=[str(FAST_PLUGIN)])
    source = load_suite(suite, plugins).source
    now = plugins.of("sources")[source.type].implementation(source).fingerprint()
    row = ("input_fingerprint", now)
    with sqlite3.connect(folder / "journal.db") as connection:
        connection.execute(
            "UPDATE run SET v = ?, crc = ? WHERE k = ?", (now, checksum(row), "input_fingerprint")
        )
