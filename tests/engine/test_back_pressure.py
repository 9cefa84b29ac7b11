"""What waits is bounded: by the rows in flight, not by the slowest row nor by the disk."""

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest

from sygra_eval.engine.progress import Progress
from sygra_eval.engine.taking import WITHOUT_MODELS
from tests.engine.conftest import FAST_NODES, FAST_PLUGIN, fast_suite, write_suite

MANY = 5_000 if os.environ.get("SYGRA_EVAL_FULL") == "1" else 1_500
OF_THE_ECHO = 8 + 8 // 2
"""Rows in flight for a model that takes 8 calls at once."""
OF_NO_MODEL = WITHOUT_MODELS + WITHOUT_MODELS // 2
SLOW = """
import asyncio, gc
from sygra_eval import hookimpl
from sygra_eval.values import RecordEnd

ended, kept = [], []
others_ended = asyncio.Event()

async def slow(node, state, ctx):
    if ctx.row.id == "r0":
        await others_ended.wait()
    return {"slow": ""}

@hookimpl
def sygra_register_nodes(register):
    register("slow", slow)

@hookimpl
def sygra_record_finished(record):
    ended.append(record.row_id)
    if len(ended) in (MANY // 2, MANY - 1):
        kept.append(sum(isinstance(one, RecordEnd) for one in gc.get_objects()))
    if len(ended) == MANY - 1:
        others_ended.set()
    if len(ended) == MANY:
        with open(TOLD, "w") as file:
            print(*kept, ended.index("r0"), file=file)
"""


@pytest.mark.full
async def test_a_record_that_takes_for_ever_holds_up_nobody_and_nothing_gathers_behind_it(
    tmp_path, run
):
    plugin, told = tmp_path / "slow_plugin.py", tmp_path / "told"
    plugin.write_text(SLOW.replace("MANY", str(MANY)).replace("TOLD", repr(str(told))))
    suite = fast_suite(
        tmp_path,
        (f"q{n}" for n in range(MANY)),
        nodes={"slow": {"node_type": "slow"}, "solve": FAST_NODES["solve"]},
    )

    async with asyncio.timeout(120):
        finished = await run(suite, plugins=[str(FAST_PLUGIN), str(plugin)])

    *kept, last = map(int, told.read_text().split())
    assert last == MANY - 1
    assert all(ends <= 2 * OF_THE_ECHO for ends in kept), "ends are kept in memory"
    rows = finished.rows("verified")
    assert [row["id"] for row in rows] == [f"r{n}" for n in range(MANY)]


COUNTING = """
from sygra_eval import hookimpl
from sygra_eval.values import Status, Verdict

begun = open(BEGUN, "w", buffering=1)

async def count_node(node, state, ctx):
    print(ctx.row.id, file=begun)
    return {"begun": ""}

async def count_judged(candidate, ctx):
    print("", file=begun)
    return Verdict(validator=ctx.validator.name, status=Status.PASS, reason="")

@hookimpl
def sygra_register_nodes(register):
    register("begun", count_node)

@hookimpl
def sygra_register_validators(register):
    register("begun", count_judged)
"""


class HeldDisk:
    """Takes the journal's write lock at the fortieth row, and gives it back half a second later."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ended = self.begun_meanwhile = self.ended_meanwhile = 0

    @property
    def plugin(self) -> str:
        path = self._folder / "counting.py"
        path.write_text(COUNTING.replace("BEGUN", repr(str(self._folder / "begun"))))
        return str(path)

    def show(self, progress: Progress) -> None:
        self.ended += 1
        if self.ended != 40:
            return
        (journal,) = self._folder.glob("out/*/*/journal.db")
        holder = sqlite3.connect(journal, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        asyncio.get_running_loop().call_later(0.5, self._let_go, holder, self._begun(), self.ended)

    def _let_go(self, holder: sqlite3.Connection, begun: int, ended: int) -> None:
        self.begun_meanwhile = self._begun() - begun
        self.ended_meanwhile = self.ended - ended
        holder.close()

    def _begun(self) -> int:
        return len((self._folder / "begun").read_text().splitlines())


@pytest.mark.parametrize("has_model", [True, False])
async def test_a_disk_that_takes_no_commit_stops_admissions_and_nothing_is_lost(
    tmp_path, run, has_model
):
    nodes = {"begun": {"node_type": "begun"}, "solve": FAST_NODES["solve"]}
    questions = [f"q{n}" for n in range(1_000)]
    rows = [{"id": f"r{n}", "question": question} for n, question in enumerate(questions)]
    suite = (
        fast_suite(tmp_path, questions, nodes=nodes)
        if has_model
        else write_suite(
            tmp_path,
            rows,
            candidate={"text": "{question}"},
            quality={"validators": [{"use": "begun"}]},
            sandbox={"isolation": "none", "i_accept_the_risk": True},
        )
    )
    disk = HeldDisk(tmp_path)

    finished = await run(suite, show=disk.show, plugins=[str(FAST_PLUGIN), disk.plugin])

    assert len(finished.rows("verified")) == len(rows)
    in_flight = OF_THE_ECHO if has_model else OF_NO_MODEL
    assert disk.begun_meanwhile <= in_flight
    # Those that were committed before the lock was there are told of while it holds.
    assert disk.ended_meanwhile <= in_flight
