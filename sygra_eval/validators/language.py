"""Validator `language`: the prose of the answer is in the language asked for.

It counts the commonest words of seven languages, outside code. It is no match for a trained
detector: short, mixed or technical texts are skipped or go to the language with more such words.
"""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.validators.stop_words import STOP_WORDS
from sygra_eval.validators.verdicts import says
from sygra_eval.values import Candidate, Status, ValidatorContext, Verdict

LONGEST_PROSE = 20_000  # characters: more of a text says nothing more of its language
LONGEST_ANSWER = 200_000  # of which the prose is taken
FEWEST_WORDS = 5
FEWEST_FOUND = 2
WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
FENCE = re.compile(r"[ \t>]*(?:[-*+][ \t]+)?(?P<marks>`{3,}|~{3,})(?P<info>[^`]*)$")
CODE_SPAN = re.compile(r"`[^`\n]{1,500}`|https?://\S{1,500}")
CURLY = "\u2019"  # the apostrophe of printed text
NAMES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
}


class LanguageConfig(BaseModel):
    """Keys of `language`.

    :ivar wanted: `is: en`, the language's two letters.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    wanted: Literal["en", "de", "fr", "es", "it", "pt", "nl"] = Field(alias="is")


async def language(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when no other language has as many common words in the answer's prose."""
    config = ctx.validator.config
    assert isinstance(config, LanguageConfig)  # noqa: S101 - registered with this model
    prose = prose_of(candidate)
    letters = [character for character in prose if character.isalpha()]
    if sum(not is_latin(letter) for letter in letters) * 2 > len(letters) >= FEWEST_WORDS:
        reason = f"not {NAMES[config.wanted]}: most of its letters are not Latin ones"
        return says(ctx, Status.FAIL, reason)
    words = [word.lower().replace(CURLY, "'") for word in WORD.findall(prose)]
    if len(words) < FEWEST_WORDS:
        reason = f"too little prose to tell: {len(words)} of at least {FEWEST_WORDS} words"
        return says(ctx, Status.SKIP, reason)
    found = {name: sum(word in common for word in words) for name, common in STOP_WORDS.items()}
    most = max(found.values())
    leading = sorted(name for name, count in found.items() if count == most)
    if most < FEWEST_FOUND or (config.wanted in leading and len(leading) > 1):
        return says(ctx, Status.SKIP, f"no language stands out in {len(words)} words")
    share = f"{found[config.wanted]} of {len(words)} words are common in {NAMES[config.wanted]}"
    if config.wanted in leading:
        return says(ctx, Status.PASS, f"{NAMES[config.wanted]}: {share}")
    reason = f"looks like {NAMES[leading[0]]}: {share}, {most} in {NAMES[leading[0]]}"
    return says(ctx, Status.FAIL, reason)


def language_of(text: str) -> str | None:
    """Return the letters of the language that a text is in; None where none stands out."""
    words = [word.lower().replace(CURLY, "'") for word in WORD.findall(text[:LONGEST_PROSE])]
    found = {name: sum(word in common for word in words) for name, common in STOP_WORDS.items()}
    most = max(found.values())
    leading = [name for name, count in found.items() if count == most]
    is_clear = len(words) >= FEWEST_WORDS and most >= FEWEST_FOUND and len(leading) == 1
    return leading[0] if is_clear else None


def prose_of(candidate: Candidate) -> str:
    """Take fenced blocks, code spans, addresses, and code without a fence out of the answer."""
    text = candidate.text[:LONGEST_ANSWER].replace("\r\n", "\n")
    if candidate.code and candidate.code.strip() in text:
        text = text.replace(candidate.code.strip(), "\n")
    marks, kept = "", []
    for line in text.split("\n"):  # simpler than `fences`, and linear in a hostile text
        fence = FENCE.match(line)
        if not marks and fence is None:
            kept.append(line)
        elif not marks and fence is not None:
            marks = fence["marks"]
        elif fence is not None and fence["marks"].startswith(marks) and not fence["info"].strip():
            marks = ""
    return CODE_SPAN.sub(" ", "\n".join(kept))[:LONGEST_PROSE]


def is_latin(letter: str) -> bool:
    """Whether a letter is of the Latin alphabet, with its accents."""
    return ord(letter) < 0x250 or 0x1E00 <= ord(letter) < 0x1F00
