"""Refuses gates before the first row: those that so many rows cannot pass, and bad baselines."""

from collections.abc import Iterator
from pathlib import Path

from sygra_eval.engine.options import RunOptions
from sygra_eval.quality import clopper_pearson, is_baseline, read_baseline, shown
from sygra_eval.suite import Gate, GateKind, Suite, metric_name
from sygra_eval.values import Diagnostic, Severity, UsageError, wilson

LEFT_OUT = {"keywords": "-k", "deselected": "--deselect", "only": "by their ids", "since": "--sw"}
"""What of a selection leaves rows out, and how it is asked for."""


def refuse_gates(suite: Suite, options: RunOptions, rows: int | None, *, has_target: bool) -> None:
    """Refuse gates that so many rows cannot pass, and baselines that are none of this suite.

    :param rows: That were counted; None where there are too many, or nobody can say.
    :raises UsageError: With a diagnostic for each; nothing was spent.
    """
    found = [*_unreachable(suite, options, None if has_target else rows), *_baselines(suite)]
    if found:
        raise UsageError(f"{suite.path}: a gate cannot be judged", tuple(found))


def _unreachable(suite: Suite, options: RunOptions, rows: int | None) -> Iterator[Diagnostic]:
    is_repeated = max(suite.repeat, options.selection.times) > 1
    is_alone = "cluster" not in (suite.document.get("quality") or {}) and not is_repeated
    is_cut = (
        options.limit is not None
        or bool(options.partial)
        or any(getattr(options.selection, key) for key in LEFT_OUT)
    )
    if rows is None or not is_alone:
        return
    names = frozenset(spec.name for spec in suite.validators)
    for gate in suite.gates:
        if gate.kind is not GateKind.METRIC or (is_cut and not gate.allows_partial):
            continue
        if gate.metric not in _of_ones_and_zeros(names):
            continue
        for key, bound in gate.bounds:
            best = _best(gate, key, rows)
            if best is None or bound.holds(best):
                continue
            yield _refused(
                suite,
                gate,
                code="gate-unreachable",
                message=f'quality.gates[{gate.index}]: {key} "{bound.text}" cannot pass with '
                f"{rows} rows (best {best:.4f})",
                fix=f"ask for less, or for `value`, or have {_rows_for(gate, key, rows)} rows",
            )


def _of_ones_and_zeros(validators: frozenset[str]) -> frozenset[str]:
    """Return the metrics whose rows have 0 or 1: others may have narrower intervals."""
    return frozenset({"verified_rate", *(f"{name}_rate" for name in validators)})


def _best(gate: Gate, key: str, rows: int) -> float | None:
    """Return the end of the interval when every row is as it should be."""
    interval = clopper_pearson if gate.method == "exact" else wilson
    if key == "value":
        return None
    found = interval(rows if key == "lower" else 0, rows, confidence=1 - gate.alpha)
    return None if found is None else found.low if key == "lower" else found.high


def _rows_for(gate: Gate, key: str, rows: int) -> str:
    """Return how many rows could pass, looked for by doubling and halving."""
    bounds = [bound for name, bound in gate.bounds if name == key]

    def can(number: int) -> bool:
        best = _best(gate, key, number)
        return best is not None and all(bound.holds(best) for bound in bounds)

    high = max(rows, 1)
    while not can(high):
        high *= 2
        if high > 1 << 40:
            return "no number of"
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if can(middle) else (middle, high)
    return f"at least {high:,}"


def _baselines(suite: Suite) -> Iterator[Diagnostic]:
    for gate in suite.gates:
        if gate.baseline is None:
            continue
        why = _why_no_baseline(gate, gate.baseline, suite.name)
        if why:
            yield _refused(
                suite,
                gate,
                code="bad-baseline",
                message=f"quality.gates[{gate.index}]: {why}",
                fix="take the gate out, run, and make one with `sygra-eval bless RUN`",
            )


def _why_no_baseline(gate: Gate, path: Path, suite: str) -> str:
    if path.is_dir():
        return "" if (path / "journal.db").is_file() else f"{path} is no run"
    if not path.is_file():
        return f"there is no baseline {path}"
    if not is_baseline(path):
        return ""
    try:
        side = read_baseline(path)
    except UsageError as error:
        return str(error)
    if side.facts.suite != suite:
        return f"{path} is of the suite `{shown(side.facts.suite)}`, this one is `{suite}`"
    lacking = [name for name in map(metric_name, gate.metrics) if name not in side.metrics]
    return f"{path} has no metric `{lacking[0]}`" if lacking else ""


def _refused(suite: Suite, gate: Gate, *, code: str, message: str, fix: str) -> Diagnostic:
    return Diagnostic(
        code=code,
        severity=Severity.ERROR,
        path=str(suite.path),
        line=gate.line,
        column=gate.column,
        message=message,
        fix=fix,
    )
