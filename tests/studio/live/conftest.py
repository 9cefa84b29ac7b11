"""A Studio on a suite of its own, and a server on loopback that the suite's runs ask."""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import yaml

from sygra_eval.testing import ScriptedEndpoint
from tests.studio.served import Served, served

PATIENCE_S = 60.0
SUITE = {
    "suite": {"name": "live"},
    "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl", "id": "id"}},
    "graph_config": {
        "nodes": {
            "first": {"node_type": "llm", "model": "author", "prompt": "first {question}",
                      "output_keys": "draft"},
            "second": {"node_type": "llm", "model": "author", "prompt": "second {draft}",
                       "output_keys": "answer"},
        },
        "edges": [
            {"from": "START", "to": "first"},
            {"from": "first", "to": "second"},
            {"from": "second", "to": "END"},
        ],
    },
    "quality": {"validators": [{"use": "length", "max": 3, "unit": "words", "required": True}]},
    "sandbox": {"isolation": "none", "i_accept_the_risk": True},
}  # fmt: skip


def write_suite(folder, entry, *, rows=12, **sections):
    """Write a suite of so many rows; a third of them are rejected, as their answers are long."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"id": f"r{n}", "question": "long" if n % 3 == 0 else "short"})
        for n in range(rows)
    ]
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\n")
    models = {"author": {**entry, "max_concurrency": 4, "price": "free"}}
    document = {**SUITE, "models": models, **sections}
    (folder / "live.yaml").write_text(yaml.safe_dump(document, sort_keys=False))


def answer(body):
    text = body["messages"][-1]["content"]
    return "a b c d e" if "long" in text or "a b c" in text else "a b"


def until(holds, *, what="it"):
    """Wait for what has to come; return it."""
    over_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < over_s:
        if found := holds():
            return found
        time.sleep(0.03)
    raise AssertionError(f"{what} did not come")


@dataclass
class Events:
    """The stream of one tab, read in a thread."""

    one: Served
    topics: str
    last: str = ""
    heard: list[tuple[str, str, Any]] = field(default_factory=list)
    last_id: str = ""
    headers: Any = None
    _response: Any = None

    def __enter__(self):
        self._client = httpx.Client(
            base_url=self.one.url, headers=self.one.client.headers, timeout=30, trust_env=False
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        until(lambda: self.headers, what="the stream")
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            stream = self._response.extensions["network_stream"]
            stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._thread.join(20)
        self._client.close()

    def _read(self):
        headers = {"last-event-id": self.last} if self.last else {}
        with (
            contextlib.suppress(httpx.HTTPError, OSError, RuntimeError),
            self._client.stream(
                "GET", "/api/events", params={"topics": self.topics}, headers=headers
            ) as response,
        ):
            self._response, self.headers = response, dict(response.headers)
            for line in response.iter_lines():
                if line.startswith("id: "):
                    self.last_id = line[4:]
                if line.startswith("data: "):
                    told = json.loads(line[6:])
                    self.heard.append((told["topic"], told["event"], told["data"]))

    def of(self, event):
        return [data for _, name, data in list(self.heard) if name == event]


@dataclass
class Server:
    """A Studio in a process of its own."""

    process: Any
    client: httpx.Client
    door: Any = None

    @property
    def url(self) -> str:
        return str(self.client.base_url).rstrip("/")

    @classmethod
    @contextlib.contextmanager
    def on(cls, folder):
        command = [sys.executable, "-m", "sygra_eval", "studio", str(folder), "--no-open"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
        link = process.stdout.readline().strip()
        process.stdout.close()
        url, _, token = link.partition("/?token=")
        headers = {"authorization": f"Bearer {token}", "x-sygra-eval": "1"}
        try:
            with httpx.Client(base_url=url, headers=headers, timeout=20, trust_env=False) as client:
                until(lambda: client.get("/api/version").status_code == 200)
                yield cls(process, client, SimpleNamespace(link=link))
        finally:
            process.kill()
            process.wait(20)


@pytest.fixture(scope="module")
def endpoint():
    with ScriptedEndpoint.in_a_thread() as one:
        one.answers_with(answer)
        yield one


@pytest.fixture
def workspace(tmp_path, endpoint):
    write_suite(tmp_path, endpoint.model_entry())
    return tmp_path


@contextlib.contextmanager
def studio_on(folder, **how):
    """Serve a folder; no run outlives the test that started it."""
    with served(folder, **how) as one:
        try:
            yield one
        finally:
            for card in one.client.get("/api/runs").json():
                if card["state"] in ("starting", "running"):
                    one.client.post(f"/api/runs/{card['suite']}/{card['run']}/kill")


@pytest.fixture
def studio(workspace):
    with studio_on(workspace) as one:
        yield one


@pytest.fixture(scope="module")
def finished(tmp_path_factory, endpoint):
    """A Studio, and the address of a run that it started and that is finished."""
    folder = tmp_path_factory.mktemp("finished")
    write_suite(folder, endpoint.model_entry())
    with studio_on(folder) as one:
        told, address = started(one)
        with Events(one, f"run:{told['suite']}/{told['run']},runs") as events:
            snapshot = ended(one, address)
            until(lambda: events.of("ended"), what="its end")
        yield Finished(one, folder, told, address, snapshot, events)


@dataclass
class Finished:
    """A run that was started by the interface, and what a tab heard of it meanwhile."""

    studio: Served
    folder: Any
    told: Any
    address: str
    snapshot: Any
    events: Events

    @property
    def topic(self):
        return f"run:{self.told['suite']}/{self.told['run']}"

    @property
    def run(self):
        return self.folder / "reports/live" / self.told["run"]

    def copied(self, name):
        """Copy its folder beside it; return the copy and its address."""
        copy = self.run.with_name(name)
        shutil.copytree(self.run, copy)
        return copy, f"/api/runs/live/{name}"


def started(one, **asked):
    """Start a run by the API and return its address."""
    answered = one.client.post("/api/runs", json={"suite": "live.yaml", **asked})
    assert answered.status_code == 200, answered.text
    told = answered.json()
    return told, f"/api/runs/{told['suite']}/{told['run']}"


def ended(one, address):
    """Wait for the end of a run; return its snapshot."""

    def snapshot():
        answered = one.client.get(address).json()
        return answered if answered["counts"]["state"] in ("finished", "interrupted") else None

    return until(snapshot, what="the end of the run")
