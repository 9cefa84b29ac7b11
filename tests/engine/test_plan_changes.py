"""A run goes on with a changed suite or input: said first, agreed to, and nothing paid twice."""

import json
from collections import Counter

import pytest
import yaml

from sygra_eval.engine import ExitCode, PlanChange
from sygra_eval.engine.plan_changes import SUITE_FILE, changed_keys
from sygra_eval.journal import Journal, open_readonly
from sygra_eval.values import Outcome, UsageError
from tests.engine.conftest import chain, code_row, fast_suite, write_suite

FILES = ("verified.jsonl", "verified.parquet")


async def yes():
    return True


async def no():
    return False


def two_steps(tmp_path, endpoint, rows, *, polish="polish {draft}", **sections):
    """Write a suite of two calls a row, the second of which depends on the first."""
    model = {"use": "openai", "base_url": endpoint.base_url, "model": "scripted"}
    call = {"node_type": "llm", "model": "author"}
    nodes = {
        "write": {**call, "prompt": "write {question}", "output_keys": "draft"},
        "polish": {**call, "prompt": polish, "output_keys": "answer"},
    }
    given = {
        "models": {"author": model},
        "graph_config": {"nodes": nodes, "edges": chain(nodes)},
        "quality": {"validators": [{"use": "says"}]},
        "sandbox": {"isolation": "none", "i_accept_the_risk": True},
        **sections,
    }
    return write_suite(tmp_path / "suite", rows, **given)


def echo(body):
    return body["messages"][-1]["content"]


def questions(*numbers, **changed):
    return [{"id": f"r{n}", "question": changed.get(f"r{n}", f"question {n}")} for n in numbers]


def asked(endpoint):
    return Counter(str(request["messages"]) for request in endpoint.requests)


async def test_a_changed_prompt_is_paid_from_there_on_and_ends_as_a_new_run_would(
    tmp_path, endpoint, run, resume
):
    endpoint.answers_with(echo)
    rows = questions(*range(6))
    first = await run(two_steps(tmp_path, endpoint, rows), name="first")
    suite = two_steps(tmp_path, endpoint, rows, polish="polish well {draft}")
    said = []

    changed = await resume(
        first.folder, change=PlanChange(suite=suite, goes_on=yes), tell=said.append
    )

    assert asked(endpoint).most_common(1)[0][1] == 1
    assert len(endpoint.requests) == 12 + 6
    assert "the suite has changed: graph_config.nodes.polish.prompt" in said
    assert "6 of 12 calls can be reused, at least" in said
    anew = await run(suite, name="anew")
    assert changed.bytes_of(*FILES) == anew.bytes_of(*FILES)
    assert changed.summary.exit_code is ExitCode.PASSED
    with open_readonly(first.folder / "journal.db") as reader:
        assert [event.kind for event in reader.events()].count("plan_changed") == 1


async def test_changed_validators_cost_no_call_and_all_rows_are_judged_anew(
    tmp_path, endpoint, run, resume
):
    endpoint.answers_with(echo)
    rows = questions(0, 1, r1="question strict-fail")
    first = await run(two_steps(tmp_path, endpoint, rows))
    assert first.outcomes() == {"r0": "verified", "r1": "verified"}
    strict = {"validators": [{"use": "says", "name": "strict"}]}
    suite = two_steps(tmp_path, endpoint, rows, quality=strict)

    changed = await resume(first.folder, change=PlanChange(suite=suite, goes_on=yes))

    assert changed.outcomes() == {"r0": "verified", "r1": "rejected"}
    assert len(endpoint.requests) == 4


async def test_rows_added_removed_and_changed_are_named_and_only_they_are_paid(
    tmp_path, endpoint, run, resume
):
    endpoint.answers_with(echo)
    first = await run(two_steps(tmp_path, endpoint, questions(0, 1, 2, 3)), name="first")
    rows = questions(0, 2, 3, 4, r3="another question")
    suite = two_steps(tmp_path, endpoint, rows)
    said = []

    changed = await resume(
        first.folder, change=PlanChange(suite=suite, goes_on=yes), tell=said.append
    )

    assert [one for one in said if one.startswith("the input")] == [
        "the input has changed: 1 row added (r4)",
        "the input has changed: 1 row removed (r1)",
        "the input has changed: 1 row changed (r3)",
        "the input has changed: 1 row in another place (r2)",
    ]
    assert "4 of 8 calls can be reused, at least" in said
    assert len(endpoint.requests) == 8 + 4
    assert asked(endpoint).most_common(1)[0][1] == 1
    assert list(changed.outcomes()) == ["r0", "r2", "r3", "r4"]
    anew = await run(suite, name="anew")
    assert changed.bytes_of(*FILES) == anew.bytes_of(*FILES)


async def test_a_changed_input_of_a_stopped_run_is_asked_about_without_a_suite(
    tmp_path, run, resume, stop
):
    def after_two(progress):
        if progress.rows_done == 2:
            stop.drain("test")

    suite = fast_suite(tmp_path, ["one"] * 20)
    stopped = await run(suite, show=after_two, stop=stop)
    fast_suite(tmp_path, ["two"] * 20)

    changed = await resume(stopped.folder, change=PlanChange(goes_on=yes))

    assert {row["answer"] for row in changed.rows("verified")} == {"two"}
    assert changed.summary.rows == 20


async def test_a_variant_goes_on_with_the_same_variant_of_a_changed_suite(
    tmp_path, endpoint, run, resume
):
    endpoint.answers_with(echo)
    given = {"matrix": {"style": {"plain": "polish {draft}", "well": "polish well {draft}"}}}
    rows, style = questions(1), "${matrix.style}"
    suite = two_steps(tmp_path, endpoint, rows, polish=style, **given)
    first = await run(suite, name="first", variant="style=well")
    two_steps(tmp_path, endpoint, rows, polish=f"{style} again", **given)

    await resume(first.folder, change=PlanChange(suite=suite, goes_on=yes))

    assert echo(endpoint.requests[-1]) == "polish well write question 1 again"


@pytest.mark.parametrize("goes_on", [None, no])
async def test_what_nobody_agrees_to_changes_nothing(tmp_path, endpoint, run, resume, goes_on):
    endpoint.answers_with(echo)
    first = await run(two_steps(tmp_path, endpoint, questions(0, 1)))
    written = first.bytes_of(*FILES, "manifest.json", SUITE_FILE)
    suite = two_steps(tmp_path, endpoint, questions(0, 1), polish="otherwise {draft}")

    with pytest.raises(UsageError, match="nobody agreed to go on with it"):
        await resume(first.folder, change=PlanChange(suite=suite, goes_on=goes_on))

    assert first.bytes_of(*FILES, "manifest.json", SUITE_FILE) == written
    assert len(endpoint.requests) == 4
    assert (await resume(first.folder)).bytes_of(*FILES) == first.bytes_of(*FILES)


async def test_a_higher_limit_takes_more_rows_unasked_and_a_lower_one_is_refused(
    tmp_path, endpoint, run, resume
):
    endpoint.answers_with(echo)
    first = await run(two_steps(tmp_path, endpoint, questions(*range(8))), limit=3)
    assert first.summary.rows == 3

    more = await resume(first.folder, change=PlanChange(limit=5))

    assert list(more.outcomes()) == ["r0", "r1", "r2", "r3", "r4"]
    assert len(endpoint.requests) == 10
    with pytest.raises(UsageError, match="can only take more"):
        await resume(first.folder, change=PlanChange(limit=2))


async def test_another_suite_is_no_changed_one(tmp_path, run, resume):
    first = await run(fast_suite(tmp_path, ["one"]))
    other = fast_suite(tmp_path / "other", ["one"], suite={"name": "other"})

    with pytest.raises(UsageError, match="is the suite `other`, and this run is one of `small`"):
        await resume(first.folder, change=PlanChange(suite=other, goes_on=yes))


async def test_a_kill_between_journal_and_suite_file_is_mended(
    tmp_path, endpoint, run, resume, monkeypatch
):
    endpoint.answers_with(echo)
    rows = questions(0, 1, 2)
    first = await run(two_steps(tmp_path, endpoint, rows), name="first")
    suite = two_steps(tmp_path, endpoint, rows, polish="otherwise {draft}")
    change_plan = Journal.change_plan

    async def and_die(*given, **told):
        await change_plan(*given, **told)
        raise KeyError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "change_plan", and_die)
        with pytest.raises(KeyError, match="killed"):
            await resume(first.folder, change=PlanChange(suite=suite, goes_on=yes))
    assert "otherwise" not in (first.folder / SUITE_FILE).read_text()

    mended = await resume(first.folder)

    anew = await run(suite, name="anew")
    assert mended.bytes_of(*FILES) == anew.bytes_of(*FILES)
    assert len(endpoint.requests) == 6 + 3 + 6


async def test_a_loop_is_counted_up_to_what_must_be_asked_anew(code_suite, run, resume, endpoint):
    rows = [code_row(f"r{n}", f"draft=wrong revise=right n={n} .") for n in range(3)]
    first = await run(code_suite(*rows), name="first")
    before = len(endpoint.requests)
    document = yaml.safe_load((first.folder / SUITE_FILE).read_text())
    revise = document["graph_config"]["nodes"]["solve"]["revise"]
    suite = code_suite(
        *rows, loop={"revise": {**revise, "prompt": [{"user": "revise {question}"}]}}
    )
    said = []

    changed = await resume(
        first.folder, change=PlanChange(suite=suite, goes_on=yes), tell=said.append
    )

    assert f"6 of {before} calls can be reused, at least" in said
    assert set(changed.outcomes().values()) == {"verified"}
    anew = await run(suite, name="anew")
    assert changed.bytes_of(*FILES) == anew.bytes_of(*FILES)


def test_documents_are_compared_key_by_key():
    before = {"a": {"b": 1, "c": 2}, "d": [1]}
    after = {"a": {"b": 1, "c": 3, "e": 4}, "d": [2]}

    assert list(changed_keys(before, after)) == ["a.c", "a.e (added)", "d"]
    assert list(changed_keys(before, json.loads(json.dumps(before)))) == []


async def test_a_row_whose_tests_changed_is_judged_by_the_new_ones_and_asked_nothing(
    code_suite, run, resume, endpoint
):
    rows = [code_row(f"r{n}", f"draft=right n={n} .") for n in range(3)]
    first = await run(code_suite(*rows), name="first")
    assert set(first.outcomes().values()) == {"verified"}
    before = len(endpoint.requests)
    rows[1]["hidden_tests"] = ["assert f(10) == 12"]
    suite = code_suite(*rows)

    changed = await resume(first.folder, change=PlanChange(suite=suite, goes_on=yes))

    assert changed.outcomes() == {"r0": "verified", "r1": "rejected", "r2": "verified"}
    assert len(endpoint.requests) == before


async def test_all_rows_are_judged_anew_where_the_suite_looks_at_another_column(
    code_suite, run, resume, endpoint
):
    row = {**code_row("r0", "draft=right n=0 ."), "other": ["assert f(10) == 12"]}
    first = await run(code_suite(row))
    assert first.outcomes() == {"r0": "verified"}
    before = len(endpoint.requests)
    other = {"use": "unit_tests", "from": {"visible": "visible_tests", "hidden": "other"}}
    quality = {"grade": "tests + hidden", "validators": [{"use": "python_compiles"}, other]}
    suite = code_suite(row, quality=quality)

    changed = await resume(first.folder, change=PlanChange(suite=suite, goes_on=yes))

    assert changed.outcomes() == {"r0": "rejected"}
    assert len(endpoint.requests) == before


async def test_a_target_of_the_command_line_stays_when_the_run_gets_more_rows(
    tmp_path, endpoint, run, resume
):
    endpoint.answers_with(echo)
    first = await run(
        two_steps(tmp_path, endpoint, questions(*range(9))), limit=2, target_verified=4
    )

    more = await resume(first.folder, change=PlanChange(limit=9))

    assert first.summary.counts[Outcome.VERIFIED] == 2
    assert len(more.rows("verified")) == more.summary.counts[Outcome.VERIFIED] == 4
    assert more.summary.exit_code is ExitCode.PASSED
