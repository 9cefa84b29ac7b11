"""Validator `refusal`: the reply answers and does not decline.

Only how a reply opens is looked at, outside code and quotation marks, and only where it has no
code: who writes the function has not refused. The phrases are in `refusal_phrases`.
"""

import re
import unicodedata

from sygra_eval.validators.language import prose_of
from sygra_eval.validators.refusal_phrases import PHRASES
from sygra_eval.validators.verdicts import in_one_line, says
from sygra_eval.values import Candidate, Evidence, Status, ValidatorContext, Verdict

OPENING = 300  # characters: a reply that declines later has said something before
LOOKED_AT = 4_000  # of which quotations are taken out first
SENTENCES = 3
_QUOTED = re.compile(
    r"\"[^\"\n]{0,300}\"|\u201c[^\u201d\n]{0,300}\u201d|\u00ab[^\u00bb\n]{0,300}\u00bb"
    r"|\u201e[^\u201c\u201d\n]{0,300}[\u201c\u201d]|(?<![\w])'[^'\n]{12,300}'(?![\w])"
    r"|\u300c[^\u300d\n]{0,300}\u300d"
)
_QUOTED_LINE = re.compile(r"^[ \t]{0,3}>[^\n]*", re.MULTILINE)
_SENTENCE = re.compile(r"[^.!?\n\u3002\uff01\uff1f]{1,300}")
_MARKS = re.compile(r"[*_#]+")


async def refusal(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when none of the first sentences declines."""
    if candidate.code is not None:
        return says(ctx, Status.PASS, "has code, so it answers")
    told = refusal_in(prose_of(candidate)[:LOOKED_AT])
    if told is None:
        return says(ctx, Status.PASS, "does not open with a refusal")
    language, sentence = told
    evidence = Evidence(output=in_one_line(sentence.strip(), 200))
    return says(ctx, Status.FAIL, f"declines to answer ({language})", evidence=evidence)


def refusal_in(prose: str) -> tuple[str, str] | None:
    """Return the language and the sentence that declines; None where none of the first does."""
    prose = _QUOTED_LINE.sub(" ", _QUOTED.sub(" ", prose))
    opening = _MARKS.sub("", unicodedata.normalize("NFKC", prose)).lstrip()[:OPENING]
    for match in list(_SENTENCE.finditer(opening))[:SENTENCES]:
        sentence = " ".join(match[0].replace("\u2019", "'").casefold().split())
        for language, phrase in PHRASES:
            if phrase.match(sentence):
                return language, match[0]
    return None
