"""Imports the Python of a task, with our names in the place of `sygra`, and only while it is used.

Start at `importing`. Nothing is imported from a root that the user did not trust; what runs is
source, never a compiled file beside it. When the last session ends, the modules of the task, the
names that stood for `sygra` and what was changed of chance are taken away again.
"""

import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from sygra_eval.sygra.chance import patched_chance, restored_chance
from sygra_eval.trust import source_spec
from sygra_eval.values import UsageError

_HERE = Path(__file__).resolve().parent
RECIPES = _HERE / "shim" / "recipes"
_SHIM = "sygra_eval.sygra.shim"
_LANGGRAPH = "sygra_eval.sygra.langgraph_names"
_METRICS = "sygra_eval.sygra.shim.core.eval.metrics"
_REGISTRIES = (f"{_METRICS}.registering",)
"""Where tasks leave metrics of their own."""
_OF_ROOT = ("sygra.recipes.", "sygra.internal")
"""What a checkout of SyGra brings along and tasks may name; ours stands in where it is missing."""


class Shim(StrEnum):
    """When our names stand for `sygra`."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def is_installed(distribution: str) -> bool:
    """Say whether a distribution is installed; a folder of its name in the root is not that."""
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


@dataclass(slots=True)
class Session:
    """One root whose Python can be imported now.

    :ivar users: How many hold it open.
    :ivar found: Modules that were found for it.
    :ivar is_pinned: A program holds it until it ends.
    :ivar aside: Modules of these names that the process had before, put back at the end.
    """

    root: Path
    has_shim: bool
    has_langgraph: bool
    users: int = 0
    found: set[str] = field(default_factory=set)
    aside: dict[str, ModuleType] = field(default_factory=dict)
    is_pinned: bool = False


_SESSION: list[Session] = []
"""The one that is open, if any: the modules `tasks` of two roots cannot be told apart."""


def active_root() -> Path:
    """Return the root of the task that is read or run."""
    return _SESSION[0].root if _SESSION else Path.cwd()


def begin(root: Path, shim: Shim = Shim.AUTO) -> Session:
    """Open a root, until `end` was called as often.

    :raises UsageError: When another root is open.
    """
    root = root.resolve()
    has_shim = shim is Shim.ALWAYS or (shim is Shim.AUTO and not is_installed("sygra"))
    if _SESSION and _SESSION[0].root != root:
        if _SESSION[0].users:
            raise UsageError(
                f"tasks of {_SESSION[0].root} and of {root} cannot run in one process: both are "
                "called `tasks`"
            )
        _close()
    if not _SESSION:
        _SESSION.append(Session(root, has_shim, has_shim and not is_installed("langgraph")))
        _SESSION[0].aside = _put_aside(_SESSION[0])
        sys.meta_path.insert(0, _FINDER)
        sys.meta_path.append(_LATE)
        patched_chance()
    _SESSION[0].users += 1
    return _SESSION[0]


def _put_aside(session: Session) -> dict[str, ModuleType]:
    """Take modules away that would be taken for those of the task."""
    heads = {"tasks"}
    heads |= {"sygra"} if session.has_shim else set()
    heads |= {"langgraph"} if session.has_langgraph else set()
    names = [name for name in sys.modules if name.partition(".")[0] in heads]
    return {name: sys.modules.pop(name) for name in names}


def end() -> None:
    """Give one holder's session back; the last one takes everything away."""
    if _SESSION:
        _SESSION[0].users -= 1
        if _SESSION[0].users <= 0:
            _close()


def close_all() -> None:
    """Take everything away, whoever holds it; but a program that holds it still needs it."""
    if _SESSION and _SESSION[0].is_pinned:
        _SESSION[0].users = 1
    elif _SESSION:
        _close()


@contextmanager
def pinned(root: Path, shim: Shim = Shim.AUTO) -> Iterator[Session]:
    """Open a root for a whole program, whatever runs end meanwhile."""
    session = begin(root, shim)
    session.is_pinned = True
    try:
        yield session
    finally:
        session.is_pinned = False
        close_all()


@contextmanager
def importing(root: Path, shim: Shim = Shim.AUTO) -> Iterator[Session]:
    """Open a root for a while."""
    session = begin(root, shim)
    try:
        yield session
    finally:
        end()


def _close() -> None:
    session = _SESSION.pop()
    for finder in (_FINDER, _LATE):
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
    for name in session.found:
        sys.modules.pop(name, None)
    sys.modules.update(session.aside)
    for registry in _REGISTRIES:
        if registry in sys.modules:
            sys.modules[registry].keep_ours()
    restored_chance()
    importlib.invalidate_caches()


class _Alias(Loader):
    """Gives a module of ours under another name."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._own: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module itself."""
        module = importlib.import_module(self._target)
        self._own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Leave it as it is: it keeps its own name, as two would know nothing of each other."""
        module.__spec__ = self._own


class _Finder(MetaPathFinder):
    """Finds `sygra`, `langgraph` and `tasks` for the session that is open."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for these names; all others are left to Python."""
        del path, target
        if not _SESSION:
            return None
        session, head = _SESSION[0], fullname.partition(".")[0]
        spec = None
        if head == "sygra" and session.has_shim:
            spec = _of_sygra(fullname, session.root)
        elif head == "langgraph" and session.has_langgraph:
            spec = _alias(fullname, _LANGGRAPH)
        elif head == "tasks":
            spec = _in_root(fullname, session.root)
        if spec is not None:
            session.found.add(fullname)
        return spec


class _Late(MetaPathFinder):
    """Finds modules in the root itself, when nobody else has them: tasks have it on their path.

    No folders: what is trusted is a hash over what can be imported, and a root may hold anything.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for modules of the root."""
        del path, target
        if not _SESSION or "." in fullname or fullname in ("sygra", "sygra_eval"):
            return None
        spec = _in_root(fullname, _SESSION[0].root)
        if spec is not None and spec.submodule_search_locations is not None:
            return None
        if spec is not None:
            _SESSION[0].found.add(fullname)
        return spec


_FINDER, _LATE = _Finder(), _Late()


def _of_sygra(fullname: str, root: Path) -> ModuleSpec | None:
    if fullname.startswith(_OF_ROOT) and (spec := _in_root(fullname, root)) is not None:
        return spec
    if (spec := _alias(fullname, _SHIM)) is not None:
        return spec
    raise ModuleNotFoundError(
        f"No module named {fullname!r}: our names for SyGra's have none; `sygra-eval sygra check` "
        "says what a task needs",
        name=fullname,
    )


def _alias(fullname: str, package: str) -> ModuleSpec | None:
    target = package + fullname[len(fullname.partition(".")[0]) :]
    try:
        found = importlib.util.find_spec(target)
    except ModuleNotFoundError:
        return None
    if found is None:
        return None
    is_package = found.submodule_search_locations is not None
    return ModuleSpec(fullname, _Alias(target), origin=found.origin, is_package=is_package)


def _in_root(fullname: str, root: Path) -> ModuleSpec | None:
    *packages, _ = fullname.split(".")
    return source_spec(fullname, [str(root.joinpath(*packages))])
