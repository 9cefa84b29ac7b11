"""The tables of an index, which is a file of the server's own and not of the run."""

import sqlite3
from pathlib import Path

# What rows have in common is a `kind`, of which even a long run has few: rows are counted by it,
# and the kinds then by each of their columns. What is searched is apart, so that counting reads
# little. `seq` is the order in which rows were taken in: a view that is being read shows those up
# to one.
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE kind(
    id INTEGER PRIMARY KEY, outcome TEXT NOT NULL, grp TEXT NOT NULL, stop TEXT, rounds INTEGER,
    kept INTEGER, is_refused INTEGER NOT NULL, guard TEXT, length_range INTEGER NOT NULL,
    cost_range INTEGER, latency_range INTEGER
);
CREATE TABLE row(
    idx INTEGER PRIMARY KEY, seq INTEGER NOT NULL, record TEXT NOT NULL, kind INTEGER NOT NULL,
    refused INTEGER NOT NULL, length INTEGER NOT NULL, ended REAL, mark TEXT, cost INTEGER,
    latency REAL, tokens INTEGER, calls INTEGER, reason TEXT NOT NULL
);
CREATE INDEX row_by_kind ON row(kind, seq);
CREATE INDEX row_by_mark ON row(mark) WHERE mark IS NOT NULL;
CREATE UNIQUE INDEX row_by_record ON row(record);
CREATE TABLE tag(
    facet TEXT NOT NULL, value TEXT NOT NULL, idx INTEGER NOT NULL,
    PRIMARY KEY (facet, value, idx)
) WITHOUT ROWID;
CREATE INDEX tag_by_row ON tag(idx);
CREATE TABLE text(idx INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE columns(name TEXT PRIMARY KEY, rows INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE spent(
    record TEXT PRIMARY KEY, cost INTEGER NOT NULL, unpriced INTEGER NOT NULL,
    latency REAL NOT NULL, tokens INTEGER NOT NULL, calls INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE asked(record TEXT NOT NULL, model TEXT NOT NULL, PRIMARY KEY (record, model))
    WITHOUT ROWID;
CREATE TABLE call(number INTEGER PRIMARY KEY, record TEXT NOT NULL);
CREATE INDEX call_by_record ON call(record);
CREATE TABLE mark(record TEXT PRIMARY KEY, mark TEXT NOT NULL) WITHOUT ROWID;
"""


def connected(path: Path) -> sqlite3.Connection:
    """Open an index; its connections are used by one thread at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -8000")  # KiB
    return connection
