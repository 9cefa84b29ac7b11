"""Follows the names through a suite: columns, what each node adds, what validators use.

A name that nothing provides would be found by the first record, when money has been spent; here
it is found on row 0, before.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from sygra_eval.suite.document import At, Document
from sygra_eval.suite.entries import Inner, TypedEntry
from sygra_eval.suite.graph_names import Adds, endless_cycles, flow_of, overwritten_by
from sygra_eval.suite.nearest import did_you_mean
from sygra_eval.suite.schema import OutputColumn, QualitySection
from sygra_eval.suite.suite import Judged
from sygra_eval.suite.walk import END, START, Graph
from sygra_eval.values import Problem, Row, Scope, Severity, task_of

_OF_UNKNOWN_NAMES = frozenset({"unknown-variable", "unknown-column", "maybe-unset"})
_QUOTED = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a suite says that uses names.

    :ivar row: The first usable row; None leaves columns unknown.
    :ivar nodes: Each behind one that leads to it, if the graph is known.
    :ivar graph: None where its edges do not make one; `is_order_known` is then False, unless there
        is no graph at all.
    :ivar are_all_nodes_known: False when a node has errors, so that its outputs are not known.
    :ivar reserved: Columns that our data adds.
    """

    row: Row | None
    nodes: Sequence[TypedEntry]
    graph: Graph | None
    is_order_known: bool
    are_all_nodes_known: bool
    validators: Sequence[TypedEntry]
    validator_names: frozenset[str]
    model_names: frozenset[str]
    models: Sequence[TypedEntry]
    reserved: frozenset[str]


def check_names(names: Names, document: Document) -> Scope:
    """Report names that nothing provides; return the scope at the end of the graph."""
    scope = Scope(
        variables=frozenset(names.row.columns) if names.row else frozenset(),
        is_open=names.row is None or not names.are_all_nodes_known,
        models=names.model_names,
        validators=names.validator_names,
        text_models=frozenset(
            model.name
            for model in names.models
            if getattr(model.config, "takes_images", None) is False
        ),
        row=names.row.columns if names.row else None,
        tasks={model.name: task_of(model.config) for model in names.models},
        labels={model.name: getattr(model.config, "labels", ()) for model in names.models},
    )
    _check_reserved(names.reserved.intersection(scope.variables), document)
    if not names.is_order_known:  # each node may run behind any other
        outputs = (output for node in names.nodes for output in node.outputs() or ())
        mappings = {name: keys for node in names.nodes for name, keys in node.mappings().items()}
        scope = replace(scope, variables=scope.variables | frozenset(outputs), mappings=mappings)
    for model in names.models:
        _report(model, model.problems(scope), names)
    if names.graph is None:
        for node in names.nodes:
            _report(node, node.problems(scope), names)
    else:
        scope = _along(names.graph, scope, names, document)
    for validator in names.validators:
        _report(validator, _told_of_ways(validator.problems(scope), scope), names)
    return scope


def candidate_variable(
    quality: QualitySection | None,
    nodes: Sequence[TypedEntry],
    graph: Graph,
    scope: Scope,
    document: Document,
) -> str:
    """Return the variable that is judged: the one named, else what the graph ends with.

    The config of a node may say with `candidate_output()` that it makes the candidate.
    """
    ends = {edge.source for edge in graph.edges if edge.target == END}
    lasts = [node for node in nodes if node.name in ends]
    variable = _candidate_variable(quality, nodes, lasts, scope, document)
    if variable in scope.unset and (quality is None or quality.candidate is None):
        check_variable(variable, scope, document, ("graph_config", "nodes"))
    for node in nodes:
        if variable in node.mappings():
            _report_not_one_text(variable, node, quality, document)
    return variable


def _candidate_variable(
    quality: QualitySection | None,
    nodes: Sequence[TypedEntry],
    lasts: Sequence[TypedEntry],
    scope: Scope,
    document: Document,
) -> str:
    if quality is not None and quality.candidate is not None:
        check_variable(quality.candidate, scope, document, ("quality", "candidate"))
        return quality.candidate
    for node in reversed(nodes):
        declare = getattr(node.config, "candidate_output", None)
        if callable(declare):
            return str(declare())
    ends = {_only_output(node) for node in lasts}
    if len(ends) == 1 and (only := ends.pop()) is not None:
        return only
    if lasts:
        what = "add the same one variable" if len(lasts) > 1 else "add exactly one variable"
        who = f"{_and([node.name for node in lasts])} {'do' if len(lasts) > 1 else 'does'}"
        document.report(
            code="no-candidate",
            message=f"what is judged is not clear: {who} not {what}",
            at=("quality",) if quality is not None else ("graph_config", "nodes", lasts[-1].name),
            fix="add `quality: {candidate: VARIABLE}`",
            is_key=True,
        )
    return ""


def _only_output(node: TypedEntry) -> str | None:
    """Return the one variable that a last node adds, or the one of them that is the text."""
    outputs = node.outputs()
    if outputs is not None and len(outputs) == 1:
        return outputs[0]
    text = getattr(node.config, "text_output", None)
    return str(text()) if callable(text) else None


def _report_not_one_text(
    variable: str, node: TypedEntry, quality: QualitySection | None, document: Document
) -> None:
    is_named = quality is not None and quality.candidate is not None
    keys = ", ".join(f"`{key}`" for key in node.mappings()[variable])
    document.report(
        code="not-one-text",
        message=f"`{variable}` of `{node.name}` holds a reply for each of {keys}, and one text is "
        "judged",
        at=("quality", "candidate") if is_named else node.at,
        fix=f"pick one: put a node `{{node_type: best_of_n, from: {variable}}}` behind it",
        is_key=not is_named,
    )


def check_judged(judged: Judged, scope: Scope, document: Document) -> None:
    """Report names in the templates of `candidate` that no column provides."""
    if scope.row is None:
        return  # the source has said why
    what = "code" if judged.is_code else "text"
    document.report_problems(judged.template.problems(scope), ("candidate", what))
    if judged.entry_point is not None:
        problems = judged.entry_point.problems(scope)
        document.report_problems(problems, ("candidate", "entry_point"))


def check_output_map(
    columns: Mapping[str, OutputColumn], scope: Scope, document: Document, reserved: frozenset[str]
) -> None:
    """Report columns that exist already, take nothing, or take what nothing provides."""
    for column, takes in columns.items():
        at: At = ("output_config", "output_map", column)
        if column in reserved or (scope.row is not None and column in scope.row):
            document.report(
                code="reserved-column",
                message=f"the data has a column `{column}` already",
                at=at,
                fix="choose another name",
                is_key=True,
            )
        if "value" in takes.model_fields_set:
            _check_fixed_value(takes.value, document, (*at, "value"))
        elif takes.from_ is None:
            document.report(
                code="missing-key",
                message=f"the column `{column}` takes nothing",
                at=at,
                fix="add `from: VARIABLE` or `value: ...`",
                is_key=True,
            )
        else:
            check_variable(takes.from_, scope, document, (*at, "from"))


def check_variable(name: str, scope: Scope, document: Document, at: At) -> None:
    """Report a variable that nothing provides."""
    if name in scope.variables or (scope.is_open and scope.row is None):
        return
    if name in scope.unset:
        document.report(
            code="maybe-unset",
            message=f"`{name}` is not set on the path {scope.unset[name]}",
            at=at,
            fix="set it on every path",
            severity=Severity.WARNING if scope.is_open else Severity.ERROR,
        )
        return
    document.report(
        code="unknown-variable",
        message=f"no column or node provides `{name}`",
        at=at,
        fix=did_you_mean(name, scope.variables),
        severity=Severity.WARNING if scope.is_open else Severity.ERROR,
    )


def _report(entry: TypedEntry, problems: Iterable[Problem], names: Names) -> None:
    """Report problems; where names are unknown for another reason, that one was said already."""
    is_blind = names.row is None or not names.are_all_nodes_known
    kept = (p for p in problems if not (is_blind and p.code in _OF_UNKNOWN_NAMES))
    entry.document.report_problems(kept, entry.at)


def _along(graph: Graph, start: Scope, names: Names, document: Document) -> Scope:
    """Check nodes and conditions with what is set where they stand; return the scope at END."""
    nodes = {node.name: node for node in names.nodes}
    adds = {name: node.outputs() for name, node in nodes.items()}
    adds |= dict.fromkeys(set(graph.nodes) - nodes.keys())  # those with errors
    flow = flow_of(graph, start.variables, adds)
    keys = {name: keys for node in names.nodes for name, keys in node.mappings().items()}

    def scope_at(place: str) -> Scope:
        return replace(
            start,
            variables=flow.surely[place],
            is_open=start.is_open or place in flow.is_open,
            mappings={name: of for name, of in keys.items() if name in flow.perhaps[place]},
            unset=flow.unset_at(place),
        )

    for node in names.nodes:
        if node.name in graph.nodes:
            scope = scope_at(node.name)
            _report(node, _told_of_ways(node.problems(scope), scope), names)
            _check_hidden_by(node, start, graph, adds)
            if node.inner is not None:
                _check_inner(node, node.inner, scope, names)
    is_blind = names.row is None or not names.are_all_nodes_known
    for edge in graph.edges:
        if edge.when is None or not (edge.source == START or edge.source in graph.nodes):
            continue
        after = edge.source in flow.is_open or adds.get(edge.source, ()) is None
        scope = replace(
            start,
            variables=flow.behind[edge.index],
            is_open=start.is_open or after,
            unset=flow.unset_behind(edge),
        )
        problems = edge.when.problems(scope)
        kept = (p for p in problems if not (is_blind and p.code in _OF_UNKNOWN_NAMES))
        document.report_problems(kept, ("graph_config", "edges", edge.index, "when"))
    for edge, cycle in endless_cycles(graph, adds):
        document.report(
            code="endless-cycle",
            message=f"nothing that {_and(cycle)} add decides when their cycle ends, so it ends at "
            "once or never",
            at=("graph_config", "edges", edge.index),
            fix="add a `when` on what they add, or a `max`, to an edge of the cycle",
        )
    return scope_at(END)


def _check_inner(node: TypedEntry, inner: Inner, outer: Scope, names: Names) -> None:
    """Follow the names through the graph inside a node, from what it is handed to what it gives."""
    if inner.graph is None:
        return
    inside: Mapping[str, str] = cast("Any", node.config).names_inside(outer.variables)
    columns = names.row.columns if names.row is not None else {}
    row = names.row and replace(
        names.row, columns={name: columns[of] for name, of in inside.items() if of in columns}
    )
    start = replace(
        outer,
        variables=frozenset(name for name, of in inside.items()),
        row=row.columns if row is not None else None,
        mappings={},
        unset={},
    )
    is_known = names.are_all_nodes_known and inner.are_all_nodes_known
    seen = replace(names, nodes=inner.nodes, row=row, are_all_nodes_known=is_known)
    end = _along(inner.graph, start, seen, inner.document)
    for name, taken in cast("Any", node.config).gives.items():
        check_variable(taken, end, node.document, (*node.at, "outputs", name))


def _told_of_ways(problems: Iterable[Problem], scope: Scope) -> Iterator[Problem]:
    """Say of a name that is set on some ways that it is missing on one, and on which."""
    for problem in problems:
        named = _QUOTED.findall(problem.message) if problem.code in _OF_UNKNOWN_NAMES else ()
        unset = next((name for name in named if name in scope.unset), None)
        if unset is None:
            yield problem
            continue
        yield replace(
            problem,
            code="maybe-unset",
            message=f"`{unset}` is not set on the path {scope.unset[unset]}",
            fix=f"set it on every path, or come here by an edge with `when: is_set({unset})`",
        )


def _and(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _check_hidden_by(node: TypedEntry, start: Scope, graph: Graph, adds: Adds) -> None:
    """Report outputs that would hide a column, or what a node before it added."""
    hidden = {variable: "added above" for variable, _ in overwritten_by(graph, node.name, adds)}
    hidden |= {name: "a column" for name in adds[node.name] or () if name in start.variables}
    for output in adds[node.name] or ():
        if output in hidden:
            node.document.report(
                code="duplicate-variable",
                message=f"`{node.name}` adds `{output}`, which is {hidden[output]} already",
                at=node.document.find(output, node.at),
                fix="choose another name for the output",
            )


def _check_reserved(columns: Iterable[str], document: Document) -> None:
    for column in sorted(columns):
        document.report(
            code="reserved-column",
            message=f"the source has a column `{column}`, which our data adds itself",
            at=("data_config", "source"),
            fix=f"rename the column, as to `source_{column}`",
            is_key=True,
        )


def _check_fixed_value(value: object, document: Document, at: At) -> None:
    if isinstance(value, str) and value.startswith("$"):
        document.report(
            code="unsupported-key",
            message="a value that begins with `$` is a path in SyGra, which is not supported by "
            "this version",
            at=at,
            fix="write the value out",
        )
