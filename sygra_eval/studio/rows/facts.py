"""What the index keeps of one row: the facts that it is found by, from the row as it is journalled.

Nothing here trusts the journal's data further than its checksum: a plugin may have put anything
into a row, so every value is taken as what it is or left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sygra_eval.engine import cause_of
from sygra_eval.journal import plain

MOST_SEARCHED = 256 * 1024
"""Characters of one text that a search looks at."""
MOST_SEARCHED_OF_A_ROW = 1024 * 1024
_MOST_NAME = 200
_MOST_REASON = 300
_MOST_TAGS = 20

COSTS = (0.0, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
LATENCIES = (0.1, 1.0, 3.0, 10.0, 30.0, 100.0)
LENGTHS = (1, 200, 1_000, 5_000, 20_000, 100_000)


@dataclass(frozen=True, slots=True)
class Facts:
    """One row of the index.

    :ivar tags: Pairs of facet and value, of facets in which a row may have several values.
    :ivar text: What a search looks in, with case folded.
    """

    row_id: str
    reason: str
    group: str
    stop: str | None
    rounds: int | None
    kept_round: int | None
    refused: int
    guard: str | None
    length: int
    at: float | None
    tags: frozenset[tuple[str, str]]
    columns: tuple[str, ...]
    text: str


def facts_of(stored: Mapping[str, Any]) -> Facts:
    """Take them from a row's end as it is journalled."""
    loop = stored.get("loop") or {}
    data = stored.get("data")
    data = data if isinstance(data, Mapping) else {}
    reason = str(stored.get("reason", ""))
    guards = [one for one in stored.get("guards") or () if isinstance(one, Mapping)]
    judged = next((text for name in ("code", "answer") if (text := _str(data, name))), "")
    return Facts(
        row_id=plain(str(stored.get("row_id", ""))),
        reason=plain(reason[:_MOST_REASON]),
        group=plain(cause_of(reason[:2_000])),
        stop=loop.get("stop_reason"),
        rounds=loop.get("rounds"),
        kept_round=loop.get("kept_round"),
        refused=int(loop.get("sentinels_refused") or 0),
        guard=_guard(guards),
        length=len(judged),
        at=stored.get("at"),
        tags=frozenset(_tags(stored, guards)),
        columns=tuple(plain(str(name)) for name in data),
        text=plain("\n".join(_texts(stored, data)))[:MOST_SEARCHED_OF_A_ROW].casefold(),
    )


def bucket_of(value: float | None, limits: tuple[float, ...]) -> int | None:
    """Return which of the ranges between the limits a value is in; None of what is not known."""
    return None if value is None else sum(value >= limit for limit in limits)


def _tags(stored: Mapping[str, Any], guards: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for verdict in stored.get("verdicts") or ():
        name = plain(str(verdict.get("validator", ""))[:_MOST_NAME])
        match verdict.get("status"):
            case "fail":
                yield "fails", name
                yield from (("test", test) for test in _failing_tests(verdict))
            case "error":
                yield "error", name
            case "skip":
                yield "skips", name
    for one in guards:
        if one["verdict"].get("status") == "fail":
            yield "guardrail", plain(str(one["verdict"].get("validator", ""))[:_MOST_NAME])


def _failing_tests(verdict: Mapping[str, Any]) -> Iterator[str]:
    evidence = verdict.get("evidence") or {}
    cases = [evidence.get("failing"), *(evidence.get("further") or ())][:_MOST_TAGS]
    for case in cases:
        name = str((case or {}).get("test") or (case or {}).get("input") or "")
        if name:
            yield plain(" ".join(name[: 2 * _MOST_NAME].split())[:_MOST_NAME])


def _guard(guards: list[Mapping[str, Any]]) -> str | None:
    """Say the worst that guardrails said of a row's calls."""
    if not guards:
        return None
    statuses = {(one["verdict"].get("status"), bool(one.get("is_blocking"))) for one in guards}
    if ("fail", True) in statuses:
        return "blocked"
    if any(status == "error" for status, _ in statuses):
        return "error"
    return "noted" if ("fail", False) in statuses else "passed"


def _texts(stored: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[str]:
    """Yield each text of a row that is searched; code that stands in the answer comes once."""
    yield str(stored.get("row_id", ""))
    yield str(stored.get("reason", ""))
    answer = _str(data, "answer")[:MOST_SEARCHED]
    for name, value in data.items():
        if name == "code" and str(value).strip() in answer:
            continue
        if isinstance(value, str):
            yield value[:MOST_SEARCHED]


def _str(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""
