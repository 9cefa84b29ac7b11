"""Everything that a server does with runs: lists, starts, shows, steers. Start at `Runs`."""

import contextlib
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sygra_eval.engine import (
    LiveView,
    NotRunning,
    change_limits,
    exit_of,
    go_on_with,
    known_run,
    pause_run,
    stop_run,
    written_ids,
)
from sygra_eval.journal import lock_owner
from sygra_eval.models import Limit
from sygra_eval.models import LimitChange as Change
from sygra_eval.studio.graphs import validators_in
from sygra_eval.studio.keys import Keys
from sygra_eval.studio.live.cards import Cards
from sygra_eval.studio.live.children import Child, Children
from sygra_eval.studio.live.command import (
    copied_from,
    ids_named,
    new_name,
    run_arguments,
    shown,
)
from sygra_eval.studio.live.counting import Counting, Life, outcomes_told
from sygra_eval.studio.live.hub import Hub
from sygra_eval.studio.live.run_watch import RunWatch, asked_in
from sygra_eval.studio.live.told import Control, RunBudget, RunCard, RunSnapshot
from sygra_eval.studio.live.warned import warnings_of
from sygra_eval.studio.live.watching import Watching
from sygra_eval.studio.workspace import NotThere, Workspace
from sygra_eval.suite import plain_suite
from sygra_eval.values import UsageError

ENDING_S = 5.0
"""So long a process that writes its last file is waited for before its run goes on."""


class Runs:
    """The runs of one server's workspace.

    :ivar hub: What happens is told through it.
    """

    def __init__(self, workspace: Workspace, hub: Hub, keys: Keys) -> None:
        self.hub = hub
        self._workspace = workspace
        self._keys = keys
        self._cards = Cards(workspace)
        self._children = Children()
        self._watching = Watching(workspace, hub, self._cards, self._children)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Tell what happens until the block ends; runs that were started go on."""
        self.hub.open()
        try:
            yield
        finally:
            self.hub.close()
            await self._watching.close()
            self._children.let_go()

    def cards(self) -> list[RunCard]:
        """List the runs, the newest first; those too that died before their folder was made."""
        cards = self._cards.all()
        listed = {(one.suite, one.run) for one in cards}
        begun = [_card_of(child) for child in self._children.without_a_run()]
        new = [one for one in begun if (one.suite, one.run) not in listed]
        return sorted([*new, *cards], key=lambda card: card.run, reverse=True)

    def start(self, asked: Mapping[str, Any]) -> tuple[str, str, str, list[str]]:
        """Start a run; return suite, run, command, and the names of the keys that it was given.

        :param asked: As `StartRun` has it.
        :raises UsageError: When what is asked for cannot be started.
        """
        path = self._workspace.suite(asked["suite"])
        variants = plain_suite(path).variants
        if variants and asked["variant"] not in variants:
            raise UsageError(f"the suite has variants; say which: {', '.join(variants[:20])}")
        suite = _suite_name(path)
        run = new_name(self._workspace, suite, asked["variant"], self._children.names())
        arguments = run_arguments(self._workspace, path, run, asked)
        keys = self._keys.environment()
        folder = self._workspace.reports / suite / run
        ids = asked["ids"] if asked["rows"] == "ids" else ()
        self._children.start(
            folder,
            arguments,
            cwd=self._workspace.root,
            keys=keys,
            said=written_ids(ids).encode(),
        )
        after = ""
        if ids:
            at = arguments.index("--rows") + 1
            arguments[at], after = ids_named(ids, str(folder))
        return suite, run, shown(arguments, sorted(keys)) + after, sorted(keys)

    def snapshot(self, suite: str, run: str) -> RunSnapshot:
        """Show a run.

        :raises NotThere: When there is none.
        """
        child = self._child(suite, run)
        try:
            folder = self._workspace.run(suite, run)
        except NotThere:
            if child is None or child.has_begun:
                raise
            return _not_begun(child)
        watch = self._watching.looked_at(folder)
        return self._shown(watch, child)

    def pause(self, suite: str, run: str) -> str:
        """Pause a run; raises as `look_at` of the engine."""
        return _state_told(pause_run(self._workspace.run(suite, run)))

    def resume(self, suite: str, run: str) -> str:
        """Go on with a run: at once where it is paused, in a new process where it has ended.

        :raises UsageError: When there is nothing to go on with.
        """
        folder = self._workspace.run(suite, run)
        if lock_owner(folder) is not None:
            return _state_told(go_on_with(folder))
        state = known_run(folder).state
        if state == "finished":
            raise UsageError("the run is finished; there is nothing to go on with")
        child = self._children.of(folder)
        if child is not None and not child.has_ended_within(ENDING_S):
            raise UsageError("the run begins or ends just now; ask again in a moment")
        keys = self._keys.environment()
        arguments = ["resume", str(folder)]
        self._children.start(folder, arguments, cwd=self._workspace.root, keys=keys)
        return f"the run goes on, as `{shown(arguments, sorted(keys))}` would"

    def stop(self, suite: str, run: str) -> str:
        """Stop a run cleanly; raises as `look_at` of the engine."""
        child = self._child(suite, run)
        try:
            return _state_told(stop_run(self._workspace.run(suite, run)))
        except (NotRunning, NotThere):
            if child is None or not child.is_alive:
                raise
            os.kill(child.process.pid, signal.SIGINT)  # ours, and not reaped: it begins or ends
            return "the run is asked to stop before it has begun"

    def kill(self, suite: str, run: str) -> str:
        """End a run's process at once.

        :raises UsageError: When there is none, or it is not known to be the run's.
        """
        child = self._child(suite, run)
        folder = child.folder if child is not None else self._workspace.run(suite, run)
        return self._children.kill(folder)

    def limits(self, suite: str, run: str, changes: Sequence[Mapping[str, Any]]) -> str:
        """Give a run other limits, all of them or none; raises as `look_at` of the engine."""
        folder = self._workspace.run(suite, run)
        wanted = [Change(one["of"], Limit(one["limit"]), one["to"]) for one in changes]
        done = change_limits(folder, wanted)
        return "; ".join(f"{one.of}: {one.limit} is {one.after}" for one in done.changed)

    def _child(self, suite: str, run: str) -> Child | None:
        return self._children.of(self._workspace.reports / suite / run)

    def _shown(self, watch: RunWatch, child: Child | None) -> RunSnapshot:
        counting, plan = watch.counting, watch.plan
        assert counting is not None, "it was looked at"  # noqa: S101
        life = counting.life
        control, endpoints = watch.control()
        suite = watch.document.get("suite")
        variant = str(suite.get("variant", "")) if isinstance(suite, Mapping) else ""
        path = _inside(plan.get("suite_path", ""), self._workspace)
        ended = None if control.can_pause else exit_of(watch.folder)
        return RunSnapshot(
            suite=watch.folder.parent.name,
            run=watch.folder.name,
            suite_path=path,
            variant=variant,
            command=copied_from(
                asked_in(plan), path or plan.get("suite_path", ""), variant, str(watch.folder)
            ),
            started=None if life.started_wall is None else _iso(life.started_wall),
            cause=life.cause,
            exit_code=None if ended is None else ended[0],
            exit_reason="" if ended is None else ended[1],
            gates=list(life.gates),
            warnings=warnings_of(watch.folder),
            isolation=plan.get("isolation", ""),
            graph=watch.graph,
            validators=validators_in(watch.document),
            counts=watch.counts(),
            endpoints=endpoints,
            control=control,
            error="" if child is None else child.error,
        )


def _suite_name(path: Path) -> str:
    """Return the name below which the run's folder will be.

    :raises UsageError: When the suite says none.
    """
    suite = plain_suite(path).data.get("suite")
    name = suite.get("name") if isinstance(suite, Mapping) else None
    if not isinstance(name, str) or not name or name in {".", ".."} or "/" in name:
        raise UsageError("the suite has no name that could be a folder's: `suite: {name: …}`")
    return name


def _inside(path: str, workspace: Workspace) -> str | None:
    try:
        return str(Path(path).resolve().relative_to(workspace.root)) if path else None
    except (ValueError, OSError):
        return None


def _iso(wall: float) -> str | None:
    try:
        return datetime.fromtimestamp(wall, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None


def _state_told(view: LiveView) -> str:
    if view.is_draining:
        return "calls in flight finish, then files are written"
    if view.is_paused:
        return "the run is paused; calls in flight finish"
    return "the run goes on"


def _card_of(child: Child) -> RunCard:
    return RunCard(
        suite=child.folder.parent.name,
        run=child.folder.name,
        state="starting" if child.is_alive else "killed",
        last=None,
        outcomes=outcomes_told({}),
        total=None,
        verified_rate=None,
        cost_usd=None,
        size=0,
        error=child.error,
    )


def _not_begun(child: Child) -> RunSnapshot:
    """Show a run whose process lives, or ended, before its folder was there."""
    card = _card_of(child)
    budget = RunBudget(cost_usd=None, tokens=None, calls=None, time_s=None)
    counting = Counting(budget=budget, is_whole=True, life=Life(state=card.state))
    control = Control(
        can_pause=False, can_kill=child.is_alive, can_resume=False, why_not="", has_deltas=False
    )
    return RunSnapshot(
        suite=card.suite,
        run=card.run,
        suite_path=None,
        variant="",
        command="",
        started=None,
        cause="",
        exit_code=None,
        exit_reason="",
        gates=[],
        warnings=[],
        isolation="",
        graph=None,
        validators=[],
        counts=counting.told(None),
        endpoints=[],
        control=control,
        error=card.error,
    )
