"""The suite as the engine runs it: frozen, checked, every name in it resolved."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from sygra_eval.suite.agreement import AgreementSpec
from sygra_eval.suite.gate import Gate
from sygra_eval.suite.guardrails import Guardrail
from sygra_eval.suite.ids import DEFAULT_VARIANT
from sygra_eval.suite.template import Template
from sygra_eval.suite.walk import Graph
from sygra_eval.values import (
    Budget,
    Diagnostic,
    ModelSpec,
    Node,
    Pipeline,
    Row,
    SourceSpec,
    ValidatorSpec,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxChoice:
    """The least isolation that the suite accepts, and how long one execution may take.

    :ivar accepts_none: The suite says `isolation: none` and that it accepts the risk.
    :ivar isolation: A sandbox that is taken and no other; None for the strongest.
    :ivar image: What its containers are made of.
    :ivar allow: What executions may do beyond computing, where they ask for it.
    :ivar packages: Installed distributions that code may import beside the standard library.
    """

    require: str = "reduced"
    accepts_none: bool = False
    timeout_s: float = 5.0
    allow: frozenset[str] = frozenset()
    isolation: str | None = None
    image: str | None = None
    packages: tuple[str, ...] = ()


class Probes(StrEnum):
    """What becomes of a row whose tests a program passes that must not."""

    MARK = "mark"
    REFUSE = "refuse"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputColumn:
    """A column of `output_map`: the value of a variable, or else a fixed value."""

    variable: str | None = None
    value: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChoice:
    """What prompts may show of images."""

    sends_urls: bool = False
    reads_anywhere: bool = False
    most_bytes: int = 10 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the data card says of rights and sources."""

    license: str = "unknown"
    language: tuple[str, ...] = ("en",)
    pretty_name: str = ""
    citation: str = ""
    source_licenses: tuple[str, ...] = ()
    model_licenses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is judged of each row where there is no graph.

    :ivar template: Renders to the candidate.
    :ivar is_code: It is code as it stands; otherwise an answer that code is extracted from.
    :ivar entry_point: Renders to the name that tests call; None leaves it to the columns.
    """

    template: Template
    is_code: bool
    entry_point: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A suite without errors.

    :ivar folder: What relative paths in it are relative to.
    :ivar sha256: Of the merged document as data, so comments, layout and place do not count.
    :ivar document: The document as plain data, models of `models.yaml` and `--model` included.
    :ivar source: Where the rows come from; of several sources the primary one.
    :ivar pipeline: What happens to the rows of all sources before they reach the graph; None where
        nothing does.
    :ivar nodes: Each behind one that leads to it; none where the rows themselves are judged.
    :ivar graph: How records walk from node to node; None where there are none.
    :ivar candidate: The variable that is judged, of a suite with a graph.
    :ivar judged: What is judged, of a suite without one; `truth` is the column, if any, that says
        whether that is right or wrong.
    :ivar canary: The column, if any, that marks rows which nothing right can verify.
    :ivar target_verified: So many verified rows end the run; at most `max_candidates` are tried.
    :ivar repeat: So often each row is run.
    :ivar variant: Which of the suite's variants it is.
    :ivar record_timeout_s: So long a record may take, its judgement included.
    :ivar strict_model: An answer of another model than the one asked is none.
    :ivar schema_fields: Types that variables must have at the end, by variable.
    :ivar diagnostics: Warnings.
    :ivar first_row: The row that the names were checked on; None when the source has none.
    """

    name: str
    path: Path
    folder: Path
    sha256: str
    document: Mapping[str, Any]
    source: SourceSpec
    nodes: tuple[Node, ...]
    candidate: str
    pipeline: Pipeline | None = None
    graph: Graph | None = None
    judged: Judged | None = None
    truth: str | None = None
    canary: str | None = None
    probes: Probes = Probes.MARK
    target_verified: int | None = None
    max_candidates: int | None = None
    measured: str | None = None
    tags: tuple[str, ...] = ()
    repeat: int = 1
    variant: str = DEFAULT_VARIANT
    seed: int = 0
    cache: str = "off"
    strict_model: bool = False
    record_timeout_s: float | None = None
    budget: Budget = field(default_factory=Budget)
    description: str = ""
    models: Mapping[str, ModelSpec] = field(default_factory=dict)
    validators: tuple[ValidatorSpec, ...] = ()
    guardrails: tuple[Guardrail, ...] = ()
    grade: str | None = None
    sandbox: SandboxChoice = SandboxChoice()
    output_map: Mapping[str, OutputColumn] = field(default_factory=dict)
    schema_fields: Mapping[str, str] = field(default_factory=dict)
    report_formats: tuple[str, ...] = ("terminal", "markdown")
    card: Card = Card()
    images: ImageChoice = ImageChoice()
    diagnostics: tuple[Diagnostic, ...] = ()
    first_row: Row | None = None
    gates: tuple[Gate, ...] = ()
    agreements: tuple[AgreementSpec, ...] = ()

    @property
    def reserved_columns(self) -> frozenset[str]:
        """The columns that this suite's data adds to the source's."""
        return reserved_columns(has_graph=self.judged is None)


OF_EVERY_ROW = frozenset({"grade", "verdicts", "provenance"})
OF_A_GRAPH = frozenset(
    {
        "answer",
        "code",
        "messages",
        "rounds",
        "stop_reason",
        "mutation_score",
        "pass_rate",
        "pass_rate_low",
        "pass_rate_high",
        "pass_rate_difficulty",
        "weak_tests",
        "prompt_images",
    }
)


def reserved_columns(*, has_graph: bool) -> frozenset[str]:
    """Return the columns that our data adds to the source's (`design.md` section 10)."""
    return OF_EVERY_ROW | OF_A_GRAPH if has_graph else OF_EVERY_ROW


def document_sha256(document: Mapping[str, Any]) -> str:
    """Return the hash of a document as data."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def resolved_yaml(suite: Suite) -> str:
    """Return the suite with its models as YAML that loads again to the same hash.

    Paths stay as they are: load it with `folder=suite.folder`.
    """
    return as_yaml(suite.document)


def as_yaml(document: Mapping[str, Any]) -> str:
    """Return plain data as YAML that reads as the same data again."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, as people do."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if any(rare_break in text for rare_break in "\x85\u2028\u2029"):
        style = '"'  # other styles write them raw, where a reader takes them for line breaks
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
