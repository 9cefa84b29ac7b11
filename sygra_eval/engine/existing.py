"""The candidate of a row that exists already, where no graph makes one."""

from collections.abc import Iterable
from dataclasses import replace

from sygra_eval.engine.judging import entry_point_of, language_of
from sygra_eval.suite import Judged, Suite, Template
from sygra_eval.validators import candidate_of
from sygra_eval.values import Candidate, State, ValidatorSpec

LONGEST_NAME = 200
LONGEST_CODE = 64 * 1024  # as of an answer: a parser can be made to use much memory per byte


def existing_candidate(
    judged: Judged, validators: Iterable[ValidatorSpec], columns: State
) -> Candidate:
    """Fill the suite's templates from a row; code is taken as it stands, text is looked through.

    A column that is null gives no candidate, and that is the row's own fault.

    :raises UnknownVariable: When the row lacks a column.
    """
    entry_point = _entry_point(judged, validators, columns)
    for placeholder in judged.template.placeholders():
        if columns.get(placeholder.name, "") is None:
            why = f"no_code: `{placeholder.name}` is null"
            return Candidate(text="", code=None, extraction=why, entry_point=entry_point)
    text = judged.template.render(columns)
    if not judged.is_code:
        return candidate_of(text, entry_point, language_of(validators))
    return replace(given_code(text, entry_point), language=language_of(validators))


def given_code(code: str, entry_point: str | None) -> Candidate:
    """Make a candidate of code that is taken as it stands, unless it is too long for a parser."""
    is_short = len(code) <= LONGEST_CODE
    why_not = f"no_code: longer than {LONGEST_CODE // 1024} KiB"
    return Candidate(
        text=code,
        code=code if is_short else None,
        extraction="given as code" if is_short else why_not,
        entry_point=entry_point,
    )


def entry_point_of_row(suite: Suite, columns: State) -> str | None:
    """Return the name that the row's tests call, before there is a candidate.

    :raises UnknownVariable: When the row lacks a column.
    """
    if suite.judged is None:
        return entry_point_of(suite.validators, columns)
    return _entry_point(suite.judged, suite.validators, columns)


def _entry_point(judged: Judged, validators: Iterable[ValidatorSpec], columns: State) -> str | None:
    if judged.entry_point is None:
        return entry_point_of(validators, columns)
    if any(columns.get(name, "") is None for name in _names(judged.entry_point)):
        return None
    return judged.entry_point.render(columns).strip()[:LONGEST_NAME] or None


def _names(template: Template) -> Iterable[str]:
    return (placeholder.name for placeholder in template.placeholders())
