"""Bounds on a number that a model gave: `at_least`, `at_most`, both inclusive."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sygra_eval.suite import ModelByName
from sygra_eval.validators.verdicts import says
from sygra_eval.values import Evidence, Status, ValidatorContext, Verdict


class Bounds(BaseModel):
    """Keys of a validator that asks a model for one number.

    :ivar model: Gives the number.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: ModelByName
    at_least: float | None = Field(default=None, allow_inf_nan=False)
    at_most: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def bounds_something(self) -> "Bounds":
        """Refuse bounds that everything or nothing keeps to."""
        if self.at_least is None and self.at_most is None:
            raise ValueError("name `at_least`, `at_most` or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            told = f"`at_least` {self.at_least:g} is above `at_most` {self.at_most:g}"
            raise ValueError(f"{told}: nothing would pass")
        return self


def within(
    ctx: ValidatorContext,
    value: float,
    *,
    what: str,
    at_least: float | None,
    at_most: float | None,
) -> Verdict:
    """Pass when a number keeps to its bounds; it is in the evidence, under its name.

    A reason begins with what is wrong, because rows are counted by that.

    :param what: Its name, as in `reward 0.31`.
    """
    told, measure = f"{what} {value:.6g}", what.partition(" ")[0]
    evidence = Evidence(output=told, measures={measure: value})
    if at_least is not None and value < at_least:
        reason = f"too low: {told}, at least {at_least:g} asked for"
        return says(ctx, Status.FAIL, reason, evidence=evidence)
    if at_most is not None and value > at_most:
        reason = f"too high: {told}, at most {at_most:g} allowed"
        return says(ctx, Status.FAIL, reason, evidence=evidence)
    return says(ctx, Status.PASS, told, evidence=evidence)


def text_beside(ctx: ValidatorContext, column: str) -> str | Verdict:
    """Return the text of a column, or the verdict on a row that has none there."""
    beside = ctx.columns.get(column)
    if beside is None or beside == "":
        return says(ctx, Status.SKIP, f"the row has nothing in `{column}`")
    if not isinstance(beside, str):
        kind = type(beside).__name__
        return says(ctx, Status.ERROR, f"`{column}` holds {kind}, not a text")
    return beside
