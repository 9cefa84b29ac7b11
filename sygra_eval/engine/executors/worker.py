"""One worker: settles the rows that it is sent, with models, sandbox and journal of its own.

Start at `work`; `main` is the root of a child process.
"""

import asyncio
import contextlib
import ctypes
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sygra_eval.data import leave_pandas_out
from sygra_eval.engine.blocked import Blocked
from sygra_eval.engine.call_hooks import call_hooks_of
from sygra_eval.engine.disk_room import telling_of_a_full_disk
from sygra_eval.engine.event_loop import run_in_loop
from sygra_eval.engine.executors.frames import Frames
from sygra_eval.engine.executors.leases import LeasedSpending, amount_to_json
from sygra_eval.engine.executors.rows import as_usable, end_to_json, row_from_json
from sygra_eval.engine.garbage import rarely_collected
from sygra_eval.engine.loop_lag import watching_the_loop
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.pausing import Pause
from sygra_eval.engine.plan import read_plan
from sygra_eval.engine.plan_changes import SUITE_FILE
from sygra_eval.engine.preflight import opened
from sygra_eval.engine.preparing import with_prepared
from sygra_eval.engine.record import settle
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.spending import Amount
from sygra_eval.engine.stop import StopSignal
from sygra_eval.engine.taking import stopped_at_once
from sygra_eval.journal import JournalUnwritable, PartJournal, locked_part
from sygra_eval.models import Gateway, seen, take_share
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.suite import load_suite
from sygra_eval.values import (
    BadRow,
    Budget,
    Channel,
    Frame,
    Interrupted,
    Row,
    UsageError,
)

TICK_S = 1.0
_OF_THE_PARENT = ("SIGINT", "SIGTERM", "SIGHUP")
_PR_SET_PDEATHSIG = 1


async def work(channel: Channel) -> None:
    """Settle the rows that come through a channel, until it says that there are no more."""
    order = await channel.receive()
    if order is None:
        return
    worker = _Worker(channel, order)
    sending = asyncio.create_task(worker.send_all(), name="send to the run")
    listening = asyncio.create_task(worker.listen(), name="listen to the run")
    try:
        await worker.run()
    except Exception as error:  # noqa: BLE001 - the boundary: the run says it to a person
        worker.say_why(error)
    finally:
        listening.cancel()
        worker.outbox.put_nowait(None)
        await sending


@dataclass(slots=True, eq=False)
class _Worker:
    """What one worker has while it lives.

    :ivar rows: That came and are not begun; None behind the last.
    """

    channel: Channel
    order: Frame
    stop: StopSignal = field(default_factory=StopSignal)
    pause: Pause = field(default_factory=Pause)
    outbox: "asyncio.Queue[Frame | None]" = field(default_factory=asyncio.Queue)
    rows: "asyncio.Queue[Row | BadRow | None]" = field(default_factory=asyncio.Queue)
    setting: Setting | None = None
    spending: LeasedSpending | None = None

    def say(self, what: str, **fields: Any) -> None:
        """Queue a message; what has been spent and counted goes with each."""
        if self.setting is not None and self.spending is not None:
            counters = self.setting.counters
            fields["totals"] = {
                "spent": amount_to_json(self.spending.spent),
                "unpriced": self.spending.unpriced,
                "counted": [
                    counters.calls_sent,
                    counters.calls_cached,
                    counters.calls_from_cache,
                ],
            }
        self.outbox.put_nowait({"is": what, **fields})

    async def send_all(self) -> None:
        """Send what is queued, in order, until None is."""
        while (frame := await self.outbox.get()) is not None:
            await self.channel.send(frame)

    async def listen(self) -> None:
        """Take in what the run says; where it is gone, nothing is worth going on with."""
        while (frame := await self.channel.receive()) is not None:
            match frame["do"]:
                case "row":
                    self.rows.put_nowait(row_from_json(frame))
                case "answer" if self.spending is not None:
                    self.spending.answered(frame)
                case "share":
                    self.order = {**self.order, "share": frame["share"]}
                    if self.setting is not None:
                        take_share(self.setting.gateway.gates, frame["share"])
                case "pause":
                    self.pause.begin()
                case "go_on":
                    self.pause.end()
                case "drain" if not self.stop.is_draining:
                    (self.stop.give_up if frame["is_outage"] else self.stop.drain)(frame["cause"])
                case "end":
                    self.rows.put_nowait(None)
                    if frame["is_at_once"]:
                        self._stop_at_once("stopped at once")
        self._stop_at_once("the run's own process is gone")

    def _stop_at_once(self, cause: str) -> None:
        self.stop.drain(cause)
        self.stop.drain(cause)
        self.rows.put_nowait(None)

    def say_why(self, error: BaseException) -> None:
        """Say what ended this worker; a stop is none of its faults."""
        if isinstance(error, BaseExceptionGroup):
            self.say_why(error.exceptions[0])
        elif isinstance(error, UsageError) and not self.stop.is_draining:
            self.say("refused", why=str(error))
        elif not isinstance(error, UsageError | Interrupted):
            is_disk = isinstance(error, JournalUnwritable | OSError)
            kind = "" if isinstance(error, JournalUnwritable) else f"{type(error).__name__}: "
            self.say("broke", why=f"{kind}{error}", is_disk=is_disk)

    async def run(self) -> None:
        """Open what is needed, then settle rows until there are no more."""
        order, folder = self.order, Path(self.order["folder"])
        self.stop.when_draining(self._say_that_it_gave_up)
        self.stop.when_draining(self.pause.end)
        options = RunOptions(
            plugins=tuple(order["named"]),
            is_trusted=order["is_trusted"],
            accepts_no_sandbox=order["accepts_no_sandbox"],
            budget=Budget(**order["budget"]),
            sharing=order["workers"],
        )
        plan = read_plan(folder)
        plugins = load_plugins(
            plan.suite_folder, named=options.plugins, is_trusted=options.is_trusted
        )
        refuse_other_plugins(order["plugins"], plugins)
        # The run has looked at its source; where that is a stream, nobody can look again.
        first = order["first_row"]
        suite = load_suite(
            folder / SUITE_FILE,
            plugins,
            folder=plan.suite_folder,
            first_row=None if first is None else as_usable(row_from_json(first)),
            kept_in=folder,
        )
        plan.refuse_other_suite(suite)
        name = str(order["number"])
        async with (
            locked_part(folder, name),
            opened(suite, plugins, options, _silent, self.stop) as (gateway, sandbox),
            PartJournal.beside(
                folder, name, plan.durability, disk_wait_s=order["disk_wait_s"]
            ) as journal,
        ):
            take_share(gateway.gates, self.order["share"])
            hold = partial(_hold, gateway, self.pause)
            self.pause.when_changed(hold)
            hold()
            spending = LeasedSpending(options.budget, self.say)
            before = journal.reader.calls_summary()
            spending.spent = Amount(before.known_nano_usd, before.tokens, before.sent)
            spending.unpriced = before.unpriced
            self.stop.when_draining(lambda: spending.interrupt(Interrupted(self.stop.cause)))
            setting = Setting(
                suite=suite,
                plugins=plugins,
                gateway=gateway,
                sandbox=sandbox,
                journal=journal,
                stop=self.stop,
                is_strict=order["strict_model"],
                is_resumed=order["is_resumed"],
                spending=spending,
                call_hooks=call_hooks_of(plugins, self._tell),
                pause=self.pause,
            )
            telling_of_a_full_disk(setting, self._tell)
            self.setting, self.spending = setting, spending
            setting = await with_prepared(setting, _silent)
            self.setting = setting
            self.say("ready")
            with watching_the_loop(plugins, self._say_blocked):
                async with _every(TICK_S, self._tick):
                    await self._settle_all(setting)

    async def _settle_all(self, setting: Setting) -> None:
        async with stopped_at_once(self.stop), asyncio.TaskGroup() as group:
            while (row := await self.rows.get()) is not None:
                group.create_task(self._settle(row, setting), name=f"row {row.id}")

    async def _settle(self, row: Row | BadRow, setting: Setting) -> None:
        # It may have ended just before this worker's predecessor died.
        end = setting.journal.outcome(row.index) if setting.is_resumed else None
        if end is None:
            end = await settle(row, setting)
        came_to = setting.spending.open.get(row.id, Amount())
        setting.spending.ended(row.id)
        told = end_to_json(end, is_whole=self.order["wants_whole_ends"])
        self.say("row", index=row.index, end=told, came_to=amount_to_json(came_to))

    def _tick(self) -> None:
        assert self.setting is not None, "it ticks while rows are settled"  # noqa: S101
        gateway = self.setting.gateway
        self.say("tick", gates=seen(gateway.gates), asleep=gateway.asleep)

    def _say_that_it_gave_up(self) -> None:
        self.say("gave_up", cause=self.stop.cause, is_outage=self.stop.is_outage)

    def _say_blocked(self, found: Blocked) -> None:
        self.say("blocked", found=asdict(found))

    def _tell(self, sentence: str) -> None:
        self.say("tell", text=sentence)


def _hold(gateway: Gateway, pause: Pause) -> None:
    gateway.hold(is_held=pause.is_paused)


def refuse_other_plugins(ours: dict[str, str], plugins: Plugins) -> None:
    """Refuse to work with other code than the run's own process: rows would differ by worker.

    :raises UsageError: With the plugins.
    """
    theirs = plugins.contents
    if others := sorted(name for name in ours | theirs if ours.get(name) != theirs.get(name)):
        told = ", ".join(f"`{name}`" for name in others)
        raise UsageError(
            f"a worker found other code than the run began with, in {told}: a plugin was changed "
            "meanwhile; resume the run once it is as it should be"
        )


@contextlib.asynccontextmanager
async def _every(seconds: float, call: Any) -> AsyncIterator[None]:
    async def again() -> None:
        while True:
            await asyncio.sleep(seconds)
            call()

    ticking = asyncio.create_task(again(), name="tick")
    try:
        yield
    finally:
        ticking.cancel()


def _silent(sentence: str) -> None:
    """Say nothing: the run's own process has said it."""
    del sentence


def main(descriptor: int) -> None:
    """Be a child process that works for whoever is at the other end of a socket."""
    _die_with_the_parent()
    leave_pandas_out()
    ours = socket.socket(fileno=descriptor)
    ours.set_inheritable(False)  # what runs code must not hold the line when this process is gone
    with rarely_collected():
        run_in_loop(_main(ours))


async def _main(ours: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    for name in _OF_THE_PARENT:  # a terminal sends them to all; the parent says what they mean
        loop.add_signal_handler(getattr(signal, name), lambda: None)
    ours.settimeout(0)
    await work(_ToTheRun(Frames(*await asyncio.open_connection(sock=ours))))


@dataclass(frozen=True, slots=True)
class _ToTheRun:
    """A child's end of the channel."""

    frames: Frames

    async def send(self, frame: Frame) -> None:
        """Send a message; one that cannot arrive any more is dropped."""
        await self.frames.send(frame)

    async def receive(self) -> Frame | None:
        """Return the next message; None when the run's process is gone."""
        return await self.frames.receive()

    async def end(self) -> None:
        """Let go."""
        self.frames.close()


def _die_with_the_parent() -> None:
    """Have the kernel kill this process when its parent dies; elsewhere the socket's end does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
