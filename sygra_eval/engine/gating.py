"""Judges a suite's gates by the rows of a run, once they are all there.

Those that so many rows cannot pass are refused before the first one (`gate_refusals`). The outcomes
are journalled, so that the report, the closing line and the exit code of every later look at the
run are of this one judgement (docs/decisions/0038).
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sygra_eval.engine.agreeing import labels_or_why, raters_of
from sygra_eval.engine.comparing import Compared, compare_sides, side_of
from sygra_eval.engine.finished_rows import measured_rows, settings_of_validators
from sygra_eval.engine.gate_refusals import LEFT_OUT
from sygra_eval.engine.plan import target_in
from sygra_eval.engine.target import Cut
from sygra_eval.journal import JournalReader, open_readonly
from sygra_eval.plugins import Plugins
from sygra_eval.quality import (
    Facts,
    GateOutcome,
    Measuring,
    Raters,
    Rules,
    broken,
    judged_agreement,
    judged_changes,
    judged_errors,
    judged_metric,
    judged_shares,
    skipped,
)
from sygra_eval.suite import (
    Gate,
    GateKind,
    Suite,
    UnfitRow,
    metric_of,
    registered_metrics,
)
from sygra_eval.values import (
    MeasuredRow,
    Metric,
    Outcome,
    UsageError,
)

MOST_GROUPS = 1_000
"""With more values than this a column is no topic, and each of them would be a line."""
_NOT_FINISHED = "the run is not finished"


async def judge_gates(
    folder: Path, suite: Suite, plugins: Plugins, *, is_finished: bool, rows_read: int
) -> tuple[GateOutcome, ...]:
    """Return what became of each gate of a run whose rows are in its journal.

    :param rows_read: Those that have not ended were not taken, and no gate may judge without them.
    """
    if not suite.gates:
        return ()
    with open_readonly(folder / "journal.db") as reader:
        plan = reader.plan()
        rows = _ended(reader)
        if not (is_finished or rows.cut.is_complete):
            return tuple(skipped(gate, _NOT_FINISHED) for gate in suite.gates)
        why = why_partial(plan, rows.all)
        if rows.all < rows_read and not rows.cut.is_complete:
            why = why or f"{rows_read - rows.all} of {rows_read} rows were not reached"
        found: list[GateOutcome] = []
        hearings = [
            _Hearing(gate, suite, plugins) if not why or gate.allows_partial else None
            for gate in suite.gates
        ]
        await _give_raters([one for one in hearings if one is not None], suite)
        _take(reader, [one for one in hearings if one is not None], suite.document)
        for gate, hearing in zip(suite.gates, hearings, strict=True):
            if hearing is None:
                found.append(skipped(gate, why))
                continue
            found += [one async for one in hearing.outcomes(rows)]
        return tuple(found)


def why_partial(plan: Mapping[str, str], rows: int) -> str:
    """Say why a run has not all rows of its source; empty where it has.

    A sample keeps gates: it stands for all rows, with a wider interval.
    """
    asked = json.loads(plan["asked"])
    if asked.get("partial"):
        return str(asked["partial"])
    limit = asked.get("limit")
    if limit is not None and rows >= limit:
        return f"--limit {limit} may have left rows out"
    chosen = asked.get("selection") or {}
    named = [option for key, option in LEFT_OUT.items() if chosen.get(key)]
    if named:
        return f"rows were deselected ({', '.join(named)})"
    return ""


@dataclass(slots=True)
class _Rows:
    """How many rows a run has, of all and of those that count."""

    cut: Cut
    all: int = 0
    failed: int = 0
    counted: int = 0


def _ended(reader: JournalReader) -> _Rows:
    rows = _Rows(Cut(target_in(reader.plan())))
    for end in reader.outcomes():
        rows.all += 1
        if rows.cut.counts(end):
            rows.counted += 1
            rows.failed += end.outcome is Outcome.FAILED
    return rows


async def _give_raters(hearings: list["_Hearing"], suite: Suite) -> None:
    """Give gates on agreement what takes their rows."""
    asked = [one for one in hearings if one.gate.kind is GateKind.AGREEMENT]
    if not asked:
        return
    labels, why = await labels_or_why(suite)
    specs = {spec.name: spec for spec in suite.agreements}
    for one in asked:
        spec = specs[one.gate.metric]
        if why and spec.labels is not None:
            one.why_no_raters = why
        else:
            one.raters = raters_of(spec, labels)


def _take(reader: JournalReader, hearings: list["_Hearing"], document: Mapping[str, Any]) -> None:
    if all(one.gate.kind is GateKind.ERRORS for one in hearings):
        return
    for row, input_hash in measured_rows(reader, document):
        for one in hearings:
            one.take(row, input_hash)


@dataclass(slots=True)
class _Hearing:
    """Takes the rows of a run past one gate."""

    gate: Gate
    suite: Suite
    plugins: Plugins
    groups: dict[str, Measuring] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    unfit: int = 0
    raters: Raters | None = None
    why_no_raters: str = ""
    has_too_many: bool = False

    def take(self, row: MeasuredRow, input_hash: str) -> None:
        """Take one row; what a gate cannot say of it counts as its error."""
        gate = self.gate
        if gate.kind is GateKind.ERRORS:
            return
        seen = _variables(row)
        try:
            if gate.where is not None and not gate.where.holds(seen):
                return
        except UnfitRow:
            self.unfit += 1
            return
        if gate.kind is GateKind.DISTRIBUTION:
            if row.outcome in (Outcome.VERIFIED, Outcome.UNJUDGED):
                self._count(_at(gate.metric, seen))
            return
        if gate.kind is GateKind.AGREEMENT:
            if self.raters is not None:
                self.raters.take(row)
            return
        group = "" if gate.group_by is None else _at(gate.group_by, seen)
        if group is None:
            self.unfit += 1
            return
        measuring = self.groups.get(group)
        if measuring is None:
            if len(self.groups) == MOST_GROUPS:
                self.has_too_many = True
                return
            measuring = self.groups[group] = Measuring(self._metrics(), self._facts())
        measuring.take(row, input_hash=input_hash)

    async def outcomes(self, rows: _Rows) -> AsyncIterator[GateOutcome]:
        """Yield what became of the gate."""
        gate = self.gate
        match gate.kind:
            case GateKind.ERRORS:
                yield judged_errors(gate, rows.failed, rows.counted)
            case GateKind.DISTRIBUTION:
                yield judged_shares(gate, self.counts, unfit=self.unfit)
            case GateKind.AGREEMENT:
                yield self._agreed()
            case GateKind.BASELINE:
                for one in await self._compared():
                    yield one
            case GateKind.METRIC:
                for one in self._by_group():
                    yield one

    def _by_group(self) -> Iterator[GateOutcome]:
        gate = self.gate
        if self.has_too_many:
            why = f"`{gate.group_by}` has more than {MOST_GROUPS:,} values"
            yield broken(gate, f"{why}, so it names no groups")
            return
        if not self.groups and gate.group_by is None:
            self.groups[""] = Measuring(self._metrics(), self._facts())
        if not self.groups:
            yield broken(gate, f"no row has a `{gate.group_by}`")
        for group in sorted(self.groups):
            # Rows without a group could be of any: they count in each.
            yield judged_metric(gate, self.groups[group].side, unfit=self.unfit, group=group)

    async def _compared(self) -> list[GateOutcome]:
        gate = self.gate
        if gate.baseline is None or "" not in self.groups:
            return [broken(gate, "no row to compare")]
        asked = Compared(
            metrics=gate.metrics, rules=Rules(alpha=gate.alpha, max_drop=gate.max_drop)
        )
        try:
            before = await side_of(gate.baseline, asked)
            return list(judged_changes(gate, compare_sides(before, self.groups[""].side, asked)))
        except (UsageError, OSError) as error:
            return [broken(gate, str(error))]

    def _agreed(self) -> GateOutcome:
        if self.raters is None:
            return broken(self.gate, self.why_no_raters)
        confidence = 1 - self.gate.alpha
        found = self.raters.agreement(seed=self.suite.sha256, confidence=confidence)
        return judged_agreement(self.gate, found, unfit=self.unfit)

    def _metrics(self) -> list[Metric]:
        metrics = registered_metrics(self.plugins)
        if self.gate.kind is GateKind.BASELINE:
            return list(metrics.values())
        names = frozenset(spec.name for spec in self.suite.validators)
        found = metric_of(self.gate.metric, metrics, names)
        return [] if found is None else [found]

    def _facts(self) -> Facts:
        return Facts(
            kind="run",
            name="this run",
            suite=self.suite.name,
            suite_sha256=self.suite.sha256,
            validators=dict(settings_of_validators(self.suite.document)),
            versions={
                spec.name: self.plugins.of("validators")[spec.use].version
                for spec in self.suite.validators
            },
        )

    def _count(self, value: str | None) -> None:
        if value is None:
            self.unfit += 1
        else:
            self.counts[value] += 1


def _variables(row: MeasuredRow) -> dict[str, object]:
    said = {name: one.status.value for name, one in row.verdicts.items()}
    return {**row.columns, "outcome": row.outcome.value, "verdicts": said}


def _at(name: str, variables: Mapping[str, object]) -> str | None:
    """Return the text of a column; None where the row has none."""
    value: object = variables.get(name)
    if name not in variables:
        value = variables
        for key in name.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None or isinstance(value, list | Mapping) else str(value)
