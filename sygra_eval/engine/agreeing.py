"""How far a run's raters agree, measured once at its end and journalled as gates are."""

from collections.abc import Mapping
from pathlib import Path

from sygra_eval.engine.finished_rows import measured_rows
from sygra_eval.engine.labels import Labels, labels_of
from sygra_eval.journal import open_readonly
from sygra_eval.quality import Agreement, Level, Raters
from sygra_eval.suite import AgreementSpec, Suite
from sygra_eval.values import UsageError


async def agreements_in(folder: Path, suite: Suite) -> tuple[Agreement, ...]:
    """Return how far the raters agree that a suite names, and its judges."""
    if not suite.agreements:
        return ()
    labels, why = await labels_or_why(suite)
    raters = [raters_of(spec, labels) for spec in suite.agreements if not why or not spec.labels]
    with open_readonly(folder / "journal.db") as reader:
        for row, _ in measured_rows(reader, suite.document):
            for one in raters:
                one.take(row)
    return tuple(one.agreement(seed=suite.sha256) for one in raters)


async def labels_or_why(suite: Suite) -> tuple[Mapping[str, Labels], str]:
    """Return the labels, or why they cannot be read any more: they were before the first row."""
    try:
        return await labels_of(suite), ""
    except UsageError as error:
        told = (f"{one.where}: {one.message}" for one in error.diagnostics)
        return {}, next(told, str(error))


def raters_of(spec: AgreementSpec, labels: Mapping[str, Labels]) -> Raters:
    """Return what takes the rows of a run for one agreement."""
    return Raters(
        spec.name,
        spec.validators,
        level=Level(spec.level),
        labels=labels.get(spec.name) if spec.labels is not None else None,
        votes=spec.votes,
    )
