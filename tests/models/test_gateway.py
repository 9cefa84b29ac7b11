import asyncio
import gc
from pathlib import Path

import pytest

from sygra_eval.models import Gateway
from sygra_eval.models.openai import OpenAIModel
from sygra_eval.testing import ScriptedEndpoint, completion, rate_limited
from sygra_eval.values import (
    CallFailed,
    ChatResponse,
    ModelSpec,
    ModelUnavailable,
    RetryLater,
    Usage,
)


class AnswersWhenTold:
    """A model type as a plugin would write it; each call waits for its event."""

    identity = label = "told"
    max_in_flight = 2
    warnings = ()

    def __init__(self, endpoint: str = "told") -> None:
        self.endpoint = endpoint
        self.asked: list[str] = []
        self.may_answer: dict[str, asyncio.Event] = {}
        self.is_open = False
        self.trouble: Exception | None = None

    async def open(self):
        if self.trouble:
            raise self.trouble
        self.is_open = True

    async def complete(self, request):
        text = request.messages[0].content
        self.asked.append(text)
        if self.trouble:
            raise self.trouble
        await self.may_answer.setdefault(text, asyncio.Event()).wait()
        return ChatResponse(
            text=text, finish_reason="stop", usage=Usage(prompt_tokens=1, completion_tokens=1)
        )

    async def close(self):
        self.is_open = False


async def until_idle() -> None:
    """Let every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_calls_beyond_the_limit_wait_and_come_in_order(request_of):
    model = AnswersWhenTold()
    gateway = Gateway({"author": model})
    names = [str(number) for number in range(6)]
    calls = [asyncio.create_task(gateway.complete("author", request_of(name))) for name in names]
    await until_idle()

    assert (model.asked, gateway.in_flight, gateway.waiting) == (["0", "1"], 2, 4)
    for done, name in enumerate(names):
        model.may_answer[name].set()
        await until_idle()
        assert model.asked == names[: done + 3]

    assert [call.result().text for call in calls] == names
    assert (gateway.in_flight, gateway.waiting) == (0, 0)


async def test_a_cancelled_call_leaves_neither_slot_nor_queue_behind(request_of):
    model = AnswersWhenTold()
    gateway = Gateway({"author": model})
    calls = [asyncio.create_task(gateway.complete("author", request_of(str(n)))) for n in range(4)]
    await until_idle()

    calls[0].cancel()
    calls[2].cancel()
    await until_idle()

    assert (model.asked, gateway.in_flight, gateway.waiting) == (["0", "1", "3"], 2, 0)
    for event in model.may_answer.values():
        event.set()
    await asyncio.gather(*calls, return_exceptions=True)
    assert gateway.in_flight == 0


async def test_models_of_one_endpoint_share_its_gate(request_of):
    author, critic, other = AnswersWhenTold(), AnswersWhenTold(), AnswersWhenTold("elsewhere")
    gateway = Gateway({"author": author, "critic": critic, "other": other})
    calls = [
        asyncio.create_task(gateway.complete(name, request_of(f"{name} {number}")))
        for number in range(2)
        for name in ("author", "critic", "other")
    ]
    await until_idle()

    assert (author.asked, critic.asked) == (["author 0"], ["critic 0"])
    assert other.asked == ["other 0", "other 1"]
    assert gateway.capacity == 4
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


async def test_a_models_own_limit_holds_on_a_wider_endpoint(request_of):
    narrow, wide = AnswersWhenTold(), AnswersWhenTold()
    narrow.max_in_flight, wide.max_in_flight = 1, 8
    gateway = Gateway({"narrow": narrow, "wide": wide})
    calls = [
        asyncio.create_task(gateway.complete(name, request_of(str(number))))
        for name in ("narrow", "wide")
        for number in range(4)
    ]
    await until_idle()

    assert (len(narrow.asked), len(wide.asked), gateway.in_flight) == (1, 4, 5)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


async def test_the_slot_serves_others_while_a_call_waits_to_try_again(
    endpoint, spec_to, request_of
):
    may_try_again, is_waiting = asyncio.Event(), asyncio.Event()

    async def sleep(wait_s: float) -> None:
        is_waiting.set()
        await may_try_again.wait()

    endpoint.will_answer(rate_limited(retry_after_s=60), "second", "first")
    model = OpenAIModel(spec_to(endpoint.base_url, max_concurrency=1))
    gateway = Gateway({"author": model}, sleep=sleep)
    await gateway.open()

    first = asyncio.create_task(gateway.complete("author", request_of("1")))
    await is_waiting.wait()
    second = await gateway.complete("author", request_of("2"))
    may_try_again.set()

    assert (second.text, (await first).text) == ("second", "first")
    await gateway.close()


async def test_no_more_calls_reach_the_server_than_the_suite_allows(endpoint, spec_to, request_of):
    endpoint.latency_s = 0.005
    endpoint.answers_with(lambda body: completion("done"))
    gateway = Gateway({"author": OpenAIModel(spec_to(endpoint.base_url, max_concurrency=7))})
    await gateway.open()

    await asyncio.gather(*(gateway.complete("author", request_of(str(n))) for n in range(60)))

    assert (endpoint.most_in_flight, len(endpoint.requests)) == (7, 60)
    await gateway.close()


async def test_a_call_that_fails_leaves_nothing_to_the_cycle_collector(request_of):
    """A run collects rarely, and what a failure holds on to may be a body of some megabytes."""

    async def at_once(wait_s: float) -> None:
        del wait_s

    class Overloaded(AnswersWhenTold):
        async def complete(self, request):
            raise RetryLater("overloaded", "503")

    gateway = Gateway({"author": Overloaded()}, sleep=at_once)

    async def failing(record: str) -> None:
        with pytest.raises(CallFailed, match="gave up after 6 tries"):
            await gateway.complete("author", request_of("why"), record=record)

    await failing("warm")
    gc.collect()
    gc.disable()
    try:
        for number in range(10):
            await failing(str(number))
        found = gc.collect()
    finally:
        gc.enable()

    assert found < 10  # with a cycle in each it is hundreds


async def test_all_problems_of_the_preflight_are_said_at_once(monkeypatch, spec_to):
    monkeypatch.delenv("SOME_KEY", raising=False)
    fine, broken = AnswersWhenTold(), AnswersWhenTold()
    broken.trouble = KeyError("surprise")
    unset = spec_to("http://127.0.0.1:9/v1", config={"api_key_env": "SOME_KEY"}, name="critic")
    models = {
        "fine": fine,
        "author": OpenAIModel(spec_to("http://127.0.0.1:9/v1")),
        "second": OpenAIModel(spec_to("http://127.0.0.1:9/v1")),
        "critic": OpenAIModel(unset),
        "broken": broken,
    }

    with pytest.raises(ModelUnavailable) as caught:
        await Gateway(models).open()

    author, critic, last = str(caught.value).splitlines()
    assert author.startswith("author, second: http://127.0.0.1:9/v1")
    assert "SOME_KEY" in critic
    assert last == "broken: could not be opened: KeyError: 'surprise'"
    assert not fine.is_open


async def test_a_model_type_that_breaks_fails_the_call_under_its_name(request_of):
    model = AnswersWhenTold()
    gateway = Gateway({"author": model})
    await gateway.open()
    model.trouble = ZeroDivisionError("oops")

    with pytest.raises(CallFailed, match="model `author` broke: ZeroDivisionError: oops") as caught:
        await gateway.complete("author", request_of("hi"))

    assert (caught.value.kind, gateway.in_flight) == ("model_broke", 0)


async def test_two_gateways_in_one_process_do_not_disturb_each_other(spec_to, request_of):
    async with (
        ScriptedEndpoint.on_a_free_port() as one,
        ScriptedEndpoint.on_a_free_port() as other,
    ):
        gateways = []
        for name, endpoint in (("one", one), ("other", other)):
            endpoint.answers_with(lambda body, name=name: name)
            gateways.append(Gateway({"author": OpenAIModel(spec_to(endpoint.base_url))}))
            await gateways[-1].open()
        await gateways[0].close()

        assert (await gateways[1].complete("author", request_of("who?"))).text == "other"
        with pytest.raises(CallFailed, match="not open"):
            await gateways[0].complete("author", request_of("who?"))
        await gateways[1].close()


def test_the_folder_of_a_spec_is_not_needed_to_name_a_server():
    config = {"base_url": "http://127.0.0.1:1/v1", "model": "m"}

    model = OpenAIModel(ModelSpec(name="author", use="openai", config=config, folder=Path("/no")))

    assert (model.label, model.max_in_flight) == ("m", 256)
