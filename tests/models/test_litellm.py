"""Every other provider, through litellm: here against servers that speak three of the protocols."""

import os
import subprocess
import sys
import textwrap

import pytest
from pydantic import ValidationError

from sygra_eval.models.litellm_model import LitellmConfig
from sygra_eval.testing import completion, dropped, garbage, hang, rate_limited, status
from sygra_eval.values import CallFailed, ModelUnavailable, UsageError

KEY = "canary-0123456789"
PROVIDERS = ["anthropic", "gemini", "bedrock"]
OTHER = {"openai_like": {"use": "litellm", "model": "openai/scripted"}}

pytestmark = pytest.mark.filterwarnings("ignore")  # litellm's own


@pytest.fixture(autouse=True)
def accounts(monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "canary-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    monkeypatch.setenv("AWS_REGION_NAME", "us-east-1")


def account(provider: str) -> dict:
    return {} if provider == "bedrock" else {"api_key_env": "SOME_KEY"}


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_answer_says_the_same_as_on_every_other_way(endpoint, gateway_to, provider):
    usage = {"prompt_tokens": 11, "completion_tokens": 7}
    endpoint.will_answer(completion("done", usage=usage, finish_reason="length"))
    gateway = await gateway_to(endpoint, dialect=provider, config=account(provider))

    response = await gateway.ask("say done", temperature=0.5, max_tokens=9)

    assert (response.text, response.finish_reason) == ("done", "length")
    assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (11, 7)
    assert not response.usage.is_estimated
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
async def test_reasoning_is_kept_apart(endpoint, gateway_to, provider):
    endpoint.will_answer(completion("Four.", reasoning="two and two"))
    gateway = await gateway_to(endpoint, dialect=provider, config=account(provider))

    response = await gateway.ask("2 + 2?")

    assert (response.text, response.reasoning) == ("Four.", "two and two")


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (status(401, {"error": {"message": "no such key"}}), "refused_key"),
        (status(403, {"error": {"message": "not you"}}), "refused_key"),
        (status(404, {"error": {"message": "no such model"}}), "not_found"),
        (status(400, {"error": {"message": "unknown field top_z"}}), "bad_request"),
        (status(400, {"error": {"message": "prompt is too long: 9 > 8"}}), "too_long"),
        (status(400, {"error": {"message": "Your credit balance is too low"}}), "quota"),
        (status(307, None, {"Location": "http://localhost:1/v1/messages"}), "redirected"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.status}",
)
async def test_a_final_refusal_has_the_usual_name(endpoint, gateway_to, provider, reply, kind):
    endpoint.will_answer(reply, "never asked for")
    gateway = await gateway_to(endpoint, dialect=provider, config=account(provider))

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("say done")

    assert (caught.value.kind, len(endpoint.requests)) == (kind, 1)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_429_waits_for_its_retry_after(endpoint, gateway_to, clock, provider):
    endpoint.will_answer(rate_limited(retry_after_s=3), "done")
    gateway = await gateway_to(endpoint, dialect=provider, config=account(provider))

    response = await gateway.ask("say done")

    assert (response.tries, clock.slept_s) == (2, [3])


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (status(500, {"error": {"message": "x"}}), "server_error"),
        (status(503, {"error": {"message": "x"}}), "overloaded"),
        (status(529, {"error": {"type": "overloaded_error", "message": "x"}}), "overloaded"),
        (dropped(), "connection"),
        (garbage(), "bad_body"),
        (hang(), "timeout"),
    ],
    ids=["500", "503", "529", "dropped", "html", "hang"],
)
async def test_a_passing_trouble_is_tried_again_by_us_alone(
    endpoint, gateway_to, provider, reply, kind
):
    endpoint.will_answer(reply, "done")
    timeout_s = 2.0 if kind == "timeout" else 60.0  # its first call may have to import a lot
    gateway = await gateway_to(
        endpoint, dialect=provider, timeout_s=timeout_s, config=account(provider)
    )
    model, failures = gateway.models["author"], []

    async def complete(request, ask=model.complete):
        try:
            return await ask(request)
        except CallFailed as failure:
            failures.append(failure.kind)
            raise

    model.complete = complete
    response = await gateway.ask("say done")

    assert (response.tries, failures, len(endpoint.requests)) == (2, [kind], 2)


async def test_no_key_is_in_what_is_said(endpoint, gateway_to, caplog, capfd):
    endpoint.requires_key = "another"
    gateway = await gateway_to(endpoint, dialect="anthropic", config={"api_key_env": "SOME_KEY"})

    with pytest.raises(CallFailed) as caught:
        await gateway.ask("say done")

    printed = capfd.readouterr()
    said = [str(caught.value), repr(caught.value), caplog.text, printed.out, printed.err]
    said += [repr(gateway.models["author"]), repr(caught.value.__cause__)]
    assert endpoint.headers[0]["x-api-key"] == KEY
    assert KEY not in " ".join(said)
    assert caught.value.kind == "refused_key"


async def test_a_provider_reached_with_openais_package_is_watched_too(endpoint, gateway_to, clock):
    elsewhere = {"Location": f"http://localhost:{endpoint.port}/v1/chat/completions"}
    endpoint.will_answer(rate_limited(retry_after_s=3), "done", status(307, None, elsewhere), "no")
    config = {"model": "openai/scripted", "base_url": endpoint.base_url, "api_key_env": "SOME_KEY"}
    gateway = await gateway_to(endpoint, dialect="anthropic", config=config)

    response = await gateway.ask("say done")
    with pytest.raises(CallFailed) as caught:
        await gateway.ask("say it again")

    assert (response.tries, clock.slept_s) == (2, [3])
    assert (caught.value.kind, len(endpoint.requests)) == ("redirected", 3)


async def test_what_a_provider_does_not_know_is_said_before_the_run(endpoint, gateway_to):
    gateway = await gateway_to(
        endpoint,
        dialect="anthropic",
        config=account("anthropic"),
        parameters={"temperature": 0.5, "logit_bias": {}},
    )

    assert gateway.warnings == (
        "author: `logit_bias` is not known to anthropic, so it is left out",
    )


async def test_a_provider_that_litellm_does_not_know_ends_the_preflight(endpoint, gateway_to):
    with pytest.raises(ModelUnavailable, match="write PROVIDER/MODEL"):
        await gateway_to(
            endpoint, dialect="anthropic", config={"model": "nowhere/x", "base_url": None}
        )


async def test_what_would_answer_without_a_model_is_refused(endpoint, gateway_to):
    gateway = await gateway_to(endpoint, dialect="anthropic", config=account("anthropic"))

    with pytest.raises(CallFailed, match="`mock_response` is no sampling parameter"):
        await gateway.ask("say done", mock_response="done")
    with pytest.raises(UsageError, match="`fallbacks` is no sampling parameter"):
        await gateway_to(endpoint, dialect="anthropic", parameters={"fallbacks": []})

    assert endpoint.requests == []


@pytest.mark.parametrize("name", ["aws_secret_access_key", "api_key", "vertex_credentials"])
def test_a_secret_has_no_place_in_a_suite(name):
    with pytest.raises(ValidationError, match="belongs into the environment"):
        LitellmConfig(model="bedrock/x", options={name: "canary"})


def test_importing_litellm_asks_no_one_and_reads_no_env_file(tmp_path):
    (tmp_path / ".env").write_text("FROM_THE_ENV_FILE=1\n")
    program = textwrap.dedent("""
        import asyncio, os, socket

        def refuse(*args, **named):
            raise SystemExit("the network was asked")

        socket.getaddrinfo = socket.socket.connect = refuse
        from sygra_eval.models import litellm_door
        asyncio.run(litellm_door.opened())
        print(os.environ.get("FROM_THE_ENV_FILE"))
    """)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("LITELLM")
    }

    ran = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment,
    )

    assert (ran.stdout, ran.returncode) == ("None\n", 0), ran.stderr
