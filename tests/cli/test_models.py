"""`models list`, `show` and `test`: what is wrong with a model is told apart."""

import asyncio
import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from sygra_eval.cli import commands
from sygra_eval.models import checkup
from sygra_eval.models.builtin import OpenAIConfig, OpenAIModel
from sygra_eval.testing import ScriptedEndpoint, completion, status
from sygra_eval.values import BatchTerms, ModelSpec, Price, UsageError

KEY = "sk-planted-key-4711"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def models_file(tmp_path: Path) -> Callable[..., Path]:
    def write(**models: object) -> Path:
        path = tmp_path / "models.yaml"
        path.write_text(yaml.safe_dump(models, sort_keys=False))
        return path

    return write


@pytest.fixture
def run() -> Run:
    def start(*arguments: object) -> tuple[int, str]:
        ran = CliRunner().invoke(commands, [str(one) for one in arguments], standalone_mode=False)
        if ran.exception is not None:
            raise ran.exception
        return ran.return_value, ran.output

    return start


AUTHOR = {
    "use": "openai",
    "base_url": "http://127.0.0.1:9/v1",
    "model": "m",
    "api_key_env": "A_KEY",
}


def test_a_list_has_every_model_and_no_key(models_file, run, monkeypatch):
    monkeypatch.setenv("A_KEY", KEY)
    path = models_file(author=AUTHOR, small={"use": "embedded"}, mine={**AUTHOR, "price": "free"})

    code, output = run("models", "list", path)

    assert code == 0
    assert "A_KEY (set)" in output
    assert KEY not in output
    rows = [
        line.split()[0] for line in output.splitlines() if " openai" in line or " embed" in line
    ]
    assert rows == ["author", "small", "mine"]


def test_a_folder_with_a_models_file_is_enough(models_file, run):
    folder = models_file(author=AUTHOR).parent

    code, output = run("models", "show", "author", folder, "--json")

    told = json.loads(output)
    assert (code, told["exit"]) == (0, 0)
    assert (told["name"], told["use"], told["model"]) == ("author", "openai", "m")
    assert (told["key"], told["price"]) == ("A_KEY (not set)", None)


def test_a_suites_own_models_are_meant_too(tmp_path, models_file, run):
    models_file(shared=AUTHOR)
    suite = {
        "suite": {"name": "s"},
        "models": {"own": {**AUTHOR, "price": {"input": 1, "output": 2}}},
    }
    path = tmp_path / "suite.yaml"
    path.write_text(yaml.safe_dump(suite))

    _, output = run("models", "list", path, "--json")

    told = {row["name"]: row["price"] for row in json.loads(output)["models"]}
    assert told == {"shared": None, "own": "1 / 2"}


def test_a_name_that_is_not_there_is_told_with_those_that_are(models_file, run):
    with pytest.raises(Exception, match="no model `auther`; there are `author`"):
        run("models", "show", "auther", models_file(author=AUTHOR))


def test_a_mistake_has_its_place(models_file, run):
    with pytest.raises(Exception, match="cannot be read"):
        run("models", "list", models_file(author={"use": "openai", "modle": "m"}))


def spec_of(base_url: str, *, price: object = None, **config: object) -> ModelSpec:
    keys = OpenAIConfig(base_url=base_url, model="scripted", **config)
    return ModelSpec(name="a", use="openai", config=keys, folder=Path(), price=price)


async def steps_of(spec: ModelSpec) -> dict[str, tuple[str, str]]:
    return {s.name: (s.outcome.value, s.told) async for s in checkup(spec, OpenAIModel)}


def answers_everything(body: dict) -> object:
    if "tools" in body:
        call = {"id": "1", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}
        message = {"content": None, "tool_calls": [{"type": "function", **call}]}
        choice = {"message": message, "finish_reason": "tool_calls"}
        return status(200, {"choices": [choice], "usage": {}})
    return completion('{"ok": true}' if "response_format" in body else "ok")


@pytest.fixture
async def endpoint():
    async with ScriptedEndpoint.on_a_free_port() as scripted:
        scripted.answers_with(answers_everything)
        yield scripted


async def test_a_good_model_passes_every_step(endpoint):
    price = Price(input=1.0, output=2.0)

    steps = await steps_of(spec_of(endpoint.base_url, price=price))

    assert {name: outcome for name, (outcome, _) in steps.items()} == dict.fromkeys(
        (
            "address",
            "connection",
            "model",
            "key",
            "completion",
            "streaming",
            "json mode",
            "tools",
            "tokens",
            "price",
        ),
        "ok",
    )
    assert "first text after" in steps["streaming"][1]
    assert "weather" in steps["tools"][1]


async def test_a_host_that_nobody_knows_is_an_address_that_failed():
    steps = await steps_of(spec_of("http://no-such-host.invalid/v1"))

    assert list(steps) == ["address"]
    assert steps["address"][0] == "failed"


async def test_a_port_where_nobody_listens_is_a_connection_that_failed():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        steps = await steps_of(spec_of(f"http://127.0.0.1:{taken.getsockname()[1]}/v1"))

    assert list(steps) == ["address", "connection"]
    assert "is the server running" in steps["connection"][1]


@pytest.fixture
def self_signed(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate that nobody has signed, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not there to make a certificate")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    asked = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    command = [shutil.which("openssl") or "openssl", "req", *asked, *files]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own words
    return certificate, key


async def test_a_certificate_of_ones_own_making_is_told(self_signed):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed)
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]

    steps = await steps_of(spec_of(f"https://127.0.0.1:{port}/v1"))

    server.close()
    assert list(steps) == ["address", "connection", "certificate"]
    assert steps["certificate"][0] == "failed"
    assert "not trusted" in steps["certificate"][1]


async def test_a_server_without_tls_is_told_apart_from_a_bad_certificate(endpoint):
    steps = await steps_of(spec_of(endpoint.base_url.replace("http://", "https://")))

    assert "does not speak TLS" in steps["certificate"][1]


async def test_a_key_that_is_refused_or_not_set_is_the_key(endpoint, monkeypatch):
    endpoint.requires_key = "sk-another"
    monkeypatch.setenv("A_KEY", KEY)

    refused = await steps_of(spec_of(endpoint.base_url, api_key_env="A_KEY"))
    missing = await steps_of(spec_of(endpoint.base_url, api_key_env="NO_SUCH_KEY"))

    for steps in (refused, missing):
        assert list(steps) == ["address", "connection", "key"]
        assert steps["key"][0] == "failed"
        assert KEY not in str(steps)


async def test_a_model_that_is_not_there_is_the_model(endpoint):
    endpoint.models = status(200, {"data": [{"id": "other"}]})
    endpoint.answers_with(lambda _: status(404, {"error": {"message": "no such model"}}))

    steps = await steps_of(spec_of(endpoint.base_url))

    assert "completion" not in steps
    assert steps["model"][0] == "failed"
    assert "404" in steps["model"][1]


async def test_what_a_suite_may_do_without_is_a_warning(endpoint):
    def answers_in_words(body):
        if "response_format" in body or "tools" in body:
            return status(400, {"error": {"message": "unknown parameter"}})
        return status(200, {"choices": [{"message": {"content": "ok"}}]})

    endpoint.answers_with(answers_in_words)

    steps = await steps_of(spec_of(endpoint.base_url))

    warned = {name for name, (outcome, _) in steps.items() if outcome == "warning"}
    assert warned >= {"json mode", "tools", "tokens", "price"}
    assert steps["completion"][0] == "ok"
    assert "price: free" in steps["price"][1]


async def test_a_model_in_batches_is_asked_live_and_priced_in_batches(endpoint):
    spec = spec_of(endpoint.base_url, price=Price(input=1.0, output=2.0))

    steps = await steps_of(replace(spec, batch=BatchTerms()))

    assert list(steps)[3:6] == ["key", "batch", "completion"]
    assert steps["batch"][0] == "ok"
    assert "done within 24h" in steps["batch"][1]
    assert steps["price"][1].startswith("0.5 and 1 USD per million tokens in batches")
    assert endpoint.batches.submitted == []


async def test_a_server_without_batches_fails_the_step_of_batches(endpoint):
    spec = spec_of(endpoint.address + "/elsewhere", price=Price(input=1.0, output=2.0))

    steps = await steps_of(replace(spec, batch=BatchTerms()))

    assert list(steps)[-1] == "batch"
    assert "answered 404 when asked for its batches" in steps["batch"][1]
    assert "take `mode: batch` out" in steps["batch"][1]


async def test_a_deployment_for_batches_alone_can_be_used(endpoint):
    endpoint.answers_with(lambda body: status(400, {"error": {"message": "for batches only"}}))

    steps = await steps_of(replace(spec_of(endpoint.base_url), batch=BatchTerms()))

    assert {name: outcome for name, (outcome, _) in steps.items()} == {
        "address": "ok",
        "connection": "ok",
        "model": "ok",
        "key": "ok",
        "batch": "ok",
        "completion": "warning",
        "price": "warning",
    }


def test_what_holds_for_a_model_in_batches_is_shown(models_file, run):
    price = {"input": 2.0, "output": 4.0}
    batched = {**AUTHOR, "price": price, "mode": "batch", "batch": {"window": "7d"}}

    _, output = run("models", "show", "author", models_file(author=batched), "--json")

    shown = json.loads(output)
    assert (shown["mode"], shown["price"]) == ("batch", "1 / 2")
    assert shown["batch"]["window"] == "7d"
    assert shown["endpoint"].endswith("in batches")


MATRIX = """\
suite: {name: sizes}
matrix: {size: [small, large], style: [terse, long], exclude: [{size: large, style: long}]}
models:
  author: {use: openai, base_url: "http://127.0.0.1:9/v1", model: "${matrix.size}-model"}
  critic: {use: openai, base_url: "http://127.0.0.1:9/v1", model: critic-model}
"""


def test_the_models_of_a_suite_are_those_of_its_variants(tmp_path, run):
    suite = tmp_path / "sizes.yaml"
    suite.write_text(MATRIX)

    _, told = run("models", "list", suite, "--json")
    _, shown = run("models", "list", suite)
    _, of_one = run("models", "list", suite, "--variant", "size=large,style=terse", "--json")
    _, critic = run("models", "show", "critic", suite, "--json")

    found = [(m["name"], m["model"], m["variants"]) for m in json.loads(told)["models"]]
    assert found == [
        ("author", "small-model", ["size=small,style=terse", "size=small,style=long"]),
        ("author", "large-model", ["size=large,style=terse"]),
        ("critic", "critic-model", []),
    ]
    assert "and 1 more" in shown
    assert [m["model"] for m in json.loads(of_one)["models"]] == ["large-model", "critic-model"]
    assert json.loads(critic)["model"] == "critic-model"
    with pytest.raises(UsageError, match="2 models by the suite's matrix: say --variant size=s"):
        run("models", "show", "author", suite)
    with pytest.raises(UsageError, match="no variant `size=lrge,style=terse`"):
        run("models", "list", suite, "--variant", "size=lrge,style=terse")


def test_a_model_may_be_called_matrix(models_file, run, tmp_path):
    path = models_file(matrix=AUTHOR, cases=AUTHOR).rename(tmp_path / "mine.yaml")

    _, told = run("models", "list", path, "--json")

    assert [m["name"] for m in json.loads(told)["models"]] == ["matrix", "cases"]
