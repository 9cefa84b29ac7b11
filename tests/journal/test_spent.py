"""Calls are told apart by who answered and where, also in journals that are older than that."""

from dataclasses import replace

from sygra_eval.journal import Journal, Spent, open_readonly, to_stored, together
from sygra_eval.journal.codec import response_to_json


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
