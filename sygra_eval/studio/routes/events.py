"""`GET /api/events?topics=…`: what happens, one stream for a whole tab.

Each message is unnamed (so `EventSource.onmessage` has all of them), its `data` one line of JSON:
`{"topic": …, "event": …, "data": …}`; its id is opaque, and given back as `Last-Event-ID` (or
`?last=`) what came since is told again. Topics are separated by commas, each percent-encoded.

topic          event      data          when
runs           card       RunCard       a run appeared or changed; once a second at most
runs           gone       RunName       its folder was removed
run:SUITE/RUN  counts     RunCounts     first, and when one changed; ten a second at most
run:SUITE/RUN  moved      Moved         rows, rounds and visits that ended since the last one
run:SUITE/RUN  control    ControlNow    what can be done, and the endpoints; when that changed
run:SUITE/RUN  deltas     list[Delta]   text as it is made, put together for 80 ms
run:SUITE/RUN  ended      RunState      a text: no process works on it any more, read it again
run:SUITE/RUN  gone       RunName       its folder was removed; nothing comes after it
any            resync     null          events were left out (a slow tab, a new server): ask again
                                        for what is shown; `counts` need not, they come whole
any            refused    a sentence    the topic is not known, or not here

Topics that other parts publish on (`test:ID`) have their own events. Text of a model, of a row or a
reason is text: it may be anything, and is cut before it is megabytes.
"""

from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Header, Query
from starlette.responses import StreamingResponse

from sygra_eval.studio.live.told import Control, Delta, EndpointNow, Moved, RunCard, RunCounts
from sygra_eval.studio.studio import TheStudio
from sygra_eval.studio.told import Told

router = APIRouter()


class RunName(Told):
    """Names a run."""

    suite: str
    run: str


class ControlNow(Told):
    """What can be done to a run, and its endpoints."""

    control: Control
    endpoints: list[EndpointNow]


class EventShapes(Told):
    """The data of the events by their names; never sent, it makes the browser's types."""

    card: RunCard
    gone: RunName
    counts: RunCounts
    moved: Moved
    control: ControlNow
    deltas: list[Delta]
    ended: str


@router.get("/events", response_class=StreamingResponse, responses={200: {"model": EventShapes}})
async def events(
    studio: TheStudio,
    topics: Annotated[str, Query(max_length=4_000)],
    last: Annotated[str, Query(max_length=100)] = "",
    last_event_id: Annotated[str, Header(max_length=100)] = "",
) -> StreamingResponse:
    """Tell what happens, until the tab goes."""
    asked = [unquote(one) for one in topics.split(",") if one]
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(
        studio.hub.stream(asked, last_event_id or last),
        media_type="text/event-stream",
        headers=headers,
    )
