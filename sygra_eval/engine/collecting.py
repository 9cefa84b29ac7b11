"""The ids of the rows that a run would take, without asking a model or opening a sandbox."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sygra_eval.engine.meant import with_selection
from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.preflight import Tell
from sygra_eval.engine.reading import (
    NothingSelected,
    limited,
    named,
    nothing_selected,
    source_of,
)
from sygra_eval.engine.selecting import SelectedSource, id_of, missing_told
from sygra_eval.engine.target import most_rows, target_of
from sygra_eval.plugins import load_plugins
from sygra_eval.suite import load_suite, override_model
from sygra_eval.values import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """How many rows of a suite a run would take."""

    suite: str
    selected: int
    deselected: int


async def collect_suite(
    path: Path, options: RunOptions, take: Callable[[str], None], tell: Tell
) -> Collected:
    """Hand the id of each row that is meant to `take`, one by one, so that memory is flat.

    :raises UsageError: When suite or source are not fit; `NothingSelected` when no row is meant.
    """
    plugins = load_plugins(
        path.absolute().parent,
        named=options.plugins,
        objects=options.objects,
        is_trusted=options.is_trusted,
    )
    replaced = {name: override_model(what) for name, what in options.models.items()}
    suite = load_suite(path, plugins, overrides=replaced, variant=options.variant)
    options = with_selection(options, suite, tell)
    source = source_of(suite, plugins, options.selection)
    most = most_rows(options.limit, target_of(suite, options))
    of_suite, count = named(suite), 0
    try:
        async with contextlib.aclosing(limited(source, most)) as rows:
            async for row in rows:
                take(id_of(row.id, of_suite, options.selection))
                count += 1
    except UsageError:
        raise
    except Exception as error:
        what = f"the source cannot be read: {type(error).__name__}: {error}"
        raise UsageError(f"{what} (after {count} rows)") from error
    if not count:
        raise NothingSelected(nothing_selected(source))
    if missing := missing_told(source):
        tell(missing)
    passed_over = source.deselected if isinstance(source, SelectedSource) else 0
    return Collected(suite=suite.name, selected=count, deselected=passed_over)
