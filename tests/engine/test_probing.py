"""Weak tests are found before a row's first call: marked, refused or let be, as the suite says."""

import json

import pytest

from sygra_eval.engine import ExitCode
from sygra_eval.report import terminal_report
from tests.engine.conftest import CODE_VALIDATORS, code_row, counts_add_up, write_suite

WEAK = 'weak tests: the probe "returns its first argument" passes'
RIGHT = "def f(x):\n    return x + 1\n"


def weak_row(row_id, **more):
    tests = {"visible_tests": ["assert f(1) > 0"], "hidden_tests": ["assert f(2) > 0"]}
    return {**code_row(row_id, "draft=right"), **tests, **more}


def quality(probes):
    return {"probes": probes, "validators": CODE_VALIDATORS}


async def test_a_weak_row_is_marked_in_data_and_report_and_may_be_verified(code_suite, run):
    suite = code_suite(code_row("strong", "draft=right"), weak_row("weak"))

    finished = await run(suite)

    assert {row["id"]: row["weak_tests"] for row in finished.rows("verified")} == {
        "strong": "",
        "weak": WEAK,
    }
    found = finished.summary.weak_tests
    assert (found.rows, found.of, found.examples) == (1, 2, ("weak",))
    assert found.reasons == {WEAK: 1}
    report = json.loads((finished.folder / "report.json").read_text())["weak_tests"]
    assert (report["rate"]["k"], report["rate"]["n"]) == (1, 2)
    page = " ".join(terminal_report(finished.summary).split())
    assert "weak tests: 1 of 2 rows whose tests were tried, such as weak" in page


async def test_a_weak_row_is_refused_before_its_first_call(code_suite, run, endpoint):
    suite = code_suite(
        weak_row("weak"), code_row("strong", "draft=right"), quality=quality("refuse")
    )

    finished = await run(suite)

    assert finished.outcomes() == {"weak": "rejected", "strong": "verified"}
    (refused,) = finished.rows("rejected")
    assert refused["reason"] == WEAK
    assert len(endpoint.requests) == 2  # draft and critique of the strong row
    assert counts_add_up(finished.summary)
    assert finished.summary.weak_tests.rows == 1


@pytest.mark.parametrize(
    ("probes", "outcome"), [("mark", "verified"), ("refuse", "failed"), ("off", "verified")]
)
async def test_a_reference_that_fails_its_own_tests(code_suite, run, endpoint, probes, outcome):
    row = {**code_row("r0", "draft=right"), "reference": "def f(x):\n    return x\n"}

    finished = await run(code_suite(row, quality=quality(probes)))

    (end,) = finished.ends()
    assert end.outcome == outcome
    if probes == "refuse":
        assert not endpoint.requests
        assert end.reason.startswith("bad_input: rows.jsonl:1: the reference fails: visible test 1")
    elif probes == "mark":
        assert end.data["weak_tests"].startswith("the reference fails: visible test 1")
    else:
        assert "weak_tests" not in end.data
        assert end.weak_tests is None


async def test_the_word_off_needs_no_quotes(code_suite, run):
    suite = code_suite(weak_row("weak"), quality=quality("off"))
    suite.write_text(suite.read_text().replace("probes: 'off'", "probes: off"))
    assert "probes: off" in suite.read_text()

    finished = await run(suite)

    assert finished.summary.weak_tests is None
    assert "weak tests" not in terminal_report(finished.summary)


async def test_a_resumed_run_tries_nothing_again_and_ends_with_the_same_bytes(
    code_suite, run, resume, stop, monkeypatch
):
    suite = code_suite(*(weak_row(f"r{n}", question=f"draft=right n={n} .") for n in range(12)))
    undisturbed = await run(suite, name="undisturbed")
    stopped = await run(
        suite, name="stopped", stop=stop, show=lambda progress: stop.drain("SIGINT")
    )
    tried = []
    from sygra_eval.engine import probing

    real = probing.probed

    async def counted(ctx, specs, **given):
        tried.append(given)
        return await real(ctx, specs, **given)

    monkeypatch.setattr(probing, "probed", counted)
    resumed = await resume(stopped.folder)

    assert stopped.summary.not_reached > 0
    assert len(tried) <= stopped.summary.not_reached
    assert resumed.bytes_of("verified.jsonl") == undisturbed.bytes_of("verified.jsonl")
    assert resumed.summary.weak_tests == undisturbed.summary.weak_tests


async def test_tests_that_cannot_be_used_are_bad_input_and_cost_no_call(code_suite, run, endpoint):
    finished = await run(code_suite({**code_row("r0", "draft=right"), "visible_tests": [7]}))

    (end,) = finished.ends()
    assert end.reason.startswith("bad_input: rows.jsonl:1: test 1 of `visible_tests` is int")
    assert not endpoint.requests
    assert finished.summary.exit_code is ExitCode.INCOMPLETE


async def test_tests_that_a_node_makes_are_not_tried_before_it_ran(code_suite, run):
    row = {
        key: value for key, value in code_row("r0", "draft=right").items() if "hidden" not in key
    }
    made = {"use": "unit_tests", "from": {"visible": "visible_tests", "hidden": "answer"}}

    finished = await run(code_suite(row, quality={"validators": [{**made, "name": "unit_tests"}]}))

    assert finished.summary.weak_tests is None


async def test_without_a_graph_weak_tests_stand_among_the_verdicts(tmp_path, run):
    sections = {"candidate": {"code": "{solution}"}}
    rows = [weak_row("weak", solution=RIGHT), {**code_row("strong", "q"), "solution": RIGHT}]

    marked = await run(write_suite(tmp_path / "a", rows, quality=quality("mark"), **sections))
    refused = await run(write_suite(tmp_path / "b", rows, quality=quality("refuse"), **sections))

    weak, strong = marked.rows("verified")
    assert list(weak) == [*rows[0], "grade", "verdicts", "provenance"]
    assert (weak["verdicts"][-1]["validator"], weak["verdicts"][-1]["reason"]) == ("probes", WEAK)
    assert len(strong["verdicts"]) == 2
    assert marked.summary.weak_tests.examples == ("weak",)
    assert refused.outcomes() == {"weak": "rejected", "strong": "verified"}


async def test_canaries_are_not_tried_as_their_tests_are_wrong_on_purpose(code_suite, run):
    row = {**code_row("r0", "draft=right"), "reference": RIGHT, "canary": True}
    row |= {"hidden_tests": ["assert f(10) == 12"]}

    finished = await run(code_suite(row, quality={**quality("refuse"), "canary": "canary"}))

    assert finished.summary.canaries.rows == 1
    assert finished.rows("rejected")[0]["reason"].startswith("canary: unit_tests: hidden test 1")


async def test_a_column_of_that_name_that_is_no_program_is_not_taken_for_one(code_suite, run):
    row = {**code_row("r0", "draft=right"), "reference": "Knuth, volume 3, page 207"}

    finished = await run(code_suite(row, quality=quality("refuse")))

    assert finished.outcomes() == {"r0": "verified"}
