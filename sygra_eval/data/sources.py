"""The source type `disk`: local files, every place of them a row or a named bad row."""

import hashlib
from collections.abc import AsyncGenerator, Iterable
from difflib import get_close_matches
from pathlib import Path

from sygra_eval.data.disk_config import DiskConfig
from sygra_eval.data.file_rows import FileRows, rows_of_files
from sygra_eval.data.forms import KNOWN, form_of
from sygra_eval.data.patterns import OutsideFolder, folder_of, is_several, matches_of
from sygra_eval.values import BadRow, Problem, Row, Severity, SourceSpec, UsageError

_KEY = "file_path"
_MOST_COMPLAINTS = 10
_MOST_NAMED = 3


class DiskSource:
    """Reads the rows of the files that the suite names: one, a folder of them, or a pattern."""

    def __init__(self, spec: SourceSpec) -> None:
        self._config = DiskConfig.model_validate(spec.config)
        self._path = spec.folder / self._config.file_path

    def check(self) -> Iterable[Problem]:
        """Yield what can be known to be wrong before a row is read."""
        if is_several(self._path):
            yield from self._check_several()
        elif form_of(self._path) is not None and not self._path.is_file():
            yield self._not_found()
        else:
            yield from self._one(self._path, self._config.file_path).check()

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file; of several that of their names and hashes.

        :raises UsageError: When one cannot be read.
        """
        if not is_several(self._path):
            return self._one(self._path, self._config.file_path).fingerprint()
        whole = hashlib.sha256()
        for file in self._files():
            whole.update(f"{file.fingerprint()}  {file.name}\n".encode())
        return whole.hexdigest()

    def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield each place of the files in order.

        :raises UsageError: When one cannot be read.
        """
        return rows_of_files(self._files())

    def _one(self, path: Path, given: str, name: str = "") -> FileRows:
        return FileRows(
            path=path,
            given=given,
            key=_KEY,
            id_column=self._config.id,
            name=name,
            encoding=self._config.encoding,
            delimiter=self._config.delimiter,
        )

    def _files(self) -> list[FileRows]:
        if not is_several(self._path):
            return [self._one(self._path, self._config.file_path)]
        files = self._several()
        if isinstance(files, Problem):
            raise UsageError(files.message)
        return files

    def _several(self) -> list[FileRows] | Problem:
        """Return the files that can be read; those of other suffixes are left out."""
        given, folder = self._config.file_path, folder_of(self._path)
        if not folder.is_dir():
            message = f"`{given}`: there is no folder {folder}"
            return Problem(code="file-not-found", message=message, at=(_KEY,))
        try:
            matches = matches_of(self._path)
        except OutsideFolder as error:
            return Problem(code="outside-folder", message=f"`{given}`: {error}", at=(_KEY,))
        except OSError as error:
            message = f"`{given}` cannot be read: {error}"
            return Problem(code="file-unreadable", message=message, at=(_KEY,))
        files = [
            self._one(match.path, match.name, match.name)
            for match in matches
            if form_of(match.path) is not None
        ]
        if files:
            return files
        if matches:
            message = f"`{given}`: only files in {KNOWN} can be read, and none of {len(matches)} is"
            return Problem(code="unknown-format", message=message, at=(_KEY,))
        if self._path.is_dir():
            message = f"the folder `{given}` has no file"
        else:
            message = f"`{given}` matches no file in {folder}"
        return Problem(code="file-not-found", message=message, at=(_KEY,))

    def _check_several(self) -> Iterable[Problem]:
        files = self._several()
        if isinstance(files, Problem):
            yield files
            return
        complaints = 0
        for file in files:
            for problem in file.check():
                complaints += 1
                yield problem
            if complaints >= _MOST_COMPLAINTS:
                return
        yield from self._check_left_out()

    def _check_left_out(self) -> Iterable[Problem]:
        """Say which files a pattern finds and nothing reads; a folder may hold what it likes."""
        if self._path.is_dir():
            return
        left = [match.name for match in matches_of(self._path) if form_of(match.path) is None]
        if left:
            names = ", ".join(f"`{name}`" for name in left[:_MOST_NAMED])
            more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
            message = f"`{self._config.file_path}` also finds {names}{more}, which nothing reads"
            yield Problem(
                code="unknown-format", message=message, at=(_KEY,), severity=Severity.WARNING
            )

    def _not_found(self) -> Problem:
        given = Path(self._config.file_path)
        message, fix = f"there is no file `{given}` in {self._path.parent}", ""
        if not self._path.parent.is_dir():
            message = f"there is no folder {self._path.parent}"
        else:
            names = [file.name for file in self._path.parent.iterdir() if file.is_file()]
            for nearest in get_close_matches(given.name, sorted(names), n=1):
                fix = f"write `{given.with_name(nearest)}`"
        return Problem(code="file-not-found", message=message, at=(_KEY,), fix=fix)
