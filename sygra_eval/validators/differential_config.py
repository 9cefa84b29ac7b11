"""The keys of the validator `differential`, checked before anything runs."""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.validators.unit_tests_config import TestColumns, unknown_column
from sygra_eval.values import Problem, Scope


class DifferentialConfig(BaseModel):
    """Keys of `differential`.

    :ivar reference: The column with a program that is right.
    :ivar entry_point: The column that names the function asked for.
    :ivar inputs: A column with argument lists.
    :ivar strategies: A column with what the arguments are drawn from, one text each.
    :ivar source: `from:`, the columns of tests as for `unit_tests`; their calls are inputs too.
    :ivar mutate: Whether mutations of given inputs fill up what is left of `most_inputs`; by
        default where there is neither a column of inputs nor one of strategies.
    :ivar contract: A column with assertions on the parameters, that sort out inputs.
    :ivar raises: A column with names of exceptions that the question asks for: these are compared.
    :ivar arguments: A column that says whether the arguments after the call are compared too.
    :ivar most_inputs: How many inputs are tried, examples included.
    :ivar min_inputs: With fewer than this the verdict is `skip`.
    :ivar tolerance: How far floats may be apart: who adds up in another order is no less right.
    :ivar types: `python` compares as `==` does, `exact` also the types.
    :ivar timeout: Seconds for the reference, and again for the candidate, scaled to the machine.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    reference: str
    entry_point: str = "entry_point"
    inputs: str | None = None
    strategies: str | None = None
    source: str | TestColumns | None = Field(default=None, alias="from")
    mutate: bool | None = None
    contract: str | None = None
    raises: str | None = None
    arguments: str | None = None
    most_inputs: int = Field(default=200, ge=1, le=1000)
    min_inputs: int = Field(default=10, ge=1)
    tolerance: float = Field(default=1e-9, ge=0)
    types: Literal["python", "exact"] = "python"
    timeout: float | None = Field(default=None, gt=0)

    def test_columns(self) -> tuple[str, ...]:
        """Name the columns of tests."""
        if self.source is None:
            return ()
        if isinstance(self.source, str):
            return (self.source,)
        return tuple(c for c in (self.source.visible, self.source.hidden) if c is not None)

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report columns that nothing provides, and inputs that come from nowhere."""
        for key in ("reference", "inputs", "strategies", "contract", "raises", "arguments"):
            column = getattr(self, key)
            if column is not None:
                yield from unknown_column(column, (key,), scope)
        for column in self.test_columns():
            yield from unknown_column(column, ("from",), scope)
        if "entry_point" in self.model_fields_set:
            yield from unknown_column(self.entry_point, ("entry_point",), scope)
        if self.inputs is None and self.source is None and self.strategies is None:
            yield Problem(
                code="no-inputs",
                message="`differential` has no inputs to try",
                fix="name a column of argument lists in `inputs`, or the tests in `from`",
            )
