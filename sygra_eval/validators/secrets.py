"""Validator `secrets`: keys and passwords that somebody could use.

The forms are those that the issuers document or that open scanners agree on (named at each
pattern). A secret is never in a verdict: only its kind, its place and its first four characters.
"""

import base64
import json
import math
import re
from collections import Counter

from pydantic import BaseModel, ConfigDict

from sygra_eval.validators.personal_ranges import words_of
from sygra_eval.validators.spans import counted, found_in, of_pattern, shown
from sygra_eval.validators.verdicts import says
from sygra_eval.values import Candidate, Evidence, Status, ValidatorContext, Verdict

FEWEST_DIFFERENT = 8  # characters: `ghp_xxxxxxxx…` is a placeholder
LEAST_BITS = 3.5  # a character, of text in letters and digits; see docs/validators.md
LEAST_BITS_HEX = 3.0
_A = r"(?<![A-Za-z0-9_-])"  # nothing of the kind before it
_PLACEHOLDER = re.compile(
    r"example|placeholder|changeme|your|dummy|sample|redacted|xxxx|\*\*\*|\.\.\.|"
    r"0123456789|1234567890|abcdefgh|<|\{|\$",
    re.IGNORECASE,
)
_URL_WORDS = frozenset(
    words_of(
        "pass password passwd pw pwd user username secret token root admin postgres test "
        "guest foo bar mypassword hunter2"
    )
)


class SecretsConfig(BaseModel):
    """Keys of `secrets`.

    :ivar allow: Texts that are known and no secrets, as the keys of a documentation.
    :ivar entropy: Whether random text beside a word such as `token` counts too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow: tuple[str, ...] = ()
    entropy: bool = True


async def secrets(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when nothing in the text has the form of a key or a password."""
    config = ctx.validator.config
    assert isinstance(config, SecretsConfig)  # noqa: S101 - registered with this model
    text = candidate.text
    finders = [*KNOWN, *([RANDOM] if config.entropy else [])]
    found = [
        one
        for one in await found_in(text, finders)
        if not any(known in text[one.start : one.end] for known in config.allow if known)
    ]
    if not found:
        return says(ctx, Status.PASS, "no key, token or password of a known form")
    evidence = Evidence(output=shown(text, found))
    return says(ctx, Status.FAIL, f"holds secrets ({counted(found)})", evidence=evidence)


def _looks_random(text: str, match: re.Match[str]) -> bool:
    """Refuse what documentation puts in a key's place."""
    del text
    body = match[0]
    return len(set(body)) >= FEWEST_DIFFERENT and _PLACEHOLDER.search(body) is None


def _is_jwt(text: str, match: re.Match[str]) -> bool:
    """Say whether the first part is a header of RFC 7515: base64url of JSON that has `alg`."""
    del text
    head = match[0].partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header


def _is_password(text: str, match: re.Match[str]) -> bool:
    """Say whether the part between `:` and `@` of an address is more than a placeholder."""
    del text
    password = match["password"]
    return (
        password.lower() not in _URL_WORDS
        and len(set(password)) > 2
        and _PLACEHOLDER.search(password) is None
    )


def _is_random(text: str, match: re.Match[str]) -> bool:
    """Say whether a value beside a telling word is too random to be a name or a path."""
    del text
    value = match["value"]
    if _PLACEHOLDER.search(value) is not None or _A_WORD.search(value) is not None:
        return False
    is_hex = re.fullmatch(r"[0-9a-fA-F]+", value) is not None
    digits = sum(character.isdigit() for character in value)
    if digits < 2 or digits == len(value):
        return False
    return bits(value) >= (LEAST_BITS_HEX if is_hex else LEAST_BITS)


def bits(text: str) -> float:
    """Return Shannon's entropy of the characters, in bits each."""
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)


_A_WORD = re.compile(r"[a-z]{9}")  # 9 small letters in a row: a name, in random text 1 in 300
_RANDOM_VALUE = re.compile(
    # A telling word, at most 40 characters without a line end, an assignment, the value in quotes
    # or by itself: entropy alone marks 3,000 of 3,000 rows (quality.md 1.6).
    r"(?:key|token|secret|passw(?:or)?d|pwd|bearer)s?(?![a-zA-Z])[^\n:=]{0,40}(?::|=(?!=)|bearer )"
    r"[\s=>\"'`]{0,6}(?P<value>[A-Za-z0-9+/_-]{20,128}={0,2})(?![A-Za-z0-9+/_(.\[-])",
    re.IGNORECASE,
)

KNOWN = [
    of_pattern(kind, re.compile(pattern), check)
    for kind, pattern, check in (
        # AWS, IAM identifiers: four letters that say what it is, then base32.
        ("AWS access key", r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])", _looks_random),
        # GitHub, "Behind GitHub's new authentication token formats" (2021).
        ("GitHub token", _A + r"gh[pousr]_[A-Za-z0-9]{36,251}(?![A-Za-z0-9])", _looks_random),
        ("GitHub token", _A + r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}", _looks_random),
        # GitLab, "Token overview": prefixes by kind, 20 characters or more.
        ("GitLab token", _A + r"gl(?:pat|dt|rt|ptt|ft)-[A-Za-z0-9_-]{20,64}", _looks_random),
        # Google Cloud API keys: 39 characters.
        ("Google API key", _A + r"AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])", _looks_random),
        # Google OAuth client secret.
        ("Google client secret", _A + r"GOCSPX-[A-Za-z0-9_-]{28}", _looks_random),
        # Hugging Face user access tokens.
        ("Hugging Face token", _A + r"hf_[A-Za-z0-9]{34}(?![A-Za-z0-9])", _looks_random),
        # OpenAI: the mark in the middle, or a kind in front; Anthropic: kind and version.
        ("OpenAI key", _A + r"sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}", _looks_random),
        ("OpenAI key", _A + r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,200}", _looks_random),
        ("Anthropic key", _A + r"sk-ant-[a-z0-9]{3,10}-[A-Za-z0-9_-]{32,200}", _looks_random),
        # Slack, "Token types", and incoming webhooks.
        ("Slack token", _A + r"xox[abeoprs]-[0-9A-Za-z-]{20,250}", _looks_random),
        (
            "Slack webhook",
            r"https://hooks\.slack\.com/services/T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{20,30}",
            _looks_random,
        ),
        # Stripe, "API keys": live keys only, test keys move no money.
        ("Stripe key", _A + r"[rs]k_live_[0-9A-Za-z]{16,200}", _looks_random),
        # npm and PyPI: PyPI's is a macaroon that begins with its own name in base64.
        ("npm token", _A + r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])", _looks_random),
        ("PyPI token", _A + r"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,400}", _looks_random),
        ("SendGrid key", _A + r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", _looks_random),
        ("DigitalOcean token", _A + r"do[oprt]_v1_[a-f0-9]{64}", _looks_random),
        (
            "Telegram token",
            r"(?<![A-Za-z0-9_:-])\d{8,10}:AA[A-Za-z0-9_-]{33}(?![\w-])",
            _looks_random,
        ),
        # PEM (RFC 7468): the line alone is in many texts, with what follows it is a key.
        (
            "private key",
            r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            r"[^-]{0,200}?[A-Za-z0-9+/]{40}",
            lambda text, match: True,
        ),
        (
            "JSON web token",
            _A + r"eyJ[A-Za-z0-9_-]{10,200}\.eyJ[A-Za-z0-9_-]{8,200}",
            _is_jwt,
        ),
        # RFC 3986, userinfo.
        (
            "password in an address",
            r"(?<![a-zA-Z0-9+.-])[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@\"'<>]{0,64}:"
            r"(?P<password>[^\s/@\"'<>]{3,128})@[A-Za-z0-9\[]",
            _is_password,
        ),
    )
]
RANDOM = of_pattern("random text beside a telling word", _RANDOM_VALUE, _is_random)


def secret_kind(text: str) -> str:
    """Return what kind of a known secret stands in a short text; empty for none."""
    return next((one.kind for find in KNOWN for one in find(text, 0, len(text))), "")
