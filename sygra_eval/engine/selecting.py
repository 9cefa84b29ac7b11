"""Which rows of a source a run takes, in which order and how often.

A `Selection` is what a user asked for; `selected` puts it between the source and the run, so that
counting, running, resuming and the ledger all see the same rows. A row keeps its place in the
source, whatever else is selected: what is drawn by chance for it, and so its bytes in the data
files, do not depend on its neighbours. The order is: `-k`, `--deselect`, `--lf`, `--sw`, then
`--sample`, then `--limit`, then `--repeat`, and last the order in which rows are begun.
"""

import contextlib
import heapq
import random
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sygra_eval.data import TakenIds
from sygra_eval.suite import (
    DEFAULT_VARIANT,
    Expression,
    case_id,
    encoded,
    expression,
    question_of,
    repeated,
)
from sygra_eval.values import BadRow, Row, Source, UsageError

SHUFFLED_AT_ONCE = 10_000
"""`--shuffle` draws the next row from so many: memory is flat, whatever the source holds."""

MOST_REPEATS = 1_000
MOST_NAMED, MOST_OF_AN_ID = 20, 200
"""Ids that are not there are named, so many of them, and so many characters of each."""
TAGS = "tags"
"""The column of a row's own tags."""


class LastTime(StrEnum):
    """What is made of the rows that did not pass last time."""

    IGNORED = ""
    ONLY = "only"  # --lf
    FIRST = "first"  # --ff
    STEPWISE = "stepwise"  # --sw


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which rows of a suite are meant.

    :ivar keywords: `-k`: over suite, variant, row and the tags of both; empty for all rows.
    :ivar marks: `-m`: an expression over the suite's tags; it takes or leaves the whole suite.
    :ivar deselected: `--deselect`: ids, or what ids begin with; a row's own id is one too.
    :ivar sample: So many rows, drawn by `seed`.
    :ivar repeat: Each row is run so often; None leaves it to the suite.
    :ivar last_time: Asks for the rows that are known from the last run; `known` answers it.
    :ivar only: Ids of the rows that are meant, of repeats too; None for all.
    :ivar first: Ids of rows that are begun before the others.
    :ivar skipped: So many rows of the source are left out before the first.
    :ivar since: The rows before this one were right last time.
    """

    keywords: str = ""
    marks: str = ""
    deselected: tuple[str, ...] = ()
    sample: int | None = None
    seed: int = 0
    is_shuffled: bool = False
    repeat: int | None = None
    last_time: LastTime = LastTime.IGNORED
    only: tuple[str, ...] | None = None
    first: tuple[str, ...] = ()
    since: str | None = None
    skipped: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.times <= MOST_REPEATS:
            raise UsageError(f"--repeat is a number from 1 to {MOST_REPEATS:,}")
        if self.sample is not None and self.sample < 1:
            raise UsageError("--sample is at least 1")

    @property
    def times(self) -> int:
        """How often each row is run."""
        return 1 if self.repeat is None else self.repeat

    @property
    def is_asked(self) -> bool:
        """Whether anything is to happen to the rows of the source."""
        return replace(self, repeat=None) != Selection(marks=self.marks, seed=self.seed) or (
            self.times > 1
        )

    @property
    def is_in_order(self) -> bool:
        """Whether rows are begun in the order of the source."""
        return not (self.is_shuffled or self.first)

    def as_json(self) -> dict[str, Any]:
        """Return what a run's plan keeps of it."""
        return {key: value for key, value in asdict(self).items() if value != _NONE[key]}


_NONE = asdict(Selection())


def selection_from_json(data: Mapping[str, Any]) -> Selection:
    """Return what `as_json` was given; older plans say nothing of it."""
    known: dict[str, Any] = {
        key: tuple(one) if isinstance(one, list) else one for key, one in data.items()
    }
    if "last_time" in known:
        known["last_time"] = LastTime(known["last_time"])
    return Selection(**known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What ids and expressions say of a suite, or of a variant of it."""

    suite: str
    tags: tuple[str, ...] = ()
    variant: str = DEFAULT_VARIANT


def id_of(row_id: str, named: Named, selection: Selection) -> str:
    """Return the id under which people know a row of a run."""
    repeat = 0
    if selection.times > 1:
        row_id, repeat = question_of(row_id)
    return case_id(named.suite, row_id, variant=named.variant, repeat=repeat)


def is_suite_meant(selection: Selection, named: Named) -> bool:
    """Say whether `-m` takes this suite.

    :raises UsageError: When the expression is none.
    """
    if not selection.marks.strip():
        return True
    return expression(selection.marks, "-m").matches_whole(named.tags)


def selected(source: Source, selection: Selection, named: Named) -> Source:
    """Return the source with the rows that are meant, or the source itself where all are.

    :raises UsageError: When an expression is none, or rows that a program gives are to be selected.
    """
    if not selection.is_asked:
        return source
    if hasattr(source, "total"):
        raise UsageError("rows that a program gives are selected by that program")
    return SelectedSource(source, selection, named)


def deselected_noted(source: Source) -> dict[str, int]:
    """Return what is journalled of the rows that the last reading passed over."""
    while not isinstance(source, SelectedSource):
        if (base := getattr(source, "base", None)) is None:
            return {}
        source = base  # of rows that are taken one by one
    return {"deselected": source.deselected}


def missing_told(source: Source) -> str | None:
    """Name the rows that were asked for by their ids and are not there; empty where all are.

    :returns: None while that is not known, as the source was not read to its end.
    """
    while not isinstance(source, SelectedSource):
        if (base := getattr(source, "base", None)) is None:
            return ""
        source = base
    missing = source.missing
    if not missing:
        return None if missing is None else ""
    asked = len(source.selection.only or ())
    named = ", ".join(repr(one[:MOST_OF_AN_ID]) for one in missing[:MOST_NAMED])
    more = f" and {len(missing) - MOST_NAMED:,} more" if len(missing) > MOST_NAMED else ""
    return f"{len(missing):,} of {asked:,} ids that were asked for are no row's: {named}{more}"


class SelectedSource:
    """A source, and the rows of it that are meant.

    :ivar base: The source that is selected from.
    :ivar deselected: Rows that the last reading passed over.
    """

    def __init__(self, base: Source, selection: Selection, named: Named) -> None:
        self.base = base
        self.selection = selection
        self.deselected = 0
        self._meant = _Meant(selection, named)
        self._is_read = False
        self._drawn: frozenset[int] | None = None
        self._start: int | None = None

    @property
    def missing(self) -> tuple[str, ...] | None:
        """Ids that were asked for and that no row has; None while not all rows were read."""
        only = self.selection.only
        if only is None:
            return ()
        return tuple(one for one in only if one not in self._meant.seen) if self._is_read else None

    def fingerprint(self) -> str:
        """Identify the input, which is the same whatever is selected from it."""
        return self.base.fingerprint()

    async def keep_in(self, folder: Path) -> None:
        """Let the source keep what a resume could not get again."""
        keep = getattr(self.base, "keep_in", None)
        if callable(keep):
            await keep(folder)

    async def rows(self) -> AsyncGenerator[Row | BadRow, None]:
        """Yield the rows that are meant, in the order in which they are to begin."""
        async with contextlib.aclosing(self.first(None)) as rows:
            async for row in rows:
                yield row

    async def first(
        self, limit: int | None, *, is_in_order: bool = False
    ) -> AsyncGenerator[Row | BadRow, None]:
        """Yield no more rows of the source than `limit`, each as often as it is to be repeated.

        :param is_in_order: In that of the source, whatever was asked for.
        """
        await self._look_ahead()
        rows = self._in_order(limit)
        if not (is_in_order or self.selection.is_in_order):
            if self.selection.first:
                rows = self._failed_first(limit)
            if self.selection.is_shuffled:
                rows = _shuffled(rows, self.selection.seed)
        async with contextlib.aclosing(rows):
            async for row in rows:
                for one in _repeats(row, self.selection.times):
                    if self._meant.has(one, row):
                        yield one

    async def _in_order(self, limit: int | None) -> AsyncGenerator[Row | BadRow, None]:
        self.deselected = taken = 0
        if limit == 0:
            return
        async with contextlib.aclosing(_each_id_once(self.base)) as rows:
            async for row in rows:
                if not self._is_meant(row):
                    self.deselected += 1
                    continue
                yield row
                taken += 1
                if taken == limit:
                    return
        self._is_read = True

    def _is_meant(self, row: Row | BadRow) -> bool:
        if self._drawn is not None:
            return row.index in self._drawn
        return self._meant(row) and (self._start is None or row.index >= self._start)

    async def _failed_first(self, limit: int | None) -> AsyncGenerator[Row | BadRow, None]:
        """Read twice: those that did not pass last time, then the others."""
        first = frozenset(self.selection.first)
        for is_first in (True, False):
            async with contextlib.aclosing(self._in_order(limit)) as rows:
                async for row in rows:
                    if (row.id in first) is is_first:
                        yield row

    async def _look_ahead(self) -> None:
        """Read the source for what only the whole of it can tell: once."""
        selection = self.selection
        if selection.since is not None and self._start is None:
            self._start = 0  # a row that is not there any more: all are run
            async with contextlib.aclosing(_each_id_once(self.base)) as rows:
                async for row in rows:
                    if row.id == selection.since:
                        self._start = row.index
                        break
        if selection.sample is not None and self._drawn is None:
            kept: list[tuple[int, int]] = []  # a heap whose first is the one with the greatest hash
            async with contextlib.aclosing(_each_id_once(self.base)) as rows:
                async for row in rows:
                    if not self._is_meant(row):
                        continue
                    entry = (-_drawn_by(selection.seed, row.id), row.index)
                    if len(kept) < selection.sample:
                        heapq.heappush(kept, entry)
                    else:
                        heapq.heappushpop(kept, entry)
            self._drawn = frozenset(index for _, index in kept)
            self._is_read = True


@dataclass(slots=True)
class _Meant:
    """Says of a row by its id and its tags whether it is meant.

    :ivar seen: Ids of `only` that rows have.
    """

    selection: Selection
    named: Named
    seen: set[str] = field(init=False, default_factory=set)
    _keywords: Expression | None = field(init=False, default=None)
    _only: frozenset[str] | None = field(init=False, default=None)
    _repeats: dict[str, list[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        if self.selection.keywords.strip():
            self._keywords = expression(self.selection.keywords, "-k")
        if self.selection.only is None:
            return
        self._only = frozenset(self.selection.only)
        for one in self._only if self.selection.times > 1 else ():
            row_id, number = question_of(one)
            if 1 <= number <= self.selection.times:
                self._repeats.setdefault(row_id, []).append(one)

    def has(self, one: Row | BadRow, row: Row | BadRow) -> bool:
        """Say whether a repeat of a row was asked for: by its own id, or by the row's."""
        return self._only is None or one.id in self._only or row.id in self._only

    def _is_asked_for(self, row: Row | BadRow) -> bool:
        if self._only is None:
            return True
        asked = [row.id] if row.id in self._only else []
        asked += self._repeats.get(row.id, ())
        self.seen.update(asked)
        return bool(asked)

    def __call__(self, row: Row | BadRow) -> bool:
        if not self._is_asked_for(row) or row.index < self.selection.skipped:
            return False
        named = self.named
        if self._keywords is not None:
            names = (named.suite, named.variant, encoded(row.id), row.id, *named.tags)
            if not self._keywords.matches((*names, *tags_of(row))):
                return False
        if not self.selection.deselected:
            return True
        full = case_id(named.suite, row.id, variant=named.variant)
        return not any(
            row.id == given or _is_or_begins(full, given) for given in self.selection.deselected
        )


def tags_of(row: Row | BadRow) -> tuple[str, ...]:
    """Return a row's own tags: of its column `tags`, a text or a list of texts."""
    found = row.columns.get(TAGS) if isinstance(row, Row) else None
    if isinstance(found, str):
        return (found,)
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def _is_or_begins(full: str, given: str) -> bool:
    """Say whether an id is the given one, or stands below it: `suite`, `suite::variant`."""
    return full == given or full.startswith(f"{given}::")


async def _each_id_once(source: Source) -> AsyncGenerator[Row | BadRow, None]:
    """Yield the rows; one whose id an earlier row has is bad, selected or not."""
    with TakenIds() as ids:
        async with contextlib.aclosing(source.rows()) as rows:
            async for row in rows:
                yield ids.unless_taken(row)


def _repeats(row: Row | BadRow, times: int) -> Iterable[Row | BadRow]:
    """Yield a row as often as asked, each with an id and a place of its own."""
    if times == 1:
        return (row,)
    return (
        replace(row, id=repeated(row.id, number), index=row.index * times + number - 1)
        for number in range(1, times + 1)
    )


async def _shuffled(
    rows: AsyncGenerator[Row | BadRow, None], seed: int
) -> AsyncGenerator[Row | BadRow, None]:
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    held: list[Row | BadRow] = []
    async with contextlib.aclosing(rows):
        async for row in rows:
            held.append(row)
            if len(held) > SHUFFLED_AT_ONCE:
                yield _drawn(held, chance)
    while held:
        yield _drawn(held, chance)


def _drawn(held: list[Row | BadRow], chance: random.Random) -> Row | BadRow:
    place = chance.randrange(len(held))
    held[place], held[-1] = held[-1], held[place]
    return held.pop()


def _drawn_by(seed: int, row_id: str) -> int:
    digest = blake2b(f"{seed} {row_id}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest)
