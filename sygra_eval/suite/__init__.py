"""The suite document: from YAML to a frozen `Suite`, or to everything that is wrong with it.

A file becomes a tree in which every piece knows its line and column (`yaml_tree`, `document`);
its sections are checked against `schema`, types and their own keys against what plugins
registered (`entries`, `complaints`), edges become an order (`graph`), and names are followed from
the first row through the nodes to the validators (`first_row`, `names`); without a graph the rows
themselves are judged (`judged`). A suite that is an object is made such a tree too (`objects`).
`compile` strings these together, `load` is the way in. `Template`, `Prompt`, `ModelChoice` and,
where the row may choose, `ModelOrRoute` (`routing`) are what config models of nodes and validators
use. What people call rows is `ids`, how they choose among them `matching`.
"""

from sygra_eval.suite.agreement import AgreementSpec
from sygra_eval.suite.condition_terms import UnfitForCondition
from sygra_eval.suite.conditions import (
    BadCondition,
    Condition,
    compile_condition,
    condition_problem,
)
from sygra_eval.suite.diagnostics import render_diagnostic
from sygra_eval.suite.document import Document, parse_document, read_document
from sygra_eval.suite.functions import NoFunction, function_of
from sygra_eval.suite.gate import Gate, GateKind
from sygra_eval.suite.gates import metric_name, metric_of, registered_metrics
from sygra_eval.suite.graph import always_visited, graph_of, most_visits
from sygra_eval.suite.guardrails import Guardrail, guardrails_in, visited
from sygra_eval.suite.ids import (
    DEFAULT_VARIANT,
    case_id,
    decoded,
    encoded,
    question_of,
    repeated,
)
from sygra_eval.suite.json_schema import suite_schema
from sygra_eval.suite.licences import is_language, licence_id
from sygra_eval.suite.load import (
    MODELS_FILE,
    PlainSuite,
    check_models,
    check_suite,
    is_of_sygra,
    load_models,
    load_suite,
    plain_suite,
    variants_of_models,
)
from sygra_eval.suite.matching import Expression, expression
from sygra_eval.suite.model_choice import ModelByName, ModelChoice
from sygra_eval.suite.nearest import did_you_mean, nearest
from sygra_eval.suite.objects import document_of
from sygra_eval.suite.overrides import override_model, parse_override
from sygra_eval.suite.prompt import Prompt
from sygra_eval.suite.prompt_parts import PromptPart
from sygra_eval.suite.routing import ByWeight, ModelOrRoute, RoutedChoice
from sygra_eval.suite.schema import Name
from sygra_eval.suite.spelling_out import variant_names
from sygra_eval.suite.structured_output import AskedByName, AskedModel
from sygra_eval.suite.subgraphs import Subgraph
from sygra_eval.suite.suite import (
    Card,
    Judged,
    OutputColumn,
    Probes,
    SandboxChoice,
    Suite,
    as_yaml,
    document_sha256,
    reserved_columns,
    resolved_yaml,
)
from sygra_eval.suite.template import (
    Placeholder,
    Template,
    UnfitRow,
    UnknownVariable,
    as_text,
    escaped,
)
from sygra_eval.suite.text_template import TextTemplate
from sygra_eval.suite.walk import Edge, Graph, NoWay, Walk, visit_key

__all__ = [
    "DEFAULT_VARIANT",
    "MODELS_FILE",
    "AgreementSpec",
    "AskedByName",
    "AskedModel",
    "BadCondition",
    "ByWeight",
    "Card",
    "Condition",
    "Document",
    "Edge",
    "Expression",
    "Gate",
    "GateKind",
    "Graph",
    "Guardrail",
    "Judged",
    "ModelByName",
    "ModelChoice",
    "ModelOrRoute",
    "Name",
    "NoFunction",
    "NoWay",
    "OutputColumn",
    "Placeholder",
    "PlainSuite",
    "Probes",
    "Prompt",
    "PromptPart",
    "RoutedChoice",
    "SandboxChoice",
    "Subgraph",
    "Suite",
    "Template",
    "TextTemplate",
    "UnfitForCondition",
    "UnfitRow",
    "UnknownVariable",
    "Walk",
    "always_visited",
    "as_text",
    "as_yaml",
    "case_id",
    "check_models",
    "check_suite",
    "compile_condition",
    "condition_problem",
    "decoded",
    "did_you_mean",
    "document_of",
    "document_sha256",
    "encoded",
    "escaped",
    "expression",
    "function_of",
    "graph_of",
    "guardrails_in",
    "is_language",
    "is_of_sygra",
    "licence_id",
    "load_models",
    "load_suite",
    "metric_name",
    "metric_of",
    "most_visits",
    "nearest",
    "override_model",
    "parse_document",
    "parse_override",
    "plain_suite",
    "question_of",
    "read_document",
    "registered_metrics",
    "render_diagnostic",
    "repeated",
    "reserved_columns",
    "resolved_yaml",
    "suite_schema",
    "variant_names",
    "variants_of_models",
    "visit_key",
    "visited",
]
