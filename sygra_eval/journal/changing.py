"""Puts another plan into a journal, and lets go of what only held under the one before.

Calls stay, whatever changes: their keys hold all that their answers depend on, and they are paid
for. Verdicts, visits, rounds and ends do not, so where one of them may be another now it goes.
"""

import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sygra_eval.journal.canonical import to_stored
from sygra_eval.journal.store import checksum, insert, plain, write_plan

PLAN_CHANGED = "plan_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What does not hold under a new plan.

    :ivar is_all: Every verdict, visit, round and end; the rest says nothing then.
    :ivar is_open: Of records that have not ended, of which nobody knows what was read.
    :ivar records: Of these records.
    :ivar moved: Of these records, but not their verdicts: they stand elsewhere in the input.
    """

    is_all: bool = False
    is_open: bool = False
    records: frozenset[str] = frozenset()
    moved: frozenset[str] = frozenset()


def change_plan(
    connection: sqlite3.Connection,
    plan: Mapping[str, str],
    forgotten: Forgotten,
    told: Mapping[str, object],
) -> None:
    """Do it inside the transaction that is open; `told` goes into the event."""
    if forgotten.is_all:
        for table in ("visit", "round", "execution", "outcome"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
    if forgotten.is_open:
        for table in ("visit", "round", "execution"):
            ended = "SELECT record FROM outcome"
            connection.execute(f"DELETE FROM {table} WHERE record NOT IN ({ended})")  # noqa: S608
    _forget(connection, ("visit", "round", "execution", "outcome"), forgotten.records)
    _forget(connection, ("visit", "round", "outcome"), forgotten.moved)
    write_plan(connection, plan)
    event = (time.time(), time.monotonic(), PLAN_CHANGED, to_stored(dict(told)))
    connection.execute(insert("event", 1), (*event, checksum(event)))


def _forget(connection: sqlite3.Connection, tables: Iterable[str], records: frozenset[str]) -> None:
    named = [(plain(record),) for record in sorted(records)]
    if not named:
        return
    # A table of their own: no index leads from a record to its verdicts.
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS forgotten(record TEXT PRIMARY KEY)")
    connection.execute("DELETE FROM forgotten")
    connection.executemany("INSERT OR IGNORE INTO forgotten VALUES (?)", named)
    for table in tables:
        chosen = "record IN (SELECT record FROM forgotten)"
        connection.execute(f"DELETE FROM {table} WHERE {chosen}")  # noqa: S608
