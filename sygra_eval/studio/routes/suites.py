"""`/api/suites`: the suites of the folder. Reading one never executes anything from it."""

from collections.abc import Iterator
from pathlib import Path

from fastapi import APIRouter

from sygra_eval.studio.studio import TheStudio
from sygra_eval.studio.told import Told
from sygra_eval.studio.workspace import SUITE_SUFFIXES, Workspace

router = APIRouter()
MOST_SUITES = 500
MOST_DEPTH = 4
_NO_SUITES = frozenset({"models.yaml", "models.yml"})


class SuiteLine(Told):
    """A suite in the list.

    :ivar path: Relative to the workspace; names the suite in every other request.
    """

    path: str
    name: str


@router.get("/suites")
def suites(studio: TheStudio) -> list[SuiteLine]:
    """List the suites of the folder."""
    root = studio.workspace.root
    return [
        SuiteLine(path=str(path.relative_to(root)), name=path.stem)
        for path, _ in zip(_files(studio.workspace), range(MOST_SUITES), strict=False)
    ]


def _files(workspace: Workspace) -> Iterator[Path]:
    """Yield files that say `suite:` at their top."""
    folders = [(workspace.root, 0)]
    while folders:
        folder, depth = folders.pop()
        for path in sorted(folder.iterdir()):
            if path.name.startswith(".") or path.is_symlink() or path == workspace.reports:
                continue
            if path.is_dir() and depth < MOST_DEPTH:
                folders.append((path, depth + 1))
            elif path.suffix in SUITE_SUFFIXES and path.name not in _NO_SUITES and _is_suite(path):
                yield path


def _is_suite(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as lines:
            return any(line.startswith("suite:") for line in lines)
    except (OSError, UnicodeDecodeError):
        return False
