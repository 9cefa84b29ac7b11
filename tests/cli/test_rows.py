"""`show --where`, `diff`, `grep`, `ledger --where`: rows of a run, looked for on the terminal."""

from dataclasses import replace
from pathlib import Path

import pytest

from sygra_eval.values import (
    Attempt,
    Evidence,
    FailingCase,
    LoopEnd,
    Outcome,
    RecordEnd,
    Round,
    Status,
    StopReason,
    TestCount,
    Verdict,
)
from tests.report.handmade import handmade_run

BACKTRACKS = "(a+)+$"


def verdict_of(status, passed, *failing):
    cases = [FailingCase(test=name) for name in failing]
    return Verdict(
        validator="unit_tests",
        status=status,
        score=passed / 3,
        reason=f"{3 - passed} of 3 failed" if failing else "3 passed",
        evidence=Evidence(
            output="what the tests printed",
            failing=cases[0] if cases else None,
            further=tuple(cases[1:]),
            tests={"visible": TestCount(passed=passed, total=3)},
        ),
    )


def attempt(code, verdict, **changes):
    figures = {
        "sample": 0,
        "answer": f"Here.\n```python\n{code}\n```",
        "code": code,
        "extraction": "last python block",
        "evidence": verdict.reason,
        "verdicts": (verdict,),
        "is_accepted": verdict.status is Status.PASS,
        "is_kept": True,
        "diff": "",
        "tokens": 10,
        "latency_s": 1.0,
    }
    return Attempt(**(figures | changes))


WRONG = verdict_of(Status.FAIL, 1, "assert f(1) == 2", "assert f(0) == 1")
HALF = verdict_of(Status.FAIL, 2, "assert f(0) == 1")
RIGHT = verdict_of(Status.PASS, 3)
ROUNDS = (
    Round(
        node="solve",
        number=1,
        attempts=(attempt("def f(x):\n    return x - 1", WRONG),),
        critique="- add, do not subtract",
    ),
    Round(node="solve", number=2, attempts=(attempt("def f(x):\n    return x + 2", HALF),)),
    Round(node="solve", number=3, attempts=(attempt("def f(x):\n    return x + 1", RIGHT),)),
)


def ended(number, outcome, verdict, stop, **data):
    row = f"r{number}"
    columns = {"id": row, "question": "add one", "answer": "Here.", "code": "def f(x): ..."}
    return RecordEnd(
        row_id=row,
        index=number,
        outcome=outcome,
        reason=f"unit_tests: {verdict.reason}" if verdict else "no answer came",
        data={**columns, "provenance": {"row_id": row}, "grade": "tests", **data},
        verdicts=(verdict,) if verdict else (),
        loop=LoopEnd(
            node="solve",
            stop_reason=stop,
            rounds=3,
            samples=1,
            sentinels_refused=0,
            tokens=30,
            kept_round=3,
        ),
    )


ENDS = (
    ended(0, Outcome.VERIFIED, RIGHT, StopReason.ACCEPTED, code=ROUNDS[2].attempts[0].code),
    ended(1, Outcome.REJECTED, WRONG, StopReason.MAX_ROUNDS, level=3),
    ended(2, Outcome.REJECTED, HALF, StopReason.BUDGET, level="hard"),
    ended(3, Outcome.FAILED, None, StopReason.ERROR),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two runs of the same rows; in the second one `r1` came out right."""
    folder = tmp_path_factory.mktemp("rows") / "reports" / "small"
    handmade_run(folder / "one", ENDS, {"r0": ROUNDS})
    again = replace(ENDS[1], outcome=Outcome.VERIFIED, verdicts=(RIGHT,), reason="all passed")
    handmade_run(folder / "two", (ENDS[0], again, *ENDS[2:]))
    return folder


@pytest.fixture
def one(cli, made) -> str:
    del cli
    return str(made / "one")


def rows_of(ran):
    return [line["row"] for line in ran.json[:-1]]


# --where


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("stop_reason == 'max_rounds' and verdicts.unit_tests == 'fail'", ["r1"]),
        ("verdicts.unit_tests is None", ["r3"]),
        ("outcome != 'verified' and scores.unit_tests is not None", ["r1", "r2"]),
        ("outcome == 'rejected' and level == 3", ["r1"]),
        ("'answer' in reason or index >= 3", ["r3"]),
        ("rounds == 3 and startswith(id, 'r')", ["r0", "r1", "r2", "r3"]),
    ],
)
def test_rows_for_which_a_condition_holds_are_listed(cli, one, where, rows):
    ran = cli("show", one, "--where", where, "--json")

    assert rows_of(ran) == rows
    assert ran.json[-1] == {"exit": 0, "run": one, "rows": len(rows)}


def test_the_list_is_a_table_for_people(cli, one):
    ran = cli("show", one, "--where", "outcome == 'rejected'")

    assert ran.code == 0
    assert "r1" in ran.out
    assert "max_rounds" in ran.out
    assert ran.out.endswith("2 rows\n")
    assert max(map(len, ran.out.splitlines())) <= 80


def test_nothing_found_ends_with_5(cli, one):
    assert cli("show", one, "--where", "outcome == 'unjudged'").code == 5
    assert cli("grep", one, "nowhere to be found", "--json").json == [
        {"exit": 5, "run": one, "rows": 0, "matches": 0}
    ]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("stop_reson == 'x'", "no row has `stop_reson`; write `stop_reason`"),
        ("verdicts.unit_test == 'fail'", "no validator is called `unit_test`; write `unit_tests`"),
        ("levle == 3", "no row has `levle`; write `level`"),
        ("__import__('os').system('true')", "is no function of a condition"),
        ("id = 'r1'", "`==` compares"),
        ("reason.__class__.__mro__ == 1", "compares"),
    ],
)
def test_what_no_row_has_is_met_with_the_nearest_name(cli, one, where, said):
    ran = cli("show", one, "--where", where)

    assert ran.code in (4, 5)
    assert said in ran.err or "makes no sense" in ran.err


def test_rows_for_which_it_makes_no_sense_are_counted_and_not_taken(cli, one):
    ran = cli("show", one, "--where", "level > 2", "--json")

    assert rows_of(ran) == ["r1"]
    assert "--where makes no sense for 3 rows: r0:" in ran.err


def test_the_ledger_prints_the_lines_that_are_meant(cli, one):
    ran = cli("ledger", one, "--where", "stop_reason == 'budget'", "--json")

    assert [line["id"] for line in ran.json[:-1]] == ["r2"]


# grep


def test_grep_finds_answers_critiques_evidence_and_reasons_with_their_place(cli, one):
    ran = cli("grep", one, "subtract|x - 1|printed|came", "--json")

    *found, sums = ran.json
    assert [(m["row"], m["round"], m["part"], m["of"], m["line"]) for m in found] == [
        ("r0", 1, "answer", "solve", 4),
        ("r0", 1, "critique", "solve", 1),
        ("r0", None, "evidence", "unit_tests", 1),
        ("r1", None, "evidence", "unit_tests", 1),
        ("r2", None, "evidence", "unit_tests", 1),
        ("r3", None, "reason", "row", 1),
    ]
    assert (sums["rows"], sums["matches"]) == (4, 6)


def test_grep_shows_lines_around_as_grep_does(cli, one):
    ran = cli("grep", one, "x - 1", "-C", "1")

    assert ran.out.splitlines() == [
        "r0: round 1 answer of solve:3- def f(x):",
        "r0: round 1 answer of solve:4: return x - 1",
        "r0: round 1 answer of solve:5- ```",
    ]


def test_grep_takes_a_condition_and_places_and_gives_ids(cli, one):
    where = ("--where", "outcome == 'rejected'")

    assert cli("grep", one, "FAILED", "-i", "-l", "--in", "reason", *where).out == "r1\nr2\n"
    assert cli("grep", one, "FAILED", "--in", "reason").code == 5


@pytest.mark.parametrize("pattern", ["(", "[", "a{9999999999999999}"])
def test_what_is_no_pattern_is_said(cli, one, pattern):
    ran = cli("grep", one, pattern)

    assert (ran.code, ran.out) == (4, "")
    assert "is no pattern" in ran.err


def test_a_pattern_that_tries_too_many_ways_is_ended_and_the_text_named(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("sygra_eval.engine.finding.MOST_SEARCH_S", 0.1)
    folder = tmp_path / "bad" / "one"
    row = ended(0, Outcome.VERIFIED, RIGHT, StopReason.ACCEPTED, answer="a" * 40 + "!")
    handmade_run(folder, [row])

    ran = cli("grep", str(folder), BACKTRACKS)

    assert ran.code == 4
    assert "the pattern takes more than 0.1 s on row r0, answer of row" in ran.err


def test_a_line_of_megabytes_is_cut_on_the_terminal(cli, tmp_path):
    folder = tmp_path / "long" / "one"
    text = "\x1b[2J" + "x" * 3_000_000 + "needle"
    handmade_run(folder, [ended(0, Outcome.VERIFIED, RIGHT, StopReason.ACCEPTED, answer=text)])

    ran = cli("grep", str(folder), "needle")

    assert ran.code == 0
    assert len(ran.out) < 300
    assert "\\x1b[2J" in ran.out


# diff


def test_diff_shows_code_and_the_tests_that_flipped_by_name(cli, one):
    ran = cli("diff", one, "r0")

    assert ran.code == 0
    assert "r0: round 1 → round 3" in ran.out
    for line in (
        "passes now: assert f(1) == 2 (unit_tests)",
        "passes now: assert f(0) == 1 (unit_tests)",
        "-    return x - 1",
        "+    return x + 1",
        "1 of 3 visible",
    ):
        assert line in ran.out


def test_diff_of_two_rounds_that_are_named(cli, one):
    (line,) = cli("diff", one, "r0", "--rounds", "1", "2", "--json").json

    assert line["fixed"] == [{"validator": "unit_tests", "test": "assert f(1) == 2"}]
    assert line["broken"] == []
    assert line["after"]["failing"] == {"unit_tests": ["assert f(0) == 1"]}
    back = cli("diff", one, "r0", "--rounds", "3", "1").out
    assert "fails now: assert f(1) == 2 (unit_tests)" in back


def test_diff_of_one_row_in_two_runs(cli, made, one):
    ran = cli("diff", one, str(made / "two"), "r1")

    assert ran.code == 0
    text = " ".join(ran.out.split())
    assert "(rejected) →" in text
    assert "(verified)" in text
    assert "passes now: assert f(1) == 2 (unit_tests)" in ran.out
    assert ran.out.endswith("the code is the same\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("r1",), "row `r1` has no rounds"),
        (("r0", "--rounds", "1", "9"), "row `r0` has no round 9; it has 1, 2, 3"),
        (("r0", "--rounds", "2", "2"), "has one candidate"),
        (("r9",), "has no row `r9`"),
        ((), "say RUN ROW"),
    ],
)
def test_what_cannot_be_compared_is_said(cli, one, arguments, said):
    ran = cli("diff", one, *arguments)

    assert (ran.code, ran.out) == (4, "")
    assert said in ran.err


def test_runs_are_named_as_elsewhere(cli, made, monkeypatch):
    monkeypatch.chdir(Path(made).parents[1])

    assert cli("diff", "small/one", "small/two", "r1", "--json").json[0]["row"] == "r1"
    assert cli("grep", "small/one", "printed", "-l").out == "r0\nr1\nr2\n"
