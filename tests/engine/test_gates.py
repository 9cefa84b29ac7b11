"""Gates of real runs: each outcome, and the exit code, closing line and reports that come of it."""

import json

import pytest

from sygra_eval.engine import Compared, ExitCode, Selection, bless, summarise
from sygra_eval.engine.gate_exit import how_gates_ended
from sygra_eval.quality import GateOutcome, GateState
from sygra_eval.report import closing_json, json_report, markdown_report, terminal_report
from sygra_eval.values import UsageError
from tests.engine.conftest import FAST_PLUGIN, fast_suite, write_suite
from tests.report.checking import complaints_of

PASSED, FAILED, WARNED = GateState.PASSED, GateState.FAILED, GateState.WARNED
SKIPPED, ERROR = GateState.SKIPPED, GateState.ERROR


def rows_of(fine=0, bad=0, error=0, **columns):
    said = ["fine"] * fine + ["says-fail"] * bad + ["says-error"] * error
    return [
        {"id": f"r{n:03}", "question": "why?", "solution": one, "topic": "graphs", **columns}
        for n, one in enumerate(said)
    ]


@pytest.fixture
def gated(tmp_path, run):
    """Run a suite without a graph over such rows with such gates."""

    async def of(rows, *gates, name=None, quality=None, **given):
        path = write_suite(
            tmp_path / "suite",
            rows,
            candidate={"code": "{solution}"},
            quality={"validators": [{"use": "says"}], "gates": list(gates), **(quality or {})},
            sandbox={"isolation": "none", "i_accept_the_risk": True},
        )
        return await run(path, name=name, **given)

    return of


def states(done):
    return [gate.state for gate in done.summary.gates]


async def test_a_bound_that_holds_passes_and_one_that_does_not_fails_the_run(gated):
    rows = rows_of(fine=80, bad=20)

    passed = await gated(rows, {"metric": "verified_rate", "lower": ">=0.70"})
    failed = await gated(rows, {"metric": "verified_rate", "lower": ">=72%"})

    assert (states(passed), passed.summary.exit_code) == ([PASSED], ExitCode.PASSED)
    assert (states(failed), failed.summary.exit_code) == ([FAILED], ExitCode.GATE_FAILED)
    (gate,) = failed.summary.gates
    assert (gate.value, gate.n_judged, gate.n_error) == (0.8, 100, 0)
    assert gate.lower == pytest.approx(0.7112, abs=5e-5)
    assert failed.summary.exit_reason.startswith(
        "gate failed: verified_rate lower >=72% (lower bound 0.7112 of 100 rows)"
    )


async def test_report_closing_line_and_exit_code_say_the_same(gated):
    done = await gated(
        rows_of(fine=8, bad=2),
        {"metric": "verified_rate", "value": ">=0.9"},
        {"metric": "says_rate", "value": ">=0.5"},
    )

    line, report = json.loads(closing_json(done.summary)), json.loads(json_report(done.summary))
    assert [(gate["state"], gate["value"]) for gate in line["gates"]] == [
        (gate["state"], gate["figure"]["value"]) for gate in report["gates"]
    ]
    assert [gate["state"] for gate in line["gates"]] == ["failed", "passed"]
    assert (line["exit"], report["exit"]) == (1, 1)
    for page in (terminal_report(done.summary), markdown_report(done.summary)):
        plain = " ".join(page.replace("\\", "").replace("&gt;", ">").split())
        assert "exit 1: gate failed: verified_rate value >=0.9 (value 0.8 of 10 rows)" in plain
        assert "passed" in plain
    assert summarise(done.folder).gates == done.summary.gates
    gates = json.loads((done.folder / "report.json").read_text())["gates"]
    assert [(one["name"], one["figure"]["value"]) for one in gates] == [
        (gate.name, gate.value) for gate in done.summary.gates
    ]
    assert complaints_of(done.folder) == []


async def test_a_gate_that_warns_fails_no_run(gated):
    done = await gated(
        rows_of(fine=5, bad=5), {"metric": "says_rate", "value": ">=0.9", "severity": "warn"}
    )

    assert (states(done), done.summary.exit_code) == ([WARNED], ExitCode.PASSED)
    assert any("gate warned: says_rate" in one for one in done.summary.warnings)


async def test_a_metric_without_a_value_is_an_error_and_no_pass(gated):
    done = await gated(rows_of(fine=5), {"metric": "rounds", "value": "<=3"})

    assert (states(done), done.summary.exit_code) == ([ERROR], ExitCode.INCOMPLETE)
    assert "no value" in done.summary.gates[0].reason


async def test_errors_are_in_no_rate_and_too_many_of_them_make_no_gate_green(gated):
    rows = rows_of(fine=90, error=10)

    done = await gated(rows, {"metric": "verified_rate", "value": ">=0.99"}, {"errors": "<=20%"})
    lax = await gated(
        rows,
        {"metric": "verified_rate", "value": ">=0.99", "min_coverage": 0.5},
        {"errors": "<=20%"},
    )
    strict = await gated(rows, {"errors": "<=1%"})

    assert (states(done), done.summary.exit_code) == ([ERROR, PASSED], ExitCode.INCOMPLETE)
    assert "only 90.0% were judged" in done.summary.gates[0].reason
    assert (states(lax), lax.summary.exit_code) == ([PASSED, PASSED], ExitCode.PASSED)
    assert (states(strict), strict.summary.exit_code) == ([FAILED], ExitCode.INCOMPLETE)


async def test_groups_are_promises_of_their_own_and_small_ones_are_skipped(gated):
    rows = rows_of(fine=30)
    rows += [{**row, "id": f"s{row['id']}", "topic": "strings"} for row in rows_of(fine=10, bad=20)]
    rows += [{**row, "id": f"t{row['id']}", "topic": "trees"} for row in rows_of(bad=3)]

    done = await gated(rows, {"metric": "says_rate", "value": ">=0.9", "group_by": "topic"})

    told = {gate.group: gate.state for gate in done.summary.gates}
    assert told == {"graphs": PASSED, "strings": FAILED, "trees": SKIPPED}
    assert done.summary.gates[2].reason == "3 rows, fewer than min_n 20"
    assert done.summary.exit_code is ExitCode.GATE_FAILED


async def test_a_condition_takes_some_rows_and_what_it_cannot_say_counts_as_an_error(gated):
    rows = rows_of(fine=9, bad=9)
    rows += [{"id": "odd", "question": "?", "solution": "fine", "topic": 7}]

    done = await gated(
        rows,
        {"metric": "says_rate", "value": ">=1", "where": "verdicts.says == 'pass'"},
        {"metric": "says_rate", "value": "<=1", "where": "topic == 'graphs'"},
    )

    first, second = done.summary.gates
    assert (first.state, first.n_judged) == (PASSED, 10)
    assert (second.n_judged, second.n_error) == (18, 1)


async def test_a_distribution_that_drifts_names_the_value_that_is_furthest(gated):
    rows = rows_of(fine=15) + [
        {**row, "id": f"s{row['id']}", "topic": "strings"} for row in rows_of(fine=5)
    ]
    wanted = {"graphs": 0.5, "strings": 0.5}

    done = await gated(
        rows,
        {"distribution": "topic", "wanted": wanted, "max_tv": 0.25},
        {"distribution": "topic", "wanted": wanted, "max_tv": 0.1},
    )

    assert states(done) == [PASSED, FAILED]
    assert done.summary.gates[1].value == pytest.approx(0.25)
    assert "furthest: graphs 75.0% of wanted 50.0%" in done.summary.gates[1].reason


@pytest.mark.parametrize("bound", [">=0.99", ">=99%"])
async def test_a_gate_that_the_rows_cannot_reach_is_refused_before_the_first_one(
    gated, tmp_path, bound
):
    with pytest.raises(UsageError) as refused:
        await gated(rows_of(fine=164), {"metric": "verified_rate", "lower": bound})

    (found,) = refused.value.diagnostics
    assert found.code == "gate-unreachable"
    assert found.line > 1
    assert found.message == (
        f'quality.gates[0]: lower "{bound}" cannot pass with 164 rows (best 0.9771)'
    )
    assert "at least 381 rows" in found.fix
    assert not (tmp_path / "out").exists()


async def test_73_rows_reach_095_and_72_do_not(gated):
    gate = {"metric": "says_rate", "lower": ">=0.95"}

    done = await gated(rows_of(fine=73), gate)

    assert states(done) == [PASSED]
    with pytest.raises(UsageError):
        await gated(rows_of(fine=72), gate)


async def test_what_is_bounded_from_above_is_unreachable_too(gated):
    with pytest.raises(UsageError) as refused:
        await gated(rows_of(fine=10), {"metric": "says_rate", "upper": "<=1%"})

    assert refused.value.diagnostics[0].code == "gate-unreachable"


async def test_gates_over_rows_that_were_left_out_are_skipped_and_counted(gated):
    gate = {"metric": "verified_rate", "lower": ">=0.95"}

    done = await gated(rows_of(fine=80), gate, {"metric": "says_rate", "value": ">=0.5"}, limit=5)
    allowed = await gated(
        rows_of(fine=80),
        gate,
        {"metric": "says_rate", "value": ">=0.5", "partial": "allow"},
        limit=5,
    )
    none = await gated(rows_of(bad=80), gate, limit=5)

    assert (states(done), done.summary.exit_code) == ([SKIPPED, SKIPPED], ExitCode.PASSED)
    assert done.summary.exit_reason == "5 of 5 rows verified; gates: 2 skipped"
    assert states(allowed) == [SKIPPED, PASSED]
    assert none.summary.exit_code is ExitCode.GATE_FAILED  # as without gates


async def test_a_drop_against_the_blessed_baseline_fails_the_gate(gated):
    good = await gated(rows_of(fine=40, bad=10), name="good")
    bless(good.folder, Compared(plugins=(str(FAST_PLUGIN),)))
    gate = {"baseline": "baselines/small.json", "metrics": ["says_rate"], "max_drop": 0.2}

    same = await gated(rows_of(fine=40, bad=10), gate)
    worse = await gated(rows_of(fine=10, bad=40), gate)

    assert (states(same), same.summary.exit_code) == ([PASSED], ExitCode.PASSED)
    assert (states(worse), worse.summary.exit_code) == ([FAILED], ExitCode.GATE_FAILED)
    assert "0.8 to 0.2 over 50 rows: worse" in worse.summary.gates[0].reason
    with pytest.raises(UsageError, match="its gate failed: says_rate no regression"):
        bless(worse.folder, Compared(plugins=(str(FAST_PLUGIN),)))


async def test_a_run_whose_gate_failed_is_no_baseline_and_no_resume_is_advised(gated):
    done = await gated(rows_of(fine=1, bad=9), {"metric": "verified_rate", "value": ">=0.9"})

    with pytest.raises(UsageError, match="its gate failed") as refused:
        bless(done.folder, Compared(plugins=(str(FAST_PLUGIN),)))

    assert str(refused.value).endswith("with --reason TEXT")


async def test_a_baseline_that_is_not_there_or_of_another_suite_is_refused(gated, tmp_path):
    gate = {"baseline": "baselines/small.json"}

    with pytest.raises(UsageError) as missing:
        await gated(rows_of(fine=4), gate)
    good = await gated(rows_of(fine=4), name="good")
    path = bless(good.folder, Compared(plugins=(str(FAST_PLUGIN),))).path
    path.write_text(path.read_text().replace('"suite": "small"', '"suite": "other"'))
    with pytest.raises(UsageError) as other:
        await gated(rows_of(fine=4), gate)

    assert missing.value.diagnostics[0].code == "bad-baseline"
    assert "of the suite `other`" in other.value.diagnostics[0].message


async def test_a_run_that_was_stopped_judges_no_gate_until_it_is_resumed(
    tmp_path, run, resume, stop
):
    path = fast_suite(
        tmp_path / "suite",
        [f"why {n}?" for n in range(300)],
        quality={
            "validators": [{"use": "says"}],
            "gates": [{"metric": "verified_rate", "value": ">=0.5"}],
        },
    )

    def after_two(progress):
        if progress.rows_done >= 2:
            stop.drain("the test")

    stopped = await run(path, stop=stop, show=after_two)
    ended = await resume(stopped.folder)

    assert stopped.summary.exit_code is ExitCode.INTERRUPTED
    assert states(stopped) == [SKIPPED]
    assert (states(ended), ended.summary.exit_code) == ([PASSED], ExitCode.PASSED)


PLUGIN = """
from sygra_eval import hookimpl


def share(row):
    if row.columns["solution"] == "odd":
        raise ValueError("no share of this")
    return 0.97 if row.id.endswith("0") else 0.99


def spread(rows):
    return float(len({row.columns["topic"] for row in rows}))


@hookimpl
def sygra_register_metrics(register):
    register("share", share, kind="rate", direction="higher")
    register("spread", spread, kind="set", direction="higher", columns=("topic",))
"""


async def test_a_metric_of_a_plugin_is_gated_as_ours_are_and_may_break_on_a_row(tmp_path, gated):
    plugin = tmp_path / "more_metrics.py"
    plugin.write_text(PLUGIN)
    rows = [*rows_of(fine=30), {"id": "x", "question": "?", "solution": "odd", "topic": "trees"}]

    done = await gated(
        rows,
        {"metric": "share", "lower": ">=0.95"},  # beyond what 31 rows of 0 or 1 could show
        {"metric": "spread", "value": ">=2"},
        {"metric": "share", "value": ">=0.5", "where": "topic == 'trees'"},
        plugins=[str(FAST_PLUGIN), str(plugin)],
    )

    share, spread, trees = done.summary.gates
    assert (share.state, share.n_judged, share.n_error) == (PASSED, 30, 1)
    assert (spread.state, spread.value) == (PASSED, 2.0)
    assert trees.state is ERROR
    assert "no value: 0 rows, 1 with errors: no share of this" in trees.reason


def outcome(state, *, kind="metric", is_warning=False):
    return GateOutcome(
        index=0,
        kind=kind,
        metric="says_rate",
        asks="value >=0.5",
        state=state,
        reason="so",
        is_warning=is_warning,
    )


@pytest.mark.parametrize(
    ("gates", "is_strict", "code"),
    [
        ([outcome(PASSED), outcome(SKIPPED)], False, ExitCode.PASSED),
        ([outcome(SKIPPED)], False, None),
        ([outcome(FAILED), outcome(ERROR)], False, ExitCode.INCOMPLETE),
        ([outcome(FAILED), outcome(FAILED, kind="errors")], False, ExitCode.INCOMPLETE),
        ([outcome(FAILED), outcome(WARNED, is_warning=True)], True, ExitCode.GATE_FAILED),
        ([outcome(PASSED), outcome(WARNED, is_warning=True)], False, ExitCode.PASSED),
        ([outcome(PASSED), outcome(WARNED, is_warning=True)], True, ExitCode.WARNINGS),
        ([outcome(ERROR, is_warning=True)], True, ExitCode.WARNINGS),
        ([outcome(ERROR, is_warning=True)], False, ExitCode.PASSED),
    ],
)
def test_errors_weigh_more_than_failures_and_these_more_than_warnings(gates, is_strict, code):
    assert how_gates_ended(gates, is_strict=is_strict).code is code


async def test_a_gate_that_the_selected_rows_could_not_pass_is_skipped_and_not_refused(gated):
    gate = {"metric": "verified_rate", "lower": ">=0.95"}

    done = await gated(rows_of(fine=80), gate, selection=Selection(keywords="r001"))

    assert (states(done), done.summary.rows) == ([SKIPPED], 1)
