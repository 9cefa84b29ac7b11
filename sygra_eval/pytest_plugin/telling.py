"""What is told of a row: its story as text, its figures as properties of its report."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from sygra_eval.journal import open_readonly
from sygra_eval.nodes import evidence_text
from sygra_eval.pytest_plugin.background import Ended
from sygra_eval.pytest_plugin.outcomes import OUTCOME
from sygra_eval.report import printable, record_text
from sygra_eval.values import CallFault, RecordEnd, Round, Status, UsageError


def properties_of(ended: Ended) -> list[tuple[str, object]]:
    """Return outcome, score, rounds, stop reason and cost; what a row does not have is left out."""
    return list(_properties(ended))


def _properties(ended: Ended) -> Iterator[tuple[str, object]]:
    end = ended.end
    yield OUTCOME, end.outcome.value
    scores = [verdict.score for verdict in end.verdicts if verdict.score is not None]
    if scores:
        yield "sygra_score", min(scores)
    if end.loop is not None:
        yield "sygra_rounds", end.loop.rounds
        yield "sygra_stop_reason", end.loop.stop_reason.value
    if ended.cost_usd is not None:
        yield "sygra_cost_usd", ended.cost_usd


def story_of(end: RecordEnd, folder: Path | None) -> str:
    """Return what `sygra-eval show` prints of a row, and what proves the verdicts against it."""
    rounds: tuple[Round, ...] = ()
    faults: tuple[CallFault, ...] = ()
    if folder is not None:
        try:
            with open_readonly(folder / "journal.db") as reader:
                rounds, faults = reader.rounds(end.row_id), reader.faults(end.row_id)
        except (UsageError, OSError):
            pass  # the end alone tells why
    told = [record_text(end, rounds, faults).rstrip("\n")]
    against = [one for one in end.verdicts if one.status in (Status.FAIL, Status.ERROR)]
    if against:
        told.append(printable(evidence_text(against)))
    if folder is not None:
        told.append(f"sygra-eval show {shlex.quote(str(folder))} {shlex.quote(end.row_id)}")
    return "\n\n".join(told)
