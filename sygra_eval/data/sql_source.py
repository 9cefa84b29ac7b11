"""The source type `sql`: the rows of one query, asked once and kept for resumes.

A database changes, goes away, and gives its rows in another order when it is asked again. So it is
asked once: all rows are in the run's folder before the first of them is taken up
(docs/decisions/0028).
"""

import os
import sqlite3
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from threading import Event

from sygra_eval.data.alchemy_rows import alchemy_columns, alchemy_rows
from sygra_eval.data.batches import Places
from sygra_eval.data.found import Columns
from sygra_eval.data.json_value import json_columns
from sygra_eval.data.naming import Namer
from sygra_eval.data.spool import Spool
from sygra_eval.data.sql_config import SqlConfig, holds_a_secret
from sygra_eval.data.sqlite_rows import sqlite_columns, sqlite_rows
from sygra_eval.values import BadRow, Problem, Row, SourceSpec, UsageError

_SQLITE = "sqlite:///"


class SqlSource:
    """Reads the rows that a query gives."""

    first_row_s = 600.0  # a query may have to sort all of its rows before it gives the first

    def __init__(self, spec: SourceSpec) -> None:
        self._config = SqlConfig.model_validate(spec.config)
        self._folder = spec.folder
        self._spool = Spool.of(spec, self._read)

    def check(self) -> Iterable[Problem]:
        """Yield what the database says of the query before it is asked for rows."""
        config = self._config
        if config.url is not None and holds_a_secret(config.url):
            yield Problem(
                code="secret-in-suite",
                message="the URL holds a password, and a suite is copied into every run's folder",
                at=("url",),
                fix="put the whole URL into an environment variable, and its name into `url_env`",
            )
            return
        if self._spool.is_begun:
            return
        try:
            names = self._columns()
        except (UsageError, sqlite3.Error) as error:
            at = ("query",) if isinstance(error, sqlite3.Error) else (self._url_key,)
            yield Problem(code="query-failed", message=str(error), at=at)
            return
        yield from self._check_names(names)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the rows; reads to the end."""
        return self._spool.fingerprint()

    def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield each row of the answer in order."""
        return self._spool.rows()

    async def keep_in(self, folder: Path) -> None:
        """Read to the end and keep all of it in the run's folder."""
        await self._spool.keep_in(folder)

    def _check_names(self, names: list[str]) -> Iterable[Problem]:
        if not names:
            message = "the query gives no rows: it is no SELECT"
            yield Problem(code="query-failed", message=message, at=("query",))
            return
        for name in sorted({name for name in names if names.count(name) > 1}):
            message = f"the query gives more than one column `{name}`"
            fix = f"name one of them: SELECT ... AS other_{name}"
            yield Problem(code="duplicate-column", message=message, at=("query",), fix=fix)
        wanted = self._config.id
        if wanted is not None and wanted not in names:
            known = ", ".join(f"`{name}`" for name in names)
            message = f"the query gives no column `{wanted}`; its columns: {known}"
            near = get_close_matches(wanted, names, n=1)
            fix = f"write `{near[0]}`" if near else ""
            yield Problem(code="unknown-column", message=message, at=("id",), fix=fix)

    def _columns(self) -> list[str]:
        url = self._url()
        file = self._sqlite_file(url)
        if file is None:
            return alchemy_columns(url, self._config.query)
        until = time.monotonic() + self.first_row_s
        return sqlite_columns(file, self._config.query, lambda: time.monotonic() > until)

    def _read(self, given_up: Event) -> Places:
        url = self._url()
        file = self._sqlite_file(url)
        namer, name = Namer(self._config.id), file.name if file is not None else "query"
        number = 0
        try:
            for number, columns in enumerate(self._asked(url, file, given_up), 1):
                yield namer.name(number - 1, f"{name}:{number}", json_columns(columns))
        except (sqlite3.Error, UsageError) as error:
            raise UsageError(
                f"the database gave {number:,} rows and then failed: {error}"
            ) from error

    def _asked(self, url: str, file: Path | None, given_up: Event) -> Iterator[Columns]:
        if file is None:
            return alchemy_rows(url, self._config.query)
        return sqlite_rows(file, self._config.query, given_up.is_set)

    @property
    def _url_key(self) -> str:
        return "url" if self._config.url is not None else "url_env"

    def _url(self) -> str:
        if self._config.url is not None:
            return self._config.url
        variable = str(self._config.url_env)
        url = os.environ.get(variable, "").strip()
        if not url:
            raise UsageError(
                f"the database's URL is to be in the environment variable {variable}, which is not "
                f"set: export {variable}=…"
            )
        return url

    def _sqlite_file(self, url: str) -> Path | None:
        """Return the file that a URL names; None where another database is meant."""
        if not url.startswith("sqlite"):
            return None
        if not url.startswith(_SQLITE) or url == _SQLITE or ":memory:" in url:
            raise UsageError("SQLite is asked by a file: `sqlite:///FILE`")
        file = self._folder / url.removeprefix(_SQLITE)
        if not file.is_file():
            raise UsageError(f"there is no database {file}")
        return file
