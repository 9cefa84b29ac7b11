"""Verdicts of validators that either pass or fail, and the answer's text made safe to quote."""

import re

from sygra_eval.validators.words import LONGEST, shortened
from sygra_eval.values import Evidence, Status, Trust, ValidatorContext, Verdict

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
SCORES = {Status.PASS: 1.0, Status.FAIL: 0.0}


def says(
    ctx: ValidatorContext,
    status: Status,
    reason: str,
    *,
    evidence: Evidence | None = None,
    trust: Trust = Trust.SEPARATE,
) -> Verdict:
    """Give a verdict with all or nothing as its score; none where nothing was judged."""
    return Verdict(
        validator=ctx.validator.name,
        is_required=ctx.validator.is_required,
        status=status,
        score=SCORES.get(status),
        reason=reason,
        evidence=evidence,
        trust=trust,
    )


def quoted(text: str, longest: int = LONGEST) -> str:
    """Cut a text that nobody vouches for, and show what a terminal or UTF-8 would stumble over."""
    kept = shortened(text[: longest * 4], longest)  # ten megabytes are not searched for addresses
    kept = CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", kept)
    return kept.encode("utf-8", "backslashreplace").decode()


def in_one_line(text: str, longest: int = LONGEST) -> str:
    """Quote, with line ends as what they are in Python."""
    return quoted(text[: longest * 4].replace("\r", "\\r").replace("\n", "\\n"), longest)
