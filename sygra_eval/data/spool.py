"""Keeps the rows of an input that can be read only once, so that a run can read them again.

A pipe, a Python generator or a download is there one time; a run reads its input when the suite is
checked, when its rows are counted, when they are run, and again in every later resume. So the
places (rows and bad rows) are written to a file while they are read, in the order they came in,
and whoever reads them later is served from it: first a file without a name, which is gone with the
process however that ends, then `input-KEY.jsonl.zst` in the run's folder. KEY stands for the
source's type and its keys, so that a changed suite never takes another source's rows for its own.

A source uses it so (`StdinSource` is the shortest of them)::

    class MySource:
        def __init__(self, spec: SourceSpec) -> None:
            self._spool = Spool.of(spec, self._read)

        def _read(self, given_up: threading.Event) -> Places:
            ...  # a plain generator, run on threads; called once per process, or never on resume

        def fingerprint(self) -> str:
            return self._spool.fingerprint()

        def rows(self) -> AsyncGenerator[Row | BadRow, None]:
            return self._spool.rows()

        async def keep_in(self, folder: Path) -> None:
            await self._spool.keep_in(folder)

What JSON cannot hold becomes a bad row here, so a generator of anybody's values is fine.
"""

import asyncio
import hashlib
import json
import os
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from pathlib import Path
from threading import Event, RLock
from typing import Any, cast

from pydantic import BaseModel

from sygra_eval.data.batches import Places, in_batches, some_of
from sygra_eval.data.light_arrow import loaded_pyarrow
from sygra_eval.data.replacing import replacing
from sygra_eval.values import BadRow, Interrupted, Row, SourceSpec, UsageError

KEPT = "input-*.jsonl.zst"
"""Which files of a run folder hold kept input."""

Read = Callable[[Event], Places]
"""Begins to read. What waits for somebody else looks at the event every second or so, and stops
when it is set: nobody waits for its rows any more."""

_HEAD = {"format": "sygra_eval input 1"}
_CHUNK = 1 << 20
_BIG_TEMPORARY = Path("/var/tmp")  # noqa: S108 - files without a name; /tmp is often memory


class Spool:
    """The places of one input; made by `Spool.of`. Its methods may be called from any thread."""

    def __init__(self, name: str, read: Read, kept: Path | None = None) -> None:
        self._name = name
        self._read = read
        self._kept = kept
        self._given_up = Event()
        self._turn = RLock()
        self._places: Places | None = None
        self._file: _Nameless | None = None
        self._digest = hashlib.sha256()
        self._is_ended = False
        self._failure: Exception | None = None
        self._checked: str | None = None

    @classmethod
    def of(
        cls, spec: SourceSpec, read: Read, *, shared: dict[str, "Spool"] | None = None
    ) -> "Spool":
        """Return the spool of a source: what the run's folder keeps, or the one being filled.

        All sources that are made of one spec share theirs, so the first look at a row takes none
        away from the run.

        :param shared: Where others look for it, if not in the spec.
        """
        name = f"input-{key_of(spec)}.jsonl.zst"
        kept = None if spec.kept_in is None else spec.kept_in / name
        if kept is not None and kept.is_file():
            return cls(name, read, kept)
        among = cast(dict[str, Spool], spec.shared) if shared is None else shared
        return among.setdefault(name, cls(name, read))

    @property
    def is_begun(self) -> bool:
        """Whether rows are there without a new beginning: kept, or being read."""
        return self._kept is not None or self._places is not None

    def fingerprint(self) -> str:
        """Return the SHA-256 of all rows; reads what is left of the input, so it may take long.

        :raises UsageError: When the kept input is damaged.
        """
        if self._kept is not None:
            if self._checked is None:
                self._checked = _check(self._kept)
            return self._checked
        self._drain()
        return self._digest.hexdigest()

    def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield each place in order: what is there already, then what is still to come."""
        return in_batches(self._all(), self._given_up.set)

    async def keep_in(self, folder: Path) -> None:
        """Read what is left of the input and put all of it into a run's folder, whole or not."""
        try:
            await asyncio.to_thread(self._keep, folder / self._name)
        except asyncio.CancelledError:
            self._given_up.set()
            raise

    def _all(self) -> Generator[Row | BadRow | None, None, None]:
        index = 0
        for line in self._lines() if self._kept is None else _kept_lines(self._kept):
            yield None if line is None else _place(index, line)
            index += line is not None

    def _lines(self) -> Iterator[bytes | None]:
        """Yield the lines of the file that is being filled; fill it where it ends."""
        file = self._opened()
        offset, rest = 0, b""
        while True:
            was_ended = self._is_ended  # looked at first: another thread may fill it meanwhile
            chunk = file.read(offset)
            if not chunk:
                if was_ended:
                    return
                if offset:
                    yield None
                self._pull()
                continue
            offset += len(chunk)
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole

    def _pull(self) -> None:
        """Take a few more places from the input."""
        with self._turn:
            if self._failure is not None:
                raise self._failure
            if self._is_ended:
                return
            if self._given_up.is_set():
                raise Interrupted("nobody waits for the rest of the input")
            file = self._opened()
            if self._places is None:
                self._places = iter(self._read(self._given_up))
            places: list[Row | BadRow]
            try:
                places, is_all = some_of(self._places)
                lines = b"".join(self._line(place) for place in places)
                file.write(lines)
            except Exception as error:
                self._failure = error
                raise
            self._digest.update(lines)
            self._is_ended = is_all and not self._given_up.is_set()

    def _line(self, place: Row | BadRow) -> bytes:
        if isinstance(place, Row):
            try:
                return _encoded(
                    {"id": place.id, "origin": place.origin, "columns": dict(place.columns)}
                )
            except (TypeError, ValueError, RecursionError):
                reason = f"bad_input: {_unfit(place.columns)}"
        else:
            reason = place.reason
        return _encoded({"id": place.id, "origin": place.origin, "reason": reason})

    def _drain(self) -> None:
        while not self._is_ended:
            self._pull()

    def _opened(self) -> "_Nameless":
        with self._turn:
            if self._file is None:
                self._file = _Nameless()
            return self._file

    def _keep(self, path: Path) -> None:
        """Write the kept file; from then on it is what is read, so that the other can go."""
        if self._kept == path:
            return
        digest = self.fingerprint()
        try:
            self._write(path, digest)
        except OSError as error:
            raise UsageError(f"the input cannot be kept in {path.parent}: {error}") from error
        self._kept, self._checked, self._file = path, digest, None

    def _write(self, path: Path, digest: str) -> None:
        before = self._kept
        lines = self._lines() if before is None else _kept_lines(before)
        with replacing(path) as unfinished, _compressing(unfinished) as file:
            file.write(_encoded(_HEAD))
            count, size, some = 0, 0, []
            for line in filter(None, lines):
                some.append(line + b"\n")
                count, size = count + 1, size + len(line)
                if size > _CHUNK:
                    file.write(b"".join(some))
                    size, some = 0, []
            file.write(b"".join(some) + _encoded({"rows": count, "sha256": digest}))


class _Nameless:
    """A file that no folder lists, so that it is gone however the process ends."""

    _descriptor = -1

    def __init__(self) -> None:
        has_place = not os.environ.get("TMPDIR") and os.access(_BIG_TEMPORARY, os.W_OK)
        self._folder = _BIG_TEMPORARY if has_place else Path(tempfile.gettempdir())
        self._descriptor, path = tempfile.mkstemp(dir=self._folder)
        Path(path).unlink()

    def write(self, data: bytes) -> None:
        """Append all of it.

        :raises UsageError: When there is no room.
        """
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            raise UsageError(
                f"the input finds no place in {self._folder} ({error.strerror}); name a folder "
                "with more room by TMPDIR"
            ) from error

    def read(self, offset: int) -> bytes:
        """Return what stands there; nothing at the end."""
        return os.pread(self._descriptor, _CHUNK, offset)

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)


def key_of(spec: SourceSpec) -> str:
    """Return what stands for a source's type and keys."""
    config = spec.config
    keys = config.model_dump(mode="json") if isinstance(config, BaseModel) else config
    text = json.dumps([spec.type, keys], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _encoded(value: Mapping[str, object]) -> bytes:
    return (_ENCODER.encode(value) + "\n").encode("utf-8", "surrogatepass")


def _place(index: int, line: bytes) -> Row | BadRow:
    held: dict[str, Any] = json.loads(line.decode("utf-8", "surrogatepass"))
    if "columns" in held:
        return Row(id=held["id"], index=index, columns=held["columns"], origin=held["origin"])
    return BadRow(id=held["id"], index=index, origin=held["origin"], reason=held["reason"])


def _unfit(columns: Mapping[str, object]) -> str:
    """Say which column holds what JSON has not."""
    for name, value in columns.items():
        try:
            _ENCODER.encode({name: value})
        except (TypeError, ValueError, RecursionError) as error:
            return f"the column `{name}` cannot be kept as JSON: {error}"
    return "it cannot be kept as JSON"


def _kept_lines(path: Path) -> Generator[bytes, None, str]:
    """Yield the lines between the first and the last, which say what the file is.

    :returns: The SHA-256 of all of them.
    :raises UsageError: When it is not whole.
    """
    digest, count = hashlib.sha256(), 0
    held: bytes | None = None
    try:
        for line in _unpacked(path):
            if held is None:
                held = b""
                if line + b"\n" != _encoded(_HEAD):
                    break
                continue
            if held:
                digest.update(held + b"\n")
                count += 1
                yield held
            held = line
        end = json.loads(held or b"null")
    except (OSError, ValueError) as error:  # those of Arrow are either
        raise _damaged(path, str(error)) from error
    if end != {"rows": count, "sha256": digest.hexdigest()}:
        raise _damaged(path, "it does not hold what was written")
    return digest.hexdigest()


def _unpacked(path: Path) -> Iterator[bytes]:
    rest = b""
    with loaded_pyarrow().input_stream(str(path), compression="zstd") as file:
        while chunk := file.read(_CHUNK):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
    if rest:
        raise ValueError("its last line has no end")


def _check(path: Path) -> str:
    """Return the fingerprint of a kept file.

    :raises UsageError: When its rows are not those that were kept.
    """
    lines = _kept_lines(path)
    while True:
        try:
            next(lines)
        except StopIteration as ended:
            return str(ended.value)


def _damaged(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path}: the input that this run kept is damaged ({why}); what is in its journal stays, "
        "but it cannot go on without its input: run the suite anew"
    )


def _compressing(path: Path) -> Any:
    return loaded_pyarrow().output_stream(str(path), compression="zstd")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
