"""Vectors, classes, scores and rewards over a socket: forms, faults, and whose answer is whose."""

import asyncio

import pytest

from sygra_eval.testing import completion, status
from sygra_eval.testing.text_faults import TEXT_FAULTS, VECTOR_FAULTS
from sygra_eval.testing.texts import (
    answer_to_texts,
    classes,
    rewards,
    scores,
    vector,
    vectors,
)
from sygra_eval.values import (
    CallFailed,
    ChatRequest,
    ChatResponse,
    EndpointLost,
    Message,
    Price,
    UsageError,
    classes_of,
    cosine,
    one_text,
    pair,
    score_of,
    vector_of,
)

OF_VECTORS = ["embeddings", "azure_embeddings", "ollama_embed"]
TASKS = ["embeddings", "classify", "score", "reward"]
TEXTS = ("a cat", "a dog", "a bad word")


def messages_for(dialect: str, text: str) -> tuple[Message, ...]:
    return pair("a cat", text) if dialect == "score" else one_text(text)


async def asked(gateway, dialect, *texts, **parameters):
    """Ask for several texts at once; each comes to a response or a failure."""
    requests = [
        ChatRequest(messages=messages_for(dialect, text), parameters=parameters) for text in texts
    ]
    calls = (gateway.complete("author", request) for request in requests)
    return await asyncio.gather(*calls, return_exceptions=True)


def values(dialect, responses):
    read = {"classify": classes_of, "score": score_of, "reward": score_of}
    return [read.get(dialect, vector_of)(one) for one in responses]


@pytest.mark.parametrize("dialect", OF_VECTORS)
async def test_each_text_gets_its_own_vector_and_all_travel_together(endpoint, gateway_to, dialect):
    gateway = await gateway_to(endpoint, dialect=dialect)

    found = values(dialect, await asked(gateway, dialect, *TEXTS))

    for text, one in zip(TEXTS, found, strict=True):
        assert cosine(one, vector(text)) == pytest.approx(1, abs=1e-6)
    assert len(endpoint.requests) == 1
    assert endpoint.requests[0]["input"] == list(TEXTS)


async def test_classes_scores_and_rewards_come_back_in_order(endpoint, gateway_to):
    by_dialect = {}
    for dialect in ("classify", "score", "reward"):
        gateway = await gateway_to(endpoint, dialect=dialect)
        by_dialect[dialect] = values(dialect, await asked(gateway, dialect, *TEXTS))

    assert [one.label for one in by_dialect["classify"]] == ["safe", "safe", "toxic"]
    assert by_dialect["classify"][2].probabilities == (0.1, 0.9)
    assert by_dialect["score"] == [1.0, 0.333333, 0.25]
    assert by_dialect["reward"] == [1.0, 1.0, 0.5]
    assert endpoint.paths == ["/classify", "/score", "/pooling"]


async def test_vectors_are_the_same_numbers_whichever_way_they_are_written(endpoint, gateway_to):
    gateway = await gateway_to(endpoint, dialect="embeddings")

    (as_base64,) = await asked(gateway, "embeddings", "a cat")
    (as_list,) = await asked(gateway, "embeddings", "a cat", encoding_format="float")

    assert endpoint.requests[0]["encoding_format"] == "base64"
    assert endpoint.requests[1]["encoding_format"] == "float"
    assert as_base64.text == as_list.text


async def test_a_server_that_knows_no_base64_is_told_of_with_what_to_write(endpoint, gateway_to):
    said = "base64 encoding is not currently supported"
    endpoint.will_answer(status(400, {"error": {"message": said}}))
    gateway = await gateway_to(endpoint, dialect="embeddings")

    (found,) = await asked(gateway, "embeddings", "a cat")

    assert said in found.message
    assert "write `parameters: {encoding_format: float}`" in found.message


async def test_dimensions_that_a_server_does_not_keep_to_are_no_answer(endpoint, gateway_to):
    gateway = await gateway_to(endpoint, dialect="embeddings")
    endpoint.will_answer(vectors([[0.0] * 16]))

    (honoured,) = await asked(gateway, "embeddings", "a cat", dimensions=16)
    (ignored,) = await asked(gateway, "embeddings", "a cat", dimensions=8)
    endpoint.will_answer(vectors([[0.0] * 16]))
    (refused,) = await asked(gateway, "embeddings", "a cat", dimensions=8)

    assert len(vector_of(honoured)) == 16
    assert len(vector_of(ignored)) == 8  # by the server's own answer
    assert refused.kind == "wrong_shape"
    assert "`dimensions` is 8" in refused.message


REPLIES = {
    "embeddings": lambda: vectors([vector(text) for text in TEXTS]),
    "classify": lambda: classes([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]),
    "score": lambda: scores([0.1, 0.2, 0.3]),
    "reward": lambda: rewards([1.5, -2.0, 0.25]),
}


@pytest.mark.parametrize(
    ("dialect", "name"),
    [
        (dialect, name)
        for name in TEXT_FAULTS
        for dialect in (["embeddings"] if name in VECTOR_FAULTS else TASKS)
    ],
)
async def test_a_fault_that_is_met_once_changes_no_answer(endpoint, gateway_to, dialect, name):
    fault, good = TEXT_FAULTS[name], REPLIES[dialect]()
    gateway = await gateway_to(endpoint, dialect=dialect)
    endpoint.will_answer(fault.make(good), good)

    found = await asked(gateway, dialect, *TEXTS)

    endpoint.will_answer(good)
    usual = await asked(gateway, dialect, *TEXTS)
    tries = 2 if fault.once == "retried" else 1
    assert [one.text for one in found] == [one.text for one in usual]
    assert [one.tries for one in found] == [tries, 1, 1]  # one request was sent again, if any


@pytest.mark.parametrize("name", TEXT_FAULTS)
async def test_a_fault_that_is_always_met_has_its_name(endpoint, gateway_to, name):
    fault = TEXT_FAULTS[name]
    gateway = await gateway_to(endpoint, dialect="embeddings")

    endpoint.texts_with(lambda body: fault.make(vectors([vector(one) for one in body["texts"]])))

    found = await asked(gateway, "embeddings", "a cat", "a dog")

    assert {getattr(one, "kind", "answered") for one in found} == {fault.always}


async def test_a_bad_text_fails_alone(endpoint, gateway_to):
    gateway = await gateway_to(endpoint, dialect="embeddings")
    texts = [f"text {number}" for number in range(32)]

    def refusing(body):
        if "text 17" in body["texts"]:
            return status(400, {"error": {"message": "input cannot be this"}})
        return answer_to_texts(body)

    endpoint.texts_with(refusing)

    found = await asked(gateway, "embeddings", *texts)

    failed = [number for number, one in enumerate(found) if isinstance(one, CallFailed)]
    assert failed == [17]
    assert found[17].kind == "bad_request"
    assert len(endpoint.requests) == 11  # 1 + 2 for each halving of 32


async def test_a_text_that_llama_cpp_finds_too_long_is_too_long_and_not_the_servers_trouble(
    endpoint, gateway_to, clock
):
    said = "input (3001 tokens) is too large to process. increase the physical batch size"
    endpoint.texts_with(
        lambda body: (
            status(500, {"error": {"code": 500, "message": said, "type": "server_error"}})
            if "long" in body["texts"]
            else answer_to_texts(body)
        )
    )
    gateway = await gateway_to(endpoint, dialect="embeddings")

    short, long = await asked(gateway, "embeddings", "short", "long")

    assert (type(short), long.kind) == (ChatResponse, "too_long")
    assert clock.slept_s == []


async def test_a_text_on_which_a_server_always_breaks_does_not_hold_up_the_others_for_long(
    endpoint, gateway_to, clock
):
    endpoint.texts_with(
        lambda body: status(500, {}) if "poison" in body["texts"] else answer_to_texts(body)
    )
    gateway = await gateway_to(endpoint, dialect="embeddings", chance=1.0)

    found = await asked(gateway, "embeddings", *map(str, range(31)), "poison")

    assert [type(one) for one in found[:-1]] == [ChatResponse] * 31
    assert found[-1].kind == "server_error"
    waits_of_many, waits_alone = 5 * [0.5, 1.0], [0.5, 1.0, 2.0, 4.0, 8.0]
    assert clock.slept_s == waits_of_many + waits_alone


async def test_many_bad_texts_are_not_taken_for_a_server_that_refuses_everything(
    endpoint, gateway_to
):
    gateway = await gateway_to(endpoint, dialect="embeddings")

    def refusing(body):
        if any("bad" in text for text in body["texts"]):
            return status(400, {"error": {"message": "no"}})
        return answer_to_texts(body)

    endpoint.texts_with(refusing)
    texts = [("bad " if number % 4 == 0 else "") + str(number) for number in range(48)]

    found = await asked(gateway, "embeddings", *texts)

    assert sum(isinstance(one, ChatResponse) for one in found) == 36
    assert {one.kind for one in found if isinstance(one, CallFailed)} == {"bad_request"}
    assert not any(isinstance(one, EndpointLost) for one in found)


async def test_a_server_that_refuses_everything_is_lost_after_some_texts(endpoint, gateway_to):
    gateway = await gateway_to(endpoint, dialect="embeddings")
    endpoint.texts_with(lambda body: status(400, {"error": {"message": "unknown parameter"}}))

    found = await asked(gateway, "embeddings", *map(str, range(32)))

    assert all(isinstance(one, CallFailed) for one in found)
    assert any("refused 21 of the first" in one.message for one in found)


async def test_a_server_without_the_endpoint_says_so(endpoint, gateway_to):
    gateway = await gateway_to(endpoint, dialect="score")
    endpoint.texts_with(lambda body: status(404, {"detail": "Not Found"}))

    (one,) = await asked(gateway, "score", "a cat")
    many = await asked(gateway, "score", *map(str, range(32)))

    assert one.kind == "not_found"
    assert not isinstance(one, EndpointLost)
    assert {type(found) for found in many} == {EndpointLost}  # not after 20 requests of 32
    assert len(endpoint.requests) == 2


async def test_a_chat_in_the_place_of_vectors_is_no_answer(endpoint, gateway_to):
    gateway = await gateway_to(endpoint, dialect="embeddings")
    endpoint.texts_with(lambda body: completion("hello"))

    (found,) = await asked(gateway, "embeddings", "a cat")

    assert found.kind == "empty"


async def test_labels_name_all_classes(endpoint, gateway_to):
    config = {"labels": ["safe", "toxic"]}
    gateway = await gateway_to(endpoint, dialect="classify", config=config)

    (found,) = values("classify", await asked(gateway, "classify", "a bad word"))

    assert (found.of("safe"), found.of("toxic"), found.of("sfe")) == (0.1, 0.9, None)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (["toxic", "safe"], "the class `safe` where `labels` has `toxic`"),
        (["safe", "toxic", "odd"], "2 classes, and `labels` names 3"),
    ],
)
async def test_labels_that_are_not_the_models_are_found_out(endpoint, gateway_to, labels, told):
    gateway = await gateway_to(endpoint, dialect="classify", config={"labels": labels})

    (found,) = await asked(gateway, "classify", "a cat")

    assert found.kind == "wrong_shape"
    assert told in found.message


async def test_of_two_classes_that_are_as_likely_the_one_that_is_named_is_it(endpoint, gateway_to):
    config = {"labels": ["safe", "toxic"]}
    gateway = await gateway_to(endpoint, dialect="classify", config=config)
    tie = classes([[0.5, 0.5]])
    tie.completion["data"][0]["label"] = "toxic"
    endpoint.will_answer(tie)

    (found,) = values("classify", await asked(gateway, "classify", "a cat"))

    assert (found.label, found.names) == ("toxic", ("safe", "toxic"))


async def test_without_labels_only_the_likeliest_class_has_a_name(endpoint, gateway_to):
    gateway = await gateway_to(endpoint, dialect="classify")
    endpoint.will_answer(classes([[0.2, 0.8]], names=()))

    (nameless,) = values("classify", await asked(gateway, "classify", "a dog"))
    (named,) = values("classify", await asked(gateway, "classify", "a cat"))

    assert (nameless.label, nameless.names) == ("1", ("", ""))
    assert (named.label, named.names) == ("safe", ("safe", ""))
    assert named.of("toxic") is None


async def test_a_reward_model_for_steps_is_no_reward_of_the_answer(endpoint, gateway_to):
    gateway = await gateway_to(endpoint, dialect="reward")
    endpoint.will_answer(rewards([0.5]))
    steps = rewards([0.5])
    steps.completion["data"][0]["data"] = [[0.1], [0.9]]
    endpoint.will_answer(steps)

    (whole,) = await asked(gateway, "reward", "a cat")
    (of_steps,) = await asked(gateway, "reward", "a dog")

    assert score_of(whole) == 0.5
    assert (of_steps.kind, "2 numbers for one text" in of_steps.message) == ("wrong_shape", True)


async def test_a_conversation_goes_to_a_reward_model_as_it_is(endpoint, gateway_to):
    gateway = await gateway_to(endpoint, dialect="reward")
    said = (Message("user", "why?"), Message("assistant", "a bad answer"))

    found = await gateway.complete("author", ChatRequest(messages=said))

    assert score_of(found) == 0.5
    assert endpoint.requests[0]["messages"] == [message.as_dict() for message in said]


@pytest.mark.parametrize(
    ("dialect", "messages"),
    [
        ("embeddings", (Message("user", "hello"),)),
        ("embeddings", pair("one", "two")),
        ("score", one_text("one")),
        ("openai", one_text("one")),
    ],
)
async def test_what_a_model_is_not_for_is_refused_and_not_sent(
    endpoint, gateway_to, dialect, messages
):
    gateway = await gateway_to(endpoint, dialect=dialect)

    with pytest.raises(CallFailed, match="wrong_model"):
        await gateway.complete("author", ChatRequest(messages=messages))

    assert endpoint.requests == []


@pytest.mark.parametrize(
    ("dialect", "config", "told"),
    [
        ("openai", {"batch_size": 8}, "a chat goes alone"),
        ("embeddings", {"stream": True}, "`stream` is for chats"),
        ("embeddings", {"labels": ["a", "b"]}, "`labels` names the classes"),
        ("classify", {"labels": ["a", "a"]}, "two of the `labels`"),
        ("ollama_embed", {"stream": True}, "`stream` is for chats"),
    ],
)
async def test_keys_without_a_use_are_refused(endpoint, gateway_to, dialect, config, told):
    with pytest.raises(ValueError, match=told):
        await gateway_to(endpoint, dialect=dialect, config=config)


async def test_ollama_refuses_what_it_cannot_honour_and_cuts_no_text(endpoint, gateway_to):
    with pytest.raises(UsageError, match="temperature"):
        await gateway_to(endpoint, dialect="ollama_embed", parameters={"temperature": 1})

    gateway = await gateway_to(endpoint, dialect="ollama_embed", config={"context": 512})
    await asked(gateway, "ollama_embed", "a cat")

    assert endpoint.requests[0]["truncate"] is False
    assert endpoint.requests[0]["options"] == {"num_ctx": 512}


@pytest.mark.filterwarnings("ignore")  # litellm's own
async def test_vectors_come_through_litellm(endpoint, gateway_to, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "canary-0123456789")
    gateway = await gateway_to(endpoint, dialect="litellm_embeddings")

    found = values("embeddings", await asked(gateway, "embeddings", *TEXTS))

    assert len(endpoint.requests) == 1
    assert cosine(found[1], vector(TEXTS[1])) == pytest.approx(1, abs=1e-6)


async def test_the_shares_of_a_request_add_up_to_what_it_cost(endpoint, gateway_to):
    price = Price(input=0.13, output=0.0)
    gateway = await gateway_to(endpoint, dialect="embeddings", price=price)
    endpoint.will_answer(vectors([vector(text) for text in TEXTS], tokens=101))

    found = await asked(gateway, "embeddings", *TEXTS)

    assert sum(one.usage.prompt_tokens for one in found) == 101
    assert sum(one.cost_nano_usd for one in found) == round(101 * 0.13 * 1000)
    assert {one.usage.is_estimated for one in found} == {False}
