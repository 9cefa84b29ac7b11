"""A Studio on a folder with models, and a server of models on loopback: one each a module."""

import contextlib
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from sygra_eval.testing import ScriptedEndpoint, completion, status
from tests.studio.served import Served, served

KEY = "sk-planted-0123-4567-89ab-cdef"
FILE = """\
# Models of the team: ask before you add one.

author:                     # writes drafts
  use: openai
  base_url: http://127.0.0.1:9/v1
  model: big                # for now
  api_key_env: A_KEY
  price: {input: 0.5, output: 1.5}

# The small one needs nothing.
small: {use: embedded}
"""
SUITE = """\
suite: {name: draft}
models:
  judge: {use: vllm, base_url: "http://127.0.0.1:9/v1", model: j}
data_config: {source: {type: jsonl, path: rows.jsonl}}
graph_config:
  nodes:
    draft: {node_type: llm, model: author, prompt: [{user: "x"}], output_keys: answer}
  edges: [{from: START, to: draft}, {from: draft, to: END}]
"""


def answers_everything(body):
    if "tools" in body:
        call = {"id": "1", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}
        message = {"content": None, "tool_calls": [{"type": "function", **call}]}
        choice = {"message": message, "finish_reason": "tool_calls"}
        return status(200, {"choices": [choice], "usage": {}})
    is_json = "response_format" in body or "format" in body  # as Ollama has it
    return completion('{"ok": true}' if is_json else "ok")


@dataclass
class Desk:
    """One Studio over one folder."""

    studio: Served

    @property
    def root(self) -> Path:
        return self.studio.workspace.root

    @property
    def file(self) -> Path:
        return self.root / "models.yaml"

    def write(self, text: str = FILE) -> None:
        self.file.unlink(missing_ok=True)
        self.file.write_text(text)

    def get(self, path: str, code: int = 200):
        answer = self.studio.client.get(f"/api/{path}")
        assert answer.status_code == code, answer.text
        return answer.json()

    def ask(self, method: str, path: str, body=None, *, code: int = 200, **headers: str):
        answer = self.studio.client.request(method, f"/api/{path}", json=body, headers=headers)
        assert answer.status_code == code, answer.text
        return answer.json() if answer.text else None

    def type_key(self, name: str, key: str) -> None:
        answer = self.studio.client.put(f"/api/secrets/{name}", json={"value": key})
        assert answer.is_success, answer.text
        assert key not in answer.text

    def save(self, name: str, entry: dict, *, code: int = 200, sha256: str | None = None, **more):
        seen = self.get("models")["sha256"] if sha256 is None else sha256
        body = {"entry": entry, **more}
        return self.ask("PUT", f"models/{name}", body, code=code, **{"if-match": f'"{seen}"'})

    def card(self, name: str) -> dict:
        return next(one for one in self.get("models")["models"] if one["name"] == name)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with served(tmp_path_factory.mktemp("folder")) as one:
        yield Desk(one)


@pytest.fixture(scope="module")
def endpoint():
    with ScriptedEndpoint.in_a_thread() as scripted:
        scripted.answers_with(answers_everything)
        yield scripted


@contextlib.contextmanager
def hanging():
    """A port that takes connections and says nothing."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        open_, is_over = [], threading.Event()

        def take():
            listening.settimeout(0.1)
            while not is_over.is_set():
                with contextlib.suppress(TimeoutError, OSError):
                    open_.append(listening.accept()[0])

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        is_over.set()
        thread.join()
        for one in open_:
            one.close()
