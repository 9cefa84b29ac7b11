"""What may be seen of a run while it goes, and changed in it. Start at `watched`.

Counts, limits and circuits only: no text of a row, a prompt or an answer goes through this door.
"""

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sygra_eval.engine.control import open_door, refusal
from sygra_eval.engine.live_view import (
    Acknowledged,
    CallsState,
    Changed,
    EndpointState,
    LiveView,
    ModelState,
    RowsState,
)
from sygra_eval.engine.run_log import RunLog
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.slots import Slots
from sygra_eval.journal import JournalUnwritable
from sygra_eval.models import Limit, LimitChange

CHANGED = "limit_changed"
MOST_CHANGES = 64
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

    async def answer(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer one question.

        :raises SygraEvalError: With the reason why it cannot be done.
        """
        match asked.get("ask"):
            case "view":
                return {"ok": True, **self.view().model_dump()}
            case "change":
                return await self._change(asked)
        return refusal("`ask` is `view` or `change`")

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
        )

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
