"""The keys of the node and of the source that a task becomes in our suite.

A suite of ours has text as keys; what a task has otherwise (`3: text`, `true: node`) is kept as
pairs, see `stored` and `restored`.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.suite import reserved_columns
from sygra_eval.sygra.importing import Shim
from sygra_eval.values import Problem, Scope

NODE_TYPE = "sygra_task"
SOURCE_TYPE = "sygra"
ROW, STATE, ANSWER, FLAGS = "sygra_row", "sygra_state", "sygra_answer", "sygra_flags"
RECURSION_LIMIT = 100
_PAIRS = "$pairs"
RENAMED = {
    name: f"input_{name}" for name in sorted(reserved_columns(has_graph=True) | {ROW, FLAGS})
}
"""Columns of a task's data that ours have the names of, and what they are called in our files."""


class TaskConfig(BaseModel):
    """A task's whole graph as one node: what happens inside it is SyGra's, and not ours.

    :ivar root: The folder that contains `tasks/`, relative to the suite's.
    :ivar nodes: Subgraphs written out.
    :ivar metrics: Names that its Python asks for, and which metrics answer to them.
    :ivar answer: The variable that is judged; the last reply where none is named.
    :ivar is_oasst: Whether its rows are to become messages, which not every row can.
    :ivar executor: The task's own, by its dotted path, and the `args` that it is made with.
    :ivar python_limit_s: So long a call of its Python may take; None for what is usual.
    """

    model_config = ConfigDict(extra="forbid")

    task: str
    root: str = "."
    shim: Shim = Shim.AUTO
    nodes: dict[str, Any]
    edges: list[Any]
    properties: dict[str, Any] = Field(default_factory=dict)
    output: dict[str, Any] = Field(default_factory=dict)
    schema_rules: dict[str, Any] = Field(default_factory=dict)
    models: dict[str, Any] = Field(default_factory=dict)
    metrics: dict[str, Any] = Field(default_factory=dict)
    answer: str | None = None
    is_oasst: bool = False
    executor: str | None = None
    args: dict[str, Any] = Field(default_factory=dict)
    recursion_limit: int = Field(default=RECURSION_LIMIT, ge=1, le=10_000)
    python_limit_s: float | None = Field(default=None, gt=0)

    def outputs(self) -> tuple[str, ...]:
        """Return the variables that are left of a record: its row, its state, what is judged."""
        return (ANSWER, ROW, STATE, FLAGS)

    def text_output(self) -> str:
        """Return the variable that is judged."""
        return ANSWER

    def candidate_output(self) -> str:
        """Return the variable that is judged."""
        return ANSWER

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield nothing: names are looked at in the task's own file, where it is read."""
        del scope
        return iter(())


class SourceConfig(BaseModel):
    """The rows of a task, as its `data_config` says.

    :ivar rows: How many rows a task without a source has.
    :ivar skip: So many rows at the beginning are left out, `--start_index`.
    :ivar executor: The task's own, which may have rows of its own.
    :ivar media: Columns whose files are shown or played, by `image` and `audio`.
    """

    model_config = ConfigDict(extra="forbid")

    task: str
    root: str = "."
    shim: Shim = Shim.AUTO
    given: Any = None
    id_column: str | None = None
    rows: int = Field(default=10, ge=0)
    skip: int = Field(default=0, ge=0)
    media: dict[str, list[str]] = Field(default_factory=dict)
    executor: str | None = None
    args: dict[str, Any] = Field(default_factory=dict)


def stored(value: Any) -> Any:
    """Return data of a task as a suite can hold it."""
    if isinstance(value, dict):
        if all(isinstance(key, str) and key != _PAIRS for key in value):
            return {key: stored(one) for key, one in value.items()}
        return {_PAIRS: [[key, stored(one)] for key, one in value.items()]}
    if isinstance(value, list | tuple):
        return [stored(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def restored(value: Any) -> Any:
    """Return what `stored` was given, made anew each time."""
    if isinstance(value, dict):
        if value.keys() == {_PAIRS}:
            return {key: restored(one) for key, one in value[_PAIRS]}
        return {key: restored(one) for key, one in value.items()}
    return [restored(one) for one in value] if isinstance(value, list) else value
