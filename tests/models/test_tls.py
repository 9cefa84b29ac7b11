"""Servers behind TLS: whose certificate is taken, and what is said of one that is not."""

import shutil
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sygra_eval.models import checkup
from sygra_eval.models.openai import OpenAIConfig, OpenAIModel
from sygra_eval.models.tls import trusting
from sygra_eval.testing import ScriptedEndpoint
from sygra_eval.values import CallFailed, ModelUnavailable

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Authority:
    """An authority of this test's own, which signs what it is asked to."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "authority.pem"

    def server(self, *, host: str = "IP:127.0.0.1", days: int = 2) -> ssl.SSLContext:
        """Return a server's context with a certificate for a host."""
        (self.folder / "extension").write_text(f"subjectAltName={host}")
        openssl(self.folder, "req", *EC, "-subj", "/CN=server", "-keyout", "key", "-out", "asked")
        signer = ("-CA", "authority.pem", "-CAkey", "authority.key", "-days", str(days))
        asked = ("-req", "-in", "asked", *signer, "-extfile", "extension", "-out", "signed.pem")
        openssl(self.folder, "x509", *asked)
        return showing(self.folder / "signed.pem", self.folder / "key")


def openssl(folder: Path, *words: str) -> None:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not there to make a certificate")
    subprocess.run([program, *words], cwd=folder, check=True, capture_output=True)  # noqa: S603


def showing(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    folder = tmp_path_factory.mktemp("authority")
    files = ("-keyout", "authority.key", "-out", "authority.pem")
    openssl(folder, "req", "-x509", *EC, "-subj", "/CN=authority", "-days", "2", *files)
    return Authority(folder)


@pytest.fixture
def self_signed(tmp_path) -> Callable[[], ssl.SSLContext]:
    files = ("-keyout", "own.key", "-out", "own.pem")
    name = ("-subj", "/CN=own", "-addext", "subjectAltName=IP:127.0.0.1")
    openssl(tmp_path, "req", "-x509", *EC, *name, "-days", "2", *files)
    return lambda: showing(tmp_path / "own.pem", tmp_path / "own.key")


async def test_a_server_whose_authority_is_named_is_taken(authority, gateway_to):
    async with ScriptedEndpoint.on_a_free_port(tls=authority.server()) as endpoint:
        endpoint.will_answer("over TLS")
        gateway = await gateway_to(endpoint, config={"ca_file": str(authority.file)})

        assert endpoint.base_url.startswith("https://")
        assert (await gateway.ask("say it")).text == "over TLS"


@pytest.mark.parametrize(
    ("host", "days", "told"),
    [
        ("DNS:elsewhere.example", 2, r"IP address mismatch.*write the host in `base_url` as"),
        ("IP:127.0.0.1", -1, r"certificate has expired; have it renewed"),
    ],
)
async def test_a_certificate_for_another_host_or_time_is_refused_before_the_run(
    authority, gateway_to, host, days, told
):
    tls = authority.server(host=host, days=days)
    async with ScriptedEndpoint.on_a_free_port(tls=tls) as endpoint:
        with pytest.raises(ModelUnavailable, match=told) as caught:
            await gateway_to(endpoint, config={"ca_file": str(authority.file)})

        assert endpoint.base_url in str(caught.value)
        assert "is the server running" not in str(caught.value)
        assert endpoint.requests == []


async def test_an_authority_that_nobody_knows_says_how_to_name_it(authority, gateway_to):
    async with ScriptedEndpoint.on_a_free_port(tls=authority.server()) as endpoint:
        with pytest.raises(ModelUnavailable, match=r"is not trusted.*in `ca_file`"):
            await gateway_to(endpoint)


async def test_a_certificate_of_ones_own_making_can_be_its_own_authority(
    self_signed, gateway_to, tmp_path
):
    async with ScriptedEndpoint.on_a_free_port(tls=self_signed()) as endpoint:
        endpoint.will_answer("trusted by name")
        with pytest.raises(ModelUnavailable, match=r"self-signed.*name its file in `ca_file`"):
            await gateway_to(endpoint)

        gateway = await gateway_to(endpoint, config={"ca_file": str(tmp_path / "own.pem")})

        assert (await gateway.ask("say it")).text == "trusted by name"


async def test_a_certificate_that_goes_bad_in_the_run_fails_its_calls_as_certificate(
    authority, gateway_to, monkeypatch
):
    monkeypatch.setenv("SOME_KEY", "canary-0123456789")
    async with ScriptedEndpoint.on_a_free_port(tls=authority.server()) as endpoint:
        config = {"ca_file": str(authority.file), "api_key_env": "SOME_KEY"}
        gateway = await gateway_to(endpoint, config=config)
        port = endpoint.port
    expired = ScriptedEndpoint()
    expired.tls = authority.server(days=-1)
    async with expired.serving(port=port):
        with pytest.raises(CallFailed, match="has expired") as caught:
            await gateway.ask("say it")

        assert caught.value.kind == "certificate"
        assert (expired.requests, expired.headers) == ([], [])  # so no key was shown to it


async def test_a_server_that_speaks_no_tls_is_told_apart_from_a_bad_certificate(
    endpoint, gateway_to
):
    address = endpoint.base_url.replace("http:", "https:")

    with pytest.raises(ModelUnavailable, match="does not speak TLS") as caught:
        await gateway_to(endpoint, config={"base_url": address})

    assert "certificate" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"), [(None, "No such file"), ("no certificate", "it holds no certificate in PEM")]
)
def test_a_ca_file_that_is_none_is_named_before_anything_is_sent(tmp_path, text, told):
    file = tmp_path / "authority.pem"
    if text is not None:
        file.write_text(text)

    with pytest.raises(ModelUnavailable, match=f"`ca_file` {file} cannot be used: {told}"):
        trusting(file)


def test_a_ca_file_is_added_to_what_the_machine_trusts(authority):
    ours, alone = trusting(authority.file), trusting(None)

    assert ours.cert_store_stats()["x509"] == alone.cert_store_stats()["x509"] + 1
    assert ours.verify_mode is ssl.CERT_REQUIRED
    assert ours.check_hostname


async def test_models_test_trusts_the_same_authorities_as_a_run(authority, spec_to):
    tls = authority.server()
    async with ScriptedEndpoint.on_a_free_port(tls=tls) as endpoint:
        endpoint.answers_with(lambda body: "ok")
        told = []
        for config in ({}, {"ca_file": str(authority.file)}, {"ca_file": "no-such-file"}):
            spec = spec_to(endpoint.base_url, config=config)
            spec = replace(spec, config=OpenAIConfig.model_validate(spec.config))
            steps = {step.name: step async for step in checkup(spec, OpenAIModel)}
            told.append((steps["certificate"].outcome.value, "completion" in steps))

    assert told == [("failed", False), ("ok", True), ("failed", False)]
