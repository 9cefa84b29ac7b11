"""Validator `injection`: a text does not try to give orders to the model that reads it.

It knows phrases (`injection_phrases`), no meaning. docs/validators.md has what it lets through and
what it stops wrongly, measured on examples of which half were never looked at while it was written.
"""

import re
import unicodedata
from collections.abc import Iterator

from sygra_eval.validators.injection_classes import FURTHER
from sygra_eval.validators.injection_forms import hidden_forms
from sygra_eval.validators.injection_phrases import ABOUT, PATTERNS
from sygra_eval.validators.spans import REACH, Found, found_in, of_pattern
from sygra_eval.validators.verdicts import in_one_line, says
from sygra_eval.values import Candidate, Evidence, Status, ValidatorContext, Verdict

MOST_SHOWN = 5
MOST_LONGER = 2  # times: a text that grows more is made of such letters, and is no prose
_HIDDEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_BLANKS = re.compile(r"[^\S\n]+")
_QUOTED = re.compile(
    "\"[^\"\n]{0,300}\"|\u201c[^\u201d\n]{0,300}\u201d|(?<!\\w)'[^'\n]{6,300}'(?!\\w)|`[^`\n]{0,300}`"
)
_FINDERS = tuple(of_pattern(kind, pattern) for kind, pattern in (*PATTERNS, *FURTHER))


async def injection(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when nothing in the text reads like an order to a model."""
    text = ""
    for text in forms_of(candidate.text):
        found = await found_in(text, _FINDERS)
        if found:
            break
    if not found:
        return says(ctx, Status.PASS, "reads like no order to a model")
    kinds = ", ".join(dict.fromkeys(one.kind for one in found))
    evidence = Evidence(output="\n".join(_shown(text, one) for one in found[:MOST_SHOWN]))
    return says(ctx, Status.FAIL, f"reads like an order to a model ({kinds})", evidence=evidence)


def forms_of(text: str) -> Iterator[str]:
    """Yield the text in its plain form, and what it says in another spelling."""
    yield plain_form(text)
    for hidden in hidden_forms(text):
        yield plain_form(hidden)


def plain_form(text: str) -> str:
    """Return a text in which nothing hides: one case, one form a letter, no invisible ones.

    Quotations go where the rest says that they are quoted.
    """
    if not text.isascii():
        one_form = unicodedata.normalize("NFKC", text)  # of one letter it can make 18
        text = one_form if len(one_form) <= MOST_LONGER * len(text) + REACH else text
    text = _BLANKS.sub(" ", _HIDDEN.sub("", text)).casefold().replace("\u2019", "'")
    text = re.sub(r"\n[#/*; ]{1,4}(?=[a-z])", " ", text) if "\n" in text[:REACH] else text
    unquoted = _QUOTED.sub(" ", text)
    return unquoted if unquoted != text and ABOUT.search(unquoted) else text


def _shown(text: str, one: Found) -> str:
    return f"{one.kind}: {in_one_line(text[one.start : one.end].strip(), 120)}"
