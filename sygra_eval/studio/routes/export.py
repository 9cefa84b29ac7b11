"""`/api/runs/{suite}/{run}/export`: the rows of a view as a file."""

import shutil
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse

from sygra_eval.studio.routes.rows import Needle, asked_of, opened_of
from sygra_eval.studio.rows.exporting import csv_of, jsonl_of, put_parquet, rows_of_view
from sygra_eval.studio.rows.page import until_now
from sygra_eval.studio.studio import TheStudio
from sygra_eval.values import UsageError

router = APIRouter(prefix="/runs/{suite}/{run}")


class ExportFormat(StrEnum):
    """Of files."""

    JSONL = "jsonl"
    PARQUET = "parquet"
    CSV = "csv"


_MEDIA = {
    ExportFormat.JSONL: "application/x-ndjson",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
    ExportFormat.CSV: "text/csv; charset=utf-8",
}


@router.get("/export", response_class=Response)
def export(
    studio: TheStudio,
    request: Request,
    suite: str,
    run: str,
    of: Annotated[ExportFormat, Query(alias="format")] = ExportFormat.JSONL,
    q: Needle = "",
    sort: Annotated[str, Query(max_length=40)] = "index",
) -> Response:
    """Give the rows of a view as an attachment: with provenance, verdicts and marks."""
    opened = opened_of(studio, suite, run)
    asked = until_now(opened, asked_of(request, opened, q, sort, ""))
    name = f"{suite}/{run}"
    file = f"{suite}-{run}.{of.value}".encode("ascii", "replace").decode().replace('"', "_")
    headers = {"content-disposition": f'attachment; filename="{file.replace("?", "_")}"'}
    if of is not ExportFormat.PARQUET:
        rows = rows_of_view(opened.index, asked, name)
        lines: Iterator[bytes] = jsonl_of(rows) if of is ExportFormat.JSONL else csv_of(rows)
        return StreamingResponse(lines, media_type=_MEDIA[of], headers=headers)
    place = Path(tempfile.mkdtemp(prefix="studio-export-of-sygra-eval-"))
    gone = BackgroundTask(shutil.rmtree, place, ignore_errors=True)
    count = 0
    try:
        count = put_parquet(place / "rows.parquet", opened.index, asked, name)
    finally:
        if not count:
            shutil.rmtree(place, ignore_errors=True)
    if not count:
        raise UsageError("no row is like that, and a Parquet file of none has no columns")
    return FileResponse(
        place / "rows.parquet", media_type=_MEDIA[of], headers=headers, background=gone
    )
