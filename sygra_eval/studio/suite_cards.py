"""The suites of a folder as cards: what is in each, what is wrong with it, how its last run went.

A file is read again when its time or size changed, and checked in a thread of its own, so that a
folder of 500 suites is listed at once and the problems follow. Nothing of a suite is executed and
no plugin of the folder imported; a source that lies beyond this disk is not opened.
"""

import queue
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from sygra_eval.engine import JOURNAL, KnownRun, known_run
from sygra_eval.plugins import Plugins, load_plugins, local_plugin_folders
from sygra_eval.studio.keys import names_in
from sygra_eval.studio.looking import look_through
from sygra_eval.studio.workspace import Workspace
from sygra_eval.suite import MODELS_FILE, check_suite, read_document
from sygra_eval.values import Diagnostic, Severity, SygraEvalError

MOST_SUITES: Final = 1_000
_MODEL_FILES: Final = frozenset({MODELS_FILE, "models.yml"})
_ON_DISK: Final = frozenset({"disk", "package", "cases"})
_OF_PLUGINS: Final = frozenset({"unknown-type", "unknown-function", "unknown-metric"})
Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteFacts:
    """What stands in one file.

    :ivar path: Relative to the workspace.
    :ivar key_names: Environment variables that its models take keys from.
    :ivar is_local: Its rows are on this disk, so that looking at them asks nobody else.
    :ivar problems: What is wrong with it; None while it was not looked at, or is not.
    """

    path: str
    name: str
    description: str
    nodes: tuple[str, ...]
    models: tuple[str, ...]
    key_names: frozenset[str]
    is_local: bool
    problems: tuple[Diagnostic, ...] | None = None
    is_checked: bool = False

    @property
    def errors(self) -> int:
        """Say how many problems have to be put right before it can run."""
        return sum(one.severity is Severity.ERROR for one in self.problems or ())


class SuiteCards:
    """The suites of one workspace, as they are now."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._facts: dict[Path, tuple[Stamp, SuiteFacts | None]] = {}
        self._runs: dict[Path, tuple[Stamp, KnownRun]] = {}
        self._waiting: queue.SimpleQueue[tuple[Path, Stamp]] = queue.SimpleQueue()
        self._turn = threading.RLock()
        self._is_checking = False
        self._left_out = ""

    @property
    def left_out(self) -> str:
        """Why there may be more suites than were found last; empty where there are not."""
        return self._left_out

    def now(self) -> list[SuiteFacts]:
        """Return the suites, by their names; those that changed are read again."""
        looked = look_through(self._workspace.root, self._workspace.reports)
        found, more = [], ""
        for path in looked.files:
            with self._turn:
                facts = self._look(path)
            if facts is not None:
                found.append(facts)
            if len(found) >= MOST_SUITES:
                more = f"Only the nearest {MOST_SUITES:,} suites are shown."
                break
        self._left_out = more or looked.left_out
        with self._turn:
            if not self._waiting.empty() and not self._is_checking:
                self._is_checking = True
                threading.Thread(target=self._check, name="checks of suites", daemon=True).start()
        return sorted(found, key=lambda facts: (facts.name, facts.path))

    def last_run(self, suite: str) -> KnownRun | None:
        """Return the newest run of a suite, by its name; read again when its journal changed."""
        folder = self._workspace.reports / suite
        if folder.parent != self._workspace.reports or suite in {"", ".", ".."}:
            return None  # what no run could have made
        try:
            runs = sorted(
                (one for one in folder.iterdir() if (one / JOURNAL).is_file()), reverse=True
            )
        except OSError:
            return None
        if not runs:
            return None
        stamp = (*_stamp(runs[0] / JOURNAL), *_stamp(runs[0] / f"{JOURNAL}-wal"), *_stamp(runs[0]))
        with self._turn:
            seen = self._runs.get(folder)
        if seen is not None and seen[0] == stamp and seen[1].folder == runs[0]:
            return seen[1]
        known = known_run(runs[0])
        with self._turn:
            self._runs[folder] = (stamp, known)
        return known

    def key_names(self) -> frozenset[str]:
        """Return what suites and models of the folder take keys from."""
        self.now()
        return self.key_names_so_far()

    def key_names_so_far(self) -> frozenset[str]:
        """Return the same of the files that were read already; nothing is read."""
        with self._turn:
            known = [facts.key_names for _, facts in self._facts.values() if facts is not None]
        return frozenset().union(*known)

    def _look(self, path: Path) -> SuiteFacts | None:
        stamp = (*_stamp(path), *_stamp(path.parent / MODELS_FILE))
        seen = self._facts.get(path)
        if seen is not None and seen[0] == stamp:
            return seen[1] if path.name not in _MODEL_FILES else None
        facts = _facts_of(path, self._workspace.root)
        self._facts[path] = (stamp, facts)
        if path.name in _MODEL_FILES:
            return None  # it is read for the keys that it names
        if facts is not None and facts.is_local:
            self._waiting.put((path, stamp))
        return facts

    def _check(self) -> None:
        """Check what waits, then end."""
        plugins = load_plugins(
            self._workspace.root, environ={"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"}
        )
        while True:
            with self._turn:
                if self._waiting.empty():
                    self._is_checking = False
                    return
            path, stamp = self._waiting.get()
            problems = _problems_of(path, plugins)
            with self._turn:
                seen = self._facts.get(path)
                if seen is not None and seen[0] == stamp and seen[1] is not None:
                    checked = replace(seen[1], problems=problems, is_checked=True)
                    self._facts[path] = (stamp, checked)


def _facts_of(path: Path, root: Path) -> SuiteFacts | None:
    """Read a file; None where it is no suite."""
    if path.name not in _MODEL_FILES and not _says_suite(path):
        return None
    data = read_document(path).data
    head = _mapping(data, "suite")
    nodes = _mapping(_mapping(data, "graph_config"), "nodes")
    source = _mapping(_mapping(data, "data_config"), "source")
    name = head.get("name")
    return SuiteFacts(
        path=path.relative_to(root).as_posix(),
        name=name if isinstance(name, str) and name else path.stem,
        description=str(head.get("description") or "")[:300],
        nodes=tuple(str(node) for node in nodes),
        models=tuple(str(model) for model in _mapping(data, "models")),
        key_names=frozenset(names_in(data)),
        is_local=source.get("type", "disk") in _ON_DISK,
    )


def _says_suite(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as lines:
            return any(line.startswith("suite:") for line in lines)
    except (OSError, UnicodeDecodeError):
        return False


def _problems_of(path: Path, plugins: Plugins) -> tuple[Diagnostic, ...] | None:
    """Check a suite without the plugins of its folder; what only they may know is no problem."""
    try:
        found = check_suite(path, plugins)
    except (SygraEvalError, OSError, ValueError):
        return None
    if not local_plugin_folders(path.parent):
        return found
    return tuple(one for one in found if one.code not in _OF_PLUGINS)


def _mapping(data: Any, key: str) -> dict[str, Any]:
    inside = data.get(key) if isinstance(data, dict) else None
    return inside if isinstance(inside, dict) else {}


def _stamp(path: Path) -> Stamp:
    try:
        told = path.stat()
    except OSError:
        return (0, 0)
    return (told.st_mtime_ns, told.st_size)
