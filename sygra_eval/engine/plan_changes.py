"""A run that goes on with a changed suite, a changed input or more rows (docs/decisions/0026).

What changed and how much of what is paid for can be reused is said before a call is sent, and
somebody has to agree. Then the plan in the journal is replaced, and what only held under the one
before goes, in one transaction. Start at `with_changed_plan`.
"""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sygra_eval.engine.input_changes import InputChanges, counted, input_changes
from sygra_eval.engine.measured import MEASURED_FILE, text_of
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.plan import Plan, plan_of, with_code_of
from sygra_eval.engine.preflight import StoppedEarly, Tell
from sygra_eval.engine.reading import keep_input, limited
from sygra_eval.engine.reusable import Reusable, reusable
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.summarise import variant_of_run
from sygra_eval.journal import Forgotten
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Suite, load_suite, override_model, resolved_yaml
from sygra_eval.values import Interrupted, Source, UsageError

SUITE_FILE = "suite.yaml"
_NEXT_SUITE = "suite.next.yaml"
_MOST_TOLD = 12
_OF_VERDICTS = ("quality", "sandbox", "suite", "probes", "candidate", "schema_config")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """That a run is to go on otherwise than it began.

    :ivar suite: The changed suite; None leaves it as the run has it.
    :ivar limit: How many rows are run, instead of as many as before.
    :ivar goes_on: Asked whether to go on once it is said what that means; None refuses.
    """

    suite: Path | None = None
    limit: int | None = None
    goes_on: Callable[[], Coroutine[Any, Any, bool]] | None = None

    @property
    def is_asked(self) -> bool:
        """Whether something of it was asked for, so that a finished run goes on too."""
        return self.suite is not None or self.limit is not None


def home_of(plan: Plan, change: PlanChange) -> Path:
    """Return the folder of the suite that a run goes on with."""
    return plan.suite_folder if change.suite is None else change.suite.absolute().parent


def suite_to_go_on_with(folder: Path, plan: Plan, plugins: Plugins, change: PlanChange) -> Suite:
    """Load the run's own suite, or the changed one that takes its place.

    :raises UsageError: When it is another suite, or the run's own was changed in its folder.
    """
    if change.limit is not None and (plan.limit is None or change.limit < plan.limit):
        began = "all rows" if plan.limit is None else counted(plan.limit, "row")
        raise UsageError(f"this run began with {began}; --limit can only take more of them")
    if change.suite is None:
        _settle_suite_file(folder, plan, plugins)
        suite = load_suite(folder / SUITE_FILE, plugins, folder=plan.suite_folder, kept_in=folder)
        plan.refuse_other_suite(suite)
        return suite
    replaced = {name: override_model(what) for name, what in plan.models.items()}
    variant = variant_of_run(folder, change.suite)
    suite = load_suite(change.suite, plugins, overrides=replaced, kept_in=folder, variant=variant)
    if suite.name != plan.suite:
        raise UsageError(
            f"{change.suite} is the suite `{suite.name}`, and this run is one of `{plan.suite}`; "
            f"run it anew: sygra-eval run {change.suite}"
        )
    return suite


def is_changed(plan: Plan, suite: Suite, source: Source, change: PlanChange) -> bool:
    """Say whether a run would go on otherwise than it began."""
    return (
        suite.sha256 != plan.suite_sha256
        or source.fingerprint() != plan.input_fingerprint
        or change.limit not in (None, plan.limit)
    )


async def with_changed_plan(
    setting: Setting,
    plan: Plan,
    folder: Path,
    source: Source,
    options: RunOptions,
    change: PlanChange,
    tell: Tell,
) -> Plan:
    """Say what changed, ask, and put the new plan into the journal.

    :param options: As the run goes on, so with its limit and models.
    :raises UsageError: When nobody agrees; nothing was changed and nothing spent.
    """
    suite, reader = setting.suite, setting.journal.reader
    before = load_suite(
        folder / SUITE_FILE, setting.plugins, folder=plan.suite_folder, kept_in=folder
    )
    of_suite = list(changed_keys(before.document, suite.document))
    is_other_suite = suite.sha256 != plan.suite_sha256
    rows = InputChanges()
    if not is_other_suite or source.fingerprint() != plan.input_fingerprint:
        rows = await input_changes(reader, source, options.limit)
    forgotten = Forgotten(is_all=True) if is_other_suite else rows.forgotten
    try:
        found = await reusable(
            setting,
            limited(source, options.limit),
            same=set() if is_other_suite else rows.same,
            other=forgotten.records | rows.forgotten.records,
            has_verdicts=not any(key.partition(".")[0] in _OF_VERDICTS for key in of_suite),
        )
    except Interrupted as stopped:
        raise StoppedEarly(f"stopped by {stopped}; nothing was changed or spent") from None
    told = [*_told(of_suite, rows, plan, options), *_told_of_calls(found)]
    for sentence in told:
        tell(sentence)
    only_more = not is_other_suite and source.fingerprint() == plan.input_fingerprint
    if not only_more and not await _agreed(setting, change):
        raise UsageError(
            "the plan of this run has changed, and nobody agreed to go on with it; nothing was "
            "changed or spent. `--accept-plan-change` agrees"
        )
    await keep_input(source, folder, setting.stop)
    isolation = "" if setting.sandbox is None else setting.sandbox.describe()
    changed = plan_of(suite, source, options, setting.gateway, isolation=isolation)
    changed = with_code_of(changed, suite, setting.plugins)
    (folder / _NEXT_SUITE).write_text(resolved_yaml(suite), encoding="utf-8")
    await setting.journal.change_plan(
        changed.as_mapping(),
        forgotten,
        suite_before=plan.suite_sha256,
        input_before=plan.input_fingerprint,
        told=told,
    )
    (folder / _NEXT_SUITE).replace(folder / SUITE_FILE)
    measured = text_of(suite)
    if measured is not None:
        (folder / MEASURED_FILE).write_text(measured, encoding="utf-8")
    else:
        (folder / MEASURED_FILE).unlink(missing_ok=True)
    return changed


def changed_keys(before: object, after: object, at: str = "") -> Iterator[str]:
    """Yield what differs of two documents, as `graph_config.nodes.solve.prompt`."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in (*before, *(key for key in after if key not in before)):
            inner = f"{at}.{key}" if at else str(key)
            if key not in after:
                yield f"{inner} (removed)"
            elif key not in before:
                yield f"{inner} (added)"
            else:
                yield from changed_keys(before[key], after[key], inner)
    else:
        yield at


async def _agreed(setting: Setting, change: PlanChange) -> bool:
    if change.goes_on is None:
        return False
    try:
        return await setting.stop.unless_draining(change.goes_on())
    except Interrupted:
        return False


def _told(
    of_suite: list[str], rows: InputChanges, plan: Plan, options: RunOptions
) -> Iterator[str]:
    for key in of_suite[:_MOST_TOLD]:
        yield f"the suite has changed: {key}"
    if len(of_suite) > _MOST_TOLD:
        yield f"the suite has changed: {len(of_suite) - _MOST_TOLD} places more"
    if options.limit != plan.limit:
        yield f"rows are taken up to {options.limit:,}, not {plan.limit:,}"
    for phrase in rows.told():
        yield f"the input has changed: {phrase}"


def _told_of_calls(found: Reusable) -> Iterator[str]:
    yield f"{found.reused:,} of {counted(found.journalled, 'call')} can be reused, at least"
    if found.rows_open:
        need = "needs" if found.rows_open == 1 else "need"
        yield (
            f"{counted(found.rows_open, 'row')} {need} a new call or verdict first; what comes "
            "after it cannot be known before"
        )
    if found.of_validators:
        calls = counted(found.of_validators, "call")
        yield f"{calls} of validators are not among them: one is reused where its question is asked"


def _settle_suite_file(folder: Path, plan: Plan, plugins: Plugins) -> None:
    """End what a kill left between the new plan in the journal and the suite beside it."""
    path = folder / _NEXT_SUITE
    if not path.is_file():
        return
    next_suite = load_suite(path, plugins, folder=plan.suite_folder, kept_in=folder)
    if next_suite.sha256 == plan.suite_sha256:
        path.replace(folder / SUITE_FILE)
    else:
        path.unlink()
