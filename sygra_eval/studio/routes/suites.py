"""`/api/suites`: the suites of the folder. Reading one never executes anything from it."""

from collections.abc import Iterator
from pathlib import Path

from fastapi import APIRouter

from sygra_eval.studio.graphs import GraphValidator, SuiteGraph
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


class Problem(Told):
    """A diagnostic, as `sygra-eval check` prints it."""

    code: str
    severity: str
    path: str
    line: int
    column: int
    message: str
    fix: str


class SuiteModel(Told):
    """A model that a suite can ask.

    :ivar kind: As `openai`; `model` is what is asked there, `address` where.
    :ivar key_name: The environment variable of its key; never the key.
    """

    name: str
    kind: str
    model: str
    address: str
    key_name: str
    is_shared: bool


class SuiteDocument(Told):
    """A suite as its file says it; nothing of it is executed to read it.

    :ivar sha256: Of the file's bytes.
    :ivar problems: As `sygra-eval check` finds them.
    :ivar graph: None where the document is too broken for one, or rows themselves are judged.
    :ivar needs_trust: It has code of its own beside it that nobody has trusted yet; what depends on
        it is among the problems.
    """

    path: str
    name: str
    description: str
    sha256: str
    text: str
    problems: list[Problem]
    graph: SuiteGraph | None
    validators: list[GraphValidator]
    variants: list[str]
    models: list[SuiteModel]
    needs_trust: bool


@router.get("/suites")
def suites(studio: TheStudio) -> list[SuiteLine]:
    """List the suites of the folder."""
    root = studio.workspace.root
    return [
        SuiteLine(path=str(path.relative_to(root)), name=path.stem)
        for path, _ in zip(_files(studio.workspace), range(MOST_SUITES), strict=False)
    ]


@router.get("/suites/{name:path}")
def suite(studio: TheStudio, name: str) -> SuiteDocument:
    """Show one suite: its text, its graph, what is wrong with it."""
    raise NotImplementedError


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
