"""The list of runs: what can be told of each without reading all of it."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from sygra_eval.engine import KnownRun, known_run
from sygra_eval.journal import lock_owner
from sygra_eval.studio.live.counting import outcomes_told
from sygra_eval.studio.live.told import Rate, RunCard, RunState
from sygra_eval.studio.workspace import JOURNAL, Workspace

MOST_RUNS = 500
REST = 20  # so many times as long as it took to make a card, it is left as it is
_STATES: dict[str, RunState] = {
    "running": "running",
    "finished": "finished",
    "interrupted": "interrupted",
    "incomplete": "incomplete",
    "killed": "killed",
    "unreadable": "unreadable",
}
_Mark = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    mark: _Mark
    card: RunCard
    rests_until_s: float


@dataclass(slots=True)
class Cards:
    """The runs of a workspace; a card is made anew only where its journal has changed."""

    workspace: Workspace
    _made: dict[Path, _Made] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def all(self) -> list[RunCard]:
        """Return the cards of the newest runs, the newest first."""
        journals = sorted(
            self.workspace.reports.glob(f"*/*/{JOURNAL}"),
            key=lambda path: path.parent.name,
            reverse=True,
        )
        folders = [path.parent for path in journals[:MOST_RUNS]]
        with self._turn:
            made = {}
            for folder in folders:
                mark = _mark(folder)
                before, now_s = self._made.get(folder), time.monotonic()
                if before is not None and (before.mark == mark or now_s < before.rests_until_s):
                    made[folder] = before
                    continue
                card = card_of(known_run(folder))
                took_s = time.monotonic() - now_s
                made[folder] = _Made(mark, card, now_s + REST * took_s)
            self._made = made
            return [one.card for one in made.values()]


def _mark(folder: Path) -> _Mark:
    """Return what is another when something has happened to a run."""
    marks: list[object] = [lock_owner(folder)]
    for name in (JOURNAL, f"{JOURNAL}-wal", "manifest.json"):
        try:
            status = (folder / name).stat()
        except OSError:
            marks.append(None)
        else:
            marks += [status.st_size, status.st_mtime_ns]
    return tuple(marks)


def card_of(run: KnownRun) -> RunCard:
    """Return the card of a run, as every list shows it."""
    counts = {outcome.value: count for outcome, count in run.counts.items()}
    rate = run.rate
    return RunCard(
        suite=run.folder.parent.name,
        run=run.folder.name,
        state=_STATES.get(run.state, "unreadable"),
        last=None if run.last is None else run.last.isoformat(timespec="seconds"),
        outcomes=outcomes_told(counts),
        total=run.total,
        verified_rate=None
        if rate is None
        else Rate(value=rate.estimate, low=rate.low, high=rate.high),
        cost_usd=run.cost_usd,
        size=run.size,
        error="",
    )
