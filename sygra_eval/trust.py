"""Remembers which local plugin folders the user trusts, by their content.

A suite is data, a plugin is code: a folder is imported only after the user said so once, and a
change of any file in it asks again.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path


def content_hash(place: Path) -> str:
    """Return one hash over the names and bytes of a file, or of all Python files in a folder."""
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(place.parent)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


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
