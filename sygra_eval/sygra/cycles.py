"""Finds cycles of a task's graph that no edge leads out of."""

from collections.abc import Mapping

from sygra_eval.sygra.flat import Flat


def endless(flat: Flat) -> list[str]:
    """Return nodes that a record comes to and never away from; one for each cycle."""
    follows: dict[str, set[str]] = {}
    for edge in flat.edges:
        targets = set(edge["path_map"].values()) if "condition" in edge else {edge["to"]}
        follows.setdefault(edge["from"], set()).update(targets)
    reached = _reached("__start__", follows)
    out = {name for name in reached if name not in follows}
    found = []
    for name in sorted(reached - {"__end__"}):
        ways = _reached(name, follows)
        if name in ways and "__end__" not in ways and not ways & out:
            found.append(name)
    return found[:1]


def _reached(start: str, follows: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for name in follows.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen
