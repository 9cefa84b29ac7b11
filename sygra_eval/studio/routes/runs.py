"""`/api/runs`: the runs of the workspace, those of the command line too; start, steer, look."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from sygra_eval.studio.live.command import repeat_of
from sygra_eval.studio.live.estimates import Estimate, estimate_of
from sygra_eval.studio.live.told import RunCard, RunSnapshot
from sygra_eval.studio.routes.rows import ids_of, opened_of
from sygra_eval.studio.studio import Studio, TheStudio
from sygra_eval.studio.told import Told

router = APIRouter()
Id = Annotated[str, Field(min_length=1, max_length=20_000)]


class AskedBudget(Told):
    """Bounds that take the place of the suite's; a run stops cleanly at one."""

    cost_usd: Annotated[float, Field(gt=0)] | None = None
    tokens: Annotated[int, Field(gt=0)] | None = None
    calls: Annotated[int, Field(gt=0)] | None = None
    time_s: Annotated[float, Field(gt=0)] | None = None


class StartRun(Told):
    """What is asked of a new run.

    :ivar suite: The suite's path, as `GET /api/suites` names it.
    :ivar rows: Which rows; `limit`: the first `limit`, `range`: from `first` to `last` (from 1,
        both in), `filter`: those that `filter` matches (as `-k`), `failed_of`: those of the run
        `failed_of` (`SUITE/RUN`) that did not pass, `ids`: those called `ids`, or where there are
        none those of the view `view` of the run `of_run`.
    :ivar of_run: The run whose rows these are; they are repeated as often as they were there.
    :ivar view: As the query of its rows: `outcome=rejected&q=text`; empty for all of them.
    :ivar concurrency: Rows at a time; None leaves it to the models.
    :ivar cache: `suite` leaves it to the suite; `off` asks every model anew.
    """

    suite: Annotated[str, Field(max_length=400)]
    variant: Annotated[str, Field(max_length=400)] | None = None
    rows: Literal["all", "limit", "range", "filter", "failed_of", "ids"] = "all"
    limit: Annotated[int, Field(ge=1)] | None = None
    first: Annotated[int, Field(ge=1)] | None = None
    last: Annotated[int, Field(ge=1)] | None = None
    filter: Annotated[str, Field(max_length=2_000)] = ""
    failed_of: Annotated[str, Field(max_length=400)] = ""
    ids: Annotated[tuple[Id, ...], Field(max_length=100_000)] = ()
    of_run: Annotated[str, Field(max_length=400)] = ""
    view: Annotated[str, Field(max_length=20_000)] = ""
    sample: Annotated[int, Field(ge=1)] | None = None
    seed: int = 0
    concurrency: Annotated[int, Field(ge=1, le=4_096)] | None = None
    budget: AskedBudget = AskedBudget()
    cache: Literal["suite", "off", "on"] = "suite"


class Started(Told):
    """A run that was started; its folder comes in a moment.

    :ivar command: The command line for the same run; keys are named in it and never said.
    :ivar keys: Names of the typed keys that it was given; a copied command needs them set.
    """

    suite: str
    run: str
    command: str
    keys: list[str]


class LimitChange(Told):
    """A limit of a model or endpoint of a run that goes; None takes a rate away."""

    of: Annotated[str, Field(max_length=2_000)]
    limit: Literal["max_concurrency", "rpm", "tpm"]
    to: Annotated[float, Field(gt=0)] | None


class LimitChanges(Told):
    """All of them, or none."""

    changes: Annotated[list[LimitChange], Field(min_length=1, max_length=64)]


class Done(Told):
    """What came of it, in a sentence."""

    told: str


@router.get("/runs")
def runs(studio: TheStudio) -> list[RunCard]:
    """List the runs, the newest first."""
    return studio.runs.cards()


@router.post("/runs")
def start(studio: TheStudio, asked: StartRun) -> Started:
    """Start a run in a process of its own, which lives on when Studio ends."""
    suite, run, command, keys = studio.runs.start(_with_ids(studio, asked))
    return Started(suite=suite, run=run, command=command, keys=keys)


@router.post("/estimates")
def estimate(studio: TheStudio, asked: StartRun) -> Estimate:
    """Say what a run will come to; nothing is asked and nothing is paid."""
    return estimate_of(studio.workspace, _with_ids(studio, asked))


def _with_ids(studio: Studio, asked: StartRun) -> dict[str, Any]:
    """Return what is asked, with the rows of a view by their ids."""
    told = {**asked.model_dump(), "repeat": None}
    if asked.rows != "ids" or not asked.of_run:
        return told
    suite, _, run = asked.of_run.partition("/")
    told["repeat"] = repeat_of(studio.workspace.run(suite, run))
    if not asked.ids:
        told["ids"] = ids_of(opened_of(studio, suite, run), asked.view)
    return told


@router.get("/runs/{suite}/{run}")
def snapshot(studio: TheStudio, suite: str, run: str) -> RunSnapshot:
    """Show a run: the same counts as its journal."""
    return studio.runs.snapshot(suite, run)


@router.post("/runs/{suite}/{run}/pause")
def pause(studio: TheStudio, suite: str, run: str) -> Done:
    """Begin no more records and calls; those in flight finish."""
    return Done(told=studio.runs.pause(suite, run))


@router.post("/runs/{suite}/{run}/resume")
def resume(studio: TheStudio, suite: str, run: str) -> Done:
    """Go on: with a paused run at once, with one that ended early in a new process."""
    return Done(told=studio.runs.resume(suite, run))


@router.post("/runs/{suite}/{run}/stop")
def stop(studio: TheStudio, suite: str, run: str) -> Done:
    """Stop cleanly, as Ctrl-C does: calls in flight finish, files are written."""
    return Done(told=studio.runs.stop(suite, run))


@router.post("/runs/{suite}/{run}/kill")
def kill(studio: TheStudio, suite: str, run: str) -> Done:
    """End the process at once; what is in the journal stays, and the run can be resumed."""
    return Done(told=studio.runs.kill(suite, run))


@router.patch("/runs/{suite}/{run}/limits")
def limits(studio: TheStudio, suite: str, run: str, asked: LimitChanges) -> Done:
    """Give a run that goes other limits."""
    changes = [one.model_dump() for one in asked.changes]
    return Done(told=studio.runs.limits(suite, run, changes))
