"""Which code of a folder would be imported by a run, and whether somebody agreed to that.

The store and the hashes are those of the command line (`--trust`): what is trusted there is trusted
here, and a change of any file asks again, here and there. Nothing is imported to show it.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from sygra_eval import trust
from sygra_eval.plugins import local_plugin_folders
from sygra_eval.studio.told import Told
from sygra_eval.values import UsageError

MOST_FILES: Final = 200
_CACHE: Final = "__pycache__"


class PluginFile(Told):
    """A file whose code would run, or that is beside it."""

    name: str
    size: int
    sha256: str


class PluginRoot(Told):
    """A `plugins/` folder that acts on suites of the workspace.

    :ivar path: Its place on this machine; it may be above the workspace, up to the project's root.
    :ivar content: One hash over the names and bytes of all its files; trust is in this content.
    :ivar is_trusted: Runs import it.
    :ivar left_out: So many more files than are told.
    """

    path: str
    content: str
    is_trusted: bool
    files: list[PluginFile]
    left_out: int


def roots_of(folders: Iterable[Path], environ: Mapping[str, str] = os.environ) -> list[PluginRoot]:
    """Return the plugin folders that act on suites in any of `folders`."""
    return [_root(place, environ) for place in _places(folders)]


def remember(
    folders: Iterable[Path], path: str, content: str, environ: Mapping[str, str] = os.environ
) -> None:
    """Keep that a plugin folder is trusted as it was shown.

    :param content: The hash that was shown: what changed since then was not looked at.
    :raises UsageError: When it acts on nothing here, has changed, or cannot be kept.
    """
    place = next((one for one in _places(folders) if str(one) == path), None)
    if place is None:
        raise UsageError("no suite of this folder would import that")
    now = trust.content_hash(place)
    if now != content:
        raise UsageError(f"{place} has changed since it was shown: look at it again")
    try:
        trust.remember(place, now, environ)
    except OSError as error:
        raise UsageError(f"the trust cannot be kept: {error.strerror}") from error


def _places(folders: Iterable[Path]) -> list[Path]:
    return list(dict.fromkeys(one for folder in folders for one in local_plugin_folders(folder)))


def _root(place: Path, environ: Mapping[str, str]) -> PluginRoot:
    content = trust.content_hash(place)
    paths = [
        path
        for path in sorted(place.rglob("*"))
        if path.is_file() and _CACHE not in path.relative_to(place).parts
    ]
    return PluginRoot(
        path=str(place),
        content=content,
        is_trusted=environ.get("SYGRA_EVAL_TRUST") == "1"
        or trust.is_remembered(place, content, environ),
        files=[_file(place, path) for path in paths[:MOST_FILES]],
        left_out=max(0, len(paths) - MOST_FILES),
    )


def _file(place: Path, path: Path) -> PluginFile:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    name = path.relative_to(place).as_posix()
    return PluginFile(name=name, size=path.stat().st_size, sha256=sha256)
