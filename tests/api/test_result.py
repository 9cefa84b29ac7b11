"""What a run came to, in a notebook and as rows of other libraries."""

from html.parser import HTMLParser

import pandas
import pytest

from sygra_eval.api import RunResult
from sygra_eval.values import Outcome, RecordEnd, UsageError
from tests.report.handmade import handmade_run

HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e"


def end(number, outcome, **data):
    row = f"r{number}"
    return RecordEnd(
        row_id=row,
        index=number,
        outcome=outcome,
        reason=HOSTILE,
        data={"id": row, "answer": HOSTILE, **data},
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> RunResult:
    ends = [
        end(0, Outcome.VERIFIED, level=1, grade="tests"),
        end(1, Outcome.REJECTED, level="hard", extra=[1]),
        end(2, Outcome.VERIFIED, level=3, grade="tests"),
    ]
    folder = tmp_path_factory.mktemp("result") / "small" / "one"
    return RunResult(handmade_run(folder, ends, suite=HOSTILE, warnings=[HOSTILE]))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert {name for name, _ in attrs} <= {"class"}


def test_a_notebook_shows_counts_and_report_and_obeys_no_text(result):
    html = result._repr_html_()

    tags = Tags()
    tags.feed(html)
    shown = {"table", "caption", "tr", "th", "td", "details", "summary", "pre"}
    assert tags.seen == shown
    assert "<th>verified</th><td>2</td>" in html
    assert "alert(1)" in html
    assert not {"\x1b", "\u202e"} & set(html)


def test_all_rows_come_with_their_outcome(result):
    assert [(row["id"], row["outcome"]) for row in result.rows] == [
        ("r0", "verified"),
        ("r2", "verified"),
        ("r1", "rejected"),
    ]
    assert (len(result.rows), len(result.verified)) == (3, 2)


def test_all_rows_are_a_data_frame_when_that_is_asked_for(result):
    frame = result.rows.to_pandas()

    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["outcome"]) == ["verified", "verified", "rejected"]
    assert frame["level"].tolist() == [1, 3, "hard"]


@pytest.mark.slow
def test_all_rows_are_a_dataset_whose_odd_columns_are_json_text(result):
    rows = result.rows.to_dataset()

    assert rows["id"][:] == ["r0", "r2", "r1"]
    assert rows["level"][:] == ["1", "3", '"hard"']
    assert rows["extra"][:] == [None, None, [1]]


def test_no_rows_are_nothing_to_load(tmp_path):
    empty = RunResult(handmade_run(tmp_path / "small" / "one", []))

    with pytest.raises(UsageError, match="nothing to load"):
        empty.rows.to_dataset()
