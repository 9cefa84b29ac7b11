"""Asks any database that SQLAlchemy knows; the package is imported when this is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from sygra_eval.data.found import Columns
from sygra_eval.values import UsageError

_FETCHED = 256


def alchemy_rows(url: str, query: str) -> Iterator[Columns]:
    """Yield what a query gives; nothing is ever committed.

    :raises UsageError: When package, driver, database or query are not fit; without the password.
    """
    with _without_secrets(url), _engine(url).connect() as database:
        if database.dialect.name == "postgresql":
            database.execution_options(postgresql_readonly=True)
        elif database.dialect.name in ("mysql", "mariadb"):
            database.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        options = {"stream_results": True, "yield_per": _FETCHED, "no_parameters": True}
        asked = database.exec_driver_sql(query, execution_options=options)
        names = list(asked.keys())
        for row in asked:
            yield dict(zip(names, row, strict=True))


def alchemy_columns(url: str, query: str) -> list[str]:
    """Return the names of a query's columns.

    :raises UsageError: As `alchemy_rows`.
    """
    with _without_secrets(url), _engine(url).connect() as database:
        options = {"stream_results": True, "no_parameters": True}
        asked = database.exec_driver_sql(query, execution_options=options)
        names = list(asked.keys()) if asked.returns_rows else []
        asked.close()
        return names


def _engine(url: str) -> Any:
    try:
        import sqlalchemy  # an extra, which most have no use for
        from sqlalchemy import exc, pool
    except ImportError as error:
        raise UsageError(
            "databases other than SQLite need the package SQLAlchemy: pip install 'sygra-eval[sql]'"
        ) from error
    try:
        return sqlalchemy.create_engine(url, poolclass=pool.NullPool, hide_parameters=True)
    except exc.NoSuchModuleError as error:
        raise UsageError(f"SQLAlchemy knows no such database: {error}") from error
    except exc.ArgumentError as error:
        raise UsageError("it is no URL of a database, as postgresql://USER@HOST/NAME") from error
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the database needs its driver `{error.name}`: pip install {error.name}"
        ) from error


@contextmanager
def _without_secrets(url: str) -> Iterator[None]:
    """Let no message through that holds the URL or its password."""
    try:
        yield
    except UsageError as error:
        raise UsageError(_redacted(str(error), url)) from None
    except Exception as error:  # noqa: BLE001 - the boundary to drivers, anybody's
        said = f"{type(error).__name__}: {_redacted(str(error), url)}"
        raise UsageError(said) from None  # what it came from may show the password


def _redacted(text: str, url: str) -> str:
    password = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    for secret in (url, password, unquote(password)):
        if secret:
            text = text.replace(secret, "***")
    return text
