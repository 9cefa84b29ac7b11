"""Runs a few rows of a run first, says what the whole will take, and asks whether to go on.

Those rows are the beginning of the very run: their calls are journalled and never paid again.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from sygra_eval.engine.cost_estimate import CostEstimate, estimate_of, estimate_to_json
from sygra_eval.engine.preflight import Tell, execution_places
from sygra_eval.engine.running import Running
from sygra_eval.engine.sampling import Sample
from sygra_eval.engine.setting import Setting
from sygra_eval.engine.time_estimate import SampleTime
from sygra_eval.values import Interrupted

STOPPED = "it was stopped after its estimate"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateFirst:
    """That a run is to be estimated from its first rows.

    :ivar rows: So many of them.
    :ivar show: Called with the estimate.
    :ivar goes_on: Asked then whether to go on.
    """

    rows: int
    show: Callable[[CostEstimate], None]
    goes_on: Callable[[], Coroutine[Any, Any, bool]]


async def estimate_and_ask(
    first: EstimateFirst,
    setting: Setting,
    running: Running,
    sample: Sample,
    tell: Tell,
    *,
    rows_at_once: int,
) -> None:
    """Journal and show the estimate; where the answer is no, stop the run, to be resumed.

    The time of waiting for an answer is not the run's.
    """
    await setting.journal.flush()
    estimate = estimate_of(
        setting.journal.reader,
        rows=running.approach.expected(running.total),
        is_spread=sample.is_spread,
        budget=setting.spending.budget,
        sample_time=_sample_time(setting, running, rows_at_once),
    )
    running.row_s = None
    if estimate is None:
        tell(f"no estimate: {running.done} rows have ended, which are too few")
        return
    setting.journal.event("estimated", **estimate_to_json(estimate))
    first.show(estimate)
    if setting.stop.is_draining or running.done == running.total:
        return
    with running.paused():
        try:
            goes_on = await setting.stop.unless_draining(first.goes_on())
        except Interrupted:
            return
    if not goes_on:
        setting.stop.give_up(STOPPED)


def _sample_time(setting: Setting, running: Running, rows_at_once: int) -> SampleTime:
    models, specs = setting.gateway.models, setting.suite.models
    return SampleTime(
        wall_s=running.elapsed_s,
        row_s=tuple(running.row_s or ()),
        views=setting.gateway.views,
        endpoints={name: model.endpoint for name, model in models.items()},
        rpm={name: spec.rpm for name, spec in specs.items() if spec.rpm},
        tpm={name: spec.tpm for name, spec in specs.items() if spec.tpm},
        places=0 if setting.sandbox is None else execution_places(),
        rows_at_once=rows_at_once,
    )
