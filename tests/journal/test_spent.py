"""Calls are told apart by who answered and where, also in journals that are older than that."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.journal import (
    Journal,
    Spent,
    from_stored,
    open_readonly,
    response_to_json,
    to_stored,
    together,
)
from sygra_eval.values import ChatResponse, Usage


async def test_a_call_names_the_model_that_was_asked_or_the_one_that_stood_in(path, call):
    key, site, asked, response = call("a")
    other = call("b")
    async with Journal.create(path, {"suite": "s"}) as journal:
        await journal.commit_call(key, site, asked, response, model="author")
        stand_in = replace(other[3], answered_by="second")
        await journal.commit_call(*other[:3], stand_in, model="author")

    with open_readonly(path) as reader:
        calls = list(reader.calls())
        assert reader.answer(key) == response
    assert [one.model for one in calls] == ["author", "second"]
    assert [one.site for one in calls] == [site, other[1]]


async def test_a_journal_that_does_not_say_who_was_asked_is_read_all_the_same(path, call):
    key, site, asked, response = call()
    async with Journal.create(path, {"suite": "s"}) as journal:
        stored = to_stored(response_to_json(response))  # as 0.1.0 wrote it
        place = (site.record, site.node, site.visit, site.sample)
        await journal._writer.commit("call", (key, *place, asked, stored))

    with open_readonly(path) as reader:
        (one,) = reader.calls()
        parts = reader.spent()
    assert (one.model, one.is_batched, one.response) == ("", False, response)
    assert parts.keys() == {("", "solve/draft")}


async def test_parts_add_up_to_the_whole(path, call):
    async with Journal.create(path, {"suite": "s"}) as journal:
        for number in range(6):
            *place, response = call(f"r{number}", tokens=number)
            priced = replace(response, cost_nano_usd=None if number == 5 else 1_000 * number)
            await journal.commit_call(*place, priced, model=f"m{number % 2}")

    with open_readonly(path) as reader:
        parts, whole = reader.spent(), reader.calls_summary()
    assert whole == together(parts.values())
    assert (whole.calls, whole.sent, whole.prompt_tokens) == (6, 6, 15)
    assert (whole.known_nano_usd, whole.unpriced, whole.cost_nano_usd) == (10_000, 1, None)
    assert whole.slowest_s == 0.5
    assert parts["m0", "solve/draft"].cost_nano_usd == 6_000


def test_adding_nothing_changes_nothing():
    one = Spent(calls=2, slowest_s=3.0)

    one.add(Spent())

    assert one == Spent(calls=2, slowest_s=3.0)


AMOUNTS = st.none() | st.integers(0, 10**12)
RESPONSES = st.builds(
    ChatResponse,
    text=st.text(max_size=5),
    finish_reason=st.just("stop"),
    usage=st.builds(
        Usage,
        prompt_tokens=st.integers(0, 10**6),
        completion_tokens=st.integers(0, 10**6),
        is_estimated=st.booleans(),
        cached_tokens=st.integers(0, 10**6),
        reasoning_tokens=st.integers(0, 10**6),
    ),
    latency_s=st.floats(0, 1e6),
    tries=st.integers(1, 6),
    cost_nano_usd=AMOUNTS,
    is_cached=st.booleans(),
    saved_nano_usd=AMOUNTS,
    from_plugin=st.sampled_from(["", "ours"]),
)


@given(response=RESPONSES, is_batched=st.booleans(), step=st.sampled_from(["", "repair:1"]))
def test_what_a_call_comes_to_is_each_of_its_figures(response, is_batched, step):
    spent = Spent()

    spent.take_stored(
        f"solve/{step}",
        from_stored(to_stored({**response_to_json(response), "is_batched": is_batched})),
    )

    usage, cost = response.usage, response.cost_nano_usd
    is_kept = response.is_cached and not response.from_plugin
    assert spent == Spent(
        calls=1,
        from_cache=is_kept,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        completion_tokens=usage.completion_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        estimated=usage.is_estimated,
        tries=response.tries,
        latency_s=response.latency_s,
        slowest_s=response.latency_s,
        known_nano_usd=cost or 0,
        unpriced=cost is None,
        saved_tokens=usage.total if is_kept or response.from_plugin else 0,
        saved_nano_usd=(response.saved_nano_usd or 0) if is_kept else 0,
        saved_unpriced=is_kept and response.saved_nano_usd is None,
        from_plugin=bool(response.from_plugin),
        repairs=bool(step),
        batched=is_batched,
        batched_nano_usd=(cost or 0) if is_batched else 0,
    )
