"""Finds rows of a run: by a condition over how they ended, or by a pattern in their texts.

Start at `rows_where` and `found_in`. A condition is the suite's own language (`suite.conditions`),
so nothing of it is evaluated by Python. A pattern is Python's `re`, which can take for ever on a
text that was made for that: each text has a time limit, after which the search says which it was.
"""

import re
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import FrameType

from sygra_eval.engine.plan import target_in
from sygra_eval.engine.summarise import suite_document
from sygra_eval.engine.target import that_count
from sygra_eval.journal import JournalReader, open_readonly
from sygra_eval.suite import (
    BadCondition,
    Condition,
    UnfitForCondition,
    compile_condition,
    did_you_mean,
)
from sygra_eval.values import RecordEnd, Round, UsageError

MOST_SEARCH_S = 2.0
"""A pattern may take so long on one text; what is longer than that is a pattern that backtracks."""
_OURS = (
    "id",
    "index",
    "outcome",
    "reason",
    "stop_reason",
    "rounds",
    "samples",
    "kept_round",
    "sentinels_refused",
    "tokens",
    "grade",
    "weak_tests",
    "verdicts",
    "scores",
    "way",
)


class Part(StrEnum):
    """What of a row is searched."""

    ANSWER = "answer"
    CODE = "code"
    CRITIQUE = "critique"
    EVIDENCE = "evidence"
    REASON = "reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A line that a pattern is found in.

    :ivar round: Of which round; None for what was said of the row in the end.
    :ivar before: Lines around it, as many as were asked for; `after` likewise.
    """

    row: str
    round: int | None
    part: Part
    of: str  # the node, or the validator
    line: int  # from 1
    text: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(slots=True)
class Where:
    """A condition over how a row ended, its columns among the names.

    :ivar undecided: How many rows it makes no sense for; `why` of the first.
    """

    condition: Condition
    validators: tuple[str, ...] = ()
    undecided: int = 0
    why: str = ""
    columns: frozenset[str] = field(default_factory=frozenset)

    def holds(self, end: RecordEnd) -> bool:
        """Say whether it holds for a row; where it makes no sense it does not, and is counted."""
        try:
            return self.condition.holds(self._variables(end))
        except UnfitForCondition as error:
            self.undecided += 1
            self.why = self.why or f"{end.row_id}: {error}"
            return False

    def _variables(self, end: RecordEnd) -> Mapping[str, object]:
        nothing = dict.fromkeys(self.columns)
        return nothing | variables_of(end, self.validators)


def variables_of(end: RecordEnd, validators: Sequence[str] = ()) -> dict[str, object]:
    """Return what a condition may name of a row: its columns, and over these how it ended.

    :param validators: Those that have a status in every row, null where they gave none.
    """
    loop = end.loop
    statuses: dict[str, object] = dict.fromkeys(validators)
    scores: dict[str, object] = dict.fromkeys(validators)
    for verdict in end.verdicts:
        statuses[verdict.validator] = verdict.status.value
        scores[verdict.validator] = verdict.score
    return {
        **end.data,
        "id": end.row_id,
        "index": end.index,
        "outcome": end.outcome.value,
        "reason": end.reason,
        "stop_reason": loop.stop_reason.value if loop is not None else None,
        "rounds": loop.rounds if loop is not None else None,
        "samples": loop.samples if loop is not None else None,
        "kept_round": loop.kept_round if loop is not None else None,
        "sentinels_refused": loop.sentinels_refused if loop is not None else None,
        "tokens": loop.tokens if loop is not None else None,
        "grade": end.data.get("grade"),
        "weak_tests": end.weak_tests,
        "verdicts": statuses,
        "scores": scores,
        "way": list(end.way),
    }


def where_of(folder: Path, text: str) -> Where:
    """Return the condition that a text says, for the rows of a run.

    :raises UsageError: When it is none, or names what no row has; with the nearest name.
    """
    try:
        condition = compile_condition(text)
    except BadCondition as error:
        fix = f"; {error.fix}" if error.fix else ""
        raise UsageError(f"--where: {error.message}{fix}") from None
    entries = (suite_document(folder).get("quality") or {}).get("validators") or []
    validators = {
        str(entry.get("name") or entry.get("use") or "")
        for entry in entries
        if isinstance(entry, Mapping)
    }
    columns: set[str] = set()
    used = {use.name for use in condition.uses}
    if not _are_known(used, {*_OURS}, validators):
        with open_readonly(folder / "journal.db") as reader:
            for end in reader.outcomes():  # only where a name is none of ours
                columns |= end.data.keys()
                validators |= {verdict.validator for verdict in end.verdicts}
                if _are_known(used, {*_OURS, *columns}, validators):
                    break
    for name in sorted(used):
        _refuse_unknown(name, {*_OURS, *columns}, validators)
    return Where(condition, tuple(sorted(validators)), columns=frozenset(columns))


def rows_where(folder: Path, where: Where | None) -> Iterator[RecordEnd]:
    """Yield the rows of a run that count, in the order of the source; with flat memory."""
    with open_readonly(folder / "journal.db") as reader:
        for end in that_count(reader.outcomes(), target_in(reader.plan())):
            if where is None or where.holds(end):
                yield end


def pattern_of(text: str, *, ignores_case: bool = False) -> re.Pattern[str]:
    """Compile a pattern.

    :raises UsageError: When it is none.
    """
    try:
        return re.compile(text, re.IGNORECASE if ignores_case else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(f"`{text}` is no pattern of Python's `re`: {error}") from None


def found_in(
    reader: JournalReader,
    end: RecordEnd,
    pattern: re.Pattern[str],
    *,
    parts: Sequence[Part] = (),
    context: int = 0,
) -> Iterator[Match]:
    """Yield the lines of a row that a pattern is found in: rounds first, then what was said of it.

    :raises UsageError: When one text takes the pattern too long.
    """
    for number, part, of, text in _texts(end, reader.rounds(end.row_id)):
        if parts and part not in parts:
            continue
        lines = text.splitlines()
        with _within(MOST_SEARCH_S, f"row {end.row_id}, {part.value} of {of}"):
            places = [place for place, line in enumerate(lines) if pattern.search(line)]
        for place in places:
            yield Match(
                row=end.row_id,
                round=number,
                part=part,
                of=of,
                line=place + 1,
                text=lines[place],
                before=tuple(lines[max(0, place - context) : place]),
                after=tuple(lines[place + 1 : place + 1 + context]),
            )


def _texts(end: RecordEnd, rounds: Sequence[Round]) -> Iterator[tuple[int | None, Part, str, str]]:
    """Yield each text of a row once: round, what it is, whose, and the text."""
    for one in rounds:
        for attempt in one.attempts:
            yield one.number, Part.ANSWER, one.node, attempt.answer
            if attempt.code is not None and attempt.code.strip() not in attempt.answer:
                yield one.number, Part.CODE, one.node, attempt.code
            yield one.number, Part.EVIDENCE, one.node, attempt.evidence
        if one.critique is not None:
            yield one.number, Part.CRITIQUE, one.node, one.critique
    if not rounds:
        answer, code = (end.data.get(name) for name in ("answer", "code"))
        if isinstance(answer, str):
            yield None, Part.ANSWER, "row", answer
        if isinstance(code, str) and code.strip() not in str(answer):
            yield None, Part.CODE, "row", code
    yield None, Part.REASON, "row", end.reason
    if end.weak_tests:
        yield None, Part.REASON, "row", end.weak_tests
    for verdict in end.verdicts:
        yield None, Part.REASON, verdict.validator, verdict.reason
        if verdict.evidence is not None and verdict.evidence.output:
            yield None, Part.EVIDENCE, verdict.validator, verdict.evidence.output


class _TooSlow(Exception):
    """The time for one text is over."""


@contextmanager
def _within(seconds: float, what: str) -> Iterator[None]:
    """Bound a search in time: `re` looks for signals while it backtracks.

    Only a process's main thread gets signals; elsewhere nothing bounds it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _TooSlow:
        raise UsageError(
            f"the pattern takes more than {seconds:g} s on {what}: it tries too many ways; "
            "repeat no group that repeats within itself"
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _over(number: int, frame: FrameType | None) -> None:
    raise _TooSlow


def _are_known(names: set[str], known: set[str], validators: set[str]) -> bool:
    try:
        for name in names:
            _refuse_unknown(name, known, validators)
    except UsageError:
        return False
    return True


def _refuse_unknown(name: str, known: set[str], validators: set[str]) -> None:
    if name in known:
        return
    variable, _, rest = name.partition(".")
    if variable not in known:
        raise UsageError(f"--where: no row has `{variable}`; {did_you_mean(variable, known)}")
    if variable in ("verdicts", "scores") and rest not in validators:
        near = did_you_mean(rest, validators)
        raise UsageError(f"--where: no validator is called `{rest}`; {near}")
