"""The graph as a record walks it: which edge it takes, and the number of each visit.

A walk is a pure function of the record's variables, so a resumed run that finds the visits in its
journal comes by the same way to the same place. Start at `Walk.step`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self

from sygra_eval.suite.condition_terms import UnfitForCondition, Variables
from sygra_eval.suite.conditions import Condition
from sygra_eval.suite.schema import MAX_VISITS
from sygra_eval.values import InfrastructureError

START, END = "START", "END"


class NoWay(InfrastructureError):
    """A record stands at a node that no edge leads on from; it ends as `failed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A way from one node to the next.

    :ivar when: What must hold; None for the edge that is taken when no other is.
    :ivar most: So often a record takes it; then it is closed.
    :ivar index: Its place in the document.
    """

    source: str
    target: str
    when: Condition | None = None
    most: int | None = None
    index: int = 0

    @property
    def label(self) -> str:
        """How it is told of."""
        return f"{self.source} -> {self.target}"


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by name and the edges between them.

    :ivar nodes: Those that START leads to; each stands behind one that leads to it.
    :ivar max_visits: So often a record visits one node at most.
    :ivar leaving: By the name of a node, its edges in the order in which they are tried.
    :ivar is_straight: Every record takes the same way, and visits each node once.
    """

    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]
    max_visits: int = MAX_VISITS
    leaving: dict[str, tuple[Edge, ...]] = field(init=False, compare=False, repr=False)
    is_straight: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        leaving: dict[str, list[Edge]] = {}
        for edge in sorted(self.edges, key=lambda edge: (edge.when is None, edge.index)):
            leaving.setdefault(edge.source, []).append(edge)
        object.__setattr__(self, "leaving", {name: tuple(out) for name, out in leaving.items()})
        is_straight = all(
            len(out) == 1 and out[0].when is None and out[0].most is None
            for out in leaving.values()
        )
        object.__setattr__(self, "is_straight", is_straight)

    @classmethod
    def straight(cls, nodes: Sequence[str]) -> Self:
        """Return the graph that leads from node to node."""
        places = (START, *nodes, END)
        return cls(
            tuple(nodes),
            tuple(
                Edge(source=source, target=target, index=index)
                for index, (source, target) in enumerate(pairwise(places))
            ),
        )


@dataclass(slots=True)
class Walk:
    """One record's way through a graph.

    :ivar outer: The visit of the node that the graph is inside of; empty for the suite's own.
    :ivar path: The edges that it took, in order.
    """

    graph: Graph
    outer: str = ""
    at: str = START
    path: list[Edge] = field(default_factory=list)
    _visits: Counter[str] = field(default_factory=Counter)
    _taken: Counter[int] = field(default_factory=Counter)

    def step(self, variables: Variables) -> str | None:
        """Take the next edge; return the node it leads to, None at the end.

        :raises NoWay: When no edge can be taken, or a node was visited too often.
        """
        edge = self._next(variables)
        if edge.target != END and self._visits[edge.target] >= self.graph.max_visits:
            raise self._stuck(
                f"`{edge.label}` leads to `{edge.target}` again, which was visited "
                f"{self.graph.max_visits} times (`max_visits`)"
            )
        self._taken[edge.index] += 1
        self._visits[edge.target] += 1
        self.path.append(edge)
        self.at = edge.target
        return None if edge.target == END else edge.target

    @property
    def visit(self) -> int:
        """Which visit of its node this is; the first is 1."""
        return self._visits[self.at]

    @property
    def key(self) -> str:
        """What this visit is called in the journal; a first one by its node alone."""
        key = visit_key(self.at, self.visit)
        return f"{self.outer}/{key}" if self.outer else key

    def _next(self, variables: Variables) -> Edge:
        edges = self.graph.leaving.get(self.at, ())
        told: list[str] = []
        for edge in edges:
            if edge.most is not None and self._taken[edge.index] >= edge.most:
                told.append(f"`{edge.label}` was taken {edge.most} times (its `max`)")
            elif edge.when is None or self._holds(edge, edge.when, variables):
                return edge
            else:
                told.append(f"`{edge.label}` needs `{edge.when.text}`{_but(edge.when, variables)}")
        why = "; ".join(told) or "it has none"
        raise self._stuck(f"no edge leads on from `{self.at}`: {why}")

    def _holds(self, edge: Edge, when: Condition, variables: Variables) -> bool:
        try:
            return when.holds(variables)
        except UnfitForCondition as error:
            raise self._stuck(f"edge `{edge.label}`, `when: {when.text}`: {error}") from error

    def _stuck(self, why: str) -> NoWay:
        return NoWay(f"in `{self.outer}`: {why}" if self.outer else why)


def visit_key(node: str, visit: int) -> str:
    """Return what a visit is called in the journal; no node's name has a `#`."""
    return node if visit == 1 else f"{node}#{visit}"


def _but(when: Condition, variables: Variables) -> str:
    values = when.values(variables)
    return f", and {values}" if values else ""
