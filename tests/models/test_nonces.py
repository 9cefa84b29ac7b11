"""Every answer belongs to its own question, however requests, retries and connections cross."""

import asyncio
import re
from hashlib import blake2b

import pytest

from sygra_eval.testing import completion

CALLS = 150
# What tears connections and lets several tries of one call be under way one after the other.
CROSSING = ("dropped", "cut_off", "500", "html", "too_short", "429_bare", "ends_early")


def nonce_in(text: str) -> str:
    found = re.search(r"nonce (\w+)", text)
    return found[1] if found else ""


async def mixed_up(gateway) -> list[str]:
    """Ask many questions at once, each with a nonce; return those that got another's answer."""
    nonces = [blake2b(str(n).encode(), digest_size=6).hexdigest() for n in range(CALLS)]
    answers = await asyncio.gather(
        *(gateway.ask(f"say after me: nonce {nonce}") for nonce in nonces)
    )
    return [
        nonce for nonce, said in zip(nonces, answers, strict=True) if nonce_in(said.text) != nonce
    ]


def echo(body) -> object:
    asked = body["messages"][-1]["content"]
    delay_s = blake2b(asked.encode()).digest()[0] / 256 / 50
    return completion(f"here it is: {asked}", delay_s=delay_s)


@pytest.mark.parametrize("dialect", ["openai", "ollama"])
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
async def test_no_answer_goes_to_another_request(endpoint, gateway_on_real_time, dialect, streams):
    endpoint.answers_with(echo)
    endpoint.fails_with(CROSSING, share=0.4, seed=3)
    gateway = await gateway_on_real_time(
        endpoint, dialect=dialect, max_concurrency=32, config={"stream": streams}
    )

    assert await mixed_up(gateway) == []
    assert {event.fault for event in endpoint.events} > set(CROSSING)


async def test_a_server_that_mixes_answers_up_is_found_out(endpoint, gateway_on_real_time):
    before = ["nonce 0"]

    def one_behind(body):
        before.append(body["messages"][-1]["content"])
        return completion(before[-2])

    endpoint.answers_with(one_behind)
    gateway = await gateway_on_real_time(endpoint, max_concurrency=32)

    assert len(await mixed_up(gateway)) == CALLS
