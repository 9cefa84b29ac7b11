"""What the calls of each row came to; some hundred bytes a row, whatever its texts are."""

from dataclasses import dataclass

from sygra_eval.journal import JournalReader

_NANO = 1e9


@dataclass(slots=True)
class RowCost:
    """The calls of one row.

    :ivar unpriced: Calls whose price is not known.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    latency_s: float = 0.0
    nano_usd: int = 0
    unpriced: int = 0

    @property
    def usd(self) -> float | None:
        """What they cost; None where the price of one is not known."""
        return None if self.unpriced else self.nano_usd / _NANO


def costs_of_rows(reader: JournalReader) -> dict[str, RowCost]:
    """Return what the calls of each row came to, by the row's id."""
    found: dict[str, RowCost] = {}
    for call in reader.stored_calls():
        cost = found.get(call.record)
        if cost is None:
            cost = found[call.record] = RowCost()
        usage, price = call.data["usage"], call.data.get("cost_nano_usd")
        cost.calls += 1
        cost.prompt_tokens += usage["prompt_tokens"]
        cost.completion_tokens += usage["completion_tokens"]
        cost.latency_s += call.data["latency_s"]
        cost.nano_usd += price or 0
        cost.unpriced += price is None
    return found
