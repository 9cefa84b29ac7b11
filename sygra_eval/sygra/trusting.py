"""Whether a task's Python may be imported: only when the user said so, and until it changes.

What is trusted is the whole of a root: a task imports from others, and its YAML names what is
imported, so both are part of what was looked at.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from sygra_eval import trust
from sygra_eval.values import UsageError

_KINDS = (".py", ".yaml", ".yml")
_NOW: set[tuple[Path, str]] = set()
"""What `--trust` was said for in this process, should the disk not keep it."""


class Untrusted(UsageError):
    """Nobody said that this root may be imported."""


def require_trust(root: Path, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Refuse a root that is not trusted as it is now.

    :raises Untrusted: With what to do.
    """
    if is_trusted(root, folder, environ):
        return
    raise Untrusted(
        f"the Python of tasks in {root.resolve()} was not imported: it is code and not trusted "
        "yet; look at it, then say --trust once (remembered until it changes)"
    )


def is_trusted(root: Path, folder: Path, environ: Mapping[str, str] = os.environ) -> bool:
    """Say whether a root may be imported as it is now."""
    if environ.get("SYGRA_EVAL_TRUST") == "1":
        return True
    root, content = root.resolve(), content_of(root, folder)
    return (root, content) in _NOW or trust.is_remembered(root, content, environ)


def remember_root(root: Path, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Keep that a root is trusted as it is now.

    :raises OSError: When it cannot be kept; for this process it is, all the same.
    """
    root, content = root.resolve(), content_of(root, folder)
    _NOW.add((root, content))
    trust.remember(root, content, environ)


def trust_for_now(root: Path, folder: Path) -> None:
    """Trust a root as it is now, in this process alone: a program runs what it holds itself."""
    root = root.resolve()
    _NOW.add((root, content_of(root, folder)))


def content_of(root: Path, folder: Path) -> str:
    """Return one hash over the Python and YAML that a task of this root may name."""
    places = [root / "tasks", root / "sygra" / "recipes", root / "sygra" / "internal"]
    places += [] if folder.is_relative_to(root / "tasks") else [folder]
    digest = hashlib.sha256()
    found = {one for place in places for one in _files(place)} | {*root.glob("*.py")}
    for path in sorted(found):
        digest.update(str(path.relative_to(root) if path.is_relative_to(root) else path).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(place: Path) -> Iterator[Path]:
    seen: set[str] = set()
    for folder, inner, names in os.walk(place, followlinks=True):  # as an import follows them
        if (real := os.path.realpath(folder)) in seen:
            inner.clear()
            continue
        seen.add(real)
        for name in names:
            path = Path(folder, name)
            if path.suffix in _KINDS and path.is_file():
                yield path
