"""The files of an export: which are ours to replace or take away, and which are somebody's.

A list of what was written, with hashes, lies beside it. What it does not name, or what was changed
since, belongs to the user: it is neither overwritten nor removed unless that is asked for.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sygra_eval.values import UsageError

LIST = "sygra_eval_export.json"


def put(folder: Path, texts: Mapping[str, str], *, overwrite: bool) -> tuple[str, ...]:
    """Write the files of an export in the place of an earlier one; return what was left behind.

    :param overwrite: Replace files that are not ours, or not any more.
    :raises UsageError: Where there are such, with their names; then nothing is written.
    """
    before = _listed(folder)
    theirs = [
        name
        for name, text in texts.items()
        if (folder / name).exists()
        and not _is(folder / name, before.get(name))
        and not _is(folder / name, _sha256(text.encode()))
    ]
    if theirs and not overwrite:
        named = ", ".join(f"`{name}`" for name in sorted(theirs))
        raise UsageError(
            f"{folder}: {named} were changed since they were exported, or are not ours: move them "
            "away, or say --overwrite"
        )
    kept = _take_away(folder, before, texts)
    for name, text in texts.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    hashes = {name: _sha256(text.encode()) for name, text in texts.items()}
    (folder / LIST).write_text(json.dumps({"files": hashes}, indent=1) + "\n", encoding="utf-8")
    return kept


def _take_away(
    folder: Path, before: Mapping[str, str], texts: Mapping[str, str]
) -> tuple[str, ...]:
    """Remove what an earlier export wrote and this one does not; return what was changed since."""
    kept: list[str] = []
    for name, content in before.items():
        path = folder / name
        if name in texts or not path.is_file() or not _is_inside(path, folder):
            continue
        if not _is(path, content):
            kept.append(name)
            continue
        path.unlink()
        with suppress(OSError):  # something else is in it
            if path.parent != folder:
                path.parent.rmdir()
    return tuple(kept)


def _listed(folder: Path) -> dict[str, str]:
    """Return what the list names, with hashes; it is a file as any other, and may say anything."""
    try:
        data = json.loads((folder / LIST).read_text(encoding="utf-8"))
        files = data["files"]
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    if not isinstance(files, dict):
        return {}
    return {name: str(content) for name, content in files.items()}


def _is(path: Path, content: str | None) -> bool:
    try:
        return content is not None and _sha256(path.read_bytes()) == content
    except OSError:
        return False


def _is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve()) and not path.is_symlink()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
