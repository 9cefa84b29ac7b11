"""Says how sound a journal is, and puts its good rows into a new one. Start at `examine_journal`.

What was paid for (`call`) is looked for in the raw pages too; what follows from it (rounds, visits,
outcomes) is taken only where SQLite still leads to it, for a row that was deleted must not come
back, and a resumed run comes to it again without paying. The old file is kept.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sygra_eval.journal.blobs import Blobs
from sygra_eval.journal.changing import PLAN_CHANGED
from sygra_eval.journal.salvage import Found, rows_in_pages
from sygra_eval.journal.store import (
    SQLITE_ERRORS,
    TABLES,
    Column,
    checksum,
    companions,
    create_file,
    insert,
    is_sound,
    open_reader,
    sync,
)
from sygra_eval.values import UsageError

REPAIRED = "journal.repaired.db"
_DUG_OUT = ("call", "execution", "event", "fault")
"""Tables whose rows may be taken from raw pages: all that is ever deleted there are `error`s, and
the verdicts of a plan that was changed."""
_NUMBERED = ("event", "fault")  # a first column is SQLite's own number of the row, in no cell
_LATER = ("fault",)
_STORED = (str, bytes)
_KINDS: Mapping[str, tuple[type | tuple[type, ...], ...]] = {
    "run": (str, str, int),
    "call": (bytes, str, str, int, int, bytes, _STORED, int),
    "execution": (bytes, str, str, _STORED, int),
    "event": (float, float, str, _STORED, int),
    "fault": (bytes, str, str, _STORED, int),
}
"""How the rows that are looked for in raw pages are told from those of other tables."""
_PAGE = 256
_NEEDED = ("suite", "suite_sha256", "suite_path", "suite_folder", "input_fingerprint", "asked")

Row = tuple[Column, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalState:
    """How sound a journal is.

    :ivar sound: Rows by table that are as they were written; `damaged` those that are not.
    :ivar complaint: What SQLite says of the file; empty when it finds nothing.
    """

    path: Path
    sound: Mapping[str, int] = field(default_factory=dict)
    damaged: Mapping[str, int] = field(default_factory=dict)
    complaint: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether there is nothing to repair."""
        return not self.complaint and not sum(self.damaged.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What a repair kept.

    :ivar rows: By table. `dug_out` of them were found in raw pages only.
    :ivar lost: By table: rows that the old journal led to, and whose checksum was wrong.
    :ivar old: Where the old journal is now.
    """

    rows: Mapping[str, int]
    dug_out: int
    lost: Mapping[str, int]
    old: Path


def examine_journal(path: Path) -> JournalState:
    """Check the file's structure and every row's checksum; nothing is changed."""
    try:
        with closing(open_reader(path)) as connection:
            (complaint,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except (UsageError, *SQLITE_ERRORS) as error:
        complaint = str(error)
    sound, damaged, unreadable = Counter[str](), Counter[str](), ""
    blobs = Blobs(path)
    for table in TABLES:
        try:
            for _, row in _read(path, table):
                (sound if blobs.is_whole(table, row) else damaged)[table] += 1
        except (UsageError, *SQLITE_ERRORS) as error:
            unreadable = unreadable or f"{table}: {error}"
    said = "" if complaint == "ok" else str(complaint)
    return JournalState(path=path, sound=sound, damaged=damaged, complaint=said or unreadable)


def repair_journal(path: Path, nodes: Sequence[str] = ()) -> Repair:
    """Put the good rows of a journal into a new one in its place, and keep the old one beside it.

    Hold the run's lock. A repair that was killed is taken up by the next one: at no moment is
    there an empty journal, or one that SQLite would mix with the old one's log.

    :param nodes: All of which a judged row went through. One whose visit is lost counts as not
        ended, so that a resume comes to all of it again and the ledger's sums hold.
    :raises UsageError: When the run's plan cannot be saved; nothing was changed.
    """
    repaired = path.with_name(REPAIRED)
    if not path.exists():  # an earlier repair was killed between its last two renames
        if not repaired.exists():
            raise UsageError(f"{path}: there is no journal here; is this the folder of a run?")
        return Repair(
            rows=_counted(repaired), dug_out=0, lost={}, old=_put_in_place(path, repaired)
        )
    plan = _plan(path)
    for leftover in (repaired, *companions(repaired)):  # of an earlier repair that was killed
        leftover.unlink(missing_ok=True)
    create_file(repaired, plan)
    with closing(sqlite3.connect(repaired, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        damaged = Counter({table: _copy(path, table, connection) for table in TABLES})
        dug_out = _dig_out(path, connection)
        _forget_half_kept(connection, nodes)
        _note(connection, dug_out)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = DELETE")
    sync(repaired)
    rows = _counted(repaired)
    return Repair(rows=rows, dug_out=dug_out, lost=+damaged, old=_put_in_place(path, repaired))


def _plan(path: Path) -> dict[str, str]:
    """Return the run's plan, from wherever it is still to be had.

    :raises UsageError: When a part of it is gone.
    """
    plan: dict[str, str] = {}
    with suppress(UsageError, *SQLITE_ERRORS):
        for _, row in _read(path, "run"):
            if is_sound(row):
                plan[str(row[0])] = str(row[1])
    for found in rows_in_pages(path):
        dug_out = _as_row("run", found)
        if dug_out is not None:
            plan.setdefault(str(dug_out[0]), str(dug_out[1]))
    if missing := [key for key in _NEEDED if key not in plan]:
        raise UsageError(
            f"{path}: the run's plan cannot be saved ({', '.join(missing)} is gone), and without it"
            " nobody can say what the answers belong to. Nothing was changed. Restore the file from"
            " a backup"
        )
    return plan


def _copy(path: Path, table: str, connection: sqlite3.Connection) -> int:
    """Copy the sound rows that SQLite still leads to; return how many others it led to."""
    if table == "run":  # is there already
        return 0
    statement = _statement(table, with_number=True)
    damaged, blobs = 0, Blobs(path)
    for is_backwards in (False, True):
        try:
            for number, row in _read(path, table, is_backwards=is_backwards):
                if blobs.is_whole(table, row):
                    connection.execute(statement, (number, *row))
                else:
                    damaged += not is_backwards
        except (UsageError, *SQLITE_ERRORS):
            continue  # what is behind the damage may be reached from the other end
        break
    return damaged


def _read(path: Path, table: str, *, is_backwards: bool = False) -> Iterator[tuple[Column, Row]]:
    """Yield the numbers and columns of a table's rows as far as SQLite can lead to them."""
    by = "k" if table == "run" else "rowid"
    order, beyond = ("DESC", "<") if is_backwards else ("ASC", ">")
    select = f"SELECT {by}, {', '.join(TABLES[table])} FROM {table}"  # noqa: S608
    tail = f"ORDER BY {by} {order}"
    with closing(open_reader(path)) as connection:
        if table == "run":  # a few rows, whose names may be damaged: nothing to page by
            for number, *columns in connection.execute(f"{select} {tail}").fetchall():
                yield number, tuple(columns)
            return
        if not _has(connection, table):
            return
        tail = f"{tail} LIMIT {_PAGE}"
        page = connection.execute(f"{select} {tail}").fetchall()
        while page:
            for number, *columns in page:
                yield number, tuple(columns)
            last = page[-1][0]
            page = connection.execute(f"{select} WHERE {by} {beyond} ? {tail}", (last,)).fetchall()
            if page and (page[-1][0] >= last if is_backwards else page[-1][0] <= last):
                raise sqlite3.DatabaseError(f"the rows of {table} are out of order")  # no end then


def _has(connection: sqlite3.Connection, table: str) -> bool:
    """Say whether a journal has a table; those of earlier versions lack what came later."""
    known = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?"
    (count,) = connection.execute(known, (table,)).fetchone()
    return table not in _LATER or count > 0


def _dig_out(path: Path, connection: sqlite3.Connection) -> int:
    """Add what only the raw pages still hold; return how much that was."""
    before, blobs = connection.total_changes, Blobs(path)
    copied = "SELECT coalesce(max(rowid), 0) FROM execution"
    (last,) = connection.execute(copied).fetchone()
    for found in rows_in_pages(path):
        for table in _DUG_OUT:
            row = _as_row(table, found)
            if row is None or not blobs.is_whole(table, row):
                continue
            # A verdict that was an error may have been forgotten by a resume.
            if table == "execution" and row[2] == "error":
                continue
            is_numbered = table in _NUMBERED  # so a row that is there already is known by it
            values = (found.rowid, *row) if is_numbered else row
            connection.execute(_statement(table, with_number=is_numbered), values)
    dug_out = connection.total_changes - before
    # The key of a verdict does not hold the plan, so of two plans' verdicts nobody can tell which.
    is_changed = connection.execute(
        "SELECT 1 FROM event WHERE kind = ?", (PLAN_CHANGED,)
    ).fetchone()
    if is_changed:
        forgotten = connection.execute("DELETE FROM execution WHERE rowid > ?", (last,))
        dug_out -= forgotten.rowcount
    return dug_out


def _forget_half_kept(connection: sqlite3.Connection, nodes: Sequence[str]) -> None:
    """Remove the outcomes of judged rows of which a visit is lost."""
    judged = "outcome != 'failed'"
    visited = "SELECT 1 FROM visit WHERE visit.record = outcome.record AND visit.node = ?"
    for node in nodes:
        sql = f"DELETE FROM outcome WHERE {judged} AND NOT EXISTS ({visited})"  # noqa: S608
        connection.execute(sql, (node,))


def _as_row(table: str, found: Found) -> Row | None:
    """Return a cell as a row of this table; None when it is no sound one."""
    cells = found.cells
    if table in _NUMBERED:
        if cells[:1] != (None,):
            return None
        cells = cells[1:]
    if table == "event":  # SQLite keeps a whole number in a column of reals as an integer
        cells = (*(float(c) if isinstance(c, int) else c for c in cells[:2]), *cells[2:])
    row = tuple(cell for cell in cells if cell is not None)
    if len(cells) != len(row) or len(row) != len(_KINDS[table]):
        return None
    are_alike = all(map(isinstance, row, _KINDS[table]))
    return row if are_alike and is_sound(row) else None


def _statement(table: str, *, with_number: bool) -> str:
    columns = (*(("rowid",) if with_number else ()), *TABLES[table])
    marks = ", ".join("?" * len(columns))
    return f"INSERT OR IGNORE INTO {table}({', '.join(columns)}) VALUES ({marks})"  # noqa: S608


def _note(connection: sqlite3.Connection, dug_out: int) -> None:
    """Leave an event that says so; its clock is that of the last one, as repeating changes none."""
    wall, mono = connection.execute(
        "SELECT coalesce(max(wall), 0.0), coalesce(max(mono), 0.0) FROM event"
    ).fetchone()
    columns = (float(wall), float(mono), "repaired", f'{{"dug_out": {dug_out}}}')
    connection.execute(insert("event", 1), (*columns, checksum(columns)))


def _counted(path: Path) -> dict[str, int]:
    with closing(open_reader(path)) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in TABLES
        }


def _put_in_place(path: Path, repaired: Path) -> Path:
    """Rename the old journal away with its log, then the new one into its place."""
    number = 1
    while (old := path.with_name(f"journal.damaged-{number}.db")).exists():
        number += 1
    if path.exists():
        path.rename(old)
    else:  # killed between the two renames: the old one is the last that was put aside
        old = path.with_name(f"journal.damaged-{number - 1}.db")
    for ours, theirs in zip(companions(path), companions(old), strict=True):
        if ours.exists():
            ours.rename(theirs)
    sync(path.parent)
    repaired.rename(path)
    sync(path.parent)
    return old
