"""Requests and tokens per minute: a bucket that fills with time and empties with calls.

Its rate is what the suite names (`rpm`, `tpm`), or what the endpoint says of itself in the headers
of its answers. What a call will cost is estimated before it is sent and put right afterwards.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sygra_eval.values import Allowance, Allowances

BURST_S = 10.0  # what a quiet bucket holds at most: ten seconds' worth
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}
_MOST_RESET_S = 300.0


@dataclass(slots=True)
class Bucket:
    """A level that rises by `per_minute / 60` a second, and never above ten seconds' worth.

    A call larger than the bucket waits until it is full, and then takes it below zero: the next
    ones pay it off.

    :ivar is_named: The suite named the rate, so headers only lower the level and not the rate.
    """

    per_minute: float
    filled_at_s: float
    is_named: bool = True
    level: float = -1.0

    def __post_init__(self) -> None:
        if not 0 < self.per_minute < math.inf:
            raise ValueError(f"{self.per_minute} a minute is no rate")
        self.level = self.size if self.level < 0 else self.level

    @property
    def size(self) -> float:
        """What it holds when it is full, at least one call."""
        return max(1.0, self.per_minute * BURST_S / 60)

    def wait_s(self, amount: float, now_s: float) -> float:
        """Return in how many seconds there is enough; 0 when there is now."""
        self._fill(now_s)
        missing = min(amount, self.size) - self.level
        return max(0.0, missing * 60 / self.per_minute)

    def left(self, now_s: float) -> float:
        """Return what is in it now."""
        self._fill(now_s)
        return self.level

    def take(self, amount: float, now_s: float) -> None:
        """Take it; ask `wait_s` first."""
        self._fill(now_s)
        self.level -= amount

    def correct(self, estimated: float, used: float) -> None:
        """Put an estimate right once it is known what was used."""
        self.level = min(self.size, self.level + estimated - used)

    def heard(self, said: Allowance, now_s: float, *, in_flight_amount: float = 0.0) -> None:
        """Believe an endpoint that less is left than we thought, and what its limit is.

        :param in_flight_amount: What was taken here for calls that it may not have counted yet.
        """
        self._fill(now_s)
        if said.per_minute is not None and said.per_minute > 0 and not self.is_named:
            self.per_minute = said.per_minute
        if said.remaining is not None:
            self.level = min(self.level, said.remaining - in_flight_amount)

    def name_rate(self, per_minute: float, now_s: float) -> None:
        """Take another rate, which headers do not change any more; what is left stays."""
        self._fill(now_s)
        self.per_minute, self.is_named = per_minute, True
        self.level = min(self.level, self.size)

    def _fill(self, now_s: float) -> None:
        passed_s = max(0.0, now_s - self.filled_at_s)
        self.level = min(self.size, self.level + passed_s * self.per_minute / 60)
        self.filled_at_s = max(self.filled_at_s, now_s)


def held(bucket: Bucket | None, per_minute: float | None, now_s: float) -> Bucket | None:
    """Return the bucket for a rate that is named while calls run.

    A new one begins empty: what was sent in the seconds before is not known.
    """
    if per_minute is None:
        return None
    if bucket is None:
        return Bucket(per_minute=per_minute, filled_at_s=now_s, level=0.0)
    bucket.name_rate(per_minute, now_s)
    return bucket


def allowances(headers: Mapping[str, str]) -> Allowances | None:
    """Read what an answer says is left of requests and of tokens; None where it says nothing.

    The names are those of OpenAI (`x-ratelimit-limit-requests`), which most endpoints use, and of
    Anthropic (`anthropic-ratelimit-requests-limit`).
    """
    if not any("ratelimit" in name.lower() for name in headers):
        return None
    requests, tokens = _allowance(headers, "requests"), _allowance(headers, "tokens")
    if requests is None and tokens is None:
        return None
    return Allowances(requests=requests, tokens=tokens)


def _allowance(headers: Mapping[str, str], of: str) -> Allowance | None:
    def header(what: str) -> str:
        ours = headers.get(f"x-ratelimit-{what}-{of}", "")
        return ours or headers.get(f"anthropic-ratelimit-{of}-{what}", "")

    said = Allowance(
        per_minute=_amount(header("limit")),
        remaining=_amount(header("remaining")),
        full_again_s=seconds_in(header("reset")),
    )
    return None if said == Allowance() else said


def _amount(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def seconds_in(text: str) -> float | None:
    """Read a time as `6m0s`, `1.5s`, `20ms` or plain seconds; at most five minutes."""
    text = text.strip()
    plain = _amount(text)
    if plain is not None:
        return min(plain, _MOST_RESET_S)
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return min(sum(float(number) * _SECONDS[unit] for number, unit in parts), _MOST_RESET_S)
