"""A source that is a folder of files: which of them are read, and their rows one after another."""

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from sygra_eval.values import BadRow, Problem, Row, UsageError

_SUFFIXES = (".parquet", ".jsonl", ".json")


def shard_files(path: Path, shard: Mapping[str, Any]) -> list[Path]:
    """Return the files of a folder that a `shard` means, in the order of their names.

    SyGra looks in the folder of `file_path`, or in that itself where it is one, for names that
    begin as `regex` says, which is a pattern of a shell; `index` picks by place, from 0.

    :raises UsageError: When there is none, or an index leads to none.
    """
    folder = path if path.is_dir() else path.parent
    pattern = str(shard.get("regex") or "").rstrip("*")
    try:
        found = [one for end in _SUFFIXES for one in sorted(folder.glob(f"{pattern}*{end}"))]
    except (ValueError, NotImplementedError) as error:
        raise UsageError(f"shard: `{pattern}` is no pattern of names: {error}") from error
    if not found:
        raise UsageError(f"no file of {folder} is called `{pattern}*` with {', '.join(_SUFFIXES)}")
    wanted = shard.get("index")
    if wanted is None or wanted == []:
        return found
    places = wanted if isinstance(wanted, list) else [wanted]
    wrong = [one for one in places if type(one) is not int or not 0 <= one < len(found)]
    if wrong:
        raise UsageError(f"shard: there is no file {wrong[0]!r} of {len(found)} in {folder}")
    return [file for place, file in enumerate(found) if place in places]


class Shards:
    """Several sources of one form, read one after another."""

    def __init__(self, sources: Sequence[Any]) -> None:
        self._sources = sources

    def check(self) -> Iterator[Problem]:
        """Yield what can be known to be wrong with each before a row is read."""
        for source in self._sources:
            yield from source.check()

    def fingerprint(self) -> str:
        """Return a hash of them all."""
        whole = hashlib.sha256()
        for source in self._sources:
            whole.update(source.fingerprint().encode())
        return whole.hexdigest()

    async def rows(self) -> AsyncIterator[Row | BadRow]:
        """Yield the rows of the first, then those of the next."""
        for source in self._sources:
            async with aclosing(source.rows()) as rows:
                async for row in rows:
                    yield row
