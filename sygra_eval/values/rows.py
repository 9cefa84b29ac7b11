"""Rows as they come from a source, the state of a record, and where a record ends."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sygra_eval.values.guarding import GuardVerdict
from sygra_eval.values.judging import Verdict
from sygra_eval.values.loops import EnsembleEnd, LoopEnd

State = Mapping[str, object]
"""The variables of one record while it runs; read-only to nodes, which return what they add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One input from a source.

    :ivar id: Stable and unique within the source.
    :ivar index: 0-based position in the source; ordering and sampling follow it.
    :ivar origin: Where it stands, as `questions.jsonl:3`.
    """

    id: str
    index: int
    columns: Mapping[str, object]
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A place in the source that gave no usable row; it ends as `failed` (`bad_input`)."""

    id: str
    index: int
    origin: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """A data source as the suite names it.

    :ivar config: The source type's own keys: an instance of its config model, else a mapping.
    :ivar folder: The suite's folder, which relative paths are relative to.
    :ivar kept_in: The folder of the run that goes on, where `Source.keep_in` put what it keeps.
    :ivar shared: What the sources that are made of this spec share, as an input that can be read
        only once.
    """

    type: str
    config: object
    folder: Path
    kept_in: Path | None = None
    shared: dict[str, object] = field(default_factory=dict, compare=False, repr=False)


class Source(Protocol):
    """What a source type's factory makes of a `SourceSpec`.

    It may have more. `check()` yields what is known to be wrong before a row is read, as
    `Problem`s. `async keep_in(folder)` puts into a run's folder what a resume needs of the input
    and could not get again, as the rows of a pipe, or which revision a name stood for: it is
    called once, before the first row is taken, and a resume finds the folder in
    `SourceSpec.kept_in`. `first_row_s` are the seconds within which the first row has to come when
    the suite is checked, where 60 are not enough.
    """

    def fingerprint(self) -> str:
        """Identify the input's content, so that a changed input is noticed on resume."""
        ...

    def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield the rows in a stable order, with flat memory; a bad one does not end it."""
        ...


class Outcome(StrEnum):
    """Where a record ends: exactly one of these."""

    VERIFIED = "verified"
    REJECTED = "rejected"
    FAILED = "failed"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEnd:
    """The accounted end of one record, as it is journalled and as observers see it.

    :ivar weak_tests: Why the row's tests are weak, empty where they are not; None: not tried.
    :ivar ensembles: What came of the nodes that ask several models.
    :ivar way: The edges that it took, of a graph that has several ways.
    :ivar guards: What guardrails said of its calls, in the order in which these began.
    :ivar at_node: The node that it came no further than, by an error or a guardrail; empty where
        it came through all of them, or to none.
    :ivar input: What stands for the row as it was read; empty where that is not known.
    """

    row_id: str
    index: int
    outcome: Outcome
    reason: str
    data: Mapping[str, object]
    verdicts: tuple[Verdict, ...] = ()
    loop: LoopEnd | None = None
    weak_tests: str | None = None
    ensembles: tuple[EnsembleEnd, ...] = ()
    input: str = ""
    way: tuple[str, ...] = ()
    guards: tuple[GuardVerdict, ...] = ()
    at_node: str = ""
