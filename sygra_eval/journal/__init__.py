"""The one record of what happened in a run: append, look up, read back.

`Journal.create` puts the plan into `journal.db` and lets it appear by rename; from then on every
finished call, verdict, visit and outcome is handed to one writer thread, which commits what has
gathered as one transaction and only then wakes those who wait. What is committed survives a `kill
-9`; `Journal.open` goes on with it, `open_readonly` looks at it, and both refuse a file that they
cannot read, since a wrong guess there would be paid for twice. `RunLock` keeps a second process
out. Modules: `canonical` (JSON), `keys` (what makes two calls the same call), `codec` (values to
JSON and back), `store` (tables, checksums, connections), `writer` (the thread), `reader` (lookups
and streams), `tail` (what is new),
`places` (which rows ended), `spent` (what calls come to), `journal` (writer and
reader together), `blobs` (long texts in files of their own), `changing` (another plan), `parts`
(journals of workers and how they are taken in), `full_disk` (waits for room), `lock` with `owners`,
and for damaged files `repair` (the good rows into a new file) on `salvage` (rows in raw pages).
"""

from sygra_eval.journal.blobs import FOLDER as BLOBS
from sygra_eval.journal.canonical import canonical_json, from_stored, json_writer, to_stored
from sygra_eval.journal.changing import PLAN_CHANGED, Forgotten
from sygra_eval.journal.codec import (
    attempt_from_json,
    attempt_to_json,
    ensemble_end_from_json,
    ensemble_end_to_json,
    evidence_from_json,
    evidence_to_json,
    guard_from_json,
    guard_to_json,
    loop_end_from_json,
    loop_end_to_json,
    record_end_from_json,
    record_end_to_json,
    response_from_json,
    response_to_json,
    round_from_json,
    round_to_json,
    verdict_from_json,
    verdict_to_json,
)
from sygra_eval.journal.full_disk import DISK_WAIT_S
from sygra_eval.journal.journal import Journal
from sygra_eval.journal.keys import (
    call_hashes,
    call_key,
    repair_step,
    repaired_step,
    request_hash,
    validator_path,
)
from sygra_eval.journal.lock import RunLock, lock_owner
from sygra_eval.journal.owners import network_disk
from sygra_eval.journal.parts import (
    PARTS,
    PartJournal,
    locked_part,
    names_of_parts,
    take_in_parts,
)
from sygra_eval.journal.reader import Event, JournalReader, open_readonly
from sygra_eval.journal.repair import (
    REPAIRED,
    JournalState,
    Repair,
    examine_journal,
    repair_journal,
)
from sygra_eval.journal.spent import JournalledCall, Spent, StoredCall, together
from sygra_eval.journal.store import Durability, plain, sync
from sygra_eval.journal.tail import JournalTail, whole_value
from sygra_eval.journal.writer import JournalUnwritable

__all__ = [
    "BLOBS",
    "DISK_WAIT_S",
    "PARTS",
    "PLAN_CHANGED",
    "REPAIRED",
    "Durability",
    "Event",
    "Forgotten",
    "Journal",
    "JournalReader",
    "JournalState",
    "JournalTail",
    "JournalUnwritable",
    "JournalledCall",
    "PartJournal",
    "Repair",
    "RunLock",
    "Spent",
    "StoredCall",
    "attempt_from_json",
    "attempt_to_json",
    "call_hashes",
    "call_key",
    "canonical_json",
    "ensemble_end_from_json",
    "ensemble_end_to_json",
    "evidence_from_json",
    "evidence_to_json",
    "examine_journal",
    "from_stored",
    "guard_from_json",
    "guard_to_json",
    "json_writer",
    "lock_owner",
    "locked_part",
    "loop_end_from_json",
    "loop_end_to_json",
    "names_of_parts",
    "network_disk",
    "open_readonly",
    "plain",
    "record_end_from_json",
    "record_end_to_json",
    "repair_journal",
    "repair_step",
    "repaired_step",
    "request_hash",
    "response_from_json",
    "response_to_json",
    "round_from_json",
    "round_to_json",
    "sync",
    "take_in_parts",
    "to_stored",
    "together",
    "validator_path",
    "verdict_from_json",
    "verdict_to_json",
    "whole_value",
]
