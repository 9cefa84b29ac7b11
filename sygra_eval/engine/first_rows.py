"""The first rows of a suite as they stand after each step on their way to the graph."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from sygra_eval.data import PipelineSource
from sygra_eval.engine.reading import limited
from sygra_eval.plugins import Plugins
from sygra_eval.suite import load_suite
from sygra_eval.values import BadRow, Pipeline, Row, SourceEntry, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRows:
    """What came out of one step.

    :ivar source: Whose rows, by the alias; empty for those of all.
    :ivar stage: The step, as `where: score > 3`.
    """

    source: str
    stage: str
    rows: tuple[Row | BadRow, ...]


async def first_rows(
    path: Path, plugins: Plugins, most: int, variant: str | None = None
) -> tuple[StageRows, ...]:
    """Return the first rows after each step; nothing is asked of a model and nothing written.

    :raises SygraEvalError: When the suite or its source are not fit.
    """
    suite = load_suite(path, plugins, variant=variant)
    pipeline = suite.pipeline or Pipeline(sources=(SourceEntry(spec=suite.source, at=("source",)),))
    source = PipelineSource.of(pipeline, plugins, shown=most)
    taken: list[Row | BadRow] = []
    try:
        async with contextlib.aclosing(limited(source, most)) as rows:
            async for row in rows:
                taken.append(row)
    except UsageError:
        raise
    except Exception as error:
        what = f"the source cannot be read: {type(error).__name__}: {error}"
        raise UsageError(what) from error
    seen = [
        StageRows(source=alias, stage=one.label, rows=tuple(one.rows))
        for alias, one in source.seen()
    ]
    return (*seen, StageRows(source="", stage="rows of the graph", rows=tuple(taken)))
