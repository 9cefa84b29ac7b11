"""What is judged where there is no graph, what goes with that, and columns that mark rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sygra_eval.suite.document import Document
from sygra_eval.suite.names import check_variable
from sygra_eval.suite.nearest import nearest
from sygra_eval.suite.schema import SECTIONS, CandidateSection, QualitySection
from sygra_eval.suite.suite import Judged
from sygra_eval.suite.template import Template
from sygra_eval.values import Row, Scope


def judged_of(section: CandidateSection | None) -> Judged | None:
    """Return what is judged; None where nothing says so."""
    if section is None:
        return None
    text = section.code if section.code is not None else section.text
    return Judged(
        template=Template.parse(text or ""),
        is_code=section.code is not None,
        entry_point=None if section.entry_point is None else Template.parse(section.entry_point),
    )


def check_truth(section: QualitySection | None, scope: Scope, document: Document) -> None:
    """Report a column of known labels that is not there."""
    if section is not None and section.truth is not None:
        check_variable(section.truth, scope, document, ("quality", "truth"))


def check_canary(section: QualitySection | None, row: Row | None, document: Document) -> None:
    """Report a column of canaries or of clusters that the source has not.

    Canaries would be verified data, and rows that go together would count as independent.
    """
    if section is None or row is None:
        return
    scope = Scope(variables=frozenset(row.columns), row=row.columns)
    for key, column in (("canary", section.canary), ("cluster", section.cluster)):
        if column is not None:
            check_variable(column, scope, document, ("quality", key))


def check_measured(section: QualitySection | None, folder: Path, document: Document) -> None:
    """Report a file of measured errors that is not there; the run's start looks into it."""
    if section is None or section.measured is None or (folder / section.measured).is_file():
        return
    document.report(
        code="file-not-found",
        message=f"there is no file {folder / section.measured}",
        at=("quality", "measured"),
        fix="make it with `sygra-eval verify --truth FILE --json`, or take `measured` out",
    )


def check_target(section: QualitySection | None, document: Document) -> None:
    """Report a target that can never be met, and a bound of candidates without a target."""
    if section is None:
        return
    lacks_validators = "graph_config" in document.data and not section.validators
    if section.target_verified is not None and lacks_validators:  # else it is reported already
        document.report(
            code="no-validators",
            message="without validators no row is verified, so the target is never met",
            at=("quality", "target_verified"),
            fix="add `validators: [{use: ...}]` to it, or take it out",
            is_key=True,
        )
    if section.max_candidates is None:
        return
    if section.target_verified is None:
        document.report(
            code="missing-key",
            message="`max_candidates` bounds the rows that are tried for `target_verified`, which "
            "is missing",
            at=("quality", "max_candidates"),
            fix="add `target_verified: N`, or take it out",
            is_key=True,
        )
    elif section.max_candidates < section.target_verified:
        document.report(
            code="wrong-value",
            message=f"of {section.max_candidates} candidates there can never be "
            f"{section.target_verified} verified rows",
            at=("quality", "max_candidates"),
            fix=f"let it be at least {section.target_verified}",
        )


def check_sections(data: Mapping[str, Any], document: Document) -> None:
    """Report a candidate beside a graph, and what is missing where there is no graph."""
    if "graph_config" in data:
        if "candidate" in data:
            document.report(
                code="conflict",
                message="`candidate` is for a suite without a graph; here the graph makes what is "
                "judged",
                at=("candidate",),
                fix="take it out, or name the variable: `quality: {candidate: VARIABLE}`",
                is_key=True,
            )
        if isinstance(data.get("quality"), Mapping) and "truth" in data["quality"]:
            document.report(
                code="conflict",
                message="`truth` is known of rows that exist; here a graph makes what is judged",
                at=("quality", "truth"),
                fix="take it out",
                is_key=True,
            )
        return
    strange = data.keys() - SECTIONS.keys()
    if nearest("graph_config", strange):
        return  # its misspelt name was reported
    if "candidate" not in data and not nearest("candidate", strange):
        document.report(
            code="missing-key",
            message="without `graph_config` the rows themselves are judged, and nothing says what "
            "of them",
            fix='add `candidate: {code: "{COLUMN}"}` or `graph_config: {nodes: ..., edges: ...}`',
        )
    quality = data.get("quality")
    given = quality if isinstance(quality, Mapping) else {}
    if "candidate" in given:
        document.report(
            code="conflict",
            message="without a graph the key `candidate` at the top says what is judged",
            at=("quality", "candidate"),
            fix="take it out",
            is_key=True,
        )
    if not given.get("validators") and not nearest("quality", strange):
        document.report(
            code="no-validators",
            message="a suite without a graph does nothing but judge, and it has no validators",
            at=("quality",),
            fix="add `quality: {validators: [{use: ...}]}`",
            is_key=True,
        )
