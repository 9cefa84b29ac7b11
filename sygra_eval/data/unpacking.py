"""Opens a text file as a stream of UTF-8 bytes: unpacked and recoded on the way, with a bound.

What is read is never held whole. A packed file that unpacks to far more than data does is stopped:
rows come out one by one, so it would not fill the memory, but it would be read for days.
"""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from sygra_eval.data.light_arrow import loaded_pyarrow

PACKINGS = (".gz", ".zst")
MOST_UNPACKED = 1 << 30
"""A packed file may unpack to this many bytes, or to the times below of its own size."""
MOST_TIMES = 200
_BUFFER = 1 << 16
_MARKED = "sygra_eval.marked"


class Broken(Exception):
    """A file cannot be read any further; what was read of it stays."""


@contextmanager
def opened(path: Path, encoding: str = "utf-8") -> Iterator[BinaryIO]:
    """Open a file, packed if its suffix says so, as bytes of UTF-8.

    Reading raises `Broken` where the packing is broken or goes past its bound. What is not in the
    encoding comes out as bytes that are not UTF-8, so that it spoils its own row only.
    """
    with ExitStack() as stack:
        match path.suffix.lower():
            case ".gz":
                packed = stack.enter_context(path.open("rb"))
                unzipped = gzip.GzipFile(fileobj=packed)
                wrong: tuple[type[Exception], ...] = (gzip.BadGzipFile, EOFError, zlib.error)
                raw: io.RawIOBase = _Bounded(unzipped.read1, "gzip", wrong, _most_of(path))
            case ".zst":
                pa = loaded_pyarrow()
                file = stack.enter_context(pa.OSFile(str(path), "rb"))
                stream = stack.enter_context(pa.CompressedInputStream(file, "zstd"))
                raw = _Bounded(stream.read, "zstd", (pa.ArrowException, OSError), _most_of(path))
            case _:
                raw = stack.enter_context(io.FileIO(path))
        unpacked = cast("BinaryIO", io.BufferedReader(raw, _BUFFER))
        if is_utf8(encoding):
            yield unpacked
        else:
            yield cast("BinaryIO", io.BufferedReader(_Recoded(unpacked, encoding), _BUFFER))


def is_utf8(encoding: str) -> bool:
    """Say whether a name means UTF-8."""
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _most_of(path: Path) -> int:
    return max(MOST_UNPACKED, MOST_TIMES * path.stat().st_size)


class _Bounded(io.RawIOBase):
    """What some unpacker gives, up to a number of bytes."""

    def __init__(
        self,
        read: Callable[[int], bytes],
        packing: str,
        wrong: tuple[type[Exception], ...],
        most: int,
    ) -> None:
        super().__init__()
        self._unpack, self._packing, self._wrong = read, packing, wrong
        self._most = self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._unpack(len(buffer))
        except self._wrong as error:
            raise Broken(f"broken {self._packing}: {error}") from error
        self._left -= len(data)
        if self._left < 0:
            raise Broken(
                f"it unpacks to more than {self._most >> 20} MiB,"
                f" over {MOST_TIMES} times its own size"
            )
        buffer[: len(data)] = data
        return len(data)


class _Recoded(io.RawIOBase):
    """The same text in UTF-8."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        super().__init__()
        self._file = cast("io.BufferedReader", file)
        self._decoder = codecs.getincrementaldecoder(encoding)(errors=_MARKED)
        self._pending = b""
        self._is_ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._pending and not self._is_ended:
            data = self._file.read1(_BUFFER)
            self._is_ended = not data
            text = self._decoder.decode(data, final=self._is_ended)
            self._pending = text.encode("utf-8", "surrogatepass")
        taken, self._pending = self._pending[: len(buffer)], self._pending[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Put lone surrogates, which no UTF-8 holds, in the place of bytes that mean nothing."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udc80" * (error.end - error.start), error.end


codecs.register_error(_MARKED, _mark)
