"""Follows the names along the ways of a graph: what is set for sure where, and what perhaps.

A variable that one branch sets and another does not would be found missing by the first record
that takes the other one, when money has been spent. Start at `flow_of`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sygra_eval.suite.graph import reached_from
from sygra_eval.suite.walk import END, START, Edge, Graph

Adds = Mapping[str, Sequence[str] | None]
"""By node the variables that it adds; None when nobody declares them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What is set where in a graph.

    :ivar surely: By node, and END: what every way to it sets; `perhaps` what one of them sets.
    :ivar behind: By edge's index, what is surely set where it is looked at.
    :ivar guards: By edge's index, what is set for sure once it is taken.
    :ivar is_open: The nodes, and END, to which a way leads past a node that may add anything.
    """

    graph: Graph
    adds: Adds
    columns: frozenset[str]
    surely: Mapping[str, frozenset[str]]
    perhaps: Mapping[str, frozenset[str]]
    behind: Mapping[int, frozenset[str]]
    guards: Mapping[int, frozenset[str]]
    is_open: frozenset[str]

    def unset_at(self, name: str) -> dict[str, str]:
        """Return what only some ways to a node set, each with a way that does not."""
        return {
            variable: self._way_without(variable, name)
            for variable in self.perhaps[name] - self.surely[name]
        }

    def unset_behind(self, edge: Edge) -> dict[str, str]:
        """Return the same for where an edge's condition is looked at."""
        source = edge.source
        if source == START:
            return {}
        left = self.perhaps[source] - self.behind[edge.index] - set(self.adds.get(source) or ())
        return {variable: self._way_without(variable, source) for variable in left}

    def _way_without(self, variable: str, name: str) -> str:
        """Return the shortest way from START to a node on which nobody sets a variable."""
        before: dict[str, str] = {START: ""}
        waiting = [START]
        for at in waiting:
            if at != START and variable in (self.adds.get(at) or ()):
                continue
            for edge in self.graph.leaving.get(at, ()):
                if edge.target not in before and variable not in self.guards[edge.index]:
                    before[edge.target] = at
                    waiting.append(edge.target)
        way = [name]
        while before.get(way[-1]):
            way.append(before[way[-1]])
        return " -> ".join(reversed(way))


def flow_of(graph: Graph, columns: frozenset[str], adds: Adds) -> Flow:
    """Return what is set where, when the columns of a row are set at START."""
    places = (*graph.nodes, END)
    entering: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        if edge.source == START or edge.source in graph.nodes:
            entering.setdefault(edge.target, []).append(edge)
    guards = {edge.index: on_it for edge, _, on_it in _guards(graph)}
    everything = columns.union(*(added or () for added in adds.values()), *guards.values())
    surely = {START: columns, **dict.fromkeys(places, everything)}
    perhaps = {START: columns, **dict.fromkeys(places, frozenset[str]())}

    def added(name: str) -> frozenset[str]:
        return frozenset(adds.get(name) or ())

    is_changing = True
    while is_changing:
        is_changing = False
        for place in places:
            edges = entering.get(place, [])
            sure = [surely[e.source] | added(e.source) | guards[e.index] for e in edges]
            after = frozenset.intersection(*sure) if sure else columns
            may = columns.union(*(perhaps[e.source] | added(e.source) for e in edges))
            is_changing |= (after, may) != (surely[place], perhaps[place])
            surely[place], perhaps[place] = after, may
    open_nodes = [name for name in graph.nodes if name in adds and adds[name] is None]
    return Flow(
        graph=graph,
        adds=adds,
        columns=columns,
        surely=surely,
        perhaps=perhaps,
        behind={
            edge.index: surely.get(edge.source, columns) | added(edge.source) | known
            for edge, known, _ in _guards(graph)
        },
        guards=guards,
        is_open=frozenset().union(*(reached_from(name, graph.edges) for name in open_nodes)),
    )


def _guards(graph: Graph) -> Iterator[tuple[Edge, frozenset[str], frozenset[str]]]:
    """Yield the edges with what is known to be set, by `is_set()`, where they are looked at.

    And with what is known on them, once they are taken.
    """
    for edges in graph.leaving.values():
        known: frozenset[str] = frozenset()
        for edge in edges:
            yield edge, known, known | (edge.when.sets_if_true if edge.when else frozenset())
            if edge.when is not None and edge.most is None:
                known |= edge.when.sets_if_false


def overwritten_by(graph: Graph, name: str, adds: Adds) -> Iterator[tuple[str, str]]:
    """Yield (variable, node before) where a node hides what one before it added, to no purpose.

    In a cycle a later round takes the place of an earlier one, and of two branches only one is
    taken, so neither hides anything.
    """
    if name in reached_from(name, graph.edges):
        return
    before = reached_from(name, graph.edges, is_backwards=True)
    for other in graph.nodes:
        if other not in before or other in reached_from(other, graph.edges):
            continue
        for variable in adds.get(name) or ():
            if variable in (adds.get(other) or ()):
                yield variable, other


def endless_cycles(graph: Graph, adds: Adds) -> Iterator[tuple[Edge, tuple[str, ...]]]:
    """Yield the edges back of cycles that nothing in them can end, with their nodes.

    An exit that depends on nothing that the cycle sets is taken in the first round or never.
    """
    reached = {name: reached_from(name, graph.edges) for name in graph.nodes}
    seen: set[str] = set()
    for name in graph.nodes:
        if name in seen or name not in reached[name]:
            continue
        cycle = tuple(n for n in graph.nodes if n in reached[name] and name in reached[n])
        seen.update(cycle)
        inside = [e for e in graph.edges if e.source in cycle and e.target in cycle]
        exits = {e.source for e in graph.edges if e.source in cycle and e.target not in cycle}
        if not exits or any(edge.most is not None for edge in inside):
            continue  # without an exit END is not reached, which is told of as such
        if any(adds.get(one) is None for one in cycle):
            continue  # who knows what it sets
        asked = {
            variable
            for source in exits
            for edge in graph.leaving[source]
            if edge.when is not None
            for variable in edge.when.names
        }
        if not asked & {variable for one in cycle for variable in adds[one] or ()}:
            order = {one: place for place, one in enumerate(graph.nodes)}
            yield next(e for e in inside if order[e.target] <= order[e.source]), cycle
