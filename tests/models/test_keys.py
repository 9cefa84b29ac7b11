"""Where keys come from, and that they are in nothing that is said. The keyring is a real one of the
package's, made for the test: no test reads or writes what this user keeps in theirs."""

import asyncio
import builtins
import logging
import os
import threading

import pytest
from pydantic import ValidationError

from sygra_eval.models import keys
from sygra_eval.models.azure import AzureConfig
from sygra_eval.models.checkup import checkup
from sygra_eval.models.keys import KeyringEntry, Variable, source_of
from sygra_eval.models.litellm_model import LitellmConfig
from sygra_eval.models.openai import OpenAIConfig
from sygra_eval.values import CallFailed, KeyRefused, ModelUnavailable
from tests.models.conftest import SERVED, model_to

keyring = pytest.importorskip("keyring", reason="extra `keyring`; `dev` has it")
backend = pytest.importorskip("keyring.backend")
errors = pytest.importorskip("keyring.errors")

KEY = "canary-0123456789-of-a-keyring"


class Kept(backend.KeyringBackend):
    """Keeps passwords in memory; may be locked, broken or slow."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.entries = {}
        self.raises = None
        self.waits_for = None
        self.threads = []

    def get_password(self, service, username):
        self.threads.append(threading.current_thread())
        if self.waits_for is not None:
            self.waits_for.wait(30)
        if self.raises is not None:
            raise self.raises
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        self.entries[service, username] = password

    def delete_password(self, service, username):
        del self.entries[service, username]


@pytest.fixture
def kept():
    before = keyring.get_keyring()
    keyring.set_keyring(Kept())
    keyring.set_password("my-provider", "me@ex.org", KEY)
    yield keyring.get_keyring()
    keyring.set_keyring(before)


ENTRY = {"api_key_keyring": "my-provider/me@ex.org"}


@pytest.mark.filterwarnings("ignore")  # litellm's own
@pytest.mark.parametrize(
    ("dialect", "header", "sent"),
    [
        ("openai", "authorization", f"Bearer {KEY}"),
        ("azure", "api-key", KEY),
        ("ollama", "authorization", f"Bearer {KEY}"),
        ("anthropic", "x-api-key", KEY),
    ],
)
async def test_the_key_of_an_entry_is_sent_as_that_of_a_variable(
    endpoint, gateway_to, kept, dialect, header, sent
):
    endpoint.requires_key = KEY
    endpoint.answers_with(lambda body: "fine")

    gateway = await gateway_to(endpoint, dialect=dialect, config=ENTRY)
    response = await gateway.ask("hello")

    assert response.text == "fine"
    assert endpoint.headers[0][header] == sent
    assert kept.threads[0] is not threading.main_thread()  # it may wait for a person


@pytest.mark.filterwarnings("ignore")  # litellm's own
@pytest.mark.parametrize("dialect", ["openai", "azure", "vllm", "ollama", "anthropic"])
async def test_the_key_is_in_nothing_that_is_said(endpoint, gateway_to, kept, dialect, caplog):
    caplog.set_level(logging.DEBUG)
    endpoint.requires_key = KEY
    gateway = await gateway_to(endpoint, dialect=dialect, config=ENTRY)

    endpoint.requires_key = "changed since"  # its refusal echoes what it was sent
    with pytest.raises(CallFailed) as caught:
        await gateway.ask("hello")

    model = gateway.models["author"]
    said = [str(caught.value), repr(caught.value), caplog.text, repr(model), model.endpoint]
    assert caught.value.kind == "refused_key"
    assert [text for text in said if KEY in text] == []


async def test_a_preflight_names_the_entry_that_was_refused(endpoint, gateway_to, kept):
    endpoint.requires_key = "another"

    with pytest.raises(
        ModelUnavailable, match=r"the key in the keyring entry my-provider/me@ex\.org"
    ):
        await gateway_to(endpoint, config=ENTRY)


async def test_a_checkup_says_where_the_key_was(endpoint, kept, clock):
    endpoint.requires_key = KEY
    endpoint.answers_with(lambda body: "ok")
    spec, _ = model_to(endpoint, "openai", clock, config=ENTRY)

    steps = [step async for step in checkup(spec, lambda one: SERVED["openai"](one))]

    (key,) = (step.told for step in steps if step.name == "key")
    assert key == "the one in the keyring entry my-provider/me@ex.org is taken"
    assert KEY not in repr(steps)


async def test_accounts_of_two_entries_have_two_gates(endpoint, clock, kept):
    _, one = model_to(endpoint, "openai", clock, config=ENTRY)
    _, other = model_to(endpoint, "openai", clock, config={"api_key_keyring": "my-provider/you"})
    _, variable = model_to(endpoint, "openai", clock, config={"api_key_env": "SOME_KEY"})

    assert len({one.endpoint, other.endpoint, variable.endpoint}) == 3


# What may be wrong


async def test_a_missing_entry_says_how_it_is_made(kept):
    with pytest.raises(KeyRefused, match="no such entry: add it with `keyring set here me`"):
        await KeyringEntry("here", "me").read("author")


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (errors.NoKeyringError(f"none {KEY}"), "this system has no keyring"),
        (errors.KeyringLocked(f"locked {KEY}"), "the keyring is locked: unlock it"),
        (errors.InitError(f"odd {KEY}"), "the keyring failed: InitError"),
        (RuntimeError(f"what I read is {KEY}"), "the keyring failed: RuntimeError"),
        (SystemExit(KEY), "the keyring failed: SystemExit"),
        (TimeoutError(KEY), "the keyring failed: TimeoutError"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_each_trouble_has_its_words_and_none_tells_what_was_read(kept, raised, said):
    kept.raises = raised

    with pytest.raises(KeyRefused, match=said) as caught:
        await KeyringEntry.named("my-provider/me@ex.org").read("author")

    assert "model `author`" in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None  # whoever prints the chain prints no key
    assert caught.value.__suppress_context__


async def test_a_keyring_that_waits_for_a_person_is_not_waited_for_for_ever(kept, monkeypatch):
    monkeypatch.setattr(keys, "KEYRING_S", 0.05)
    kept.waits_for = threading.Event()

    with pytest.raises(KeyRefused, match=r"did not answer within 0.05 s; does it wait"):
        await KeyringEntry.named("my-provider/me@ex.org").read("author")

    assert all(thread.daemon for thread in kept.threads)  # the process may end meanwhile
    kept.waits_for.set()
    await asyncio.to_thread(kept.threads[0].join)
    await asyncio.sleep(0)  # its late answer finds nobody


async def test_without_the_package_its_extra_is_named(monkeypatch):
    whole = builtins.__import__

    def without(name, *rest, **more):
        if name.partition(".")[0] == "keyring":
            raise ModuleNotFoundError("No module named 'keyring'", name="keyring")
        return whole(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(KeyRefused, match=r"pip install 'sygra-eval\[keyring\]'"):
        await KeyringEntry("here", "me").read("author")


@pytest.mark.parametrize("kept_as", ["", "  ", "ключ", "two\nlines", b"bytes"])
async def test_what_is_no_key_is_refused_without_being_told(kept, kept_as):
    kept.entries["here", "me"] = kept_as

    with pytest.raises(KeyRefused) as caught:
        await KeyringEntry("here", "me").read("author")

    assert str(kept_as).strip() == "" or str(kept_as) not in str(caught.value)


# How it is named


@pytest.mark.parametrize(
    ("entry", "service", "user"),
    [
        ("openai/me", "openai", "me"),
        ("https://api.ex.org/v1/me@ex.org", "https://api.ex.org/v1", "me@ex.org"),
        ("My Service/A User", "My Service", "A User"),
    ],
)
def test_the_last_slash_parts_service_and_user(entry, service, user):
    assert OpenAIConfig(base_url="http://h/v1", model="m", api_key_keyring=entry)
    assert source_of(None, entry) == KeyringEntry(service, user)


@pytest.mark.parametrize("entry", ["", "openai", "openai/", "/me", "a\n/b", "a/b\x1b[31m"])
def test_what_names_no_entry_is_refused(entry):
    with pytest.raises(ValidationError):
        OpenAIConfig(base_url="http://h/v1", model="m", api_key_keyring=entry)


@pytest.mark.parametrize(
    ("config", "keys_of", "said"),
    [
        (OpenAIConfig, {"base_url": "http://h/v1", "model": "m", "api_key_env": "A"}, "one place"),
        (LitellmConfig, {"model": "a/b", "api_key_env": "A"}, "one place"),
        (AzureConfig, {"endpoint": "https://h", "deployment": "d", "token_env": "T"}, "or a token"),
    ],
)
def test_two_places_for_one_key_are_refused(config, keys_of, said):
    with pytest.raises(ValidationError, match=said):
        config(**keys_of, api_key_keyring="here/me")


async def test_a_variable_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("SOME_KEY", raising=False)

    with pytest.raises(ModelUnavailable, match="SOME_KEY, which is not set: export SOME_KEY=…"):
        await Variable("SOME_KEY").read("author")

    assert "SOME_KEY" not in os.environ
