"""Several models for a row in real runs: asked at once, told apart, never paid for twice."""

import json

import pytest

from sygra_eval.engine import ExitCode
from sygra_eval.journal import open_readonly
from sygra_eval.report import record_json, record_text
from sygra_eval.testing import ScriptedEndpoint, completion, status
from sygra_eval.values import ModelUnavailable, RoundKind
from tests.engine.conftest import CODE, chain, code_row
from tests.report.checking import complaints_of

FILES = ("verified.jsonl", "verified.parquet")
DOWN = status(400, {"error": {"message": "as the test says"}})
ASK = {
    "node_type": "multi_llm",
    "models": {"first": "author", "second": "critic"},
    "prompt": "ask {question}",
    "output_keys": "replies",
}
PICK = {"node_type": "best_of_n", "from": "replies", "winner": "who"}
SOLVE = {
    "node_type": "best_of_n",
    "models": {"first": "author", "second": "critic"},
    "samples": 2,
    "prompt": "solve {question}",
}


@pytest.fixture
async def second():
    """Another server, behind the model `critic`."""
    async with ScriptedEndpoint.on_a_free_port() as scripted:
        scripted.answers_with(lambda _: CODE["right"])
        yield scripted


@pytest.fixture
def suite_with(code_suite, endpoint, second):
    """Write a suite whose models `author` and `critic` are two servers."""
    endpoint.answers_with(lambda _: CODE["right"])

    def write(*rows, nodes, **sections):
        entries = {"author": endpoint, "critic": second}
        models = {
            name: {
                "use": "openai",
                "base_url": server.base_url,
                "model": f"model of {name}",
                "max_concurrency": 4,
            }
            for name, server in entries.items()
        }
        graph = {"nodes": nodes, "edges": chain(nodes)}
        return code_suite(*rows, models=models, graph_config=graph, **sections)

    return write


def rounds_of(run, row_id="r0"):
    with open_readonly(run.folder / "journal.db") as reader:
        return {finished.node: finished for finished in reader.rounds(row_id)}


def roles_of(row):
    return [(use["role"], use["name"]) for use in row["provenance"]["models"]]


async def test_the_models_of_a_row_are_asked_at_the_same_time(suite_with, run, endpoint):
    nodes = {"solve": {**SOLVE, "models": {"a": "author", "b": "author"}, "samples": 2}}
    endpoint.latency_s = 1.0

    finished = await run(suite_with(code_row("r0", "q"), nodes=nodes))

    assert finished.outcomes() == {"r0": "verified"}
    assert [event.kind for event in endpoint.events[:4]] == ["begun"] * 4


async def test_a_row_says_who_was_asked_in_the_order_of_the_suite(suite_with, run):
    nodes = {"ask": ASK, "pick": PICK}
    columns = {"output_map": {"author_of_it": {"from": "who"}, "replies": {"from": "replies"}}}

    finished = await run(suite_with(code_row("r0", "q"), nodes=nodes, output_config=columns))

    (row,) = finished.rows("verified")
    assert roles_of(row) == [("first", "author"), ("second", "critic")]
    assert row["author_of_it"] == "first"
    assert row["replies"] == {"first": CODE["right"], "second": CODE["right"]}
    assert row["messages"] == [
        {"role": "user", "content": "ask q"},
        {"role": "assistant", "content": CODE["right"]},
    ]
    assert (row["rounds"], row["stop_reason"]) == (1, None)


@pytest.mark.parametrize(
    ("nodes", "asked"),
    [
        ({"plan": {**ASK, "prompt": "plan"}, "solve": {**SOLVE, "prompt": "solve"}}, "solve"),
        (
            {"plan": {**SOLVE, "output": "plan", "prompt": "plan"}, "ask": ASK, "pick": PICK},
            "ask q",
        ),
    ],
)
async def test_the_prompt_of_a_row_is_the_one_that_its_answer_answers(
    suite_with, run, nodes, asked
):
    quality = {"candidate": "answer", "validators": [{"use": "python_compiles"}]}

    finished = await run(suite_with(code_row("r0", "q"), nodes=nodes, quality=quality))

    (row,) = finished.rows("verified")
    assert [message["content"] for message in row["messages"]] == [asked, CODE["right"]]


@pytest.mark.parametrize("slow", ["author", "critic"])
async def test_the_data_is_the_same_whichever_model_is_the_faster(
    suite_with, run, endpoint, second, slow
):
    for name, server in (("author", endpoint), ("critic", second)):
        delay_s = 0.05 if name == slow else 0.0
        text = CODE["wrong"] if name == "author" else CODE["right"]
        server.answers_with(lambda _, text=text, delay_s=delay_s: completion(text, delay_s=delay_s))
    rows = [code_row(f"r{n}", f"q{n}") for n in range(6)]

    finished = await run(suite_with(*rows, nodes={"solve": SOLVE}))

    assert set(finished.outcomes().values()) == {"verified"}
    data = [row["answer"] for row in finished.rows("verified")]
    assert data == [CODE["right"]] * 6
    assert [roles_of(row) for row in finished.rows("verified")] == [
        [("first", "author"), ("second", "critic")]
    ] * 6


async def test_two_runs_with_other_latencies_end_with_the_same_bytes(
    suite_with, run, endpoint, second
):
    texts = [CODE["wrong"], CODE["right"], CODE["hard-coded"]]

    def answering(server, fast):
        def answer(body):
            number = len(body["messages"][0]["content"]) + body.get("seed", 0)
            is_slow = (len(server.requests) % 2 == 0) is fast
            return completion(texts[number % 3], delay_s=0.03 * is_slow)

        server.answers_with(answer)

    rows = [code_row(f"r{n}", "q" * n) for n in range(8)]
    path = suite_with(*rows, nodes={"ask": ASK, "pick": PICK})
    written = []
    for name, fast in (("a", True), ("b", False)):
        answering(endpoint, fast)
        answering(second, not fast)
        written.append((await run(path, name=name)).bytes_of(*FILES, "rejected.jsonl"))

    assert written[0] == written[1]


async def test_one_that_fails_fails_the_row_and_what_the_others_said_is_kept(
    suite_with, run, resume, endpoint, second
):
    second.answers_with(lambda _: DOWN)
    path = suite_with(code_row("r0", "q"), nodes={"ask": ASK, "pick": PICK})

    failed = await run(path)
    (row,) = failed.rows("failed")
    second.answers_with(lambda _: CODE["right"])
    resumed = await resume(failed.folder)

    assert row["reason"].startswith("bad_request: `second` of `ask` did not answer: ")
    assert resumed.outcomes() == {"r0": "verified"}
    assert len(endpoint.requests) == 1  # the answer was journalled though the row failed
    assert len(second.requests) == 2


async def test_one_that_fails_may_be_skipped_and_nothing_hides_that(
    suite_with, run, endpoint, second
):
    second.answers_with(lambda _: DOWN)
    nodes = {"ask": {**ASK, "on_fail": "skip"}, "pick": PICK}

    finished = await run(suite_with(code_row("r0", "q"), nodes=nodes))

    (row,) = finished.rows("verified")
    assert roles_of(row) == [("first", "author")]
    replies = rounds_of(finished)["ask"]
    assert replies.kind is RoundKind.REPLIES
    assert [one.label for one in replies.attempts] == ["first"]
    ((label, why),) = replies.unanswered
    assert (label, why.partition(":")[0]) == ("second", "bad_request")
    (end,) = finished.ends()
    shown = record_text(end, list(rounds_of(finished).values()))
    assert "second: no answer, bad_request: " in shown
    report = json.loads((finished.folder / "report.json").read_text())["several_models"]
    assert [
        (one["label"], one["answered"]["value"], one["unanswered"]["value"]) for one in report[:2]
    ] == [
        ("first", 1, 0),
        ("second", 0, 1),
    ]


@pytest.mark.parametrize(
    "nodes",
    [{"ask": {**ASK, "on_fail": "skip"}, "pick": PICK}, {"solve": {**SOLVE, "on_fail": "skip"}}],
)
async def test_at_least_one_must_answer(suite_with, run, endpoint, second, nodes):
    endpoint.answers_with(lambda _: DOWN)
    second.answers_with(lambda _: DOWN)

    finished = await run(suite_with(code_row("r0", "q"), nodes=nodes))

    (row,) = finished.rows("failed")
    assert row["reason"].startswith(f"bad_request: nobody answered `{next(iter(nodes))}`: `first`")
    assert "`second`: bad_request: " in row["reason"]


async def test_an_endpoint_that_is_lost_is_not_skipped_but_ends_the_run(suite_with, run, second):
    """It would be missing in every row from there on."""
    refused = status(401, {"error": {"code": "invalid_api_key", "message": "no"}})
    second.answers_with(lambda _: refused)
    rows = [code_row(f"r{n}", f"q{n}") for n in range(16)]

    finished = await run(suite_with(*rows, nodes={"ask": {**ASK, "on_fail": "skip"}, "pick": PICK}))

    assert finished.summary.exit_code is ExitCode.INCOMPLETE
    assert finished.summary.not_reached > 8
    assert "incomplete: " in finished.summary.exit_reason


async def test_candidates_that_nobody_could_judge_are_shown_all_the_same(
    suite_with, run, endpoint, second
):
    second.answers_with(lambda _: DOWN)

    finished = await run(suite_with(code_row("r0", "q"), nodes={"solve": SOLVE}))

    assert finished.outcomes() == {"r0": "failed"}
    (replies,) = rounds_of(finished).values()
    assert replies.kind is RoundKind.REPLIES
    assert [one.answer for one in replies.attempts] == [CODE["right"]] * 2
    assert [label for label, _ in replies.unanswered] == ["second", "second"]


async def test_a_candidate_that_was_not_drawn_is_skipped_where_the_suite_says_so(
    suite_with, run, second
):
    second.answers_with(lambda _: DOWN if len(second.requests) == 1 else CODE["wrong"])

    finished = await run(
        suite_with(code_row("r0", "q"), nodes={"solve": {**SOLVE, "on_fail": "skip"}})
    )

    assert finished.outcomes() == {"r0": "verified"}
    candidates = rounds_of(finished)["solve"]
    assert [one.label for one in candidates.attempts] == ["first", "first", "second"]
    assert [label for label, _ in candidates.unanswered] == ["second"]


async def test_the_best_candidate_is_kept_and_the_row_shows_all_of_them(
    suite_with, run, endpoint, second
):
    endpoint.answers_with(lambda _: CODE["wrong"])

    finished = await run(suite_with(code_row("r0", "q"), nodes={"solve": SOLVE}))

    assert finished.outcomes() == {"r0": "verified"}
    (end,), (shown,) = finished.ends(), rounds_of(finished).values()
    text = record_text(end, [shown])
    assert "candidate 1 (first): not accepted, not kept" in text
    assert "candidate 3 (second): accepted, kept" in text
    assert "kept: candidate 3 of 4: of the 2 that pass what is required 2 are judged best" in text
    (told,) = record_json(end, [shown])["rounds"]
    assert [(one["label"], one["sample"], one["kept"]) for one in told["attempts"]] == [
        ("first", 0, False),
        ("first", 1, False),
        ("second", 0, True),
        ("second", 1, False),
    ]
    assert [v["status"] for v in told["attempts"][0]["verdicts"]] == ["pass", "fail"]
    report = json.loads((finished.folder / "report.json").read_text())["several_models"]
    assert [(one["label"], one["kept"]["value"], one["verified"]["value"]) for one in report] == [
        ("first", 0, 0),
        ("second", 1, 1),
    ]


async def test_hidden_tests_have_no_say_in_which_candidate_is_kept(
    suite_with, run, endpoint, second
):
    endpoint.answers_with(lambda _: CODE["hard-coded"])

    finished = await run(suite_with(code_row("r0", "q"), nodes={"solve": SOLVE}))

    assert finished.outcomes() == {"r0": "rejected"}
    (candidates,) = rounds_of(finished).values()
    assert [one.is_accepted for one in candidates.attempts] == [True] * 4
    assert candidates.attempts[0].is_kept
    groups = {
        group
        for one in candidates.attempts
        for verdict in one.verdicts
        for group in (verdict.evidence.tests if verdict.evidence else ())
    }
    assert groups == {"visible"}


async def test_one_model_under_two_labels_gives_two_answers_from_the_cache_as_well(
    suite_with, run, endpoint, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    endpoint.answers_with(lambda _: f"{CODE['right']}\nanswer {len(endpoint.requests)}")
    path = suite_with(
        code_row("r0", "q"),
        nodes={"ask": {**ASK, "models": {"a": "author", "b": "author"}}, "pick": PICK},
        output_config={"output_map": {"replies": {"from": "replies"}}},
        suite={"name": "small", "cache": "read-write"},
    )

    first, second = await run(path, name="first"), await run(path, name="second")

    assert len(endpoint.requests) == 2
    (replies,) = [row["replies"] for row in first.rows("verified")]
    assert len(set(replies.values())) == 2
    assert second.bytes_of(*FILES) == first.bytes_of(*FILES)


async def test_an_interrupted_run_asks_nothing_again_and_ends_with_the_same_bytes(
    suite_with, run, resume, endpoint, second, stop
):
    rows = [code_row(f"r{n}", f"q{n}") for n in range(16)]
    path = suite_with(*rows, nodes={"ask": ASK, "pick": PICK, "again": {**SOLVE, "output": "b"}})
    undisturbed = await run(path, name="undisturbed")
    asked = len(endpoint.requests) + len(second.requests)
    endpoint.latency_s, second.latency_s = 0.0, 0.01  # it stops in the middle of rows

    def after_three(progress):
        if progress.rows_done == 3:
            stop.drain("SIGINT")

    stopped = await run(path, name="stopped", show=after_three, stop=stop)
    resumed = await resume(stopped.folder)

    assert stopped.summary.not_reached > 0
    assert resumed.bytes_of(*FILES) == undisturbed.bytes_of(*FILES)
    assert resumed.summary.calls == asked == len(rows) * 6
    assert len(endpoint.requests) + len(second.requests) == 2 * asked


# Which model a row gets


BY_WEIGHT = {"route": {"weights": {"author": 3, "critic": 1}}}
ROUTED = {
    "node_type": "llm",
    "model": BY_WEIGHT,
    "prompt": "{question}",
    "output_keys": "answer",
}


async def test_a_row_has_the_same_model_however_late_it_comes(
    suite_with, run, resume, endpoint, second, stop
):
    rows = [code_row(f"r{n}", f"q{n}") for n in range(16)]
    path = suite_with(*rows, nodes={"solve": ROUTED})
    undisturbed = await run(path, name="undisturbed")
    asked = len(endpoint.requests), len(second.requests)
    second.latency_s = 0.02

    def after_three(progress):
        if progress.rows_done == 3:
            stop.drain("SIGINT")

    stopped = await run(path, name="stopped", show=after_three, stop=stop)
    resumed = await resume(stopped.folder)

    assert stopped.summary.not_reached > 0
    assert resumed.bytes_of(*FILES) == undisturbed.bytes_of(*FILES)
    assert (len(endpoint.requests), len(second.requests)) == (2 * asked[0], 2 * asked[1])
    assert sum(asked) == 16
    assert min(asked) > 0
    report = json.loads((resumed.folder / "report.json").read_text())["by_model"]
    assert [(one["role"], one["model"], one["rate"]["k"], one["rate"]["n"]) for one in report] == [
        ("solve", "author", asked[0], asked[0]),
        ("solve", "critic", asked[1], asked[1]),
    ]
    assert complaints_of(resumed.folder) == []


async def test_the_rows_column_chooses_and_a_row_without_a_case_is_bad_input(
    suite_with, run, endpoint, second
):
    route = {"by": "{level}", "cases": {"easy": "author", "hard": "critic"}}
    rows = [
        {**code_row(name, name), "level": name.partition("-")[0]}
        for name in ("easy-1", "hard-1", "odd-1", "easy-2")
    ]
    nodes = {"solve": {**ROUTED, "model": {"route": route, "parameters": {"temperature": 0.25}}}}

    finished = await run(suite_with(*rows, nodes=nodes))

    assert [body["messages"][0]["content"] for body in second.requests] == ["hard-1"]
    assert {body["messages"][0]["content"] for body in endpoint.requests} == {"easy-1", "easy-2"}
    assert {body["temperature"] for body in endpoint.requests} == {0.25}
    (row,) = finished.rows("failed")
    assert row["reason"] == (
        "bad_input: rows.jsonl:3: no case of the route `{level}` is `odd`, and it has no "
        "`otherwise` (known here: `easy`, `hard`)"
    )


async def test_author_and_critic_of_a_loop_are_routed_and_a_row_keeps_its_author(
    suite_with, run, endpoint, second
):
    """What one model drafted the same one revises: a draw belongs to the row, not to the call."""
    answers = {"criticise": "- look again", "draft": CODE["wrong"], "revise": CODE["right"]}
    for server in (endpoint, second):
        server.answers_with(lambda body: answers[body["messages"][-1]["content"].split()[0]])
    loop = {
        "node_type": "critique_loop",
        "draft": {"model": {"route": {"weights": {"author": 1, "critic": 1}}}, "prompt": "draft"},
        "critique": {
            "model": {"route": {"by": "{level}", "cases": {"x": "author"}, "otherwise": "critic"}},
            "prompt": "criticise",
        },
        "revise": {"model": {"route": {"weights": {"critic": 5, "author": 5}}}, "prompt": "revise"},
        "until": {"accepted_by": ["unit_tests"]},
        "max_rounds": 2,
    }
    rows = [{**code_row(f"r{n}", "q"), "level": "xy"[n % 2]} for n in range(12)]

    finished = await run(suite_with(*rows, nodes={"solve": loop}))

    verified = {row["id"]: dict(roles_of(row)) for row in finished.rows("verified")}
    assert len(verified) == 12
    assert all(uses["draft"] == uses["revise"] for uses in verified.values())
    assert {uses["draft"] for uses in verified.values()} == {"author", "critic"}
    assert {verified[f"r{n}"]["critique"] for n in range(0, 12, 2)} == {"author"}
    assert {verified[f"r{n}"]["critique"] for n in range(1, 12, 2)} == {"critic"}


async def test_a_row_without_a_case_for_its_critic_costs_no_draft(suite_with, run, endpoint):
    loop = {
        "node_type": "critique_loop",
        "draft": {"model": "author", "prompt": "draft"},
        "critique": {"model": {"route": {"by": "{level}", "cases": {"x": "critic"}}}},
    }
    rows = [{**code_row("r0", "q"), "level": "y"}]

    finished = await run(suite_with(*rows, nodes={"solve": loop}))

    assert finished.outcomes() == {"r0": "failed"}
    assert endpoint.requests == []


async def test_a_model_that_only_a_route_names_is_looked_at_before_the_first_row(
    suite_with, run, endpoint, second
):
    second.requires_key = "another"
    path = suite_with(code_row("r0", "q"), nodes={"solve": ROUTED})

    with pytest.raises(ModelUnavailable, match="critic"):
        await run(path)

    assert endpoint.requests == []


async def test_author_and_critic_that_may_be_one_model_are_told(suite_with, run):
    either = {"route": {"weights": {"author": 1, "critic": 1}}}
    loop = {
        "node_type": "critique_loop",
        "draft": {"model": "author", "prompt": "draft"},
        "critique": {"model": either},
        "max_rounds": 1,
    }

    finished = await run(suite_with(code_row("r0", "q"), nodes={"solve": loop}))

    assert finished.summary.warnings == (
        "author and critic of `solve` can be the same model, model of author: its critique "
        "carries little information",
    )


async def test_several_authors_and_their_judge_that_is_one_of_them_are_told(
    suite_with, run, endpoint
):
    endpoint.answers_with(lambda _: "REASON: it says why.\nVERDICT: pass")
    judge = {"use": "judge", "model": "author", "rubric": "It says why.", "canaries": False}
    path = suite_with(
        code_row("r0", "q"), nodes={"ask": ASK, "pick": PICK}, quality={"validators": [judge]}
    )

    finished = await run(path)

    assert finished.summary.exit_code is ExitCode.PASSED
    assert finished.summary.warnings[:1] == (
        "`judge` judges by the model that wrote the answers of `ask`, model of author: a model "
        "thinks well of its own answers",
    )
