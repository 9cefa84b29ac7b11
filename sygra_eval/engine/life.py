"""What a journal's events say of a run: its starts, how each ended, what was warned of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sygra_eval.engine.agreement_events import agreements_kept
from sygra_eval.engine.cost_estimate import CostEstimate, estimate_from_json
from sygra_eval.engine.damage import met_in
from sygra_eval.engine.gate_exit import gates_in
from sygra_eval.engine.input_account import input_accounts
from sygra_eval.engine.other_models import other_model_told
from sygra_eval.journal import Event
from sygra_eval.quality import Agreement, GateOutcome
from sygra_eval.values import InputAccount

_STATES = {"finished": "finished", "stopped": "interrupted", "broke": "incomplete"}


@dataclass(slots=True)
class Life:
    """What the journal's events say of the run's starts and ends."""

    state: str = "running"
    cause: str = ""
    rows: int = 0
    calls_cached: int = 0
    damaged: int = 0
    warnings: tuple[str, ...] = ()  # of the last start
    estimate: CostEstimate | None = None
    input: tuple[InputAccount, ...] = ()  # of the last start that read it
    deselected: int = 0
    failures: int = 0  # so many ended it; 0 where they did not
    others: tuple[str, ...] = ()  # of all starts: what is answered already is not asked again
    gates: tuple[GateOutcome, ...] = ()  # of the last start
    agreements: tuple[Agreement, ...] = ()  # of the last start
    started: Mapping[str, Any] = field(default_factory=dict)  # what the last start noted of itself


def life_of(events: Iterable[Event]) -> Life:
    """Read the events of a run, in order."""
    life = Life()
    for event in events:
        match event.kind:
            case "started":
                life.state = "running"
                life.warnings, life.gates, life.agreements = (), (), ()
                life.started = cast("Mapping[str, Any]", event.data)
            case "estimated":
                life.estimate = estimate_from_json(event.data)
            case "warned":
                life.warnings += (str(cast("Mapping[str, Any]", event.data)["text"]),)
            case "agreement":
                life.agreements = agreements_kept(event.data)
            case "gates":
                life.gates = gates_in(event.data)
            case "other_model":
                told = other_model_told(cast("Mapping[str, Any]", event.data))
                life.others += () if told in life.others else (told,)
            case "finished" | "stopped" | "broke" as kind:
                data = cast("Mapping[str, Any]", event.data)
                life.state = _STATES[kind]
                life.cause = data["cause"]
                life.rows = data["rows"]
                life.calls_cached += data["calls_cached"]
                life.damaged += met_in(data)
                life.input = input_accounts(data)
                life.deselected = data.get("deselected", 0)
                life.failures = data.get("failures", 0)
            case "repaired" | "plan_changed":  # what is gone has to be come to again
                life.state = "interrupted"
    return life
