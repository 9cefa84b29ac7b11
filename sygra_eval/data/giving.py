"""Takes rows from what a program holds, and gives them to a run: a few at a time, on any thread.

A list, an iterator of mappings, an asynchronous one, an object of `datasets`, a table of pandas,
pyarrow or polars: those are known by the module of their class, so that no library is imported for
anybody's sake. Start at `Giving`.
"""

import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sized
from typing import Any, TypeAlias, cast

from sygra_eval.data.found import LONE_SURROGATE, Columns, Fault
from sygra_eval.data.given_rows import GivenRows, kept_line
from sygra_eval.data.json_value import Unfit, json_value
from sygra_eval.values import UsageError

Rows: TypeAlias = Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]]
"""What may give rows; a DataFrame, too, which no type of ours can name without pandas."""

READ_AHEAD = 100_000
"""So many rows are kept before they are needed, of an input whose length nobody knows."""

_EARLY = 256  # before the run has a folder, so in memory
_BATCH = 256
_BATCH_S = 0.005
_FRAME_BATCH = 1024
_NO_MORE = object()


class Giving:
    """Gives rows, up to the limit, to a `GivenRows`; each is taken from its owner once.

    :ivar total: How many there will be; None where only the end tells.
    """

    def __init__(self, rows: object, given: GivenRows, limit: int | None = None) -> None:
        self.given = given
        self._limit = limit
        self._asynchronous: AsyncIterator[object] | None = None
        self._items: Iterator[object] = iter(())
        if isinstance(rows, AsyncIterable):
            self._asynchronous = aiter(rows)
        else:
            self._items = _items_of(rows)
        length = len(rows) if isinstance(rows, Sized) else None
        self.total = length if length is None or limit is None else min(length, limit)
        if not given.is_done:
            given.total = self.total

    @property
    def is_asynchronous(self) -> bool:
        """Whether the rows have to be awaited, on the loop of whoever gave them."""
        return self._asynchronous is not None

    @property
    def is_wanted(self) -> bool:
        """Whether some more are to be taken now."""
        given = self.given
        if given.is_ended or self._is_at_limit:
            return False
        if given.is_waited_for:
            return True
        if not given.is_written:
            return given.count < _EARLY
        return self.total is not None or given.count < given.taken + READ_AHEAD

    @property
    def _is_at_limit(self) -> bool:
        return self._limit is not None and self.given.count >= self._limit

    def some(self) -> None:
        """Take a few more rows; what their owner raises ends them, and is told by the run."""
        lines: list[bytes] = []
        until = time.monotonic() + _BATCH_S
        try:
            while len(lines) < self._room and (time.monotonic() < until or not lines):
                lines.append(_line_of(next(self._items)))
        except StopIteration:
            self._put(lines)
            self.given.end()
        except BaseException as error:
            self._break_off(lines, error)
            if not isinstance(error, Exception):
                raise
        else:
            self._put(lines)

    async def some_awaited(self) -> None:
        """Take the next row of an asynchronous iterator."""
        assert self._asynchronous is not None, "see `is_asynchronous`"  # noqa: S101
        try:
            line = _line_of(await anext(self._asynchronous))
        except StopAsyncIteration:
            self.given.end()
        except BaseException as error:
            self._break_off([], error)
            if not isinstance(error, Exception):
                raise
        else:
            self._put([line])

    def all_that_are_known(self) -> None:
        """Keep the rest of an input whose length is known, so that a resume needs nobody."""
        while self.total is not None and not (self.given.is_done or self._is_at_limit):
            self.some()

    def go_on(self) -> None:
        """Pass over the rows that an earlier start kept, and see that they are the same.

        :raises UsageError: When they are others, or more or fewer than a whole input had.
        """
        if self.is_asynchronous:
            raise UsageError("rows that are given again have to be no asynchronous iterable")
        number = 0
        for number, kept in enumerate(self.given.kept_lines(), start=1):
            if _line_of(next(self._items, None)) != kept:
                raise _is_another(number)
        if not self.given.is_whole:
            self.given.go_on()
            self.given.total = self.total
        elif next(self._items, _NO_MORE) is not _NO_MORE:
            raise _is_another(number + 1)

    def close(self) -> None:
        """Take no more rows."""
        self.given.close()

    @property
    def _room(self) -> int:
        left = _BATCH if self._limit is None else self._limit - self.given.count
        return min(_BATCH, left)

    def _put(self, lines: list[bytes]) -> None:
        if lines:
            self.given.put(lines)

    def _break_off(self, lines: list[bytes], error: BaseException) -> None:
        self._put(lines)
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        self.given.break_off(f"row {self.given.count + 1} of those given: {said}")


def _items_of(rows: object) -> Iterator[object]:
    """Return what gives the rows one by one.

    :raises UsageError: When nothing in it can be a row.
    """
    kind = f"{type(rows).__module__}.{type(rows).__qualname__}"
    if kind.startswith("pandas.") and hasattr(rows, "iloc") and hasattr(rows, "columns"):
        return _of_a_frame(rows)
    if kind.startswith("datasets.") and isinstance(rows, Mapping):
        splits = ", ".join(f"`{name}`" for name in rows)
        raise UsageError(f"rows: these are several splits ({splits}); give one of them")
    if kind.startswith("pyarrow.") and hasattr(rows, "to_batches"):
        return _of_a_table(rows)
    if kind.startswith("polars.") and hasattr(rows, "iter_rows"):
        return iter(cast("Any", rows).iter_rows(named=True))
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Iterable):
        shown = f"a {type(rows).__name__}"
        raise UsageError(f"rows={shown}: give an iterable of mappings, a table or a Dataset")
    return iter(rows)


def _of_a_table(table: Any) -> Iterator[object]:
    for batch in table.to_batches(max_chunksize=_FRAME_BATCH):
        yield from batch.to_pylist()


def _of_a_frame(frame: Any) -> Iterator[object]:
    """Yield a DataFrame's rows; what pandas calls missing is None."""
    names = [str(name) for name in frame.columns]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"rows: the DataFrame has more than one column `{name}`")
    for start in range(0, len(frame), _FRAME_BATCH):
        part = frame.iloc[start : start + _FRAME_BATCH].astype(object)
        part = part.where(part.notna(), None)
        for values in part.itertuples(index=False, name=None):
            yield dict(zip(names, values, strict=True))


def _is_another(number: int) -> UsageError:
    return UsageError(
        f"row {number} of those given is another than this run began with; give the same rows, or "
        "none to go on with those that were kept"
    )


def _line_of(item: object) -> bytes:
    """Return the line that keeps a row; for what is none, one that says why."""
    try:
        return kept_line(_columns_of(item))
    except UnicodeEncodeError:
        why = LONE_SURROGATE
    except Unfit as error:
        why = str(error)
    except RecursionError:
        why = "it is nested too deeply"
    except Exception as error:  # noqa: BLE001 - somebody else's mapping
        why = f"it cannot be read: {type(error).__name__}: {error}"
    return kept_line(Fault(why.encode(errors="backslashreplace").decode()))


def _columns_of(item: object) -> Columns:
    if not isinstance(item, Mapping):
        raise Unfit(f"it is {_kind(item)}, not a mapping")
    columns: dict[str, object] = {}
    for name, value in item.items():
        if not isinstance(name, str):
            raise Unfit(f"the name of a column is {_kind(name)}, not text")
        try:
            columns[name] = _json_value(value)
        except Unfit as error:
            raise Unfit(f"in its column `{name}` {error}") from None
    return columns


def _json_value(value: object) -> object:
    """Return a value as a reader of a file would give it.

    :raises Unfit: When JSON has no form for it.
    """
    match value:
        case str():
            return str.__str__(value)  # of an enumeration its value
        case list() | tuple():
            return [_json_value(one) for one in value]
        case Mapping():
            for name in value:
                if not isinstance(name, str):
                    raise Unfit(f"has a key that is {_kind(name)}, not text")
            return {name: _json_value(one) for name, one in value.items()}
    plain = getattr(value, "tolist", None)  # NumPy's scalars and arrays
    if type(value).__module__.partition(".")[0] == "numpy" and callable(plain):
        return _json_value(plain())
    return json_value(value)


def _kind(value: object) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"
