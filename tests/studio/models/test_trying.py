"""A model is tested step by step, and whatever is wrong has a light and words of its own."""

import asyncio
import shutil
import ssl
import subprocess
import time

import pytest

from sygra_eval.models import StepOutcome
from sygra_eval.plugins import load_plugins
from sygra_eval.studio.models import child
from sygra_eval.studio.models.lights import Lights
from sygra_eval.studio.models.trying import ask_child
from sygra_eval.testing import ScriptedEndpoint, completion, status
from tests.studio.models.conftest import KEY, answers_everything, hanging

SECONDS = 30
ALL_OK = dict.fromkeys(
    ("address", "key", "model", "completion", "streaming", "json_tools"), "ok"
) | {"tls": "left out"}


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    return load_plugins(tmp_path_factory.mktemp("empty"))


@pytest.fixture(autouse=True)
def _as_new(endpoint):
    endpoint.requires_key = None
    endpoint.models = status(200, {"data": [{"id": "scripted"}]})
    endpoint.answers_with(answers_everything)


async def turned(entry, plugins, root, step_s=10.0):
    """Take the steps here, without a child, and turn the lights."""
    lights = Lights(is_served=True, is_encrypted=entry.get("base_url", "").startswith("https"))
    spec = child.spec_of({"root": str(root), "name": "m", "entry": entry}, plugins)
    async for step in child.tested(spec, plugins, step_s=step_s):
        lights.take(
            {
                "name": step.name,
                "outcome": str(step.outcome),
                "told": step.told,
                "first_text_s": step.first_text_s,
            }
        )
    lights.end()
    return lights


@pytest.fixture
def lights_of(plugins, tmp_path):
    return lambda entry, **how: asyncio.run(turned(entry, plugins, tmp_path, **how))


def states(lights):
    return {name: one.state for name, one in lights.lights.items()}


@pytest.mark.parametrize("dialect", ["openai", "azure", "azure_v1", "ollama", "vllm"])
def test_a_good_model_of_each_provider_lights_all_lights(endpoint, lights_of, dialect):
    lights = lights_of({**endpoint.model_entry(dialect), "price": {"input": 1, "output": 2}})

    assert states(lights) == ALL_OK
    assert lights.headline == "It can be used"
    assert lights.first_text_s is not None
    assert lights.facts["price"].told.startswith("1 and 2 USD per million tokens")


def test_how_long_a_prompt_may_be_is_told_where_the_server_says_it(endpoint, lights_of):
    endpoint.models = status(200, {"data": [{"id": "scripted", "max_model_len": 32768}]})

    lights = lights_of(endpoint.model_entry("vllm"))

    assert lights.lights["model"].told == "`scripted` is there, with up to 32,768 tokens"
    endpoint.context = 131_072
    lights = lights_of(endpoint.model_entry("ollama"))
    assert lights.lights["model"].told == "`scripted` is there, with up to 131,072 tokens"


@pytest.mark.parametrize("dialect", ["openai", "azure", "ollama", "vllm"])
def test_a_wrong_key_of_each_provider_is_named_as_that(endpoint, lights_of, dialect, monkeypatch):
    monkeypatch.setenv("M_KEY", "another-key-1234")
    endpoint.requires_key = KEY

    lights = lights_of({**endpoint.model_entry(dialect), "api_key_env": "M_KEY"})

    assert lights.headline == "The key is refused"
    assert states(lights)["key"] == "failed"
    assert states(lights)["completion"] == "left out"
    assert "another-key" not in str(lights)


def test_a_key_that_is_not_set_is_told_apart(endpoint, lights_of):
    lights = lights_of({**endpoint.model_entry(), "api_key_env": "NOBODYS_KEY"})

    assert lights.headline == "The key is not set"


def test_a_key_that_the_server_wants_and_nobody_named_is_told_apart(endpoint, lights_of):
    endpoint.requires_key = KEY

    assert lights_of(endpoint.model_entry()).headline == "The server wants a key"


@pytest.mark.parametrize("dialect", ["ollama", "vllm"])
def test_a_model_that_is_not_there_is_named_as_that(endpoint, lights_of, dialect):
    lights = lights_of({**endpoint.model_entry(dialect), "model": "nowhere"})

    assert lights.headline == "There is no such model"
    assert states(lights)["model"] == "failed"


@pytest.mark.parametrize(
    ("code", "message", "headline"),
    [
        ("DeploymentNotFound", "The API deployment does not exist.", "There is no such model"),
        ("model_not_found", "The model `scripted` does not exist", "There is no such model"),
    ],
)
def test_a_deployment_that_is_not_there_is_named_as_that(
    endpoint, lights_of, code, message, headline
):
    endpoint.answers_with(lambda body: status(404, {"error": {"code": code, "message": message}}))

    assert lights_of(endpoint.model_entry("azure")).headline == headline


@pytest.mark.parametrize(
    ("answered", "error"),
    [
        (404, {"code": "404", "message": "Resource not found"}),
        (400, {"code": "InvalidApiVersionParameter", "message": "The api-version is invalid"}),
    ],
)
def test_a_wrong_api_version_is_named_as_that(endpoint, lights_of, answered, error):
    endpoint.models = status(answered, {"error": error})

    lights = lights_of({**endpoint.model_entry("azure"), "api_version": "1999-01-01"})

    assert lights.headline == "The API version is wrong"
    assert "`1999-01-01`" in lights.lights["model"].told


def test_an_endpoint_that_hangs_is_named_as_that_and_ends_in_time(lights_of):
    with hanging() as port:
        began = time.monotonic()
        lights = lights_of(
            {"use": "openai", "base_url": f"http://127.0.0.1:{port}/v1", "model": "m"}, step_s=0.5
        )

    assert lights.headline == "The server does not answer"
    assert states(lights)["address"] == "ok"
    assert time.monotonic() - began < SECONDS


def test_a_wrong_certificate_is_told_apart_from_no_certificate_at_all(plugins, tmp_path):
    names = ("-subj", "/CN=own", "-addext", "subjectAltName=IP:127.0.0.1")
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    files = ("-keyout", "own.key", "-out", "own.pem")
    openssl(tmp_path, "req", "-x509", *ec, *names, "-days", "2", *files)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "own.pem", tmp_path / "own.key")

    async def look():
        async with ScriptedEndpoint.on_a_free_port(tls=context) as secure:
            wrong = await turned(secure.model_entry(), plugins, tmp_path)
            secure.answers_with(answers_everything)
            own = {**secure.model_entry(), "ca_file": "own.pem"}
            right = await turned(own, plugins, tmp_path)
        async with ScriptedEndpoint.on_a_free_port() as plain:
            entry = {**plain.model_entry(), "base_url": f"https://127.0.0.1:{plain.port}/v1"}
            return wrong, right, await turned(entry, plugins, tmp_path)

    wrong, right, plain = asyncio.run(look())

    assert wrong.headline == "The certificate is not trusted"
    assert states(wrong)["tls"] == "failed"
    assert (states(right)["tls"], right.headline) == ("ok", "It can be used")
    assert plain.headline == "The server does not speak TLS"


def test_where_nothing_listens_is_named_as_that(lights_of):
    with hanging() as port:
        pass

    lights = lights_of({"use": "openai", "base_url": f"http://127.0.0.1:{port}/v1", "model": "m"})

    assert lights.headline == "Nothing listens at this address"


def test_no_redirect_is_followed_with_a_key(endpoint, lights_of, monkeypatch):
    monkeypatch.setenv("M_KEY", KEY)
    moved = status(302, {}, headers={"Location": f"{endpoint.address}/elsewhere?t=1"})
    endpoint.models = moved
    asked = len(endpoint.requests)

    lights = lights_of({**endpoint.model_entry(), "api_key_env": "M_KEY"})

    assert lights.headline == "The server redirects elsewhere"
    assert len(endpoint.requests) == asked


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "[::]", "[fd00:ec2::254]"],
)
def test_a_link_local_address_is_refused_before_anything_is_sent(lights_of, host):
    lights = lights_of({"use": "openai", "base_url": f"http://{host}/v1", "model": "m"})

    assert lights.headline == "This address is refused"


@pytest.mark.parametrize("found", ["169.254.169.254", "fe80::1%eth0"])
def test_a_name_that_leads_to_a_link_local_address_is_refused(found):
    resolve = child.guarded(lambda *_, **__: [(2, 1, 6, "", (found, 80))])

    with pytest.raises(OSError, match="link-local address, which is refused"):
        resolve("metadata.example", 80)


def test_what_a_model_cannot_do_is_a_warning_and_not_a_failure(endpoint, lights_of):
    endpoint.answers_with(lambda body: completion("words"))

    lights = lights_of(endpoint.model_entry())

    assert lights.lights["json_tools"].state == "warning"
    assert "calls none" in lights.lights["json_tools"].told
    assert lights.headline == "It can be used, with one thing to know"
    assert "say `price:" in lights.facts["price"].told


def test_lights_of_a_model_that_is_behind_no_server_are_left_out():
    lights = Lights(is_served=False, is_encrypted=False)

    lights.take({"name": "model", "outcome": "ok", "told": "there"})
    lights.take({"name": "completion", "outcome": "ok", "told": "answers"})
    lights.end()

    assert states(lights)["address"] == states(lights)["key"] == "left out"
    assert lights.headline == "It can be used"


def openssl(folder, *words):
    program = shutil.which("openssl", path="/usr/bin:/bin:/usr/local/bin")
    if program is None:
        pytest.skip("openssl is not there to make a certificate")
    subprocess.run([program, *words], cwd=folder, check=True, capture_output=True)  # noqa: S603


def test_lights_of_a_way_that_no_step_tells_of_do_not_stay_on():
    lights = Lights(is_served=True, is_encrypted=True)

    lights.take({"name": "model", "outcome": "ok", "told": "there"})

    assert (states(lights)["address"], states(lights)["tls"]) == ("left out", "left out")


def finished(desk, told):
    until = time.monotonic() + SECONDS
    while told["state"] == "running" and time.monotonic() < until:
        time.sleep(0.05)
        told = desk.get(f"model-tests/{told['id']}")
    return told


def test_a_test_runs_in_a_child_with_the_keys_that_were_typed(desk, endpoint):
    endpoint.requires_key = KEY
    desk.type_key("T_KEY", KEY)
    entry = {**endpoint.model_entry(), "api_key_env": "T_KEY", "price": "free"}

    told = finished(desk, desk.ask("POST", "model-tests", {"name": "m", "entry": entry}, code=202))

    assert {one["name"]: one["state"] for one in told["lights"]} == ALL_OK
    assert (told["state"], told["headline"]) == ("done", "It can be used")
    assert KEY not in str(told)
    desk.write("")
    desk.save("m", entry)
    assert desk.card("m")["last_test"]["id"] == told["id"]


def test_a_child_that_is_given_up_twice_leaves_nothing_open(tmp_path, monkeypatch):
    """As a server does that stops: requests are cancelled, and once more as its loop ends."""
    monkeypatch.setattr("sygra_eval.studio.models.trying._MODULE", "http.server")  # has no end
    transports, is_started = [], asyncio.Event()

    async def give_up():
        asked = asyncio.create_task(ask_child({}))
        loop = asyncio.get_running_loop()
        started = loop.subprocess_exec

        async def kept(*arguments, **named):
            transport, protocol = await started(*arguments, **named)
            transports.append(transport)
            is_started.set()
            return transport, protocol

        monkeypatch.setattr(loop, "subprocess_exec", kept)
        await is_started.wait()
        for _ in range(3):
            asked.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(asked, return_exceptions=True)
        return transports[0].is_closing() and transports[0].get_returncode() is not None

    assert asyncio.run(give_up())


def test_the_models_of_a_server_are_listed(desk, endpoint):
    entry = {key: one for key, one in endpoint.model_entry("ollama").items() if key != "model"}

    names = desk.ask("POST", "model-lists", {"name": "m", "entry": entry})

    assert names == ["scripted:latest"]


def test_what_is_told_holds_no_key_whoever_forgot_to_cut_it_out():
    assert child.hidden(f'{{"told": "it was {KEY}"}}', [KEY]) == '{"told": "it was <key>"}'


def test_a_test_that_is_not_there_is_404(desk):
    desk.get("model-tests/nothing", code=404)
    desk.ask("POST", "model-tests", {"name": "nobody"}, code=404)
    outside = {"name": "m", "entry": {"use": "embedded"}, "file": "../../etc/x.yaml"}
    desk.ask("POST", "model-tests", outside, code=404)


def test_every_outcome_of_a_step_is_a_state_of_a_light():
    lights = Lights(is_served=True, is_encrypted=True)

    for outcome in StepOutcome:
        lights.take({"name": "tools", "outcome": str(outcome), "told": "x"})

    assert lights.lights["json_tools"].state == "failed"
