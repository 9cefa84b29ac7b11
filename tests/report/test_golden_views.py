from pathlib import Path

import pytest

from sygra_eval.quality import GateState
from sygra_eval.report.annotations import annotations_report
from sygra_eval.values import Outcome
from tests.report import golden
from tests.report.run_by_hand import (
    call_of,
    context_of,
    end_of,
    gate_of,
    rounds_of,
    view_of,
    write_run,
)

FILES = {
    "junit": "junit.xml",
    "csv": "rows.csv",
    "sarif": "report.sarif",
    "otel": "otel.jsonl",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, attempt_of):
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
    folder = tmp_path_factory.mktemp("golden") / "run"
    return write_run(folder, ends, calls=calls, rounds=rounds_of("q0", attempt_of), gates=gates)


@pytest.mark.parametrize("view", FILES)
def test_a_view_says_what_its_golden_file_says(view, folder):
    golden.check(FILES[view], view_of(view, folder))


def test_annotations_say_what_their_golden_file_says(folder, monkeypatch):
    monkeypatch.chdir(folder)

    lines = "".join(annotations_report(context_of(folder), token="5" * 32))

    golden.check("annotations.txt", lines)


def test_a_view_has_the_same_bytes_each_time(folder):
    for view in FILES:
        assert view_of(view, folder) == view_of(view, folder)


def test_no_golden_file_is_left_behind():
    assert {path.name for path in Path(golden.FOLDER).iterdir()} >= {
        *FILES.values(),
        "annotations.txt",
    }
