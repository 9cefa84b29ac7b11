"""`/api/runs/{suite}/{run}/marks`: what people say of rows, by hand."""

import contextlib
import getpass
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from sygra_eval.engine import JOURNAL
from sygra_eval.journal import open_readonly
from sygra_eval.studio.rows.marks import MOST_TEXT, Mark, Marked, MarkKind, add_mark, marks_in
from sygra_eval.studio.studio import TheStudio
from sygra_eval.studio.told import Told
from sygra_eval.studio.workspace import NotThere
from sygra_eval.values import UsageError

router = APIRouter(prefix="/runs/{suite}/{run}")


class MarkLine(Told):
    """One line of `marks.jsonl`."""

    at: str
    author: str
    row: str
    kind: MarkKind
    text: str


class RowMarks(Told):
    """What holds for a row.

    :ivar shown: How it is listed: its verdict, else that it is labelled or has a note.
    :ivar lines: In order; what was undone is not among them.
    """

    row: str
    shown: str | None
    lines: list[MarkLine]


class NewMark(Told):
    """A mark as it is asked for; without an author it is the user of this machine."""

    row: Annotated[str, Field(min_length=1, max_length=4_000)]
    kind: MarkKind
    text: Annotated[str, Field(max_length=MOST_TEXT)] = ""
    author: Annotated[str, Field(max_length=200)] = ""


@router.get("/marks")
def marks(
    studio: TheStudio,
    suite: str,
    run: str,
    row: Annotated[str | None, Query(max_length=4_000)] = None,
) -> list[RowMarks]:
    """List what is marked, of one row or of all."""
    found = marks_in(studio.workspace.run(suite, run))
    if row is not None:
        return [_told(row, found.get(row, Marked()))]
    return [_told(name, marked) for name, marked in found.items() if marked.lines]


@router.post("/marks")
def mark(studio: TheStudio, suite: str, run: str, new: NewMark) -> RowMarks:
    """Append a mark; it is on disk when this answers."""
    folder = studio.workspace.run(suite, run)
    with open_readonly(folder / JOURNAL) as reader:
        if reader.find(new.row) is None:
            raise NotThere("there is no such row in this run, or it has not ended")
    add_mark(
        folder,
        author=new.author or _user(),
        row=new.row,
        kind=new.kind,
        text=new.text,
    )
    with contextlib.suppress(UsageError):  # it is kept, whether or not the table has room for it
        studio.indexes.of(folder)  # so that the table shows it at once
    return _told(new.row, marks_in(folder)[new.row])


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return "somebody"


def _told(row: str, marked: Marked) -> RowMarks:
    return RowMarks(row=row, shown=marked.shown, lines=[_line(one) for one in marked.lines])


def _line(one: Mark) -> MarkLine:
    return MarkLine(at=one.at, author=one.author, row=one.row, kind=one.kind, text=one.text)
