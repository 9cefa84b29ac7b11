"""Another model answers where one does not, and the row says which."""

import pytest
import yaml

from sygra_eval.engine import ExitCode
from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite
from sygra_eval.testing import ScriptedEndpoint, status
from tests.engine.conftest import answer, code_row

ROWS = tuple(code_row(f"r{n}", "draft=right") for n in range(6))
NO_MONEY = status(402, {"error": {"message": "pay first"}})
TOO_LONG = status(400, {"error": {"code": "context_length_exceeded", "message": "too long"}})


def is_draft(body: dict) -> bool:
    return body["messages"][-1]["content"].startswith("draft ")


@pytest.fixture
async def second():
    async with ScriptedEndpoint.on_a_free_port() as scripted:
        scripted.answers_with(answer)
        yield scripted


@pytest.fixture
def suite_with(code_suite, endpoint, second):
    def write(fallback: object, *rows: dict):
        first = {"use": "openai", "base_url": endpoint.base_url, "model": "first"}
        author = {**first, "parameters": {"temperature": 0.5, "top_p": 0.9}, "fallback": fallback}
        other = {"use": "openai", "base_url": second.base_url, "model": "second"}
        stand_in = {**other, "parameters": {"temperature": 0.1}}
        models = {"author": author, "critic": other, "stand_in": stand_in}
        return code_suite(*(rows or ROWS), models=models)

    return write


async def test_an_empty_account_lets_the_other_model_answer_and_the_row_says_so(
    suite_with, run, endpoint, second
):
    endpoint.answers_with(lambda _: NO_MONEY)

    finished = await run(suite_with("stand_in"))

    assert finished.summary.exit_code is ExitCode.PASSED
    assert set(finished.outcomes().values()) == {"verified"}
    uses = [row["provenance"]["models"][0] for row in finished.rows("verified")]
    assert {(use["role"], use["name"], use["model"]) for use in uses} == {
        ("draft", "stand_in", "second")
    }
    drafts = [body for body in second.requests if is_draft(body)]
    assert {(body["temperature"], "top_p" in body) for body in drafts} == {(0.1, False)}


async def test_a_model_that_answers_is_not_replaced(suite_with, run, endpoint, second):
    finished = await run(suite_with("stand_in"))

    names = {row["provenance"]["models"][0]["name"] for row in finished.rows("verified")}
    assert names == {"author"}
    assert not any(is_draft(body) for body in second.requests)


async def test_what_is_the_prompts_own_fault_falls_back_only_where_it_is_named(
    suite_with, run, endpoint
):
    endpoint.answers_with(lambda _: TOO_LONG)

    by_default = await run(suite_with("stand_in"), name="a")
    named = await run(suite_with({"to": "stand_in", "on": ["too_long"]}), name="b")

    assert set(by_default.outcomes().values()) == {"failed"}
    assert set(named.outcomes().values()) == {"verified"}


async def test_a_chain_is_asked_in_its_order_and_the_last_failure_is_told(
    suite_with, run, endpoint, second
):
    endpoint.answers_with(lambda _: NO_MONEY)
    second.answers_with(lambda _: TOO_LONG)

    finished = await run(suite_with({"to": ["stand_in"]}))

    assert {row["reason"].split(":")[0] for row in finished.rows("failed")} == {"too_long"}


async def test_what_a_stand_in_said_is_kept_for_no_other_suite(
    suite_with, code_suite, run, endpoint, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    endpoint.answers_with(lambda _: NO_MONEY)
    with_fallback = suite_with("stand_in")
    document = yaml.safe_load(with_fallback.read_text())
    document["suite"]["cache"] = "read-write"
    with_fallback.write_text(yaml.safe_dump(document))
    await run(with_fallback, name="first")
    endpoint.answers_with(answer)
    models = document["models"]
    del models["stand_in"], models["author"]["fallback"]
    alone = code_suite(*ROWS, folder="alone", suite=document["suite"], models=models)

    second = await run(alone, name="second")

    assert set(second.outcomes().values()) == {"verified"}
    uses = {row["provenance"]["models"][0]["name"] for row in second.rows("verified")}
    assert uses == {"author"}


async def test_a_replay_does_not_name_a_stand_in_of_the_recorded_suite(
    suite_with, code_suite, run, endpoint
):
    endpoint.answers_with(lambda _: NO_MONEY)
    recorded = await run(suite_with("stand_in"), name="recorded")
    taped = {"use": "replay", "run": str(recorded.folder)}
    models = {"author": taped, "critic": taped}

    again = await run(code_suite(*ROWS, folder="b", models=models), name="again")

    assert again.outcomes() == recorded.outcomes()
    uses = {row["provenance"]["models"][0]["name"] for row in again.rows("verified")}
    assert uses == {"author"}


@pytest.mark.parametrize(
    ("fallback", "message"),
    [
        ("stand_on", "the fallback of `author`: no model `stand_on`"),
        ("author", "`author` cannot stand in for itself"),
        ({"to": "stand_in", "on": ["bad_weather"]}, "`on` must be"),
    ],
)
def test_a_fallback_that_cannot_be_is_named_with_its_place(suite_with, fallback, message):
    path = suite_with(fallback)

    (found,) = check_suite(path, load_plugins(path.parent))

    assert message in found.message
    assert path.read_text().splitlines()[found.line - 1].strip()
