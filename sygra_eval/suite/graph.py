"""The order in which nodes run. This version runs straight graphs: START → … → END."""

from collections.abc import Mapping, Sequence

from sygra_eval.suite.document import At, Document
from sygra_eval.suite.nearest import did_you_mean

START, END = "START", "END"
Edge = tuple[str, str]


def straight_order(
    nodes: Sequence[str], edges: Mapping[int, Edge], document: Document
) -> tuple[str, ...] | None:
    """Return the nodes from START to END; None, with diagnostics, when the graph is not straight.

    :param edges: By their index in the document.
    """
    at: At = ("graph_config", "edges")
    is_known = [_check_ends(nodes, index, edge, document) for index, edge in edges.items()]
    if not all(is_known):
        return None
    following = _following(edges, document)
    if following is None:
        return None
    if START not in following:
        _report_missing(document, f"{{from: START, to: {nodes[0]}}}", START)
    if END not in following.values():
        _report_missing(document, f"{{from: {nodes[-1]}, to: END}}", END)
    if START not in following or END not in following.values():
        return None
    order, place = [], following[START]
    while place != END:
        order.append(place)
        if place not in following:
            document.report(
                code="unsupported-graph",
                message=f"no edge leads on from `{place}`, and this version runs straight graphs",
                at=at,
                fix=f"add `{{from: {place}, to: ...}}`",
                is_key=True,
            )
            return None
        place = following[place]
    for name in nodes:
        if name not in order:
            document.report(
                code="unreachable-node",
                message=f"no path from START leads to `{name}`",
                at=("graph_config", "nodes", name),
                fix="add an edge to it, or take it out",
                is_key=True,
            )
    return tuple(order)


def _check_ends(nodes: Sequence[str], index: int, edge: Edge, document: Document) -> bool:
    is_fine = True
    for key, name, implicit in (("from", edge[0], START), ("to", edge[1], END)):
        if name in nodes or name == implicit:
            continue
        is_fine = False
        document.report(
            code="unknown-node",
            message=f"there is no node `{name}`"
            if name not in (START, END)
            else f"an edge cannot go {key} `{name}`",
            at=("graph_config", "edges", index, key),
            fix=did_you_mean(name, [*nodes, implicit]),
        )
    return is_fine


def _following(edges: Mapping[int, Edge], document: Document) -> dict[str, str] | None:
    """Return what follows each node; None when something branches, joins or loops."""
    following: dict[str, str] = {}
    before: set[str] = set()
    is_straight = True
    for index, (source, target) in edges.items():
        for key, name, seen in (("from", source, following), ("to", target, before)):
            if name in seen:
                is_straight = False
                verb = "leaves" if key == "from" else "enters"
                document.report(
                    code="unsupported-graph",
                    message=f"a second edge {verb} `{name}`; this version runs straight graphs",
                    at=("graph_config", "edges", index, key),
                    fix="leave one edge from each node to the next, START to END",
                )
        following.setdefault(source, target)
        before.add(target)
    return following if is_straight else None


def _report_missing(document: Document, edge: str, end: str) -> None:
    document.report(
        code="unsupported-graph",
        message=f"no edge goes {'from' if end == START else 'to'} `{end}`",
        at=("graph_config", "edges"),
        fix=f"add `{edge}`",
        is_key=True,
    )
