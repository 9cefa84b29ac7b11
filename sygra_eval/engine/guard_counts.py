"""Counts what guardrails said over a run, node by node."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sygra_eval.journal import repaired_step
from sygra_eval.suite import guardrails_in, visited
from sygra_eval.values import RecordEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardTally:
    """What one guardrail said at one node over the run.

    :ivar node: Without the numbers of later visits; empty where no call came that it looks at.
    :ivar blocked: Calls that were not sent or not used; they are among `failed`.
    """

    guardrail: str
    at: str
    node: str
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    blocked: int = 0


@dataclass(slots=True)
class GuardCount:
    """Counts over the outcomes, taken one by one."""

    _said: dict[tuple[str, str, str], Counter[str]] = field(default_factory=dict)

    def take(self, end: RecordEnd) -> None:
        """Count one record's verdicts."""
        for one in end.guards:
            node = repaired_step(visited(one.node))
            key = (one.verdict.validator, one.at.value, node)
            said = self._said.setdefault(key, Counter())
            said[one.verdict.status.value] += 1
            said["blocked"] += one.has_blocked

    def tallies(self, document: Mapping[str, Any]) -> tuple[GuardTally, ...]:
        """Return them in the suite's order, also those that looked at nothing."""
        found = []
        for name, at, node in dict.fromkeys(guardrails_in(document)):
            keys = sorted(
                key
                for key in self._said
                if key[:2] == (name, at)
                and (not node or key[2] == node or key[2].startswith(f"{node}/"))
            )
            found += [_tally(key, self._said[key]) for key in keys] or [
                GuardTally(guardrail=name, at=at, node=node)
            ]
        return tuple(found)


def _tally(key: tuple[str, str, str], said: Mapping[str, int]) -> GuardTally:
    name, at, node = key
    return GuardTally(
        guardrail=name,
        at=at,
        node=node,
        passed=said.get("pass", 0),
        failed=said.get("fail", 0),
        errors=said.get("error", 0),
        skipped=said.get("skip", 0),
        blocked=said.get("blocked", 0),
    )
