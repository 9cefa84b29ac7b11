"""Validator `length`: the answer is neither too short nor too long."""

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sygra_eval.validators.verdicts import says
from sygra_eval.values import Candidate, Status, ValidatorContext, Verdict

CHARACTERS_PER_TOKEN = 4
Unit = Literal["characters", "words", "lines", "tokens"]


class LengthConfig(BaseModel):
    """Keys of `length`; both bounds are inclusive.

    :ivar unit: What is counted. Tokens are an estimate: no tokenizer is asked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min: int | None = Field(default=None, ge=0)
    max: int | None = Field(default=None, ge=0)
    unit: Unit = "characters"

    @model_validator(mode="after")
    def bounds_something(self) -> "LengthConfig":
        """Refuse bounds that everything or nothing keeps to."""
        if self.min is None and self.max is None:
            raise ValueError("name `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"`min` {self.min} is above `max` {self.max}: nothing would pass")
        return self


async def length(candidate: Candidate, ctx: ValidatorContext) -> Verdict:
    """Pass when the whole answer is within the bounds."""
    config = ctx.validator.config
    assert isinstance(config, LengthConfig)  # noqa: S101 - registered with this model
    size = size_of(candidate.text, config.unit)
    told = told_size(size, config.unit)
    if config.min is not None and size < config.min:
        return says(ctx, Status.FAIL, f"too short: {told}, at least {config.min} asked for")
    if config.max is not None and size > config.max:
        return says(ctx, Status.FAIL, f"too long: {told}, at most {config.max} allowed")
    return says(ctx, Status.PASS, told)


def size_of(text: str, unit: Unit) -> int:
    """Count; a last line counts whether or not a line end closes it."""
    match unit:
        case "characters":
            return len(text)
        case "words":
            return len(text.split())
        case "lines":
            return text.count("\n") + (0 if text.endswith("\n") or not text else 1)
        case "tokens":
            return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


def told_size(size: int, unit: Unit) -> str:
    """`1 word`, or `about 120 tokens (characters / 4)`."""
    word = unit.removesuffix("s") if size == 1 else unit
    if unit == "tokens":
        return f"about {size} {word} (characters / {CHARACTERS_PER_TOKEN})"
    return f"{size} {word}"
