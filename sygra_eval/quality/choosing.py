"""Which metrics are compared: those that were asked for, else all that both sides have."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from sygra_eval.quality.comparing import says_the_same
from sygra_eval.quality.sides import Side, shown
from sygra_eval.values import Direction, MetricKind, UsageError


def chosen(
    before: Side, after: Side, asked: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the metrics to test, and those that were left out by the one that says the same.

    :param asked: `NAME`, or `NAME:higher` and `NAME:lower` to say which way is better.
    :raises UsageError: When a side lacks one that was asked for, or versions or kinds differ.
    """
    if asked:
        names = tuple(dict.fromkeys(_asked(before, after, one) for one in asked))
        for name in names:
            _refuse_unlike(before, after, name)
        return names, {}
    common = sorted(
        before.metrics.keys() & after.metrics.keys(), key=lambda one: _place(before, one)
    )
    if not common:
        raise UsageError(_nothing_in_common(before, after))
    kept: list[str] = []
    same: dict[str, str] = {}
    for name in common:
        if _is_empty(before, name) or _is_empty(after, name):
            continue
        _refuse_unlike(before, after, name)
        twin = next((one for one in kept if says_the_same(one, name, (before, after))), None)
        is_set = before.metrics[name].metric.kind is MetricKind.SET
        if twin is None or is_set:
            kept.append(name)
        else:
            same[name] = twin
    if not kept:
        raise UsageError(f"{_nothing_in_common(before, after)} with a value")
    return tuple(kept), same


_KINDS = tuple(MetricKind)


def _place(side: Side, name: str) -> tuple[bool, bool, int, str]:
    """Order metrics: which of two that say the same is tested is that which comes first."""
    metric = side.metrics[name].metric
    has_none = metric.direction is Direction.NONE
    return name != "verified_rate", has_none, _KINDS.index(metric.kind), name


def _asked(before: Side, after: Side, given: str) -> str:
    """Return the name that was asked for, with its direction noted on both sides."""
    name, _, word = given.strip().rpartition(":")
    is_direction = bool(name) and word in set(Direction)
    name = name if is_direction else given.strip()
    for side in (before, after):
        if name not in side.metrics:
            raise UsageError(_unknown(side, name))
    if is_direction:
        for side in (before, after):
            metric = side.metrics[name].metric
            side.metrics[name].metric = replace(metric, direction=Direction(word))
    return name


def _unknown(side: Side, name: str) -> str:
    facts = side.facts
    if why := side.left_out.get(name):
        return f"{shown(facts.name)}: `{shown(name)}` is no metric: {why}"
    near = get_close_matches(name, side.metrics, n=1)
    known = ", ".join(map(shown, side.metrics)) or "none"
    hint = f"did you mean `{shown(near[0])}`?" if near else f"there are: {known}"
    return f"{shown(facts.name)} has no metric `{shown(name)}`; {hint}"


def _refuse_unlike(before: Side, after: Side, name: str) -> None:
    a, b = before.metrics[name].metric, after.metrics[name].metric
    if a.version != b.version:
        raise UsageError(
            f"metric `{shown(name)}` has version {a.version} in {before.facts.name} and "
            f"{b.version} in {after.facts.name}: their values mean different things; bless "
            "the older one anew, or name the other metrics with --metrics"
        )
    if a.kind is not b.kind:
        raise UsageError(
            f"metric `{shown(name)}` is a {a.kind} in {before.facts.name} and a {b.kind} in "
            f"{after.facts.name}: values of two types are not compared"
        )


def _is_empty(side: Side, name: str) -> bool:
    values = side.metrics[name]
    if values.metric.kind is MetricKind.SET:
        return name not in side.fixed and not any(row.tokens for row in side.rows)
    return not values.values and not values.errors


def _nothing_in_common(before: Side, after: Side) -> str:
    told = "; ".join(
        f"{side.facts.name} has {', '.join(map(shown, side.metrics)) or 'none'}"
        for side in (before, after)
    )
    left = [
        f"`{shown(name)}` of {shown(side.facts.name)}: {why}"
        for side in (before, after)
        for name, why in side.left_out.items()
    ]
    return "; ".join([f"the two have no metric in common: {told}", *left])
