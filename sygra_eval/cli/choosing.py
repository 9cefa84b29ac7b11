"""The options that say which rows are run and when a run ends, as pytest has them."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sygra_eval.engine import JOURNAL, LastTime, RunOptions, Selection, ids_asked_of, ids_in
from sygra_eval.engine.row_ids import MOST_BYTES
from sygra_eval.engine.selecting import MOST_REPEATS
from sygra_eval.journal import open_readonly
from sygra_eval.values import Outcome

_DID_NOT_PASS = (Outcome.REJECTED, Outcome.FAILED)
_LAST_TIMES = ("last_failed", "failed_first", "stepwise")


def choosing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add them; the command takes what they say as keyword arguments, for `chosen_by`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen_by(options: RunOptions, given: Mapping[str, Any]) -> RunOptions:
    """Return the options with what `choosing_options` were given.

    :raises click.UsageError: When two of them exclude each other.
    """
    asked = [name for name in _LAST_TIMES if given[name]]
    if len(asked) > 1:
        named = " and ".join(f"--{name.replace('_', '-')}" for name in asked)
        raise click.UsageError(f"{named} exclude each other")
    last_time = {
        "last_failed": LastTime.ONLY,
        "failed_first": LastTime.FIRST,
        "stepwise": LastTime.STEPWISE,
    }
    selection = Selection(
        keywords=given["keywords"],
        marks=given["marks"],
        deselected=given["deselect"],
        sample=given["sample"],
        seed=given["seed"],
        is_shuffled=given["shuffle"],
        repeat=given["repeat"],
        last_time=last_time[asked[0]] if asked else LastTime.IGNORED,
        skipped=given["skip"] or 0,
        only=_by_id(given["failed_of"], given["rows"]),
    )
    most = 1 if given["exit_first"] or given["stepwise"] else given["maxfail"]
    return replace(
        options,
        limit=given["limit"],
        selection=selection,
        max_failures=most,
        rows_in_flight=given["jobs"],
        is_strict=given["strict"],
        slowest=given["durations"],
    )


def _by_id(failed_of: Path | None, rows: str | None) -> tuple[str, ...] | None:
    """Return the ids of the rows that are meant; None where none are named.

    :raises click.UsageError: When they are named in two ways.
    """
    if rows is None:
        return _failed_of(failed_of)
    if failed_of is not None:
        raise click.UsageError("--failed-of and --rows exclude each other")
    if rows == "-":
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
    elif Path(rows).is_dir():
        return ids_asked_of(Path(rows))
    else:
        try:
            with Path(rows).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise click.UsageError(f"--rows {rows}: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise click.UsageError(f"--rows {rows}: ids take at most {MOST_BYTES // 2**20} MiB")
    return ids_in(data, "standard input" if rows == "-" else rows)


def _failed_of(run: Path | None) -> tuple[str, ...] | None:
    """Return the rows of a run that did not pass; None where no run is named."""
    if run is None:
        return None
    with open_readonly(run / JOURNAL) as reader:
        return tuple(end.row_id for end in reader.ends_that(*_DID_NOT_PASS))


def _flag(*names: str, text: str) -> Callable[..., Any]:
    return click.option(*names, is_flag=True, help=text)


def _number(*names: str, text: str, most: int | None = None) -> Callable[..., Any]:
    kind = click.IntRange(min=1, max=most)
    return click.option(*names, type=kind, metavar="N", help=text)


_OPTIONS = (
    click.option(
        "-k",
        "keywords",
        default="",
        metavar="EXPR",
        help="Only rows whose suite, variant, id or tags match: `code and not (slow or r7)`.",
    ),
    click.option(
        "-m", "marks", default="", metavar="EXPR", help="Only suites whose tags match, whole tags."
    ),
    click.option(
        "--deselect",
        multiple=True,
        metavar="ID",
        help="Leave out a row, or all below an id: `suite::default::row`, `suite`, a row's own id.",
    ),
    _flag("--lf", "--last-failed", "last_failed", text="Only rows that did not pass last time."),
    _flag("--ff", "--failed-first", "failed_first", text="Rows that did not pass last time first."),
    _flag(
        "--sw",
        "--stepwise",
        "stepwise",
        text="Stop at a row that does not pass; next time go on there.",
    ),
    click.option(
        "--failed-of",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        metavar="RUN",
        help="Only rows that did not pass in this run's folder.",
    ),
    click.option(
        "--rows",
        metavar="FILE|RUN|-",
        help="Only the rows whose ids stand in FILE, or were asked of RUN; one a line, as JSON "
        "where it begins with a quote. `-` reads standard input.",
    ),
    _number("--skip", text="Leave out the first N rows of the source."),
    _number("--limit", text="Only the first N of the rows that are meant."),
    _number("--sample", text="N rows, drawn from those that are meant."),
    click.option(
        "--seed", default=0, show_default=True, metavar="S", help="Of --sample, --shuffle."
    ),
    _flag("--shuffle", text="Begin rows in another order; files keep that of the source."),
    click.option(
        "--repeat",
        type=click.IntRange(1, MOST_REPEATS),
        metavar="N",
        help="Run each row N times, as ROW::r1 to ROW::rN.",
    ),
    _flag("-x", "--exitfirst", "exit_first", text="Stop at the first row that does not pass."),
    _number("--maxfail", text="Stop after N rows that were rejected or failed."),
    _number("-j", "--jobs", "jobs", text="At most N rows at a time.", most=4_096),
    click.option(
        "--durations",
        type=click.IntRange(0, 10_000),
        default=0,
        metavar="N",
        help="Name the N rows that took longest.",
    ),
    _flag("--strict", text="Exit with 6 where a run passed with warnings."),
)
