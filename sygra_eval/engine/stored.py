"""The rows of a finished run, each with the candidate that the run kept of it, as a source."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sygra_eval.engine.plan import read_plan, target_in
from sygra_eval.engine.summarise import suite_document
from sygra_eval.engine.target import that_count
from sygra_eval.engine.visits import Visit, visit_from_json
from sygra_eval.engine.ways import walk_of
from sygra_eval.journal import JournalReader, open_readonly
from sygra_eval.suite import NoWay, Suite, reserved_columns
from sygra_eval.values import BadRow, Outcome, RecordEnd, Round, Row, State

_OF_A_BAD_ROW = frozenset({"id", "origin", "reason"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow(Row):
    """A row as a run read it.

    :ivar end: How it ended there.
    :ivar state: Its variables behind the last node.
    :ivar kept: The visits of the nodes as they were journalled, by key; `rounds` those of a loop.
    """

    end: RecordEnd
    state: State
    kept: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    rounds: tuple[Round, ...] = ()

    @property
    def visits(self) -> list[Visit]:
        """What the nodes left behind, those inside others too."""
        return [one for _, data in self.kept for one in visit_from_json(data).flat()]


@dataclass(frozen=True, slots=True)
class StoredRows:
    """The rows of a run that count, in the order of its source.

    :ivar suite: The suite that judges them; its graph is that of the run.
    """

    folder: Path
    suite: Suite

    def fingerprint(self) -> str:
        """Return that of the run: what it read is what is judged again."""
        return read_plan(self.folder).input_fingerprint

    async def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield verified, rejected and failed rows alike."""
        with open_readonly(self.folder / "journal.db") as reader, _visits(self.folder) as visits:
            for end in _ends(reader):
                yield self._row(end, visits)

    def _row(self, end: RecordEnd, reader: JournalReader) -> Row | BadRow:
        row = source_row(end, self.folder)
        if isinstance(row, BadRow):
            return row
        state, kept = _behind_the_nodes(self.suite, row, reader)
        if self.suite.judged is None and "answer" in end.data:
            state.setdefault(self.suite.candidate, end.data["answer"])
        return StoredRow(
            id=row.id,
            index=row.index,
            columns=row.columns,
            origin=row.origin,
            end=end,
            state=state,
            kept=kept,
            rounds=reader.rounds(row.id) if kept else (),
        )


def first_stored(folder: Path) -> Row | None:
    """Return the first row with columns; None where a run has none."""
    with open_readonly(folder / "journal.db") as reader:
        rows = (source_row(end, folder) for end in _ends(reader))
        return next((row for row in rows if isinstance(row, Row)), None)


def source_row(end: RecordEnd, folder: Path) -> Row | BadRow:
    """Return a row as the source had it: without what the run added."""
    where = f"{folder.name}:{end.row_id}"
    if end.outcome is Outcome.FAILED and end.data.keys() <= _OF_A_BAD_ROW:
        origin = str(end.data.get("origin", where))
        return BadRow(id=end.row_id, index=end.index, origin=origin, reason=end.reason)
    return Row(id=end.row_id, index=end.index, columns=_columns_of(end, folder), origin=where)


def _columns_of(end: RecordEnd, folder: Path) -> Mapping[str, object]:
    document = suite_document(folder)
    mapped = (document.get("output_config") or {}).get("output_map") or {}
    ours = reserved_columns(has_graph="candidate" not in document) | mapped.keys()
    if end.outcome is not Outcome.VERIFIED:
        ours |= {"outcome_reason" if "outcome_reason" in end.data else "reason"}
    return {name: value for name, value in end.data.items() if name not in ours}


def _visits(folder: Path) -> JournalReader:
    """Open the journal a second time, to look rows up while the first goes through them."""
    return open_readonly(folder / "journal.db")


def _ends(reader: JournalReader) -> Iterator[RecordEnd]:
    return that_count(reader.outcomes(), target_in(reader.plan()))


def _behind_the_nodes(
    suite: Suite, row: Row, reader: JournalReader
) -> tuple[dict[str, object], tuple[tuple[str, Mapping[str, Any]], ...]]:
    """Return a record's variables and visits behind its last node; nothing is run again."""
    state: dict[str, object] = dict(row.columns)
    visits: list[tuple[str, Mapping[str, Any]]] = []
    walk = walk_of(suite)
    try:
        while walk.step(state) is not None:
            if (kept := reader.visit(row.id, walk.key)) is None:
                break
            visits.append((walk.key, kept))
            state.update(visit_from_json(kept).additions)
    except NoWay:
        pass
    return state, tuple(visits)
