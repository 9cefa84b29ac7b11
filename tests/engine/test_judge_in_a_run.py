"""What a judge costs, where its calls belong, and how a suite names it."""

import sqlite3
from pathlib import Path

import pytest

from sygra_eval.engine import ExitCode, RunOptions, recheck
from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite
from sygra_eval.testing import status
from tests.engine.conftest import CODE, FAST_PLUGIN, code_row
from tests.engine.judges import FAIL, PASS, ends, honest, shown, voting

# What is paid for


async def test_no_call_of_a_judge_is_paid_for_twice(judging, run, resume, endpoint, stop):
    endpoint.answers_with(honest)
    answers = [f"{'because' if n % 3 else 'it is'} {n}" for n in range(24)]
    suite = judging(*answers, config={"votes": 3, "swap": True}, model={"max_concurrency": 2})
    whole = await run(suite)
    asked = len(endpoint.requests)

    def stop_early(progress):
        if progress.rows_done >= 5 and not stop.is_draining:  # a second time gives calls up
            stop.drain("test")

    endpoint.requests.clear()
    stopped = await run(suite, show=stop_early, stop=stop)
    assert stopped.summary.not_reached > 0
    resumed = await resume(stopped.folder)

    assert len(endpoint.requests) == asked
    names = ("verified.jsonl", "rejected.jsonl", "verified.parquet")
    assert resumed.bytes_of(*names) == whole.bytes_of(*names)


async def test_a_kill_before_the_verdict_is_on_disk_costs_no_call(judging, run, resume, endpoint):
    endpoint.answers_with(honest)
    finished = await run(judging("because", "it is", config={"votes": 2}))
    asked = len(endpoint.requests)
    before = finished.bytes_of("verified.jsonl", "rejected.jsonl")
    with sqlite3.connect(finished.folder / "journal.db") as journal:
        for table in ("outcome", "execution"):
            journal.execute(f"DELETE FROM {table}")  # noqa: S608
        journal.execute("DELETE FROM event WHERE kind = 'finished'")
    journal.close()

    resumed = await resume(finished.folder)

    assert len(endpoint.requests) == asked
    assert resumed.bytes_of("verified.jsonl", "rejected.jsonl") == before


async def test_the_places_of_calls_say_what_they_were_for(judging, run, endpoint):
    endpoint.answers_with(voting("hm", PASS, PASS, PASS, PASS))
    config = {"name": "fair", "votes": 2, "swap": True, "canaries": False}

    finished = await run(judging("one", config=config))

    with sqlite3.connect(finished.folder / "journal.db") as journal:
        places = set(journal.execute("SELECT record, node, sample FROM call"))
    journal.close()
    assert places == {
        ("r0", "validator:fair/final/vote/given", 0),
        ("r0", "validator:fair/final/vote/given/reminder", 0),
        ("r0", "validator:fair/final/vote/turned", 0),
        ("r0", "validator:fair/final/vote/given", 1),
        ("r0", "validator:fair/final/vote/turned", 1),
    }


async def test_a_judge_that_does_not_answer_ends_the_run_before_a_row_is_paid(
    judging, run, resume, endpoint
):
    endpoint.answers_with(lambda body: status(400, {"error": {"message": "no such parameter"}}))
    stopped = await run(judging("because", "it is"))

    endpoint.answers_with(honest)
    resumed = await resume(stopped.folder)

    assert stopped.summary.exit_code is ExitCode.INCOMPLETE
    assert stopped.summary.not_reached == 2
    assert "validator `judge` could not prepare" in stopped.summary.exit_reason
    assert ends(resumed) == [("verified", "pass"), ("rejected", "fail")]


async def test_a_call_that_fails_is_an_error_verdict_and_is_asked_again_on_resume(
    judging, run, resume, endpoint
):
    endpoint.answers_with(lambda body: status(400, {"error": {"message": "no such parameter"}}))
    stopped = await run(judging("because", config={"canaries": False}))
    assert ends(stopped) == [("failed", "error")]
    assert "no such parameter" in stopped.ends()[0].reason

    endpoint.answers_with(honest)
    resumed = await resume(stopped.folder)

    assert ends(resumed) == [("verified", "pass")]


async def test_verify_reads_the_journalled_replies_again_and_asks_no_one(judging, run, endpoint):
    endpoint.answers_with(honest)
    finished = await run(judging("because it is", "because", "it is", config={"votes": 2}))
    asked = len(endpoint.requests)
    options = RunOptions(plugins=[str(FAST_PLUGIN)], accepts_no_sandbox=True)

    held = await recheck(finished.folder, options)

    assert (held.exit_code, held.re_executed) == (ExitCode.PASSED, 2)
    assert len(endpoint.requests) == asked
    with sqlite3.connect(finished.folder / "journal.db") as journal:
        journal.execute("DELETE FROM call WHERE record = 'r0'")
    journal.close()
    undecided = await recheck(finished.folder, options)
    ((row, reason),) = undecided.undecided
    assert (undecided.exit_code, row) == (ExitCode.GATE_FAILED, "r0")
    assert any("calls" in claim.of for claim in undecided.claims)  # one is gone
    assert "the journal holds no answer of `critic`" in reason


# In a loop


async def test_a_loop_is_accepted_by_a_judge_whose_reason_reaches_the_critic(
    code_suite, run, endpoint
):
    def by_role(body):
        text = body["messages"][-1]["content"]
        if "VERDICT:" in text:
            return PASS if "return x + 1" in shown(body)["answer to judge"] else FAIL
        if text.startswith("criticise"):
            return "NO MORE FEEDBACK" if "FAILED" not in text else "- say why"
        return CODE["right" if text.startswith("revise") else "wrong"]

    endpoint.answers_with(by_role)
    entry = {"use": "judge", "model": "critic", "rubric": "It adds one.", "required": True}
    suite = code_suite(
        code_row("r0", "add one"),
        loop={"until": {"sentinel": "NO MORE FEEDBACK", "accepted_by": ["judge"]}},
        quality={"validators": [entry]},
    )

    finished = await run(suite)

    (end,) = finished.ends()
    assert (end.outcome, end.loop.rounds, end.loop.stop_reason) == ("verified", 2, "sentinel")
    critics = [
        body["messages"][-1]["content"]
        for body in endpoint.requests
        if body["messages"][-1]["content"].startswith("criticise")
    ]
    assert "FAILED judge: fail: it does not." in critics[0]
    assert "PASSED judge" in critics[1]
    roles = [use["role"] for use in end.data["provenance"]["models"]]
    assert roles == ["draft", "critique", "revise", "judge"]
    (warning,) = [w for w in finished.summary.warnings if "judges by" in w]
    assert "`judge` judges by the model that wrote the answers of `solve`, scripted" in warning


# The suite


@pytest.mark.parametrize(
    ("config", "code", "said", "where"),
    [
        ({"model": "critc"}, "unknown-model", "write `critic`", "critc"),
        ({"model": {"name": "critc"}}, "unknown-model", "write `critic`", "critc"),
        ({"show": ["qestion"]}, "unknown-column", "write `question`", "qestion"),
        ({"against": "gven"}, "unknown-column", "write `given`", "gven"),
        ({"votes": 0}, "wrong-value", "", "0"),
        (
            {"verdicts": ["good", "bad"]},
            "wrong-value",
            "say which of the `verdicts` pass",
            "use: judge",
        ),
        ({"passes": ["pass", "fail"]}, "wrong-value", "nothing would be judged", "use: judge"),
        ({"passes": ["good"]}, "wrong-value", "`good`, which is not in `verdicts`", "use: judge"),
        ({"verdicts": ["pass", "Pass"]}, "wrong-value", "the same word", "use: judge"),
        ({"against": "given", "swap": False}, "wrong-value", "measures the order", "use: judge"),
        ({"against": "given", "passes": ["pass"]}, "wrong-value", "no `verdicts`", "use: judge"),
        ({"vote": 3}, "unknown-key", "write `votes`", "vote: 3"),
    ],
)
def test_what_is_wrong_with_a_judge_is_said_before_anything_is_spent(
    judging, config, code, said, where
):
    suite = judging("because", config=config)

    (found,) = check_suite(suite, load_plugins(suite.parent))

    assert found.code == code
    assert said in f"{found.message} {found.fix}"
    assert where in suite.read_text().splitlines()[found.line - 1][found.column - 1 :]


def test_the_shipped_suite_that_measures_a_judge_is_fit_to_run():
    suite = Path(__file__).parents[2] / "suites" / "judge_truth.yaml"

    assert check_suite(suite, load_plugins(suite.parent)) == ()


async def test_a_suite_without_a_graph_has_models_for_its_judges_alone(judging, run, endpoint):
    suite = judging("because")

    endpoint.requires_key = "secret"
    with pytest.raises(Exception, match="wants a key"):
        await run(suite)
