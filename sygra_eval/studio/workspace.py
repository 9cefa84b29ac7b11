"""What one Studio works on: a folder of suites, and where their runs are.

A client names things by relative names; `Workspace` alone makes paths of them, and none leaves it.
"""

from dataclasses import dataclass
from pathlib import Path

from sygra_eval.values import UsageError

SUITE_SUFFIXES = (".yaml", ".yml")
JOURNAL = "journal.db"
MOST_NAME = 400  # characters of a name that a client sends


class NotThere(UsageError):
    """What a client names does not exist here, or may not be named."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder that Studio was opened on.

    :ivar root: Its resolved path; suites are below it.
    :ivar reports: Where run folders are, resolved.
    :ivar is_read_only: Nothing can be started or changed.
    """

    root: Path
    reports: Path
    is_read_only: bool = False

    @classmethod
    def of(
        cls, folder: Path, *, reports: Path | None = None, is_read_only: bool = False
    ) -> "Workspace":
        """Open a folder.

        :raises UsageError: When it is no folder.
        """
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder; name the one that holds your suites")
        root = folder.resolve()
        where = (reports if reports is not None else root / "reports").resolve()
        return cls(root, where, is_read_only)

    def suite(self, name: str) -> Path:
        """Return the file of a suite by its name relative to the root.

        :raises NotThere: When there is none, or it is outside.
        """
        path = _inside(self.root, name)
        if path.suffix not in SUITE_SUFFIXES or not path.is_file():
            raise NotThere(f"there is no suite `{_shown(name)}` here")
        return path

    def run(self, suite: str, run: str) -> Path:
        """Return the folder of a run.

        :raises NotThere: When there is none, or it is outside.
        """
        name = f"{suite}/{run}"
        path = _inside(
            self.reports, name, may_be_hidden=True
        )  # a suite's name may begin with a dot
        if path.parent.parent != self.reports or not (path / JOURNAL).is_file():
            raise NotThere(f"there is no run `{_shown(name)}`; it may have been removed")
        return path


def is_text(name: str) -> bool:
    """Say whether a file's name can be told: any bytes may be one, and some are no text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _inside(root: Path, name: str, *, may_be_hidden: bool = False) -> Path:
    if not name or len(name) > MOST_NAME or "\0" in name or Path(name).is_absolute():
        raise NotThere(f"`{_shown(name)}` is no name of something here")
    parts = Path(name).parts
    if ".." in parts or (not may_be_hidden and any(part.startswith(".") for part in parts)):
        raise NotThere(f"`{_shown(name)}` is hidden or outside this folder")
    try:
        path = (root / name).resolve()
        path.exists()  # a part of it may be longer than a file's name can be
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links; half a character
        raise NotThere(f"`{_shown(name)}` cannot be looked up here") from error
    if not path.is_relative_to(root):
        raise NotThere(f"`{_shown(name)}` is outside this folder")
    return path


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name[:100])
