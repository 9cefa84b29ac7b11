"""What is remembered of batches, so that a run that was killed takes them up instead of paying."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecord:
    """One batch as it is remembered.

    :ivar model: The suite's name for the model.
    :ivar tag: Travels in the batch's metadata: by it a batch is found whose id was not learned.
    :ivar keys: Of its calls (custom ids).
    :ivar batch_id: Empty as long as it is not known to be submitted.
    """

    model: str
    tag: str
    file_id: str
    keys: tuple[str, ...]
    batch_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBatch:
    """A batch that its server works on; `calls` wait for it."""

    model: str
    id: str
    calls: int
    address: str


class BatchLedger(Protocol):
    """Where batches are remembered, beyond the end of the process as a rule."""

    run: str
    """Names the run to whoever looks at the provider's list of batches."""

    def earlier(self, model: str) -> Iterable[BatchRecord]:
        """Return what earlier starts left behind, the oldest first; calls answered are left out."""
        ...

    async def note(self, record: BatchRecord) -> None:
        """Return when it is remembered: before a batch is submitted, and when its id is known."""
        ...


@dataclass(slots=True)
class ForgetfulLedger:
    """Remembers nothing: for calls outside of a run."""

    run: str = ""
    noted: list[BatchRecord] = field(default_factory=list)

    def earlier(self, model: str) -> Iterable[BatchRecord]:
        """Return nothing."""
        del model
        return ()

    async def note(self, record: BatchRecord) -> None:
        """Keep it while the process lives."""
        self.noted.append(record)
