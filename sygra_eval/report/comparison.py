"""A comparison as text and as Markdown: the same figures in the same words.

Rates are shown in percent and their changes in points; figures of other metrics as they are.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sygra_eval.engine import Blessed
from sygra_eval.quality import (
    FEWEST_CLUSTERS,
    Change,
    ChangeVerdict,
    Comparison,
    Flip,
    Interval,
    Side,
    Spending,
    differing_settings,
)
from sygra_eval.report.figures import UNKNOWN, cost, count, duration
from sygra_eval.report.layout import WIDTH, grid, wrapped
from sygra_eval.report.markdown import bullets, pipe_table
from sygra_eval.report.table import Align, Table
from sygra_eval.report.text_safety import markdown_text, one_line
from sygra_eval.values import MetricKind

MOST_FLIPS = 10
MOST_SETTINGS = 20
VERIFIED_RATE = "verified_rate"
_LEFT, _RIGHT = Align.LEFT, Align.RIGHT
FLIPS = ("broken", "fixed", "to_error", "from_error")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    title: str
    lines: Sequence[str]
    tables: Sequence[Table]
    closing: Sequence[str]


def comparison_text(*found: Comparison) -> str:
    """Return comparisons with one and the same side for a terminal of 80 columns."""
    blocks: list[str] = []
    for section in _sections(found):
        title = one_line(section.title)
        blocks += [f"{title}\n{'=' * min(len(title), WIDTH)}"] if title else []
        blocks.append("\n".join(one_line(line) for line in section.lines))
        for table in section.tables:
            shown = [grid(table.columns, [align.value for align in table.aligns], table.rows)]
            shown += [wrapped(note, indent="  ") for note in table.notes]
            blocks.append("\n".join([f"{table.title}:", *shown] if table.title else shown))
        blocks.append("\n".join(wrapped(line, indent="  ") for line in section.closing))
    return "\n\n".join(filter(None, blocks)) + "\n"


def comparison_markdown(*found: Comparison) -> str:
    """Return the same as Markdown, as for a pull request."""
    blocks = ["# Comparison"]
    for section in _sections(found):
        blocks += [f"## {markdown_text(section.title)}"] if section.title else []
        blocks.append(bullets(section.lines))
        for table in section.tables:
            blocks += [f"## {markdown_text(table.title)}"] if table.title else []
            blocks.append(pipe_table(table))
            blocks += [bullets(table.notes)] if table.notes else []
        blocks.append(bullets(section.closing))
    return "\n\n".join(filter(None, blocks)) + "\n"


def _sections(found: Sequence[Comparison]) -> Iterator[_Section]:
    """Yield one for each comparison; of several an overview before and what differs after them."""
    settings = list(_settings_tables(found))
    if len(found) == 1:
        (one,) = found
        tables = [*_tables(one), *settings]
        yield _Section(
            title="", lines=list(_header(one)), tables=tables, closing=list(_closing(one))
        )
        return
    first = found[0].before
    told = f"{'first':<8}{first.facts.name} ({first.facts.kind}), {count(len(first.inputs))} rows"
    yield _Section(title="", lines=[told], tables=[_overview(found)], closing=[])
    for one in found:
        yield _Section(
            title=f"{one.after.facts.name} against {first.facts.name}",
            lines=list(_header(one)),
            tables=list(_tables(one)),
            closing=list(_closing(one)),
        )
    yield _Section(title="", lines=[], tables=settings, closing=[])


def _overview(found: Sequence[Comparison]) -> Table:
    """Return a line for each side: its verified rate, and how that differs from the first's."""
    first, tests = found[0].before, found[0].tests
    rows = [(*_of_side(first), "", "", "")]
    for one in found:
        change = next((c for c in one.changes if c.metric.name == VERIFIED_RATE), None)
        rows.append((*_of_side(one.after), *_changed(change)))
    return Table(
        title="",
        columns=("run", "rows", "verified", "bounds", "change", "p", "verdict"),
        aligns=(_LEFT, *[_RIGHT] * 6),
        rows=tuple(rows),
        notes=(
            "verified of all rows of a run; change over the rows that both have; p corrected for "
            f"{tests} tests, those of all {len(found)} comparisons (Holm)",
        ),
    )


def _of_side(side: Side) -> tuple[str, ...]:
    rate = side.facts.rate
    told = [UNKNOWN, UNKNOWN]
    if rate is not None:
        told = [f"{100 * rate.estimate:.1f}", f"{100 * rate.low:.1f} – {100 * rate.high:.1f}"]
    return side.facts.name, count(len(side.inputs)), *told


def _changed(change: Change | None) -> tuple[str, str, str]:
    if change is None or change.change is None:
        return UNKNOWN, UNKNOWN, UNKNOWN
    return _signed(change, change.change.estimate), _p(change.p_holm), change.verdict.value


def _settings_tables(found: Sequence[Comparison]) -> Iterator[Table]:
    sides = [found[0].before, *(one.after for one in found)]
    differing = differing_settings(sides)
    if not differing:
        return
    names = ("before", "after") if len(sides) == 2 else [side.facts.name for side in sides]
    more = len(differing) - MOST_SETTINGS
    yield Table(
        title="settings that differ",
        columns=("setting", *names),
        aligns=(_LEFT,) * (len(sides) + 1),
        rows=tuple(
            (one.setting, *(UNKNOWN if value is None else value for value in one.values))
            for one in differing[:MOST_SETTINGS]
        ),
        notes=(f"and {more} more; --json lists all",) if more > 0 else (),
    )


def blessed_text(blessed: Blessed) -> str:
    """Return what became of a baseline."""
    lines = []
    if blessed.comparison is not None:
        lines += ["compared with the baseline that stood there:", ""]
        lines.append(comparison_text(blessed.comparison))
    elif blessed.why_not_compared:
        lines.append(f"the old baseline was not compared: {one_line(blessed.why_not_compared)}")
    what = "is the same as it was" if blessed.is_same else "was written"
    lines.append(f"{one_line(str(blessed.path))} {what}: {count(blessed.rows)} rows")
    return "\n".join(lines)


def _header(comparison: Comparison) -> Iterator[str]:
    for label, side in (("before", comparison.before), ("after", comparison.after)):
        facts = side.facts
        yield f"{label:<8}{facts.name} ({facts.kind}), {count(len(side.inputs))} rows"
    parts = [f"{count(comparison.matched)} rows matched"]
    parts += [
        f"{count(number)} {what}"
        for number, what in (
            (len(comparison.changed_input), "with a changed input, compared nowhere"),
            (comparison.only_before, "only before"),
            (comparison.only_after, "only after"),
        )
        if number
    ]
    yield f"{'rows':<8}{', '.join(parts)}"


def _tables(comparison: Comparison) -> Iterator[Table]:
    yield Table(
        title="",
        columns=("metric", "before", "after", "change", "bounds", "p", "verdict"),
        aligns=(_LEFT, *[_RIGHT] * 6),
        rows=tuple(_row(change) for change in comparison.changes),
        notes=tuple(_notes(comparison)),
    )
    told: set[tuple[str, str]] = set()
    for change in comparison.changes:
        rows = tuple(_flip_rows(change, told))
        if rows:
            yield Table(
                title=f"rows of {change.metric.name} that changed",
                columns=("", "row", "before", "after"),
                aligns=(_LEFT,) * 4,
                rows=rows,
                notes=tuple(_flip_notes(change)),
            )
    lone = [change for change in comparison.changes if change.unmatched is not None]
    if lone:
        yield Table(
            title="other rows, which one side alone has",
            columns=("metric", "rows", "before", "rows", "after", "p"),
            aligns=(_LEFT, _RIGHT, _RIGHT, _RIGHT, _RIGHT, _RIGHT),
            rows=tuple(_unmatched_row(change) for change in lone),
        )
    if any(side.facts.spending is not None for side in (comparison.before, comparison.after)):
        yield _spending(comparison)


def _row(change: Change) -> tuple[str, ...]:
    return (
        change.metric.name,
        _figure(change, change.before),
        _figure(change, change.after),
        _signed(change, change.change.estimate) if change.change is not None else UNKNOWN,
        _bounds(change, change.change),
        _p(change.p_holm),
        str(change.verdict.value) if not change.why_none else UNKNOWN,
    )


def _notes(comparison: Comparison) -> Iterator[str]:
    tests = comparison.tests
    level = 100 * (1 - comparison.rules.alpha)
    yield (
        f"rates in percent, changes in points; bounds of {level:g} %"
        + (f"; p corrected for {tests} tests (Holm)" if tests > 1 else "")
    )
    for change in comparison.changes:
        yield f"{change.metric.name}: {_sentence(change)}"
    for name, other in comparison.same_as.items():
        yield f"{name} says the same of every row as {other}"


def _sentence(change: Change) -> str:
    """Say what was tested, and what would have been seen."""
    if change.why_none:
        return change.why_none
    parts = [f"{_rows(change.n)}: {change.test} {_p(change.p)}"]
    if change.p_exact is not None:
        parts[0] += f" (exact {_p(change.p_exact)})"
    flips = change.flips
    if change.metric.kind is MetricKind.RATE:
        parts.append(f"{len(flips.broken)} broken, {len(flips.fixed)} fixed")
    errors = len(flips.to_error), len(flips.from_error)
    if any(errors):
        parts.append(f"{errors[0]} to an error, {errors[1]} from one, both left out")
    if flips.flaky:
        parts.append(f"{flips.flaky} whose repeats disagree")
    if change.clusters < FEWEST_CLUSTERS and change.test.startswith("sign flips"):
        parts.append(f"the bounds of fewer than {FEWEST_CLUSTERS} are too narrow")
    if change.verdict is ChangeVerdict.NO_EVIDENCE:
        parts.append(_would_have_shown(change))
    return "; ".join(parts)


def _would_have_shown(change: Change) -> str:
    rows = _rows(change.n)
    if change.smallest is None:
        if change.metric.kind is MetricKind.RATE:
            return f"no evidence, and no change could be shown by {rows}"
        return "no evidence; as no row differs, what would have been seen is not known"
    unit = "a change of" if not _is_rate(change) else "a change of the rate by"
    size = _figure(change, change.smallest)
    points = " points" if _is_rate(change) else ""
    return f"no evidence: {rows} show {unit} {size}{points} in 80 %, a smaller one less often"


def _rows(number: int) -> str:
    return f"{count(number)} {'row' if number == 1 else 'rows'}"


def _flip_rows(change: Change, told: set[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    """Yield the first rows of each kind that no metric before has told of."""
    for kind in FLIPS:
        fresh = [flip for flip in flips_of(change, kind) if (kind, flip.id) not in told]
        told.update((kind, flip.id) for flip in fresh)
        for flip in fresh[:MOST_FLIPS]:
            yield kind.replace("_", " "), flip.id, flip.before, flip.after


def _flip_notes(change: Change) -> Iterator[str]:
    for kind in FLIPS:
        more = len(flips_of(change, kind)) - MOST_FLIPS
        if more > 0:
            yield f"and {more} more {kind.replace('_', ' ')}; --json lists all"


def flips_of(change: Change, kind: str) -> Sequence[Flip]:
    """Return the rows of one of `FLIPS`."""
    found: Sequence[Flip] = getattr(change.flips, kind)
    return found


def _unmatched_row(change: Change) -> tuple[str, ...]:
    lone = change.unmatched
    if lone is None:
        return (change.metric.name, *[UNKNOWN] * 5)
    return (
        change.metric.name,
        count(lone.n_before),
        _figure(change, lone.before),
        count(lone.n_after),
        _figure(change, lone.after),
        _p(lone.p),
    )


def _spending(comparison: Comparison) -> Table:
    sides = [side.facts.spending for side in (comparison.before, comparison.after)]
    return Table(
        title="for each verified row",
        columns=("", "before", "after"),
        aligns=(_LEFT, _RIGHT, _RIGHT),
        rows=(
            ("verified rows", *[_verified(one) for one in sides]),
            ("cost", *[cost(each_verified(one).cost_usd) for one in sides]),
            ("tokens", *[_words(each_verified(one).tokens, count) for one in sides]),
            ("time", *[_words(each_verified(one).seconds, duration) for one in sides]),
        ),
    )


def _verified(spending: Spending | None) -> str:
    return UNKNOWN if spending is None else count(spending.verified)


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """What one verified row took; unknown where there are none."""

    cost_usd: float | None = None
    tokens: float | None = None
    seconds: float | None = None


def each_verified(spending: Spending | None) -> Each:
    """Return what one verified row took."""
    if spending is None or not spending.verified:
        return Each()
    cost_usd, tokens, seconds = (
        None if figure is None else figure / spending.verified
        for figure in (spending.cost_usd, spending.tokens, spending.seconds)
    )
    return Each(cost_usd=cost_usd, tokens=tokens, seconds=seconds)


def _words(figure: float | None, words: Callable[[float], str]) -> str:
    return UNKNOWN if figure is None else words(figure)


def _closing(comparison: Comparison) -> Iterator[str]:
    yield from comparison.notes
    found = comparison.regressions
    if not found:
        yield "no regression was shown"
        return
    rules = comparison.rules
    for change in found:
        worst = ""
        if change.verdict is not ChangeVerdict.WORSE and rules.max_drop is not None:
            worst = f": it may be worse by more than {rules.max_drop:g}"
        yield f"regression: {change.metric.name}{worst}"


def _is_rate(change: Change) -> bool:
    return change.metric.kind is MetricKind.RATE


def _figure(change: Change, value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{100 * value:.1f}" if _is_rate(change) else f"{value:.3g}"


def _signed(change: Change, value: float) -> str:
    if not _is_rate(change):
        return f"{value:+.2g}"
    points = 100 * value
    return f"{points:+.1g}" if 0 < abs(points) < 0.1 else f"{points:+.1f}"


def _bounds(change: Change, interval: Interval | None) -> str:
    if interval is None:
        return UNKNOWN
    return f"{_signed(change, interval.low)} – {_signed(change, interval.high)}"


def _p(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"
