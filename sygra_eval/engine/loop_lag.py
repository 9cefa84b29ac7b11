"""Notices when the event loop stands still, and says who holds it up.

All records of a process share one loop: a plugin that computes or waits for 200 ms without awaiting
holds up every call that could be sent meanwhile. The loop notes ten times a second that it turns; a
thread looks whether it did, and where it did not, takes the stack of the loop's thread. A machine
that is busy elsewhere slows both alike, so only code that stands there is named.
"""

import asyncio
import contextlib
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from types import FrameType

from sygra_eval.engine.blocked import Blocked, OnBlocked
from sygra_eval.engine.running import Running
from sygra_eval.engine.setting import Setting
from sygra_eval.plugins import Plugins

LAG_S = 0.2
EACH_S = 0.1
STANDS_S = 10.0  # who holds it up for so long may do so for ever, so it is said at once
BLOCKED = "loop_blocked"
_OF_THE_LOOP = ("asyncio", "selectors", "uvloop", "threading", "concurrent.futures")
_OURS = "sygra_eval."


@dataclass(slots=True)
class _Watch:
    """One loop and the thread that looks at it."""

    plugins: Plugins
    on_blocked: OnBlocked
    thread_id: int = field(default_factory=threading.get_ident)
    due_s: float = 0.0
    seen: Counter[Blocked] = field(default_factory=Counter)
    told: set[str] = field(default_factory=set)
    ended: threading.Event = field(default_factory=threading.Event)
    turning: asyncio.TimerHandle | None = None

    def turn(self) -> None:
        """Note that the loop turns; called by the loop."""
        now_s = time.monotonic()
        if self.seen:
            self._tell_of(now_s - self.due_s)
            self.seen = Counter()
        self.due_s = now_s + EACH_S
        self.turning = asyncio.get_running_loop().call_later(EACH_S, self.turn)

    def look(self) -> None:
        """Look at the loop until the watch ends; the thread's work."""
        while not self.ended.wait(EACH_S):
            lag_s = time.monotonic() - self.due_s
            if lag_s < LAG_S:
                continue
            if (culprit := self._culprit()) is not None:
                self.seen[culprit] += 1
            if lag_s > STANDS_S:
                self._tell_of(lag_s)

    def _culprit(self) -> Blocked | None:
        """Return who is at work on the loop's thread: the innermost code of a plugin or of ours.

        Not the outer ones: a plugin that awaits what is inside it holds up nobody. What lies
        further in, a library that is called, is the affair of whoever called it.
        """
        frame = sys._current_frames().get(self.thread_id)
        innermost = frame
        while frame is not None:
            module = _module_of(frame)
            if frame is innermost and module.split(".")[0] in _OF_THE_LOOP:
                return None  # it waits for something to happen
            if (plugin := self._plugin_of(module)) is not None:
                return Blocked(culprit=plugin, where=_where(frame), is_plugin=True)
            if module.startswith(_OURS):
                return Blocked(culprit=module, where=_where(frame), is_plugin=False)
            frame = frame.f_back
        if innermost is None:
            return None
        return Blocked(culprit=_module_of(innermost), where=_where(innermost), is_plugin=False)

    def _plugin_of(self, module: str) -> str | None:
        """Return the user's plugin that a module is, or belongs to."""
        for name, origin in self.plugins.origins.items():
            root = getattr(self.plugins.pluggy.get_plugin(name), "__name__", None)
            if origin != "built in" and root and f"{module}.".startswith(f"{root}."):
                return name
        return None

    def _tell_of(self, lag_s: float) -> None:
        """Tell of each who stood there long enough; several may, one after the other."""
        looks = sum(self.seen.values())
        by_culprit: dict[str, list[Blocked]] = {}
        for found in self.seen.elements():
            by_culprit.setdefault(found.culprit, []).append(found)
        for culprit, found_at in by_culprit.items():
            own_s = lag_s * len(found_at) / looks
            if own_s < LAG_S or culprit in self.told:
                continue
            self.told.add(culprit)
            self.on_blocked(replace(Counter(found_at).most_common(1)[0][0], lag_s=own_s))


def _module_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _where(frame: FrameType) -> str:
    code = frame.f_code
    return f"{code.co_qualname} ({code.co_filename.rpartition('/')[2]}:{frame.f_lineno})"


@contextlib.contextmanager
def watching_the_loop(plugins: Plugins, on_blocked: OnBlocked) -> Iterator[None]:
    """Watch the running loop until the block ends; who holds it up is told once each."""
    watch = _Watch(plugins, on_blocked)
    watch.turn()
    thread = threading.Thread(target=watch.look, name="loop-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watch.ended.set()
        if watch.turning is not None:
            watch.turning.cancel()
        thread.join()


@contextlib.asynccontextmanager
async def loop_watched(
    setting: Setting, running: Running, tell: Callable[[str], None]
) -> AsyncIterator[None]:
    """Watch the loop of a run: log who holds it up; a user's plugin is told and journalled too."""

    def on_blocked(found: Blocked) -> None:
        if found.culprit in running.blocked_by:  # another process said so
            return
        running.blocked_by.add(found.culprit)
        fields = {"culprit": found.culprit, "where": found.where, "lag_s": round(found.lag_s, 3)}
        running.log.event(BLOCKED, **fields)
        if found.is_plugin:
            setting.journal.event("warned", text=found.told())
            tell(found.told())

    running.on_blocked = on_blocked
    with watching_the_loop(setting.plugins, on_blocked):
        yield
