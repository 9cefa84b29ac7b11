"""Long texts beside the journal, each kept once in a file that is named by its hash.

An answer stands in its call, its visit, its round and its outcome. One of 100 KiB made a row's
journal 312 KiB and cost its CPU three times (docs/decisions/0025), so a text above 64 KiB goes to
`blobs/` and rows name it. Such a row holds a list: the value with nulls where the texts were, and
where each of them belongs. Every other row holds an object, so no data can be taken for a name.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sygra_eval.journal.canonical import from_stored, to_stored
from sygra_eval.journal.store import Column, is_sound, sync

LARGE = 64 * 1024
FOLDER = "blobs"

_NAME = re.compile("[0-9a-f]{64}")

Step = str | int


class BlobLost(LookupError):
    """A text that a row names is not there, or is not what was written."""


class Blobs:
    """The long texts of one journal."""

    def __init__(self, journal: Path) -> None:
        self._folder = journal.with_name(FOLDER)
        self._kept: set[str] = set()

    def put(self, texts: Mapping[str, bytes]) -> None:
        """Have the disk take the texts; only then may a row name them."""
        new = {name: data for name, data in texts.items() if name not in self._kept}
        missing = {name: data for name, data in new.items() if self._read(name) is None}
        if missing:
            self._folder.mkdir(exist_ok=True)
            for name, data in missing.items():
                _write(self._folder / name, data)
            sync(self._folder)
            sync(self._folder.parent)
        self._kept.update(new)

    def get(self, name: str) -> str:
        """Return a text.

        :raises BlobLost: When it is missing or damaged.
        """
        data = self._read(name)
        if data is None:
            raise BlobLost(name)
        return data.decode("utf-8", "surrogatepass")

    def is_whole(self, table: str, row: Sequence[Column]) -> bool:
        """Say whether a row, and every text that it names, is what was written."""
        if not is_sound(row):
            return False
        stored = row[-2]
        if table == "run" or not isinstance(stored, str | bytes) or stored[:1] not in ("[", b"["):
            return True
        _, places = from_stored(stored)
        return all(self._read(name) is not None for _, name in places)

    def value(self, stored: str | bytes) -> Any:
        """Return what `set_aside` was given.

        :raises BlobLost: When a text of it is missing or damaged.
        """
        value = from_stored(stored)
        if not isinstance(value, list):
            return value
        whole, places = value
        for path, name in places:
            inner = whole
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = self.get(name)
        return whole

    def _read(self, name: str) -> bytes | None:
        if _NAME.fullmatch(name) is None:  # a run folder may be a stranger's
            return None
        path = self._folder / name
        try:
            data = path.read_bytes() if path.is_file() else b""
        except OSError:
            return None
        return data if _name_of(data) == name else None


def set_aside(value: object) -> tuple[str | bytes, dict[str, bytes]]:
    """Return a value as it is kept in a table, and the long texts that it names.

    :raises BadAnswer: As `to_stored`.
    """
    stored = to_stored(value)
    if len(stored) <= LARGE:
        return stored, {}
    plain = from_stored(stored)
    texts: dict[str, bytes] = {}
    places: list[tuple[Sequence[Step], str]] = []
    for inner, path in _long_texts(plain, ()):
        data = inner[path[-1]].encode("utf-8", "surrogatepass")
        name = _name_of(data)
        texts[name] = data
        places.append((path, name))
        inner[path[-1]] = None
    return (to_stored([plain, places]), texts) if texts else (stored, {})


def names_in(stored: str | bytes) -> Iterator[str]:
    """Yield the names of the long texts that a row names."""
    if stored[:1] in ("[", b"["):
        _, places = from_stored(stored)
        yield from (str(name) for _, name in places)


def without_texts(stored: str | bytes) -> Any:
    """Return a value with null in the place of its long texts, without reading these."""
    value = from_stored(stored)
    return value[0] if isinstance(value, list) else value


def _long_texts(value: Any, path: tuple[Step, ...]) -> Iterator[tuple[Any, tuple[Step, ...]]]:
    """Yield each long text by the list or object that holds it, and its place in the whole."""
    if not isinstance(value, dict | list):
        return
    for step, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if isinstance(inner, str):
            if len(inner) > LARGE or len(inner.encode("utf-8", "surrogatepass")) > LARGE:
                yield value, (*path, step)
        else:
            yield from _long_texts(inner, (*path, step))


def _name_of(data: bytes) -> str:
    return blake2b(data, digest_size=32).hexdigest()


def _write(path: Path, data: bytes) -> None:
    """Write by rename: a file of that name is whole, also where the process is killed."""
    # Workers of one run may write the same text at once, each its own file.
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
