"""Gathers the calls of one model into batches, and answers each when its batch has ended.

A call waits here like any other, only longer. `BatchDesk.reply_to` gathers it; when nothing new has
come for a while, or a batch is full, the file is uploaded and submitted, the batch is looked at
with growing waits until it ends, and its files are read. What is on its way is in the ledger: the
file before it is submitted, the batch as soon as its id is known. So a run that is killed takes up
its batches; where it died in between, the batch is found by the tag in its metadata.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace

from sygra_eval.models.batch_ledger import BatchLedger, BatchRecord, ForgetfulLedger, OpenBatch
from sygra_eval.models.batch_outcomes import (
    ENDED,
    KNOWN,
    failure_of,
    has_no_room,
    is_no_room,
    lost_with,
    refused_lines,
    window_s,
)
from sygra_eval.models.batch_patience import BatchPatience, grown
from sygra_eval.models.batch_reading import read_answers
from sygra_eval.models.batch_wire import TAG, BatchSeen, BatchWire, is_answer, was_not_run
from sygra_eval.models.outage import MOST_OUTAGE_S
from sygra_eval.models.replies import RawReply
from sygra_eval.values import BatchTerms, CallFailed, ChatModel, EndpointLost

_log = logging.getLogger(__name__)

LONGEST_ROOM_S = 600.0
MOST_WAITS = 12  # times `wait_s` that a batch gathers at most while calls keep coming
SETTLE_S = 30.0
OVERTIME_S = 3_600.0  # beyond its window that a batch is waited for

Answer = asyncio.Future[RawReply | None]


class _NoRoom(Exception):
    """The account has too many tokens enqueued for this batch to be taken."""


@dataclass(slots=True, eq=False)
class _Batch:
    """One batch and those who wait for it.

    :ivar is_earlier: An earlier start began it.
    :ivar lines: Of its file, by key; those of an earlier start are not known.
    :ivar replies: By key, when it has ended and its files are read.
    :ivar error: Why it has no replies and will have none.
    """

    record: BatchRecord
    is_earlier: bool = False
    lines: dict[str, bytes] = field(default_factory=dict)
    waiting: dict[str, list[Answer]] = field(default_factory=dict)
    replies: dict[str, RawReply] | None = None
    error: Exception | None = None
    is_given_back: bool = False
    looks: int = 0
    task: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a server works on it for us."""
        return bool(self.record.batch_id) and self.replies is None and not self.is_given_back


class BatchDesk:
    """Where the calls of one model wait for their batches."""

    def __init__(
        self,
        wire: BatchWire,
        terms: BatchTerms,
        *,
        model: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wire = wire
        self._terms = terms
        self._model = model
        self._patience = BatchPatience(
            address=wire.address,
            first_wait_s=terms.poll_s,
            most_outage_s=MOST_OUTAGE_S,
            clock=clock,
        )
        self._clock = clock
        self._ledger: BatchLedger = ForgetfulLedger()
        self._earlier: dict[str, _Batch] = {}
        self._lines: dict[str, bytes] = {}  # gathered, by key
        self._waiting: dict[str, list[Answer]] = {}
        self._gathered_bytes = 0
        self._most_requests = terms.most_requests
        self._first_at_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._batches: list[_Batch] = []
        self._submitting: set[asyncio.Task[None]] = set()
        self._no_room_since_s: float | None = None
        self._refusals_for_room = 0
        self._has_warned = False

    def go_on_with(self, ledger: BatchLedger) -> None:
        """Remember batches there, and take up what earlier starts left behind."""
        self._ledger = ledger
        for record in ledger.earlier(self._model):
            batch = _Batch(record, is_earlier=True)
            self._earlier |= dict.fromkeys(record.keys, batch)

    @property
    def open_batches(self) -> tuple[OpenBatch, ...]:
        """The batches that the server works on, as far as this start knows."""
        return tuple(
            OpenBatch(
                model=self._model,
                id=batch.record.batch_id,
                calls=len(batch.record.keys),
                address=self._wire.address,
            )
            for batch in self._batches
            if batch.is_open
        )

    async def reply_to(self, key: str, body: bytes) -> RawReply:
        """Return the reply to one request, as if it had been sent alone.

        :raises RetryLater: When its batch ended without it.
        :raises EndpointLost: When the server gives no prospect; the batch stays open.
        """
        if (batch := self._earlier.pop(key, None)) is not None:
            reply = await self._of_earlier(batch, key)
            if reply is not None and is_answer(reply):
                return reply  # what was refused then has cost nothing, and is asked anew
        self._patience.check()
        answer: Answer = asyncio.get_running_loop().create_future()
        self._gather(key, self._wire.line_of(key, body), [answer])
        reply = await answer
        assert reply is not None, "only batches of earlier starts have none"  # noqa: S101
        return reply

    async def _of_earlier(self, batch: _Batch, key: str) -> RawReply | None:
        self._patience.check()
        if batch.task is None:
            self._begin(batch)
        if batch.error is not None:
            raise batch.error
        if batch.replies is not None or batch.is_given_back:
            return (batch.replies or {}).pop(key, None)
        answer: Answer = asyncio.get_running_loop().create_future()
        batch.waiting.setdefault(key, []).append(answer)
        return await answer

    # Gathering

    def _gather(self, key: str, line: bytes, answers: list[Answer]) -> None:
        loop = asyncio.get_running_loop()
        if not self._lines:
            self._first_at_s = loop.time()
        is_full = self._gathered_bytes + len(line) > self._terms.most_bytes
        if self._lines and is_full:
            self._send_off()
        if key not in self._lines:
            self._lines[key] = line
            self._gathered_bytes += len(line)
        self._waiting.setdefault(key, []).extend(answers)
        if len(self._lines) >= self._most_requests:
            self._send_off()
            return
        if self._timer is not None:
            self._timer.cancel()
        ends_s = self._first_at_s + MOST_WAITS * self._terms.wait_s
        self._timer = loop.call_at(min(loop.time() + self._terms.wait_s, ends_s), self._send_off)

    def _send_off(self) -> None:
        """Make a batch of what has gathered, without those that nobody waits for any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wanted = {k: a for k, a in self._waiting.items() if not all(one.done() for one in a)}
        lines = {key: self._lines[key] for key in wanted}
        self._lines, self._waiting, self._gathered_bytes = {}, {}, 0
        if not lines:
            return
        tag = secrets.token_hex(16)
        record = BatchRecord(model=self._model, tag=tag, file_id="", keys=tuple(lines))
        self._begin(_Batch(record, lines=lines, waiting=wanted))

    def _begin(self, batch: _Batch) -> None:
        self._batches.append(batch)
        batch.task = asyncio.create_task(self._take(batch), name=f"batch of {self._model}")

    # One batch

    async def _take(self, batch: _Batch) -> None:
        """Take a batch to its end, and answer those who wait for it."""
        try:
            try:
                await self._submitted(batch)
                seen = await self._watched(batch)
                if seen.status == "failed" and has_no_room(seen):
                    raise _NoRoom(seen.errors[0].message)  # noqa: TRY301 - one way for both
            except _NoRoom as refusal:
                await self._wait_for_room(batch, str(refusal))
                return
            self._found_room()
            replies = await read_answers(self._wire, self._patience, seen, batch.record.keys)
        except Exception as error:  # noqa: BLE001 - root of the task: nobody may wait for ever
            self._fail(batch, error)
        else:
            self._answer(batch, seen, replies)

    async def _submitted(self, batch: _Batch) -> None:
        """Upload the file and submit it, unless an earlier start did; each once."""
        if batch.record.batch_id:
            return
        task = batch.task
        assert task is not None  # noqa: S101 - it runs in it
        self._submitting.add(task)
        try:
            if not batch.record.file_id:
                content = b"".join(batch.lines.values())
                file_id = await self._patience.persist(lambda: self._wire.upload(content))
                batch.record = replace(batch.record, file_id=file_id)
                await self._ledger.note(batch.record)
            wait_s, file_id = self._terms.poll_s, batch.record.file_id
            while not await self._patience.persist(lambda: self._wire.is_ready(file_id)):
                await self._patience.sleep(wait_s)
                wait_s = grown(wait_s)
            seen = await self._patience.persist(self._submission(batch))
            batch.record = replace(batch.record, batch_id=seen.id)
            await self._ledger.note(batch.record)
        finally:
            self._submitting.discard(task)
        told = {"model": self._model, "batch": seen.id, "calls": len(batch.record.keys)}
        _log.info("batch_submitted", extra=told)

    def _submission(self, batch: _Batch) -> Callable[[], Awaitable[BatchSeen]]:
        """Return what submits a batch; from the second time on it looks for it before.

        A server may have taken it although its reply was lost.
        """
        is_first = not batch.is_earlier
        record = batch.record
        metadata = {TAG: record.tag, "sygra_eval_run": self._ledger.run[:200]}

        async def submit() -> BatchSeen:
            nonlocal is_first
            self._patience.check()  # nothing is paid for any more
            if not is_first and (found := await self._wire.find(record.tag)) is not None:
                return found
            is_first = False
            try:
                return await self._wire.submit(record.file_id, self._terms.window, metadata)
            except CallFailed as failure:
                if is_no_room(failure.message):
                    raise _NoRoom(failure.message) from failure
                raise

        return submit

    async def _watched(self, batch: _Batch) -> BatchSeen:
        """Look at a batch until it has ended.

        :raises EndpointLost: When it does not, or can be looked at no more; it stays open.
        """
        batch_id, wait_s = batch.record.batch_id, self._terms.poll_s
        ends_s = self._clock() + window_s(self._terms.window) + OVERTIME_S
        if not batch.is_earlier:
            await self._patience.sleep(wait_s)
        while True:
            seen = await self._look(batch_id)
            batch.looks += 1
            if seen.status in ENDED:
                told = {"model": self._model, "batch": batch_id, "status": seen.status}
                _log.info("batch_ended", extra=told)
                return seen
            if seen.status not in KNOWN and not self._has_warned:
                self._has_warned = True
                told = {"model": self._model, "batch": batch_id, "status": seen.status}
                _log.warning("batch_status_unknown", extra=told)
            if self._clock() > ends_s:
                what = f"it is `{seen.status}` an hour after its window of {self._terms.window}"
                raise lost_with(batch_id, self._wire.address, "timeout", what)
            await self._patience.sleep(wait_s)
            wait_s = grown(wait_s)

    async def _look(self, batch_id: str) -> BatchSeen:
        return await self._patience.persist(lambda: self._wire.look(batch_id), open_batch=batch_id)

    # Its end

    def _answer(self, batch: _Batch, seen: BatchSeen, replies: dict[str, RawReply]) -> None:
        """Give everybody who waits for a batch his reply, or say why there is none."""
        batch.replies = replies
        self._batches.remove(batch)
        refused = refused_lines(seen, batch.lines)
        waiting, batch.waiting = batch.waiting, {}
        for key, answers in waiting.items():
            reply = replies.pop(key, None)
            if reply is not None and not was_not_run(reply):
                _settle(answers, reply)
            elif batch.is_earlier and (batch.looks == 1 or seen.status != "cancelled"):
                _settle(answers, None)
            elif key in refused:
                _settle(answers, refused[key])
            elif refused:  # nothing was run because of others, which are out now
                self._gather(key, batch.lines[key], answers)
            else:
                _settle(answers, failure_of(seen, self._wire.address))
        batch.lines = {}

    def _fail(self, batch: _Batch, error: Exception) -> None:
        batch.is_given_back = not batch.record.batch_id
        outcome: Exception | None = error
        if batch.is_earlier and batch.is_given_back and _is_of_its_file(error):
            outcome = None  # the file is gone, and nothing was paid: there will be another
        batch.error = outcome
        for answers in batch.waiting.values():
            _settle(answers, outcome)
        batch.waiting, batch.lines = {}, {}

    # Room in the account

    def _found_room(self) -> None:
        self._no_room_since_s, self._refusals_for_room = None, 0
        self._most_requests = min(self._terms.most_requests, 2 * self._most_requests)

    async def _wait_for_room(self, batch: _Batch, why: str) -> None:
        """Try the calls again when another batch has ended, or after a wait in smaller ones."""
        batch.is_given_back = True
        now_s = self._clock()
        if self._no_room_since_s is None:
            self._no_room_since_s = now_s
        if now_s - self._no_room_since_s > window_s(self._terms.window):
            what = f"no batch is taken for {self._terms.window}: {why}"
            raise EndpointLost("rate_limited", f"{self._wire.address}: {what}")
        size = len(batch.record.keys)
        others = [one.task for one in self._batches if one.is_open and one.task is not None]
        if not others:  # it is too large alone
            self._most_requests = max(1, min(self._most_requests, (size + 1) // 2))
        wait_s = min(self._terms.poll_s * 2**self._refusals_for_room, LONGEST_ROOM_S)
        self._refusals_for_room = min(self._refusals_for_room + 1, 30)
        told = {"model": self._model, "calls": size, "why": why, "wait_s": wait_s}
        _log.warning("batch_has_no_room", extra=told)
        sleeping = asyncio.create_task(self._patience.sleep(wait_s))
        try:
            await asyncio.wait((sleeping, *others), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._drop([sleeping])
        self._patience.check()
        self._batches.remove(batch)
        batch.replies = {}
        waiting, batch.waiting = batch.waiting, {}
        for key, answers in waiting.items():
            if batch.is_earlier:
                _settle(answers, None)
            else:
                self._gather(key, batch.lines[key], answers)
        batch.lines = {}

    # Its own end

    def interrupt(self, error: Exception) -> None:
        """End all waiting; batches stay open, and one that is being submitted gets its id noted."""
        if self._patience.is_stopped:
            return
        self._patience.stop(error)
        if self._timer is not None:
            self._timer.cancel()
        for answers in self._waiting.values():
            _settle(answers, error)
        self._lines, self._waiting = {}, {}
        for batch in self._batches:
            for answers in batch.waiting.values():
                _settle(answers, error)
            batch.waiting = {}

    async def settle(self) -> None:
        """Wait for what is being submitted, so that its id is noted; leave the rest."""
        if self._submitting:
            await asyncio.wait(tuple(self._submitting), timeout=SETTLE_S)
        await self._drop(batch.task for batch in self._batches)

    async def close(self) -> None:
        """Leave everything as it is."""
        if self._timer is not None:
            self._timer.cancel()
        await self._drop(batch.task for batch in self._batches)

    async def _drop(self, tasks: Iterable[asyncio.Task[None] | None]) -> None:
        left = [task for task in tasks if task is not None and not task.done()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def is_batched(model: ChatModel) -> bool:
    """Whether a model's calls wait for batches."""
    return getattr(model, "is_batched", False) is True


def desks_of(models: Iterable[ChatModel]) -> list[BatchDesk]:
    """Return the desks of the models that have one and are open."""
    desks = (getattr(model, "batches", None) for model in models)
    return [desk for desk in desks if isinstance(desk, BatchDesk)]


def _is_of_its_file(error: Exception) -> bool:
    return isinstance(error, CallFailed) and error.kind in ("not_found", "bad_request")


def _settle(answers: list[Answer], outcome: RawReply | Exception | None) -> None:
    for answer in answers:
        if answer.done():  # cancelled, or interrupted before
            continue
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
            answer.exception()  # who waited may be gone: nobody needs to be told of it then
        else:
            answer.set_result(outcome)
