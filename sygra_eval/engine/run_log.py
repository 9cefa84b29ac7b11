"""The run's log: one JSON object a line with time, event and fields; no text to be parsed.

It is for people who ask what a run did when: the journal is the truth. Studio shows its last line
where that says why the run waits, or ended: a full disk cannot be told in the journal on it.
"""

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO


class RunLog:
    """Appends to `run.log` in the run folder; a full disk costs log lines and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "run.log"
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        self._file = self._path.open("a", encoding="utf-8", buffering=1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.event("ended_by", error=f"{type(error).__name__}: {error}")
        if self._file is not None:
            with contextlib.suppress(OSError):  # what the disk did not take before
                self._file.close()

    def event(self, event: str, **fields: object) -> None:
        """Append one event."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        try:
            print(json.dumps({"at": now, "event": event, **fields}), file=self._file)
        except OSError:
            return
