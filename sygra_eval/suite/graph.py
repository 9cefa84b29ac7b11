"""From nodes and edges to a graph: what is wrong with its shape, before anything walks it.

What is wrong with names on the way through it is for `graph_names`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from sygra_eval.suite.conditions import (
    BadCondition,
    Condition,
    compile_condition,
    condition_problem,
)
from sygra_eval.suite.document import At, Document
from sygra_eval.suite.nearest import did_you_mean
from sygra_eval.suite.schema import MAX_VISITS, EdgeSection
from sygra_eval.suite.walk import END, START, Edge, Graph

_EDGES: At = ("graph_config", "edges")


def compile_graph(
    nodes: Sequence[str], section: Mapping[str, Any], document: Document
) -> Graph | None:
    """Return the graph; None, with diagnostics, when its edges do not make one.

    :param section: The raw `graph_config`, whose edges may have errors that were told of already.
    """
    raw = section.get("edges")
    if not nodes or not isinstance(raw, list) or not raw:
        return None
    edges: list[Edge] = []
    is_known = True
    for index, one in enumerate(raw):
        try:
            edge = EdgeSection.model_validate(one)
        except ValidationError:
            return None  # reported with the section
        is_known &= _check_ends(nodes, index, edge, document)
        edges.append(
            Edge(
                source=edge.from_,
                target=edge.to,
                when=_condition(edge.when, index, document),
                most=edge.max,
                index=index,
            )
        )
    if not is_known or not _has_both_ends(nodes, edges, document):
        return None
    _check_defaults(edges, document)
    most = section.get("max_visits", MAX_VISITS)
    graph = Graph(_in_order(edges), tuple(edges), most if isinstance(most, int) else MAX_VISITS)
    _check_ways(nodes, graph, document)
    return graph


def graph_of(document: Mapping[str, Any]) -> Graph:
    """Return the graph of a suite that was found right before; an empty one where there is none."""
    section = document.get("graph_config")
    section = section if isinstance(section, dict) else {}
    nodes = section.get("nodes")
    graph = compile_graph(list(nodes or ()), section, Document("suite.yaml"))
    return graph if graph is not None else Graph((), ())


def reached_from(start: str, edges: Iterable[Edge], *, is_backwards: bool = False) -> set[str]:
    """Return what can be reached from a node, itself only through a cycle."""
    follows: dict[str, list[str]] = {}
    for edge in edges:
        source, target = edge.source, edge.target
        if is_backwards:
            source, target = target, source
        follows.setdefault(source, []).append(target)
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for name in follows.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen


def always_visited(graph: Graph) -> tuple[str, ...]:
    """Return the nodes that every way from START to END leads through, in order."""
    return tuple(
        name
        for name in graph.nodes
        if END
        not in reached_from(START, (e for e in graph.edges if name not in (e.source, e.target)))
    )


def most_visits(graph: Graph) -> dict[str, int]:
    """Return how often one record visits each node at most."""
    most = {
        name: graph.max_visits if name in reached_from(name, graph.edges) else 1
        for name in graph.nodes  # to come twice to one that no cycle leads through there is no way
    }
    entering: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        entering.setdefault(edge.target, []).append(edge)

    def taken(edge: Edge) -> int:
        visits = 1 if edge.source == START else most.get(edge.source, 0)
        return visits if edge.most is None else min(visits, edge.most)

    for _ in graph.nodes:  # each turn can only lower them
        lower = {name: min(most[name], sum(map(taken, entering.get(name, ())))) for name in most}
        if lower == most:
            break
        most = lower
    return most


def _condition(text: str | None, index: int, document: Document) -> Condition | None:
    if text is None:
        return None
    try:
        return compile_condition(text)
    except BadCondition as error:
        problem = condition_problem(error, text)
        document.report_problems([problem], (*_EDGES, index, "when"))
        return compile_condition("True")  # so that what is behind it is looked at too


def _check_ends(nodes: Sequence[str], index: int, edge: EdgeSection, document: Document) -> bool:
    is_fine = True
    for key, name, implicit in (("from", edge.from_, START), ("to", edge.to, END)):
        if name in nodes or name == implicit:
            continue
        is_fine = False
        document.report(
            code="unknown-node",
            message=f"there is no node `{name}`"
            if name not in (START, END)
            else f"an edge cannot go {key} `{name}`",
            at=(*_EDGES, index, key),
            fix=did_you_mean(name, [*nodes, implicit]),
        )
    return is_fine


def _has_both_ends(nodes: Sequence[str], edges: Sequence[Edge], document: Document) -> bool:
    has_start = any(edge.source == START for edge in edges)
    has_end = any(edge.target == END for edge in edges)
    if not has_start:
        _report_missing(document, f"{{from: START, to: {nodes[0]}}}", "from `START`")
    if not has_end:
        _report_missing(document, f"{{from: {nodes[-1]}, to: END}}", "to `END`")
    return has_start and has_end


def _report_missing(document: Document, edge: str, where: str) -> None:
    document.report(
        code="missing-edge",
        message=f"no edge goes {where}",
        at=_EDGES,
        fix=f"add `{edge}`",
        is_key=True,
    )


def _check_defaults(edges: Sequence[Edge], document: Document) -> None:
    """Report a second edge that is to be taken when no other is: a record takes one way."""
    first: dict[str, Edge] = {}
    for edge in edges:
        if edge.when is not None:
            continue
        before = first.setdefault(edge.source, edge)
        if before is not edge:
            document.report(
                code="two-defaults",
                message=f"`{before.label}` and `{edge.label}` have no `when` both, and a record "
                "takes one of them",
                at=(*_EDGES, edge.index, "to"),
                fix='add `when: "..."` to one of them',
            )


def _in_order(edges: Sequence[Edge]) -> tuple[str, ...]:
    """Return the nodes that START leads to, each behind one that leads to it."""
    follows: dict[str, list[str]] = {}
    for edge in edges:
        follows.setdefault(edge.source, []).append(edge.target)
    done: list[str] = []
    seen = {START, END}
    waiting: list[tuple[str, Iterable[str]]] = [(START, iter(follows[START]))]
    while waiting:  # depth first, by hand: a document may be deeper than Python's stack
        name, targets = waiting[-1]
        following = next((t for t in targets if t not in seen), None)
        if following is not None:
            seen.add(following)
            waiting.append((following, iter(follows.get(following, ()))))
        else:
            waiting.pop()
            done.append(name)
    return tuple(reversed(done[:-1]))


def _check_ways(nodes: Sequence[str], graph: Graph, document: Document) -> None:
    """Report nodes that no record comes to, and those that none comes away from."""
    for name in nodes:
        if name not in graph.nodes:
            document.report(
                code="unreachable-node",
                message=f"no path from START leads to `{name}`",
                at=("graph_config", "nodes", name),
                fix="add an edge to it, or take it out",
                is_key=True,
            )
    to_end = reached_from(END, graph.edges, is_backwards=True)
    stuck = [name for name in graph.nodes if name not in to_end]
    last = [name for name in stuck if name not in graph.leaving]
    for name in last:
        _report_stuck(f"no edge leads on from `{name}`", name, document)
    before_last = {
        one for name in last for one in reached_from(name, graph.edges, is_backwards=True)
    }
    going_round = [name for name in stuck if name not in before_last and name in graph.leaving]
    if going_round:
        told = ", ".join(f"`{name}`" for name in going_round)
        _report_stuck(f"no path leads from {told} to END", going_round[-1], document)


def _report_stuck(message: str, name: str, document: Document) -> None:
    document.report(
        code="dead-end",
        message=message,
        at=("graph_config", "nodes", name),
        fix=f"add `{{from: {name}, to: END}}`",
        is_key=True,
    )
