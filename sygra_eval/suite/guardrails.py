"""The section `guardrails`: validators on prompts and replies, at stated nodes.

A guardrail is a validator with a place. Its own keys are checked as they are under
`quality.validators`; here is what comes with the place. Start at `read_guardrails`.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from sygra_eval.plugins import Plugins
from sygra_eval.suite.complaints import complain
from sygra_eval.suite.document import At, Document
from sygra_eval.suite.entries import TypedEntry, typed_entry
from sygra_eval.suite.nearest import did_you_mean
from sygra_eval.suite.schema import GuardrailSection
from sygra_eval.values import GuardAt, Scope, ValidatorSpec

KEY = "guardrails"
OF_CODE = frozenset(
    {
        "python_compiles",
        "unit_tests",
        "differential",
        "properties",
        "time_growth",
        "fails_tests",
        "small_change",
        "javascript_tests",
        "shell",
        "mutation",
        "stable",
        "doctest",
        "lint",
        "types",
        "security",
    }
)
"""Validators that judge an answer's code or a row's tests: a prompt is neither."""

_LATER_VISIT = re.compile(r"#\d+(?=/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail:
    """A validator and where it looks.

    :ivar node: A node's path, with the step where only one is meant; empty for every call.
    :ivar key: Tells it from any other, and from itself with other keys.
    """

    spec: ValidatorSpec
    at: GuardAt
    node: str = ""
    is_blocking: bool = False
    key: str = ""

    def covers(self, path: str) -> bool:
        """Say whether a call at this place is looked at."""
        if not self.node:
            return True
        place = visited(path)
        return place == self.node or place.startswith(f"{self.node}/")


def visited(path: str) -> str:
    """Return a call's place without the numbers of later visits."""
    return _LATER_VISIT.sub("", path)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where calls can come from.

    :ivar steps: By a node's path the steps that it has; None where nobody says which.
    :ivar silent: Nodes that ask no model.
    """

    steps: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)

    def names(self) -> list[str]:
        """Return all paths that can be named."""
        steps = ((path, step) for path, found in self.steps.items() for step in found or ())
        return [*self.steps, *(f"{path}/{step}" for path, step in steps)]

    def knows(self, name: str) -> bool:
        """Say whether a path leads somewhere; of a node that names no steps any may be one."""
        if name in self.names():
            return True
        node = name.rpartition("/")[0]
        return node in self.steps and self.steps[node] is None


def read_guardrails(
    data: Mapping[str, Any], document: Document, plugins: Plugins
) -> list[TypedEntry]:
    """Return the entries whose keys fit; what is wrong with the others is reported."""
    if KEY not in data:
        return []
    raw = data[KEY]
    try:
        TypeAdapter(list[GuardrailSection]).validate_python(raw)
    except ValidationError as error:
        complain(document, error, raw, (KEY,), list[GuardrailSection])
    found = (
        typed_entry("validators", one, plugins, document, (KEY, index), section=GuardrailSection)
        for index, one in enumerate(raw if isinstance(raw, list) else ())
    )
    return [entry for entry in found if entry is not None]


def check_guardrails(
    entries: Sequence[TypedEntry],
    nodes: Sequence[TypedEntry],
    scope: Scope,
    document: Document,
    *,
    has_graph: bool,
    are_all_nodes_known: bool,
) -> tuple[Guardrail, ...]:
    """Return the guardrails; report those that could never do what they say."""
    if entries and not has_graph:
        document.report(
            code="conflict",
            message="guardrails look at prompts and replies of nodes; here is no graph",
            at=(KEY,),
            fix="put them under `quality: {validators: [...]}`",
            is_key=True,
        )
        return ()
    places = _places(nodes, _Places())
    for entry in entries:
        document.report_problems(entry.problems(scope), entry.at)
        _check_fit(entry, document)
        node = _section(entry).node
        if node is not None and are_all_nodes_known:
            _check_node(node, entry.at, places, document)
    _check_names(entries, document)
    return tuple(_guardrail(entry, document) for entry in entries)


def _places(nodes: Sequence[TypedEntry], places: _Places, outer: str = "") -> _Places:
    for node in nodes:
        path = f"{outer}{node.name}"
        declare = getattr(node.config, "steps", None)
        places.steps[path] = tuple(declare()) if callable(declare) else None
        if getattr(node.config, "asks_no_model", False):
            places.silent.add(path)
        if node.inner is not None:
            places.steps[path] = ()
            _places(node.inner.nodes, places, f"{path}/")
    return places


def _check_node(node: str, at: At, places: _Places, document: Document) -> None:
    if node in places.silent:
        document.report(
            code="unfit-guardrail",
            message=f"the node `{node}` asks no model, so there is nothing to look at",
            at=(*at, "node"),
            fix="name a node that asks one, or take `node` out",
        )
    elif not places.knows(node):
        document.report(
            code="unknown-node",
            message=f"there is no node or step `{node}`",
            at=(*at, "node"),
            fix=did_you_mean(node, places.names()),
        )


def _check_fit(entry: TypedEntry, document: Document) -> None:
    if entry.type in OF_CODE and GuardAt(_section(entry).at) is GuardAt.INPUT:
        document.report(
            code="unfit-guardrail",
            message=f"`{entry.type}` judges an answer's code or a row's tests, and a prompt has "
            "neither",
            at=(*entry.at, "at"),
            fix="write `at: output`",
        )
    asks = callable(getattr(entry.config, "most_calls", None))
    if asks or entry.registered.prepare is not None:
        document.report(
            code="unfit-guardrail",
            message=f"`{entry.type}` asks a model; a guardrail that does is not supported by this "
            "version",
            at=(*entry.at, "use"),
            fix="put it under `quality: {validators: [...]}`",
        )


def _check_names(entries: Sequence[TypedEntry], document: Document) -> None:
    """Report two that the report could not tell apart."""
    for index, entry in enumerate(entries):
        mine = _section(entry)
        for before in entries[:index]:
            other = _section(before)
            if entry.name == before.name and mine.at == other.at and _meet(mine.node, other.node):
                document.report(
                    code="duplicate-name",
                    message=f"two guardrails at the {mine.at} of the same calls are called "
                    f"`{entry.name}`",
                    at=entry.at,
                    within=entry.name,
                    fix="give one of them another `name: ...`",
                )
                break


def _meet(node: str | None, other: str | None) -> bool:
    """Say whether some call is looked at by guardrails of both nodes."""
    if node is None or other is None:
        return True
    return f"{node}/".startswith(f"{other}/") or f"{other}/".startswith(f"{node}/")


def _guardrail(entry: TypedEntry, document: Document) -> Guardrail:
    section = _section(entry)
    index = cast("int", entry.at[-1])
    raw = json.dumps(document.data[KEY][index], sort_keys=True, default=str)
    return Guardrail(
        spec=ValidatorSpec(name=entry.name, use=entry.type, is_required=False, config=entry.config),
        at=GuardAt(section.at),
        node=section.node or "",
        is_blocking=section.on_fail == "block",
        key=hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest(),
    )


def _section(entry: TypedEntry) -> GuardrailSection:
    return cast("GuardrailSection", entry.section)


def guardrails_in(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield name, place and node of each guardrail of a suite's plain data."""
    raw = document.get(KEY)
    for one in raw if isinstance(raw, list) else ():
        if isinstance(one, Mapping):
            name = str(one.get("name") or one.get("use"))
            yield name, str(one.get("at")), str(one.get("node") or "")
