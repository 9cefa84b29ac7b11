"""The keys of a source of type `sql`."""

from typing import Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

_SECRET_KEYS = {"password", "passwd", "pwd", "passfile", "token", "access_token", "sslpassword"}


class SqlConfig(BaseModel):
    """The rows that a query gives; SQLite is built in, other databases come with SQLAlchemy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = Field(
        default=None,
        min_length=1,
        description="sqlite:///FILE, the file relative to the suite, or a URL as SQLAlchemy has"
        " them, without a password.",
    )
    url_env: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="The environment variable that holds the URL, where that has a password.",
    )
    query: str = Field(
        min_length=1,
        description="One SELECT. Without ORDER BY a database promises no order of its rows.",
    )
    id: str | None = Field(
        default=None,
        description="The column that names a row; without it a row is DATABASE:NUMBER.",
    )

    @model_validator(mode="after")
    def _has_one_url(self) -> Self:
        if (self.url is None) == (self.url_env is None):
            raise ValueError("it needs `url` or `url_env`, one of them")
        return self


def holds_a_secret(url: str) -> bool:
    """Say whether a URL names what only an environment variable may hold."""
    try:
        parts = urlsplit(url)
        keys = {key.lower() for key, _ in parse_qsl(parts.query, keep_blank_values=True)}
        return bool(parts.password) or bool(keys & _SECRET_KEYS)
    except ValueError:
        return "@" in url
