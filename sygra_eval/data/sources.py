"""The source type `disk`: one local file, every place of it a row or a named bad row."""

from collections.abc import AsyncGenerator, Iterable
from difflib import get_close_matches
from pathlib import Path

from sygra_eval.data.disk_config import DiskConfig
from sygra_eval.data.file_rows import FileRows, format_of
from sygra_eval.values import BadRow, Problem, Row, SourceSpec


class DiskSource:
    """Reads the rows of one file that the suite names by its path."""

    def __init__(self, spec: SourceSpec) -> None:
        config = DiskConfig.model_validate(spec.config)
        self._path = spec.folder / config.file_path
        self._file = FileRows(
            path=self._path, given=config.file_path, key="file_path", id_column=config.id
        )

    def check(self) -> Iterable[Problem]:
        """Yield what can be known to be wrong before a row is read."""
        if format_of(self._path) is not None and not self._path.is_file():
            yield self._not_found()
        else:
            yield from self._file.check()

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file.

        :raises UsageError: When it cannot be read.
        """
        return self._file.fingerprint()

    def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield each place of the file in order.

        :raises UsageError: When the file cannot be read.
        """
        return self._file.rows()

    def _not_found(self) -> Problem:
        given = Path(self._file.given)
        message, fix = f"there is no file `{given}` in {self._path.parent}", ""
        if self._path.is_dir():
            message = f"`{given}` is a folder, not a file"
        elif not self._path.parent.is_dir():
            message = f"there is no folder {self._path.parent}"
        else:
            names = [file.name for file in self._path.parent.iterdir() if file.is_file()]
            for nearest in get_close_matches(given.name, sorted(names), n=1):
                fix = f"write `{given.with_name(nearest)}`"
        return Problem(code="file-not-found", message=message, at=("file_path",), fix=fix)
