"""The suite as the engine runs it: frozen, checked, every name in it resolved."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sygra_eval.values import Diagnostic, ModelSpec, Node, Row, SourceSpec, ValidatorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxChoice:
    """The least isolation that the suite accepts, and how long one execution may take.

    :ivar accepts_none: The suite says `isolation: none` and that it accepts the risk.
    """

    require: str = "reduced"
    accepts_none: bool = False
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputColumn:
    """A column of `output_map`: the value of a variable, or else a fixed value."""

    variable: str | None = None
    value: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the data card says of rights and sources."""

    license: str = "unknown"
    language: tuple[str, ...] = ("en",)
    pretty_name: str = ""
    citation: str = ""
    source_licenses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A suite without errors.

    :ivar folder: What relative paths in it are relative to.
    :ivar sha256: Of the merged document as data, so comments, layout and place do not count.
    :ivar document: The document as plain data, models of `models.yaml` and `--model` included.
    :ivar nodes: In the order in which they run.
    :ivar candidate: The variable that is judged.
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
    tags: tuple[str, ...] = ()
    seed: int = 0
    description: str = ""
    models: Mapping[str, ModelSpec] = field(default_factory=dict)
    validators: tuple[ValidatorSpec, ...] = ()
    grade: str | None = None
    sandbox: SandboxChoice = SandboxChoice()
    output_map: Mapping[str, OutputColumn] = field(default_factory=dict)
    schema_fields: Mapping[str, str] = field(default_factory=dict)
    report_formats: tuple[str, ...] = ("terminal", "markdown")
    card: Card = Card()
    diagnostics: tuple[Diagnostic, ...] = ()
    first_row: Row | None = None


def document_sha256(document: Mapping[str, Any]) -> str:
    """Return the hash of a document as data."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def resolved_yaml(suite: Suite) -> str:
    """Return the suite with its models as YAML that loads again to the same hash.

    Paths stay as they are: load it with `folder=suite.folder`.
    """
    text: str = yaml.dump(
        suite.document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
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
