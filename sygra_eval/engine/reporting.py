"""What a view of a run is made from, and how its text gets into a file. Start at `ReportContext`.

A view is a pure function of one context, so fields can be added here without breaking any view.
Rows and calls are streamed from the journal, in the order of the source.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sygra_eval.engine.finished_rows import side_of_run
from sygra_eval.engine.plan import target_in
from sygra_eval.engine.row_costs import RowCost, costs_of_rows
from sygra_eval.engine.summarise import suite_document
from sygra_eval.engine.summary import RunSummary
from sygra_eval.engine.target import that_count
from sygra_eval.journal import JournalledCall, JournalReader, open_readonly
from sygra_eval.plugins import Plugins, Registered
from sygra_eval.quality import Figure, figure_of
from sygra_eval.values import (
    Outcome,
    PluginError,
    RecordEnd,
    Round,
    StopReason,
    UsageError,
    Verdict,
)

View = Callable[["ReportContext"], str | bytes | Iterable[str | bytes]]

GOING_ON: Mapping[str, str] = {
    "running": "still running, or killed: the figures are those so far, not a result",
    "interrupted": "interrupted: a resume goes on with it",
    "incomplete": "incomplete: a resume goes on with it",
}
"""What every view says at its top of a run in this state."""


class NoText(TypeError):
    """A view returned something that no file can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """How a view is wanted; a view reads what concerns it.

    :ivar width: Columns of the terminal, at least 40.
    :ivar has_color: The reader is a terminal that shows colour.
    :ivar is_full: All details, and not only what decides.
    :ivar has_metrics: Every registered metric too, which reads all rows once more for each.
    :ivar max_rows: The most rows that a view shows; None leaves it to the view.
    :ivar max_mb: The most megabytes that a view may take; None leaves it to the view.
    :ivar has_bom: A spreadsheet reads it, which takes a file without a mark for another encoding.
    :ivar is_raw: A program reads it, so cells are not made safe for a spreadsheet.
    :ivar has_content: The texts of answers may leave the run, as in a trace.
    """

    width: int = 80
    has_color: bool = False
    is_full: bool = False
    has_metrics: bool = False
    max_rows: int | None = None
    max_mb: float | None = None
    has_bom: bool = False
    is_raw: bool = False
    has_content: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One row that ended, as views show it.

    :ivar columns: The row as its data file holds it.
    :ivar cost_usd: Of all its calls; None where the price of one is not known.
    :ivar end: The whole end, as it is journalled.
    """

    id: str
    index: int
    outcome: Outcome
    reason: str
    topic: str | None
    rounds: int | None
    samples: int | None
    stop_reason: StopReason | None
    verdicts: tuple[Verdict, ...]
    code: str | None
    columns: Mapping[str, object]
    calls: int
    prompt_tokens: int
    completion_tokens: int
    latency_s: float
    cost_usd: float | None
    end: RecordEnd

    @property
    def tokens(self) -> int:
        """Of prompts and answers."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, kw_only=True)
class ReportContext:
    """What a view gets: the figures, the rows, and how it is wanted."""

    summary: RunSummary
    options: ReportOptions = field(default_factory=ReportOptions)
    plugins: Plugins | None = None

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.summary.folder

    @property
    def is_going_on(self) -> bool:
        """Whether the run has not ended, so that every figure is one so far."""
        return self.summary.state == "running"

    @property
    def state_words(self) -> str:
        """What a view says at its top of the run's state."""
        return GOING_ON.get(self.summary.state, self.summary.state)

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The report as data: what the format `json` writes, read again.

        :raises ValueError: When what is registered as `json` writes something else.
        """
        if self.plugins is None:
            raise ValueError("without plugins nothing is registered as `json`")
        view: View = self.plugins.of("reporters")["json"].implementation
        document = json.loads("".join(map(str, chunks_of(view(self)))))
        if not isinstance(document, dict):
            raise ValueError("what the format `json` writes is no object")  # noqa: TRY004
        return document

    @cached_property
    def suite(self) -> Mapping[str, Any]:
        """The run's own copy of its suite, as plain data; empty where it cannot be read."""
        return suite_document(self.folder)

    @cached_property
    def metrics(self) -> Mapping[str, Figure]:
        """Every registered metric over the rows, by name; none without plugins."""
        if self.plugins is None:
            return {}
        side = side_of_run(self.folder, self.plugins)
        return {name: figure_of(side, name) for name in side.metrics}

    def reader(self) -> JournalReader:
        """Open the journal to look at; the caller closes it."""
        return open_readonly(self.folder / "journal.db")

    def rows(self) -> Iterator[ReportRow]:
        """Yield the rows that count, in the order of the source."""
        costs = self._costs
        with self.reader() as reader:
            for end in that_count(reader.outcomes(), target_in(reader.plan())):
                yield _row_of(end, costs.get(end.row_id, RowCost()))

    @cached_property
    def _costs(self) -> Mapping[str, RowCost]:
        """What each row's calls came to; read once for all views of one context."""
        with self.reader() as reader:
            return costs_of_rows(reader)

    def rounds(self, row_id: str) -> tuple[Round, ...]:
        """Return the rounds of a row's loops."""
        with self.reader() as reader:
            return reader.rounds(row_id)

    def calls(self) -> Iterator[JournalledCall]:
        """Yield all calls in the order in which they were journalled."""
        with self.reader() as reader:
            yield from reader.calls()


def chunks_of(made: object) -> Iterator[str | bytes]:
    """Yield what a view returned, in parts.

    :raises NoText: When it is neither text nor bytes nor yields these.
    """
    if isinstance(made, str | bytes):
        made = (made,)
    if not isinstance(made, Iterable):
        raise NoText(f"it returned {type(made).__name__}, a text is needed")
    for part in made:
        if not isinstance(part, str | bytes):
            raise NoText(f"it yielded {type(part).__name__}, text or bytes are needed")
        yield part


def parts_of(reporter: Registered, ctx: ReportContext) -> Iterator[str | bytes]:
    """Yield a view's parts.

    :raises PluginError: With the plugin's name, when the view breaks.
    """
    try:
        yield from chunks_of(reporter.implementation(ctx))
    except (Exception, SystemExit) as error:
        what = f"the view `{reporter.name}` of plugin {reporter.plugin} broke: {_told(error)}"
        raise PluginError(what) from error


def put_view(reporter: Registered, ctx: ReportContext, path: Path) -> None:
    """Write a view where a user wants it.

    :raises PluginError: When the view breaks; what stood there before is left as it was.
    :raises UsageError: When nothing can be written there.
    """
    try:
        _write(parts_of(reporter, ctx), path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def write_view(reporter: Registered, ctx: ReportContext, path: Path) -> str:
    """Write a file of the run folder; return why it was not written, nothing where it was.

    A view that breaks leaves no file behind: an older one would be taken for this run's.
    """
    try:
        _write(parts_of(reporter, ctx), path)
    except PluginError as error:
        path.unlink(missing_ok=True)
        return _told(error.__cause__ or error)
    return ""


def _write(parts: Iterator[str | bytes], path: Path) -> None:
    """Write by rename, so that nobody sees half a file."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            for part in parts:
                if isinstance(part, str):
                    part = part.encode("utf-8", "backslashreplace")
                file.write(part)
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _told(error: BaseException) -> str:
    return str(error) if isinstance(error, NoText) else f"{type(error).__name__}: {error}"


def _row_of(end: RecordEnd, cost: RowCost) -> ReportRow:
    loop, code, topic = end.loop, end.data.get("code"), end.data.get("topic")
    return ReportRow(
        id=end.row_id,
        index=end.index,
        outcome=end.outcome,
        reason=end.reason,
        topic=topic if isinstance(topic, str) else None,
        rounds=loop.rounds if loop is not None else None,
        samples=loop.samples if loop is not None else None,
        stop_reason=loop.stop_reason if loop is not None else None,
        verdicts=end.verdicts,
        code=code if isinstance(code, str) else None,
        columns=end.data,
        calls=cost.calls,
        prompt_tokens=cost.prompt_tokens,
        completion_tokens=cost.completion_tokens,
        latency_s=cost.latency_s,
        cost_usd=cost.usd,
        end=end,
    )
