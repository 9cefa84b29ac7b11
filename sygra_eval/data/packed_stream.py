"""Unpacks a stream whose first bytes say how it is packed, up to a bound."""

import gzip
import io
from collections.abc import Callable
from typing import Any, cast

from sygra_eval.data.light_arrow import loaded_pyarrow

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_BUFFER = 1 << 16
_MOST_LAYERS = 2  # a packed file that is packed once more on the way


def unpacked(
    stream: io.RawIOBase, most_bytes: int, too_long: Callable[[], Exception]
) -> "io.BufferedReader[Any]":
    """Return what a stream holds; more than so many bytes raise `too_long()` when they come."""
    file: io.BufferedReader[Any] = io.BufferedReader(stream, _BUFFER)
    for _ in range(_MOST_LAYERS):
        head = file.peek(len(_ZSTD))
        if head.startswith(_GZIP):
            inner: Any = gzip.GzipFile(fileobj=file)
        elif head.startswith(_ZSTD):
            inner = _zstd(file)
        else:
            break
        file = io.BufferedReader(_Bounded(inner, most_bytes, too_long), _BUFFER)
    return file


def _zstd(file: "io.BufferedReader[Any]") -> Any:
    pa = loaded_pyarrow()
    return pa.CompressedInputStream(pa.PythonFile(cast(Any, file), mode="r"), "zstd")


class _Bounded(io.RawIOBase):
    """Reads no more than so many bytes."""

    def __init__(self, inner: Any, most_bytes: int, too_long: Callable[[], Exception]) -> None:
        self._inner = inner
        self._left = most_bytes
        self._too_long = too_long

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._inner.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise self._too_long()
        buffer[: len(data)] = data
        return len(data)
