"""`/api/runs/{suite}/{run}/row` and `…/text`: one row as a whole, long texts when asked for."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from sygra_eval.journal import plain
from sygra_eval.studio.rows.record import record_of, text_of
from sygra_eval.studio.rows.record_shapes import RecordTold
from sygra_eval.studio.rows.texts import Texts
from sygra_eval.studio.studio import TheStudio
from sygra_eval.studio.told import Told

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
    whole = text_of(opened.index, row, of)
    piece = plain(whole[start : start + MOST_AT_ONCE])
    return Piece(text=piece, start=start, length=len(whole))


@router.get("/text/file", response_class=Response)
def text_file(studio: TheStudio, suite: str, run: str, row: RowId, of: Place) -> Response:
    """Give the whole text as a file: it is saved and never shown as a page."""
    opened = studio.indexes.of(studio.workspace.run(suite, run))
    whole = text_of(opened.index, row, of)
    return Response(
        whole.encode("utf-8", "surrogatepass"),
        media_type="application/octet-stream",
        headers={"content-disposition": 'attachment; filename="text.txt"'},
    )
