"""A run's journal while the run goes on: one writer, and lookups that see what it committed."""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from sygra_eval.journal.blobs import Blobs, set_aside
from sygra_eval.journal.canonical import to_stored
from sygra_eval.journal.changing import Forgotten, change_plan
from sygra_eval.journal.codec import (
    fault_to_json,
    record_end_to_json,
    response_to_json,
    round_to_json,
    verdict_to_json,
)
from sygra_eval.journal.full_disk import DISK_WAIT_S, DiskWait
from sygra_eval.journal.places import Places
from sygra_eval.journal.reader import JournalReader, open_readonly
from sygra_eval.journal.store import (
    Column,
    Durability,
    closed_on_error,
    create_file,
    open_writer,
    plain,
)
from sygra_eval.journal.writer import Writer, insert_all
from sygra_eval.values import CallFault, CallSite, ChatResponse, Outcome, RecordEnd, Round, Verdict


class Journal:
    """Appends to a run's journal and looks things up in it.

    `commit_…` and `finish` return when what they were given is on disk; `append_…` and `event`
    return at once, and what they were given is on disk no later than the next commit. Lookups see
    everything that is committed. Hold the `RunLock` of the folder while one is open.
    """

    def __init__(self, writer: Writer, reader: JournalReader) -> None:
        self._writer = writer
        self.reader = reader
        self._refusals = {key: fault for key, _, fault in reader.refusals()}
        self._ended = Places()

    @classmethod
    def create(
        cls,
        path: Path,
        plan: Mapping[str, str],
        durability: Durability = Durability.NORMAL,
        *,
        disk_wait_s: float = DISK_WAIT_S,
    ) -> Self:
        """Start a journal with the plan in it.

        :raises UsageError: When there is one already, or the folder cannot be written.
        """
        create_file(path, plan)
        return cls.open(path, durability, disk_wait_s=disk_wait_s)

    @classmethod
    def open(
        cls,
        path: Path,
        durability: Durability = Durability.NORMAL,
        *,
        disk_wait_s: float = DISK_WAIT_S,
    ) -> Self:
        """Go on with a journal; while the disk is full it waits for room, but not for longer.

        :raises UsageError: When it cannot be read, is damaged, or is from a newer version.
        """
        connection = open_writer(path, durability)
        with closed_on_error(connection):
            reader = open_readonly(path)
            with closed_on_error(reader):
                reader.plan()
        return cls(Writer(connection, Blobs(path), DiskWait(wait_s=disk_wait_s)), reader)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def damaged(self) -> int:
        """How many damaged rows were met so far; each counts as absent."""
        return self.reader.damaged

    @property
    def disk(self) -> DiskWait:
        """Whether the disk has room."""
        return self._writer.disk

    def plan(self) -> dict[str, str]:
        """Return what the run was started with."""
        return self.reader.plan()

    async def commit_call(
        self,
        key: bytes,
        site: CallSite,
        request_hash: bytes,
        response: ChatResponse,
        *,
        model: str = "",
        is_batched: bool = False,
    ) -> None:
        """Put a call's answer on disk; only then may it be used.

        :param model: Who was asked, by the suite's name; so costs can be told apart.
        :param is_batched: It was answered in a batch, which has its own price.
        """
        told = {"model": model, "at": _now(), **({"is_batched": True} if is_batched else {})}
        stored, texts = set_aside({**response_to_json(response), **told})
        place = (plain(site.record), plain(site.node), site.visit, site.sample)
        await self._writer.commit("call", (key, *place, request_hash, stored), texts)

    def answer(self, key: bytes) -> ChatResponse | None:
        """Return the journalled answer of a call, None when it has to be asked."""
        return self.reader.answer(key)

    async def commit_refusal(self, key: bytes, record: str, fault: CallFault) -> None:
        """Put it on disk that a call is refused for good, so that it is not sent again."""
        await self._writer.commit("fault", _fault_row(key, record, fault))
        self._refusals[key] = fault

    def refusal(self, key: bytes) -> CallFault | None:
        """Return how a call was refused for good, None when it may be asked."""
        return self._refusals.get(key)

    def append_fault(self, key: bytes, record: str, fault: CallFault) -> None:
        """Queue a try that gave no answer; it is for people to look at, and is tried again."""
        self._writer.append("fault", _fault_row(key, record, fault))

    async def commit_execution(self, key: bytes, record: str, verdict: Verdict) -> None:
        """Put a validator's verdict on disk."""
        stored, texts = set_aside(verdict_to_json(verdict))
        columns = (key, plain(record), verdict.status.value, stored)
        await self._writer.commit("execution", columns, texts)

    def append_execution(self, key: bytes, record: str, verdict: Verdict) -> None:
        """Queue a verdict that the next call's commit puts on disk before anything follows."""
        stored, texts = set_aside(verdict_to_json(verdict))
        self._writer.append("execution", (key, plain(record), verdict.status.value, stored), texts)

    def execution(self, key: bytes) -> Verdict | None:
        """Return the verdict that is journalled under a key."""
        return self.reader.execution(key)

    def append_round(self, record: str, finished: Round) -> None:
        """Queue one round of a loop."""
        stored, texts = set_aside(round_to_json(finished))
        place = (plain(record), plain(finished.node), finished.number)
        self._writer.append("round", (*place, stored), texts)

    def append_visit(self, record: str, node: str, data: Mapping[str, object]) -> None:
        """Queue what a node added; it is on disk no later than any call that was asked with it.

        :raises BadAnswer: When it cannot be said in JSON.
        """
        stored, texts = set_aside(dict(data))
        self._writer.append("visit", (plain(record), plain(node), stored), texts)

    def visit(self, record: str, node: str) -> Mapping[str, object] | None:
        """Return what a node added for a record."""
        return self.reader.visit(record, node)

    async def finish(self, end: RecordEnd) -> None:
        """Put the end of a record on disk; only then may anyone see it."""
        stored, texts = set_aside({**record_end_to_json(end), "at": _now()})
        kind = (end.outcome.value, plain(end.reason))
        columns = (end.index, plain(end.row_id), *kind, stored)
        await self._writer.commit("outcome", columns, texts)

    def has_outcome(self, index: int) -> bool:
        """Say whether the record at this place of the source has ended."""
        return index in self._ended or self.reader.has_outcome(index)

    def outcome(self, index: int) -> RecordEnd | None:
        """Return how the record at this place of the source ended."""
        return self.reader.outcome(index)

    def counts(self) -> dict[Outcome, int]:
        """Return how many records ended where; every outcome is there.

        Which they were is kept, so that the rows of a long run are not looked up one by one again.
        """
        counts = dict.fromkeys(Outcome, 0)
        self._ended.clear()
        for index, outcome in self.reader.ended():
            counts[outcome] += 1
            self._ended.add(index)
        return counts

    async def forget_failed(self) -> int:
        """Let records that failed by infrastructure run again; return how many.

        Their visits, rounds and `error` verdicts go with them; every call stays, being paid for.
        A bad input row stays as it is: reading it again changes nothing.
        """
        self._ended.clear()
        return await self._writer.perform(_forget_failed)

    async def change_plan(
        self, plan: Mapping[str, str], forgotten: Forgotten, **told: object
    ) -> None:
        """Go on under another plan; what held only under the one before goes, all or nothing."""
        await self._writer.perform(
            lambda connection: change_plan(connection, plan, forgotten, told)
        )

    async def take_in(self, rows: Mapping[str, Sequence[tuple[Column, ...]]]) -> None:
        """Put rows of another journal on disk, by table: all or none; a row with a key replaces."""
        await self._writer.perform(lambda connection: insert_all(connection, rows))
        if "fault" in rows:
            self._refusals = {key: fault for key, _, fault in self.reader.refusals()}

    def event(self, kind: str, **fields: object) -> None:
        """Queue something that happened to the run itself."""
        stored = to_stored(fields)
        self._writer.append("event", (time.time(), time.monotonic(), plain(kind), stored))

    async def flush(self) -> None:
        """Return when everything that was queued is on disk."""
        await self._writer.perform(lambda connection: None)

    async def close(self) -> None:
        """Commit what is queued, fold the log into the file and let go of it."""
        self.reader.close()
        await self._writer.close()


def _now() -> float:
    """Return the wall clock, for people and traces: nothing is decided by it."""
    return round(time.time(), 3)


def _fault_row(key: bytes, record: str, fault: CallFault) -> tuple[Column, ...]:
    return key, plain(record), plain(fault.kind), to_stored(fault_to_json(fault))


def _forget_failed(connection: sqlite3.Connection) -> int:
    failed = "FROM outcome WHERE outcome = 'failed' AND reason NOT LIKE 'bad_input%'"
    if connection.execute(f"SELECT 1 {failed} LIMIT 1").fetchone() is None:
        return 0  # after many rows each of the statements below takes its time
    records = f"record IN (SELECT record {failed})"
    connection.execute(f"DELETE FROM visit WHERE {records}")  # noqa: S608
    connection.execute(f"DELETE FROM round WHERE {records}")  # noqa: S608
    connection.execute(f"DELETE FROM execution WHERE status = 'error' AND {records}")  # noqa: S608
    return connection.execute(f"DELETE {failed}").rowcount
