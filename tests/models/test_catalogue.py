"""Every fault of the catalogue, as a named mode of the scripted server: what a call comes to."""

import pytest

from sygra_eval.testing import FAULTS, PASSING, Fault, Reply, ScriptedEndpoint, completion
from sygra_eval.testing.faults import ANSWERED, RETRIED, Chaos, chaos_of
from sygra_eval.values import CallFailed

WAYS = [("openai", False), ("openai", True), ("ollama", False)]
SLOW = {"hang", "trickle", "stall"}
# What a stream or a dialect has no way to say.
NOT_STREAMED = {"trickle"}
NOT_OF_OLLAMA = {
    *("several_choices", "no_choices", "null_message", "parts", "surrogate"),
    *("refusal", "unasked_tool_call", "tool_call_alone"),
}


def good() -> Reply:
    return completion("a good answer")


def is_told(fault: Fault, dialect: str, *, is_streamed: bool) -> bool:
    if (dialect, is_streamed) == ("openai", False):
        return True
    if fault.make(good()).status != 200:
        return False  # a status is read in one way on all ways
    return fault.name not in (NOT_STREAMED if is_streamed else NOT_OF_OLLAMA)


CASES = [
    pytest.param(fault, dialect, streamed, id=f"{name}-{dialect}{'-streamed' * streamed}")
    for name, fault in FAULTS.items()
    for dialect, streamed in WAYS
    if is_told(fault, dialect, is_streamed=streamed)
]


@pytest.fixture
async def short_gaps(monkeypatch, fault):
    if fault.name in SLOW:  # elsewhere a gap is a busy machine's and no fault
        monkeypatch.setattr("sygra_eval.models.transport.GAP_S", 0.2)


@pytest.mark.parametrize(("fault", "dialect", "is_streamed"), CASES)
async def test_a_call_that_meets_a_fault_once(
    endpoint, gateway_on_real_time, short_gaps, fault, dialect, is_streamed
):
    endpoint.answers_with(lambda body: "a good answer")
    gateway = await gateway_on_real_time(
        endpoint,
        dialect=dialect,
        timeout_s=0.5 if fault.name in SLOW else 60,
        config={"stream": is_streamed},
    )
    endpoint.chaos = Chaos((fault.name,), share=1.0, most_attempts=2)

    if fault.once in (RETRIED, ANSWERED):
        response = await gateway.ask("say it")

        assert (response.text == "a good answer") == (fault.in_row != "repetition")
        assert response.tries == (2 if fault.once == RETRIED else 1)
    else:
        with pytest.raises(CallFailed) as caught:
            await gateway.ask("say it")

        assert (caught.value.kind, len(endpoint.requests)) == (fault.once, 1)


@pytest.mark.parametrize(
    "fault", [fault for name, fault in FAULTS.items() if name not in SLOW], ids=lambda f: f.name
)
async def test_a_call_that_always_meets_a_fault(endpoint, gateway_on_real_time, fault):
    endpoint.answers_with(lambda body: fault.make(good()))
    gateway = await gateway_on_real_time(endpoint, timeout_s=60)

    if fault.always == ANSWERED:
        text = (await gateway.ask("say it")).text
        assert (text == "a good answer") == (fault.in_row != "repetition")
        return
    with pytest.raises(CallFailed) as caught:
        await gateway.ask("say it")

    assert caught.value.kind == fault.always
    assert len(endpoint.requests) in (1, 3, 6)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("name", "flag"),
    [("no_usage", True), ("null_usage", True), ("negative_usage", True), ("absurd_usage", True)],
)
async def test_usage_that_nobody_can_believe_is_estimated(endpoint, gateway_to, name, flag):
    endpoint.answers_with(lambda body: FAULTS[name].make(good()))
    gateway = await gateway_to(endpoint)

    assert (await gateway.ask("say it")).usage.is_estimated is flag


async def test_a_name_that_leads_nowhere_is_a_connection_fault(gateway_to):
    nowhere = ScriptedEndpoint()

    gateway = gateway_to(nowhere, config={"base_url": "http://no-such-host.invalid/v1"})

    with pytest.raises(Exception, match=r"no-such-host\.invalid"):
        await gateway


async def test_a_server_without_tls_is_a_connection_fault(endpoint, gateway_to):
    config = {"base_url": f"https://127.0.0.1:{endpoint.port}/v1"}

    with pytest.raises(Exception, match=r"https://127.*is the server running"):
        await gateway_to(endpoint, config=config)


def test_which_fault_a_try_meets_depends_on_seed_request_and_attempt_alone():
    requests = [{"messages": [{"content": str(number)}]} for number in range(200)]

    def met(order: list[dict], seed: int) -> dict[str, str | None]:
        chaos = chaos_of(PASSING, share=0.3, seed=seed)
        faults = ((str(request), chaos.fault_for(request)) for request in order)
        return {request: fault and fault.name for request, fault in faults}

    first, again, other = met(requests, 7), met(requests[::-1], 7), met(requests, 8)

    assert first == again != other
    assert 30 <= sum(fault is not None for fault in first.values()) <= 90


def test_a_fault_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="there is no fault '430'; known: 429_seconds, "):
        chaos_of(["430"], share=0.1, seed=0)
