"""The sections around the graph: sandbox, output, schema, report, card."""

from collections.abc import Iterable, Mapping
from importlib import metadata

from sygra_eval.plugins import Plugins
from sygra_eval.suite.document import At, Document
from sygra_eval.suite.entries import TypedEntry, report_unknown_type
from sygra_eval.suite.licences import LICENCES, is_language, licence_id
from sygra_eval.suite.names import check_variable
from sygra_eval.suite.nearest import nearest
from sygra_eval.suite.schema import (
    CardSection,
    ImagesSection,
    OutputSection,
    ReportSection,
    SandboxSection,
    SchemaSection,
)
from sygra_eval.suite.suite import Card, ImageChoice, OutputColumn, SandboxChoice
from sygra_eval.values import Scope, Severity

CONTAINERS = frozenset({"docker", "podman"})
_PLANNED_FORMATS = frozenset({"html"})


def sandbox_choice(section: SandboxSection, plugins: Plugins, document: Document) -> SandboxChoice:
    """Return the isolation that is asked for; report what cannot be had."""
    known = frozenset(plugins.of("sandboxes")) - {"none"}
    if section.require == "none":
        document.report(
            code="wrong-value",
            message="code without isolation is an opt-in of its own",
            at=("sandbox", "require"),
            fix="write `isolation: none` and `i_accept_the_risk: true`",
        )
    elif known and section.require not in known:
        report_unknown_type("sandboxes", section.require, plugins, document, ("sandbox", "require"))
    if section.isolation == "none" and not section.i_accept_the_risk:
        document.report(
            code="risk-not-accepted",
            message="`isolation: none` runs a model's code with all your rights",
            at=("sandbox", "isolation"),
            fix="add `i_accept_the_risk: true`, or take `isolation` out",
        )
    if section.allow and not section.i_accept_no_cgroup:
        document.report(
            code="no-cgroup-not-accepted",
            message="nothing bounds the memory of several processes together: each has its limit",
            at=("sandbox", "allow"),
            fix="add `i_accept_no_cgroup: true`, or take `allow` out",
        )
    check_isolation(section, plugins, document)
    for index, package in enumerate(section.packages):
        if not is_installed(package):
            document.report(
                code="unknown-package",
                message=f"the package `{package}` is not installed beside sygra-eval",
                at=("sandbox", "packages", index),
                fix=f"run `pip install {package}`, or take it out",
            )
    return SandboxChoice(
        require=section.require,
        isolation=section.isolation,
        image=section.image,
        accepts_none=section.isolation == "none" and section.i_accept_the_risk,
        timeout_s=section.timeout,
        allow=frozenset(section.allow) if section.i_accept_no_cgroup else frozenset(),
        packages=tuple(dict.fromkeys(section.packages)),
    )


def is_installed(package: str) -> bool:
    """Whether a distribution of that name is there; nothing is imported."""
    try:
        metadata.distribution(package)
    except (metadata.PackageNotFoundError, ValueError):
        return False
    return True


def check_isolation(section: SandboxSection, plugins: Plugins, document: Document) -> None:
    """Report a sandbox that nobody registered, and containers without an image."""
    known = plugins.of("sandboxes")
    isolation = section.isolation
    if isolation is not None and known and isolation not in {*known, "none"}:
        report_unknown_type("sandboxes", isolation, plugins, document, ("sandbox", "isolation"))
    if isolation in CONTAINERS and section.image is None:
        document.report(
            code="missing-key",
            message=f"`isolation: {isolation}` needs an image with Python",
            at=("sandbox", "isolation"),
            fix="add `image: python:3.11-slim`, or another that you have pulled",
        )
    if section.image is not None and isolation in {None, "none"}:
        document.report(
            code="conflict",
            message="`image` says what containers are made of, and none are asked for",
            at=("sandbox", "image"),
            fix="add `isolation: docker`, or take it out",
            is_key=True,
        )


def check_allowed(
    validators: Iterable[TypedEntry], allow: frozenset[str], document: Document
) -> None:
    """Report validators whose executions need more than the suite allows."""
    for entry in validators:
        asked = getattr(entry.config, "allow", None)  # others have a key of this name: `secrets`
        missing = sorted(asked - allow) if isinstance(asked, frozenset) else ()
        if missing:
            document.report(
                code="not-allowed",
                message=f"`{entry.type}` starts {missing[0]}, and this suite does not allow that",
                at=(*entry.at, "use"),
                fix=f"add `sandbox: {{allow: [{missing[0]}], i_accept_no_cgroup: true}}`",
            )


def output_columns(section: OutputSection) -> Mapping[str, OutputColumn]:
    """Return what each further column takes; a fixed value wins over a variable."""
    return {
        column: OutputColumn(
            variable=None if "value" in takes.model_fields_set else takes.from_,
            value=takes.value,
        )
        for column, takes in section.output_map.items()
    }


def schema_fields(section: SchemaSection | None, end: Scope, document: Document) -> dict[str, str]:
    """Return the types that variables must have; report variables that nothing provides."""
    if section is None:
        return {}
    for index, field in enumerate(section.fields):
        check_variable(field.name, end, document, ("schema_config", "fields", index, "name"))
    return {field.name: field.type for field in section.fields}


def report_formats(section: ReportSection, plugins: Plugins, document: Document) -> tuple[str, ...]:
    """Return the formats; report those that nothing writes."""
    known = plugins.of("reporters")
    for index, name in enumerate(section.formats):
        at: At = ("report", "formats", index)
        if name in known or "formats" not in section.model_fields_set:
            continue
        if name in _PLANNED_FORMATS:
            document.report(
                code="unsupported-key",
                message=f"the format `{name}` is not supported by this version",
                at=at,
                fix="take it out",
            )
        else:
            report_unknown_type("reporters", name, plugins, document, at)
    return tuple(section.formats)


def image_choice(section: ImagesSection) -> ImageChoice:
    """Return what prompts may show of images."""
    return ImageChoice(
        sends_urls=section.urls == "send",
        reads_anywhere=section.files == "anywhere",
        most_bytes=int(section.max_mb * 2**20),
    )


def card(section: CardSection, document: Document) -> Card:
    """Return what the data card says; warn of what the hub would not understand."""
    if licence_id(section.license) is None:
        near = nearest(section.license, LICENCES)
        document.report(
            code="unknown-licence",
            message=f"`{section.license}` is no licence id of the hub, so the card says `other`",
            at=("card", "license"),
            fix=f"write `{near}`" if near else "write an id as `apache-2.0`, or `unknown`",
            severity=Severity.WARNING,
        )
    for code in _texts(section.language):
        if not is_language(code):
            document.report(
                code="unknown-language",
                message=f"`{code}` is no code of a language, so the card leaves it out",
                at=("card", "language"),
                fix="write a code of two or three letters as `en`, or `code`, or `multilingual`",
                severity=Severity.WARNING,
            )
    return Card(
        license=section.license,
        language=_texts(section.language),
        pretty_name=section.pretty_name,
        citation=section.citation,
        source_licenses=_texts(section.source_licenses),
        model_licenses=dict(section.model_licenses),
    )


def _texts(given: str | list[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
