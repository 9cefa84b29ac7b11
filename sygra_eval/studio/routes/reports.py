"""`…/report` of a run and `/api/compare`: what `report/` makes, as data or as files."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from sygra_eval.report import kept_document
from sygra_eval.studio.studio import TheStudio
from sygra_eval.studio.told_by_cli import begun, printed
from sygra_eval.studio.workspace import JOURNAL, NotThere
from sygra_eval.values import UsageError

router = APIRouter()
WHOLE_BYTES = 64 * 1024 * 1024
"""Of journals together; of longer ones the rows that did not turn are told for one metric."""
Name = Annotated[str, Query(min_length=3, max_length=400)]


class ReportFile(StrEnum):
    """Views of a run that can be downloaded, by their name for `sygra-eval report --as`."""

    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"
    CSV = "csv"


_FILES = {
    ReportFile.HTML: ("report.html", "text/html; charset=utf-8"),
    ReportFile.MARKDOWN: ("report.md", "text/markdown; charset=utf-8"),
    ReportFile.JSON: ("report.json", "application/json"),
    ReportFile.CSV: ("rows.csv", "text/csv; charset=utf-8"),
}


@router.get("/runs/{suite}/{run}/report")
async def report(studio: TheStudio, suite: str, run: str) -> dict[str, Any]:
    """Give every figure, as `sygra-eval report RUN --as json` prints them."""
    folder = studio.workspace.run(suite, run)
    kept = await run_in_threadpool(kept_document, folder)
    if kept is not None:
        return kept
    return _object(await printed(["report", str(folder), "--as", "json"]))


@router.get("/runs/{suite}/{run}/report/file", response_class=Response)
async def report_file(
    studio: TheStudio,
    suite: str,
    run: str,
    of: Annotated[ReportFile, Query(alias="format")] = ReportFile.HTML,
) -> Response:
    """Give a view as a file: it is saved and never shown as a page of this origin."""
    folder = studio.workspace.run(suite, run)
    name, media = _FILES[of]
    full = ["--full"] if of is ReportFile.MARKDOWN else []
    some = await begun(["report", str(folder), "--as", of.value, *full])
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(some, media_type=media, headers=headers)


@router.get("/compare")
async def compare(
    studio: TheStudio,
    a: Name,
    b: Annotated[list[Name], Query(min_length=1, max_length=4)],
    metric: Annotated[str, Query(max_length=400)] = "",
) -> dict[str, Any]:
    """Compare runs with the first, each named as SUITE/RUN, as `sygra-eval compare A B …` does.

    Rows that did not turn are named too where the runs are not long.

    :param metric: This one alone; so they are named of long runs too.
    """
    runs = [studio.workspace.run(*_parts(name)) for name in (a, *b)]
    asked = ["--metrics", metric] if metric else []
    if metric or await run_in_threadpool(_bytes, runs) <= WHOLE_BYTES:
        asked.append("--all-rows")
    told = await printed(["compare", "--json", *asked, "--", *map(str, runs)])
    return _object(told.strip().rpartition(b"\n")[2])


def _bytes(runs: list[Path]) -> int:
    return sum((folder / JOURNAL).stat().st_size for folder in runs)


def _parts(name: str) -> tuple[str, str]:
    suite, slash, run = name.partition("/")
    if not slash or not suite or not run or "/" in run:
        raise NotThere("a run is named as SUITE/RUN")
    return suite, run


def _object(told: bytes) -> dict[str, Any]:
    try:
        found = json.loads(told)
    except ValueError as error:
        raise UsageError(f"what was made is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise UsageError("what was made is no object")
    return found
