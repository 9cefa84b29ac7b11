"""`/api/runs/{suite}/{run}/rows`: the rows of a run, a page at a time, by what they are found by.

A filter is `facet=value` in the query, several times for alternatives; the whole of a view stands
in its address. A run that still goes is shown as far as its rows ended.
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.datastructures import QueryParams

from sygra_eval.studio.rows import FACETS, Asked, OpenIndex
from sygra_eval.studio.rows.page import (
    MOST_COLUMNS,
    MOST_ROWS,
    Facet,
    RowsPage,
    facets_of,
    page_of,
    until_now,
    until_of,
)
from sygra_eval.studio.studio import Studio, TheStudio
from sygra_eval.values import UsageError

router = APIRouter(prefix="/runs/{suite}/{run}")
MOST_NEEDLE = 1_000
MOST_VALUES = 50
MOST_IDS = 100_000

Needle = Annotated[str, Query(max_length=MOST_NEEDLE)]
View = Annotated[str, Query(max_length=60)]


@router.get("/rows")
def rows(
    studio: TheStudio,
    request: Request,
    suite: str,
    run: str,
    q: Needle = "",
    sort: str = "index",
    at: Annotated[int, Query(ge=0, le=1 << 40)] = 0,
    around: Annotated[str | None, Query(max_length=4_000)] = None,
    most: Annotated[int, Query(ge=0, le=MOST_ROWS)] = MOST_ROWS,
    view: View = "",
    column: Annotated[list[str], Query(max_length=MOST_COLUMNS)] = [],  # noqa: B006 - is only read
) -> RowsPage:
    """Give some rows of a view."""
    opened = opened_of(studio, suite, run)
    asked = asked_of(request, opened, q, sort, view)
    return page_of(opened, asked, at=at, around=around, most=most, columns=column)


@router.get("/facets")
def facets(
    studio: TheStudio, request: Request, suite: str, run: str, q: Needle = "", view: View = ""
) -> list[Facet]:
    """Say how many rows there are of each kind, each facet without its own filter."""
    opened = opened_of(studio, suite, run)
    return facets_of(opened, asked_of(request, opened, q, "index", view))


def opened_of(studio: Studio, suite: str, run: str) -> OpenIndex:
    """Return what the rows of a run are found by."""
    return studio.indexes.of(studio.workspace.run(suite, run))


def asked_of(request: Request, opened: OpenIndex, needle: str, sort: str, view: str) -> Asked:
    """Return the view that a query asks for."""
    return Asked(
        filters=_filters(request.query_params),
        needle=needle.casefold(),
        sort=sort,
        until=until_of(opened, view),
    )


def ids_of(opened: OpenIndex, query: str) -> list[str]:
    """Return the ids of a view's rows, in the order of the run.

    :param query: As `…/rows` takes it.
    :raises UsageError: When not all rows are read yet, or the view has too many.
    """
    given = QueryParams(query)
    needle = given.get("q", "")[:MOST_NEEDLE].casefold()
    asked = until_now(opened, Asked(filters=_filters(given), needle=needle))
    with opened.index.reading() as connection:
        if opened.index.views.count(connection, asked) > MOST_IDS:
            raise UsageError(f"at most {MOST_IDS:,} rows are run again at once; filter them")
        return opened.index.views.records(connection, asked)


def _filters(query: QueryParams) -> Mapping[str, tuple[str, ...]]:
    """Return the filters that a query says; its other parts are named by the route."""
    found = {facet: tuple(query.getlist(facet)) for facet in FACETS if facet in query}
    for facet, values in found.items():
        if len(values) > MOST_VALUES:
            raise UsageError(f"a filter has at most {MOST_VALUES} values, `{facet}` has more")
    return found
