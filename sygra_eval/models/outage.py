"""When an endpoint is given up for the whole run, instead of record by record.

A refused key or an empty account fails every record alike, and ten thousand failed records say no
more than the first three.
"""

from dataclasses import dataclass

from sygra_eval.models.breaker import Breaker
from sygra_eval.values import CallFailed

KEY_REFUSALS = 3
FIRST_CALLS = 50
MOST_REFUSED = 20
MOST_OUTAGE_S = 15 * 60.0


@dataclass(slots=True)
class Outage:
    """What one endpoint has said so far that may end the run."""

    breaker: Breaker
    most_outage_s: float = MOST_OUTAGE_S
    _keys_refused: int = 0
    _calls: int = 0
    _refused: int = 0

    def answered(self, calls: int = 1) -> None:
        """Note a good answer, or one to so many calls that travelled together."""
        self._keys_refused = 0
        self._calls += calls

    def verdict(self, failure: CallFailed, now_s: float, calls: int = 1) -> str:
        """Note a failure, and return why the run cannot go on; empty when it can."""
        match failure.kind:
            case "quota":
                return failure.message
            case "refused_key":
                self._keys_refused += 1
                if self._keys_refused >= KEY_REFUSALS:
                    return f"{failure.message} ({self._keys_refused} times in a row)"
            case "bad_request" | "not_found" | "redirected":
                self._calls += calls
                self._refused += calls
                if self._refused > MOST_REFUSED and self._calls <= FIRST_CALLS:
                    told = f"it refused {self._refused} of the first {self._calls} calls"
                    return f"{failure.message} ({told})"
        down_s = 0.0 if self.breaker.down_since_s is None else now_s - self.breaker.down_since_s
        if down_s > self.most_outage_s:
            return f"{failure.message} (down for {down_s / 60:.0f} minutes)"
        return ""
