"""Whatever the moment of a kill: what was committed is there, and nothing else is made up."""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sygra_eval.journal import Journal, call_key, request_hash
from sygra_eval.values import (
    CallSite,
    ChatRequest,
    ChatResponse,
    Message,
    Outcome,
    RecordEnd,
    Round,
    Usage,
)

RECORDS = st.integers(0, 30)
REQUEST = ChatRequest(messages=(Message("user", "why?"),))
USAGE = Usage(prompt_tokens=1, completion_tokens=1)


def call(record: int):
    site = CallSite(record=f"r{record}", node="solve/draft")
    text = f"answer {record} " * 400  # some pages for each, so that a commit is many writes
    response = ChatResponse(text=text, finish_reason="stop", usage=USAGE)
    return call_key("m", REQUEST, site), site, request_hash("m", REQUEST), response


class KilledAtAnyMoment(RuleBasedStateMachine):
    """Nothing committed is absent, wherever the process dies, nor the visit that a call is from."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.home = Path(tempfile.mkdtemp())
        self.lives = 0
        self.path = self.home / "journal.db"
        self.journal = Journal.create(self.path, {"suite": "s"})
        self.calls: set[int] = set()
        self.visits: set[int] = set()
        self.ends: dict[int, RecordEnd] = {}

    @rule(records=st.lists(RECORDS, min_size=1, max_size=8, unique=True))
    def commit_calls(self, records):
        async def commit():
            await asyncio.gather(*(self.journal.commit_call(*call(n)) for n in records))

        self.runner.run(commit())
        self.calls.update(records)

    @rule(record=RECORDS)
    def commit_a_visit(self, record):
        self.journal.append_visit(f"r{record}", "solve", {"answer": record})
        self.runner.run(self.journal.flush())
        self.visits.add(record)

    @rule(record=RECORDS, outcome=st.sampled_from(Outcome), rounds=st.integers(0, 3))
    def finish_a_record(self, record, outcome, rounds):
        data = {"rounds": rounds}
        end = RecordEnd(row_id=f"r{record}", index=record, outcome=outcome, reason="", data=data)
        for number in range(1, rounds + 1):
            self.journal.append_round(f"r{record}", Round(node="n", number=number, attempts=()))
        self.runner.run(self.journal.finish(end))
        self.ends[record] = end

    @rule(in_flight=st.lists(RECORDS, max_size=12, unique=True), ticks=st.integers(0, 3))
    def kill(self, in_flight, ticks):
        self.path = self.runner.run(self.copy_in_the_middle(in_flight, ticks))
        self.journal = Journal.open(self.path)

        for record in set(in_flight) - self.calls:
            key, _, _, response = call(record)
            found = self.journal.answer(key)
            assert found in (None, response)
            if found is not None:
                self.calls.add(record)
                assert self.journal.visit(f"r{record}", "solve") == {"answer": record}
        self.visits |= {n for n in in_flight if self.journal.visit(f"r{n}", "solve") is not None}

    async def copy_in_the_middle(self, in_flight, ticks) -> Path:
        async def visit_then_call(record):
            self.journal.append_visit(f"r{record}", "solve", {"answer": record})
            await self.journal.commit_call(*call(record))

        tasks = [asyncio.ensure_future(visit_then_call(record)) for record in in_flight]
        for _ in range(ticks):
            await asyncio.sleep(0)
        self.lives += 1
        folder = self.home / f"life{self.lives}"
        folder.mkdir()
        for name in ("journal.db", "journal.db-wal"):
            if (self.path.parent / name).exists():
                shutil.copy(self.path.parent / name, folder)
        await asyncio.gather(*tasks)
        await self.journal.close()
        return folder / "journal.db"

    @rule()
    def close_and_open(self):
        self.runner.run(self.journal.close())
        self.journal = Journal.open(self.path)

    @precondition(lambda self: any(end.outcome is Outcome.FAILED for end in self.ends.values()))
    @rule()
    def forget_failed(self):
        failed = {n for n, end in self.ends.items() if end.outcome is Outcome.FAILED}

        assert self.runner.run(self.journal.forget_failed()) == len(failed)

        self.visits -= failed
        self.ends = {n: end for n, end in self.ends.items() if n not in failed}

    @invariant()
    def every_committed_call_is_answered(self):
        for record in self.calls:
            key, _, _, response = call(record)
            assert self.journal.answer(key) == response

    @invariant()
    def every_visit_and_every_outcome_is_there_with_its_rounds(self):
        for record in range(31):
            visit = {"answer": record} if record in self.visits else None
            assert self.journal.visit(f"r{record}", "solve") == visit
        assert list(self.journal.reader.outcomes()) == [self.ends[n] for n in sorted(self.ends)]
        for end in self.ends.values():
            assert len(self.journal.reader.rounds(end.row_id)) >= end.data["rounds"]
        assert self.journal.damaged == 0

    def teardown(self):
        self.runner.run(self.journal.close())
        self.runner.close()
        shutil.rmtree(self.home)


KilledAtAnyMoment.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestKilledAtAnyMoment = KilledAtAnyMoment.TestCase

COMMITTING = """
import asyncio, os, sys
from pathlib import Path
from sygra_eval.journal import Journal, call_key, request_hash
from sygra_eval.values import CallSite, ChatRequest, ChatResponse, Usage

REQUEST = ChatRequest(messages=())

async def one_after_the_other(journal, lane):
    for number in range(100_000):
        site = CallSite(record=f"{lane}-{number}", node="n")
        key = call_key("m", REQUEST, site)
        if journal.answer(key) is None:
            usage = Usage(prompt_tokens=1, completion_tokens=1)
            answer = ChatResponse(text=site.record * 500, finish_reason="stop", usage=usage)
            await journal.commit_call(key, site, request_hash("m", REQUEST), answer)
            os.write(1, site.record.encode() + b"\\n")

async def main(path):
    journal = Journal.open(path) if path.exists() else Journal.create(path, {"suite": "s"})
    await asyncio.gather(*(one_after_the_other(journal, lane) for lane in range(8)))

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_kill_9_in_the_middle_of_commits_loses_none_that_was_acknowledged(path):
    chance = random.Random(7)  # noqa: S311
    acknowledged: list[str] = []
    for _ in range(3):
        command = [sys.executable, "-c", COMMITTING, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: ASYNC220, S603
            assert process.stdout is not None
            for _ in range(chance.randrange(50, 1500)):
                acknowledged.append(process.stdout.readline().decode().strip())
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().decode()
        acknowledged += rest.splitlines() if rest.endswith("\n") else rest.splitlines()[:-1]

    assert process.returncode == -signal.SIGKILL
    assert len(acknowledged) == len(set(acknowledged)), "a committed call was asked again"
    async with Journal.open(path) as journal:
        for record in acknowledged:
            site = CallSite(record=record, node="n")
            found = journal.answer(call_key("m", ChatRequest(messages=()), site))
            assert found is not None
            assert found.text == record * 500
        assert journal.reader.calls_summary().calls >= len(acknowledged)
    assert os.listdir(path.parent) == ["journal.db"]  # noqa: PTH208
