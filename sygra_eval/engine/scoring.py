"""Judges the candidates that are there again, by validators as they are now: a new run.

No model is asked: what a validator asked in the run is answered from its journal, and one that asks
anything else has an error as its verdict. Every verdict is come to anew, in the sandbox. Start at
`score`.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from sygra_eval.engine.comparing import Compared, compare_sides
from sygra_eval.engine.finished_rows import side_of_run
from sygra_eval.engine.folder import keep_suite, new_run_folder
from sygra_eval.engine.gate_refusals import refuse_gates
from sygra_eval.engine.gating import why_partial
from sygra_eval.engine.judging import Ask
from sygra_eval.engine.labels import refuse_labels
from sygra_eval.engine.measured import text_of
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.plan import plan_of, read_plan, with_code_of
from sygra_eval.engine.preflight import Tell, models_of, started_sandbox
from sygra_eval.engine.progress import ShowProgress
from sygra_eval.engine.reading import NothingSelected, count_rows, source_of
from sygra_eval.engine.recheck_rows import replaying
from sygra_eval.engine.run import drive_rows, setting_of, silent
from sygra_eval.engine.stop import StopSignal
from sygra_eval.engine.stored import StoredRows, first_stored
from sygra_eval.engine.summarise import suite_document, summarise, variant_of_run
from sygra_eval.engine.summary import RunSummary
from sygra_eval.journal import Journal, RunLock, open_readonly
from sygra_eval.models import Gateway
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.quality import FIRST_VERSION, Comparison, Facts
from sygra_eval.suite import (
    Suite,
    did_you_mean,
    document_sha256,
    load_suite,
    override_model,
    resolved_yaml,
)
from sygra_eval.values import (
    BadAnswer,
    CallSite,
    ChatResponse,
    InfrastructureError,
    Message,
    OnLength,
    Source,
    UsageError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A run whose candidates were there before.

    :ivar comparison: With the verdicts that they had; None of a data file, which has none.
    :ivar unsupported: Validators that asked what no model was asked for, so they said nothing.
    :ivar guardrails: Names of the suite's, none of which was asked again.
    :ivar changed: Validators whose verdicts may differ from those of then, and why.
    """

    summary: RunSummary
    comparison: Comparison | None
    unsupported: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    changed: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _NoModels:
    """Answers validators with what the run's models said then; sends nothing."""

    replay: Ask | None
    unsupported: set[str] = field(default_factory=set)

    async def __call__(
        self,
        site: CallSite,
        messages: tuple[Message, ...],
        *,
        model: str,
        parameters: Mapping[str, object] | None = None,
        on_length: OnLength | None = None,
    ) -> ChatResponse:
        """Return the answer that is kept.

        :raises InfrastructureError: When there is none.
        """
        if self.replay is not None:
            try:
                return await self.replay(
                    site, messages, model=model, parameters=parameters, on_length=on_length
                )
            except BadAnswer:
                pass
        self.unsupported.add(site.node.partition(":")[2].partition("/")[0])
        raise InfrastructureError(
            f"unsupported: `score` asks no model, and no answer of `{model}` to this is kept"
        )


async def score(
    place: Path,
    options: RunOptions | None = None,
    *,
    suite: Path | None = None,
    validators: tuple[str, ...] = (),
    show: ShowProgress | None = None,
    tell: Tell | None = None,
    stop: StopSignal | None = None,
) -> Scored:
    """Judge what a run's folder, or a data file, holds; the new run has a folder of its own.

    :param suite: Whose validators judge; by default the run's suite as its file is now.
    :param validators: Only these of them.
    :raises UsageError: When nothing can be judged; nothing was written.
    """
    options = options or RunOptions()
    tell, stop = tell or silent, stop or StopSignal()
    is_run = place.is_dir()
    path = suite or _suite_of(place, is_run=is_run)
    plugins = load_plugins(
        path.absolute().parent,
        named=options.plugins,
        objects=options.objects,
        is_trusted=options.is_trusted,
    )
    loaded = _loaded(place, path, plugins, validators, is_run=is_run, variant=options.variant)
    if loaded.sandbox.accepts_none and suite is None and not options.accepts_no_sandbox:
        raise UsageError(
            f"{path} judges without a sandbox; name it with --suite, or say --unsafe-no-sandbox"
        )
    source: Source = StoredRows(place, loaded) if is_run else source_of(loaded, plugins)
    await refuse_labels(loaded)
    total = await count_rows(source, options.limit, stop)
    refuse_gates(loaded, options, total, has_target=False)
    with ExitStack() as stack:
        replay = None
        if is_run:
            reader = stack.enter_context(open_readonly(place / "journal.db"))
            replay = replaying(loaded, reader, plugins)
        nobody = _NoModels(replay)
        summary = await _judged(
            place, loaded, plugins, options, nobody, source, total, show, tell, stop
        )
    unsupported = tuple(sorted(nobody.unsupported))
    if not is_run:
        return Scored(summary=summary, comparison=None, unsupported=unsupported)
    before, after = side_of_run(place, plugins), side_of_run(summary.folder, plugins)
    return Scored(
        summary=summary,
        comparison=compare_sides(before, after, Compared()),
        unsupported=unsupported,
        guardrails=tuple(dict.fromkeys(guard.spec.name for guard in loaded.guardrails)),
        changed=dict(_changed(before.facts, after.facts)),
    )


def _changed(before: Facts, after: Facts) -> Iterator[tuple[str, str]]:
    """Yield the validators that are not as they were, and what of them changed."""
    for name, settings in after.validators.items():
        was, now = (one.versions.get(name, FIRST_VERSION) for one in (before, after))
        if name not in before.validators:
            yield name, "new"
        elif was != now:
            yield name, f"version {was} then, {now} now"
        elif before.validators[name] != settings:
            yield name, "other settings"
    for name in before.validators.keys() - after.validators.keys():
        yield name, "not asked any more"


async def _judged(
    place: Path,
    suite: Suite,
    plugins: Plugins,
    options: RunOptions,
    nobody: _NoModels,
    source: Source,
    total: int | None,
    show: ShowProgress | None,
    tell: Tell,
    stop: StopSignal,
) -> RunSummary:
    """Take the rows to new outcomes; the models are made, for their names, and never opened."""
    measured = text_of(suite)
    gateway = Gateway(models_of(suite, plugins), specs=suite.models)
    for sentence in (*plugins.skipped, *(f"{d.where}: {d.message}" for d in suite.diagnostics)):
        tell(sentence)
    sandbox = await stop.unless_draining(started_sandbox(suite.sandbox, plugins, options))
    try:
        folder = new_run_folder(options.out, suite.name, options.name, suite.variant)
        plan = plan_of(suite, source, options, gateway, isolation=sandbox.describe())
        plan = replace(
            with_code_of(plan, suite, plugins),
            scored=str(place.resolve()),
            partial=_why_partial(place) if place.is_dir() else "",
        )
        with RunLock(folder) as lock:
            keep_suite(folder, resolved_yaml(suite), measured)
            journal = Journal.create(
                folder / "journal.db",
                plan.as_mapping(),
                plan.durability,
                disk_wait_s=options.disk_wait_s,
            )
            setting = setting_of(suite, plugins, (gateway, sandbox), journal, stop, options, tell)
            setting = replace(setting, lock=lock, is_resumed=False, ask=nobody)
            return await drive_rows(setting, plan, folder, source, total, options, show, tell)
    finally:
        await sandbox.close()


def _why_partial(folder: Path) -> str:
    """Say why the run that is judged has not all rows of its source."""
    summary = summarise(folder)
    if summary.not_reached:
        return f"{folder.name} did not reach {summary.not_reached} of its {summary.rows} rows"
    with open_readonly(folder / "journal.db") as reader:
        why = why_partial(reader.plan(), summary.rows)
    return f"{folder.name}: {why}" if why else ""


def _suite_of(place: Path, *, is_run: bool) -> Path:
    """Return the suite of a run as its file is now, or the run's copy where that is gone."""
    if not is_run:
        raise UsageError(f"{place} is a data file: name the suite that judges it with --suite")
    path = read_plan(place).suite_path
    return path if path.is_file() else place / "suite.yaml"


def _loaded(
    place: Path,
    path: Path,
    plugins: Plugins,
    validators: tuple[str, ...],
    *,
    is_run: bool,
    variant: str | None,
) -> Suite:
    if is_run:
        plan, first = read_plan(place), first_stored(place)
        if first is None:
            raise NothingSelected(f"{place} holds no row that could be judged again")
        replaced = {name: override_model(what) for name, what in plan.models.items()}
        home = plan.suite_folder if path == place / "suite.yaml" else None
        before = suite_document(place)
        suite = load_suite(
            path,
            plugins,
            overrides=replaced,
            first_row=first,
            folder=home,
            variant=variant or variant_of_run(place, path),
        )
        if before.get("graph_config") != suite.document.get("graph_config"):
            raise UsageError(
                f"the graph of {path} is not that of {place}: `score` judges what a graph made, "
                f"and this one would have made something else; run it: sygra-eval run {path}"
            )
    else:
        given = {"type": "disk", "file_path": str(place.absolute())}
        suite = load_suite(path, plugins, source=given, variant=variant)
        if suite.judged is None:
            raise UsageError(
                f"{path} has a graph, so it makes what it judges; a data file is judged by a suite "
                "with `candidate:`"
            )
    if not suite.validators:
        raise UsageError(f"{path} has no validators, so nothing can be judged")
    suite = replace(suite, target_verified=None, max_candidates=None)
    return _with_only(suite, validators) if validators else suite


def _with_only(suite: Suite, names: tuple[str, ...]) -> Suite:
    """Return a suite with some of its validators, as if it had no others."""
    known = {spec.name for spec in suite.validators}
    for name in names:
        if name not in known:
            raise UsageError(f"{suite.path} has no validator `{name}`; {did_you_mean(name, known)}")
    quality = dict(suite.document["quality"])
    quality["validators"] = [
        entry
        for entry in quality["validators"]
        if str(entry.get("name") or entry.get("use")) in names
    ]
    document = {**suite.document, "quality": quality}
    kept = tuple(spec for spec in suite.validators if spec.name in names)
    if not any(spec.is_required for spec in kept):  # as where none is marked
        kept = tuple(replace(spec, is_required=True) for spec in kept)
    return replace(suite, validators=kept, document=document, sha256=document_sha256(document))
