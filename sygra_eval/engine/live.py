"""What may be seen of a run while it goes, and done to it. Start at `watched`.

Counts, limits and circuits only; texts of answers go through this door to who asks to `watch`.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sygra_eval.engine.control import Told, open_door, refusal
from sygra_eval.engine.deltas import MOST_WATCHERS
from sygra_eval.engine.live_view import (
    Acknowledged,
    CallsState,
    Changed,
    EndpointState,
    LiveView,
    ModelState,
    NodeState,
    RowsState,
)
from sygra_eval.engine.run_log import RunLog
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.slots import Slots
from sygra_eval.journal import JournalUnwritable
from sygra_eval.models import Limit, LimitChange
from sygra_eval.values import ModelSpec

CHANGED, PAUSED, WENT_ON = "limit_changed", "paused", "went_on"
MOST_CHANGES = 64
KNOWS = ("view", "change", "pause", "go_on", "stop", "watch")
GRACE_S = 30.0
ASKED_TO_STOP = "stopped from outside"
RowCounts = Callable[[], Mapping[str, int | None]]


class _Change(BaseModel):
    """One change, as it is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    of: str = Field(max_length=2_000)
    limit: str
    to: float | None


class _Changes(BaseModel):
    """What changes are asked for at once."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    ask: str
    changes: list[_Change] = Field(min_length=1, max_length=MOST_CHANGES)


@dataclass(slots=True)
class Live:
    """One start of a run, as whoever asks may see and change it.

    :ivar rows: How many rows are where.
    :ivar slots: The records in flight.
    """

    setting: Setting
    log: RunLog
    rows: RowCounts
    slots: Slots
    began: datetime

    async def answer(self, asked: Mapping[str, Any]) -> Told:
        """Answer one question.

        :raises SygraEvalError: With the reason why it cannot be done.
        """
        match asked.get("ask"):
            case "view":
                return {"ok": True, **self.view().model_dump()}
            case "change":
                return await self._change(asked)
            case "pause" | "go_on" as wish:
                return await self._pause(is_paused=wish == "pause")
            case "stop":
                return self._stop()
            case "watch":
                return self._watch()
        return refusal(f"`ask` is one of {', '.join(KNOWS)}")

    def view(self) -> LiveView:
        """Return the run's state now."""
        setting = self.setting
        gateway, counters = setting.gateway, setting.counters
        rows = {**self.rows(), "in_flight": self.slots.taken, "most": self.slots.bound()}
        return LiveView(
            suite=setting.suite.name,
            pid=os.getpid(),
            since=self.began.isoformat(timespec="seconds"),
            at=_now(),
            is_draining=setting.stop.is_draining,
            cause=setting.stop.cause,
            rows=RowsState.model_validate(rows),
            calls=CallsState(
                sent=counters.calls_sent,
                journalled=counters.calls_cached,
                in_flight=gateway.in_flight,
                waiting=gateway.waiting,
            ),
            endpoints=tuple(EndpointState(**asdict(view)) for view in gateway.views),
            models=tuple(
                ModelState(**{**told, "model": name, "endpoint": gateway.models[name].endpoint})
                for told in map(asdict, gateway.model_views)
                for name in (told["endpoint"],)
            ),
            is_paused=setting.pause.is_paused,
            nodes=tuple(
                NodeState(node=node, waiting=waiting, running=running)
                for node, (waiting, running) in setting.places.waiting_and_running().items()
            ),
            is_streamed=not setting.places.are_elsewhere
            and any(map(self._is_streamed, setting.suite.models.values())),
            knows=KNOWS,
        )

    async def _pause(self, *, is_paused: bool) -> Mapping[str, Any]:
        """Pause the run, or let it go on; to ask twice changes nothing."""
        setting = self.setting
        if setting.stop.is_draining:
            return refusal(f"the run is ending ({setting.stop.cause})")
        if setting.pause.is_paused is not is_paused:
            (setting.pause.begin if is_paused else setting.pause.end)()
            kind = PAUSED if is_paused else WENT_ON
            setting.journal.event(kind, rows_ended=self.rows()["done"])
            self.log.event(kind)
            await setting.journal.flush()
        return {"ok": True, **self.view().model_dump()}

    def _stop(self) -> Mapping[str, Any]:
        """Stop as a first Ctrl-C does; a second wish does not hurry it, as two may have asked."""
        stop = self.setting.stop
        if not stop.is_draining:
            self.log.event("asked_to_stop")
            asyncio.get_running_loop().call_later(GRACE_S, stop.drain, ASKED_TO_STOP)
            stop.drain(ASKED_TO_STOP)
        return {"ok": True, **self.view().model_dump()}

    def _watch(self) -> Told:
        deltas = self.setting.deltas
        if self.setting.places.are_elsewhere:
            return refusal("the texts of a run with several processes cannot be watched")
        if len(deltas.watchers) >= MOST_WATCHERS:
            return refusal(f"{MOST_WATCHERS} watch this run already")
        return deltas.watch()

    def _is_streamed(self, spec: ModelSpec) -> bool:
        """Say whether a model tells its text while it makes it: its type does, or as it is set."""
        model = self.setting.gateway.models.get(spec.name)
        return bool(getattr(model, "is_streamed", False) or getattr(spec.config, "stream", False))

    async def _change(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.setting.stop.is_draining:
            return refusal(f"the run is ending ({self.setting.stop.cause}); nothing was changed")
        try:
            wanted = _Changes.model_validate(asked)
            changes = [LimitChange(one.of, Limit(one.limit), one.to) for one in wanted.changes]
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            return refusal(f"{where}: {first['msg']}; nothing was changed")
        except ValueError as error:
            known = ", ".join(limit.value for limit in Limit)
            return refusal(f"{error}; there are {known}; nothing was changed")
        done = self.setting.gateway.limits.change(changes)
        self.slots.look_again()
        at = _now()
        changed = tuple(Changed(**asdict(one)) for one in done)
        for one in changed:
            self.setting.journal.event(CHANGED, **one.model_dump())
            self.log.event(CHANGED, **one.model_dump())
        try:
            await self.setting.journal.flush()
        except JournalUnwritable as error:
            return refusal(f"the change is in force, and is not in the journal: {error}")
        told = Acknowledged(at=at, changed=changed, view=self.view())
        return {"ok": True, **told.model_dump()}


@contextlib.asynccontextmanager
async def watched(
    folder: Path, setting: Setting, log: RunLog, rows: RowCounts, slots: Slots
) -> AsyncIterator[None]:
    """Let a run be seen and changed until the block ends."""
    live = Live(setting, log, rows, slots, datetime.now(UTC))

    def tell(why: str) -> None:
        log.event("not_watched", why=why)

    async with open_door(folder, live.answer, tell):
        yield


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
