"""Measures validators on answers that are known to be right or wrong. Start at `measure_truth`.

Each line of the truth file is judged once by every validator alone; the stack's verdict comes from
these by the rule that decides a record's outcome. So a skip counts as it would in a run: as not
accepted. What could not be judged is an error and is in no rate.
"""

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sygra_eval.data import FileRows
from sygra_eval.engine.existing import given_code
from sygra_eval.engine.judging import Court, verdict_of
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.outcome import outcome_of
from sygra_eval.engine.preflight import started_sandbox
from sygra_eval.engine.summarise import MOST_FAILED
from sygra_eval.engine.summary import ExitCode
from sygra_eval.plugins import Plugins, Registered, load_plugins
from sygra_eval.quality import Interval, wilson
from sygra_eval.suite import SandboxChoice, did_you_mean
from sygra_eval.values import (
    BadRow,
    Outcome,
    Row,
    Severity,
    Stage,
    UsageError,
    ValidatorSpec,
    Verdict,
)

DEFAULT_VALIDATORS = ("python_compiles", "unit_tests")
COLUMN_OF = {
    "from": "test",
    "reference": "reference",
    "entry_point": "entry_point",
    "contract": "contract",
    "strategies": "strategies",
    "raises": "raises",
    "arguments": "arguments",
}
"""A validator's key -> the column of a truth file that it is given."""
OPTIONAL = frozenset({"entry_point", "contract", "strategies", "raises", "arguments"})
"""Keys whose column a row may lack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRates:
    """How often a validator, or a stack of them, erred. The three tuples hold task ids.

    :ivar right: Rows labelled so, `wrong` likewise; a line that is no row is in neither.
    :ivar decided_right: Those of them that were judged, `decided_wrong` likewise.
    :ivar skipped: Rows that were not accepted because a validator did not apply to them.
    """

    right: int
    wrong: int
    decided_right: int
    decided_wrong: int
    skipped: int
    false_accepts: tuple[str, ...]
    false_rejects: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def false_accept_rate(self) -> Interval | None:
        """The share of wrong answers that were accepted."""
        return wilson(len(self.false_accepts), self.decided_wrong)

    @property
    def false_reject_rate(self) -> Interval | None:
        """The share of right answers that were not accepted."""
        return wilson(len(self.false_rejects), self.decided_right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Why a line could not be judged."""

    place: str
    task_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthReport:
    """What was measured.

    :ivar stack: All validators together, as a suite that requires them all.
    :ivar stacks: Further stacks of these validators, where they were asked for.
    :ivar complaints: One for each line that is no row, and for each validator error.
    """

    stack: ErrorRates
    per_validator: Mapping[str, ErrorRates]
    complaints: tuple[Complaint, ...]
    isolation: str
    stacks: Mapping[tuple[str, ...], ErrorRates] = field(default_factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """As for a run: too many rows that could not be judged leave the measurement incomplete."""
        rates = self.stack
        lines = rates.decided_right + rates.decided_wrong + len(rates.errors)
        too_many = len(rates.errors) > MOST_FAILED * lines
        return ExitCode.INCOMPLETE if too_many else ExitCode.PASSED


async def measure_truth(
    path: Path,
    *,
    validators: Sequence[str] = DEFAULT_VALIDATORS,
    stacks: Sequence[tuple[str, ...]] = (),
    options: RunOptions | None = None,
) -> TruthReport:
    """Judge every line of a truth file and count the errors.

    :param stacks: Further stacks of these validators to count; no line is judged again for them.
    :raises UsageError: When the file, a validator or the sandbox is not fit for it.
    """
    options = options or RunOptions()
    plugins = load_plugins(
        path.absolute().parent, named=options.plugins, is_trusted=options.is_trusted
    )
    specs = [_spec(name, plugins) for name in dict.fromkeys(validators)]
    if not specs:
        raise UsageError("no validator is named, so there is nothing to measure")
    file = FileRows(path=path, given=str(path), key="truth", id_column=None)
    for problem in file.check():
        if problem.severity is Severity.ERROR:
            raise UsageError(problem.message)
    choice = SandboxChoice()
    sandbox = await started_sandbox(choice, plugins, options)
    try:
        court = Court(plugins=plugins, sandbox=sandbox, timeout_s=choice.timeout_s)
        judged = await _judge_all(file, specs, court)
    finally:
        await sandbox.close()
    if not judged:
        raise UsageError(f"{path} has no lines, so there is nothing to measure")
    return TruthReport(
        stack=_rates(judged, [spec.name for spec in specs]),
        per_validator={spec.name: _rates(judged, [spec.name]) for spec in specs},
        complaints=tuple(complaint for one in judged for complaint in _complaints(one)),
        isolation=sandbox.describe(),
        stacks={stack: _rates(judged, stack) for stack in stacks},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One known answer."""

    task_id: str
    is_right: bool
    code: str
    entry_point: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One line of the file; without a case it is no row, for the reason that is said."""

    index: int
    place: str
    task_id: str
    case: _Case | None
    reason: str = ""
    verdicts: Mapping[str, Verdict]


async def _judge_all(file: FileRows, specs: Sequence[ValidatorSpec], court: Court) -> list[_Judged]:
    """Judge the lines, a few at a time, and return them in the order of the file."""
    needed = {column for spec in specs for column in _columns_of(spec, court.plugins)}
    slots = asyncio.Semaphore(_slots())
    judged: list[_Judged] = []

    async def judge(row: Row | BadRow) -> None:
        try:
            judged.append(await _judge(row, needed, specs, court))
        finally:
            slots.release()

    async with asyncio.TaskGroup() as group:
        async for row in file.rows():
            await slots.acquire()
            group.create_task(judge(row))
    return sorted(judged, key=lambda one: one.index)


async def _judge(
    row: Row | BadRow, needed: Iterable[str], specs: Sequence[ValidatorSpec], court: Court
) -> _Judged:
    found: _Case | str
    if isinstance(row, BadRow):
        found = row.reason.removeprefix("bad_input: ")
    else:
        found = _case(row.columns, needed)
    if isinstance(found, str) or isinstance(row, BadRow):
        named = None if isinstance(row, BadRow) else _task_id(row.columns)
        return _Judged(
            index=row.index,
            place=row.origin,
            task_id=named or row.origin,
            case=None,
            reason=str(found),
            verdicts={},
        )
    candidate = given_code(found.code, found.entry_point)
    verdicts = {}
    for spec in specs:
        verdict = await verdict_of(spec, candidate, row.columns, Stage.FINAL, court, row_id=row.id)
        verdicts[spec.name] = replace(verdict, evidence=None, is_required=True)  # memory stays flat
    return _Judged(
        index=row.index, place=row.origin, task_id=found.task_id, case=found, verdicts=verdicts
    )


def _case(columns: Mapping[str, object], needed: Iterable[str]) -> _Case | str:
    """Return the known answer in a row, or what is wrong with the row."""
    task_id, code, label = _task_id(columns), columns.get("code"), columns.get("label")
    if task_id is None:
        return "`task_id` is neither text nor a whole number"
    if not isinstance(code, str):
        return "`code` is no text"
    if label not in ("right", "wrong"):
        return "`label` is neither `right` nor `wrong`"
    for column in sorted(needed):
        if not columns.get(column):
            return f"`{column}` is missing or empty, and a validator needs it"
    name = columns.get("entry_point")
    if name is not None and not isinstance(name, str):
        return "`entry_point` is no text"
    return _Case(task_id=task_id, is_right=label == "right", code=code, entry_point=name or None)


def _task_id(columns: Mapping[str, object]) -> str | None:
    value = columns.get("task_id")
    is_name = isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    return str(value) if is_name else None


def _rates(judged: Iterable[_Judged], names: Sequence[str]) -> ErrorRates:
    right = wrong = decided_right = decided_wrong = skipped = 0
    accepts: list[str] = []
    rejects: list[str] = []
    errors: list[str] = []
    for one in judged:
        if one.case is None:
            errors.append(one.task_id)
            continue
        right += one.case.is_right
        wrong += not one.case.is_right
        outcome, reason = outcome_of([one.verdicts[name] for name in names])
        if outcome is Outcome.FAILED:
            errors.append(one.task_id)
            continue
        decided_right += one.case.is_right
        decided_wrong += not one.case.is_right
        skipped += reason.startswith("not applicable: ")
        is_accepted = outcome is Outcome.VERIFIED
        if is_accepted and not one.case.is_right:
            accepts.append(one.task_id)
        elif one.case.is_right and not is_accepted:
            rejects.append(one.task_id)
    return ErrorRates(
        right=right,
        wrong=wrong,
        decided_right=decided_right,
        decided_wrong=decided_wrong,
        skipped=skipped,
        false_accepts=tuple(accepts),
        false_rejects=tuple(rejects),
        errors=tuple(errors),
    )


def _complaints(one: _Judged) -> Iterable[Complaint]:
    if one.case is None:
        yield Complaint(place=one.place, task_id=one.task_id, reason=one.reason)
    for name, verdict in one.verdicts.items():
        if outcome_of([verdict])[0] is Outcome.FAILED:
            reason = f"{name}: {verdict.reason}"
            yield Complaint(place=one.place, task_id=one.task_id, reason=reason)


def _spec(name: str, plugins: Plugins) -> ValidatorSpec:
    """Make a validator of a truth file: its keys name the columns that such a file has.

    :raises UsageError: When nothing registers it, or it needs more than such a file gives.
    """
    registered = plugins.of("validators").get(name)
    if registered is None:
        fix = did_you_mean(name, plugins.of("validators"))
        raise UsageError(f"no plugin provides the validator `{name}`; {fix}")
    given = {key: COLUMN_OF[key] for key in _keys(registered)}
    config: Any = given
    if registered.config is not None:
        try:
            config = TypeAdapter(registered.config).validate_python(given)
        except ValidationError as error:
            lacks = ", ".join(f"`{'.'.join(map(str, e['loc']))}`" for e in error.errors())
            raise UsageError(
                f"`{name}` needs {lacks}, which a truth file has no column for; measure it with a "
                "suite over that file"
            ) from error
    return ValidatorSpec(name=name, use=name, is_required=True, config=config)


def _keys(registered: Registered) -> list[str]:
    """Return which of the keys that we can fill a validator has."""
    fields = getattr(registered.config, "model_fields", {})
    known = {field.alias or name for name, field in fields.items()}
    return [key for key in COLUMN_OF if key in known]


def _columns_of(spec: ValidatorSpec, plugins: Plugins) -> Iterable[str]:
    """Return the columns without which a validator has nothing to judge by."""
    keys = _keys(plugins.of("validators")[spec.use])
    return (COLUMN_OF[key] for key in keys if key not in OPTIONAL)


def _slots() -> int:
    return 1 + max(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
