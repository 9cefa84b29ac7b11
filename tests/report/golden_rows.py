"""The views that show rows, of a run whose rows hold what harms each of them."""

import tempfile
from pathlib import Path

from sygra_eval.quality import GateState
from sygra_eval.report.annotations import annotations_report
from sygra_eval.values import Outcome
from tests.report.run_by_hand import (
    call_of,
    context_of,
    end_of,
    gate_of,
    rounds_of,
    view_of,
    write_run,
)

FOLDER_OF_ROWS = Path(__file__).with_name("golden_rows")
FILES = {
    "junit": "junit.xml",
    "csv": "rows.csv",
    "sarif": "report.sarif",
    "otel": "otel.jsonl",
    "summary": "summary.md",
    "comment": "comment.md",
}


def views_of_rows():
    """Return each view that has a file, by the file's name."""
    with tempfile.TemporaryDirectory() as home:
        folder = golden_folder(Path(home))
        views = {file: placeless(view_of(view, folder), home) for view, file in FILES.items()}
        lines = annotations_report(context_of(folder), token="5" * 32, here=folder)
        return {**views, "annotations.txt": "".join(lines)}


def placeless(text, home):
    """Return a view's text without the place where its run lies."""
    return text.replace(home, "HOME").replace(home.replace("_", "\\_"), "HOME")


def golden_folder(home):
    """Write the run."""
    ends = [
        end_of(0),
        end_of(1, Outcome.REJECTED, row_id="q/1 <b>|`x`"),
        end_of(2, Outcome.FAILED, reason="endpoint `author` is lost"),
        end_of(3, Outcome.UNJUDGED, loop=None),
        end_of(4, topic="=1+1", reason="\x1b[2J\u202eright to left"),
    ]
    calls = [
        call_of("q0"),
        call_of("q0", step="critique"),
        call_of("q0", step="revise", visit=2, cost_nano_usd=None),
        call_of("q/1 <b>|`x`"),
    ]
    gates = [gate_of(GateState.FAILED), gate_of(GateState.PASSED), gate_of(GateState.WARNED)]
    return write_run(home / "run", ends, calls=calls, rounds=rounds_of("q0"), gates=gates)
