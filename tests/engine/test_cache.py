"""Answers kept across runs: opted into by the suite, never for failures, safe when damaged."""

import sqlite3
import stat

import pytest

from sygra_eval.models import AnswerCache
from sygra_eval.testing import status
from sygra_eval.values import ChatResponse, Usage, UsageError
from tests.engine.conftest import code_row

ROWS = (code_row("a", "draft=right"), code_row("b", "draft=wrong revise=right"))
PRICE = {"input": 1.0, "output": 2.0}


@pytest.fixture(autouse=True)
def _cache_of_this_test(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def suite_with(code_suite, endpoint):
    def write(cache: object, *, folder: str = "suite", **model: object):
        spec = {"use": "openai", "base_url": endpoint.base_url, "model": "scripted", "price": PRICE}
        models = {name: {**spec, **model} for name in ("author", "critic")}
        head = {"name": "small", "cache": cache}
        return code_suite(*ROWS, folder=folder, suite=head, models=models)

    return write


def answers_only(rows: list[dict]) -> list[tuple[str, str]]:
    return [(row["id"], row["answer"]) for row in rows]


async def test_a_second_run_pays_nothing_and_says_what_was_saved(suite_with, run, endpoint):
    first = await run(suite_with("read-write"), name="first")
    asked = len(endpoint.requests)

    second = await run(suite_with("read"), name="second")

    assert len(endpoint.requests) == asked > 0
    assert (first.summary.calls_from_cache, second.summary.calls_from_cache) == (0, asked)
    assert second.summary.cost_usd == 0
    assert second.summary.saved_usd == first.summary.cost_usd > 0
    assert answers_only(second.rows("verified")) == answers_only(first.rows("verified"))


async def test_parameters_that_change_no_answer_do_not_matter_and_others_do(
    suite_with, run, endpoint
):
    await run(suite_with("read-write"), name="first")
    asked = len(endpoint.requests)

    await run(suite_with("read", timeout=60, max_concurrency=1, rpm=600), name="second")
    same = len(endpoint.requests)
    await run(suite_with("read", parameters={"temperature": 0.9}), name="third")

    assert same == asked
    assert len(endpoint.requests) == 2 * asked


@pytest.mark.parametrize("word", ["off", False])
async def test_off_is_off_and_also_when_yaml_reads_it_as_false(suite_with, run, endpoint, word):
    await run(suite_with("read-write"), name="first")
    asked = len(endpoint.requests)

    again = await run(suite_with(word), name="second")

    assert len(endpoint.requests) == 2 * asked
    assert again.summary.calls_from_cache == 0


async def test_reading_keeps_nothing(suite_with, run, endpoint):
    await run(suite_with("read"), name="first")
    asked = len(endpoint.requests)

    await run(suite_with("read"), name="second")

    assert len(endpoint.requests) == 2 * asked


async def test_a_failure_is_never_kept(suite_with, run, endpoint):
    endpoint.will_answer(*(status(400, {"error": {"message": "too hot today"}}) for _ in range(2)))
    first = await run(suite_with("read-write"), name="first")

    second = await run(suite_with("read-write"), name="second")

    assert set(first.outcomes().values()) == {"failed"}
    assert set(second.outcomes().values()) == {"verified"}


RESPONSE = ChatResponse(
    text="said \ud800", finish_reason="stop", usage=Usage(prompt_tokens=1, completion_tokens=1)
)


def test_what_is_kept_is_found_by_request_and_sample_alone(tmp_path):
    cache = AnswerCache(tmp_path)

    cache.keep(b"asked", 0, RESPONSE)

    assert cache.find(b"asked", 0) == RESPONSE
    assert cache.find(b"asked", 1) is cache.find(b"other", 0) is None
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600
    cache.close()


def test_a_damaged_answer_is_a_miss_and_is_replaced(tmp_path):
    cache = AnswerCache(tmp_path)
    cache.keep(b"asked", 0, RESPONSE)
    with sqlite3.connect(cache.path) as other:
        other.execute("UPDATE answer SET response = x'7b7d'")
    other.close()

    missed = cache.find(b"asked", 0)
    cache.keep(b"asked", 0, RESPONSE)

    assert missed is None
    assert cache.find(b"asked", 0) == RESPONSE
    cache.close()


def test_two_processes_may_share_it(tmp_path):
    one, other = AnswerCache(tmp_path), AnswerCache(tmp_path)

    one.keep(b"asked", 0, RESPONSE)

    assert other.find(b"asked", 0) == RESPONSE
    one.close()
    other.close()


async def test_a_cache_that_breaks_in_the_middle_loses_no_answer(
    suite_with, run, endpoint, monkeypatch
):
    def breaks(cache, *_):
        cache._connection.execute("DROP TABLE IF EXISTS answer")
        return original(cache, *_)

    original = AnswerCache.keep
    monkeypatch.setattr(AnswerCache, "keep", breaks)

    finished = await run(suite_with("read-write"))

    assert set(finished.outcomes().values()) == {"verified"}
    assert finished.summary.calls == len(endpoint.requests)


def test_what_is_no_cache_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "answers.db").write_bytes(b"something else entirely" * 100)

    with pytest.raises(UsageError, match="remove the file"):
        AnswerCache(tmp_path)
