"""Reads a run's journal once and comes to its figures. Start at `summarise`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

import sygra_eval
from sygra_eval.engine.bound import bound_of, limits_in
from sygra_eval.engine.call_counts import CallCount
from sygra_eval.engine.call_faults import refusals_told
from sygra_eval.engine.counting import Count
from sygra_eval.engine.critiques import critiques_of
from sygra_eval.engine.damage import Damage
from sygra_eval.engine.data_files import data_files_of
from sygra_eval.engine.environment import environment_in
from sygra_eval.engine.from_counts import (
    canaries_of,
    causes_of,
    edges_of,
    errors_of,
    funnel_of,
    grades_of,
    hard_coding_of,
    pass_rates_of,
    strength_of,
    target_end,
    weak_tests_of,
)
from sygra_eval.engine.gate_exit import warned
from sygra_eval.engine.how_ended import Bounds, counted, how_it_ended
from sygra_eval.engine.life import life_of
from sygra_eval.engine.measured import MEASURED_FILE, Measured, printed_from
from sygra_eval.engine.plan import target_in
from sygra_eval.engine.questions import Questions
from sygra_eval.engine.same_models import same_models
from sygra_eval.engine.summary import (
    ExitCode,
    RunSummary,
    Tally,
)
from sygra_eval.engine.target import Cut
from sygra_eval.engine.time_taken import seconds_taken
from sygra_eval.journal import lock_owner, names_of_parts, open_readonly, together
from sygra_eval.quality import Interval, wilson
from sygra_eval.suite import variant_names
from sygra_eval.values import Outcome, Status

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast
_MOST_NAMED = 20
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
        life = life_of(reader.events())
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
        calls_made = CallCount.of(reader)
        critiques = critiques_of(reader) if has_graph else None
        refused = tuple(refusals_told(reader.refusals()))
        damage = Damage(rows=reader.damaged, met=life.damaged)
    rates = None if questions is None else questions.rates()
    calls = together(calls_made.spent.values())
    spent, latencies = calls_made.by_model_and_node, tuple(calls_made.latencies())
    labels = json.loads(plan["labels"])
    uses = _uses(quality)
    if cut.is_complete and life.state in ("interrupted", "incomplete"):
        life.state = "finished"  # what was stopped were rows that it does not need
    ended = sum(count.outcomes.values())
    rows = max(life.rows, ended + cut.surplus)
    asked = json.loads(plan["asked"])
    is_strict = bool(asked.get("is_strict", False))
    most_failed = (document.get("suite") or {}).get("max_errors", MOST_FAILED)
    bounds = Bounds(limit=asked["limit"], most_failed=most_failed, is_strict=is_strict)
    exit_code, exit_reason = how_it_ended(life, count, cut, rows, bounds)
    warnings = (
        *_warnings(document, labels, estimated=calls.estimated, noted=count.noted),
        *_loose(count),
        *life.warnings,
        *life.others,
        *refused,
        *damage.told(),
        *warned(life.gates),
        *_left_by_workers(folder),
    )
    if is_strict and warnings and exit_code is ExitCode.PASSED:
        exit_code = ExitCode.WARNINGS
        exit_reason = f"{exit_reason}; under --strict: {counted(len(warnings), 'warning')}"
    if life.deselected:
        exit_reason = f"{exit_reason}; {life.deselected} deselected"
    if life.state == "running" and lock_owner(folder) is None:
        exit_reason = f"{exit_reason}; no process works on it: a resume goes on with it"
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
        target=target_end(cut),
        funnel=funnel_of(count, rows),
        stop_reasons={outcome: dict(reasons) for outcome, reasons in count.stops.items()},
        verified_rate=_verified_rate(count, rates),
        rates=rates or {},
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
        causes=causes_of(count),
        calls=calls.calls,
        calls_from_cache=calls.from_cache,
        calls_from_plugins=calls.from_plugin,
        repairs=calls.repairs,
        saved_usd=calls.saved_nano_usd / 1e9,
        cost_usd=None if calls.cost_nano_usd is None else calls.cost_nano_usd / 1e9,
        calls_cached=life.calls_cached,
        estimate=life.estimate,
        spent=spent,
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
        strength=strength_of(count),
        grades=grades_of(count),
        hard_coding=hard_coding_of(count),
        canaries=canaries_of(count),
        weak_tests=weak_tests_of(count),
        pass_rates=pass_rates_of(count),
        measured=_measured(folder, quality),
        rate_by_topic={topic: (got, of) for topic, (got, of) in sorted(count.topics.items())},
        example_id=count.repaired[0] if count.repaired else count.first_id,
        columns=count.columns,
        card=document.get("card") or {},
        report_formats=tuple((document.get("report") or {}).get("formats") or ()),
        has_graph=has_graph,
        to_load=data_files_of(document).to_load,
        errors=errors_of(count),
        members=count.ensembles.members,
        shares=count.ensembles.shares,
        edges=edges_of(count, document),
        guardrails=count.guards.tallies(document),
        command=f"sygra-eval run {plan['suite_path']}",
        version=sygra_eval.__version__,
        gates=life.gates,
        flaky_rows=count.flaky,
        model_rows=count.ensembles.all_shares,
        paid_rounds=calls_made.rounds,
        paid_drafts=calls_made.drafts,
        latencies=latencies,
        critiques=critiques,
        bound=bound_of(latencies, spent, limits_in(life.started, document)),
        environment=environment_in(life.started),
        agreements=life.agreements,
        scored=asked.get("scored", ""),
    )


def _questions(plan: Mapping[str, str], quality: Mapping[str, Any]) -> Questions | None:
    """Return what counts by question; None where each row stands alone, and memory stays flat."""
    repeat = (json.loads(plan["asked"]).get("selection") or {}).get("repeat", 1)
    cluster = quality.get("cluster")
    if cluster is None and repeat <= 1:
        return None
    return Questions(cluster=cluster, canary=quality.get("canary"))


def _verified_rate(count: Count, rates: Mapping[Outcome, Interval] | None) -> Interval | None:
    if rates is not None:
        return rates.get(Outcome.VERIFIED)
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
        return life_of(reader.events()).state == "finished"


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


def suite_document(folder: Path) -> Mapping[str, Any]:
    """Return the run's own copy of its suite, as plain data."""
    try:
        text = (folder / "suite.yaml").read_text(encoding="utf-8")
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506 - it makes plain data only
    except (OSError, yaml.YAMLError):
        return {}
    return document if isinstance(document, dict) else {}


def variant_of_run(folder: Path, path: Path) -> str | None:
    """Return which variant of the suite in a file a run was of; None where it has no `matrix`."""
    if not variant_names(path):
        return None
    named: str | None = (suite_document(folder).get("suite") or {}).get("variant")
    return named


def _models(
    document: Mapping[str, Any], labels: Mapping[str, str]
) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (name, str(model.get("use", "")), labels.get(name, ""))
        for name, model in (document.get("models") or {}).items()
    )


def _loose(count: Count) -> Iterator[str]:
    """Yield which rows of a SyGra task a stop phrase ended that stood inside other words."""
    if not count.loose:
        return
    named = ", ".join(count.loose_ids[:_MOST_NAMED])
    more = count.loose - min(count.loose, _MOST_NAMED)
    stopped = f"{counted(count.loose, 'row')} of those that `max_rounds` stopped ended as the"
    yield (
        f"{stopped} critic's stop phrase stood inside other words: {named}"
        f"{f' and {more} more' if more else ''} (`sygra_flags.sentinel_loose` in the data)"
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
