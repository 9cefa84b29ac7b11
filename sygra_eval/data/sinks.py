"""Writes data files: same rows, same bytes; whole or not at all; none when there are no rows.

A lone surrogate, which a model's text may hold, becomes U+FFFD in both formats, since one of them
makes the whole file unreadable for the usual readers; the journal keeps the text as it came.
pyarrow takes a while to import, so that happens where it is used.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sygra_eval.data.packing import packing
from sygra_eval.data.pieces import ROW_GROUP, Record, groups, head, pieces
from sygra_eval.data.replacing import replacing
from sygra_eval.data.surrogates import without_surrogates


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenParquet:
    """What was written.

    :ivar notes: What a reader of the file should know, as which columns are JSON text.
    """

    rows: int
    notes: tuple[str, ...] = ()


def write_jsonl(path: Path, rows: Iterable[Record]) -> int:
    """Write one object a line, its keys in the order given, and return how many.

    A path that ends in `.gz` or `.zst` is packed. Without rows no file is left there, not even an
    older one.

    :raises ValueError: When a row holds what JSON has not.
    """
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:
        path.unlink(missing_ok=True)
        return 0
    written = 0
    with replacing(path) as unfinished, packing(unfinished, path.suffix) as write:
        for row in chain([first], remaining):
            write(jsonl_line(row))
            written += 1
    return written


def write_jsonl_shards(
    paths: Sequence[Path], rows: Iterable[Record], shard_rows: int | None
) -> None:
    """Write rows into files of so many each; the last one takes what is left."""
    remaining = iter(rows)
    for path, most in _shards(paths, shard_rows):
        write_jsonl(path, islice(remaining, most))


def write_parquet(
    path: Path, rows: Callable[[], Iterable[Record]], *, like: Record | None = None
) -> WrittenParquet:
    """Write rows in groups of a fixed size, with the types that all of them together need.

    Mostly the first rows show those types. Where a later one shows another, what was written is
    thrown away, and rows are gone through once for the types and once more to be written. The file
    is the same either way, and memory is flat. Without rows no file is left, not even an older one.

    :param rows: Gives the same rows each time it is called.
    :param like: An example row, which is not written: a column that it shows has that type also
        where all the rows hold nothing there.
    """
    written = write_parquet_shards([path], rows, None, like=like)
    if not written.rows:
        path.unlink(missing_ok=True)
    return written


def write_parquet_shards(
    paths: Sequence[Path],
    rows: Callable[[], Iterable[Record]],
    shard_rows: int | None,
    *,
    like: Record | None = None,
) -> WrittenParquet:
    """Write rows into files of so many each, all with the same types; see `write_parquet`."""
    if next(iter(rows()), None) is None:  # pyarrow and numpy would be imported for nothing
        return WrittenParquet(rows=0)
    from sygra_eval.data import columns

    files = _shards(paths, shard_rows)
    try:
        return _written(*_write_at_once(files, rows(), like or {}))
    except _TypesChange:
        pass
    kinds = _kinds(rows(), like or {})
    if not kinds:
        return WrittenParquet(rows=0)
    while True:
        remaining = iter(rows())
        try:
            written = sum(_write(path, islice(remaining, most), kinds) for path, most in files)
        except _ColumnDoesNotFit as error:  # found out only now; a column can do so once
            kinds[error.column] = columns.TEXT
        else:
            return _written(written, kinds)


def _written(rows: int, kinds: Mapping[str, Any]) -> WrittenParquet:
    as_text = [name for name, kind in kinds.items() if kind is None]
    notes = (f"column `{name}` has no one type: kept as JSON text" for name in as_text)
    return WrittenParquet(rows=rows, notes=tuple(notes))


class _TypesChange(Exception):
    """The first rows did not show the types that all rows need."""


def _shards(paths: Sequence[Path], shard_rows: int | None) -> list[tuple[Path, int | None]]:
    """Return each file and how many rows it takes."""
    for path in paths:
        path.parent.mkdir(exist_ok=True)
    return [(path, shard_rows) for path in paths[:-1]] + [(path, None) for path in paths[-1:]]


class _ColumnDoesNotFit(Exception):
    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


def jsonl_line(row: Record) -> bytes:
    """Return the line that holds a row.

    :raises ValueError: When the row holds what JSON has not.
    """
    text = _ENCODER.encode(row if type(row) is dict else dict(row)) + "\n"
    try:
        return text.encode()
    except UnicodeEncodeError:
        return without_surrogates(text).encode()


def _kinds(rows: Iterable[Record], like: Record) -> dict[str, Any]:
    """Return the type of each column, in the order in which columns first appear."""
    from sygra_eval.data.columns import common_type, storable, type_of

    kinds: dict[str, Any] = {}
    for piece in pieces(rows):
        for name, values in _by_column(piece).items():
            kind = type_of(values)
            kinds[name] = common_type(kinds[name], kind) if name in kinds else kind
    for name, example in like.items():
        if name in kinds:
            kinds[name] = common_type(kinds[name], type_of([example]))
    return {name: storable(kind) for name, kind in kinds.items()}


def _write_at_once(
    files: Sequence[tuple[Path, int | None]], rows: Iterable[Record], like: Record
) -> tuple[int, dict[str, Any]]:
    """Write rows with the types that the first of them show, as long as all others fit these.

    :raises _TypesChange: When they do not; files that are whole by then are to be written again.
    """
    from sygra_eval.data.first_types import FirstTypes

    remaining = iter(rows)
    first = head(remaining)
    types = FirstTypes(_by_column(first), like)
    if not types.kinds:
        raise _TypesChange

    def batch(piece: list[Record]) -> Any:
        made = types.batch(_by_column(piece), len(piece))
        if made is None:
            raise _TypesChange
        return made

    every = chain(first, remaining)
    written = 0
    for path, most in files:
        batches = (list(map(batch, group)) for group in groups(islice(every, most)))
        written += _write_groups(path, types.kinds, batches)
    return written, types.kinds


def _write(path: Path, rows: Iterable[Record], kinds: Mapping[str, Any]) -> int:
    schema = _schema(kinds)
    # Rows are many times larger as Python's objects than as Arrow's, so a few at a time.
    batches = ([_batch(piece, kinds, schema) for piece in group] for group in groups(rows))
    return _write_groups(path, kinds, batches)


def _write_groups(path: Path, kinds: Mapping[str, Any], of_groups: Iterable[list[Any]]) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    written = 0
    with (
        replacing(path) as unfinished,
        parquet.ParquetWriter(
            unfinished, _schema(kinds), version="2.6", compression="zstd", compression_level=3
        ) as writer,
    ):
        for batches in of_groups:
            written += sum(batch.num_rows for batch in batches)
            table = pa.Table.from_batches(batches).combine_chunks()
            batches.clear()  # of a group that is written nothing is held while the next is made
            pa.default_memory_pool().release_unused()
            writer.write_table(table, row_group_size=ROW_GROUP)
            del table
    return written


def _batch(rows: list[Record], kinds: Mapping[str, Any], schema: Any) -> Any:
    import pyarrow as pa

    from sygra_eval.data.columns import DoesNotFit, array

    arrays = []
    for name, kind in kinds.items():
        try:
            arrays.append(array([row.get(name) for row in rows], kind))
        except DoesNotFit as error:
            raise _ColumnDoesNotFit(name) from error
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _schema(kinds: Mapping[str, Any]) -> Any:
    import pyarrow as pa

    return pa.schema(
        [(name, pa.string() if kind is None else kind) for name, kind in kinds.items()]
    )


def _by_column(rows: list[Record]) -> dict[str, list[object]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
