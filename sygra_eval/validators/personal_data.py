"""Validator `personal_data`: e-mail addresses, telephone numbers, accounts, cards, IP addresses.

What has a checksum is held to it, and what is set aside for documentation is nobody's. Names and
postal addresses are not looked for: that needs a model (a plugin's).
"""

import ipaddress
import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.validators.personal_ranges import (
    EXAMPLE_CARDS,
    EXAMPLE_IBANS,
    EXAMPLE_SSNS,
    IBAN_LENGTHS,
    KNOWN_RESOLVERS,
    TOP_LEVEL,
)
from sygra_eval.validators.spans import counted, found_in, of_pattern, shown
from sygra_eval.validators.verdicts import says
from sygra_eval.values import Candidate, Evidence, Status, ValidatorContext, Verdict

Kind = Literal["email", "phone", "iban", "credit_card", "ip", "ssn"]
SHOWN_OF_ONE = 2  # characters: four can be a first name
KINDS: tuple[Kind, ...] = ("email", "phone", "iban", "credit_card", "ip", "ssn")


class PersonalDataConfig(BaseModel):
    """Keys of `personal_data`.

    :ivar kinds: What is looked for.
    :ivar allow: Texts that are fine, as `support@our-company.com`, or the end of an address.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: tuple[Kind, ...] = Field(default=KINDS, min_length=1)
    allow: tuple[str, ...] = ()


async def personal_data(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when nothing in the text has the form of data of a person."""
    config = ctx.validator.config
    assert isinstance(config, PersonalDataConfig)  # noqa: S101 - registered with this model
    text, allowed = candidate.text, tuple(one.lower() for one in config.allow if one)
    finders = [find for kind in config.kinds for find in FINDERS[kind]]
    found = [
        one
        for one in await found_in(text, finders)
        if not allowed or not text[one.start : one.end].lower().endswith(allowed)
    ]
    if not found:
        return says(ctx, Status.PASS, f"none of {', '.join(config.kinds)}")
    evidence = Evidence(output=shown(text, found, SHOWN_OF_ONE))
    return says(ctx, Status.FAIL, f"holds personal data ({counted(found)})", evidence=evidence)


def _is_email(text: str, match: re.Match[str]) -> bool:
    """Refuse what is set aside for examples (RFC 2606, RFC 6761), and what is no address at all."""
    del text
    local, _, domain = match[0].lower().partition("@")
    labels = domain.split(".")
    if labels[-2] == "example" and labels[-1] in ("com", "org", "net", "edu"):
        return False
    is_domain = len(labels[-1]) == 2 or labels[-1] in TOP_LEVEL
    return is_domain and local != "git"  # `git@host:path` names a repository


def _is_phone(text: str, match: re.Match[str]) -> bool:
    """Say whether it has as many digits as E.164 allows, and is not set aside for fiction."""
    del text
    digits = re.sub(r"\D", "", match[0])
    if not 8 <= len(digits) <= 15 or len(set(digits)) < 3:
        return False
    if len(digits) < 10 and match[0][1:] == digits:
        return False  # `+12345678` is a number in code
    national = digits.removeprefix("1") if len(digits) in (10, 11) else digits
    is_fiction = len(national) == 10 and national[3:8] == "55501"  # NANP 555-0100 to 0199
    is_british = digits.startswith(("447700900", "441632960", "442079460"))  # Ofcom, for drama
    return not (is_fiction or is_british)


def _is_iban(text: str, match: re.Match[str]) -> bool:
    """Say whether the length is the country's and the checksum holds (ISO 13616, mod 97)."""
    del text
    return iban_in(match[0]) is not None


def iban_in(written: str) -> str | None:
    """Return the account at the beginning of a text, None where there is none."""
    joined = written.replace(" ", "").upper()
    length = IBAN_LENGTHS.get(joined[:2], 0)
    if not length or len(joined) < length or joined[:length] in EXAMPLE_IBANS:
        return None
    moved = joined[4:length] + joined[:4]
    if not moved.isascii() or int("".join(str(int(one, 36)) for one in moved)) % 97 != 1:
        return None
    return joined[:length]


def _is_card(text: str, match: re.Match[str]) -> bool:
    """Say whether an issuer has such numbers (ISO/IEC 7812) and the check digit is right."""
    del text
    digits = re.sub(r"\D", "", match[0])
    return has_issuer(digits) and luhn_holds(digits) and digits not in EXAMPLE_CARDS


def has_issuer(digits: str) -> bool:
    """Say whether the first digits are those of a scheme whose numbers have this length."""
    two, three, four = int(digits[:2]), int(digits[:3]), int(digits[:4])
    match len(digits):
        case 14:
            return two in (36, 38, 39) or 300 <= three <= 305
        case 15:
            return two in (34, 37)
        case 16:
            return (
                digits[0] == "4"
                or 51 <= two <= 55
                or 2221 <= four <= 2720
                or four == 6011
                or two == 65
                or 644 <= three <= 649
                or 3528 <= four <= 3589
            )
        case 13 | 19:
            return digits[0] == "4"
        case _:
            return False


def luhn_holds(digits: str) -> bool:
    """Say whether the last digit is the check digit of the others."""
    doubled = [int(one) * (1 + place % 2) for place, one in enumerate(reversed(digits))]
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def _is_address(text: str, match: re.Match[str]) -> bool:
    """Say whether it is public: not private, not for documentation, no version, no resolver."""
    before = text[max(0, match.start() - 12) : match.start()].lower()
    if re.search(r"v(?:ersion|er\.?)?[\s:=]{0,3}$", before):
        return False
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return False
    is_public = address.is_global and not address.is_multicast
    return is_public and str(address) not in KNOWN_RESOLVERS


def _is_ssn(text: str, match: re.Match[str]) -> bool:
    """Say whether it could have been given out (SSA: no 000, 666, 9xx; no 00; no 0000)."""
    del text
    area, group, serial = match[0].split("-")
    is_given = area not in ("000", "666") and area[0] != "9" and group != "00"
    return is_given and serial != "0000" and match[0] not in EXAMPLE_SSNS


FINDERS = {
    "email": [
        of_pattern(
            "e-mail address",
            re.compile(
                r"(?<![\w.%+-])[A-Za-z0-9][\w.%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,5}"
                r"[A-Za-z]{2,24}(?![\w-])(?!\()",
                re.ASCII,
            ),
            _is_email,
        )
    ],
    "phone": [
        of_pattern(
            "telephone number",
            re.compile(r"(?<![\w+.)-])\+[1-9](?:[ .()/-]{0,2}[0-9]){7,14}(?![0-9])"),
            _is_phone,
        ),
        of_pattern(
            "telephone number",
            re.compile(
                r"(?<![\w+.(-])(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[-. ])"
                r"[2-9][0-9]{2}[-. ][0-9]{4}(?![\w-])(?!\.[0-9])"
            ),
            _is_phone,
        ),
    ],
    "iban": [
        of_pattern(
            "IBAN",
            re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}(?![a-z])"),
            _is_iban,
        )
    ],
    "credit_card": [
        of_pattern(
            "card number",
            re.compile(r"(?<![\w.+-])[0-9](?:[ -]?[0-9]){12,18}(?![\w-])(?!\.[0-9])"),
            _is_card,
        )
    ],
    "ip": [
        of_pattern(
            "IP address",
            re.compile(r"(?<![\w.:-])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w-])(?!\.[0-9])"),
            _is_address,
        ),
        of_pattern(
            "IP address",
            re.compile(r"(?<![\w.:])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{4,34}(?![\w:])"),
            _is_address,
        ),
    ],
    "ssn": [
        of_pattern(
            "US social security number",
            re.compile(r"(?<![\w.-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![\w-])"),
            _is_ssn,
        )
    ],
}
