"""How records go through the graph: what each node and each edge had. Start at `Flow`."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sygra_eval.journal import Spent
from sygra_eval.studio.graphs import END, START, SuiteGraph
from sygra_eval.studio.live.counting.paths import node_at
from sygra_eval.studio.live.counting.records import OpenRecord
from sygra_eval.studio.live.counting.spending import NANO
from sygra_eval.studio.live.told import EdgeCount, NodeCount


@dataclass(slots=True)
class _Node:
    ok: int = 0
    failed: int = 0
    blocked: int = 0
    guards: Counter[str] = field(default_factory=Counter)
    spent: Spent = field(default_factory=Spent)


@dataclass(slots=True)
class Flow:
    """The nodes, and the edges between those that are inside no other.

    :ivar has_edges: Without a graph there are none; a node may still be named by a journal.
    """

    has_edges: bool = False
    nodes: dict[str, _Node] = field(default_factory=dict)
    edges: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, graph: SuiteGraph | None, names: Iterable[str]) -> "Flow":
        """Begin at nothing, for all that a graph has."""
        edges = [(edge.source, edge.target) for edge in graph.edges] if graph is not None else []
        nodes = {name: _Node() for name in names}
        return cls(graph is not None, nodes, Counter(dict.fromkeys(edges, 0)))

    def take_visit(self, open_: OpenRecord, node: str) -> None:
        """Count that a record went through a node."""
        self._node(node).ok += 1
        if "/" not in node:
            self.edges[open_.at, node] += 1
            open_.at = node

    def take_call(self, path: str, data: Mapping[str, Any]) -> None:
        """Count a call for its node; a validator's is of none."""
        if (node := node_at(path, self.nodes)) is not None:
            self.nodes[node].spent.take_stored(path, data)

    def take_guard(self, path: str, action: str) -> None:
        """Count what came of a guardrail for the node that it stood at."""
        if (node := node_at(path, self.nodes)) is not None:
            self.nodes[node].guards[action] += 1

    def take_end(self, open_: OpenRecord | None, outcome: str, stuck: str) -> None:
        """Count where a record ended.

        :param open_: None where it left nothing on its way.
        :param stuck: The node that it did not come through; empty where it came to the end.
        """
        if stuck:
            node = self._node(stuck)
            node.failed += outcome == "failed"
            node.blocked += outcome != "failed"
        is_outer = bool(stuck) and "/" not in stuck
        if open_ is None or not self.has_edges:
            self.edges.update([(START, stuck)] if is_outer else [])  # it was at its first node
        elif is_outer:
            self.edges[open_.at, stuck] += 1
        elif outcome != "failed" and open_.at != START:
            self.edges[open_.at, END] += 1

    def nodes_told(self, now: Mapping[str, tuple[int, int]]) -> dict[str, NodeCount]:
        """Return the counts of all nodes.

        :param now: By node, how many records wait there and how many do something.
        """
        return {name: _node_told(node, *now.get(name, (0, 0))) for name, node in self.nodes.items()}

    def edges_told(self) -> Iterator[EdgeCount]:
        """Yield how often each edge was taken."""
        for (source, target), times in self.edges.items():
            yield EdgeCount(source=source, target=target, times=times)

    def _node(self, name: str) -> _Node:
        found = self.nodes.get(name)
        if found is None:
            found = self.nodes[name] = _Node()
        return found


def _node_told(node: _Node, waiting: int, running: int) -> NodeCount:
    spent = node.spent
    return NodeCount(
        waiting=waiting,
        running=running,
        ok=node.ok,
        failed=node.failed,
        blocked=node.blocked,
        guards=dict(node.guards),
        calls=spent.calls,
        tokens=spent.tokens,
        cost_usd=spent.known_nano_usd / NANO,
        latency_s=spent.latency_s / spent.sent if spent.sent else None,
    )
