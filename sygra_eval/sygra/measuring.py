"""Metrics that a task names: looked at before the run, and of how many records they speak after it.

In SyGra a metric that does not exist ends every record, and the summary of no record says accuracy
0.0 with success (P19). Here the name is an error before the run, and a summary says of how many
records it knows anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sygra_eval.suite import did_you_mean
from sygra_eval.sygra.flat import Flat
from sygra_eval.sygra.keys import At
from sygra_eval.sygra.naming import TaskFault, function_at
from sygra_eval.values import Problem

_METRICS = "sygra.core.eval.metrics"
_OF_ONE = f"{_METRICS}.unit_metrics.unit_metric_registry.UnitMetricRegistry"
_OF_MANY = f"{_METRICS}.aggregator_metrics.aggregator_metric_registry.AggregatorMetricRegistry"
_SUMMARY = "evaluation_summary"


def metric_problems(data: Mapping[str, Any], flat: Flat) -> Iterator[Problem]:
    """Yield metrics that do not exist or cannot be made as the task asks."""
    for name, node in flat.nodes.items():
        if node["node_type"] == "lambda" and isinstance(node.get("unit_metrics_map"), list):
            at: At = ("graph_config", "nodes", name.partition(".")[0])
            at = at if "." in name else (*at, "unit_metrics_map")
            yield from _unfit(node["unit_metrics_map"], _OF_ONE, at)
    for place, one in enumerate(data.get("graph_post_process") or ()):
        listed = _listed(one)
        if listed:
            at = ("graph_post_process", place)
            yield from _unfit(listed, _OF_MANY, (*at, "params", "aggregator_metrics_map"))


def lend(metrics: Any) -> None:
    """Let a metric answer to another name, with parameters of its own, while a task is loaded.

    For tasks that ask for one that was never there: `metrics: {fuzzy_match: {use:
    typed_value_match, params: {...}}}` in the side file says what is meant.

    :raises TaskFault: When there is no metric of that name.
    """
    for name, about in metrics.items() if isinstance(metrics, Mapping) else ():
        if not isinstance(about, Mapping) or not about.get("use"):
            raise TaskFault(f"`metrics: {name}:` says by `use:` which metric is meant")
        registry = function_at(_OF_ONE)
        if not registry.has_metric(about["use"]):
            raise TaskFault(f"`metrics: {name}:` there is no metric `{about['use']}`")
        meant, params = registry.get_metric_class(about["use"]), dict(about.get("params") or {})
        registry.register(str(name), _with(meant, params))


def _with(meant: type[Any], params: Mapping[str, Any]) -> type[Any]:
    def begin(self: Any, **asked: Any) -> None:
        del asked  # what the task says to the metric that there is not
        meant.__init__(self, **params)

    return type(meant.__name__, (meant,), {"__init__": begin, "__module__": "sygra_lent"})


def _listed(processor: Any) -> list[Any]:
    params = processor.get("params") if isinstance(processor, Mapping) else None
    found = params.get("aggregator_metrics_map") if isinstance(params, Mapping) else None
    return found if isinstance(found, list) else []


def _unfit(listed: Sequence[Any], registry_path: str, at: At) -> Iterator[Problem]:
    try:
        registry = function_at(registry_path)
        known = list(registry.list_metrics())
    except TaskFault:  # a SyGra is installed that has none
        return
    for place, one in enumerate(listed):
        given: Mapping[str, Any] = one if isinstance(one, Mapping) else {}
        name, where = str(given.get("name")), at if "unit_metrics_map" not in at else (*at, place)
        if name not in known:
            yield Problem(
                code="sygra-no-metric",
                message=f"there is no metric `{name}`: every record would end at it; there are "
                f"{', '.join(known)}",
                at=where,
                fix=did_you_mean(name, known) or _FIXES.get(name, ""),
            )
            continue
        try:
            registry.get_metric(name, **(given.get("params") or {}))
        except Exception as error:  # noqa: BLE001 - the boundary: a metric may be the task's own
            told = " ".join(str(error).split("For further information")[0].split())
            message = f"the metric `{name}` cannot be made as it is asked for: {told}"
            yield Problem(code="sygra-no-metric", message=message, at=where)


_FIXES = {"fuzzy_match": "`typed_value_match` with `fuzzy_match_threshold` compares so"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """Of how many records a column of results says anything.

    :ivar errors: Where the metric could not say.
    :ivar missing: Records without a result; `failed` are those that made no row at all.
    """

    column: str
    evaluated: int
    errors: int
    missing: int
    failed: int

    @property
    def told(self) -> str:
        """In words."""
        total = self.evaluated + self.errors + self.missing + self.failed
        parts = [
            f"{count} {word}"
            for count, word in (
                (self.errors, "could not be compared"),
                (self.missing, "without a result"),
                (self.failed, "failed"),
            )
            if count
        ]
        more = f" ({', '.join(parts)})" if parts else ""
        return f"`{self.column}`: {self.evaluated} of {total} records evaluated{more}"

    def as_dict(self) -> dict[str, int]:
        """As the summary holds it."""
        return {
            "evaluated": self.evaluated,
            "errors": self.errors,
            "missing": self.missing,
            "failed": self.failed,
        }


def evaluated_of(processor: Any, rows: Sequence[Any], failed: int) -> list[Evaluated]:
    """Return, for each column of results that a processor takes, of how many records it speaks."""
    columns: dict[str, None] = {}
    for one in _listed(processor):
        given = one.get("unit_metrics_results") if isinstance(one, Mapping) else None
        for name in given[:1] if isinstance(given, list) else [given] if given else []:
            columns[str(name)] = None
    return [_evaluated(name, rows, failed) for name in columns]


def _evaluated(column: str, rows: Sequence[Any], failed: int) -> Evaluated:
    found = [row.get(column) if isinstance(row, Mapping) else None for row in rows]
    there = [one for one in found if isinstance(one, Mapping)]
    errors = sum(1 for one in there if "error" in (one.get("metadata") or {}))
    return Evaluated(
        column=column,
        evaluated=len(there) - errors,
        errors=errors,
        missing=len(found) - len(there),
        failed=failed,
    )


def with_evaluated(made: list[Any], evaluated: Sequence[Evaluated]) -> list[Any]:
    """Return a summary of metrics with the records that it speaks of; other lists as they are."""
    if not evaluated:
        return made
    told = {one.column: one.as_dict() for one in evaluated}
    return [
        {**one, _SUMMARY: {**one[_SUMMARY], "records": told}}
        if isinstance(one, Mapping) and isinstance(one.get(_SUMMARY), Mapping)
        else one
        for one in made
    ]


def fault_of(made: Sequence[Any]) -> str:
    """Return why a summary could not be made, as SyGra's own writes it; empty where it could."""
    for one in made:
        summary = one.get(_SUMMARY) if isinstance(one, Mapping) else None
        if isinstance(summary, Mapping) and summary.get("status") == "fatal_error":
            return str(summary.get("error") or "fatal_error")
    return ""
