import json

import pytest
from pydantic import ValidationError

from sygra_eval.models.openai import OpenAIConfig, OpenAIModel
from sygra_eval.testing import completion, garbage, hang, status
from sygra_eval.values import CallFailed, ModelUnavailable, UsageError

KEY = "sk-canary-0123456789"


async def test_an_answer_comes_with_what_the_server_said_of_it(endpoint, gateway_to):
    usage = {"prompt_tokens": 11, "completion_tokens": 7}
    endpoint.will_answer(completion("done", usage=usage, model="scripted-2", finish_reason="stop"))
    gateway = await gateway_to(endpoint)

    response = await gateway.ask("say done")

    assert (response.text, response.finish_reason) == ("done", "stop")
    assert (response.model_seen, response.tries) == ("scripted-2", 1)
    assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (11, 7)
    assert not response.usage.is_estimated


async def test_messages_and_parameters_are_sent_and_the_requests_own_win(endpoint, gateway_to):
    endpoint.will_answer("done")
    gateway = await gateway_to(endpoint, parameters={"temperature": 0.8, "max_tokens": 5})

    await gateway.ask("say done", temperature=0)

    assert endpoint.requests == [
        {
            "model": "scripted",
            "messages": [{"role": "user", "content": "say done"}],
            "temperature": 0,
            "max_tokens": 5,
        }
    ]


async def test_without_api_key_env_no_authorization_is_sent(endpoint, gateway_to, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    endpoint.will_answer("done")
    gateway = await gateway_to(endpoint)

    await gateway.ask("say done")

    assert "Authorization" not in endpoint.headers[0]


async def test_the_key_comes_from_the_variable_that_the_suite_names(
    endpoint, gateway_to, monkeypatch
):
    monkeypatch.setenv("SOME_KEY", KEY)
    endpoint.requires_key = KEY
    endpoint.will_answer("done")
    gateway = await gateway_to(endpoint, config={"api_key_env": "SOME_KEY"})

    response = await gateway.ask("say done")

    assert response.text == "done"


async def test_a_variable_that_is_not_set_is_named_before_anything_is_sent(
    endpoint, gateway_to, monkeypatch
):
    monkeypatch.delenv("SOME_KEY", raising=False)

    with pytest.raises(ModelUnavailable, match="SOME_KEY, which is not set"):
        await gateway_to(endpoint, config={"api_key_env": "SOME_KEY"})


async def test_a_refused_key_is_said_at_the_preflight_without_the_key(
    endpoint, gateway_to, monkeypatch
):
    monkeypatch.setenv("SOME_KEY", KEY)
    endpoint.requires_key = "another"

    with pytest.raises(ModelUnavailable) as caught:
        await gateway_to(endpoint, config={"api_key_env": "SOME_KEY"})

    assert "refused the key in the environment variable SOME_KEY" in str(caught.value)
    assert KEY not in str(caught.value)


async def test_a_server_that_wants_a_key_says_how_to_give_one(endpoint, gateway_to):
    endpoint.requires_key = KEY

    with pytest.raises(ModelUnavailable, match="name its environment variable in `api_key_env`"):
        await gateway_to(endpoint)


async def test_a_server_that_is_not_there_is_named_at_the_preflight(spec_to):
    model = OpenAIModel(spec_to("http://127.0.0.1:9/v1"))

    with pytest.raises(ModelUnavailable, match=r"http://127\.0\.0\.1:9/v1.*is the server running"):
        await model.open()


async def test_a_server_that_hangs_is_named_at_the_preflight(endpoint, gateway_to):
    endpoint.models = hang()

    with pytest.raises(ModelUnavailable, match=r"did not answer within 0\.2 s"):
        await gateway_to(endpoint, timeout_s=0.2)


@pytest.mark.parametrize(
    "models", [None, status(405), garbage(), garbage("[]"), status(200, {"data": []})], ids=repr
)
async def test_a_server_without_a_list_of_models_is_taken(endpoint, gateway_to, models):
    endpoint.models = models
    endpoint.will_answer("done")

    gateway = await gateway_to(endpoint)

    assert gateway.warnings == ()
    assert (await gateway.ask("say done")).text == "done"


async def test_a_model_that_the_list_lacks_is_a_warning(endpoint, gateway_to):
    endpoint.models = status(200, {"data": [{"id": "other"}]})

    gateway = await gateway_to(endpoint)

    assert gateway.warnings == (f"author: {endpoint.base_url} does not list the model `scripted`",)


async def test_a_redirect_is_not_followed_because_the_key_would_go_with_it(endpoint, gateway_to):
    endpoint.models = status(308, None, {"Location": "https://elsewhere.example/v1/models"})

    with pytest.raises(ModelUnavailable, match=r"redirects to https://elsewhere\.example"):
        await gateway_to(endpoint)


async def test_a_key_that_a_server_echoes_is_not_in_the_message(endpoint, gateway_to, monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)
    endpoint.requires_key = KEY
    gateway = await gateway_to(endpoint, config={"api_key_env": "SOME_KEY"})
    endpoint.requires_key = "changed since"

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("say done")

    assert caught.value.kind == "refused_key"
    assert "Incorrect API key provided: [key]" in str(caught.value)
    assert KEY not in str(caught.value)


async def test_content_in_parts_is_joined(endpoint, gateway_to):
    parts = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]
    endpoint.will_answer(completion(parts))
    gateway = await gateway_to(endpoint)

    assert (await gateway.ask("count")).text == "one two"


async def test_an_answer_that_was_cut_at_max_tokens_is_kept_and_says_so(endpoint, gateway_to):
    endpoint.will_answer(completion("def f(", finish_reason="length"))
    gateway = await gateway_to(endpoint)

    response = await gateway.ask("write f")

    assert (response.text, response.finish_reason) == ("def f(", "length")


@pytest.mark.parametrize(
    "usage",
    [
        {},
        {"prompt_tokens": None, "completion_tokens": None},
        {"prompt_tokens": 3, "completion_tokens": -1},
        {"prompt_tokens": 3, "completion_tokens": 10**12},
        {"prompt_tokens": 3, "completion_tokens": True},
        {"prompt_tokens": "3", "completion_tokens": "4"},
        {"prompt_tokens": 0, "completion_tokens": 0},
    ],
    ids=repr,
)
async def test_usage_that_is_missing_or_absurd_is_estimated_and_flagged(
    endpoint, gateway_to, usage
):
    endpoint.will_answer(completion("12345678", usage=usage))
    gateway = await gateway_to(endpoint)

    response = await gateway.ask("1234")

    counted = (response.usage.prompt_tokens, response.usage.completion_tokens)
    assert (counted, response.usage.is_estimated) == ((1, 2), True)


async def test_a_refusal_is_final_and_says_what_the_model_said(endpoint, gateway_to):
    message = {"role": "assistant", "content": None, "refusal": "I will not."}
    endpoint.will_answer(status(200, {"choices": [{"message": message, "finish_reason": "stop"}]}))
    gateway = await gateway_to(endpoint)

    with pytest.raises(CallFailed, match="I will not") as caught:
        await gateway.ask("do it")

    assert (caught.value.kind, len(endpoint.requests)) == ("refused", 1)


async def test_a_filtered_answer_is_final(endpoint, gateway_to):
    endpoint.will_answer(completion("half", finish_reason="content_filter"))
    gateway = await gateway_to(endpoint)

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("do it")

    assert (caught.value.kind, len(endpoint.requests)) == ("refused", 1)


async def test_an_answer_of_a_megabyte_is_read_and_one_past_the_limit_is_not(endpoint, gateway_to):
    endpoint.will_answer("x" * 2**20, "x" * (9 * 2**20))
    gateway = await gateway_to(endpoint)

    assert len((await gateway.ask("long")).text) == 2**20
    with pytest.raises(CallFailed) as caught:
        await gateway.ask("longer")
    assert caught.value.kind == "too_large"


async def test_a_request_that_json_cannot_hold_fails_before_it_is_sent(endpoint, gateway_to):
    gateway = await gateway_to(endpoint)

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("say done", logit_bias={1, 2})

    assert (caught.value.kind, endpoint.requests) == ("bad_request", [])


async def test_text_with_half_a_surrogate_pair_can_be_sent(endpoint, gateway_to):
    endpoint.will_answer("done")
    gateway = await gateway_to(endpoint)

    await gateway.ask("odd \ud800 text")

    assert endpoint.requests[0]["messages"][0]["content"] == "odd \ud800 text"


def test_what_is_ours_cannot_be_a_sampling_parameter(spec_to):
    with pytest.raises(UsageError, match="`stream` is no sampling parameter"):
        OpenAIModel(spec_to("http://127.0.0.1:1/v1", parameters={"stream": True}))


@pytest.mark.parametrize(
    "base_url", ["127.0.0.1:8000/v1", "ftp://host/v1", "http://me:pw@host/v1", "http://h/v1?key=1"]
)
def test_an_address_that_is_none_or_that_holds_a_key_is_refused(base_url):
    with pytest.raises(ValidationError, match="base_url"):
        OpenAIConfig(base_url=base_url, model="some-model")


def test_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="api_key"):
        OpenAIConfig.model_validate({"base_url": "http://h/v1", "model": "m", "api_key": "sk-1"})


def test_the_identity_of_a_local_server_does_not_depend_on_its_port(spec_to):
    models = [
        OpenAIModel(spec_to(f"http://{host}/v1"))
        for host in ("127.0.0.1:8000", "localhost:9", "127.0.0.1:8001")
    ]

    assert {model.identity for model in models} == {"openai http://local/v1 scripted"}
    assert len({model.endpoint for model in models}) == 3


def test_the_identity_of_a_remote_server_is_its_address(spec_to):
    model = OpenAIModel(spec_to("https://api.example.org:8443/v1/"))

    assert model.identity == "openai https://api.example.org:8443/v1 scripted"


def test_the_config_has_a_json_schema():
    assert json.dumps(OpenAIConfig.model_json_schema())
