"""Reads Arrow IPC, file and stream, a record batch at a time.

A file is a stream between its magic bytes and a footer. The footer is not needed to read it in
order, so of a file that was cut off the rows before the cut are read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sygra_eval.data.data_file import DataFile
from sygra_eval.data.found import Fault, Found
from sygra_eval.data.light_arrow import loaded_pyarrow

_MAGIC = b"ARROW1"
_OLD_FEATHER = b"FEA1"
_AT_ONCE = 1024


def read_arrow(file: DataFile) -> Iterator[Found]:
    """Yield each row, numbered from 1."""
    ArrowException = loaded_pyarrow().ArrowException  # noqa: N806 - a class
    from sygra_eval.data.arrow_rows import rows_of

    number = 0
    try:
        with _batches_of(file.path) as reader:
            for batch in reader:
                for start in range(0, batch.num_rows, _AT_ONCE):
                    for found in rows_of(batch.slice(start, _AT_ONCE)):
                        number += 1
                        yield number, found
        _refuse_cut(file.path)
    except (ArrowException, OSError, ValueError) as error:
        yield number + 1, Fault(f"broken Arrow: {error}; the file was read up to here")


def arrow_columns(path: Path) -> list[str]:
    """Return the names of a file's columns.

    :raises ValueError: When it is no Arrow file.
    """
    ArrowException = loaded_pyarrow().ArrowException  # noqa: N806 - a class
    try:
        with _batches_of(path) as reader:
            names: list[str] = reader.schema.names
            return names
    except (ArrowException, OSError) as error:
        raise ValueError(str(error)) from error


@contextmanager
def _batches_of(path: Path) -> Iterator[Any]:
    pa = loaded_pyarrow()
    with pa.OSFile(str(path), "rb") as file:
        magic = file.read(len(_MAGIC))
        if magic.startswith(_OLD_FEATHER):
            raise ValueError("it is Feather of version 1; write it anew as version 2")
        file.seek(8 if magic == _MAGIC else 0)
        with pa.ipc.open_stream(file) as reader:
            yield reader


def _refuse_cut(path: Path) -> None:
    """Look whether a file that begins as one also ends as one.

    :raises ValueError: When it does not, so rows may be missing.
    """
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return
        file.seek(-len(_MAGIC), 2)
        if file.read() != _MAGIC:
            raise ValueError("its end is missing")
