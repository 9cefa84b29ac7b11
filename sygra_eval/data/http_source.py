"""The source type `http`: JSONL that a server gives, downloaded once and kept for resumes."""

import os
from collections.abc import AsyncGenerator, Iterable, Mapping
from pathlib import Path, PurePosixPath
from threading import Event
from urllib.parse import unquote, urlsplit

from sygra_eval.data.batches import Places
from sygra_eval.data.download import Address, Download, DownloadFailed, too_long
from sygra_eval.data.http_config import HttpConfig
from sygra_eval.data.naming import Namer
from sygra_eval.data.packed_stream import unpacked
from sygra_eval.data.spool import Spool
from sygra_eval.data.text_formats import jsonl_places
from sygra_eval.values import BadRow, Problem, Row, SourceSpec, UsageError


class HttpSource:
    """Reads the rows of a file that a server has."""

    first_row_s = 600.0

    def __init__(self, spec: SourceSpec) -> None:
        self._config = HttpConfig.model_validate(spec.config)
        self._spool = Spool.of(spec, self._read)

    def check(self) -> Iterable[Problem]:
        """Yield what is wrong before anything is sent."""
        parts = urlsplit(self._config.url)
        if parts.username or parts.password:
            yield Problem(
                code="secret-in-suite",
                message="the URL holds a password, and a suite is copied into every run's folder",
                at=("url",),
                fix="name a variable that holds it: `headers_env: {Authorization: NAME}`",
            )
        if self._spool.is_begun:
            return
        try:
            self._secrets()
        except UsageError as error:
            yield Problem(code="source-failed", message=str(error), at=("headers_env",))

    def fingerprint(self) -> str:
        """Return the SHA-256 of the rows; reads to the end."""
        return self._spool.fingerprint()

    def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield each line in order."""
        return self._spool.rows()

    async def keep_in(self, folder: Path) -> None:
        """Read to the end and keep all of it in the run's folder."""
        await self._spool.keep_in(folder)

    def _read(self, given_up: Event) -> Places:
        config = self._config
        address = Address(
            url=config.url,
            secrets=self._secrets(),
            most_bytes=config.most_mib << 20,
            timeout_s=config.timeout_s,
        )
        parts = urlsplit(config.url)
        name = PurePosixPath(unquote(parts.path)).name or str(parts.hostname)
        namer = Namer(config.id)
        stream = Download(address, given_up)
        with stream, unpacked(stream, address.most_bytes, lambda: too_long(address)) as file:
            try:
                for index, (line, found) in enumerate(jsonl_places(file)):
                    yield namer.name(index, f"{name}:{line}", found)
            except (OSError, ValueError) as error:  # of what unpacks it
                raise DownloadFailed(f"{config.url}: it cannot be unpacked: {error}") from error

    def _secrets(self) -> Mapping[str, str]:
        secrets: dict[str, str] = {}
        for name, variable in self._config.headers_env.items():
            value = os.environ.get(variable, "").strip()
            if not value:
                raise UsageError(
                    f"the header `{name}` is to be in the environment variable {variable}, which "
                    f"is not set: export {variable}=…"
                )
            if not (value.isascii() and value.isprintable()):
                raise UsageError(f"the environment variable {variable} holds what is no header")
            secrets[name] = value
        return secrets
