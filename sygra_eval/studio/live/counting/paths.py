"""Where in a graph something belongs that a journal, or a call, names by its path.

A path is a node's name, of one inside another `outer/inner`, with `#2` behind a name where a record
is there for the second time; behind it may stand what the node asked for: `solve#2/draft`. A
validator's call stands at `validator:NAME/WHEN`, since no node's name has a colon.
"""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sygra_eval.studio.graphs import SuiteGraph
from sygra_eval.studio.live.told import LoopStep

_LATER_VISIT = re.compile(r"#\d+")
_VALIDATOR = "validator:"
_STEPS: Mapping[str, LoopStep] = {"draft": "draft", "critique": "critique", "revise": "revise"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a call belongs: to a node, and to a step of it where it has some; or to a validator.

    :ivar node: Empty where it is a validator's.
    """

    node: str = ""
    step: LoopStep | None = None
    validator: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one graph.

    :ivar nodes: By name, in the order of the graph; with the steps of those that go round.
    """

    nodes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: SuiteGraph | None) -> "Places":
        """Return the places of a graph; without one there are none."""
        return cls(dict(_nodes(graph)))

    def of_call(self, path: str) -> Place:
        """Return where a call belongs; of a node that is not known, by its outermost name."""
        if path.startswith(_VALIDATOR):
            return Place(validator=path.removeprefix(_VALIDATOR).partition("/")[0])
        path = of_any_visit(path)
        node = node_at(path, self.nodes) or path.partition("/")[0]
        step = path[len(node) + 1 :].partition("/")[0]
        return Place(node=node, step=_STEPS.get(step) if step in self.nodes.get(node, ()) else None)


def of_any_visit(path: str) -> str:
    """Return a path without which visit it is of."""
    return _LATER_VISIT.sub("", path) if "#" in path else path


def node_at(path: str, known: Container[str]) -> str | None:
    """Return the innermost known node that a path leads through; a step of it is no node."""
    node = of_any_visit(path)
    while node not in known and "/" in node:
        node = node.rpartition("/")[0]
    return node if node in known else None


def _nodes(graph: SuiteGraph | None, outer: str = "") -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the nodes of a graph and of those inside it, and the steps of each."""
    for node in graph.nodes if graph is not None else ():
        name = f"{outer}/{node.name}" if outer else node.name
        yield name, node.loop.steps if node.loop is not None else ()
        yield from _nodes(node.inner, name)
