"""What is wrong with a document, said once and shown by terminal, editor, pytest and Studio."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is; only an error stops a run before it starts."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One problem at one place.

    :ivar code: Stable, has an entry in `docs/diagnostics.md`.
    :ivar line: 1-based, as `column`; 0 where the suite is an object, and `path` says all.
    :ivar fix: What to write instead; can be followed as it stands. Empty when there is none.
    """

    code: str
    severity: Severity
    path: str
    line: int
    column: int
    message: str
    fix: str = ""

    @property
    def where(self) -> str:
        """The place, as people read it."""
        return f"{self.path}:{self.line}:{self.column}" if self.line else self.path

    def __str__(self) -> str:
        fix = f" (fix: {self.fix})" if self.fix else ""
        return f"{self.where}: {self.severity}[{self.code}]: {self.message}{fix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem inside a type's own keys, found by its config model.

    :ivar at: Keys and indices from the config's root, as in `("draft", "prompt", 0, "user")`.
    :ivar within: The offending piece of the text there, to point the column at it.
    :ivar is_key: It is the key at `at` that is wrong, and not its value.
    """

    code: str
    message: str
    at: tuple[str | int, ...] = ()
    within: str = ""
    fix: str = ""
    severity: Severity = Severity.ERROR
    is_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The names that a node or validator may use, handed to `Config.problems(scope)`.

    :ivar variables: Columns and outputs of earlier nodes.
    :ivar is_open: True when an earlier node may add names that nobody declared; an unknown
        variable is then a warning.
    :ivar models: Names of the suite's models; `text_models` those known to take no images.
    :ivar validators: Names of the suite's validators.
    :ivar tasks: What the models do (`chat`, `embeddings`…), where that is known.
    :ivar labels: The classes of those that classify, as the suite names them.
    :ivar mappings: Of variables that hold a mapping, its keys, and whether every record has them.
    :ivar unset: Variables that some ways through the graph set, each with a way that does not;
        they are not among `variables`.
    """

    variables: frozenset[str] = frozenset()
    is_open: bool = False
    models: frozenset[str] = frozenset()
    validators: frozenset[str] = frozenset()
    row: Mapping[str, object] | None = field(default=None)
    tasks: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text_models: frozenset[str] = frozenset()
    mappings: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    unset: Mapping[str, str] = field(default_factory=dict)
