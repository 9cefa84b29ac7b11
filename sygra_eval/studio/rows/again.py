"""Has validators asked once more, in a child, and says whether they say the same as in the run."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sygra_eval.studio.models import lines_of_child
from sygra_eval.studio.rows.record_shapes import VerdictTold
from sygra_eval.studio.told import Told
from sygra_eval.values import UsageError

MOST_AT_ONCE = 2
WHOLE_S = 300.0
_MODULE = "sygra_eval.studio.rows.again_child"


class ValidatorAgain(Told):
    """What became of one validator.

    :ivar journalled: Its status in the run.
    :ivar agreed: How many of `times` were of that status.
    :ivar statuses: How often it said what, now.
    :ivar is_stable: It said the same each time, and the same as in the run.
    :ivar now: The first verdict that differs from the run's; where none does, the last one.
    """

    validator: str
    journalled: str
    agreed: int
    times: int
    statuses: dict[str, int]
    is_stable: bool
    now: VerdictTold


class JudgedAgain(Told):
    """What validators say now, each with the sentence that people read."""

    row: str
    told: str
    validators: list[ValidatorAgain]


class VerdictsAgain:
    """The children that judge again, of one server."""

    def __init__(self) -> None:
        self._running = 0

    async def ask(self, folder: Path, asked: Mapping[str, Any]) -> JudgedAgain:
        """Judge a candidate again; whoever gives up waiting ends the child.

        :raises UsageError: With what stands in the way, or when it takes too long.
        """
        if self._running >= MOST_AT_ONCE:
            raise UsageError(f"{self._running} candidates are judged again now; wait for one")
        self._running += 1
        try:
            return await _asked(folder, asked)
        finally:
            self._running -= 1


async def _asked(folder: Path, asked: Mapping[str, Any]) -> JudgedAgain:
    said: dict[str, list[Mapping[str, Any]]] = {}
    request = {"folder": str(folder), "asked": dict(asked)}
    try:
        async with (
            asyncio.timeout(WHOLE_S),
            contextlib.aclosing(lines_of_child(request, _MODULE)) as lines,
        ):
            async for line in lines:
                if "error" in line:
                    raise UsageError(str(line["error"]))
                said.setdefault(line["said"]["validator"], []).append(line["said"])
    except TimeoutError:
        raise UsageError(f"it was not judged again within {WHOLE_S:g} s; ask fewer times") from None
    validators = [_validator(name, some) for name, some in said.items()]
    return JudgedAgain(row=asked["row"], told=_sentence(validators), validators=validators)


def _validator(name: str, said: list[Mapping[str, Any]]) -> ValidatorAgain:
    agreed = sum(one["agrees"] for one in said)
    shown = next((one for one in said if not one["agrees"]), said[-1])
    return ValidatorAgain(
        validator=name,
        journalled=said[0]["journalled"],
        agreed=agreed,
        times=len(said),
        statuses=dict(Counter(one["now"]["status"] for one in said)),
        is_stable=agreed == len(said),
        now=VerdictTold.model_validate(shown["now"]),
    )


def _sentence(validators: list[ValidatorAgain]) -> str:
    unstable = [one for one in validators if not one.is_stable]
    if not unstable:
        times = validators[0].times if validators else 0
        return f"Stable: {times} of {times} as in the run."
    worst = min(unstable, key=lambda one: one.agreed)
    return f"Not stable: `{worst.validator}` agrees {worst.agreed} of {worst.times} times."
