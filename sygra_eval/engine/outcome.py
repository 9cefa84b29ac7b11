"""What verdicts come to: an outcome, its reason, and the grade of a row's evidence."""

from collections.abc import Mapping, Sequence

from sygra_eval.values import Outcome, State, Status, Verdict

GRADES = ("none", "tests", "tests + hidden")
"""From the weakest evidence to the strongest that this version can gather."""


def outcome_of(
    verdicts: Sequence[Verdict], *, least_grade: str | None = None
) -> tuple[Outcome, str]:
    """Return where a record ends and why; only required verdicts decide.

    In this order: one failed, rejected; one errored, failed; one skipped, rejected as not
    applicable; all passed, verified when the evidence has the grade that the suite asks for.
    """
    required = [verdict for verdict in verdicts if verdict.is_required]
    if not required:
        return Outcome.UNJUDGED, "the suite has no validators"
    for status, outcome, prefix in (
        (Status.FAIL, Outcome.REJECTED, ""),
        (Status.ERROR, Outcome.FAILED, "validator error: "),
        (Status.SKIP, Outcome.REJECTED, "not applicable: "),
    ):
        for verdict in required:
            if verdict.status is status:
                return outcome, f"{prefix}{verdict.validator}: {verdict.reason}"
    grade = grade_of(verdicts)
    if least_grade is not None and GRADES.index(grade) < GRADES.index(least_grade):
        return Outcome.REJECTED, f"grade: `{grade}`, the suite asks for `{least_grade}`"
    return Outcome.VERIFIED, "all required validators passed"


def grade_of(verdicts: Sequence[Verdict]) -> str:
    """Return how strong the evidence is: one of `GRADES`."""
    groups = {
        group
        for verdict in verdicts
        if verdict.status is Status.PASS and verdict.evidence is not None
        for group, count in verdict.evidence.tests.items()
        if count.total > 0
    }
    if "hidden" in groups:
        return "tests + hidden"
    return "tests" if groups else "none"


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "list": list,
    "dict": dict,
    "any": object,
}


def schema_mismatch(fields: Mapping[str, str], state: State) -> str | None:
    """Say which variable is not of the type that `schema_config` names; None when all are."""
    for name, wanted in fields.items():
        value = state.get(name)
        is_bool_as_number = isinstance(value, bool) and wanted in ("int", "float")
        if is_bool_as_number or not isinstance(value, _TYPES[wanted]):
            return f"schema: `{name}` is {type(value).__name__}, the suite asks for {wanted}"
    return None
