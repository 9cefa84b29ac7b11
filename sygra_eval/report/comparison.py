"""A comparison as text, as Markdown and as data: the same figures in the same words.

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
)
from sygra_eval.report.figures import UNKNOWN, cost, count, duration
from sygra_eval.report.layout import grid, wrapped
from sygra_eval.report.markdown import bullets, pipe_table
from sygra_eval.report.table import Align, Table
from sygra_eval.report.text_safety import markdown_text, one_line
from sygra_eval.values import MetricKind

MOST_FLIPS = 10
_LEFT, _RIGHT = Align.LEFT, Align.RIGHT
_FLIPS = ("broken", "fixed", "to_error", "from_error")


def comparison_text(comparison: Comparison) -> str:
    """Return the comparison for a terminal of 80 columns."""
    blocks = ["\n".join(one_line(line) for line in _header(comparison))]
    for table in _tables(comparison):
        shown = [grid(table.columns, [align.value for align in table.aligns], table.rows)]
        shown += [wrapped(note, indent="  ") for note in table.notes]
        blocks.append("\n".join([f"{table.title}:", *shown] if table.title else shown))
    blocks.append("\n".join(wrapped(line, indent="  ") for line in _closing(comparison)))
    return "\n\n".join(blocks) + "\n"


def comparison_markdown(comparison: Comparison) -> str:
    """Return the comparison as Markdown, as for a pull request."""
    blocks = ["# Comparison", bullets(list(_header(comparison)))]
    for table in _tables(comparison):
        blocks += [f"## {markdown_text(table.title)}"] if table.title else []
        blocks.append(pipe_table(table))
        blocks += [bullets(table.notes)] if table.notes else []
    blocks.append(bullets(list(_closing(comparison))))
    return "\n\n".join(blocks) + "\n"


def comparison_json(comparison: Comparison, *, exit_code: int) -> dict[str, object]:
    """Return everything as data; what is unknown is null."""
    return {
        "before": _side_json(comparison.before),
        "after": _side_json(comparison.after),
        "exit": exit_code,
        "matched": comparison.matched,
        "changed_input": list(comparison.changed_input),
        "only_before": comparison.only_before,
        "only_after": comparison.only_after,
        "alpha": comparison.rules.alpha,
        "margin": comparison.rules.margin,
        "metrics": {one.metric.name: _change_json(one) for one in comparison.changes},
        "same_as": dict(comparison.same_as),
        "regressions": [one.metric.name for one in comparison.regressions],
        "notes": list(comparison.notes),
    }


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
    tests = sum(change.p is not None for change in comparison.changes)
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
    for kind in _FLIPS:
        fresh = [flip for flip in _flips(change, kind) if (kind, flip.id) not in told]
        told.update((kind, flip.id) for flip in fresh)
        for flip in fresh[:MOST_FLIPS]:
            yield kind.replace("_", " "), flip.id, flip.before, flip.after


def _flip_notes(change: Change) -> Iterator[str]:
    for kind in _FLIPS:
        more = len(_flips(change, kind)) - MOST_FLIPS
        if more > 0:
            yield f"and {more} more {kind.replace('_', ' ')}; --json lists all"


def _flips(change: Change, kind: str) -> Sequence[Flip]:
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
            ("cost", *[cost(_each(one).cost_usd) for one in sides]),
            ("tokens", *[_words(_each(one).tokens, count) for one in sides]),
            ("time", *[_words(_each(one).seconds, duration) for one in sides]),
        ),
    )


def _verified(spending: Spending | None) -> str:
    return UNKNOWN if spending is None else count(spending.verified)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Each:
    """What one verified row took; unknown where there are none."""

    cost_usd: float | None = None
    tokens: float | None = None
    seconds: float | None = None


def _each(spending: Spending | None) -> _Each:
    if spending is None or not spending.verified:
        return _Each()
    cost_usd, tokens, seconds = (
        None if figure is None else figure / spending.verified
        for figure in (spending.cost_usd, spending.tokens, spending.seconds)
    )
    return _Each(cost_usd=cost_usd, tokens=tokens, seconds=seconds)


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


def _side_json(side: Side) -> dict[str, object]:
    facts, spending = side.facts, side.facts.spending
    return {
        "name": facts.name,
        "kind": facts.kind,
        "suite": facts.suite or None,
        "suite_sha256": facts.suite_sha256 or None,
        "rows": len(side.inputs),
        "verified": spending.verified if spending is not None else None,
        "cost_per_verified_row": _each(spending).cost_usd,
        "tokens_per_verified_row": _each(spending).tokens,
        "seconds_per_verified_row": _each(spending).seconds,
    }


def _change_json(change: Change) -> dict[str, object]:
    metric, interval, lone = change.metric, change.change, change.unmatched
    return {
        "kind": metric.kind.value,
        "direction": metric.direction.value,
        "version": metric.version,
        "n": change.n,
        "clusters": change.clusters or None,
        "before": change.before,
        "after": change.after,
        "change": interval.estimate if interval is not None else None,
        "low": interval.low if interval is not None else None,
        "high": interval.high if interval is not None else None,
        "test": change.test or None,
        "p": change.p,
        "p_exact": change.p_exact,
        "p_holm": change.p_holm,
        "smallest": change.smallest,
        "verdict": None if change.why_none else change.verdict.value,
        "why_none": change.why_none or None,
        "is_regression": change.is_regression,
        **{kind: [_flip_json(flip) for flip in _flips(change, kind)] for kind in _FLIPS},
        "flaky": change.flips.flaky,
        "unmatched": None
        if lone is None
        else {
            "before": lone.before,
            "n_before": lone.n_before,
            "after": lone.after,
            "n_after": lone.n_after,
            "low": lone.change.low if lone.change is not None else None,
            "high": lone.change.high if lone.change is not None else None,
            "p": lone.p,
        },
    }


def _flip_json(flip: Flip) -> dict[str, str]:
    return {"id": flip.id, "before": flip.before, "after": flip.after}
