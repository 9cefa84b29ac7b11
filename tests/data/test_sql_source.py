"""A query is asked once, of a database that cannot be changed by it."""

import datetime
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest
import sqlalchemy
from pydantic import ValidationError
from sqlalchemy.dialects import registry

from sygra_eval.data.json_value import json_columns
from sygra_eval.data.sql_config import SqlConfig
from sygra_eval.data.sql_source import SqlSource
from sygra_eval.data.sqlite_rows import sqlite_rows
from sygra_eval.values import BadRow, Row, SourceSpec, UsageError

QUERY = "SELECT id, q, n FROM questions ORDER BY id"


@pytest.fixture
def database(tmp_path) -> Path:
    path = tmp_path / "data" / "rows.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE questions (id TEXT, q TEXT, n REAL)")
        made.executemany("INSERT INTO questions VALUES (?, ?, ?)", [("a", "ä", 1.5), ("b", "", 2)])
        made.commit()
    return path


@pytest.fixture
def source(tmp_path, database):
    def build(query: str = QUERY, **config: object) -> SqlSource:
        given = {"url": "sqlite:///data/rows.db", "query": query, "id": "id", **config}
        spec = SourceSpec(type="sql", config=SqlConfig(**given), folder=tmp_path)
        return SqlSource(spec)

    return build


def change(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as changed:
        for statement in statements:
            changed.execute(statement)
        changed.commit()


async def read(source: SqlSource) -> list[Row | BadRow]:
    return [row async for row in source.rows()]


async def test_each_row_of_the_answer_has_its_id_place_and_columns(source):
    questions = source()

    assert list(questions.check()) == []
    assert await read(questions) == [
        Row(id="a", index=0, columns={"id": "a", "q": "ä", "n": 1.5}, origin="rows.db:1"),
        Row(id="b", index=1, columns={"id": "b", "q": "", "n": 2.0}, origin="rows.db:2"),
    ]


async def test_what_happens_to_the_database_later_does_not_touch_the_rows(
    source, database, tmp_path
):
    run = tmp_path / "run"
    run.mkdir()
    begun = source()
    await begun.keep_in(run)
    before = await read(begun)

    database.unlink()
    spec = SourceSpec(type="sql", config=begun._config, folder=tmp_path, kept_in=run)
    resumed = SqlSource(spec)

    assert list(resumed.check()) == []
    assert await read(resumed) == await read(begun) == before
    assert resumed.fingerprint() == begun.fingerprint()


HOSTILE = {
    "delete": "DELETE FROM questions",
    "insert": "INSERT INTO questions VALUES ('c', '', 0)",
    "drop": "DROP TABLE questions",
    "create": "CREATE TABLE other AS SELECT 1",
    "create temp": "CREATE TEMP TABLE other AS SELECT 1",
    "attach": "ATTACH DATABASE 'other.db' AS other",
    "vacuum": "VACUUM INTO 'other.db'",
    "pragma": "PRAGMA query_only = 0",
    "writable schema": "PRAGMA writable_schema = 1",
    "returning": "UPDATE questions SET q = 'x' RETURNING id",
    "load": "SELECT load_extension('other.so') AS id",
    "two": "SELECT id FROM questions; DELETE FROM questions",
    "begin": "BEGIN EXCLUSIVE",
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_hostile_query_changes_nothing_and_is_named(source, database, tmp_path, case):
    before = database.read_bytes()
    questions = source(HOSTILE[case])

    (problem,) = questions.check()
    with pytest.raises(UsageError, match="the database gave 0 rows and then failed"):
        await read(questions)

    assert (problem.code, problem.at) == ("query-failed", ("query",))
    assert database.read_bytes() == before
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["data", "rows.db"]


@pytest.mark.parametrize(
    ("config", "code", "at", "said"),
    [
        ({"query": "SELECT nought FROM questions"}, "query-failed", "query", "no such column"),
        ({"query": "SELEC 1"}, "query-failed", "query", 'near "SELEC": syntax error'),
        ({"query": "SELECT id, q AS id FROM questions"}, "duplicate-column", "query", "`id`"),
        ({"id": "task"}, "unknown-column", "id", "its columns: `id`, `q`, `n`"),
        ({"url": "sqlite:///gone.db"}, "query-failed", "url", "there is no database"),
        ({"url": "sqlite://"}, "query-failed", "url", "sqlite:///FILE"),
        ({"url": "nothing at all"}, "query-failed", "url", "it is no URL of a database"),
        ({"url": "nobase://h/x"}, "query-failed", "url", "SQLAlchemy knows no such database"),
        ({"url": "postgresql+pg8000://h/x"}, "query-failed", "url", "pip install pg8000"),
        ({"url": "postgresql://u:s3cret@h/x"}, "secret-in-suite", "url", "holds a password"),
        ({"url": "mysql://h/x?passwd=s3cret"}, "secret-in-suite", "url", "holds a password"),
        ({"url": None, "url_env": "NO_SUCH_URL"}, "query-failed", "url_env", "export NO_SUCH_URL"),
    ],
)
def test_what_is_wrong_is_said_before_a_row_is_read(source, config, code, at, said):
    (problem,) = source(**config).check()

    assert (problem.code, problem.at) == (code, (at,))
    assert said in problem.message
    assert "s3cret" not in problem.message + problem.fix


@pytest.mark.parametrize("given", [{}, {"url": "sqlite:///a", "url_env": "A"}])
def test_there_is_one_url(given):
    with pytest.raises(ValidationError, match="`url` or `url_env`"):
        SqlConfig(query="SELECT 1", **given)


async def test_what_json_has_not_is_a_bad_row_that_names_its_column(source, database):
    change(
        database,
        "INSERT INTO questions VALUES ('blob', x'00ff', 0)",
        "INSERT INTO questions VALUES ('inf', '', 9e999)",
        "INSERT INTO questions VALUES ('latin', CAST(x'e4' AS TEXT), 0)",
        "INSERT INTO questions VALUES (NULL, '', 0)",
        "INSERT INTO questions VALUES ('z', '', 0)",
    )

    rows = {row.id: row for row in await read(source(query="SELECT id, q, n FROM questions"))}

    bad = {row.id: row.reason for row in rows.values() if isinstance(row, BadRow)}
    assert bad == {
        "blob": "bad_input: in its column `q` are 2 bytes that are no image, and JSON has no bytes",
        "inf": "bad_input: in its column `n` is NaN or an infinite number, which JSON does not "
        "have",
        "latin": "bad_input: in its column `q` is text that is not UTF-8",
        "rows.db:6": "bad_input: the id in `id` is empty",
    }
    assert list(rows)[-1] == "z"


def test_times_decimals_and_uuids_have_a_documented_form():
    day = datetime.date(2026, 11, 26)

    made = json_columns(
        {
            "day": day,
            "moment": datetime.datetime(2026, 11, 26, 1, 2, 3, tzinfo=datetime.UTC),
            "price": Decimal("1.10"),
            "key": UUID(int=1),
            "list": (1, [day]),
        }
    )

    assert made == {
        "day": "2026-11-26",
        "moment": "2026-11-26T01:02:03+00:00",
        "price": "1.10",
        "key": "00000000-0000-0000-0000-000000000001",
        "list": [1, ["2026-11-26"]],
    }


async def test_a_database_that_breaks_in_the_middle_is_never_read_in_part(source, database):
    change(
        database,
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) "
        "INSERT INTO questions SELECT 'x' || i, hex(randomblob(500)), i FROM n",
    )
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * 8192)

    with pytest.raises(
        UsageError, match=r"the database gave [\d,]{4,} rows and then failed: .*malf"
    ):
        await read(source(query="SELECT id, q, n FROM questions"))


def test_a_query_that_never_ends_can_be_given_up(database):
    given_up = Event()
    endless = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    given_up.set()

    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        next(sqlite_rows(database, endless, given_up.is_set))


def test_a_query_that_never_ends_fails_the_check_in_time(source, monkeypatch):
    monkeypatch.setattr(SqlSource, "first_row_s", 0.1)
    endless = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

    (problem,) = source(endless).check()

    assert (problem.code, problem.message) == ("query-failed", "interrupted")


@pytest.fixture
def other_database(monkeypatch, database):
    """A database that only SQLAlchemy knows: SQLite under another name."""
    registry.register("otherbase", "sqlalchemy.dialects.sqlite.pysqlite", "dialect")
    monkeypatch.setenv("OTHER_URL", f"otherbase:///{database}")
    return {"url": None, "url_env": "OTHER_URL"}


async def test_sqlalchemy_gives_the_same_rows(source, other_database):
    query = "SELECT id, q, n FROM questions WHERE q LIKE '%' OR ':name' = '%s' ORDER BY id"

    other, ours = source(query, **other_database), source(query)

    assert list(other.check()) == []
    assert [(row.id, row.columns) for row in await read(other)] == [
        (row.id, row.columns) for row in await read(ours)
    ]


async def test_what_is_written_through_sqlalchemy_is_never_committed(
    source, other_database, database
):
    before = database.read_bytes()

    with pytest.raises(UsageError):
        await read(source("DELETE FROM questions", **other_database))

    assert database.read_bytes() == before


def test_no_message_holds_the_password(source, monkeypatch):
    def refuse(url, **_):
        raise sqlalchemy.exc.OperationalError(f"cannot connect to {url} as u, p@ss", None, None)

    monkeypatch.setattr(sqlalchemy, "create_engine", refuse)
    monkeypatch.setenv("OTHER_URL", "postgresql://u:p%40ss@nowhere/x")

    (problem,) = source(url=None, url_env="OTHER_URL").check()

    assert "cannot connect to *** as u, ***" in problem.message
    assert "p@ss" not in problem.message


def test_a_missing_package_is_an_error_that_says_what_to_install(source, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sqlalchemy", None)

    (problem,) = source(url="postgresql://h/x").check()

    assert "pip install 'sygra-eval[sql]'" in problem.message
