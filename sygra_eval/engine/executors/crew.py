"""Gives rows to workers and takes their ends in. Start at `Crew.settle`.

A shard goes to the worker that has least to do, and stays with it. A worker that dies is started
again and gets the rows back that had not ended: what was answered stands in its journal. A shard
that was open at three deaths is gone on with row by row, alone; the row that kills a worker then
ends as `failed`.
"""

import asyncio
from collections import Counter
from types import TracebackType
from typing import Any, Self

from sygra_eval.engine.blocked import Blocked
from sygra_eval.engine.data_row import leftover_row
from sygra_eval.engine.disk_room import TAKEN_OVER
from sygra_eval.engine.executors.hands import NOTHING, Hand, Order
from sygra_eval.engine.executors.leases import amount_from_json
from sygra_eval.engine.executors.rows import (
    difference,
    end_from_json,
    row_to_json,
    what_cannot_be_sent,
)
from sygra_eval.engine.input_changes import stands_for
from sygra_eval.engine.preflight import Tell
from sygra_eval.engine.running import Running
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.spending import Amount, BudgetReached
from sygra_eval.engine.taking import concurrency, most_in_flight
from sygra_eval.journal import JournalUnwritable
from sygra_eval.models import share_of, show
from sygra_eval.values import (
    BadRow,
    Channel,
    Frame,
    InfrastructureError,
    Interrupted,
    Outcome,
    RecordEnd,
    Row,
    Shard,
    StartWorker,
    UsageError,
)

DEATHS = 3
"""So often a shard may be open when its worker dies before its rows are tried alone."""
FRUITLESS_STARTS = 5
END_S, AT_ONCE_S = 60.0, 10.0
"""So long workers may take to close what they have open, and where calls are given up."""
WORKER_CRASH = "worker_crash"
NOT_SENT = "not_sent"
_ALONE = "no worker can be handed that: `resume` without --procs settles it"
_LOOK_S = 1.0


class Crew:
    """The workers of one start of a run."""

    def __init__(
        self,
        setting: Setting,
        running: Running,
        tell: Tell,
        order: Order,
        start: StartWorker,
        workers: int,
    ) -> None:
        self._setting = setting
        self._running = running
        self._tell = tell
        self._order = order
        self._start = start
        self._hands = [Hand(number) for number in range(workers)]
        self._of_shard: dict[int, Hand] = {}
        self._deaths: Counter[int] = Counter()
        self._failure: Exception | None = None
        self._is_ending = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._wants_whole_ends = setting.plugins.has("sygra_record_finished")

    async def __aenter__(self) -> Self:
        setting, running = self._setting, self._running
        setting.stop.when_draining(self._drain)
        setting.pause.when_changed(self._pause)
        setting.places.are_elsewhere = True
        setting.gateway.limits.when_changed = self._share
        # Enough for every worker to have a shard in hand and one before it.
        least = 2 * self._order.rows_per_shard * len(self._hands)
        approach = running.approach
        running.slots.bound = lambda: running.limits.in_flight(
            approach.in_flight(max(least, most_in_flight(setting))), concurrency(setting)
        )
        await asyncio.gather(*(self._begin(hand) for hand in self._hands))
        self._do(self._look())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_ending = True
        is_at_once = error is not None or self._setting.stop.is_at_once
        try:
            for hand in self._hands:
                if hand.channel is not None:
                    frame = {"do": "end", "is_at_once": is_at_once}
                    await hand.channel.send(frame)
            listening = [hand.listening for hand in self._hands if hand.listening]
            if listening:  # who has not ended by then is killed below
                await asyncio.wait(listening, timeout=AT_ONCE_S if is_at_once else END_S)
        finally:
            for hand in self._hands:
                if hand.channel is not None:
                    await hand.channel.end()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._setting.gateway.limits.when_changed = None
        if self._failure is not None and error is None:
            raise self._failure

    async def settle(self, row: Row | BadRow, setting: Setting) -> RecordEnd | None:
        """Have a worker take one row to its outcome.

        :returns: None when the run is draining.
        """
        if self._failure is not None:
            raise self._failure
        if why := what_cannot_be_sent(row):
            return await self._failed(row, f"{NOT_SENT}: {row.origin}: {why}; {_ALONE}")
        shard = self._shard_of(row)
        hand = self._of_shard.get(shard.index)
        if hand is None:
            hand = min(self._hands, key=lambda one: len(one.open))
            self._of_shard[shard.index] = hand
        ended: asyncio.Future[RecordEnd | None] = asyncio.get_running_loop().create_future()
        hand.open[row.index] = (row, ended)
        hand.unsent.append(row.index)
        try:
            await self._send_rows(hand)
            return await ended
        finally:
            hand.open.pop(row.index, None)
            if not any(self._shard_of(one).index == shard.index for one, _ in hand.open.values()):
                self._of_shard.pop(shard.index, None)

    def _shard_of(self, row: Row | BadRow) -> Shard:
        rows = self._order.rows_per_shard
        index = row.index // rows
        return Shard(index=index, first=index * rows, rows=rows)

    async def _send_rows(self, hand: Hand) -> None:
        """Send what waits; one row at a time where one of them kills its worker."""
        while hand.is_ready and hand.unsent and hand.channel is not None:
            hand.unsent = [index for index in hand.unsent if index in hand.open]
            if not hand.unsent or (hand.is_alone and len(hand.open) > len(hand.unsent)):
                break
            await hand.channel.send(row_to_json(hand.open[hand.unsent.pop(0)][0]))
        if hand.is_alone and not hand.open:
            hand.is_alone = False

    async def _begin(self, hand: Hand) -> None:
        """Start a worker, or start it again, and listen to it."""
        hand.starts += 1
        channel = await self._start(hand.number)
        hand.channel = channel
        order = {
            **self._order.as_frame(),
            "number": hand.number,
            "workers": len(self._hands),
            "wants_whole_ends": self._wants_whole_ends,
            "is_resumed": self._order.is_resumed or hand.starts > 1,
            "first_row": self._first_row(),
            "share": share_of(self._setting.gateway.gates, hand.number, len(self._hands)),
        }
        await channel.send(order)
        if self._setting.stop.is_draining:
            await channel.send(self._draining())
        if self._setting.pause.is_paused:
            await channel.send({"do": "pause"})
        hand.listening = asyncio.create_task(self._listen(hand, channel), name="listen to a worker")

    def _first_row(self) -> Frame | None:
        """Return the row that the suite's names were checked on, so that no worker has to read."""
        row = self._setting.suite.first_row
        return None if row is None or what_cannot_be_sent(row) else row_to_json(row)

    async def _listen(self, hand: Hand, channel: Channel) -> None:
        """Take in what a worker says until it is gone; whatever breaks here ends the run."""
        try:
            while (frame := await channel.receive()) is not None:
                await self._take(hand, channel, frame)
            await self._gone(hand, channel)
        except Exception as error:  # noqa: BLE001 - root of a task: the run must not wait for ever
            self._fail(error)

    async def _take(self, hand: Hand, channel: Channel, frame: Frame) -> None:
        if "totals" in frame:
            self._take_totals(hand, frame["totals"])
        match frame["is"]:
            case "ready":
                hand.is_ready = True
                # What its predecessor spent is counted by now, so nothing is set aside for that.
                while hand.left:
                    self._setting.spending.give_back(hand.left.pop())
                await self._send_rows(hand)
            case "row":
                await self._ended(hand, frame)
            case "tick":
                hand.gates, hand.asleep = frame["gates"], frame["asleep"]
                self._show()
            case "reserve":
                number = frame["lease"]
                asking = self._reserve(hand, channel, number, Amount(*frame["most"]))
                hand.asking[number] = self._do(asking)
            case "release":
                self._release(hand, frame["lease"])
            case "gave_up":
                if frame["is_outage"]:
                    self._setting.stop.give_up(frame["cause"])
            case "tell":
                self._tell(frame["text"])
            case "blocked" if self._running.on_blocked is not None:
                self._running.on_blocked(Blocked(**frame["found"]))
            case "refused":
                self._fail(UsageError(frame["why"]))
            case "broke":
                kind = JournalUnwritable if frame["is_disk"] else InfrastructureError
                self._fail(kind(f"worker {hand.number}: {frame['why']}"))

    async def _ended(self, hand: Hand, frame: Frame) -> None:
        row, ended = hand.open.get(frame["index"], (None, None))
        hand.fruitless = 0
        if row is None or ended is None or ended.done():
            return  # it was given up meanwhile
        spending = self._setting.spending
        came_to = amount_from_json(frame["came_to"])
        spending.open.setdefault(row.id, Amount()).add(came_to)
        spending.of_open.add(came_to)
        hand.open.pop(row.index)
        ended.set_result(end_from_json(frame["end"]))
        if hand.is_alone:
            await self._send_rows(hand)

    def _take_totals(self, hand: Hand, totals: Frame) -> None:
        """Count what was added since it spoke last."""
        spending, counters = self._setting.spending, self._setting.counters
        spent = amount_from_json(totals["spent"])
        spending.spent.add(difference(spent, hand.spent))
        spending.unpriced += totals["unpriced"] - hand.unpriced
        hand.spent, hand.unpriced = spent, totals["unpriced"]
        sent, cached, from_cache = (
            now - before for now, before in zip(totals["counted"], hand.counted, strict=True)
        )
        counters.calls_sent += sent
        counters.calls_cached += cached
        counters.calls_from_cache += from_cache
        hand.counted = totals["counted"]

    async def _reserve(self, hand: Hand, channel: Channel, number: int, most: Amount) -> None:
        why = ""
        try:
            await self._setting.spending.reserve(most)
        except (BudgetReached, Interrupted) as refused:
            why = str(refused)
        else:
            hand.leases[number] = most
        finally:
            hand.asking.pop(number, None)
        await channel.send({"do": "answer", "lease": number, "why": why})

    def _release(self, hand: Hand, number: int) -> None:
        """Give back what was set aside for a call, or what is waited for."""
        if (asking := hand.asking.pop(number, None)) is not None:
            asking.cancel()
        if (most := hand.leases.pop(number, None)) is not None:
            self._setting.spending.give_back(most)

    async def _gone(self, hand: Hand, channel: Channel) -> None:
        """Start a worker again that died, and give it back what it had, unless it was to end."""
        hand.is_ready, hand.channel, hand.gates, hand.asleep = False, None, None, 0
        await channel.end()
        for asking in tuple(hand.asking.values()):
            asking.cancel()
        hand.left += hand.leases.values()
        hand.leases = {}
        if self._is_ending or self._failure is not None or self._setting.stop.is_draining:
            for _, ended in hand.open.values():
                if not ended.done():
                    ended.set_result(None)
            return
        sent = [index for index in hand.open if index not in hand.unsent]
        fields = {"worker": hand.number, "rows_open": len(sent)}
        self._running.log.event("worker_died", **fields)
        self._setting.journal.event("worker_died", **fields)
        hand.fruitless += 1
        if hand.fruitless > FRUITLESS_STARTS + DEATHS or (
            not sent and hand.fruitless >= FRUITLESS_STARTS
        ):
            raise InfrastructureError(
                f"worker {hand.number} ended {hand.fruitless} times without a row to its end; what "
                "it wrote to standard error says why"
            )
        hand.counted = list(NOTHING)  # it counts anew, and goes on with what it has spent
        await self._blame(hand, sent)
        hand.unsent = sorted(hand.open)
        await self._begin(hand)

    async def _blame(self, hand: Hand, sent: list[int]) -> None:
        """Note who was open at a death; a row that was alone has caused it."""
        if hand.is_alone and len(sent) == 1:
            row, ended = hand.open[sent[0]]
            why = f"{WORKER_CRASH}: the process that settled this row alone was killed, as it was "
            end = await self._failed(row, f"{why}{DEATHS} times before with it among others")
            hand.open.pop(row.index)
            hand.fruitless = 0
            if not ended.done():
                ended.set_result(end)
            return
        shards = {self._shard_of(hand.open[index][0]).index for index in sent}
        self._deaths.update(shards)
        if any(self._deaths[shard] >= DEATHS for shard in shards):
            hand.is_alone = True

    async def _failed(self, row: Row | BadRow, reason: str) -> RecordEnd:
        data = leftover_row(row, reason) if isinstance(row, Row) else {"id": row.id}
        end = RecordEnd(
            row_id=row.id,
            index=row.index,
            outcome=Outcome.FAILED,
            reason=reason,
            data=data,
            input=stands_for(row),
        )
        await self._setting.journal.finish(end)
        return end

    def _fail(self, error: Exception) -> None:
        """End the run with an error; the workers are let go of."""
        self._failure = self._failure or error
        for hand in self._hands:
            for _, ended in hand.open.values():
                if not ended.done():
                    ended.set_exception(error)

    def _drain(self) -> None:
        for hand in self._hands:
            if hand.channel is not None:
                self._do(hand.channel.send(self._draining()))

    def _pause(self) -> None:
        frame = {"do": "pause" if self._setting.pause.is_paused else "go_on"}
        for hand in self._hands:
            if hand.channel is not None:
                self._do(hand.channel.send(frame))

    def _draining(self) -> Frame:
        stop = self._setting.stop
        return {"do": "drain", "cause": stop.cause, "is_outage": stop.is_outage}

    def _share(self) -> None:
        """Divide the limits anew, as they have changed."""
        gates = self._setting.gateway.gates
        for hand in self._hands:
            if hand.channel is not None:
                shares = share_of(gates, hand.number, len(self._hands))
                self._do(hand.channel.send({"do": "share", "share": shares}))

    async def _look(self) -> None:
        """See that the run is still ours."""
        lock, stop = self._setting.lock, self._setting.stop
        while lock is not None:
            if lock.is_lost():
                stop.give_up(TAKEN_OVER)
                return
            await asyncio.sleep(_LOOK_S)

    def _show(self) -> None:
        gateway = self._setting.gateway
        show(gateway.gates, [hand.gates for hand in self._hands if hand.gates is not None])
        gateway.asleep = sum(hand.asleep for hand in self._hands)

    def _do(self, work: Any) -> "asyncio.Task[None]":
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
