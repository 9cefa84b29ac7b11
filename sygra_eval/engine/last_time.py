"""Which rows of a suite did not pass last time: kept beside its runs, for `--lf`, `--ff`, `--sw`.

A run adds its rows that were rejected or failed and takes away those that passed; of rows that it
did not come to, what was known stays. It is a convenience and no truth: without the file, or with
one that cannot be read, all rows are run.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sygra_eval.engine.canaries import has_held
from sygra_eval.engine.folder import as_folder_name
from sygra_eval.engine.preflight import Tell
from sygra_eval.engine.selecting import LastTime, Selection
from sygra_eval.journal import open_readonly
from sygra_eval.suite import DEFAULT_VARIANT, Suite, question_of
from sygra_eval.values import Outcome

LAST_FAILED = ".lastfailed.json"
"""Of the suite; a variant of it has its name in it too, as `.lastfailed-NAME.json`."""
MOST_KEPT = 100_000
"""Of more rows the first are kept, so that a run's memory stays flat."""
_MOST_BYTES = 64 * 2**20
_OPTION = {LastTime.ONLY: "--lf", LastTime.FIRST: "--ff", LastTime.STEPWISE: "--sw"}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known from earlier runs.

    :ivar failed: Ids of rows that did not pass, in the order of the source.
    :ivar since: Where the last run with `--sw` stopped.
    """

    failed: tuple[str, ...] = ()
    since: str | None = None


def known(path: Path) -> Known:
    """Return what a file says."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return Known()
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Known()
    if not isinstance(data, dict):
        return Known()
    failed, since = data.get("failed"), data.get("since")
    return Known(
        tuple(one for one in failed if isinstance(one, str)) if isinstance(failed, list) else (),
        since if isinstance(since, str) else None,
    )


def memory_of(runs: Path, suite: Suite) -> Path:
    """Return the file for a suite whose runs are in this folder."""
    if suite.variant == DEFAULT_VARIANT:
        return runs / LAST_FAILED
    return runs / f".lastfailed-{as_folder_name(suite.variant)}.json"


def with_last_time(selection: Selection, path: Path, tell: Tell) -> Selection:
    """Return the selection with what the last runs say in the place of the wish for it."""
    if selection.last_time is LastTime.IGNORED:
        return selection
    option, before = _OPTION[selection.last_time], known(path)
    is_stepwise = selection.last_time is LastTime.STEPWISE
    if not (before.since if is_stepwise else before.failed):
        tell(f"{option}: no row is known that did not pass last time, so all are run")
        return replace(selection, last_time=LastTime.IGNORED)
    if is_stepwise:
        tell(f"{option}: goes on at row {before.since}")
        return replace(selection, last_time=LastTime.IGNORED, since=before.since)
    if selection.last_time is LastTime.FIRST:
        return replace(selection, last_time=LastTime.IGNORED, first=before.failed)
    return replace(selection, last_time=LastTime.IGNORED, only=before.failed)


def keep_last_time(run: Path, suite: Suite, selection: Selection) -> None:
    """Note which rows of a run did not pass; a folder that cannot be written is left alone."""
    path = memory_of(run.parent, suite)
    before = known(path)
    failed: dict[str, None] = {}
    with open_readonly(run / "journal.db") as reader:
        for end in reader.ends_that(Outcome.REJECTED, Outcome.FAILED):
            if len(failed) == MOST_KEPT:
                break
            if not has_held(suite, end):
                failed[_source_id(end.row_id, selection)] = None
        since = next(iter(failed), None)
        for row_id in before.failed:
            if len(failed) == MOST_KEPT:
                break
            called = row_id if selection.times == 1 else f"{row_id}::r1"
            if row_id not in failed and reader.find(called) is None:
                failed[row_id] = None
    with suppress(OSError):
        _write(path, {"failed": list(failed), "since": since})


def _source_id(row_id: str, selection: Selection) -> str:
    return row_id if selection.times == 1 else question_of(row_id)[0]


def _write(path: Path, data: dict[str, object]) -> None:
    """Write by rename, as two runs of a suite may end at once."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(data), encoding="utf-8")
    temporary.replace(path)
