"""From a document to a `Suite`: sections, types, order of nodes, names. Start at `compile_suite`.

Each step reports into the document what is wrong and hands on what is right, so that the steps
behind it find their own errors in the same go.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict, TypeVar, cast

from pydantic import ValidationError

from sygra_eval.plugins import Plugins
from sygra_eval.suite.agreement import agreements_of
from sygra_eval.suite.complaints import complain, report_extra
from sygra_eval.suite.document import At, Document
from sygra_eval.suite.entries import Inner, TypedEntry, typed_entry
from sygra_eval.suite.functions import check_functions
from sygra_eval.suite.gates import GateNames, gates_of
from sygra_eval.suite.graph import compile_graph
from sygra_eval.suite.guardrails import KEY as GUARDRAILS
from sygra_eval.suite.guardrails import check_guardrails, read_guardrails
from sygra_eval.suite.hidden import check_hidden
from sygra_eval.suite.ids import DEFAULT_VARIANT
from sygra_eval.suite.inputs import InputChoices, input_of
from sygra_eval.suite.judged import (
    check_canary,
    check_measured,
    check_sections,
    check_target,
    check_truth,
    judged_of,
)
from sygra_eval.suite.model_entries import model_spec
from sygra_eval.suite.models import (
    RawEntry,
    complain_about_models,
    models_of,
    with_models_inside,
)
from sygra_eval.suite.names import (
    Names,
    candidate_variable,
    check_judged,
    check_names,
    check_output_map,
)
from sygra_eval.suite.schema import (
    SECTIONS,
    CandidateSection,
    CardSection,
    DataSection,
    ImagesSection,
    OutputSection,
    QualitySection,
    ReportSection,
    SandboxSection,
    SchemaSection,
    Section,
    SuiteSection,
)
from sygra_eval.suite.settings import (
    card,
    check_allowed,
    image_choice,
    output_columns,
    report_formats,
    sandbox_choice,
    schema_fields,
)
from sygra_eval.suite.subgraphs import (
    InnerSuite,
    Subgraph,
    nodes_in,
    read_inner,
    with_inner_written_out,
)
from sygra_eval.suite.suite import (
    Card,
    ImageChoice,
    OutputColumn,
    Probes,
    SandboxChoice,
    Suite,
    document_sha256,
    reserved_columns,
)
from sygra_eval.suite.validators import validator_names, validator_specs, validators_of
from sygra_eval.suite.walk import Graph
from sygra_eval.values import (
    Budget,
    ModelSpec,
    Node,
    Row,
    Scope,
)

_Section = TypeVar("_Section", bound=Section)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a suite is made from.

    :ivar models: Entries by name, from the suite, `models.yaml` and `--model`.
    :ivar first_row: Check names on this row instead of opening the source.
    :ivar files: Gets the documents that the suite itself names.
    :ivar kept_in: The folder of the run that goes on, see `SourceSpec`.
    """

    path: Path
    folder: Path
    document: Document
    models: Mapping[str, RawEntry]
    plugins: Plugins
    first_row: Row | None
    files: list[Document] = field(default_factory=list)
    kept_in: Path | None = None


def compile_suite(inputs: Inputs) -> Suite | None:
    """Return the suite; None when so much is wrong that there is none. Look at the document."""
    document = inputs.document
    data = document.data
    sections = _sections(data, document)
    inside = read_inner(document, inputs.folder, inputs.plugins, inputs.files, inputs.path)
    inputs = replace(inputs, models=with_models_inside(inputs.models, inside))
    models = models_of(inputs.models, inputs.plugins)
    nodes, graph = _nodes(document, inside, inputs)
    are_all_known = len(nodes) == len(nodes_in(data))
    validators = validators_of(document, inputs.plugins)
    head = _of(sections, SuiteSection)
    found = input_of(
        _of(sections, DataSection),
        document,
        inputs.plugins,
        InputChoices(
            folder=inputs.folder,
            seed=head.seed if head else 0,
            first_row=inputs.first_row,
            kept_in=inputs.kept_in,
        ),
    )
    row = found.row
    has_graph = "graph_config" in data
    judged = judged_of(_of(sections, CandidateSection))

    end = check_names(
        Names(
            row=row,
            nodes=nodes,
            graph=graph,
            is_order_known=graph is not None or not has_graph,
            are_all_nodes_known=are_all_known,
            validators=validators,
            validator_names=validator_names(data),
            model_names=frozenset(inputs.models),
            models=tuple(models.values()),
            reserved=reserved_columns(has_graph=has_graph),
        ),
        document,
    )
    check_hidden(nodes_in(data), nodes, validators, document)
    quality = _of(sections, QualitySection)
    candidate = ""
    if graph is not None and are_all_known:
        candidate = candidate_variable(quality, nodes, graph, end, document)
    if judged is not None and not has_graph:
        check_judged(judged, end, document)
        check_truth(quality, end, document)
    check_canary(quality, row, document)
    check_target(quality, document)
    check_measured(quality, inputs.folder, document)
    guardrails = check_guardrails(
        read_guardrails(data, document, inputs.plugins),
        nodes,
        end,
        document,
        has_graph=has_graph,
        are_all_nodes_known=are_all_known,
    )
    settings = _settings(sections, end, inputs)
    check_allowed(validators, settings["sandbox"].allow, document)
    columns = None
    if row is not None:
        columns = frozenset(row.columns) | reserved_columns(has_graph=has_graph)
        columns |= settings["output_map"].keys()
    agreements = agreements_of(
        quality.agreement if quality is not None else {},
        validator_specs(validators),
        validator_names(data),
        inputs.folder,
        document,
    )
    gates = gates_of(
        quality.gates if quality is not None else (),
        GateNames(
            columns=columns,
            validators=validator_names(data),
            plugins=inputs.plugins,
            folder=inputs.folder,
            agreements=tuple(one.name for one in agreements),
        ),
        document,
    )
    if head is None or found.source is None or not (nodes if has_graph else judged):
        return None
    merged = dict(data)
    if inside:
        merged["graph_config"] = with_inner_written_out(data, inside)
    if inputs.models:
        merged["models"] = {name: entry.value for name, entry in inputs.models.items()}
    return Suite(
        name=head.name,
        path=inputs.path,
        folder=inputs.folder,
        sha256=document_sha256(merged),
        document=merged,
        source=found.source,
        pipeline=found.pipeline,
        nodes=tuple(Node(name=n.name, type=n.type, config=n.config) for n in nodes),
        graph=graph,
        candidate=candidate,
        judged=judged,
        truth=quality.truth if quality is not None else None,
        probes=Probes(quality.probes) if quality is not None else Probes.MARK,
        measured=quality.measured if quality is not None else None,
        canary=quality.canary if quality is not None else None,
        target_verified=quality.target_verified if quality is not None else None,
        max_candidates=quality.max_candidates if quality is not None else None,
        tags=tuple(head.tags),
        repeat=head.repeat,
        variant=head.variant or DEFAULT_VARIANT,
        seed=head.seed,
        cache=head.cache,
        strict_model=head.strict_model,
        record_timeout_s=head.record_timeout,
        budget=Budget(
            usd=head.budget.usd,
            tokens=head.budget.tokens,
            calls=head.budget.calls,
            time_s=head.budget.time,
        ),
        description=head.description,
        models={name: model_spec(entry, inputs.folder) for name, entry in models.items()},
        validators=validator_specs(validators),
        guardrails=guardrails,
        grade=quality.grade if quality is not None else None,
        first_row=row,
        gates=gates,
        agreements=agreements,
        **settings,
    )


class _Settings(TypedDict):
    """The fields of a suite that stand in sections of their own."""

    sandbox: SandboxChoice
    output_map: Mapping[str, OutputColumn]
    schema_fields: Mapping[str, str]
    report_formats: tuple[str, ...]
    card: Card
    images: ImageChoice


def _settings(sections: Mapping[str, Section], end: Scope, inputs: Inputs) -> _Settings:
    document, plugins = inputs.document, inputs.plugins
    output = _of(sections, OutputSection) or OutputSection()
    reserved = reserved_columns(has_graph="graph_config" in document.data)
    check_output_map(output.output_map, end, document, reserved)
    return _Settings(
        sandbox=sandbox_choice(
            _of(sections, SandboxSection) or SandboxSection(), plugins, document
        ),
        output_map=output_columns(output),
        schema_fields=schema_fields(_of(sections, SchemaSection), end, document),
        report_formats=report_formats(
            _of(sections, ReportSection) or ReportSection(), plugins, document
        ),
        card=card(_of(sections, CardSection) or CardSection(), document),
        images=image_choice(_of(sections, ImagesSection) or ImagesSection()),
    )


def _sections(data: Mapping[str, Any], document: Document) -> dict[str, Section]:
    """Validate each section apart, so that a wrong one hides no other."""
    sections: dict[str, Section] = {}
    for key, raw in data.items():
        if key == "models":
            complain_about_models(raw, document, ("models",))
        elif key == GUARDRAILS:
            continue  # read apart, as it is a list
        elif key not in SECTIONS:
            report_extra(document, (key,), (*SECTIONS, "models", GUARDRAILS))
        else:
            try:
                sections[key] = SECTIONS[key].model_validate(raw)
            except ValidationError as error:
                complain(document, error, raw, (key,), SECTIONS[key])
    if "data_config" not in data:
        document.report(
            code="missing-key",
            message="the key `data_config` is missing",
            fix="add `data_config: {source: {type: disk, file_path: ...}}`",
        )
    check_sections(data, document)
    return sections


def _of(sections: Mapping[str, Section], kind: type[_Section]) -> _Section | None:
    return next((s for s in sections.values() if isinstance(s, kind)), None)


def compile_models(inputs: Inputs) -> dict[str, ModelSpec]:
    """Return the models alone; look at the documents for what is wrong with them."""
    if "models" in inputs.document.data and not inputs.document.section:
        complain_about_models(inputs.document.data["models"], inputs.document, ("models",))
    return {
        name: model_spec(entry, inputs.folder)
        for name, entry in models_of(inputs.models, inputs.plugins).items()
    }


def _nodes(
    document: Document, inside: Mapping[str, InnerSuite], inputs: Inputs, outer: str = ""
) -> tuple[list[TypedEntry], Graph | None]:
    """Return the nodes without those of an unknown type, and the graph that they are in."""
    raw = nodes_in(document.data)
    at: At = ("graph_config", "nodes")
    entries = {
        name: typed_entry("nodes", one, inputs.plugins, document, (*at, name), name=name)
        for name, one in raw.items()
    }
    for reserved in raw.keys() & {"START", "END"}:
        document.report(
            code="reserved-name",
            message=f"`{reserved}` is there without being named, so no node can be called so",
            at=(*at, reserved),
            fix="choose another name",
            is_key=True,
        )
    for name, entry in entries.items():
        if entry is not None:
            check_functions(entry, inputs.plugins)
            if name in inside:
                entries[name] = _with_inner(entry, inside[name], inputs, f"{outer}{name}/")
    graph = compile_graph(list(raw), _mapping(document.data, "graph_config"), document)
    in_order = [entries[name] for name in (graph.nodes if graph is not None else raw)]
    return [node for node in in_order if node is not None], graph


def _with_inner(entry: TypedEntry, suite: InnerSuite, inputs: Inputs, path: str) -> TypedEntry:
    """Return a node with the graph inside it; its nodes are called `OUTER/INNER`."""
    nodes, graph = _nodes(suite.document, suite.inside, inputs, path)
    inner = Inner(
        nodes=nodes,
        graph=graph,
        document=suite.document,
        are_all_nodes_known=len(nodes) == len(nodes_in(suite.document.data)),
    )
    made = {
        node.name: Node(name=f"{path}{node.name}", type=node.type, config=node.config)
        for node in nodes
    }
    config = entry.config
    if graph is not None:
        config = cast("Any", config).with_inner(Subgraph(made, graph))
    return replace(entry, inner=inner, config=config)


def _mapping(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}
