"""The source type `package`: a data file of an installed distribution, which is never imported."""

import csv
from collections.abc import AsyncGenerator, Iterable
from difflib import get_close_matches
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from sygra_eval.data.file_rows import FileRows
from sygra_eval.data.package_config import PackageConfig
from sygra_eval.values import BadRow, Problem, Row, SourceSpec, UsageError


class PackageSource:
    """Reads the rows of one file that a distribution lists among its own."""

    def __init__(self, spec: SourceSpec) -> None:
        self._config = PackageConfig.model_validate(spec.config)

    def check(self) -> Iterable[Problem]:
        """Yield what can be known to be wrong before a row is read."""
        found = self._find()
        if isinstance(found, Problem):
            yield found
        else:
            yield from self._rows_of(found).check()

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file.

        :raises UsageError: When it is not there or cannot be read.
        """
        return self._file().fingerprint()

    def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield each place of the file in order.

        :raises UsageError: When it is not there or cannot be read.
        """
        return self._file().rows()

    def _file(self) -> FileRows:
        found = self._find()
        if isinstance(found, Problem):
            raise UsageError(f"{found.message}; {found.fix}" if found.fix else found.message)
        return self._rows_of(found)

    def _rows_of(self, path: Path) -> FileRows:
        config = self._config
        return FileRows(path=path, given=config.file, key="file", id_column=config.id)

    def _find(self) -> Path | Problem:
        name = self._config.package
        try:
            installed = distribution(name)
        except (PackageNotFoundError, ValueError):
            return Problem(
                code="package-not-found",
                message=f"no distribution `{name}` is installed",
                at=("package",),
                fix=f"pip install {name}",
            )
        path = _listed(installed, self._config.file)
        return path if path is not None and path.is_file() else self._no_file(installed)

    def _no_file(self, installed: Distribution) -> Problem:
        name, file = self._config.package, self._config.file
        listed = _names_in(installed)
        if file in listed:
            message = f"the file `{file}` of {name} {installed.version} is gone"
            fix = f"pip install --force-reinstall {name}"
        else:
            message = f"{name} {installed.version} lists no file `{file}`"
            near = get_close_matches(file, listed, n=1)
            fix = f"write `{near[0]}`" if near else ""
        return Problem(code="file-not-found", message=message, at=("file",), fix=fix)


def _names_in(installed: Distribution) -> list[str]:
    """Return the files that a distribution says it has, also those that are gone by now.

    `Distribution.files` leaves them out from Python 3.12 on, and earlier where somebody has
    imported its backport, as litellm does.
    """
    record = installed.read_text("RECORD")
    if record is None:
        return [listed.as_posix() for listed in installed.files or ()]
    return [row[0] for row in csv.reader(record.splitlines()) if row]


def _listed(installed: Distribution, file: str) -> Path | None:
    for listed in installed.files or ():
        if listed.as_posix() == file:
            return Path(str(listed.locate()))
    return None
