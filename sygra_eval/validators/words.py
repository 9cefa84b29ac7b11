"""Words of evidence: bounded, and free of what differs between two equal runs."""

import re

from sygra_eval.values import Candidate

ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")
LONGEST = 300
_MUCH = 16
_CUT_ADDRESS = 8  # what may be left of one that the cut went through, so that it is none


def shortened(text: str, longest: int = LONGEST) -> str:
    """Scrub addresses and keep the beginning; no more of a long text is looked at (20 ms a MB)."""
    beginning = ADDRESS.sub("0x…", text[: longest * _MUCH])
    is_enough = len(beginning) > longest + _CUT_ADDRESS
    text = beginning if is_enough else ADDRESS.sub("0x…", text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def no_code(candidate: Candidate) -> str:
    """Say why there is nothing to judge, with the beginning of the answer."""
    why = candidate.extraction.removeprefix("no_code: ")
    beginning = shortened(" ".join(candidate.text.split()), 200)
    return f"no_code: {why}" + (f"; the answer begins: {beginning}" if beginning else "")
