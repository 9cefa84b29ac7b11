"""Stored candidates judged again: the verdicts of a fresh run, and no call at the server."""

import hashlib
import json

import pytest

from sygra_eval.engine import ExitCode, RunOptions, resume_run, score
from sygra_eval.journal import open_readonly
from sygra_eval.report import scored_json, scored_text
from sygra_eval.values import UsageError
from tests.engine.conftest import (
    CODE_VALIDATORS,
    FAST_NODES,
    FAST_PLUGIN,
    LOOP,
    chain,
    code_row,
    fast_suite,
    write_suite,
)

VISIBLE_ONLY = [
    {"use": "python_compiles"},
    {"use": "unit_tests", "from": "visible_tests"},
]
ROWS = [
    code_row("right", "draft=right"),
    code_row("hard", "draft=hard-coded"),
    code_row("wrong", "draft=wrong revise=wrong critic=eager"),
    code_row("repaired", "draft=wrong"),
    code_row("broken", "draft=broken revise=broken critic=eager"),
    "this is no row",
]


@pytest.fixture
def scored(tmp_path):
    async def of(place, **given):
        names = ("suite", "validators")
        asked = {name: given.pop(name) for name in names if name in given}
        options = {"out": tmp_path / "out", "plugins": [str(FAST_PLUGIN)], **given}
        return await score(place, RunOptions(**options), **asked)

    return of


def bytes_in(folder):
    return {
        one.name: hashlib.sha256(one.read_bytes()).hexdigest()
        for one in folder.iterdir()
        if one.is_file() and one.suffix != ".db-shm"
    }


async def test_a_changed_validator_gives_the_rows_of_a_fresh_run_without_a_call(
    code_suite, run, scored, endpoint
):
    first = await run(code_suite(*ROWS), name="first")
    untouched, calls = bytes_in(first.folder), len(endpoint.requests)
    changed = code_suite(*ROWS, quality={"validators": VISIBLE_ONLY})

    again = await scored(first.folder, name="again")

    assert len(endpoint.requests) == calls > 0
    assert again.summary.calls == 0
    assert bytes_in(first.folder) == untouched
    fresh = await run(changed, name="fresh")
    assert len(endpoint.requests) > calls
    assert (first.outcomes()["hard"], fresh.outcomes()["hard"]) == ("rejected", "verified")
    for outcome in ("verified", "rejected", "failed"):
        name = f"{outcome}.jsonl"
        assert (again.summary.folder / name).read_bytes() == (fresh.folder / name).read_bytes()


async def test_what_flipped_is_told_with_its_paired_test(code_suite, run, scored):
    first = await run(code_suite(*ROWS))
    code_suite(*ROWS, quality={"validators": VISIBLE_ONLY})

    again = await scored(first.folder)

    change = again.comparison.changes[0]
    assert (change.metric.name, change.n) == ("verified_rate", 5)
    assert ([flip.id for flip in change.flips.fixed], change.flips.broken) == (["hard"], ())
    assert change.p == pytest.approx(0.5)  # one of one: exact 1, mid-p 1 - 1/2
    text = " ".join(scored_text(again).split())
    assert "fixed hard" in text
    line = scored_json(again)
    assert (line["calls"], line["comparison"]["matched"]) == (0, 6)
    assert json.dumps(line)


async def test_some_validators_may_judge_alone(code_suite, run, scored):
    first = await run(code_suite(*ROWS, quality={"validators": CODE_VALIDATORS}))

    again = await scored(first.folder, validators=("python_compiles",))

    assert [one.validator for one in again.summary.validators] == ["python_compiles"]
    outcomes = {row["id"] for row in map(json.loads, _lines(again, "rejected"))}
    assert outcomes == {"broken"}
    with pytest.raises(UsageError, match="write `python_compiles`"):
        await scored(first.folder, validators=("python_compile",))


def _lines(again, outcome):
    return (again.summary.folder / f"{outcome}.jsonl").read_text().splitlines()


async def test_a_judge_is_answered_from_the_journal_and_a_new_one_is_an_error(
    judging, run, scored, endpoint
):
    endpoint.answers_with(lambda body: '{"verdict": "pass", "reason": "it does"}')
    first = await run(judging("because", "since"), name="first")
    calls = len(endpoint.requests)

    same = await scored(first.folder, suite=judging("because", "since"))
    other = await scored(
        first.folder, suite=judging("because", "since", config={"rubric": "It is short."})
    )

    assert len(endpoint.requests) == calls
    assert same.unsupported == ()
    assert same.summary.counts == first.summary.counts
    assert other.unsupported == ("judge",)
    assert other.summary.exit_code is ExitCode.INCOMPLETE
    reasons = {row["reason"] for row in map(json.loads, _lines(other, "failed"))}
    assert all("`score` asks no model" in reason for reason in reasons)
    assert len(endpoint.requests) == calls


async def test_a_data_file_is_judged_by_the_suite_that_is_named(tmp_path, run, scored):
    suite = write_suite(
        tmp_path / "suite",
        [{"id": "a", "solution": "fine"}],
        candidate={"code": "{solution}"},
        quality={"validators": [{"use": "says"}]},
        sandbox={"isolation": "none", "i_accept_the_risk": True},
    )
    data = tmp_path / "data.jsonl"
    data.write_text('{"id": "x", "solution": "fine"}\n{"id": "y", "solution": "says-fail"}\n')

    again = await scored(data, suite=suite)

    assert again.comparison is None
    assert [json.loads(line)["id"] for line in _lines(again, "rejected")] == ["y"]
    with pytest.raises(UsageError, match="--suite"):
        await scored(data)


async def test_a_variant_is_judged_by_the_same_variant_of_the_suite_as_it_is_now(
    tmp_path, run, scored
):
    def varied(most):
        return write_suite(
            tmp_path / "suite",
            [{"id": "a", "solution": "fine"}],
            candidate={"text": "{solution}"},
            quality={"validators": [{"use": "length", "max": "${matrix.most}"}]},
            sandbox={"isolation": "none", "i_accept_the_risk": True},
            matrix={"most": {"none": 0, "few": most}},
        )

    suite = varied(2)
    first = await run(suite, name="first", variant="most=few")
    varied(9)

    again = await scored(first.folder, suite=suite)

    assert first.outcomes() == {"a": "rejected"}
    assert [json.loads(line)["id"] for line in _lines(again, "verified")] == ["a"]
    assert again.summary.folder.name.endswith("-most=few")


async def test_another_graph_is_refused_and_so_is_going_on_with_a_scored_run(tmp_path, run, scored):
    path = fast_suite(tmp_path / "suite", ["why?", "says-fail"])
    first = await run(path)
    again = await scored(first.folder, suite=path)
    node = {**FAST_NODES["solve"], "prompt": "say {question}"}
    other = fast_suite(tmp_path / "other", ["why?"], nodes={"solve": node})
    with pytest.raises(UsageError, match="sygra-eval run"):
        await scored(first.folder, suite=other)

    again.summary.folder.joinpath("manifest.json").unlink()
    with pytest.raises(UsageError, match="sygra-eval score"):
        await resume_run(again.summary.folder, RunOptions(plugins=[str(FAST_PLUGIN)]))


async def test_a_suite_without_a_sandbox_has_to_be_named(tmp_path, run, scored):
    first = await run(fast_suite(tmp_path / "suite", ["why?"]))

    with pytest.raises(UsageError, match="--suite"):
        await scored(first.folder)


async def test_a_scored_run_is_shown_and_judged_again_as_any_other(code_suite, run, scored):
    first = await run(code_suite(*ROWS), name="first")

    again = await scored(first.folder)
    once_more = await scored(again.summary.folder)

    for name in ("verified.jsonl", "rejected.jsonl", "failed.jsonl"):
        before = (first.folder / name).read_bytes()
        assert (once_more.summary.folder / name).read_bytes() == before
    journals = [one / "journal.db" for one in (again.summary.folder, first.folder)]
    with open_readonly(journals[0]) as now, open_readonly(journals[1]) as then:
        assert now.rounds("repaired") == then.rounds("repaired") != ()


async def test_gates_of_a_run_in_part_stay_skipped_when_it_is_scored(tmp_path, run, scored):
    gates = [{"metric": "verified_rate", "value": ">=0.5"}]
    quality = {"validators": [{"use": "says"}], "gates": gates}
    path = fast_suite(tmp_path / "suite", ["a", "b", "c"], quality=quality)
    part, whole = await run(path, limit=2), await run(path)

    again = [await scored(one.folder, suite=path) for one in (part, whole)]

    assert [one.summary.gates[0].state.value for one in again] == ["skipped", "passed"]


async def test_a_row_that_a_guardrail_stopped_ends_as_it_did(code_suite, run, scored):
    nodes = {
        "solve": {**LOOP, "output": "answer"},
        "say": {**FAST_NODES["solve"], "prompt": "say {question}"},
    }
    nodes["say"]["output_keys"] = "said"
    rail = {"use": "regex", "pattern": "swordfish", "must": "not_match", "name": "words"}
    asked = {
        "graph_config": {"nodes": nodes, "edges": chain(nodes)},
        "guardrails": [{**rail, "at": "input", "node": "say", "on_fail": "block"}],
        "quality": {"candidate": "answer", "validators": VISIBLE_ONLY},
    }
    rows = [code_row("fine", "draft=right"), code_row("stopped", "draft=right swordfish")]
    first = await run(code_suite(*rows, **asked))

    again = await scored(first.folder)

    assert first.outcomes() == {"fine": "verified", "stopped": "rejected"}
    assert _lines(again, "rejected") == (first.folder / "rejected.jsonl").read_text().splitlines()
    assert again.summary.counts == first.summary.counts
    assert "guardrails (`words`) are not asked again" in " ".join(scored_text(again).split())
