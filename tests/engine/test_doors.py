"""What leaves in a header: our own words and a key, to the host that the suite names."""

import json

import pytest

from sygra_eval.engine import ExitCode
from sygra_eval.testing import ScriptedEndpoint, status
from tests.engine.conftest import fast_suite

KEY = "canary-0123456789-abcdef"
SOLVE = {"node_type": "llm", "model": "author", "prompt": "{question}", "output_keys": "answer"}
JUDGED = {"validators": [{"use": "length", "min": 1, "unit": "words", "required": True}]}
EVIL = [
    "line\r\nX-Evil: 1\r\n\r\nGET /admin HTTP/1.1",
    "nul \0 and \x1b[31m escape",
    "X-Evil: 1\nAuthorization: Bearer mine",
    "\u2028\u2029\x85 other breaks",
]


@pytest.fixture
def suite_of(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)

    def write(endpoint, questions, **entry):
        author = {**endpoint.model_entry(), "api_key_env": "SOME_KEY", **entry}
        rows = [json.dumps({"id": f"r{n}", "question": q}) for n, q in enumerate(questions)]
        return fast_suite(
            tmp_path / "suite",
            rows,
            models={"author": author},
            nodes={"solve": SOLVE},
            quality=JUDGED,
        )

    return write


async def test_what_a_row_says_reaches_the_body_and_no_header(endpoint, suite_of, run):
    endpoint.answers_with(lambda body: "an answer")

    finished = await run(suite_of(endpoint, EVIL))

    sent = [body["messages"][-1]["content"] for body in endpoint.requests]
    usual = {"host", "content-type", "content-length", "accept", "accept-encoding", "user-agent"}
    assert finished.summary.exit_code is ExitCode.PASSED
    assert sorted(sent) == sorted(EVIL)
    for headers in endpoint.headers:
        assert {name.lower() for name in headers} == usual | {"authorization"}
        assert headers["Authorization"] == f"Bearer {KEY}"
    assert set(endpoint.paths) == {"/v1/chat/completions"}


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_no_redirect_takes_a_key_to_another_host(endpoint, suite_of, run, code):
    async with ScriptedEndpoint.on_a_free_port() as other:
        other.answers_with(lambda body: "stolen")
        where = {"Location": f"http://localhost:{other.port}/v1/chat/completions"}
        endpoint.answers_with(lambda body: status(code, None, where))

        finished = await run(suite_of(endpoint, ["q"]))

        assert (other.requests, other.headers, other.most_in_flight) == ([], [], 0)
    (end,) = finished.ends()
    assert end.reason.startswith("redirected: ")
    assert "write the final address as `base_url`" in end.reason


async def test_headers_past_all_bounds_cost_a_row_and_not_the_run(endpoint, suite_of, run, hurried):
    def answer(body):
        huge = {"X-Padding": "x" * 200_000}
        return status(200, {}, huge) if len(endpoint.requests) == 1 else "an answer"

    endpoint.answers_with(answer)

    finished = await run(suite_of(endpoint, ["q", "q"], max_concurrency=1), stop=hurried())

    assert set(finished.outcomes().values()) == {"verified"}
    assert len(endpoint.requests) == 3
