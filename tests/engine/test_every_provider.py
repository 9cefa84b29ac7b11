"""One suite on every kind of server: what is changed is the model's entry, and nothing else."""

import logging

import pytest

from sygra_eval.engine import ExitCode
from sygra_eval.testing import PASSING, audit, status
from tests.engine.conftest import fast_suite

KINDS = ["openai", "responses", "azure", "azure_v1", "vllm", "ollama"]
STREAMS = ["openai", "responses", "ollama"]
PROVIDERS = ["anthropic", "gemini", "bedrock"]
SOLVE = {"node_type": "llm", "model": "author", "prompt": "{question}", "output_keys": "answer"}
JUDGED = {"validators": [{"use": "regex", "pattern": "^answer to", "required": True}]}
IN_FLIGHT = 3
KEY = "canary-0123456789-abcdef"
# These cost real seconds: a time limit, or a wait that the server asks for.
SLOW = {"hang", "trickle", "stall", "429_seconds", "429_date", "503_seconds"}
# Ollama has no way to say that there is no answer: its empty answer is an empty text.
NOT_OF_OLLAMA = {"null_content", "several_choices", "unasked_tool_call", "tool_call_alone"}


@pytest.fixture(autouse=True)
def accounts(monkeypatch):
    for name in ("ANTHROPIC_API_KEY", "GEMINI_API_KEY", "AWS_ACCESS_KEY_ID"):
        monkeypatch.setenv(name, "canary-0123456789")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    monkeypatch.setenv("AWS_REGION_NAME", "us-east-1")


@pytest.fixture
def rows_of(endpoint, tmp_path, run):
    """Run the suite with a model's entry; return its rows without the model's name."""
    endpoint.answers_with(lambda body: f"answer to {body['messages'][-1]['content']}")

    async def rows(entry: dict, *, questions: int = 3) -> list[dict]:
        suite = fast_suite(
            tmp_path / "suite",
            [f"question {number}" for number in range(questions)],
            models={
                "author": {
                    **entry,
                    "parameters": {"temperature": 0.5, "max_tokens": 50},
                    "max_concurrency": IN_FLIGHT,
                }
            },
            nodes={"solve": SOLVE},
            quality=JUDGED,
        )
        finished = await run(suite)
        assert finished.summary.exit_code is ExitCode.PASSED
        assert {"verified"} == set(finished.outcomes().values()), finished.ends()
        found = finished.rows("verified")
        for row in found:
            for use in row["provenance"]["models"]:
                assert use.pop("model")
            del row["provenance"]["suite_sha256"]
        return found

    return rows


async def test_the_rows_are_the_same_on_every_kind_of_server(endpoint, rows_of):
    usual = await rows_of(endpoint.model_entry("openai"))

    others = [await rows_of(endpoint.model_entry(kind)) for kind in KINDS[1:]]
    streamed = [await rows_of({**endpoint.model_entry(kind), "stream": True}) for kind in STREAMS]

    assert [row["answer"] for row in usual] == [f"answer to question {n}" for n in range(3)]
    assert [*others, *streamed] == [usual] * (len(KINDS) - 1 + len(STREAMS))


@pytest.mark.filterwarnings("ignore")  # litellm's own
async def test_the_rows_are_the_same_through_litellm(endpoint, rows_of):
    usual = await rows_of(endpoint.model_entry("openai"))

    others = [await rows_of(endpoint.model_entry(kind)) for kind in PROVIDERS]

    assert others == [usual] * len(PROVIDERS)


@pytest.mark.parametrize(("kind", "streams"), [("openai", False), ("vllm", True), ("ollama", True)])
async def test_faults_that_pass_change_no_row(endpoint, rows_of, kind, streams):
    entry = {**endpoint.model_entry(kind), "stream": streams}
    usual = await rows_of(entry, questions=30)
    endpoint.events.clear()
    left_out = SLOW | NOT_OF_OLLAMA if kind == "ollama" else SLOW
    quick = [name for name in PASSING if name not in left_out]
    endpoint.fails_with(quick, share=0.3, seed=7)

    disturbed = await rows_of(entry, questions=30)
    endpoint.mark("drained")

    harmless = {"parts", "several_choices", "unasked_tool_call"}
    assert disturbed == usual
    assert {event.fault for event in endpoint.events} - harmless - {""}
    assert audit.problems(endpoint.events, most_in_flight=IN_FLIGHT) == []


@pytest.mark.filterwarnings("ignore")  # litellm's own
@pytest.mark.parametrize("kind", ["openai", "azure", "ollama", "anthropic", "gemini"])
async def test_a_planted_key_is_in_nothing_that_a_run_writes(
    endpoint, tmp_path, run, monkeypatch, capfd, caplog, kind
):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SOME_KEY", KEY)
    endpoint.requires_key = KEY

    def echoing(body):
        if len(endpoint.requests) >= 3:
            endpoint.requires_key = "changed since"  # from now on it echoes what it was sent
        text = f"your key is {KEY}" if len(endpoint.requests) == 2 else "fine"
        return status(500, {"error": {"message": text}}) if text != "fine" else text

    endpoint.answers_with(echoing)
    suite = fast_suite(
        tmp_path / "suite",
        [f"question {number}" for number in range(12)],
        models={
            "author": {
                **endpoint.model_entry(kind),
                "api_key_env": "SOME_KEY",
                "max_concurrency": 1,
            }
        },
        nodes={"solve": SOLVE},
        quality=JUDGED,
    )

    finished = await run(suite)

    assert finished.summary.exit_code is ExitCode.INCOMPLETE
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "journal.db" for path in written)
    assert [path.name for path in written if KEY.encode() in path.read_bytes()] == []
    printed = capfd.readouterr()
    assert KEY not in printed.out + printed.err + caplog.text + repr(finished.summary)


@pytest.mark.embedded
@pytest.mark.skipif("not __import__('importlib').util.find_spec('xllamacpp')", reason="the extra")
async def test_the_same_suite_runs_on_the_embedded_model(tmp_path, run):
    suite = fast_suite(
        tmp_path / "suite",
        ["say a word"],
        models={
            "author": {"use": "embedded", "parameters": {"max_tokens": 8}, "on_length": "accept"}
        },
        nodes={"solve": SOLVE},
        quality={"validators": [{"use": "length", "max": 50, "unit": "words", "required": True}]},
    )

    assert (await run(suite)).summary.exit_code is ExitCode.PASSED
