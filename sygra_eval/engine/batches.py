"""Keeps batches in the run's journal, and says which of them a run leaves open.

Two events a batch: `batch_uploaded` with the keys of its calls, on disk before it is submitted, and
`batch_submitted` with its id, on disk as soon as that is known. What became of its calls is in
their own rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sygra_eval.journal import Journal, JournalReader
from sygra_eval.models import BatchRecord, OpenBatch

UPLOADED = "batch_uploaded"
SUBMITTED = "batch_submitted"


class JournalledBatches:
    """The ledger of one run."""

    def __init__(self, journal: Journal, run: str) -> None:
        self.run = run
        self._journal = journal
        self._earlier = earlier_batches(journal.reader)

    def earlier(self, model: str) -> Iterable[BatchRecord]:
        """Return what earlier starts left behind, the oldest first."""
        return [record for record in self._earlier if record.model == model]

    async def note(self, record: BatchRecord) -> None:
        """Return when it is on disk."""
        if record.batch_id:
            self._journal.event(SUBMITTED, tag=record.tag, batch=record.batch_id)
        else:
            self._journal.event(
                UPLOADED,
                model=record.model,
                tag=record.tag,
                file=record.file_id,
                keys=list(record.keys),
            )
        await self._journal.flush()


def earlier_batches(reader: JournalReader) -> list[BatchRecord]:
    """Return the journalled batches with those of their calls that have no answer yet."""
    found: dict[str, BatchRecord] = {}
    for event in reader.events():
        data, tag = event.data, str(event.data.get("tag"))
        if event.kind == UPLOADED:
            keys = data.get("keys")
            found[tag] = BatchRecord(
                model=str(data.get("model")),
                tag=tag,
                file_id=str(data.get("file")),
                keys=tuple(map(str, keys)) if isinstance(keys, list) else (),
            )
        elif event.kind == SUBMITTED and tag in found:
            found[tag] = replace(found[tag], batch_id=str(data.get("batch")))
    if not found:
        return []
    answered = {key.hex() for key, _ in reader.call_keys()}
    left = (
        replace(record, keys=tuple(key for key in record.keys if key not in answered))
        for record in found.values()
    )
    return [record for record in left if record.keys]


def told_of(batches: Sequence[OpenBatch]) -> Iterable[str]:
    """Yield what a person should know of the batches that a run leaves open."""
    for batch in batches:
        calls = "1 call" if batch.calls == 1 else f"{batch.calls} calls"
        yield (
            f"model `{batch.model}`: the batch {batch.id} with {calls} stays open at "
            f"{batch.address}; `sygra-eval resume` takes it up and pays for nothing twice"
        )
