"""Remembers which local plugin folders the user trusts, by their content, and imports from them.

A suite is data, a plugin is code: a folder is imported only after the user said so once, and a
change of any file in it asks again. What runs is the source that the user could look at, never a
compiled file beside it.
"""

import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import NoReturn

_PREFIX = "sygra_plugins_"
_CACHE = "__pycache__"  # never read by us, so what is in it does not matter


def content_hash(place: Path) -> str:
    """Return one hash over the names and bytes of a file, or of all files in a folder."""
    digest = hashlib.sha256()
    for path in _files(place):
        digest.update(str(path.relative_to(place.parent)).encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
        return
    for path in sorted(place.rglob("*")):
        if path.is_file() and _CACHE not in path.relative_to(place).parts:
            yield path


def import_source(path: Path, content: str) -> ModuleType:
    """Import by path under a name that holds a hash, so that equal stems cannot collide.

    :param content: The content hash; other content is another module.
    """
    place = hashlib.sha256(f"{path.resolve()}\0{content}".encode()).hexdigest()[:16]
    stem = path.parent.name if path.name == "__init__.py" else path.stem
    name = f"{_PREFIX}{place}_{stem}"
    if name in sys.modules:
        return sys.modules[name]
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    loader = _SourceLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None, "there is a spec wherever a loader is given"  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        for imported in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
            del sys.modules[imported]
        raise
    return module


class _SourceLoader(SourceFileLoader):
    """Compiles a module's source each time."""

    def path_stats(self, path: object) -> NoReturn:
        """Make Python believe that no compiled file could be compared, so it takes none."""
        raise OSError(f"compiled files of {path} are not read")


def source_spec(fullname: str, folders: Sequence[str]) -> ModuleSpec | None:
    """Find a module, or a package without code, in folders, by its source alone."""
    for folder in folders:
        spec = FileFinder(folder, (_SourceLoader, [".py"])).find_spec(fullname)
        if spec is not None:
            return spec
    return None


class _PluginFinder(MetaPathFinder):
    """Finds the inner modules of a plugin that is a package, from source alone."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for modules below a plugin; all others are left to Python."""
        del target
        if path is None or not fullname.startswith(_PREFIX):
            return None
        if (spec := source_spec(fullname, path)) is not None:
            return spec
        raise ModuleNotFoundError(f"no source of {fullname!r} is there", name=fullname)


_FINDER = _PluginFinder()


def is_remembered(folder: Path, content: str, environ: Mapping[str, str]) -> bool:
    """Say whether the user trusted this folder with this content before."""
    return _read(_store(environ)).get(str(folder.resolve())) == content


def remember(folder: Path, content: str, environ: Mapping[str, str]) -> None:
    """Keep that the user trusts this folder with this content."""
    store = _store(environ)
    trusted = _read(store)
    if trusted.get(str(folder.resolve())) == content:
        return
    trusted[str(folder.resolve())] = content
    store.parent.mkdir(parents=True, exist_ok=True)
    temporary = store.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(trusted, indent=1, sort_keys=True), encoding="utf-8")
    temporary.replace(store)


def _store(environ: Mapping[str, str]) -> Path:
    if place := environ.get("SYGRA_EVAL_CONFIG_DIR"):
        return Path(place) / "trusted.json"
    config = (
        environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".config"
    )
    return Path(config) / "sygra_eval" / "trusted.json"


def _read(store: Path) -> dict[str, str]:
    try:
        trusted = json.loads(store.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return trusted if isinstance(trusted, dict) else {}
