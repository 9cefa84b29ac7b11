"""How far the raters of a run agree: with each other, or with people."""

from collections.abc import Iterator

from sygra_eval.engine import RunSummary
from sygra_eval.quality import Agreement
from sygra_eval.report.figures import UNKNOWN
from sygra_eval.report.table import Align, Table

_WORDS = {"kappa": "Cohen's kappa", "alpha": "Krippendorff's alpha"}


def agreements(summary: RunSummary) -> Table:
    """Return a line for each set of raters; agreement beyond chance, with its interval."""
    return Table(
        title="Agreement of raters",
        columns=("raters", "rows", "agree", "measure", "beyond chance", "95 % interval"),
        aligns=(Align.LEFT, Align.RIGHT, Align.RIGHT, Align.LEFT, Align.RIGHT, Align.RIGHT),
        rows=tuple(_line(one) for one in summary.agreements),
        notes=tuple(note for one in summary.agreements for note in _notes(one)),
    )


def _line(found: Agreement) -> tuple[str, ...]:
    bounds = UNKNOWN
    if found.low is not None and found.high is not None:
        bounds = f"{found.low:.2f} – {found.high:.2f}"
    return (
        f"{found.name}: {', '.join(found.raters)}",
        str(found.rows),
        UNKNOWN if found.observed is None else f"{100 * found.observed:.1f} %",
        _WORDS[found.statistic],
        UNKNOWN if found.value is None else f"{found.value:.3f}",
        bounds,
    )


def _notes(found: Agreement) -> Iterator[str]:
    if found.why:
        yield f"{found.name}: {found.why}"
    if found.lone:
        broke = f", {found.errors} of them by an error" if found.errors else ""
        yield f"{found.name}: {found.lone} rows have fewer than two ratings{broke}"
    if found.unmatched:
        named = ", ".join(found.examples)
        yield (
            f"{found.name}: {found.unmatched} of {found.labels} labels are of no row that was "
            f"judged ({named}{', …' if found.unmatched > len(found.examples) else ''})"
        )
    if found.pairs:
        counted = "; ".join(f"{pair}: {rows}" for pair, rows in found.pairs.items())
        yield f"{found.name} ({' / '.join(found.raters)}): {counted}"
