"""The finished rows of a run folder, as metrics see them, and the values that they come to."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sygra_eval.engine.plan import Plan, read_plan, target_in
from sygra_eval.engine.summarise import suite_document, summarise
from sygra_eval.engine.summary import RunSummary
from sygra_eval.engine.target import that_count
from sygra_eval.journal import JournalReader, canonical_json, open_readonly
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.quality import Facts, Measuring, Side, Spending, StepTime, settings_in
from sygra_eval.suite import Template, reserved_columns
from sygra_eval.values import MeasuredRow, Metric, Outcome, RecordEnd, RowVerdict, wilson

_INPUT_DIGITS = 12
_NANO = 1e9
VOTES = "judge_votes"
"""Under this name a judge's evidence says how many of its votes could be used."""


def side_of_run(folder: Path, plugins: Plugins) -> Side:
    """Measure a run by all registered metrics.

    Rows of one value in the suite's `quality: {cluster: COLUMN}` go together.

    :raises UsageError: When the folder holds no journal that can be read.
    """
    summary = summarise(folder)
    metrics: list[Metric] = [one.implementation for one in plugins.of("metrics").values()]
    facts = _facts(folder, summary)
    facts = replace(facts, notes=(*facts.notes, *plugins.skipped))
    measuring = Measuring(metrics, facts)
    with open_readonly(folder / "journal.db") as reader:
        for row, input_hash in measured_rows(reader, suite_document(folder)):
            measuring.take(row, input_hash=input_hash)
    return measuring.side


def measured_rows(
    reader: JournalReader, document: Mapping[str, Any]
) -> Iterator[tuple[MeasuredRow, str]]:
    """Yield the rows of a run that count, each with what stands for its input."""
    cluster = (document.get("quality") or {}).get("cluster")
    hash_of, costs = _input_hash(document), _costs(reader)
    for end in that_count(reader.outcomes(), target_in(reader.plan())):
        yield _row_of(end, cluster, costs), hash_of(end)


def plugins_of_run(folder: Path, named: tuple[str, ...], *, is_trusted: bool) -> Plugins:
    """Load the plugins that may bring metrics; a run folder alone makes us import nothing."""
    plan = read_plan(folder)
    home = plan.suite_folder if plan.suite_folder.is_dir() else folder
    return load_plugins(home, named=named, is_trusted=is_trusted)


def _facts(folder: Path, summary: RunSummary) -> Facts:
    plan = read_plan(folder)
    document = suite_document(folder)
    verified = summary.counts[Outcome.VERIFIED]
    return Facts(
        kind="run",
        name=f"{summary.suite}/{summary.run}",
        suite=summary.suite,
        suite_sha256=plan.suite_sha256,
        data_sha256=plan.input_fingerprint,
        validators=dict(settings_of_validators(document)),
        versions=plan.versions,
        isolation=summary.isolation,
        spending=Spending(
            verified=verified,
            cost_usd=summary.cost_usd,
            tokens=summary.prompt_tokens + summary.completion_tokens,
            seconds=summary.wall_s,
            rounds=summary.rounds,
            steps=tuple(_steps(summary)),
        ),
        rate=summary.rates.get(Outcome.VERIFIED) or wilson(verified, sum(summary.counts.values())),
        settings=_settings(plan, document),
        notes=tuple(_warnings(summary)),
    )


def _steps(summary: RunSummary) -> Iterator[StepTime]:
    for one in summary.latencies:
        p50_s, p90_s = (one.percentiles.get(share) for share in (50, 90))
        yield StepTime(step=one.step, model=one.model, calls=one.calls, p50_s=p50_s, p90_s=p90_s)


def _settings(plan: Plan, document: Mapping[str, Any]) -> dict[str, str]:
    """Return what a run was made with: its suite as it was resolved, and what was asked beside it.

    Of rows that were asked for by their ids only how many: the ids are no setting.
    """
    asked = json.loads(plan.as_mapping()["asked"])
    for name in ("contents", "versions", "rows_per_shard", "durability", "scored", "partial"):
        asked.pop(name, None)
    selection = asked.pop("selection", {})
    for name in ("only", "first", "deselected"):
        if name in selection:
            selection[name] = f"{len(selection[name])} ids"
    asked["selection"] = selection
    return settings_in({**document, "asked": asked})


def _input_hash(document: Mapping[str, Any]) -> Callable[[RecordEnd], str]:
    """Return what stands for a row's input: its content, as the journal keeps it.

    Where the rows themselves are judged, what is judged is no input: it is what changes from one
    version of the data to the next, and such rows have to stay comparable.
    """
    judged = document.get("candidate")
    if not isinstance(judged, dict):
        return lambda end: end.input.partition(".")[0][:_INPUT_DIGITS]
    template = Template.parse(str(judged.get("code") or judged.get("text") or ""))
    mapped = (document.get("output_config") or {}).get("output_map") or {}
    left_out = {name.partition(".")[0] for name in template.names()} | reserved_columns(
        has_graph=False
    )
    left_out |= mapped.keys()

    def of_the_rest(end: RecordEnd) -> str:
        if not end.input:
            return ""
        others = left_out
        if end.outcome is not Outcome.VERIFIED:
            ours = "outcome_reason" if "outcome_reason" in end.data else "reason"
            others = left_out | {ours}
        columns = {name: value for name, value in end.data.items() if name not in others}
        return hashlib.sha256(canonical_json(columns)).hexdigest()[:_INPUT_DIGITS]

    return of_the_rest


def _warnings(summary: RunSummary) -> Iterator[str]:
    if summary.state != "finished":
        yield f"the run is not finished ({summary.exit_reason})"
    if summary.not_reached:
        yield f"{summary.not_reached} rows were not reached"
    if summary.damage.rows:
        yield f"{summary.damage.rows} damaged rows of the journal count as absent"


def settings_of_validators(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each validator of a suite, with what stands for its settings."""
    for entry in (document.get("quality") or {}).get("validators") or ():
        name = str(entry.get("name") or entry.get("use"))
        yield name, hashlib.sha256(canonical_json(entry)).hexdigest()[:_INPUT_DIGITS]


def _costs(reader: JournalReader) -> dict[str, tuple[int | None, int]]:
    """Return cost and tokens of each record's calls; an unknown price makes its cost unknown."""
    found: dict[str, tuple[int | None, int]] = {}
    for call in reader.calls():
        cost, tokens = found.get(call.site.record, (0, 0))
        price, usage = call.response.cost_nano_usd, call.response.usage
        found[call.site.record] = (
            None if cost is None or price is None else cost + price,
            tokens + usage.prompt_tokens + usage.completion_tokens,
        )
    return found


def _row_of(
    end: RecordEnd, cluster: str | None, costs: Mapping[str, tuple[int | None, int]]
) -> MeasuredRow:
    cost, tokens = costs.get(end.row_id, (0, 0))
    rate = end.loop.rate if end.loop is not None else None
    value = end.data.get(cluster) if cluster is not None else None
    return MeasuredRow(
        id=end.row_id,
        outcome=end.outcome,
        reason=end.reason,
        verdicts={
            said.validator: RowVerdict(
                status=said.status,
                score=said.score,
                reason=said.reason,
                votes=int(said.evidence.measures.get(VOTES, 0)) if said.evidence else 0,
            )
            for said in end.verdicts
        },
        columns=end.data,
        cluster="" if value is None else f"{cluster}={value}",
        rounds=end.loop.rounds if end.loop is not None else None,
        drawn=rate.judged if rate is not None else None,
        passed=rate.passed if rate is not None else None,
        cost_usd=None if cost is None else cost / _NANO,
        tokens=tokens,
    )
