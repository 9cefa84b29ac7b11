"""Ten cheap checks of a text, and the validators that they are: benchmark `ten_validators`."""

import re
from collections.abc import Awaitable, Callable

from sygra_eval import RegisterValidator, hookimpl
from sygra_eval.values import Candidate, Status, ValidatorContext, Verdict

_WORDS, _ADDRESS = re.compile(r"\w+"), re.compile(r"[\w.+-]+@[\w-]+\.\w+")
_LINK, _SORRY = re.compile(r"https?://"), re.compile(r"\b(?:sorry|cannot help)\b", re.IGNORECASE)


def _sentence_like(text: str) -> bool:
    return sum(map(str.isalpha, text)) >= len(text) / 2


CHECKS: dict[str, Callable[[str], bool]] = {
    "says_something_at_all": lambda text: bool(text.strip()),
    "long_enough": lambda text: len(text) >= 100,
    "short_enough": lambda text: len(text) <= 10_000,
    "has_words": lambda text: len(_WORDS.findall(text)) >= 5,
    "mostly_letters": _sentence_like,
    "no_address": lambda text: "@" not in text or _ADDRESS.search(text) is None,
    "no_link": lambda text: _LINK.search(text) is None,
    "no_apology": lambda text: _SORRY.search(text) is None,
    "no_replacement": lambda text: "\ufffd" not in text,
    "varied": lambda text: len(set(text)) >= 10,
}
"""Name -> what says whether a text passes."""


def _validator(check: Callable[[str], bool]) -> Callable[..., Awaitable[Verdict]]:
    async def judge(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
        is_good = check(candidate.text)
        status = Status.PASS if is_good else Status.FAIL
        score = float(is_good)
        reason = "as it should be" if is_good else "not as it should be"
        return Verdict(validator=ctx.validator.name, status=status, score=score, reason=reason)

    return judge


@hookimpl
def sygra_register_validators(register: RegisterValidator) -> None:
    """Offer all ten."""
    for name, check in CHECKS.items():
        register(name, _validator(check))
