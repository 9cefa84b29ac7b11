"""What is true of one type of server: Azure's doors, vLLM's names, Ollama's parameters."""

import logging

import pytest
from pydantic import ValidationError

from sygra_eval.models.azure import AzureConfig
from sygra_eval.models.ollama import OllamaConfig
from sygra_eval.models.openai import OpenAIConfig
from sygra_eval.testing import completion, status
from sygra_eval.values import CallFailed, ChatRequest, Message, ModelUnavailable, UsageError

KEY = "canary-0123456789"
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
RESPONSE_FORMAT = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
KINDS = ["openai", "responses", "azure", "azure_v1", "vllm", "ollama"]
USAGE = {"prompt_tokens": 11, "completion_tokens": 7}


@pytest.mark.parametrize("dialect", KINDS)
async def test_an_answer_of_every_kind_says_the_same(endpoint, gateway_to, dialect):
    endpoint.will_answer(
        completion("done", reasoning="hm", usage=USAGE, model="scripted", finish_reason="length")
    )
    gateway = await gateway_to(endpoint, dialect=dialect)

    response = await gateway.ask("say done")

    assert (response.text, response.reasoning, response.finish_reason) == ("done", "hm", "length")
    assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (11, 7)
    assert (response.usage.is_estimated, response.model_seen) == (False, "scripted")


@pytest.mark.parametrize("dialect", KINDS)
async def test_a_key_is_nowhere_but_in_the_header(
    endpoint, gateway_to, monkeypatch, dialect, caplog
):
    monkeypatch.setenv("SOME_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    endpoint.requires_key = KEY
    endpoint.will_answer("done")
    gateway = await gateway_to(endpoint, dialect=dialect, config={"api_key_env": "SOME_KEY"})
    response = await gateway.ask("say done")
    endpoint.requires_key = "changed since"

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("say done")

    model = gateway.models["author"]
    said = [repr(response), str(caught.value), repr(caught.value), repr(vars(model)), caplog.text]
    said += [model.identity, model.label, model.endpoint, repr(model._transport)]
    assert caught.value.kind == "refused_key"
    assert KEY not in " ".join(said) + repr(endpoint.requests)


@pytest.mark.parametrize("dialect", KINDS)
async def test_a_redirect_is_not_followed(endpoint, gateway_to, monkeypatch, dialect):
    monkeypatch.setenv("SOME_KEY", KEY)
    gateway = await gateway_to(endpoint, dialect=dialect, config={"api_key_env": "SOME_KEY"})
    elsewhere = f"http://localhost:{endpoint.port}/v1/chat/completions"
    endpoint.will_answer(status(307, None, {"Location": elsewhere}), "followed")

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("say done")

    assert (caught.value.kind, len(endpoint.requests)) == ("redirected", 1)


# What passes through


async def test_a_json_schema_and_what_only_some_servers_know_pass_through(endpoint, gateway_to):
    endpoint.will_answer("{}")
    gateway = await gateway_to(
        endpoint, dialect="vllm", parameters={"extra_body": {"structured_outputs": {"regex": "a"}}}
    )

    await gateway.ask("say a", response_format=RESPONSE_FORMAT, top_k=5)

    sent = endpoint.requests[0]
    assert (sent["response_format"], sent["top_k"]) == (RESPONSE_FORMAT, 5)
    assert sent["structured_outputs"] == {"regex": "a"}
    assert "extra_body" not in sent


async def test_extra_body_cannot_replace_what_is_ours(endpoint, gateway_to):
    gateway = await gateway_to(endpoint)

    with pytest.raises(CallFailed, match="`messages` is no sampling parameter"):
        await gateway.ask("say a", extra_body={"messages": []})

    assert endpoint.requests == []


async def test_tool_calls_are_kept_where_tools_were_offered(endpoint, gateway_to):
    call = {"name": "add", "arguments": '{"a": 1'}
    endpoint.will_answer(completion(None, tool_calls=[call]))
    gateway = await gateway_to(endpoint)

    response = await gateway.ask("add", tools=[{"type": "function"}])

    assert [(asked.name, asked.arguments) for asked in response.tool_calls] == [("add", '{"a": 1')]
    assert response.text == ""


async def test_a_tool_call_that_nobody_offered_is_left_out(endpoint, gateway_to):
    endpoint.will_answer(completion("done", tool_calls=[{"name": "rm", "arguments": "{}"}]))
    gateway = await gateway_to(endpoint)

    response = await gateway.ask("say done")

    assert (response.text, response.tool_calls) == ("done", ())


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
async def test_reasoning_is_kept_apart_under_both_its_names(endpoint, gateway_to, key):
    message = {"role": "assistant", "content": "Four.", key: "two and two"}
    choices = [{"message": message, "finish_reason": "stop"}]
    endpoint.will_answer(status(200, {"choices": choices}))
    gateway = await gateway_to(endpoint)

    response = await gateway.ask("2 + 2?")

    assert (response.text, response.reasoning) == ("Four.", "two and two")


async def test_reasoning_that_took_all_tokens_is_no_reason_to_pay_again(endpoint, gateway_to):
    endpoint.will_answer(completion(None, reasoning="long", finish_reason="length"))
    gateway = await gateway_to(endpoint)

    response = await gateway.ask("2 + 2?")

    assert (response.text, response.finish_reason, response.tries) == ("", "length", 1)


async def test_another_model_than_asked_is_said_once(endpoint, gateway_to, caplog):
    endpoint.will_answer(*[completion("done", model="other") for _ in range(3)])
    gateway = await gateway_to(endpoint)

    seen = [(await gateway.ask("say done")).model_seen for _ in range(3)]

    assert seen == ["other"] * 3
    assert [record.message for record in caplog.records] == ["another_model_answers"]


# Responses


async def test_the_responses_api_gets_its_input_and_keeps_nothing(endpoint, gateway_to):
    endpoint.will_answer("a", "b")
    gateway = await gateway_to(endpoint, dialect="responses")

    await gateway.ask("one", max_output_tokens=5)
    await gateway.ask("two", store=True)

    assert endpoint.requests == [
        {
            "model": "scripted",
            "input": [{"role": "user", "content": "one"}],
            "max_output_tokens": 5,
            "store": False,
        },
        {"model": "scripted", "input": [{"role": "user", "content": "two"}], "store": True},
    ]


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"status": "failed", "error": {"code": "server_error"}, "output": []}, "server_error"),
        (
            {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}]},
            "refused",
        ),
        (
            {
                "output": [{"type": "message", "content": [{"type": "output_text", "text": "a"}]}],
                "incomplete_details": {"reason": "content_filter"},
            },
            "refused",
        ),
        ({"output": []}, "empty"),
        ({"output": "odd"}, "empty"),
    ],
)
async def test_a_response_that_is_no_answer(endpoint, gateway_to, payload, kind):
    endpoint.answers_with(lambda body: status(200, payload))
    gateway = await gateway_to(endpoint, dialect="responses")

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("say it")

    assert caught.value.kind == kind


async def test_the_dialect_is_part_of_what_makes_two_models_equal(endpoint, gateway_to):
    chat = await gateway_to(endpoint)
    responses = await gateway_to(endpoint, dialect="responses")

    assert chat.models["author"].identity != responses.models["author"].identity


# Completions


TEMPLATE = {"user": "Q: {content}\n", "assistant": "A: {content}\n", "start": "A:"}


async def test_a_template_makes_one_text_of_the_messages(endpoint, gateway_to):
    endpoint.will_answer(" Four.")
    gateway = await gateway_to(endpoint, dialect="completions", config={"template": TEMPLATE})
    first = [("system", "Be brief."), ("user", "1 + {content}?")]
    messages = [*first, ("assistant", "2"), ("user", "b")]
    request = ChatRequest(messages=tuple(Message(*message) for message in messages))

    response = await gateway.complete("author", request)

    text = "Be brief.\n\nQ: 1 + {content}?\nA: 2\nQ: b\nA:"
    assert (response.text, endpoint.requests[0]["prompt"]) == (" Four.", text)
    assert "messages" not in endpoint.requests[0]


async def test_answers_to_one_template_are_no_answers_to_another(endpoint, gateway_to):
    kinds = [{}, {"template": TEMPLATE}, {"template": {**TEMPLATE, "start": "Answer:"}}]
    gateways = [
        await gateway_to(endpoint, dialect="completions", config=config) for config in kinds
    ]

    assert len({gateway.models["author"].identity for gateway in gateways}) == 3


async def test_logprobs_of_a_plain_completion_are_kept(endpoint, gateway_to):
    logprobs = {"tokens": ["Fo", "ur"], "token_logprobs": [-0.5, None]}
    choices = [{"text": "Four", "logprobs": logprobs, "finish_reason": "stop"}]
    endpoint.will_answer(status(200, {"choices": choices}))
    gateway = await gateway_to(endpoint, dialect="completions")

    assert (await gateway.ask("2 + 2?")).logprobs == (("Fo", -0.5),)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"api": "completions", "template": {"user": "Q:"}}, "write `{content}` once"),
        ({"template": TEMPLATE}, "belongs to `api: completions`"),
    ],
)
def test_a_template_that_cannot_work_is_refused(keys, said):
    with pytest.raises(ValidationError, match=said):
        OpenAIConfig(base_url="http://h/v1", model="m", **keys)


# Azure


async def test_azure_is_asked_at_the_deployment_with_the_key_in_its_header(
    endpoint, gateway_to, monkeypatch
):
    monkeypatch.setenv("SOME_KEY", KEY)
    endpoint.will_answer("done")
    gateway = await gateway_to(endpoint, dialect="azure", config={"api_key_env": "SOME_KEY"})

    await gateway.ask("say done")

    assert endpoint.paths == ["/openai/deployments/scripted/chat/completions"]
    assert endpoint.headers[0]["api-key"] == KEY
    assert "Authorization" not in endpoint.headers[0]


async def test_azure_takes_a_token_as_a_bearer(endpoint, gateway_to, monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", KEY)
    endpoint.will_answer("done")
    gateway = await gateway_to(endpoint, dialect="azure_v1", config={"token_env": "SOME_TOKEN"})

    await gateway.ask("say done")

    assert endpoint.paths == ["/openai/v1/chat/completions"]
    assert endpoint.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert "api-key" not in endpoint.headers[0]


async def test_azure_says_at_the_preflight_that_a_key_is_refused(endpoint, gateway_to, monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)
    endpoint.requires_key = "another"

    with pytest.raises(ModelUnavailable, match="refused the key in the environment variable"):
        await gateway_to(endpoint, dialect="azure", config={"api_key_env": "SOME_KEY"})


async def test_the_model_behind_a_deployment_has_another_name(endpoint, gateway_to, caplog):
    endpoint.will_answer(completion("done", model="gpt-x"))
    gateway = await gateway_to(endpoint, dialect="azure")

    assert (await gateway.ask("say done")).model_seen == "gpt-x"
    assert caplog.records == []


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "`endpoint` or `base_url`"),
        ({"endpoint": "https://a.example", "base_url": "https://b.example"}, "once"),
        ({"endpoint": "https://a.example", "api_key_env": "A", "token_env": "B"}, "or a token"),
        ({"endpoint": "https://a.example", "api": "responses", "api_version": "1"}, "v1 API"),
        ({"endpoint": "https://a.example", "deployment": "../x"}, "deployment"),
    ],
)
def test_azure_is_told_what_is_wrong_with_its_keys(keys, said):
    with pytest.raises(ValidationError, match=said):
        AzureConfig(**{"deployment": "d", **keys})


@pytest.mark.parametrize("tail", ["", "/", "/openai", "/openai/v1", "/openai/v1/"])
def test_an_azure_address_may_be_pasted_in_any_of_its_forms(tail):
    config = AzureConfig(endpoint=f"https://a.example{tail}", deployment="d")

    assert config.endpoint == "https://a.example"


# vLLM


async def test_a_name_that_vllm_does_not_serve_ends_the_preflight(endpoint, gateway_to):
    endpoint.models = status(200, {"data": [{"id": "scripted-7b"}, {"id": "zeta"}]})

    with pytest.raises(ModelUnavailable) as caught:
        await gateway_to(endpoint, dialect="vllm")

    assert "serves `scripted-7b`, `zeta` and not `scripted`" in str(caught.value)
    assert "write `model: scripted-7b`" in str(caught.value)


# Ollama


async def test_the_parameters_of_a_suite_become_those_of_ollama(endpoint, gateway_to):
    endpoint.will_answer("done")
    gateway = await gateway_to(
        endpoint,
        dialect="ollama",
        parameters={"temperature": 0.5, "max_tokens": 9, "stop": "END"},
        config={"context": 8192},
    )

    await gateway.ask("say done", response_format=RESPONSE_FORMAT, options={"mirostat": 2})

    assert endpoint.requests == [
        {
            "model": "scripted",
            "messages": [{"role": "user", "content": "say done"}],
            "stream": False,
            "truncate": False,
            "format": SCHEMA,
            "options": {
                "temperature": 0.5,
                "num_predict": 9,
                "stop": ["END"],
                "num_ctx": 8192,
                "mirostat": 2,
            },
        }
    ]


@pytest.mark.parametrize("parameters", [{"logit_bias": {}}, {"n": 2}], ids=repr)
async def test_what_ollama_cannot_honour_is_refused_before_the_run(
    endpoint, gateway_to, parameters
):
    with pytest.raises(UsageError, match="take"):
        await gateway_to(endpoint, dialect="ollama", parameters=parameters)


async def test_a_model_that_is_not_pulled_says_how_to_pull_it(endpoint, gateway_to):
    endpoint.pulled = ["scripted:7b"]

    with pytest.raises(ModelUnavailable) as caught:
        await gateway_to(endpoint, dialect="ollama")

    assert "model not pulled: ollama pull scripted" in str(caught.value)
    assert "it has `scripted:7b`" in str(caught.value)


async def test_it_is_known_whether_ollama_has_the_model_in_memory(endpoint, gateway_to):
    warm = await gateway_to(endpoint, dialect="ollama")
    endpoint.loaded = []
    cold = await gateway_to(endpoint, dialect="ollama")

    loaded = [gateway.models["author"].is_loaded for gateway in (warm, cold)]
    assert loaded == [True, False]


async def test_a_server_that_is_not_ollama_is_named(endpoint, gateway_to):
    gone = {"base_url": f"{endpoint.address}/nothing-here"}

    with pytest.raises(ModelUnavailable, match="is it an Ollama server"):
        await gateway_to(endpoint, dialect="ollama", config=gone)


async def test_a_prompt_that_ollama_would_cut_is_too_long(endpoint, gateway_to):
    error = {"error": "the input length exceeds the context length"}
    endpoint.will_answer(status(400, error))
    gateway = await gateway_to(endpoint, dialect="ollama")

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("very long")

    assert caught.value.kind == "too_long"


async def test_an_answer_of_ollama_that_is_not_done_is_none(endpoint, gateway_to):
    half = {"message": {"content": "half"}, "done": False}
    endpoint.will_answer(status(200, half), "whole")
    gateway = await gateway_to(endpoint, dialect="ollama")

    assert (await gateway.ask("say it")).text == "whole"


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/api"])
def test_an_address_of_ollama_may_be_that_of_its_other_protocol(tail):
    assert OllamaConfig(base_url=f"http://h:1{tail}", model="m").base_url == "http://h:1"
