"""Reads a run's journal once and comes to its figures. Start at `summarise`."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, cast

import yaml

import sygra_eval
from sygra_eval.engine.summary import (
    WEAK,
    Cause,
    ErrorCount,
    ExitCode,
    RunSummary,
    Strength,
    Tally,
)
from sygra_eval.journal import Event, open_readonly
from sygra_eval.quality import wilson
from sygra_eval.values import Outcome, RecordEnd, Status, StopReason, Verdict

MOST_FAILED = 0.05
"""More rows failed by infrastructure than this share make a run incomplete (exit code 7)."""
EXAMPLES = 3


def summarise(folder: Path) -> RunSummary:
    """Return the figures of a run, finished or not, from its journal.

    :raises UsageError: When the folder holds no journal that can be read.
    """
    folder = folder.resolve()
    with open_readonly(folder / "journal.db") as reader:
        plan = reader.plan()
        life = _life(reader.events())
        document = suite_document(folder)
        has_graph = "candidate" not in document
        truth = (document.get("quality") or {}).get("truth")
        count = _Count(has_graph=has_graph, truth=truth)
        for end in reader.outcomes():
            count.take(end)
        calls = reader.calls_summary()
    labels = json.loads(plan["labels"])
    ended = sum(count.outcomes.values())
    rows = max(life.rows, ended)
    exit_code, exit_reason = _exit(life, count.outcomes, rows, has_graph=has_graph)
    state = "incomplete" if exit_code is ExitCode.INCOMPLETE else life.state
    return RunSummary(
        suite=plan["suite"],
        run=folder.name,
        folder=folder,
        suite_sha256=plan["suite_sha256"],
        state=state,
        rows=rows,
        counts={outcome: count.outcomes[outcome] for outcome in Outcome},
        not_reached=rows - ended,
        funnel=_funnel(count, rows),
        stop_reasons={outcome: dict(reasons) for outcome, reasons in count.stops.items()},
        verified_rate=wilson(count.outcomes[Outcome.VERIFIED], ended),
        rounds=dict(sorted(count.rounds.items())),
        verified_by_round=dict(sorted(count.by_round.items())),
        verified_by_sample=dict(sorted(count.by_sample.items())),
        sentinels_refused=count.refused,
        rows_with_refused_sentinel=count.rows_with_refused,
        repaired=tuple(count.repaired),
        validators=tuple(
            Tally(
                validator=name,
                is_required=count.required[name],
                passed=said[Status.PASS],
                failed=said[Status.FAIL],
                errors=said[Status.ERROR],
                skipped=said[Status.SKIP],
            )
            for name, said in count.verdicts.items()
        ),
        causes=_causes(count),
        calls=calls.calls,
        calls_from_cache=calls.from_cache,
        saved_usd=calls.saved_nano_usd / 1e9,
        cost_usd=None if calls.cost_nano_usd is None else calls.cost_nano_usd / 1e9,
        calls_cached=life.calls_cached,
        prompt_tokens=calls.prompt_tokens,
        completion_tokens=calls.completion_tokens,
        has_estimated_tokens=calls.estimated > 0,
        retries=calls.tries - calls.calls,
        wall_s=life.wall_s,
        model_s=calls.latency_s,
        isolation=tuple(sorted(count.isolation)),
        trust=tuple(sorted(count.trust)),
        models=_models(document, labels),
        warnings=_warnings(document, labels, estimated=calls.estimated),
        exit_code=exit_code,
        exit_reason=exit_reason,
        strength=_strength(count),
        rate_by_topic={topic: (got, of) for topic, (got, of) in sorted(count.topics.items())},
        example_id=count.repaired[0] if count.repaired else count.first_id,
        columns=count.columns,
        card=document.get("card") or {},
        report_formats=tuple((document.get("report") or {}).get("formats") or ()),
        has_graph=has_graph,
        errors=_errors(count),
        command=f"sygra-eval run {plan['suite_path']}",
        version=sygra_eval.__version__,
    )


_STATES = {"finished": "finished", "stopped": "interrupted", "broke": "incomplete"}


@dataclass(slots=True)
class _Life:
    """What the journal's events say of the run's starts and ends."""

    state: str = "running"
    cause: str = ""
    rows: int = 0
    wall_s: float = 0.0
    calls_cached: int = 0


def _life(events: Iterable[Event]) -> _Life:
    life = _Life()
    for event in events:
        match event.kind:
            case "started":
                life.state = "running"
            case "finished" | "stopped" | "broke" as kind:
                data = cast("Mapping[str, Any]", event.data)
                life.state = _STATES[kind]
                life.cause = data["cause"]
                life.rows = data["rows"]
                life.wall_s += data["wall_s"]
                life.calls_cached += data["calls_cached"]
    return life


@dataclass(slots=True)
class _Count:
    """Counts over the outcomes, taken one by one, so that memory stays flat."""

    has_graph: bool = True
    truth: str | None = None
    known: dict[str, Counter[tuple[str, bool | None]]] = field(default_factory=dict)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    stops: dict[Outcome, Counter[StopReason]] = field(default_factory=dict)
    rounds: Counter[int] = field(default_factory=Counter)
    by_round: Counter[int] = field(default_factory=Counter)
    by_sample: Counter[int] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    groups: dict[str, list[str]] = field(default_factory=dict)
    verdicts: dict[str, Counter[Status]] = field(default_factory=dict)
    required: dict[str, bool] = field(default_factory=dict)
    causes: dict[tuple[Outcome, str], list[str]] = field(default_factory=dict)
    cause_rows: Counter[tuple[Outcome, str]] = field(default_factory=Counter)
    topics: dict[str, tuple[int, int]] = field(default_factory=dict)
    scores: Counter[float] = field(default_factory=Counter)
    weakest: list[tuple[float, int, str]] = field(default_factory=list)
    isolation: set[str] = field(default_factory=set)
    trust: set[str] = field(default_factory=set)
    repaired: list[str] = field(default_factory=list)
    refused: int = 0
    rows_with_refused: int = 0
    first_id: str | None = None
    columns: tuple[str, ...] = ()

    def take(self, end: RecordEnd) -> None:
        """Count one record's end."""
        self.outcomes[end.outcome] += 1
        is_verified = end.outcome is Outcome.VERIFIED
        if is_verified and not self.columns:
            self.first_id, self.columns = end.row_id, tuple(end.data)
        if not is_verified and end.outcome is not Outcome.UNJUDGED:
            self._take_cause(end)
        score = end.data.get("mutation_score")
        if is_verified and isinstance(score, float):
            self.scores[score] += 1
            self.weakest = sorted([*self.weakest, (score, end.index, end.row_id)])[:EXAMPLES]
        self._take_loop(end, is_verified=is_verified)
        self._take_stages(end)
        for verdict in end.verdicts:
            self._take_verdict(verdict)
        if self.truth is not None:
            self._take_truth(end, end.data.get(self.truth))
        topic = end.data.get("topic")
        if isinstance(topic, str):
            got, of = self.topics.get(topic, (0, 0))
            self.topics[topic] = (got + is_verified, of + 1)

    def _take_truth(self, end: RecordEnd, label: object) -> None:
        """Count a row whose truth is known: what it is, and whether it was accepted."""
        if label not in ("right", "wrong"):
            return
        accepted: dict[str, bool | None] = {
            verdict.validator: None
            if verdict.status is Status.ERROR
            else verdict.status is Status.PASS
            for verdict in end.verdicts
        }
        is_decided = end.outcome in (Outcome.VERIFIED, Outcome.REJECTED)
        accepted[""] = end.outcome is Outcome.VERIFIED if is_decided else None
        for validator, is_accepted in accepted.items():
            self.known.setdefault(validator, Counter())[str(label), is_accepted] += 1

    def _take_cause(self, end: RecordEnd) -> None:
        key = (end.outcome, _cause(end.reason))
        self.cause_rows[key] += 1
        examples = self.causes.setdefault(key, [])
        if len(examples) < EXAMPLES:
            examples.append(end.row_id)

    def _take_loop(self, end: RecordEnd, *, is_verified: bool) -> None:
        loop = end.loop
        if loop is None:
            return
        self.stops.setdefault(end.outcome, Counter())[loop.stop_reason] += 1
        self.rounds[loop.rounds] += 1
        self.refused += loop.sentinels_refused
        self.rows_with_refused += loop.sentinels_refused > 0
        if not is_verified:
            return
        self.by_round[loop.kept_round] += 1
        if loop.kept_round == 1:
            self.by_sample[loop.samples] += 1
        if loop.kept_round > 1 or loop.samples > 1 or loop.sentinels_refused:
            self.repaired.append(end.row_id)

    def _take_stages(self, end: RecordEnd) -> None:
        """Walk the funnel as far as this record came."""
        if self.has_graph:
            if not isinstance(end.data.get("answer"), str):
                return
            self.stages["drafted"] += 1
            if not isinstance(end.data.get("code"), str):
                return
            self.stages["code found"] += 1
        for verdict in end.verdicts:
            if not verdict.is_required:
                continue
            for label, has_passed in _steps(verdict):
                if not has_passed:
                    return
                self.stages[label] += 1

    def _take_verdict(self, verdict: Verdict) -> None:
        self.verdicts.setdefault(verdict.validator, Counter())[verdict.status] += 1
        self.required[verdict.validator] = verdict.is_required
        if verdict.is_required:
            self._take_groups(verdict)
        if verdict.evidence is not None and verdict.evidence.isolation:
            self.isolation.add(verdict.evidence.isolation)
            self.trust.add(f"{verdict.validator}: {verdict.trust.value}")

    def _take_groups(self, verdict: Verdict) -> None:
        """Learn which steps of the funnel a validator has, whether or not a row got there."""
        groups = self.groups.setdefault(verdict.validator, [])
        for group in verdict.evidence.tests if verdict.evidence is not None else ():
            label = f"{group} tests pass"
            if label not in groups:
                groups.append(label)


def _errors(count: _Count) -> tuple[ErrorCount, ...]:
    """Return the errors of each validator, those of all together last."""
    names = [*(name for name in count.known if name), *([""] if count.known else [])]
    return tuple(
        ErrorCount(
            validator=name,
            right=said["right", True] + said["right", False],
            wrong=said["wrong", True] + said["wrong", False],
            false_accepts=said["wrong", True],
            false_rejects=said["right", False],
            undecided=said["right", None] + said["wrong", None],
        )
        for name in names
        for said in [count.known[name]]
    )


def _steps(verdict: Verdict) -> Iterable[tuple[str, bool]]:
    """Return a verdict's steps of the funnel: one a test group, else the validator itself."""
    groups = verdict.evidence.tests if verdict.evidence is not None else {}
    if not groups:
        return [(f"{verdict.validator} passes", verdict.status is Status.PASS)]
    return [
        (f"{group} tests pass", count.passed == count.total and count.total > 0)
        for group, count in groups.items()
    ]


def _funnel(count: _Count, rows: int) -> tuple[tuple[str, int], ...]:
    """Return the stages in order, also those that no record reached."""
    labels = ["drafted", "code found"] if count.has_graph else []
    for validator, groups in count.groups.items():
        labels += groups or [f"{validator} passes"]
    return (("rows read", rows), *((label, count.stages[label]) for label in labels))


def _cause(reason: str) -> str:
    """Group by what went wrong: the words before the particulars, without counts."""
    head = reason.partition("\n")[0]
    words = ": ".join(head.split(": ")[:2])
    return re.sub(r"\d+", "N", re.sub(r" \d+ of \d+", "", words))[:80]


def _causes(count: _Count) -> tuple[Cause, ...]:
    return tuple(
        Cause(outcome=outcome, reason=reason, rows=rows, examples=tuple(count.causes[key]))
        for key, rows in count.cause_rows.most_common()
        for outcome, reason in [key]
    )


def _strength(count: _Count) -> Strength | None:
    """Come to the figures from how often each score was seen: there are few different ones."""
    rows = count.scores.total()
    if not rows:
        return None
    ordered = sorted(count.scores.elements())
    return Strength(
        rows=rows,
        median=median(ordered),
        lowest=ordered[0],
        weak=sum(of for score, of in count.scores.items() if score < WEAK),
        weakest=tuple((row_id, score) for score, _, row_id in count.weakest if score < WEAK),
    )


def _exit(
    life: _Life, counts: Mapping[Outcome, int], rows: int, *, has_graph: bool
) -> tuple[ExitCode, str]:
    """Return the exit code without gates, and the sentence that says why (design.md 6)."""
    verified, failed = counts[Outcome.VERIFIED], counts[Outcome.FAILED]
    ended = sum(counts.values())
    if life.state == "running":
        return ExitCode.INTERRUPTED, f"not finished: {ended} rows have ended so far"
    if life.state == "interrupted":
        return ExitCode.INTERRUPTED, f"interrupted: {rows - ended} of {rows} rows not reached"
    if life.state == "incomplete":
        left = f"{rows - ended} of {rows} rows not reached"
        return ExitCode.INCOMPLETE, f"incomplete: {left}: {life.cause}"
    if failed > MOST_FAILED * rows:
        return (
            ExitCode.INCOMPLETE,
            f"incomplete: {failed} of {rows} rows failed, more than {MOST_FAILED:.0%}",
        )
    if counts[Outcome.REJECTED] and not has_graph:
        return ExitCode.GATE_FAILED, f"{counts[Outcome.REJECTED]} of {rows} rows rejected"
    if verified:
        return ExitCode.PASSED, f"{verified} of {rows} rows verified"
    if counts[Outcome.UNJUDGED] == ended:
        return ExitCode.PASSED, "no row was judged: the suite has no validators"
    return ExitCode.GATE_FAILED, f"none of {rows} rows was verified"


def suite_document(folder: Path) -> Mapping[str, Any]:
    """Return the run's own copy of its suite, as plain data."""
    try:
        document = yaml.safe_load((folder / "suite.yaml").read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        return {}
    return document if isinstance(document, dict) else {}


def _models(
    document: Mapping[str, Any], labels: Mapping[str, str]
) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (name, str(model.get("use", "")), labels.get(name, ""))
        for name, model in (document.get("models") or {}).items()
    )


def _warnings(
    document: Mapping[str, Any], labels: Mapping[str, str], *, estimated: int
) -> tuple[str, ...]:
    warnings = []
    for name, node in ((document.get("graph_config") or {}).get("nodes") or {}).items():
        author, critic = _model_of(node, "draft"), _model_of(node, "critique")
        if author is not None and critic is not None and labels[author] == labels[critic]:
            warnings.append(
                f"author and critic of `{name}` are the same model, {labels[author]}: its "
                "critique carries little information"
            )
    if estimated:
        warnings.append(f"{estimated} answers came without token counts; theirs are estimated")
    return tuple(warnings)


def _model_of(node: Mapping[str, Any], step: str) -> str | None:
    part = node.get(step)
    model = part.get("model") if isinstance(part, Mapping) else None
    return model.get("name") if isinstance(model, Mapping) else model
