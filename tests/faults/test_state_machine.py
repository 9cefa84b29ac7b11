"""Whatever befalls a run, in whatever order: each row ends once, nothing is paid twice, same bytes.

A kill is a copy of the folder, taken in the middle of the run: what is on disk then is what a
process leaves that dies there. `SYGRA_EVAL_FULL=1` tries more of them.
"""

import asyncio
import contextlib
import os
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sygra_eval.engine import (
    RunOptions,
    StopSignal,
    keep_ledger,
    repair_run,
    resume_run,
    run_suite,
)
from sygra_eval.journal import RunLock, open_readonly
from sygra_eval.journal.store import open_writer
from sygra_eval.testing import PASSING, ScriptedEndpoint
from sygra_eval.values import InfrastructureError, UsageError
from tests.engine.conftest import fast_suite

IS_FULL = os.environ.get("SYGRA_EVAL_FULL") == "1"
QUICK = [name for name in PASSING if name not in {"hang", "stall", "trickle"}]
FILES = ("verified.jsonl", "verified.parquet", "rejected.jsonl")
NODES = {
    name: {"node_type": "llm", "model": "author", "prompt": prompt, "output_keys": output}
    for name, prompt, output in (
        ("think", "think of {question}", "thought"),
        ("solve", "{thought}: {question}", "answer"),
    )
}
IN_FLIGHT = 3
UNSAVED = IN_FLIGHT + 2  # of each life that is cut off: in flight, or answered and not on disk yet
SHARES = st.sampled_from((0, 0.5))
ENDS = st.sampled_from(("kill", "drain", "at once", "full disk"))


class Hurried(StopSignal):
    async def sleep(self, seconds):
        await super().sleep(min(seconds, 0.005))


class WhateverBefallsARun(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.stack = contextlib.ExitStack()
        self.endpoint = self.stack.enter_context(ScriptedEndpoint.in_a_thread())
        self.endpoint.answers_with(lambda body: f"answer to {body['messages'][-1]['content']}")
        self.questions: list[str] = []
        self.folder: Path | None = None
        self.lives = self.cut_off = self.lost = 0

    @initialize(count=st.integers(3, 8))
    def write_rows(self, count):
        self.add_rows(count)

    @precondition(lambda self: self.folder is None)
    @rule(count=st.integers(1, 4))
    def add_rows(self, count):
        first = len(self.questions)
        self.questions += [f"question {n}" for n in range(first, first + count)]
        entry = {**self.endpoint.model_entry(), "max_concurrency": IN_FLIGHT, "timeout": 2}
        self.suite = fast_suite(
            self.home / "suite",
            self.questions,
            models={"author": entry},
            nodes=NODES,
            quality={"validators": [{"use": "regex", "pattern": "[0-46-9]$", "required": True}]},
        )

    @rule(
        seed=st.integers(0, 99), share=st.sampled_from((0, 0.5)), after=st.integers(1, 6), how=ENDS
    )
    def go_on(self, seed, share, after, how):
        """Start or resume among faults, until so many rows ended and something befalls it."""
        self.lives += 1
        self.endpoint.fails_with(QUICK, share=share, seed=seed)
        self.cut_off += how != "drain"
        stop, ended, broke = Hurried(), [], ""
        copied = self.home / f"life-{self.lives}"

        def show(progress):
            ended.append(progress)
            if len(ended) != after or how == "full disk":
                return
            if how == "kill":
                self.copy_as_it_is(copied)
            stop.drain("the test")
            if how != "drain":
                stop.drain("the test")

        try:
            with full_disk(pages=after) if how == "full disk" else contextlib.nullcontext():
                asyncio.run(self.start(show, stop))
        except InfrastructureError as error:
            broke = str(error)
        assert not broke or (how == "full disk" and "make room" in broke), broke
        self.folder = self.folder or self.begun()
        if copied.exists():
            self.folder = copied

    async def start(self, show, stop):
        if self.folder is None:
            await run_suite(
                self.suite, RunOptions(disk_wait_s=0, out=self.home / "out"), show=show, stop=stop
            )
        else:
            await resume_run(
                self.folder,
                RunOptions(
                    disk_wait_s=0,
                ),
                show=show,
                stop=stop,
            )

    def begun(self):
        (journal,) = self.home.glob("out/small/*/journal.db")
        return journal.parent

    def copy_as_it_is(self, target):  # CONTROL is a socket
        begun = self.folder or self.begun()
        left_out = shutil.ignore_patterns("*-shm", "CONTROL", "LOCK", "*.tmp")
        shutil.copytree(begun, target, ignore=left_out)

    @precondition(lambda self: self.folder is not None)
    @rule()
    def come_second(self):
        before = len(self.endpoint.requests)

        with RunLock(self.folder), pytest.raises(UsageError, match="another process"):
            repair_run(self.folder)
        with RunLock(self.folder), contextlib.suppress(UsageError):  # a finished run is only told
            asyncio.run(
                resume_run(
                    self.folder,
                    RunOptions(
                        disk_wait_s=0,
                    ),
                )
            )

        assert len(self.endpoint.requests) == before

    @precondition(lambda self: self.folder is not None)
    @rule(seed=st.integers(0, 2**20))
    def flip_a_bit_and_repair(self, seed):
        chance, path = random.Random(seed), self.folder / "journal.db"  # noqa: S311
        before = self.committed()
        data = bytearray(path.read_bytes())
        place = chance.choice([place for place, byte in enumerate(data) if byte])
        data[place] ^= 1 << chance.randrange(8)
        path.write_bytes(data)

        repair_run(self.folder)

        after = self.committed()
        assert after.items() <= before.items()
        self.lost += len(before) - len(after)

    def committed(self):
        with open_readonly(self.folder / "journal.db") as reader:
            answers = {key: reader.answer(key) for key, _ in reader.call_keys()}
        return {key: found.text for key, found in answers.items() if found is not None}

    @invariant()
    def every_row_ended_once_or_was_not_reached(self):
        if self.folder is None:
            return
        lines = []
        ledger = asyncio.run(keep_ledger(self.folder, lines.append))
        assert ledger.holds, ledger
        assert [line.row_id for line in lines] == [f"r{n}" for n in range(len(self.questions))]

    @invariant()
    def no_call_is_paid_again_but_for_what_was_cut_off_or_damaged(self):
        paid = Counter(event.request for event in self.endpoint.events if event.kind == "paid")
        again = sum(times - 1 for times in paid.values())
        assert again <= self.cut_off * UNSAVED + self.lost
        assert all(times <= 1 + self.cut_off + self.lost for times in paid.values())

    def teardown(self):
        self.endpoint.chaos = None
        try:
            if self.folder is not None:
                asyncio.run(
                    resume_run(
                        self.folder,
                        RunOptions(
                            disk_wait_s=0,
                        ),
                    )
                )
                self.every_row_ended_once_or_was_not_reached()
                usual = asyncio.run(
                    run_suite(self.suite, RunOptions(disk_wait_s=0, out=self.home / "usual"))
                )
                for name in FILES:
                    ours, theirs = self.folder / name, usual.folder / name
                    assert ours.exists() == theirs.exists(), name
                    assert not ours.exists() or ours.read_bytes() == theirs.read_bytes(), name
        finally:
            self.stack.close()
            shutil.rmtree(self.home)


@contextlib.contextmanager
def full_disk(pages):
    """Have every journal that is opened grow by so many pages and no more."""

    def opened(path, *given, **named):
        connection = open_writer(path, *given, **named)
        ((now,),) = connection.execute("PRAGMA page_count").fetchall()
        connection.execute(f"PRAGMA max_page_count = {now + pages}")
        return connection

    with mock.patch("sygra_eval.journal.journal.open_writer", opened):
        yield


WhateverBefallsARun.TestCase.settings = settings(
    max_examples=40 if IS_FULL else 15,
    stateful_step_count=12 if IS_FULL else 7,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestWhateverBefallsARun = pytest.mark.full(WhateverBefallsARun.TestCase)
