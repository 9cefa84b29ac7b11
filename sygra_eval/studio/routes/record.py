"""`/api/runs/{suite}/{run}/row`, `…/calls/{number}` and `…/text`: one row as a whole."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from sygra_eval.journal import plain
from sygra_eval.studio.rows.calls import CallTold, call_of
from sygra_eval.studio.rows.index import Index
from sygra_eval.studio.rows.record import record_of
from sygra_eval.studio.rows.record_shapes import RecordTold
from sygra_eval.studio.rows.texts import Texts
from sygra_eval.studio.studio import TheStudio
from sygra_eval.studio.told import Told
from sygra_eval.studio.workspace import NotThere

router = APIRouter(prefix="/runs/{suite}/{run}")
MOST_AT_ONCE = 200_000

RowId = Annotated[str, Query(min_length=1, max_length=4_000)]
Place = Annotated[str, Query(min_length=1, max_length=8_000)]


class Piece(Told):
    """A piece of a long text, in characters from `start` on."""

    text: str
    start: int
    length: int


@router.get("/row")
def row(studio: TheStudio, suite: str, run: str, row: RowId) -> RecordTold:
    """Tell the story of a row."""
    opened = studio.indexes.of(studio.workspace.run(suite, run))
    return record_of(opened.index, row, Texts())


@router.get("/calls/{number}")
def call(
    studio: TheStudio, suite: str, run: str, number: Annotated[int, Path(ge=0, lt=1 << 62)]
) -> CallTold:
    """Tell a call as it was asked and answered."""
    opened = studio.indexes.of(studio.workspace.run(suite, run))
    return call_of(opened.index, number, Texts())


@router.get("/text")
def text(
    studio: TheStudio,
    suite: str,
    run: str,
    row: RowId,
    of: Place,
    start: Annotated[int, Query(ge=0)] = 0,
) -> Piece:
    """Give a piece of a text that a record only begins."""
    opened = studio.indexes.of(studio.workspace.run(suite, run))
    whole = _text(opened.index, row, of)
    piece = plain(whole[start : start + MOST_AT_ONCE])
    return Piece(text=piece, start=start, length=len(whole))


@router.get("/text/file", response_class=Response)
def text_file(studio: TheStudio, suite: str, run: str, row: RowId, of: Place) -> Response:
    """Give the whole text as a file: it is saved and never shown as a page."""
    opened = studio.indexes.of(studio.workspace.run(suite, run))
    whole = _text(opened.index, row, of)
    return Response(
        whole.encode("utf-8", "surrogatepass"),
        media_type="application/octet-stream",
        headers={"content-disposition": 'attachment; filename="text.txt"'},
    )


def _text(index: Index, row: str, of: str) -> str:
    """Tell the record, or one of its calls, once more, and take the text on the way."""
    texts = Texts(of)
    first, _, rest = of.partition("/")
    number = rest.partition("/")[0]
    if first == "calls" and number.isascii() and number.isdecimal() and len(number) < 19:
        call_of(index, int(number), texts)
    else:
        record_of(index, row, texts)
    if texts.found is None:
        raise NotThere("this row has no text of that name")
    return texts.found
