"""The source type `stdin`: JSONL on standard input, which is there once and kept for resumes."""

import os
import select
import sys
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path
from threading import Event

from sygra_eval.data.batches import Places
from sygra_eval.data.naming import Namer
from sygra_eval.data.spool import Spool
from sygra_eval.data.stdin_config import StdinConfig
from sygra_eval.data.text_formats import jsonl_places
from sygra_eval.values import BadRow, Problem, Row, SourceSpec, UsageError

_STDIN = 0
_LOOK_S = 0.5
_CHUNK = 1 << 16
_ADVICE = "sygra-eval run SUITE < rows.jsonl, or: ... | sygra-eval run SUITE"
_of_this_process: dict[str, Spool] = {}
"""A process has one standard input, however often its suites are loaded."""


class StdinSource:
    """Reads the rows that are piped to the command."""

    first_row_s = 600.0  # what writes them may have to begin with something long

    def __init__(self, spec: SourceSpec) -> None:
        config = StdinConfig.model_validate(spec.config)
        self._id_column = config.id
        self._spool = Spool.of(spec, self._read, shared=_of_this_process)

    def check(self) -> Iterable[Problem]:
        """Yield why nothing will come."""
        if self._spool.is_begun:
            return
        why = _why_nothing_comes()
        if why:
            yield Problem(code="no-standard-input", message=why, at=("type",), fix=_ADVICE)

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
        if why := _why_nothing_comes():
            raise UsageError(f"{why}: {_ADVICE}")
        if any(spool is not self._spool and spool.is_begun for spool in _of_this_process.values()):
            raise UsageError(
                "another suite of this command has read standard input with another `id`; "
                "give each its own command"
            )
        namer = Namer(self._id_column)
        lines = _Lines(given_up)
        for index, (line, found) in enumerate(jsonl_places(lines)):
            yield namer.name(index, f"stdin:{line}", found)
            if lines.would_wait():
                yield None


class _Lines:
    """Standard input, read as it comes; ends early once nobody waits for it any more."""

    def __init__(self, given_up: Event) -> None:
        self._given_up = given_up
        self._held = b""
        self._at = 0

    def readline(self, most: int) -> bytes:
        """Return the next line with its end, or as much of it as is allowed."""
        parts: list[bytes] = []
        size = 0
        while size < most:
            end = self._held.find(b"\n", self._at) + 1 or len(self._held)
            part = self._held[self._at : min(end, self._at + most - size)]
            self._at += len(part)
            size += len(part)
            parts.append(part)
            if part.endswith(b"\n"):
                break
            if self._at == len(self._held) and not self._fill():
                break
        return b"".join(parts)

    def would_wait(self) -> bool:
        """Say whether a next line is not there yet."""
        return self._held.find(b"\n", self._at) < 0 and not _is_ready(0)

    def _fill(self) -> bool:
        while not _is_ready(_LOOK_S):
            if self._given_up.is_set():
                return False
        self._held, self._at = os.read(_STDIN, _CHUNK), 0
        return bool(self._held)


def _is_ready(wait_s: float) -> bool:
    return bool(select.select([_STDIN], [], [], wait_s)[0])


def _why_nothing_comes() -> str:
    if sys.__stdin__ is None:
        return "standard input is closed, so no rows can come from it"
    if os.isatty(_STDIN):
        return "standard input is a terminal, and the suite's rows are to come from it"
    return ""
