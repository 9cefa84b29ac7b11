"""Who is looked at while somebody looks: one task a run, one for the list of runs.

Nothing is read of a run that nobody asks for. Start at `Watching.begin_run`.
"""

import asyncio
import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sygra_eval.studio.live.cards import Cards
from sygra_eval.studio.live.children import Children
from sygra_eval.studio.live.hub import Hub
from sygra_eval.studio.live.run_watch import Gone, RunWatch, hear
from sygra_eval.studio.live.told import Delta
from sygra_eval.studio.workspace import JOURNAL, NotThere, Workspace
from sygra_eval.values import SygraEvalError, UsageError

LOOK_EACH_S = 0.1
LOOK_AT_THE_QUIET_EACH_S = 1.0
CARDS_EACH_S = 1.0
WHOLE_WITHIN_S = 0.4
MOST_KEPT = 8
"""So many runs that nobody looks at any more are kept counted, for the next look."""

MOST_WATCHED = 32


@dataclass(slots=True, eq=False)
class _Watched:
    watch: RunWatch
    task: "asyncio.Task[None] | None" = None
    looked_by: int = 0
    hearing: threading.Thread | None = None
    is_over: threading.Event = field(default_factory=threading.Event)


class Watching:
    """The runs of one workspace that somebody looks at."""

    def __init__(self, workspace: Workspace, hub: Hub, cards: Cards, children: Children) -> None:
        self._children = children
        self._workspace = workspace
        self._hub = hub
        self._cards = cards
        self._watched: dict[Path, _Watched] = {}
        self._kept: OrderedDict[Path, RunWatch] = OrderedDict()
        self._kept_turn = threading.Lock()
        self._card_lookers = 0
        self._card_task: asyncio.Task[None] | None = None
        hub.on_topic("run", self.begin_run)
        hub.on_topic("runs", self.begin_cards)

    async def close(self) -> None:
        """End all looking."""
        tasks = [one.task for one in self._watched.values() if one.task is not None]
        if self._card_task is not None:
            tasks.append(self._card_task)
        for one in self._watched.values():
            one.is_over.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for watch in [*self._kept.values(), *(one.watch for one in self._watched.values())]:
            watch.close()

    def watch_of(self, folder: Path) -> RunWatch:
        """Return the watch of a run, one that is going on where there is one; from any thread."""
        with self._kept_turn:
            watched = self._watched.get(folder)
            if watched is not None:
                return watched.watch
            watch = self._kept.pop(folder, None) or RunWatch(folder)
            self._kept[folder] = watch
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)[1].close()
            return watch

    def looked_at(self, folder: Path) -> RunWatch:
        """Return a watch whose counts are those of the journal; blocks for a while at most.

        Of a long run that nobody has looked at yet it has those that it came to by then.

        :raises NotThere: When the folder was removed.
        """
        watch, until_s = self.watch_of(folder), time.monotonic() + WHOLE_WITHIN_S
        try:
            while True:
                watch.catch_up()
                if watch.is_caught_up or time.monotonic() > until_s:
                    return watch
        except Gone as gone:
            self._forget(folder)
            raise NotThere(f"the run {gone}") from None

    def begin_run(self, topic: str) -> Callable[[], None]:
        """Look at a run while somebody asks for it; the topic is `run:SUITE/RUN`."""
        suite, _, run = topic.partition(":")[2].partition("/")
        folder = self._folder(suite, run)
        watched = self._watched.get(folder)
        if watched is None:
            if len(self._watched) >= MOST_WATCHED:
                raise UsageError(f"{MOST_WATCHED} runs are looked at already")
            watched = _Watched(self.watch_of(folder))
            with self._kept_turn:
                self._kept.pop(folder, None)
                self._watched[folder] = watched
            watched.task = asyncio.create_task(self._look(topic, watched), name=f"look at {topic}")
        else:
            watched.watch.tell_again()
        watched.looked_by += 1

        def end() -> None:
            watched.looked_by -= 1
            if watched.looked_by == 0:
                self._let_go(folder, watched)

        return end

    def _folder(self, suite: str, run: str) -> Path:
        """Return the folder of a run, also of one that was started and has none yet."""
        child = self._children.of(self._workspace.reports / suite / run)
        return self._workspace.run(suite, run) if child is None else child.folder

    def begin_cards(self, topic: str) -> Callable[[], None]:
        """Look at the list of runs while somebody asks for it."""
        del topic
        self._card_lookers += 1
        if self._card_task is None:
            self._card_task = asyncio.create_task(self._look_at_cards(), name="look at the runs")

        def end() -> None:
            self._card_lookers -= 1
            if self._card_lookers == 0 and self._card_task is not None:
                self._card_task.cancel()
                self._card_task = None

        return end

    def _let_go(self, folder: Path, watched: _Watched) -> None:
        watched.is_over.set()
        if watched.task is not None:
            watched.task.cancel()
        with self._kept_turn:
            if self._watched.get(folder) is watched:
                del self._watched[folder]
                self._kept[folder] = watched.watch

    def _forget(self, folder: Path) -> None:
        with self._kept_turn:
            watch = self._kept.pop(folder, None)
        if watch is not None:
            watch.close()

    async def _look(self, topic: str, watched: _Watched) -> None:
        """Look again and again, and tell what is new."""
        watch, hub = watched.watch, self._hub
        if not await self._begun(watch.folder):
            hub.publish(topic, "ended", "killed")
            return
        watch.tell_again()
        while True:
            try:
                look = await asyncio.to_thread(watch.look)
            except Gone:
                suite, run = watch.folder.parent.name, watch.folder.name
                hub.publish(topic, "gone", {"suite": suite, "run": run})
                return
            except (SygraEvalError, OSError) as error:
                hub.publish(topic, "refused", str(error)[:1_000], kind="latest")
                await asyncio.sleep(LOOK_AT_THE_QUIET_EACH_S)
                continue
            if look.counts is not None:
                hub.publish(topic, "counts", look.counts, kind="latest")
            if look.moved is not None:
                hub.publish(topic, "moved", look.moved)
            if look.control is not None:
                told = {
                    "control": look.control.model_dump(),
                    "endpoints": [one.model_dump() for one in look.endpoints],
                }
                hub.publish(topic, "control", told, kind="latest")
            if look.has_ended:
                hub.publish(topic, "ended", watch.state)
            self._hear(topic, watched)
            is_quiet = watch.is_caught_up and not watch.is_locked
            await asyncio.sleep(LOOK_AT_THE_QUIET_EACH_S if is_quiet else LOOK_EACH_S)

    async def _begun(self, folder: Path) -> bool:
        """Wait for the journal of a run that was started; say whether it came."""
        child = self._children.of(folder)
        while not (folder / JOURNAL).is_file():
            if child is None or not child.is_alive:
                return (folder / JOURNAL).is_file()
            await asyncio.sleep(LOOK_EACH_S)
        return True

    def _hear(self, topic: str, watched: _Watched) -> None:
        """Have the texts of a run handed on, where it makes some that can be heard."""
        view = watched.watch.view
        if view is None or not view.is_streamed or view.is_draining:
            return
        if watched.hearing is not None and watched.hearing.is_alive():
            return

        def tell(deltas: list[Delta]) -> None:
            self._hub.publish(topic, "deltas", deltas, kind="droppable")

        watched.hearing = threading.Thread(
            target=hear,
            args=(watched.watch, tell, watched.is_over.is_set),
            name=f"hear {topic}",
            daemon=True,
        )
        watched.hearing.start()

    async def _look_at_cards(self) -> None:
        before: dict[tuple[str, str], object] | None = None
        while True:
            with contextlib.suppress(OSError):
                cards = await asyncio.to_thread(self._cards.all)
                now: dict[tuple[str, str], object] = {(one.suite, one.run): one for one in cards}
                for name, card in now.items():
                    if before is not None and before.get(name) != card:
                        self._hub.publish("runs", "card", card)
                for suite, run in (before or {}).keys() - now.keys():
                    self._hub.publish("runs", "gone", {"suite": suite, "run": run})
                before = now
            await asyncio.sleep(CARDS_EACH_S)
