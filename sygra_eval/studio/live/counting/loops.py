"""How loops go: the rounds of each, what was done in them, and how they ended. Start at `Loops`."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sygra_eval.studio.live.counting.records import OpenRecord
from sygra_eval.studio.live.counting.stored import MOST_TEXT, mappings, number
from sygra_eval.studio.live.told import FinishedRound, LoopCount, LoopSteps


@dataclass(slots=True)
class _Loop:
    ended: int = 0
    least: int | None = None
    most: int | None = None
    rounds: int = 0
    refused: int = 0
    stops: Counter[str] = field(default_factory=Counter)
    by_round: Counter[int] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Loops:
    """The nodes that go round by themselves, of all records together."""

    _of: dict[str, _Loop] = field(default_factory=dict)

    def take_round(
        self, open_: OpenRecord, node: str, visit: str, number_: int, data: Mapping[str, Any]
    ) -> bool:
        """Count a finished round; say whether it is new: a resumed loop writes its rounds again.

        :param visit: The node's name with which visit it is.
        """
        if data.get("kind", "loop") != "loop" or (visit, number_) in open_.rounds:
            return False
        open_.rounds.add((visit, number_))
        loop = self._loop(node)
        loop.by_round[number_] += 1
        loop.steps.update(_steps_of(number_, data))
        return True

    def take_end(self, node: str, end: object) -> None:
        """Count how a loop ended; what is none is not counted."""
        if not isinstance(end, Mapping):
            return
        loop, rounds = self._loop(node), number(end.get("rounds"))
        loop.ended += 1
        loop.rounds += rounds
        loop.least = rounds if loop.least is None else min(loop.least, rounds)
        loop.most = rounds if loop.most is None else max(loop.most, rounds)
        loop.refused += number(end.get("sentinels_refused"))
        loop.stops[str(end.get("stop_reason", ""))[:MOST_TEXT]] += 1

    def told(self) -> Iterator[LoopCount]:
        """Yield the counts of each loop that a record has been in."""
        for node, loop in self._of.items():
            steps = loop.steps
            yield LoopCount(
                node=node,
                ended=loop.ended,
                rounds_min=loop.least,
                rounds_max=loop.most,
                rounds_mean=loop.rounds / loop.ended if loop.ended else None,
                stop_reasons=dict(loop.stops),
                by_round={str(one): times for one, times in sorted(loop.by_round.items())},
                steps=LoopSteps(**{name: steps[name] for name in LoopSteps.model_fields}),
                refused=loop.refused,
            )

    def _loop(self, node: str) -> _Loop:
        found = self._of.get(node)
        if found is None:
            found = self._of[node] = _Loop()
        return found


def _steps_of(round_number: int, data: Mapping[str, Any]) -> Counter[str]:
    """Return how often each step was taken in a round; see `LoopSteps`."""
    judged = len(mappings(data.get("attempts")))
    # A critique of more than 64 KiB stands beside the journal, so that null is here.
    is_criticised = data.get("critique") is not None or number(data.get("critique_tokens")) > 0
    drawn = {"draft": judged} if round_number == 1 else {"revise": 1, "back": judged}
    return Counter(verify=judged, critique=int(is_criticised), **drawn)


def round_told(record: str, node: str, number_: int, data: Mapping[str, Any]) -> FinishedRound:
    """Return what a page shows of a round."""
    attempts = mappings(data.get("attempts"))
    kept = next((one for one in attempts if one.get("is_kept")), attempts[-1] if attempts else {})
    passed = total = None
    for verdict in mappings(kept.get("verdicts")):
        tests = (verdict.get("evidence") or {}).get("tests") or {}
        for count in tests.values():
            passed = (passed or 0) + number(count.get("passed"))
            total = (total or 0) + number(count.get("total"))
    return FinishedRound(
        row=record[:MOST_TEXT],
        node=node[:MOST_TEXT],
        number=number_,
        accepted=any(one.get("is_accepted") for one in attempts),
        passed=passed,
        tests=total,
        sentinel=str(data.get("sentinel", ""))[:MOST_TEXT],
    )
