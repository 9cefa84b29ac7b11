"""Reads a run's journal once and comes to its figures. Start at `summarise`."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, cast

import yaml

import sygra_eval
from sygra_eval.engine.agreement_events import agreements_kept
from sygra_eval.engine.call_faults import refusals_told
from sygra_eval.engine.cost_estimate import CostEstimate, estimate_from_json
from sygra_eval.engine.counting import Count
from sygra_eval.engine.damage import Damage, met_in
from sygra_eval.engine.data_files import data_files_of
from sygra_eval.engine.gate_exit import gates_in, how_gates_ended, warned
from sygra_eval.engine.input_account import input_accounts
from sygra_eval.engine.measured import MEASURED_FILE, Measured, printed_from
from sygra_eval.engine.other_models import other_model_told
from sygra_eval.engine.outcome import GRADES
from sygra_eval.engine.plan import target_in
from sygra_eval.engine.questions import Questions
from sygra_eval.engine.same_models import same_models
from sygra_eval.engine.summary import (
    WEAK,
    Canaries,
    Cause,
    EdgeCount,
    ErrorCount,
    ExitCode,
    HardCoding,
    PassRates,
    RunSummary,
    SpentAt,
    Strength,
    Tally,
    TargetEnd,
    WeakTests,
)
from sygra_eval.engine.target import Cut, how_it_ended
from sygra_eval.engine.time_taken import seconds_taken
from sygra_eval.journal import Event, Spent, names_of_parts, open_readonly, together
from sygra_eval.quality import (
    DIFFICULTIES,
    Agreement,
    GateOutcome,
    Interval,
    difficulty_of,
    mean_t,
    pass_at_k,
    wilson,
)
from sygra_eval.suite import graph_of
from sygra_eval.values import InputAccount, Outcome, Status

MOST_FAILED = 0.05
"""More rows failed by infrastructure than this share make a run incomplete (exit code 7).

The suite may say another: `suite: {max_errors: 0.01}`.
"""


def summarise(folder: Path) -> RunSummary:
    """Return the figures of a run, finished or not, from its journal.

    :raises UsageError: When the folder holds no journal that can be read.
    """
    folder = folder.resolve()
    with open_readonly(folder / "journal.db") as reader:
        plan = reader.plan()
        life = _life(reader.events())
        wall_s = seconds_taken(reader.events())
        document = suite_document(folder)
        has_graph = "candidate" not in document
        quality = document.get("quality") or {}
        canary = quality.get("canary")
        count = Count(has_graph=has_graph, truth=quality.get("truth"), canary=canary)
        cut = Cut(target_in(plan))
        questions = _questions(plan, quality)
        for end in reader.outcomes():
            if cut.counts(end):
                count.take(end)
                if questions is not None:
                    questions.take(end)
        spent = reader.spent()
        refused = tuple(refusals_told(reader.refusals()))
        damage = Damage(rows=reader.damaged, met=life.damaged)
    calls = together(spent.values())
    labels = json.loads(plan["labels"])
    uses = _uses(quality)
    if cut.is_complete and life.state in ("interrupted", "incomplete"):
        life.state = "finished"  # what was stopped were rows that it does not need
    ended = sum(count.outcomes.values())
    rows = max(life.rows, ended + cut.surplus)
    asked = json.loads(plan["asked"])
    is_strict = bool(asked.get("is_strict", False))
    most_failed = (document.get("suite") or {}).get("max_errors", MOST_FAILED)
    bounds = _Bounds(limit=asked["limit"], most_failed=most_failed, is_strict=is_strict)
    exit_code, exit_reason = _exit(life, count, cut, rows, bounds)
    warnings = (
        *_warnings(document, labels, estimated=calls.estimated, noted=count.noted),
        *life.warnings,
        *life.others,
        *refused,
        *damage.told(),
        *warned(life.gates),
        *_left_by_workers(folder),
    )
    if is_strict and warnings and exit_code is ExitCode.PASSED:
        exit_code = ExitCode.WARNINGS
        exit_reason = f"{exit_reason}; under --strict: {_counted(len(warnings), 'warning')}"
    if life.deselected:
        exit_reason = f"{exit_reason}; {life.deselected} deselected"
    state = "incomplete" if exit_code is ExitCode.INCOMPLETE else life.state
    return RunSummary(
        suite=plan["suite"],
        run=folder.name,
        folder=folder,
        suite_sha256=plan["suite_sha256"],
        state=state,
        rows=rows,
        counts={outcome: count.outcomes[outcome] for outcome in Outcome},
        not_reached=rows - ended - cut.surplus,
        surplus=cut.surplus,
        deselected=life.deselected,
        repeats=asked.get("selection", {}).get("repeat", 1),
        input=life.input,
        target=_target(cut),
        funnel=_funnel(count, rows),
        stop_reasons={outcome: dict(reasons) for outcome, reasons in count.stops.items()},
        verified_rate=_verified_rate(count, questions),
        rates={} if questions is None else questions.rates(),
        topic_rates={} if questions is None else questions.rates_by_topic(),
        questions=None if questions is None else len(questions),
        rounds=dict(sorted(count.rounds.items())),
        verified_by_round=dict(sorted(count.by_round.items())),
        verified_by_sample=dict(sorted(count.by_sample.items())),
        sentinels_refused=count.refused,
        rows_with_refused_sentinel=count.rows_with_refused,
        repaired=tuple(count.repaired),
        repaired_rows=count.repaired_rows,
        validators=tuple(
            Tally(
                validator=name,
                is_required=count.required[name],
                passed=said[Status.PASS],
                failed=said[Status.FAIL],
                errors=said[Status.ERROR],
                skipped=said[Status.SKIP],
                use=uses.get(name, ""),
            )
            for name, said in count.verdicts.items()
        ),
        causes=_causes(count),
        calls=calls.calls,
        calls_from_cache=calls.from_cache,
        calls_from_plugins=calls.from_plugin,
        repairs=calls.repairs,
        saved_usd=calls.saved_nano_usd / 1e9,
        cost_usd=None if calls.cost_nano_usd is None else calls.cost_nano_usd / 1e9,
        calls_cached=life.calls_cached,
        estimate=life.estimate,
        spent=_by_model_and_node(spent),
        prompt_tokens=calls.prompt_tokens,
        completion_tokens=calls.completion_tokens,
        has_estimated_tokens=calls.estimated > 0,
        retries=calls.tries - calls.calls,
        wall_s=wall_s,
        model_s=calls.latency_s,
        isolation=tuple(sorted(count.isolation)),
        trust=tuple(sorted(count.trust)),
        models=_models(document, labels),
        warnings=warnings,
        damage=damage,
        exit_code=exit_code,
        exit_reason=exit_reason,
        strength=_strength(count),
        grades=_grades(count),
        hard_coding=_hard_coding(count),
        canaries=_canaries(count),
        weak_tests=_weak_tests(count),
        pass_rates=_pass_rates(count),
        measured=_measured(folder, quality),
        rate_by_topic={topic: (got, of) for topic, (got, of) in sorted(count.topics.items())},
        example_id=count.repaired[0] if count.repaired else count.first_id,
        columns=count.columns,
        card=document.get("card") or {},
        report_formats=tuple((document.get("report") or {}).get("formats") or ()),
        has_graph=has_graph,
        to_load=data_files_of(document).to_load,
        errors=_errors(count),
        members=count.ensembles.members,
        shares=count.ensembles.shares,
        edges=_edges(count, document),
        guardrails=count.guards.tallies(document),
        command=f"sygra-eval run {plan['suite_path']}",
        version=sygra_eval.__version__,
        gates=life.gates,
        agreements=life.agreements,
        scored=asked.get("scored", ""),
    )


def _questions(plan: Mapping[str, str], quality: Mapping[str, Any]) -> Questions | None:
    """Return what counts by question; None where each row stands alone, and memory stays flat."""
    repeat = (json.loads(plan["asked"]).get("selection") or {}).get("repeat", 1)
    cluster = quality.get("cluster")
    return Questions(cluster=cluster) if cluster is not None or repeat > 1 else None


def _verified_rate(count: Count, questions: Questions | None) -> Interval | None:
    if questions is not None:
        return questions.rates().get(Outcome.VERIFIED)
    return wilson(count.outcomes[Outcome.VERIFIED], sum(count.outcomes.values()))


def _left_by_workers(folder: Path) -> tuple[str, ...]:
    """Say where a run was killed above its workers: what they journalled is not in the figures."""
    names = names_of_parts(folder)
    what = "the journals of workers in `parts/` are not taken in yet, so their rows are not counted"
    return (f"{what}: `sygra-eval resume` does both",) if names else ()


def last_start_finished(folder: Path) -> bool:
    """Say whether a run's last start came to its end, from its events alone.

    :raises UsageError: As `summarise`.
    """
    with open_readonly(folder / "journal.db") as reader:
        return _life(reader.events()).state == "finished"


def _edges(count: Count, document: Mapping[str, Any]) -> tuple[EdgeCount, ...]:
    """Return how often each edge was taken, in the suite's order; none where there is one way."""
    if not count.edge_times:
        return ()
    labels = dict.fromkeys(edge.label for edge in graph_of(document).edges)
    return tuple(
        EdgeCount(label=label, rows=count.edge_rows[label], times=count.edge_times[label])
        for label in labels
    )


def _by_model_and_node(spent: Mapping[tuple[str, str], Spent]) -> tuple[SpentAt, ...]:
    """Return the parts in an order that does not depend on which call ended first."""
    return tuple(
        SpentAt(model=model, node=node, spent=part)
        for (model, node), part in sorted(spent.items(), key=lambda item: item[0])
    )


_STATES = {"finished": "finished", "stopped": "interrupted", "broke": "incomplete"}


@dataclass(slots=True)
class _Life:
    """What the journal's events say of the run's starts and ends."""

    state: str = "running"
    cause: str = ""
    rows: int = 0
    calls_cached: int = 0
    damaged: int = 0
    warnings: tuple[str, ...] = ()  # of the last start
    estimate: CostEstimate | None = None
    input: tuple[InputAccount, ...] = ()  # of the last start that read it
    deselected: int = 0
    failures: int = 0  # so many ended it; 0 where they did not
    others: tuple[str, ...] = ()  # of all starts: what is answered already is not asked again
    gates: tuple[GateOutcome, ...] = ()  # of the last start
    agreements: tuple[Agreement, ...] = ()  # of the last start


def _life(events: Iterable[Event]) -> _Life:
    life = _Life()
    for event in events:
        match event.kind:
            case "started":
                life.state = "running"
                life.warnings, life.gates, life.agreements = (), (), ()
            case "estimated":
                life.estimate = estimate_from_json(event.data)
            case "warned":
                life.warnings += (str(cast("Mapping[str, Any]", event.data)["text"]),)
            case "agreement":
                life.agreements = agreements_kept(event.data)
            case "gates":
                life.gates = gates_in(event.data)
            case "other_model":
                told = other_model_told(cast("Mapping[str, Any]", event.data))
                life.others += () if told in life.others else (told,)
            case "finished" | "stopped" | "broke" as kind:
                data = cast("Mapping[str, Any]", event.data)
                life.state = _STATES[kind]
                life.cause = data["cause"]
                life.rows = data["rows"]
                life.calls_cached += data["calls_cached"]
                life.damaged += met_in(data)
                life.input = input_accounts(data)
                life.deselected = data.get("deselected", 0)
                life.failures = data.get("failures", 0)
            case "repaired" | "plan_changed":  # what is gone has to be come to again
                life.state = "interrupted"
    return life


def _errors(count: Count) -> tuple[ErrorCount, ...]:
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


def _funnel(count: Count, rows: int) -> tuple[tuple[str, int], ...]:
    """Return the stages in order, also those that no record reached."""
    labels = ["drafted", "code found"] if count.has_graph else []
    for validator, groups in count.groups.items():
        labels += groups or [f"{validator} passes"]
    return (("rows read", rows), *((label, count.stages[label]) for label in labels))


def _causes(count: Count) -> tuple[Cause, ...]:
    return tuple(
        Cause(outcome=outcome, reason=reason, rows=rows, examples=tuple(count.causes[key]))
        for key, rows in count.cause_rows.most_common()
        for outcome, reason in [key]
    )


def _strength(count: Count) -> Strength | None:
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


def _grades(count: Count) -> dict[str, int]:
    """Return the rows of each grade; that of no evidence only where there are such rows."""
    known = {grade: count.grades[grade] for grade in GRADES}
    return {grade: rows for grade, rows in known.items() if rows or grade != "none"}


def _hard_coding(count: Count) -> HardCoding | None:
    if not count.with_hidden:
        return None
    return HardCoding(
        rows=count.hard_coded,
        of=count.passed_visible,
        examples=tuple(count.hard_coded_ids),
    )


def _uses(quality: Mapping[str, Any]) -> dict[str, str]:
    """Return the type of each validator by the name that it has in the suite."""
    entries = [one for one in quality.get("validators") or () if isinstance(one, Mapping)]
    return {str(one.get("name") or one.get("use")): str(one.get("use")) for one in entries}


def _measured(folder: Path, quality: Mapping[str, Any]) -> Measured | None:
    """Return the measure that the suite named, from the run's own copy."""
    try:
        text = (folder / MEASURED_FILE).read_text(encoding="utf-8")
        return printed_from(text, str(quality.get("measured") or MEASURED_FILE))
    except (OSError, ValueError):
        return None


def _pass_rates(count: Count) -> PassRates | None:
    """Come to the figures from how often each rate was seen: there are few different ones."""
    if not count.rates:
        return None
    bands = {band.value: (0, 0) for band in DIFFICULTIES}
    at_1: Counter[float] = Counter()
    for (passed, judged), rows in count.rates.items():
        band, one = difficulty_of(passed, judged), pass_at_k(judged, passed, 1)
        if band is None or one is None:
            continue
        before, verified = bands[band.value]
        bands[band.value] = (before + rows, verified + count.rates_verified[passed, judged])
        at_1[one] += rows
    judged_rows = at_1.total()
    total = sum(value * rows for value, rows in at_1.items())
    return PassRates(
        rows=count.rates.total(),
        judged=judged_rows,
        drafts=sum(judged * rows for (_, judged), rows in count.rates.items()),
        by_difficulty=bands,
        pass_at_1=total / judged_rows if judged_rows else None,
        interval=_within_0_and_1(mean_t(at_1)),
        left_band=count.left_band,
        unsolved=tuple(count.unsolved_ids),
    )


def _within_0_and_1(interval: Interval | None) -> Interval | None:
    """Cut what no rate can be; without any spread nothing is known of it, so no interval is."""
    if interval is None or interval.low == interval.high:
        return None
    return replace(interval, low=max(0.0, interval.low), high=min(1.0, interval.high))


def _weak_tests(count: Count) -> WeakTests | None:
    if not count.probed:
        return None
    return WeakTests(
        rows=count.weak.total(),
        of=count.probed,
        reasons=dict(sorted(count.weak.items(), key=lambda item: (-item[1], item[0]))),
        examples=tuple(count.weak_ids),
    )


def _canaries(count: Count) -> Canaries | None:
    if count.canary is None:
        return None
    return Canaries(
        rows=count.canaries.total(), verified=count.alarms, examples=tuple(count.alarm_ids)
    )


def _target(cut: Cut) -> TargetEnd | None:
    if cut.target is None:
        return None
    return TargetEnd(
        verified=cut.target.verified, max_candidates=cut.target.max_candidates, last=cut.last
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    """What a run was asked that decides how it ends."""

    limit: int | None
    most_failed: float
    is_strict: bool


def _exit(life: _Life, count: Count, cut: Cut, rows: int, bounds: _Bounds) -> tuple[ExitCode, str]:
    """Return the exit code, and the sentence that says why (design.md 6)."""
    counts = count.outcomes
    verified, failed = counts[Outcome.VERIFIED], counts[Outcome.FAILED]
    ended = sum(counts.values()) + cut.surplus
    if life.state == "running":
        return ExitCode.INTERRUPTED, f"not finished: {ended} rows have ended so far"
    if life.state == "interrupted":
        return ExitCode.INTERRUPTED, f"interrupted: {rows - ended} of {rows} rows not reached"
    if life.state == "incomplete":
        left = f"{rows - ended} of {rows} rows not reached"
        return ExitCode.INCOMPLETE, f"incomplete: {left}: {life.cause}"
    gates = how_gates_ended(life.gates, is_strict=bounds.is_strict)
    if gates.code is ExitCode.INCOMPLETE:
        return ExitCode.INCOMPLETE, f"incomplete: {gates.reason}"
    is_bounded = gates.bound_errors or cut.last is not None
    if (
        failed > bounds.most_failed * rows and not is_bounded
    ):  # with its target met it lacks nothing
        return (
            ExitCode.INCOMPLETE,
            f"incomplete: {failed} of {rows} rows failed, more than {100 * bounds.most_failed:g}%",
        )
    if count.alarms:
        of = count.canaries.total()
        return ExitCode.GATE_FAILED, f"alarm: {count.alarms} of {of} canaries passed their tests"
    if life.failures and rows > ended and cut.last is None:
        stopped = f"{_counted(life.failures, 'row')} rejected or failed (--maxfail)"
        left = f"{rows - ended} of {rows} rows not reached"
        return ExitCode.GATE_FAILED, f"stopped after {stopped}: {left}"
    if cut.target is not None:
        code, why = how_it_ended(cut.target, cut, rows=rows, limit=bounds.limit)
        if code is not ExitCode.PASSED or gates.code is None:
            return code, f"{why}{gates.beside}"
        return gates.code, f"{gates.reason}; {why}"
    if gates.code is not None:
        return gates.code, f"{gates.reason}; {verified} of {rows} rows verified"
    code, why = _by_rows(count, rows, ended)
    return code, f"{why}{gates.beside}"


def _by_rows(count: Count, rows: int, ended: int) -> tuple[ExitCode, str]:
    """Return how a run ended that no gate was judged of."""
    counts = count.outcomes
    verified = counts[Outcome.VERIFIED]
    rejected = counts[Outcome.REJECTED] - count.canaries[Outcome.REJECTED]
    if rejected and not count.has_graph:
        return ExitCode.GATE_FAILED, f"{rejected} of {rows} rows rejected"
    if verified:
        return ExitCode.PASSED, f"{verified} of {rows} rows verified"
    if counts[Outcome.UNJUDGED] == ended:
        return ExitCode.PASSED, "no row was judged: the suite has no validators"
    return ExitCode.GATE_FAILED, f"none of {rows} rows was verified"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


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
    document: Mapping[str, Any], labels: Mapping[str, str], *, estimated: int, noted: int
) -> tuple[str, ...]:
    warnings = list(same_models(document, labels))
    if estimated:
        warnings.append(f"{estimated} answers came without token counts; theirs are estimated")
    if noted:
        what = "answers that were cut, prompts that were shortened, other models"
        warnings.append(f"verified rows with `provenance.notes` ({what}): {noted}")
    return tuple(warnings)
