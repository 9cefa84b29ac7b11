"""The keys of the validator `time_growth`, and the claims that it knows."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sygra_eval.validators.unit_tests_config import unknown_column
from sygra_eval.values import Problem, Scope

LEAST_SPREAD = 8
CLAIMS: Mapping[str, Callable[[float], float]] = {
    "1": lambda _: 1.0,
    "log n": lambda n: math.log2(n + 1),
    "n": lambda n: n,
    "n log n": lambda n: n * math.log2(n + 1),
    "n^2": lambda n: n**2,
    "n^2 log n": lambda n: n**2 * math.log2(n + 1),
    "n^3": lambda n: n**3,
}
LESS_THAN_N = frozenset({"1", "log n"})


class TimeGrowthConfig(BaseModel):
    """Keys of `time_growth`.

    :ivar claim: How the time may grow, one of `CLAIMS`, or the column that says it.
    :ivar input: An expression of `n` for each argument, or a strategy in `n`; or one of them.
    :ivar sizes: What `n` is, from the smallest to the largest, which is at least 8 times that.
    :ivar margin: How far the exponent measured may be above that of the claim.
    :ivar entry_point: The column that names the function asked for.
    :ivar timeout: Seconds of CPU for one size, scaled to the machine.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    claim: str
    input: str | tuple[str, ...]
    sizes: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] = (250, 500, 1000, 2000, 4000)
    margin: float = Field(default=0.5, ge=0.3, le=2)
    entry_point: str = "entry_point"
    timeout: float | None = Field(default=None, gt=0)

    @field_validator("sizes")
    @classmethod
    def are_far_apart(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        """Refuse sizes between which nothing could be told apart."""
        if len(sizes) < 3 or list(sizes) != sorted(set(sizes)):
            raise ValueError("give at least 3 sizes, from the smallest to the largest")
        if sizes[-1] < LEAST_SPREAD * sizes[0]:
            raise ValueError(f"the largest size has to be at least {LEAST_SPREAD} times the least")
        return sizes

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report columns that nothing provides."""
        if claimed(self.claim) is None:
            yield from unknown_column(self.claim, ("claim",), scope)
        if "entry_point" in self.model_fields_set:
            yield from unknown_column(self.entry_point, ("entry_point",), scope)


def claimed(text: str) -> str | None:
    """Read a claim, as `O(n**2)`; None when it is none that is known."""
    plain = text.strip()
    if plain.startswith("O(") and plain.endswith(")"):
        plain = plain[2:-1]
    plain = plain.replace("**", "^").replace("²", "^2").replace("³", "^3")
    plain = re.sub(r"[\s*()]+", " ", plain).strip()
    return plain if plain in CLAIMS else None
