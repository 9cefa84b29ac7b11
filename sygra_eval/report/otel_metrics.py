"""The two metrics of the conventions: tokens of a call, and how long it took."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sygra_eval.journal import StoredCall
from sygra_eval.report import otel_names as names
from sygra_eval.report.spans import Asked, Attributes

# Both from the conventions' advice for these instruments.
TOKEN_BOUNDS = tuple(float(4**power) for power in range(14))
SECOND_BOUNDS = tuple(0.01 * 2**power for power in range(14))


@dataclass(slots=True)
class Histogram:
    """How often values fell between which bounds."""

    bounds: tuple[float, ...]
    count: int = 0
    total: float = 0.0
    least: float = float("inf")
    most: float = float("-inf")
    buckets: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.buckets = [0] * (len(self.bounds) + 1)

    def take(self, value: float) -> None:
        """Count a value; one on a bound belongs below it."""
        self.count += 1
        self.total += value
        self.least, self.most = min(self.least, value), max(self.most, value)
        self.buckets[bisect_left(self.bounds, value)] += 1


class ClientMetrics:
    """What the calls of each model come to; those that no endpoint was asked are in none."""

    def __init__(self, asked: Mapping[str, Asked]) -> None:
        self._asked = asked
        self._tokens: dict[tuple[str, str], Histogram] = {}
        self._durations: dict[str, Histogram] = {}

    def take(self, call: StoredCall) -> None:
        """Count a call."""
        if call.data.get("is_cached") or call.data.get("from_plugin"):
            return
        usage = call.data["usage"]
        for kind, tokens in (
            ("input", usage["prompt_tokens"]),
            ("output", usage["completion_tokens"]),
        ):
            found = self._tokens.get((call.model, kind))
            if found is None:
                found = self._tokens[call.model, kind] = Histogram(TOKEN_BOUNDS)
            found.take(tokens)
        durations = self._durations.get(call.model)
        if durations is None:
            durations = self._durations[call.model] = Histogram(SECOND_BOUNDS)
        durations.take(call.data["latency_s"])

    @property
    def tokens(self) -> Iterator[tuple[Attributes, Histogram]]:
        """By model and kind of token."""
        for (model, kind), found in sorted(self._tokens.items()):
            yield {**self._about(model), names.TOKEN_TYPE: kind}, found

    @property
    def durations(self) -> Iterator[tuple[Attributes, Histogram]]:
        """By model, in seconds."""
        for model, found in sorted(self._durations.items()):
            yield self._about(model), found

    def _about(self, model: str) -> Attributes:
        asked = self._asked.get(model, Asked(provider="", model=model))
        return {
            names.OPERATION: names.CHAT,
            names.PROVIDER: asked.provider or None,
            names.REQUEST_MODEL: asked.model or None,
        }
