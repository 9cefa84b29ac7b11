"""A key is in nothing that a run, a look at it, or a look at a model writes or says.

Every transport, every place that a key may come from, in a run that passes and in one that fails,
with servers that echo what they were sent. What is searched: every file below the test's folder
(run folder, journal, log, reports, data, cache), both streams, the log of Python, every repr.
"""

import asyncio
import base64
import json
import logging
from pathlib import Path
from urllib.parse import quote

import pytest

from sygra_eval.cli import main
from sygra_eval.engine import ExitCode, look_at
from sygra_eval.testing import completion, status
from tests.engine.conftest import fast_suite

KEY = "canary-0123456789-abcdef"
SHAPES = {  # as it is, and as what an encoder makes of it
    KEY.encode(),
    base64.b64encode(KEY.encode()),
    quote(KEY, safe="").encode(),
    KEY[8:].encode(),
    KEY.upper().encode(),
}
SOLVE = {"node_type": "llm", "model": "author", "prompt": "{question}", "output_keys": "answer"}
JUDGED = {"validators": [{"use": "regex", "pattern": "^fine", "required": True}]}
ENV = {"api_key_env": "SOME_KEY"}
KEYRING = {"api_key_keyring": "some-provider/me"}
SERVED = ["openai", "responses", "completions", "azure", "azure_v1", "vllm", "ollama"]
PROVIDERS = ["anthropic", "gemini"]
WAYS = [
    *((kind, ENV) for kind in (*SERVED, *PROVIDERS)),
    *((kind, KEYRING) for kind in ("openai", "azure", "ollama", "anthropic")),
    ("azure", {"token_env": "SOME_KEY"}),
    ("openai", {**ENV, "stream": True}),
    ("ollama", {**ENV, "stream": True}),
]
LOOKS = [way for way in WAYS if way[0] in ("openai", "azure", "ollama", "anthropic")]
pytestmark = pytest.mark.filterwarnings("ignore")  # litellm's own


@pytest.fixture(autouse=True)
def planted(monkeypatch, tmp_path, caplog, request):
    """Put the key where models find it, and nothing of this user's in reach."""
    monkeypatch.setenv("SOME_KEY", KEY)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SYGRA_EVAL_CONFIG_DIR", str(tmp_path / "config"))
    caplog.set_level(logging.DEBUG)
    if KEYRING in request.getfixturevalue("way"):
        keyring = pytest.importorskip("keyring", reason="extra `keyring`; `dev` has it")
        monkeypatch.setattr("keyring.core._keyring_backend", a_keyring())
        assert keyring.get_password("some-provider", "me") == KEY


def a_keyring():
    """Make a keyring that holds the key."""
    backend = pytest.importorskip("keyring.backend")

    class Kept(backend.KeyringBackend):
        priority = 1

        def get_password(self, service, username):
            return KEY if (service, username) == ("some-provider", "me") else None

        def set_password(self, service, username, password):
            raise NotImplementedError

    return Kept()


def named(way) -> str:
    kind, config = way
    return "-".join([kind, *(str(name) for name in config)])


@pytest.fixture
def suite_for(tmp_path, endpoint):
    def write(kind: str, config: dict, *, questions: int) -> Path:
        return fast_suite(
            tmp_path / "suite",
            [f"question {number}" for number in range(questions)],
            suite={"name": "small", "cache": "read-write"},
            models={"author": {**endpoint.model_entry(kind), **config, "max_concurrency": 1}},
            nodes={"solve": SOLVE},
            quality=JUDGED,
        )

    return write


@pytest.fixture
def nowhere(tmp_path, capfd, caplog):
    """Look for the key in everything; return the names of the files that were searched."""

    def search(*said: object) -> set[str]:
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        printed = capfd.readouterr()
        texts = {path.name: path.read_bytes() for path in files}
        texts |= {"stdout": printed.out.encode(), "stderr": printed.err.encode()}
        texts |= {"logging": caplog.text.encode()}
        texts |= {f"said {n}": f"{one!s} {one!r}".encode() for n, one in enumerate(said)}
        found = [name for name, text in texts.items() for shape in SHAPES if shape in text]
        assert found == []
        return {path.name for path in files}

    return search


@pytest.mark.parametrize("way", WAYS, ids=named)
async def test_a_run_that_passes_holds_no_key(endpoint, suite_for, run, nowhere, way, tmp_path):
    kind, config = way
    endpoint.requires_key = KEY
    endpoint.answers_with(lambda body: "fine")
    looks = []

    def look(progress):
        folder = tmp_path / "out" / "small" / "planted"
        looks.append(asyncio.create_task(asyncio.to_thread(look_at, folder)))

    suite = suite_for(kind, config, questions=3)
    finished = await run(suite, name="planted", show=look)
    seen = await asyncio.gather(*looks, return_exceptions=True)

    assert finished.summary.exit_code is ExitCode.PASSED
    assert finished.summary.counts["verified"] == 3
    files = nowhere(finished.summary, seen, finished.ends())
    assert {"journal.db", "run.log", "report.md", "report.json", "suite.yaml"} <= files
    assert {"verified.jsonl", "answers.db", "README.md", "manifest.json"} <= files


@pytest.mark.parametrize("way", WAYS, ids=named)
async def test_a_run_that_fails_holds_no_key_though_the_server_echoes_it(
    endpoint, suite_for, run, nowhere, way
):
    kind, config = way
    endpoint.requires_key = KEY
    asked = 0

    def echoing(body):
        nonlocal asked
        asked += 1
        echo = {"error": {"message": f"your key is {KEY}", "code": KEY, "param": {"key": KEY}}}
        match asked:
            case 1:
                return "fine"
            case 2:
                return status(400, echo)
            case 3:
                return status(200, echo)  # tried again
            case 4:
                return status(422, f"<html>{KEY}</html>")
            case 5:
                return status(302, None, {"Location": f"http://elsewhere.invalid/?key={KEY}"})
        endpoint.requires_key = "changed since"  # its refusals name what they were sent
        return "fine"

    endpoint.answers_with(echoing)
    finished = await run(suite_for(kind, config, questions=12))

    assert finished.summary.exit_code is ExitCode.INCOMPLETE
    assert finished.summary.counts["failed"] >= 1
    assert asked >= 5
    assert "journal.db" in nowhere(finished.summary, finished.ends())


@pytest.mark.parametrize(
    "way",
    [("openai", ENV), ("openai", {**ENV, "stream": True}), ("ollama", ENV), ("anthropic", ENV)],
    ids=named,
)
async def test_an_answer_that_echoes_the_key_is_kept_without_it(
    endpoint, suite_for, run, nowhere, way
):
    kind, config = way
    endpoint.requires_key = KEY
    logprobs = [(piece, -0.5) for piece in ("fine, ", KEY)]
    echoing = completion(
        f"fine, your key is {KEY}", reasoning=f"I was sent {KEY}", logprobs=logprobs
    )
    endpoint.answers_with(lambda body: echoing)

    finished = await run(suite_for(kind, config, questions=2))

    assert [row["answer"] for row in finished.rows("verified")] == ["fine, your key is [key]"] * 2
    nowhere(finished.summary, finished.ends())


@pytest.mark.parametrize("way", [("openai", ENV)], ids=named)
async def test_an_answer_with_the_word_that_stands_for_no_key_stays_as_it_is(
    endpoint, suite_for, run, monkeypatch, way
):
    monkeypatch.setenv("SOME_KEY", "none")
    endpoint.answers_with(lambda body: "fine, none the worse")

    finished = await run(suite_for(*way, questions=1))

    assert [row["answer"] for row in finished.rows("verified")] == ["fine, none the worse"]


def outcome_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


@pytest.mark.parametrize("takes_it", [True, False], ids=["taken", "refused"])
@pytest.mark.parametrize("way", LOOKS, ids=named)
def test_a_look_at_a_model_says_no_key(tmp_path, monkeypatch, nowhere, way, takes_it, endpoint_too):
    kind, config = way
    endpoint = endpoint_too
    endpoint.requires_key = KEY if takes_it else "another"
    endpoint.answers_with(lambda body: f"your key is {'not told' if takes_it else KEY}")
    models = tmp_path / "models.yaml"
    models.write_text(json.dumps({"author": {**endpoint.model_entry(kind), **config}}))
    monkeypatch.chdir(tmp_path)

    codes = [
        outcome_of("models", verb, *name, str(models), *form)
        for verb, name in (("list", ()), ("show", ("author",)), ("test", ("author",)))
        for form in ((), ("--json",))
    ]

    assert codes == [0, 0, 0, 0, int(not takes_it), int(not takes_it)]
    assert nowhere() == {"models.yaml"}


@pytest.fixture
def endpoint_too():
    """A server in a thread: the command line has an event loop of its own."""
    from sygra_eval.testing import ScriptedEndpoint

    with ScriptedEndpoint.in_a_thread() as scripted:
        yield scripted
