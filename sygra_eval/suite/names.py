"""Follows the names through a suite: columns, what each node adds, what validators use.

A name that nothing provides would be found by the first record, when money has been spent; here
it is found on row 0, before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sygra_eval.suite.document import At, Document
from sygra_eval.suite.entries import TypedEntry
from sygra_eval.suite.nearest import did_you_mean
from sygra_eval.suite.schema import OutputColumn, QualitySection
from sygra_eval.suite.suite import Judged
from sygra_eval.values import Problem, Row, Scope, Severity, task_of

_OF_UNKNOWN_NAMES = frozenset({"unknown-variable", "unknown-column"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a suite says that uses names.

    :ivar row: The first usable row; None leaves columns unknown.
    :ivar nodes: In the order in which they run, if `is_order_known`.
    :ivar are_all_nodes_known: False when a node has errors, so that its outputs are not known.
    :ivar reserved: Columns that our data adds.
    """

    row: Row | None
    nodes: Sequence[TypedEntry]
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
    for node in names.nodes:
        _report(node, node.problems(scope), names)
        if names.is_order_known:
            scope = _after(node, scope)
    for validator in names.validators:
        _report(validator, validator.problems(scope), names)
    return scope


def candidate_variable(
    quality: QualitySection | None, nodes: Sequence[TypedEntry], scope: Scope, document: Document
) -> str:
    """Return the variable that is judged: the one named, else what the graph ends with.

    The config of a node may say with `candidate_output()` that it makes the candidate.
    """
    variable = _candidate_variable(quality, nodes, scope, document)
    for node in nodes:
        if variable in node.mappings():
            _report_not_one_text(variable, node, quality, document)
    return variable


def _candidate_variable(
    quality: QualitySection | None, nodes: Sequence[TypedEntry], scope: Scope, document: Document
) -> str:
    if quality is not None and quality.candidate is not None:
        check_variable(quality.candidate, scope, document, ("quality", "candidate"))
        return quality.candidate
    for node in reversed(nodes):
        declare = getattr(node.config, "candidate_output", None)
        if callable(declare):
            return str(declare())
    outputs = nodes[-1].outputs() if nodes else None
    if outputs is not None and len(outputs) == 1:
        return outputs[0]
    text = getattr(nodes[-1].config, "text_output", None) if nodes else None
    if callable(text):
        return str(text())
    if nodes:
        document.report(
            code="no-candidate",
            message=f"what is judged is not clear: `{nodes[-1].name}` does not add exactly one "
            "variable",
            at=("quality",) if quality is not None else ("graph_config", "nodes", nodes[-1].name),
            fix="add `quality: {candidate: VARIABLE}`",
            is_key=True,
        )
    return ""


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


def _after(node: TypedEntry, scope: Scope) -> Scope:
    """Return the scope behind a node."""
    outputs = node.outputs()
    if outputs is None:
        return replace(scope, is_open=True)
    for output in outputs:
        if output in scope.variables:
            whose = "a column" if scope.row is not None and output in scope.row else "added above"
            node.document.report(
                code="duplicate-variable",
                message=f"`{node.name}` adds `{output}`, which is {whose} already",
                at=node.document.find(output, node.at),
                fix="choose another name for the output",
            )
    return replace(
        scope,
        variables=scope.variables | frozenset(outputs),
        mappings={**scope.mappings, **node.mappings()},
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
