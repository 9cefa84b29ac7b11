"""What is done with an answer that is not whole, and what is kept of a call that gave none."""

from dataclasses import dataclass
from enum import StrEnum


class OnLength(StrEnum):
    """An answer was cut because it reached the limit of its tokens.

    `keep`: it goes on, and no validator passes it. `accept`: it goes on as if it were whole.
    `raise_max_tokens`: it is asked for once more with twice the limit. `fail`: the call fails.
    """

    KEEP = "keep"
    ACCEPT = "accept"
    RAISE = "raise_max_tokens"
    FAIL = "fail"


class OnTooLong(StrEnum):
    """A prompt is longer than the model's context: the call fails, or its oldest turns go."""

    FAIL = "fail"
    TRUNCATE = "truncate"


class OnRepetition(StrEnum):
    """An answer repeats itself without end: the call fails, or the answer goes on."""

    FAIL = "fail"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What a model's entry says of answers that are not whole."""

    on_length: OnLength = OnLength.KEEP
    on_too_long: OnTooLong = OnTooLong.FAIL
    on_repetition: OnRepetition = OnRepetition.FAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFault:
    """A try of a call that gave no usable answer, as the journal keeps it.

    :ivar node: Path of the step, with its `visit` and `sample`.
    :ivar kind: As of `CallFailed`.
    :ivar raw: The beginning of what came, without secrets; empty where nothing did.
    :ivar is_final: Asked again it would be refused again, so it is not asked again.
    """

    node: str
    kind: str
    message: str
    raw: str = ""
    is_final: bool = False
    visit: int = 1
    sample: int = 0
