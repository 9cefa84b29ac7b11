"""What verdicts come to: an outcome, its reason, and the grade of a row's evidence."""

from collections.abc import Mapping, Sequence

from sygra_eval.values import Outcome, State, Status, Trust, Verdict

STRONGEST = "properties + differential + mutation + stable"
GRADES = ("none", "tests", "tests + hidden", "differential", STRONGEST)
"""From the weakest evidence to the strongest."""
ENOUGH_MUTANTS = 0.8
"""The mutation score that the strongest grade needs where the suite names no `min_score`."""


def outcome_of(
    verdicts: Sequence[Verdict], *, least_grade: str | None = None
) -> tuple[Outcome, str]:
    """Return where a record ends and why; only required verdicts decide.

    In this order: one failed, rejected; one errored, failed; one skipped, rejected as not
    applicable; all passed, verified when the evidence has the grade that the suite asks for, and
    not only tests that shared the candidate's process speak for it.
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
    if doubted := cooperative_alone(required):
        return (
            Outcome.REJECTED,
            f"cooperative: the tests of {doubted} ran in the candidate's own process; "
            "say accept_cooperative: true",
        )
    grade = grade_of(verdicts)
    if least_grade is not None and GRADES.index(grade) < GRADES.index(least_grade):
        return Outcome.REJECTED, f"grade: `{grade}`, the suite asks for `{least_grade}`"
    return Outcome.VERIFIED, "all required validators passed"


def cooperative_alone(passed: Sequence[Verdict]) -> str:
    """Name the validators whose word alone would verify a row, though the candidate heard them.

    Empty where the suite accepts that, and where tests that ran outside agree.
    """
    doubted = [v for v in passed if v.trust is Trust.COOPERATIVE and not v.is_accepted_cooperative]
    trusted = [v for v in passed if v not in doubted and v.evidence is not None]
    if any(count.total for v in trusted if v.evidence for count in v.evidence.tests.values()):
        return ""
    return ", ".join(f"`{verdict.validator}`" for verdict in doubted)


def grade_of(verdicts: Sequence[Verdict]) -> str:
    """Return how strong the evidence is: one of `GRADES`."""
    groups = {
        group
        for verdict in verdicts
        if verdict.status is Status.PASS and verdict.evidence is not None
        for group, count in verdict.evidence.tests.items()
        if count.total > 0
    }
    if "differential" in groups:
        is_strongest = "properties" in groups and _has_strength(verdicts)
        return STRONGEST if is_strongest else "differential"
    if "hidden" in groups:
        return "tests + hidden"
    return "tests" if groups else "none"


def _has_strength(verdicts: Sequence[Verdict]) -> bool:
    """Say whether the tests noticed enough small faults, and said the same when run again."""
    measures = [
        verdict.evidence.measures
        for verdict in verdicts
        if verdict.status is Status.PASS and verdict.evidence is not None
    ]
    is_tested = any(
        taken["mutation_score"] >= taken.get("mutation_min_score", ENOUGH_MUTANTS)
        for taken in measures
        if "mutation_score" in taken
    )
    return is_tested and any("stable_runs" in taken for taken in measures)


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
            given = "has no value" if value is None else f"is {type(value).__name__}"
            return f"schema: `{name}` {given}, the suite asks for {wanted}"
    return None
