from itertools import takewhile

from sygra_eval.quality import GateState
from sygra_eval.report.annotations import annotations_report, message_text, property_text
from sygra_eval.values import Outcome
from tests.report.run_by_hand import context_of, end_of, gate_of, write_run

WORD = "t0k3n"


def lines_of(folder):
    return "".join(annotations_report(context_of(folder), token=WORD)).splitlines()


def test_of_fifty_rejected_rows_nine_are_shown_and_the_tenth_says_how_many_more(tmp_path):
    ends = [end_of(n, Outcome.REJECTED) for n in range(50)]

    lines = lines_of(write_run(tmp_path / "run", ends))

    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == 10
    assert errors[-1].endswith("::and 41 more")


def test_exactly_ten_are_shown_as_they_are(tmp_path):
    ends = [end_of(n, Outcome.REJECTED) for n in range(9)]
    gates = [gate_of(GateState.FAILED)]

    lines = lines_of(write_run(tmp_path / "run", ends, gates=gates))

    errors = [line for line in lines if line.startswith("::error ")]
    assert [line.rpartition("title=")[2].partition("::")[0] for line in errors] == [
        "gate failed",
        *["row rejected"] * 9,
    ]


def test_a_row_can_give_the_host_no_command(tmp_path):
    evil = "x\r\n::error::owned\n::t0k3n::\n##[error]owned %0A::set-output::"
    ends = [end_of(0, Outcome.REJECTED, row_id=evil, reason=evil)]

    lines = lines_of(write_run(tmp_path / "run", ends))

    commands = list(takewhile(lambda line: not line.startswith("::stop-commands::"), lines))
    assert [line.partition(" ")[0] for line in commands] == [
        "::error",
        "::notice",
        "::group::rows",
    ]
    rest = lines[len(commands) :]
    assert rest[0] == "::stop-commands::t0k3n"
    assert rest[-2:] == ["::t0k3n::", "::endgroup::"]
    assert "::t0k3n::" not in rest[1:-2]


def test_the_word_that_ends_it_is_another_each_time(tmp_path):
    folder = write_run(tmp_path / "run", [end_of(0, Outcome.REJECTED)])

    first, second = ("".join(annotations_report(context_of(folder))) for _ in range(2))

    assert first != second


def test_what_ends_a_message_or_a_property_is_escaped():
    assert message_text("100%\r\n") == "100%25%0D%0A"
    assert property_text("a,b:c%\n") == "a%2Cb%3Ac%25"


def test_a_run_in_which_nothing_fell_out_shows_no_rows(tmp_path):
    lines = lines_of(write_run(tmp_path / "run", [end_of(0)]))

    assert lines == ["::notice title=sygra-eval::1 of 1 rows verified"]
