"""What is another row in an input than in the one a run has read before.

A journal keeps what stands for each row that has ended. Of a row that has not ended nobody knows
how it was, so nothing but its calls is taken over.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from sygra_eval.engine.reading import limited
from sygra_eval.journal import Forgotten, JournalReader, canonical_json
from sygra_eval.values import BadAnswer, BadRow, Row, Source

EXAMPLES = 5
_ENDS = ("finished", "stopped", "broke")


def stands_for(row: Row | BadRow) -> str:
    """Return what stands for a row: its columns and, after a point, its origin."""
    if isinstance(row, BadRow):
        return ""
    try:
        columns = canonical_json(dict(row.columns))
    except BadAnswer:
        return ""
    parts = (columns, row.origin.encode("utf-8", "surrogatepass"))
    return ".".join(blake2b(part, digest_size=8).hexdigest() for part in parts)


@dataclass(slots=True, kw_only=True)
class InputChanges:
    """Ids of rows by what became of them.

    :ivar knows_all: Every row of before had begun, so that others are new.
    :ivar unknown: Rows whose former columns are not known: they had not ended, or an older version
        journalled their end.
    """

    same: set[str] = field(default_factory=set)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    knows_all: bool = True

    @property
    def forgotten(self) -> Forgotten:
        """What does not hold any more."""
        others = frozenset((*self.removed, *self.changed, *self.unknown))
        return Forgotten(is_open=True, records=others, moved=frozenset(self.moved))

    def told(self) -> Iterator[str]:
        """Yield a phrase for each kind of change."""
        for ids, what in (
            (self.added, "added" if self.knows_all else "new, or not begun before"),
            (self.removed, "removed"),
            (self.changed, "changed"),
            (self.moved, "in another place"),
            (self.unknown, "begun or of an older version, so not compared"),
        ):
            if ids:
                more = ", …" if len(ids) > EXAMPLES else ""
                yield f"{counted(len(ids), 'row')} {what} ({', '.join(ids[:EXAMPLES])}{more})"


async def input_changes(reader: JournalReader, source: Source, limit: int | None) -> InputChanges:
    """Compare the rows of a source with those that a journal knows."""
    ended = {end.row_id: (end.index, end.input) for end in reader.outcomes()}
    begun = {call.site.record for call in reader.calls()}
    read = [event.data.get("rows") for event in reader.events() if event.kind in _ENDS]
    found = InputChanges(knows_all=read[-1:] == [len(ended.keys() | (begun - {""}))])
    async for row in limited(source, limit):
        index, before = ended.pop(row.id, (-1, None))
        now = stands_for(row)
        if before is None:
            (found.unknown if row.id in begun else found.added).append(row.id)
        elif not before or not now:
            found.unknown.append(row.id)
        elif before.partition(".")[0] != now.partition(".")[0]:
            found.changed.append(row.id)
        elif (index, before) != (row.index, now):
            found.moved.append(row.id)
        else:
            found.same.add(row.id)
    found.removed.extend(ended)
    return found


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
