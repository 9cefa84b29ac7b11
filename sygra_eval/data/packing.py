"""Packs what is written, by the suffix of its file; the same bytes give the same file.

A gzip file could hold its own name and the time: ours holds neither.
"""

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sygra_eval.data.light_arrow import loaded_pyarrow

Write = Callable[[bytes], object]

_LEVEL = 6


@contextmanager
def packing(path: Path, suffix: str) -> Iterator[Write]:
    """Open a file to write to; what is written is packed as `.gz` or `.zst` say, else it is not.

    :param suffix: That of the name which the file will have.
    """
    match suffix:
        case ".gz":
            with (
                path.open("wb") as file,
                gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed,
            ):
                yield packed.write
        case ".zst":
            pa = loaded_pyarrow()
            with (
                pa.OSFile(str(path), "wb") as file,
                pa.CompressedOutputStream(file, "zstd") as packed,
            ):
                yield packed.write
        case _:
            with path.open("wb") as file:
                yield file.write
