"""What validators said of records that ended, and guardrails of their calls. Start at `Judged`."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sygra_eval.studio.live.counting.stored import MOST_TEXT, mappings
from sygra_eval.studio.live.told import GuardCount, ValidatorCount

_STATUSES = {"pass": "passed", "fail": "failed", "error": "error", "skip": "skipped"}


@dataclass(slots=True)
class Judged:
    """Validators and guardrails by name, each with how often it said what."""

    validators: dict[str, Counter[str]] = field(default_factory=dict)
    guards: dict[str, Counter[str]] = field(default_factory=dict)

    def take_end(self, data: Mapping[str, Any], tell: Callable[[str, str], None]) -> None:
        """Count what was said of a record that ended.

        :param tell: Told of each guardrail the path that it stood at, and what came of it.
        """
        for verdict in mappings(data.get("verdicts")):
            _count(self.validators, verdict, _status_of(verdict))
        for guard in mappings(data.get("guards")):
            said = guard.get("verdict")
            if isinstance(said, Mapping):
                action = _status_of(said)
                if guard.get("is_blocking") and action == "failed":
                    action = "blocked"
                _count(self.guards, said, action)
                tell(str(guard.get("node", "")), action)

    def validators_told(self) -> dict[str, ValidatorCount]:
        """Return what each validator said."""
        return {
            name: ValidatorCount(
                passed=of["passed"], failed=of["failed"], error=of["error"], skipped=of["skipped"]
            )
            for name, of in self.validators.items()
        }

    def guards_told(self) -> Iterator[GuardCount]:
        """Yield what came of each guardrail."""
        for name, actions in self.guards.items():
            yield GuardCount(name=name, actions=dict(actions))


def _status_of(verdict: Mapping[str, Any]) -> str:
    return _STATUSES.get(str(verdict.get("status")), "error")


def _count(of: dict[str, Counter[str]], verdict: Mapping[str, Any], said: str) -> None:
    of.setdefault(str(verdict.get("validator", ""))[:MOST_TEXT], Counter())[said] += 1
