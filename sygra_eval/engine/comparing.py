"""Compares runs, baselines or data files. Start at `compare_two` or `compare_with_first`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sygra_eval.engine.finished_rows import plugins_of_run, side_of_run
from sygra_eval.engine.summary import ExitCode
from sygra_eval.quality import (
    Against,
    Comparison,
    Rules,
    Side,
    chosen,
    compare_several,
    is_baseline,
    read_baseline,
    shown,
    side_of_file,
)
from sygra_eval.values import UsageError


class NothingMatched(UsageError):
    """The two have no row in common (exit code 5)."""

    exit_code = ExitCode.NOTHING_SELECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What is asked of a comparison.

    :ivar on: The column that names a row of a data file, and `inputs` those of its input.
    :ivar plugins: As a run is given them; they may bring metrics.
    """

    metrics: tuple[str, ...] = ()
    on: str = "id"
    inputs: tuple[str, ...] = ()
    rules: Rules = field(default_factory=Rules)
    plugins: tuple[str, ...] = ()
    is_trusted: bool = False


async def compare_two(before: Path, after: Path, asked: Compared) -> Comparison:
    """Compare two folders of runs, baselines or data files.

    :raises NothingMatched: When no id stands on both sides, or none with the same input.
    :raises UsageError: When one of them cannot be read or they cannot be compared.
    """
    (found,) = await compare_with_first([before, after], asked)
    return found


async def compare_with_first(places: Sequence[Path], asked: Compared) -> tuple[Comparison, ...]:
    """Compare all others with the first, p corrected for all tests of all of them.

    :raises NothingMatched: When no id of one stands in the first, or none with the same input.
    :raises UsageError: When one of them cannot be read or they cannot be compared.
    """
    before, *others = [await side_of(place, asked) for place in places]
    found = _compared(before, others, asked)
    for one in found:
        if not one.matched:  # or nothing compared would read as no regression
            count, first = len(one.changed_input), shown(one.changed_input[0])
            raise NothingMatched(
                f"no row of {one.after.facts.name} can be compared: the input of all {count} rows "
                f"with one id on both sides was changed ({first} …); compare a run over the same "
                "input"
            )
    return found


def compare_sides(before: Side, after: Side, asked: Compared) -> Comparison:
    """Compare what was read."""
    (found,) = _compared(before, [after], asked)
    return found


def _compared(before: Side, others: Sequence[Side], asked: Compared) -> tuple[Comparison, ...]:
    against = []
    for after in others:
        _refuse_other_suite(before, after)
        if not before.inputs.keys() & after.inputs.keys():
            a, b = (next(iter(side.inputs), "no row") for side in (before, after))
            raise NothingMatched(
                f"no row stands on both sides: {before.facts.name} has {len(before.inputs)} rows "
                f"({shown(a)} …), {after.facts.name} has {len(after.inputs)} ({shown(b)} …)"
            )
        names, same_as = chosen(before, after, asked.metrics)
        against.append(Against(side=after, names=names, same_as=same_as))
    return compare_several(before, against, asked.rules)


async def side_of(place: Path, asked: Compared) -> Side:
    """Read a run folder, a baseline or a data file."""
    if place.is_dir():
        plugins = plugins_of_run(place, asked.plugins, is_trusted=asked.is_trusted)
        return side_of_run(place, plugins)
    if is_baseline(place):
        return read_baseline(place)
    return await side_of_file(place, on=asked.on, inputs=asked.inputs)


def _refuse_other_suite(before: Side, after: Side) -> None:
    """Refuse a baseline of another suite; two runs of different suites may be compared."""
    sides: Sequence[Side] = (before, after)
    names = {side.facts.suite for side in sides if side.facts.suite}
    if len(names) == 2 and any(side.facts.kind == "baseline" for side in sides):
        told = " and ".join(
            f"{shown(side.facts.name)} is of `{shown(side.facts.suite)}`" for side in sides
        )
        raise UsageError(f"a baseline belongs to one suite: {told}")
