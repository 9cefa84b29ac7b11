"""Answers that are to be JSON: asked in each server's way, checked here, repaired twice at most."""

import json

import pytest

from sygra_eval.engine import ExitCode
from sygra_eval.engine.structured import response_format
from sygra_eval.journal import open_readonly
from sygra_eval.testing import completion, status
from sygra_eval.values import Structured
from tests.engine.conftest import fast_suite

SCHEMA = {
    "type": "object",
    "title": "Review",
    "properties": {"title": {"type": "string"}, "score": {"type": "integer", "maximum": 10}},
    "required": ["title", "score"],
    "additionalProperties": False,
}
GOOD = '{"title": "fine", "score": 7}'
KINDS = ["openai", "responses", "azure", "vllm", "ollama", "completions"]


@pytest.fixture
def reviewing(endpoint, tmp_path, run):
    """Run one question through a node that asks for a review; return the run."""

    async def reviewed(
        kind: str = "openai", *, schema=None, model=None, rows=1, choice=None, **options
    ):
        asks = {"name": "author", "structured_output": {"schema": schema or SCHEMA}}
        node = {
            "node_type": "llm",
            "model": {**asks, **(choice or {})},
            "prompt": "review {question}",
            "output_keys": "answer",
        }
        suite = fast_suite(
            tmp_path / "suite",
            [f"question {number}" for number in range(rows)],
            models={"author": {**endpoint.model_entry(kind), **(model or {})}},
            nodes={"solve": node},
            quality={"validators": [{"use": "length", "min": 1, "unit": "words"}]},
            output_config={"output_map": {"title": {"from": "title"}, "score": {"from": "score"}}},
        )
        return await run(suite, **options)

    return reviewed


def schema_sent(kind: str, body: dict) -> object:
    match kind:
        case "responses":
            return body["text"]["format"]["schema"]
        case "ollama":
            return body["format"]
        case "completions":
            return SCHEMA if json.dumps(SCHEMA) in body["prompt"] else None
    return body["response_format"]["json_schema"]["schema"]


@pytest.mark.parametrize("kind", KINDS)
async def test_the_schema_goes_out_in_the_servers_way_and_fields_come_back(
    endpoint, reviewing, kind
):
    endpoint.will_answer(GOOD)

    finished = await reviewing(kind)

    (row,) = finished.rows("verified")
    assert (row["title"], row["score"], row["answer"]) == ("fine", 7, GOOD)
    assert schema_sent(kind, endpoint.requests[0]) == SCHEMA


async def test_a_model_without_a_json_mode_finds_the_schema_in_its_prompt(endpoint, reviewing):
    endpoint.will_answer(f"```json\n{GOOD}\n```")

    finished = await reviewing(model={"json_mode": False})

    (asked,) = endpoint.requests
    assert json.dumps(SCHEMA) in asked["messages"][-1]["content"]
    assert "response_format" not in asked
    (row,) = finished.rows("verified")
    assert (row["score"], row["answer"]) == (7, GOOD)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ("I think it is fine.", "it is not JSON: line 1, column 1"),
        ('{"title": "fine", "score": 11}', "at $.score: 11 is greater than the maximum of 10"),
        ('{"title": "fine"}', "at $: 'score' is a required property"),
        ('{"title": "fine", "score": 7, "x": 1e999}', "a number is too large"),
        ('{"title": "fine", "score": NaN}', "`NaN` is not JSON"),
        (completion('{"title": "fi', finish_reason="length"), "cut off at its limit of tokens"),
        ("", "it is not JSON"),
    ],
)
async def test_a_reply_that_does_not_fit_is_asked_again_and_told_why(
    endpoint, reviewing, reply, told
):
    endpoint.will_answer(reply, GOOD)

    finished = await reviewing()

    *_, said, again = endpoint.requests[1]["messages"]
    assert said["role"] == "assistant"
    assert said["content"]
    assert told in again["content"]
    assert finished.rows("verified")[0]["answer"] == GOOD
    assert finished.summary.repairs == 1


async def test_a_row_fails_as_schema_after_two_repairs_and_no_other_does(endpoint, reviewing):
    def reply(body):
        is_bad = "question 1" in body["messages"][0]["content"]
        return "no" if is_bad else GOOD

    endpoint.answers_with(reply)

    finished = await reviewing(rows=3)

    (failed,) = finished.rows("failed")
    assert failed["id"] == "r1"
    assert failed["reason"].startswith("schema: no reply of `author` fits the schema, with 2 rep")
    assert len(finished.rows("verified")) == 2
    assert len(endpoint.requests) == 2 + 3


async def test_what_a_node_says_of_cut_answers_holds_for_json_too(endpoint, reviewing):
    def reply(body):
        is_raised = body["max_tokens"] > 8
        return completion(GOOD) if is_raised else completion(GOOD[:9], finish_reason="length")

    endpoint.answers_with(reply)
    cut = {"parameters": {"max_tokens": 8}}

    raised = await reviewing(choice={**cut, "on_length": "raise_max_tokens"})
    failed = await reviewing(choice={**cut, "on_length": "fail"}, name="failed")

    assert [body["max_tokens"] for body in endpoint.requests] == [8, 16, 8]
    assert (raised.summary.repairs, raised.outcomes()) == (0, {"r0": "verified"})
    assert failed.rows("failed")[0]["reason"].startswith("truncated")


@pytest.mark.parametrize("kind", ["openai", "ollama"])
async def test_a_server_that_spoils_some_replies_changes_no_row(endpoint, reviewing, kind):
    spoilt = [GOOD[:-1], f"Sure! {GOOD}", "[]", "", '{"title": 1, "score": 7}']

    def disturbed(body):
        number = int(body["messages"][0]["content"].split()[-1])
        tries = sum(message["role"] == "assistant" for message in body["messages"])
        return GOOD if tries or number % 2 else spoilt[number // 2]

    endpoint.answers_with(lambda body: GOOD)
    usual = await reviewing(kind, rows=10)
    endpoint.answers_with(disturbed)

    finished = await reviewing(kind, rows=10, name="disturbed")

    assert finished.summary.repairs == 5
    assert finished.rows("verified") == usual.rows("verified")


async def test_a_resumed_run_repeats_no_repair(endpoint, reviewing, resume):
    endpoint.answers_with(lambda body: "no")

    finished = await reviewing()
    sent = len(endpoint.requests)
    again = await resume(finished.folder)

    assert (sent, len(endpoint.requests)) == (3, 3)
    assert again.summary.exit_code is ExitCode.INCOMPLETE
    with open_readonly(again.folder / "journal.db") as reader:
        assert reader.calls_summary().repairs == 2


async def test_sygras_short_form_has_defaults(endpoint, reviewing):
    fields = {"title": {"type": "str", "description": "short"}, "score": {"default": 3}}
    fields["score"]["type"] = "int"
    endpoint.will_answer('{"title": "fine"}')

    finished = await reviewing(schema={"name": "my review", "fields": fields})

    told = endpoint.requests[0]["response_format"]["json_schema"]
    assert told["name"] == "my_review"
    assert told["schema"]["required"] == ["title"]
    assert finished.rows("verified")[0]["score"] == 3


async def test_a_critic_that_answers_in_json_can_say_the_stop_phrase(endpoint, tmp_path, run):
    schema = {"type": "object", "properties": {"feedback": {"type": "string"}}}
    node = {
        "node_type": "critique_loop",
        "draft": {"model": "author", "prompt": "{question}"},
        "critique": {
            "model": {"name": "author", "structured_output": {"schema": schema}},
            "prompt": "criticise {candidate}",
        },
    }
    endpoint.will_answer("a draft", "hm", '{"feedback": "no more feedback."}')
    suite = fast_suite(
        tmp_path / "suite",
        ["why"],
        models={"author": {**endpoint.model_entry("openai"), "max_concurrency": 1}},
        nodes={"solve": node},
        quality={"validators": [{"use": "length", "min": 1, "unit": "words"}]},
    )

    finished = await run(suite)

    (row,) = finished.rows("verified")
    assert row["stop_reason"] == "sentinel"
    assert finished.summary.repairs == 1


@pytest.mark.parametrize(
    ("schema", "is_strict"),
    [
        (
            SCHEMA | {"properties": {"title": {"type": "string"}, "score": {"type": "integer"}}},
            True,
        ),
        (SCHEMA, False),  # `maximum` is not known there
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, False),
        ({**SCHEMA, "required": ["title"]}, False),
    ],
)
def test_strict_is_asked_for_where_openai_takes_it(schema, is_strict):
    told = response_format(Structured(name="x", schema=schema))["json_schema"]

    assert told.get("strict", False) is is_strict


@pytest.mark.parametrize("has_json_mode", [True, False])
async def test_a_replay_asks_what_was_asked(endpoint, reviewing, has_json_mode):
    endpoint.will_answer("no", GOOD)
    recorded = await reviewing(model={"json_mode": has_json_mode})

    again = await reviewing(models={"author": f"replay:{recorded.folder}"}, name="again")

    assert again.rows("verified")[0]["score"] == 7
    assert len(endpoint.requests) == 2


async def test_a_model_that_stands_in_without_a_json_mode_is_sent_no_schema(
    endpoint, tmp_path, run
):
    node = {
        "node_type": "llm",
        "model": {"name": "author", "structured_output": {"schema": SCHEMA}},
        "prompt": "review {question}",
        "output_keys": "answer",
    }
    endpoint.will_answer(status(400, {"error": {"message": "no such thing"}}), "hm", GOOD)
    entry = {**endpoint.model_entry("openai"), "max_concurrency": 1}
    models = {
        "author": {**entry, "fallback": {"to": "other", "on": ["bad_request"]}},
        "other": {**entry, "json_mode": False},
    }
    suite = fast_suite(
        tmp_path / "suite",
        ["why"],
        models=models,
        nodes={"solve": node},
        quality={"validators": [{"use": "length", "min": 1, "unit": "words"}]},
    )

    await run(suite)

    first, second, *_ = endpoint.requests
    assert ("response_format" in first, "response_format" in second) == (True, False)


@pytest.mark.filterwarnings("ignore")  # litellm's own
async def test_litellm_translates_the_schema_and_the_answer(endpoint, reviewing, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary-0123456789")
    called = {"name": "json_tool_call", "arguments": GOOD}
    endpoint.will_answer(completion("", tool_calls=[called]))

    finished = await reviewing("anthropic")

    assert endpoint.requests[0]["tools"][0]["input_schema"]["required"] == SCHEMA["required"]
    assert finished.rows("verified")[0]["score"] == 7


@pytest.mark.filterwarnings("ignore")  # litellm's own
async def test_litellm_may_be_told_that_a_model_has_no_json_mode(endpoint, reviewing, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary-0123456789")
    endpoint.will_answer(GOOD)

    await reviewing("anthropic", model={"json_mode": False})

    (asked,) = endpoint.requests
    assert "tools" not in asked
    assert json.dumps(SCHEMA) in asked["messages"][-1]["content"][0]["text"]
