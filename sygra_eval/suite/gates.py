"""From gates as they are written to gates with every name in them checked: `gates_of`."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, isclose, isfinite
from pathlib import Path
from typing import Any

from sygra_eval.plugins import Plugins
from sygra_eval.suite.conditions import (
    BadCondition,
    Condition,
    compile_condition,
    condition_problem,
)
from sygra_eval.suite.document import At, Document
from sygra_eval.suite.gate import Gate, GateKind, bound_of
from sygra_eval.suite.gate_schema import GateSection
from sygra_eval.suite.names import check_variable
from sygra_eval.suite.nearest import did_you_mean, nearest
from sygra_eval.values import Direction, Each, Metric, MetricKind, Scope

FEWEST_OF_A_GROUP = 20
OF_A_ROW = frozenset({"outcome", "verdicts"})
"""Names that a gate's `where` has beside the columns: how a row ended, and what was said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateNames:
    """What gates may name.

    :ivar columns: Of the data; None where the source has no row to tell them by.
    :ivar agreements: Names of `quality.agreement`, and those that are there without.
    """

    columns: frozenset[str] | None
    validators: frozenset[str]
    plugins: Plugins
    folder: Path
    agreements: tuple[str, ...] = ()


def gates_of(
    sections: Sequence[GateSection], names: GateNames, document: Document
) -> tuple[Gate, ...]:
    """Return the gates; report metrics, columns and files that are not there."""
    return tuple(_gate(index, section, names, document) for index, section in enumerate(sections))


def metric_of(
    name: str, metrics: Mapping[str, Metric], validators: frozenset[str]
) -> Metric | None:
    """Return a metric by its name, be it that of one validator or of one number of tries."""
    if name in metrics and metrics[name].each is None:
        return metrics[name]
    for metric in metrics.values():
        before, _, after = metric.name.partition("{}")
        if metric.each is None or not (name.startswith(before) and name.endswith(after)):
            continue
        one = name[len(before) : len(name) - len(after)]
        if metric.each is Each.K and re.fullmatch(r"[1-9][0-9]{0,5}", one):
            return metric.of(one)
        if metric.each is Each.VALIDATOR and one in validators:
            return metric.of(one)
    return None


def metric_name(asked: str) -> str:
    """Return the name in `NAME:higher`, by which a comparison is told which way is better."""
    name, _, word = asked.rpartition(":")
    return name if name and word in set(Direction) else asked


def registered_metrics(plugins: Plugins) -> dict[str, Metric]:
    """Return the metrics that plugins registered, by name."""
    return {name: one.implementation for name, one in plugins.of("metrics").items()}


def _gate(index: int, section: GateSection, names: GateNames, document: Document) -> Gate:
    at: At = ("quality", "gates", index)
    kind = GateKind(section.kind)
    mark = document.mark(at)
    bounds = tuple(
        (key, bound_of(text))
        for key in ("value", "lower", "upper", "errors")
        if (text := getattr(section, key)) is not None
    )
    for key in ("group_by", "distribution"):
        if (column := getattr(section, key)) is not None:
            _check_column(column, names, document, (*at, key))
    has_groups = section.group_by is not None
    return Gate(
        index=index,
        kind=kind,
        metric=_name(section, names, document, at),
        bounds=bounds,
        group_by=section.group_by,
        min_n=section.min_n or (FEWEST_OF_A_GROUP if has_groups else 1),
        alpha=section.alpha,
        method=section.method or "",
        where=_where(section.where, names, document, (*at, "where")),
        min_coverage=section.min_coverage,
        wanted=_wanted(section.wanted, names.folder, document, (*at, "wanted")),
        max_tv=1.0 if section.max_tv is None else section.max_tv,
        baseline=None if section.baseline is None else names.folder / section.baseline,
        metrics=tuple(section.metrics or ()),
        max_drop=section.max_drop,
        test=section.test or "",
        is_warning=section.severity == "warn",
        allows_partial=section.partial == "allow",
        line=mark.line,
        column=mark.column,
    )


def _name(section: GateSection, names: GateNames, document: Document, at: At) -> str:
    for place, one in enumerate(section.metrics or ()):
        _known_metric(metric_name(one), names, document, (*at, "metrics", place))
    if section.errors is not None:
        _check_share("errors", section.errors, document, (*at, "errors"))
    if section.agreement is not None:
        return _known_agreement(section.agreement, names, document, (*at, "agreement"))
    if section.metric is None:
        return str(section.distribution or section.kind)
    name = section.metric if section.of is None else f"{section.of}_{section.metric}"
    key = "metric" if section.of is None or _is_validator(section.of, names) else "of"
    metric = _known_metric(name, names, document, (*at, key))
    if metric is not None and section.method is not None:
        _check_method(metric, section.method, document, (*at, "method"))
    for key in ("value", "lower", "upper"):
        text = getattr(section, key)
        if metric is not None and metric.kind is MetricKind.RATE and text is not None:
            _check_share(metric.name, text, document, (*at, key))
    return name


def _known_agreement(name: str, names: GateNames, document: Document, at: At) -> str:
    if name not in names.agreements:
        document.report(
            code="unknown-metric",
            message=f"there is no agreement `{name}` under `quality.agreement`",
            at=at,
            fix=did_you_mean(name, names.agreements)
            if names.agreements
            else "add `agreement: {people: {validators: [judge], labels: FILE}}` to `quality`",
        )
    return name


def _check_share(what: str, text: str, document: Document, at: At) -> None:
    """Report a bound that no share can be near: as a rule its % is missing."""
    bound = bound_of(text)
    if not 0 <= bound.number <= 1:
        is_percent = 1 < bound.number <= 100 and "%" not in text
        document.report(
            code="bad-bound",
            message=f"`{what}` is a share, between 0 and 1, so `{text}` says nothing of it",
            at=at,
            fix=f'write `"{bound.text}%"`' if is_percent else "",
        )


def _is_validator(of: str, names: GateNames) -> bool:
    return of in names.validators


def _known_metric(name: str, names: GateNames, document: Document, at: At) -> Metric | None:
    metrics = registered_metrics(names.plugins)
    found = metric_of(name, metrics, names.validators)
    if found is None:
        known = tuple(_all_names(metrics, names.validators))
        document.report(
            code="unknown-metric",
            message=f"there is no metric `{name}`",
            at=at,
            fix=did_you_mean(name, known),
        )
    return found


def _all_names(metrics: Mapping[str, Metric], validators: frozenset[str]) -> Iterator[str]:
    for metric in metrics.values():
        match metric.each:
            case None:
                yield metric.name
            case Each.K:
                yield metric.name.replace("{}", "1")
            case Each.VALIDATOR:
                yield from (metric.name.replace("{}", one) for one in sorted(validators))


_METHODS = {
    MetricKind.RATE: ("wilson", "exact"),
    MetricKind.MEAN: ("t", "bootstrap"),
    MetricKind.SET: ("bootstrap",),
}


def _check_method(metric: Metric, method: str, document: Document, at: At) -> None:
    if method not in _METHODS[metric.kind]:
        document.report(
            code="wrong-value",
            message=f"`{method}` is no method for `{metric.name}`, which is a {metric.kind}",
            at=at,
            fix=did_you_mean(method, _METHODS[metric.kind]),
        )


def _check_column(column: str, names: GateNames, document: Document, at: At) -> None:
    _check_verdict(column, names, document, at)
    if names.columns is not None:
        scope = Scope(variables=names.columns | OF_A_ROW)
        if column not in scope.variables:
            check_variable(column.partition(".")[0], scope, document, at)


def _where(text: str | None, names: GateNames, document: Document, at: At) -> Condition | None:
    if text is None:
        return None
    try:
        condition = compile_condition(text)
    except BadCondition as error:
        document.report_problems([condition_problem(error, text)], at)
        return None
    if names.columns is not None:
        document.report_problems(condition.problems(Scope(variables=names.columns | OF_A_ROW)), at)
    for use in condition.uses:
        _check_verdict(use.name, names, document, at)
    return condition


def _check_verdict(name: str, names: GateNames, document: Document, at: At) -> None:
    """Report `verdicts.NAME` of a validator that the suite has not."""
    first, _, validator = name.partition(".")
    if first != "verdicts" or not validator or validator in names.validators:
        return
    near = nearest(validator, names.validators)
    document.report(
        code="unknown-variable",
        message=f"no validator is called `{validator}`",
        at=at,
        within=name,
        fix=f"write `verdicts.{near}`" if near else "",
    )


def _wanted(
    given: dict[str, float] | str | None, folder: Path, document: Document, at: At
) -> Mapping[str, float]:
    if given is None:
        return {}
    shares: Any = given
    if isinstance(given, str):
        try:
            shares = json.loads((folder / given).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            document.report(
                code="file-not-found",
                message=f"{folder / given} cannot be read as JSON: {error}",
                at=at,
                fix="write the shares here: `wanted: {sorting: 0.5, strings: 0.5}`",
            )
            return {}
    if not _are_shares(shares):
        document.report(
            code="wrong-value",
            message="`wanted` names a share of each value, and all of them add up to 1",
            at=at,
            fix="write it as `{sorting: 0.25, strings: 0.75}`",
        )
        return {}
    return {str(value): float(share) for value, share in shares.items()}


def _are_shares(shares: object) -> bool:
    if not isinstance(shares, Mapping) or not shares:
        return False
    numbers = [one for one in shares.values() if isinstance(one, int | float)]
    are_shares = all(isfinite(one) and one >= 0 for one in numbers)
    return len(numbers) == len(shares) and are_shares and isclose(fsum(numbers), 1, abs_tol=1e-6)
