"""The transforms that come with us, but those that look at several rows, see `windows`."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.data.selection import problems_of_renaming, renamed, unknown_column
from sygra_eval.values import Made, Problem, Scope, TransformSpec, UnusableRow


class Keys(BaseModel):
    """Own keys of a transform: no others, and no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RenameConfig(Keys):
    """Gives columns other names."""

    columns: dict[str, str] = Field(min_length=1, description="Old names, and what they become.")

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield names that are no columns, and columns that would come to have one name."""
        return problems_of_renaming(self.columns, scope, ("columns",))


def rename(columns: dict[str, object], transform: TransformSpec) -> Made:
    """Return the columns under their new names."""
    config = RenameConfig.model_validate(transform.config)
    try:
        return renamed(columns, config.columns)
    except ValueError as error:
        raise UnusableRow(str(error)) from None


class AddConfig(Keys):
    """Adds columns that hold the same in every row."""

    columns: dict[str, object] = Field(min_length=1, description="Names and values.")
    overwrite: bool = Field(
        default=False, description="Whether a column of that name may be replaced."
    )

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield columns that are there already."""
        for name in () if self.overwrite else self.columns:
            if name in scope.variables:
                yield Problem(
                    code="duplicate-column",
                    message=f"there is a column `{name}` already",
                    at=("columns", name),
                    fix="choose another name, or say `overwrite: true`",
                    is_key=True,
                )


def add(columns: dict[str, object], transform: TransformSpec) -> Made:
    """Return the columns with those that are added."""
    config = AddConfig.model_validate(transform.config)
    taken = [] if config.overwrite else sorted(columns.keys() & config.columns.keys())
    if taken:
        raise UnusableRow(f"there is a column `{taken[0]}` already")
    return {**columns, **config.columns}


class FilterConfig(Keys):
    """Keeps the rows for which a condition holds; the condition is the key `where`."""


def keep_where(columns: dict[str, object], transform: TransformSpec) -> Made:
    """Return the columns where the condition holds."""
    if transform.where is None:
        raise ValueError("it has no `where`")
    try:
        return columns if transform.where.holds(columns) else None
    except Exception as error:
        raise UnusableRow(str(error)) from error


class ExplodeConfig(Keys):
    """Makes a row of each item of a list."""

    column: str = Field(min_length=1, description="The column that holds the list.")
    into: str | None = Field(
        default=None, min_length=1, description="What an item's column is called; else the same."
    )

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield a column that is none, or a new one that is there already."""
        if self.column not in scope.variables:
            yield unknown_column(self.column, scope, ("column",))
        if self.into not in (None, self.column) and self.into in scope.variables:
            yield Problem(
                code="duplicate-column",
                message=f"there is a column `{self.into}` already",
                at=("into",),
                fix="choose another name",
            )


def explode(columns: dict[str, object], transform: TransformSpec) -> Made:
    """Return a row for each item of the list; of an empty list there is none."""
    config = ExplodeConfig.model_validate(transform.config)
    if config.column not in columns:
        raise UnusableRow(f"it has no column `{config.column}`")
    items = columns[config.column]
    if not isinstance(items, list):
        raise UnusableRow(f"`{config.column}` holds {_kind(items)}, not a list")
    into = config.into or config.column
    if into != config.column and into in columns:
        raise UnusableRow(f"there is a column `{into}` already")
    at = list(columns).index(config.column)
    names = [into if name == config.column else name for name in columns]
    values = list(columns.values())
    # One by one: a line of 64 MiB can hold a list of millions of items.
    return (
        dict(zip(names, [*values[:at], item, *values[at + 1 :]], strict=True)) for item in items
    )


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case str():
            return "text"
        case bool():
            return "a truth value"
        case int() | float():
            return "a number"
        case Mapping():
            return "a mapping"
    return f"a {type(value).__name__}"
