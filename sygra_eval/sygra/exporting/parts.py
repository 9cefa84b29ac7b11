"""The pieces that an export is put together from, and what is said of what is left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sygra_eval.data import ImageRules
from sygra_eval.suite import Document
from sygra_eval.sygra.exporting.names import Names
from sygra_eval.values import Diagnostic, Severity

At = tuple[str | int, ...]
EXIT = "@exit"
"""In the edges of a part: wherever the suite goes on from its node."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a node of the suite becomes: nodes of SyGra, and the edges between them.

    :ivar comments: Lines above its first node.
    """

    nodes: Mapping[str, Mapping[str, Any]]
    edges: tuple[Mapping[str, Any], ...]
    entry: str
    comments: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Say whether it is one node, which edges with conditions may leave."""
        kinds = [node.get("node_type") for node in self.nodes.values()]
        return len(kinds) == 1 and kinds != ["subgraph"]

    def leading_to(self, target: str) -> tuple[dict[str, Any], ...]:
        """Return its edges, with the place that the suite goes on to."""
        return tuple(_led(edge, target) for edge in self.edges)


def _led(edge: Mapping[str, Any], target: str) -> dict[str, Any]:
    led = dict(edge)
    if led.get("to") == EXIT:
        led["to"] = target
    if "path_map" in led:
        led["path_map"] = {
            key: target if value == EXIT else value for key, value in led["path_map"].items()
        }
    return led


@dataclass(slots=True)
class Carried:
    """What goes into `task_executor.py`: data by section, and classes that look it up."""

    data: dict[str, Any] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    modules: dict[str, str] = field(default_factory=dict)

    def put(self, section: str, key: str, value: Any) -> None:
        """Keep a value under a section."""
        self.data.setdefault(section, {})[key] = value


@dataclass(slots=True)
class Making:
    """An export while it is made.

    :ivar dotted: How the task's Python is imported: `tasks.NAME.task_executor`.
    :ivar plain: Variables whose value SyGra shows as we do: texts and numbers.
    :ivar aliases: Names of models, by ours.
    :ivar pictures: Columns that are shown, by their variable: where the pictures themselves are.
    :ivar folders: Graphs inside, by the path of their folder.
    """

    dotted: str
    document: Document
    seed: int
    names: Names = field(default_factory=Names)
    carried: Carried = field(default_factory=Carried)
    plain: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    wrapped: set[str] = field(default_factory=set)
    rules: ImageRules | None = None
    folders: dict[str, tuple[dict[str, Any], dict[str, tuple[str, ...]]]] = field(
        default_factory=dict
    )
    lost: list[Diagnostic] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    rounds: str = ""
    stop_reason: str = ""
    index: str = ""

    def path_of(self, name: str) -> str:
        """Return the dotted path of a class of the task."""
        return f"{self.dotted}.{name}"

    def leave_out(self, at: At, what: str, fix: str = "") -> None:
        """Say that something has no equivalent, and the task runs without it."""
        self._tell(at, what, fix, Severity.WARNING)

    def refuse(self, at: At, what: str, fix: str = "") -> None:
        """Say that something has no equivalent, and there is no task without it."""
        self._tell(at, what, fix, Severity.ERROR)

    def _tell(self, at: At, what: str, fix: str, severity: Severity) -> None:
        here = Document(self.document.path, self.document.text, self.document.root)
        here.report(
            code="sygra-no-equivalent",
            message=what,
            at=at,
            fix=fix,
            severity=severity,
            is_key=True,
        )
        self.lost += [one if one.path else replace(one, path="suite") for one in here.diagnostics]

    def undeclared(self, variables: list[str]) -> list[str]:
        """Return the variables that no list of `output_keys` names yet; now one does."""
        new = [one for one in variables if one not in self.declared]
        self.declared.update(new)
        return new
