"""`POST /api/runs/{suite}/{run}/verdicts`: judges a candidate of a row once more."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from sygra_eval.studio.rows.again import JudgedAgain
from sygra_eval.studio.studio import TheStudio
from sygra_eval.studio.told import Told
from sygra_eval.values import UsageError

router = APIRouter(prefix="/runs/{suite}/{run}")
_LOOK_S = 0.25
Place = Annotated[int, Field(ge=0, le=1_000_000)]


class JudgeAgain(Told):
    """What is to be judged again.

    :ivar validator: One of them; null for all.
    :ivar round: The place among the record's rounds, from 0; null for the final candidate.
    :ivar attempt: Which candidate of that round, from 0; null for the one that was kept.
    """

    row: Annotated[str, Field(min_length=1, max_length=4_000)]
    validator: Annotated[str, Field(min_length=1, max_length=400)] | None = None
    round: Place | None = None
    attempt: Place | None = None
    times: Annotated[int, Field(ge=1, le=10)] = 1


@router.post("/verdicts")
async def judge_again(
    request: Request, studio: TheStudio, suite: str, run: str, asked: JudgeAgain
) -> JudgedAgain:
    """Judge it; a page that no longer waits ends the work."""
    folder = studio.workspace.run(suite, run)
    judging = asyncio.ensure_future(studio.again.ask(folder, asked.model_dump()))
    try:
        while not judging.done():
            await asyncio.wait([judging], timeout=_LOOK_S)
            if not judging.done() and await request.is_disconnected():
                raise UsageError("nobody waits for it any more")
        return judging.result()
    finally:
        judging.cancel()
        await asyncio.gather(judging, return_exceptions=True)
