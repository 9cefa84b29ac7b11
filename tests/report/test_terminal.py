import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from sygra_eval.engine import Cause, ExitCode, Member, ModelShare, Strength, Tally
from sygra_eval.report import printable, terminal_report
from sygra_eval.report.tables import MOST_CAUSES
from sygra_eval.values import Outcome

ANY_TEXT = st.text(st.characters()) | st.text(
    st.sampled_from("日本語 e\u0301\x1b\n|`<"), max_size=300
)


def counts_on(page):
    """Label and count of the first table's lines."""
    table = page.split("\n\n")[1].splitlines()[2:]
    lines = [re.match(r"(.+?) {2,}(\d+)", line) for line in table]
    return {line[1]: int(line[2]) for line in lines if line}


def line_of(page, start):
    return next(line for line in page.splitlines() if line.startswith(start))


@settings(deadline=None)
@given(
    verified=st.integers(0, 10**6),
    rejected=st.integers(0, 10**6),
    failed=st.integers(0, 10**6),
    unjudged=st.integers(0, 10),
    not_reached=st.integers(0, 10**6),
)
def test_the_counts_add_up_on_the_page(
    summary_of, verified, rejected, failed, unjudged, not_reached
):
    counts = dict(zip(Outcome, (verified, rejected, failed, unjudged), strict=True))

    on_page = counts_on(terminal_report(summary_of(counts=counts, not_reached=not_reached)))

    total = on_page.pop("all rows")
    assert total == sum(on_page.values())
    assert total == verified + rejected + failed + unjudged + not_reached


def test_a_rate_has_its_interval_beside_it_and_what_stopped_its_loops(summary_of):
    page = terminal_report(summary_of())

    assert " ".join(line_of(page, "verified").split()) == (
        "verified 12 60.0 38.7 – 78.1 sentinel 8 · max_rounds 4"
    )


def test_rows_that_were_not_reached_have_a_line_but_no_rate(summary_of):
    page = terminal_report(summary_of(state="interrupted", not_reached=5))

    assert line_of(page, "not reached").split() == ["not", "reached", "5", "–", "–", "–"]
    assert line_of(page, "verified").split()[2] == "60.0"
    assert "% of the rows that have an outcome" in page


def test_a_run_without_any_outcome_has_no_rates(summary_of):
    page = terminal_report(summary_of(counts=dict.fromkeys(Outcome, 0), not_reached=3))

    assert line_of(page, "verified").split()[:4] == ["verified", "0", "–", "–"]


def test_a_run_that_goes_on_says_so_at_the_top_and_has_no_exit_code(summary_of):
    page = terminal_report(summary_of(state="running", exit_reason="not finished"))

    assert page.split("\n\n")[0].endswith(
        "state  still running, or killed: the figures are those so far, not a result"
    )
    assert not re.search(r"^exit \d", page, re.MULTILINE)


def test_the_last_line_says_how_the_run_ended(summary_of):
    page = terminal_report(
        summary_of(exit_code=ExitCode.GATE_FAILED, exit_reason="none of 20 rows was verified")
    )

    assert page.splitlines()[-1] == "exit 1: none of 20 rows was verified"


def test_required_validators_are_starred_and_isolation_and_trust_stand_below(summary_of):
    page = terminal_report(summary_of())

    assert line_of(page, "unit_tests*").split()[1:] == ["12", "7", "0", "0"]
    assert line_of(page, "judge").split()[1:] == ["3", "2", "1", "13"]
    assert "isolation: reduced(landlock7,seccomp,rlimit)" in page
    assert "trust: cooperative (unit_tests), the tests ran inside" in page


def test_isolation_and_trust_that_are_not_known_are_dashes(summary_of):
    page = terminal_report(summary_of(isolation=(), trust=()))

    assert "isolation: –\ntrust: –" in page


def test_the_strength_of_tests_is_told_with_the_weakest_rows(summary_of):
    weakest = (("dates-001", 0.5), ("text-003", 0.75))
    strength = Strength(rows=12, median=0.9167, lowest=0.5, weak=2, weakest=weakest)

    page = terminal_report(summary_of(strength=strength))

    assert "mutation score of 12 verified rows: median 0.92, lowest 0.50\n" in page
    assert (
        "weakly tested (below 0.8): 2 rows, lowest first: dates-001 (0.50), text-003 (0.75)"
    ) in " ".join(page.split())


def test_no_row_is_called_weak_that_is_not(summary_of):
    strength = Strength(rows=1, median=1.0, lowest=0.8, weak=0, weakest=())

    page = terminal_report(summary_of(strength=strength))

    assert "mutation score of 1 verified row: median 1.00, lowest 0.80\n" in page
    assert "weakly tested (below 0.8): 0 rows\n" in page
    assert "mutation score" not in terminal_report(summary_of())


def test_loops_show_what_rounds_and_drafts_bought_and_the_stops_that_were_refused(summary_of):
    page = terminal_report(summary_of())

    assert re.search(r"^ +2 +5 +3$", page, re.MULTILINE)
    assert re.search(r"^ +4 +1$", page, re.MULTILINE)
    assert "sentinels refused: 5, in 4 rows" in page
    assert "repaired rows: 4, as numbers-007, text-003, dates-001 and 1 more" in page


def test_a_suite_without_loops_has_no_table_of_rounds(summary_of):
    page = terminal_report(summary_of(rounds={}, verified_by_round={}, verified_by_sample={}))

    assert "round" not in page.replace("max_rounds", "")


def test_causes_have_their_examples_and_the_rest_is_counted(summary_of):
    causes = tuple(
        Cause(outcome=Outcome.REJECTED, reason=f"reason {n}", rows=2, examples=(f"row-{n}",))
        for n in range(MOST_CAUSES + 5)
    )

    page = terminal_report(summary_of(causes=causes))

    assert re.search(r"rejected +2 +reason 0 +row-0", page)
    assert re.search(r"^ +10 +5 other reasons", page, re.MULTILINE)


@pytest.mark.parametrize(("usd", "word"), [(None, "–"), (0.4, "0.40 USD")])
def test_a_cost_is_shown_only_where_it_is_known(summary_of, usd, word):
    assert line_of(terminal_report(summary_of(cost_usd=usd)), "cost").split(maxsplit=1)[1] == word


def test_a_model_that_nobody_described_has_a_dash(summary_of):
    page = terminal_report(summary_of(models=(("author", "embedded", ""),)))

    assert line_of(page, "author").split() == ["author", "embedded", "–"]


def test_estimated_tokens_are_said_to_be(summary_of):
    page = terminal_report(summary_of(has_estimated_tokens=True))

    assert line_of(page, "tokens (estimated in part)").split()[-1] == "30221"


def test_warnings_stand_whole_before_the_end(summary_of):
    warning = "author and critic are one model, " * 5

    page = terminal_report(summary_of(warnings=(warning,)))

    assert "warning: " + warning.strip() in " ".join(page.split())


@settings(deadline=None)
@given(text=ANY_TEXT, rows=st.integers(0, 10**9))
def test_no_id_reason_or_name_widens_the_page_or_reaches_the_terminal_raw(summary_of, text, rows):
    summary = summary_of(
        suite=text,
        run=text,
        causes=(Cause(outcome=Outcome.FAILED, reason=text, rows=rows, examples=(text, text)),),
        repaired=(text,) * 4,
        models=((text, text, text),),
        isolation=(text,),
        trust=(f"{text}: cooperative",),
        warnings=(text,),
        exit_reason=text,
        rate_by_topic={text: (1, 2)},
        funnel=(("rows read", rows), (text, rows)),
    )

    page = terminal_report(summary)

    assert max(sum(map(cell_len, line)) for line in page.splitlines()) <= 80
    assert printable(page) == page
    assert "\t" not in page


def test_several_models_and_the_rows_of_each_have_their_tables(summary_of):
    members = (
        Member(
            node="ask", label="one", answered=20, unanswered=0, kept=0, verified=0, chooses=False
        ),
        Member(
            node="pick", label="two", answered=17, unanswered=3, kept=9, verified=8, chooses=True
        ),
    )
    shares = (
        ModelShare(role="solve", name="large", rows=5, verified=5),
        ModelShare(role="solve", name="small", rows=14, verified=7),
    )

    page = terminal_report(summary_of(members=members, shares=shares))

    lines = [line.split() for line in page.splitlines()]
    assert ["ask", "one", "20", "0", "–", "–"] in lines
    assert ["pick", "two", "17", "3", "9", "8"] in lines
    assert ["solve", "small", "7", "14", "50.0", "26.8", "–", "73.2"] in lines
    assert "Several models" not in terminal_report(summary_of())


def test_the_grades_of_the_verified_rows_add_up_on_the_page(summary_of):
    grades = {"tests": 5, "properties + differential + mutation + stable": 7}

    page = terminal_report(summary_of(grades=grades))

    table = page.partition("grade ")[2].partition("\n\n")[0].splitlines()[2:]
    counts = [int(re.search(r" {2,}(\d+)", line)[1]) for line in table]
    assert counts == [5, 7, 12]
    assert max(map(cell_len, page.splitlines())) <= 80


def test_a_validator_is_measured_by_what_it_is_and_not_by_its_name(summary_of):
    figures = {"is_required": True, "passed": 1, "failed": 0, "errors": 0, "skipped": 0}

    called = terminal_report(summary_of(validators=(Tally(validator="unit_tests", **figures),)))
    is_one = terminal_report(
        summary_of(validators=(Tally(validator="mine", use="unit_tests", **figures),))
    )

    assert "false acc" not in called
    assert "false acc" in is_one
