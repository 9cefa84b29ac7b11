"""The keys of the validator `unit_tests`, checked before anything runs."""

import difflib
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sygra_eval.validators.stdio_cases import Compare
from sygra_eval.values import Problem, Scope, Severity


class TestColumns(BaseModel):
    """Which column holds which tests; the hidden ones never reach author or critic."""

    __test__ = False  # not a test class, whatever pytest thinks of the name
    model_config = ConfigDict(extra="forbid", frozen=True)

    visible: str | None = None
    hidden: str | None = None

    @model_validator(mode="after")
    def names_a_column(self) -> "TestColumns":
        """Refuse an empty mapping: nothing would ever be tested."""
        if self.visible is None and self.hidden is None:
            raise ValueError("name a column for `visible`, for `hidden` or for both")
        return self


class UnitTestsConfig(BaseModel):
    """Keys of `unit_tests`.

    :ivar source: `from: column` (visible tests) or `from: {visible: column, hidden: column}`.
    :ivar entry_point: The column that names the function asked for.
    :ivar timeout: Seconds for the candidate and all its tests, scaled to the machine.
    :ivar accept_cooperative: Whether tests that ran in the candidate's process may verify a row.
    :ivar compare: How a program's output is compared, where tests are cases of input and output.
    :ivar tolerance: How far two numbers may be apart when `compare` is `floats`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    source: str | TestColumns = Field(alias="from")
    entry_point: str = "entry_point"
    timeout: float | None = Field(default=None, gt=0)
    accept_cooperative: bool = False
    compare: Compare = "trimmed"
    tolerance: float = Field(default=1e-6, ge=0)

    def columns(self) -> dict[str, str]:
        """Map groups of tests to columns, in the order they run in."""
        if isinstance(self.source, str):
            return {"visible": self.source}
        named = {"visible": self.source.visible, "hidden": self.source.hidden}
        return {group: column for group, column in named.items() if column is not None}

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Report columns that no row and no node provides."""
        for group, column in self.columns().items():
            at = ("from",) if isinstance(self.source, str) else ("from", group)
            yield from unknown_column(column, at, scope)
        if "entry_point" in self.model_fields_set:
            yield from unknown_column(self.entry_point, ("entry_point",), scope)


def unknown_column(column: str, at: tuple[str | int, ...], scope: Scope) -> Iterable[Problem]:
    """Report one column if it is not in scope, with the nearest that is."""
    if column in scope.variables:
        return
    near = difflib.get_close_matches(column, sorted(scope.variables), n=1)
    known = ", ".join(f"`{name}`" for name in sorted(scope.variables)) or "none"
    yield Problem(
        code="unknown-column",
        message=f"no column or node provides `{column}`; known: {known}",
        at=at,
        within=column,
        fix=f"write `{near[0]}`" if near else "",
        severity=Severity.WARNING if scope.is_open else Severity.ERROR,
    )
