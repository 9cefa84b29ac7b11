"""What a gate is doing now, as a value for whoever watches."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sygra_eval.models.breaker import Circuit

if TYPE_CHECKING:
    from sygra_eval.models.gate import Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class GateView:
    """One look at a gate.

    :ivar endpoint: Whose gate it is; the name of a model where it is a model's own.
    :ivar limit: Calls in flight that it lets through now; `most` is the upper bound.
    :ivar ceiling: The limit at which the endpoint last had too much to do.
    :ivar refusals: Tries that it answered with 429, 503 or 529.
    :ivar requests_left: What may be sent at once of `requests_per_minute`; below 0 when more was
        used than was thought.
    """

    endpoint: str
    limit: int
    most: int
    in_flight: int
    waiting: int
    ceiling: int | None
    cuts: int
    refusals: int
    circuit: Circuit
    requests_per_minute: float | None
    requests_left: float | None
    tokens_per_minute: float | None
    tokens_left: float | None


def view_of(gate: "Gate") -> GateView:
    """Look at a gate."""
    now_s = gate.clock()
    requests, tokens = gate.requests, gate.tokens
    return GateView(
        endpoint=gate.endpoint,
        limit=gate.limit.current,
        most=gate.limit.most,
        in_flight=gate.in_flight,
        waiting=gate.waiting,
        ceiling=gate.limit.ceiling,
        cuts=gate.limit.cuts,
        refusals=gate.refusals,
        circuit=gate.breaker.state,
        requests_per_minute=requests.per_minute if requests else None,
        requests_left=requests.left(now_s) if requests else None,
        tokens_per_minute=tokens.per_minute if tokens else None,
        tokens_left=tokens.left(now_s) if tokens else None,
    )
