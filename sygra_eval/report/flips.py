"""Which tests and validators a revision turned, by name, as far as the evidence says.

Evidence names three failing cases at most. So a test that failed before is known to pass now only
where all that fail now are named, or none does; what is not known is not said.
"""

from sygra_eval.values import Attempt, Status, Verdict

_NAME = 300  # characters of a test's text


def flips_between(before: Attempt, now: Attempt) -> dict[str, list[str]]:
    """Return the names of what passes now and did not before, and the other way around."""
    earlier = {one.validator: one for one in before.verdicts}
    fixed: list[str] = []
    broken: list[str] = []
    for verdict in now.verdicts:
        old = earlier.get(verdict.validator)
        if old is None:
            continue
        fixed += _turned(old, verdict)
        broken += _turned(verdict, old)
    return {name: found for name, found in (("fixed", fixed), ("broken", broken)) if found}


def _turned(failing: Verdict, passing: Verdict) -> list[str]:
    """Return what fails in the one verdict and is known to pass in the other."""
    if failing.status is not Status.FAIL or passing.status not in (Status.PASS, Status.FAIL):
        return []
    names = _failing(failing)
    if passing.status is Status.PASS:
        return [f"{failing.validator}: {name}" for name in names] or [failing.validator]
    if not _are_all_named(passing):
        return []
    others = set(_failing(passing))
    return [f"{failing.validator}: {name}" for name in names if name not in others]


def _failing(verdict: Verdict) -> list[str]:
    evidence = verdict.evidence
    if evidence is None:
        return []
    cases = (evidence.failing, *evidence.further)
    return [
        (case.test or case.input)[:_NAME]
        for case in cases
        if case is not None and (case.test or case.input)
    ]


def _are_all_named(verdict: Verdict) -> bool:
    """Say whether every test that fails has its name in the evidence."""
    evidence = verdict.evidence
    if evidence is None or not evidence.tests:
        return False
    failed = sum(count.total - count.passed for count in evidence.tests.values())
    return failed == len(_failing(verdict))
