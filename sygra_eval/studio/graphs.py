"""A suite's graph as the page draws it, read from the document; nothing of it is executed.

Start at `graph_in`. It takes what a suite file says and what a run's folder keeps alike, and what
is not as it should be is left out: what is wrong with it is for the diagnostics to say.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sygra_eval.studio.told import Told

START, END = "START", "END"
MOST_DEPTH = 8
_LOOPS = frozenset({"critique_loop"})
_DEFAULT_SENTINEL = "NO MORE FEEDBACK"
_DEFAULT_ROUNDS = 4


class LoopRule(Told):
    """How a node that goes round by itself ends.

    :ivar steps: What one round is made of, as `draft`, `critique`, `revise`.
    :ivar sentinel: The critic's stop phrase; None where no critic ends it.
    :ivar accepted_by: Validators that have to pass for it to be granted.
    """

    steps: list[str]
    max_rounds: int
    sentinel: str | None
    accepted_by: list[str]


class GraphNode(Told):
    """A node.

    :ivar kind: Its type, as `critique_loop` or `llm`.
    :ivar models: Names of the suite's models that it asks.
    :ivar loop: None where it does not go round by itself.
    :ivar inner: The graph inside it; None where there is none, or it stands in another file.
    :ivar line: In the suite's file, from 1; None in a run's.
    """

    name: str
    kind: str
    models: list[str]
    outputs: list[str]
    loop: LoopRule | None
    inner: "SuiteGraph | None"
    line: int | None


class GraphEdge(Told):
    """A way from one node to the next; `START` and `END` are nodes that stand in no list.

    :ivar when: Its condition; None for the one that is taken when no other is.
    :ivar most: So often a record takes it.
    :ivar is_back: It leads back to a node that a record may have come from, so it closes a loop.
    """

    source: str
    target: str
    when: str | None
    most: int | None
    is_back: bool


class SuiteGraph(Told):
    """Nodes and edges.

    :ivar loops: The nodes of each cycle, each behind one that leads to it.
    :ivar max_visits: So often a record visits one node at most.
    """

    nodes: list[GraphNode]
    edges: list[GraphEdge]
    loops: list[list[str]]
    max_visits: int


class GraphValidator(Told):
    """What judges each record at its end."""

    name: str
    kind: str
    is_required: bool


def graph_in(
    document: Mapping[str, Any], lines: Mapping[str, int] | None = None, depth: int = 0
) -> SuiteGraph | None:
    """Return the graph of a document; None where it has none.

    :param lines: In which line of its file each node stands.
    """
    section = document.get("graph_config")
    if not isinstance(section, Mapping) or depth > MOST_DEPTH:
        return None
    nodes = section.get("nodes")
    nodes = nodes if isinstance(nodes, Mapping) else {}
    models = document.get("models")
    known = set(models) if isinstance(models, Mapping) else set()
    edges = list(_edges(section.get("edges")))
    back = _back(edges)
    most = section.get("max_visits")
    return SuiteGraph(
        nodes=[
            _node(str(name), entry, known, (lines or {}).get(str(name)), depth)
            for name, entry in nodes.items()
            if isinstance(entry, Mapping)
        ],
        edges=[
            GraphEdge(
                source=source,
                target=target,
                when=when,
                most=limit,
                is_back=(source, target) in back,
            )
            for source, target, when, limit in edges
        ],
        loops=_cycles([(source, target) for source, target, _, _ in edges]),
        max_visits=most if isinstance(most, int) else 100,
    )


def validators_in(document: Mapping[str, Any]) -> list[GraphValidator]:
    """Return the validators of a document."""
    quality = document.get("quality")
    entries = quality.get("validators") if isinstance(quality, Mapping) else None
    return [
        GraphValidator(
            name=str(entry.get("name") or entry.get("use") or ""),
            kind=str(entry.get("use") or ""),
            is_required=entry.get("required") is True,
        )
        for entry in entries or ()
        if isinstance(entry, Mapping)
    ]


_Edge = tuple[str, str, str | None, int | None]


def _edges(raw: object) -> Iterator[_Edge]:
    for one in raw if isinstance(raw, Sequence) and not isinstance(raw, str) else ():
        if isinstance(one, Mapping) and one.get("from") is not None and one.get("to") is not None:
            when, most = one.get("when"), one.get("max")
            yield (
                str(one["from"]),
                str(one["to"]),
                None if when is None else str(when),
                most if isinstance(most, int) else None,
            )


def _node(
    name: str, entry: Mapping[str, Any], known: set[str], line: int | None, depth: int
) -> GraphNode:
    kind = str(entry.get("node_type") or entry.get("use") or "")
    return GraphNode(
        name=name,
        kind=kind,
        models=list(dict.fromkeys(_models(entry, known))),
        outputs=_texts(entry.get("output_keys") or entry.get("output")),
        loop=_loop(entry) if kind in _LOOPS else None,
        inner=graph_in(entry, depth=depth + 1) or _suite_inside(entry, depth),
        line=line,
    )


def _suite_inside(entry: Mapping[str, Any], depth: int) -> SuiteGraph | None:
    """Return the graph of a suite that a run's document holds in the place of its path."""
    inside = (value for value in entry.values() if isinstance(value, Mapping))
    return next((found for one in inside if (found := graph_in(one, depth=depth + 1))), None)


def _loop(entry: Mapping[str, Any]) -> LoopRule:
    until = entry.get("until")
    until = until if isinstance(until, Mapping) else None
    has_critic = isinstance(entry.get("critique"), Mapping)
    sentinel = None if not has_critic else _DEFAULT_SENTINEL
    if until is not None:
        sentinel = until.get("sentinel")
    rounds = entry.get("max_rounds")
    return LoopRule(
        steps=["draft", "critique", "revise"] if has_critic else ["draft", "revise"],
        max_rounds=rounds if isinstance(rounds, int) else _DEFAULT_ROUNDS,
        sentinel=None if sentinel is None else str(sentinel),
        accepted_by=_texts(until.get("accepted_by")) if until is not None else [],
    )


def _models(value: object, known: set[str], key: str = "", depth: int = 0) -> Iterator[str]:
    """Yield names of models wherever the keys of a node may name one."""
    if depth > MOST_DEPTH or key in {"prompt", "graph_config", "params", "parameters"}:
        return
    if isinstance(value, str) and key in {"model", "models", "name", "use"} and value in known:
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            in_a_choice = key in {"model", "models"} and name not in {"parameters"}
            yield from _models(inner, known, "model" if in_a_choice else str(name), depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _models(inner, known, key, depth + 1)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Sequence):
        return [str(one.get("name", "")) if isinstance(one, Mapping) else str(one) for one in value]
    return [str(key) for key in value] if isinstance(value, Mapping) else []


def _back(edges: Sequence[_Edge]) -> set[tuple[str, str]]:
    """Return the edges that lead back, seen from START: those that a walk in depth meets so."""
    follows: dict[str, list[str]] = {}
    for source, target, _, _ in edges:
        follows.setdefault(source, []).append(target)
    back: set[tuple[str, str]] = set()
    on_the_way: set[str] = {START}
    done: set[str] = set()
    waiting: list[tuple[str, Iterator[str]]] = [(START, iter(follows.get(START, ())))]
    while waiting:
        name, targets = waiting[-1]
        following = next(targets, None)
        if following is None:
            waiting.pop()
            on_the_way.discard(name)
            done.add(name)
        elif following in on_the_way:
            back.add((name, following))
        elif following not in done:
            on_the_way.add(following)
            waiting.append((following, iter(follows.get(following, ()))))
    return back


def _cycles(edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Return the strongly connected parts that are cycles, in the order of the edges."""
    follows: dict[str, set[str]] = {}
    for source, target in edges:
        follows.setdefault(source, set()).add(target)

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            new = follows.get(waiting.pop(), set()) - seen
            seen |= new
            waiting.extend(new)
        return seen

    names = [name for name in dict.fromkeys(n for edge in edges for n in edge) if name in follows]
    if len(names) > 1_000:  # nobody looks at these
        return []
    leads_to = {name: reached(name) for name in names}
    found: dict[frozenset[str], list[str]] = {}
    for name in names:
        if name in leads_to[name]:
            circle = [n for n in names if n in leads_to[name] and name in leads_to[n]]
            found.setdefault(frozenset(circle), circle)
    return list(found.values())
