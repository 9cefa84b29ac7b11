"""A server process with a log, a suite of rows it can answer, and the command line as a child."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sygra_eval.engine import LedgerLine, keep_ledger
from sygra_eval.values import Outcome
from tests.faults.forks import COMMAND, SERVER, Forked, Forks

IN_FLIGHT = 4
UNSAVED = IN_FLIGHT + 2
"""Calls that a kill may lose: those that the gate lets through and, of the two further records
that are under way, those whose answer is there and not yet on disk."""
ROWS = 18
PATIENCE_S = 120.0


def block(body: str) -> str:
    return f"```python\ndef f(x):\n    {body}\n```"


ANSWERS = {
    r"^You judge[\s\S]*because": "REASON: it says why.\nVERDICT: pass",
    r"^You judge": "REASON: it does not say why.\nVERDICT: fail",
    r"^criticise[\s\S]*FAILED": ["- look at the tests again", "- f adds the wrong number"],
    r"^criticise": "NO MORE FEEDBACK",
    r"^draft kind=right": [block("return x + 1"), block("return 1 + x")],
    r"^revise kind=repaired": block("return x + 1"),
    r"^\w+ kind=": block("return x - 1"),
}


def rows(count: int = ROWS) -> list[dict[str, Any]]:
    """Return rows whose answers are right, right at the second try, or wrong."""
    kinds = ("right", "repaired", "hopeless")
    return [
        {
            "id": f"row/{number}",
            "question": f"kind={kinds[number % 3]} number={number}",
            "entry_point": "f",
            "visible_tests": ["assert f(1) == 2"],
            "hidden_tests": ["assert f(10) == 11"],
        }
        for number in range(count)
    ]


def write_suite(folder: Path, base_url: str, **changes: Any) -> Path:
    """Write the suite and its rows."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = changes.pop("rows", rows())
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    model = {
        "use": "openai",
        "base_url": base_url,
        "model": "scripted",
        "max_concurrency": IN_FLIGHT,
        **changes.pop("model", {}),
    }
    critic = [{"user": "criticise {question}\n{candidate}\n{evidence}"}]
    document = {
        "suite": {"name": "small"},
        "models": {"author": model, "critic": model},
        "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl", "id": "id"}},
        "graph_config": {
            "nodes": {
                "solve": {
                    "node_type": "critique_loop",
                    "draft": {"model": "author", "prompt": [{"user": "draft {question}"}]},
                    "critique": {"model": "critic", "prompt": critic},
                    "revise": {"model": "author", "prompt": [{"user": "revise {question}"}]},
                    "until": {"sentinel": "NO MORE FEEDBACK", "accepted_by": ["unit_tests"]},
                    "max_rounds": 3,
                }
            },
            "edges": [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}],
        },
        "quality": {
            "grade": "tests + hidden",
            "validators": [
                {
                    "use": "unit_tests",
                    "from": {"visible": "visible_tests", "hidden": "hidden_tests"},
                }
            ],
        },
        **changes,
    }
    path = folder / "suite.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


@dataclass
class Server:
    """The scripted endpoint as a process of its own; its log outlives it."""

    folder: Path
    forks: Forks
    process: Forked | None = None
    base_url: str = ""

    def start(self, *, latency_s: float = 0.0, port: int = 0) -> "Server":
        answers = self.folder / "answers.json"
        answers.write_text(json.dumps(ANSWERS))
        arguments = ["--port", str(port), "--log", self.log, "--audit", self.events]
        arguments += ["--answers", answers, "--latency", str(latency_s)]
        self.process = self.forks.start(SERVER, *arguments, cwd=self.folder, stderr=None)
        assert self.process.stdout is not None
        self.base_url = self.process.stdout.readline().strip()
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    @property
    def port(self) -> int:
        return int(self.base_url.rpartition(":")[2].partition("/")[0])

    @property
    def log(self) -> Path:
        return self.folder / "requests.log"

    @property
    def events(self) -> Path:
        return self.folder / "events.jsonl"

    def requests(self) -> list[str]:
        """Return the hashes of what was asked since `forget`."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def forget(self) -> None:
        """Begin the log anew; the server appends to it."""
        os.truncate(self.log, 0)
        os.truncate(self.events, 0)

    def wait_for(self, count: int, child: "Child") -> None:
        """Return as soon as so many requests were logged, or the child has ended."""
        until = time.monotonic() + PATIENCE_S
        while len(self.requests()) < count and child.process.poll() is None:
            assert time.monotonic() < until, f"{len(self.requests())} of {count} requests came"
            time.sleep(0.002)


@dataclass
class Child:
    """The command line as a child in a process group of its own."""

    process: subprocess.Popen[str] | Forked

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def kill_group(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def end(self) -> "Ended":
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return Ended(self.process.returncode, out or "", err or "")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def line(self) -> dict[str, Any]:
        return json.loads(self.out.splitlines()[-1])

    @property
    def folder(self) -> Path:
        return Path(self.line["run"])

    def adds_up(self) -> bool:
        line = self.line
        parts = ("not_reached", "surplus", *Outcome)
        return line["rows"] == sum(line[part] for part in parts)


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing befell, to compare with: its suite, its end, what it asked."""

    suite: Path
    ended: Ended
    asked: list[str]

    def bytes_of(self, *names: str) -> list[bytes]:
        return [(self.ended.folder / name).read_bytes() for name in names]


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    started = Forks()
    yield started
    started.close()


@pytest.fixture(scope="session")
def shared_server(forks, tmp_path_factory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("server"), forks).start()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def undisturbed(shared_server, tmp_path_factory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    suite = write_suite(folder, shared_server.base_url)
    command = [sys.executable, "-m", "sygra_eval", "run", suite, "--json"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)  # noqa: S603
    return Undisturbed(suite, Ended(0, ran.stdout, ran.stderr), shared_server.requests())


@pytest.fixture(autouse=True)
def every_id_is_accounted_for(tmp_path) -> Iterator[None]:
    """After each test: in every run that it left each id has one line, and all adds up."""
    yield
    for journal in tmp_path.rglob("journal.db"):
        lines: list[LedgerLine] = []
        ledger = asyncio.run(keep_ledger(journal.parent, lines.append))
        assert ledger.holds, ledger
        assert not ledger.unnamed, ledger
        indexes = [line.index for line in lines]
        assert indexes == list(range(ledger.accounts[0].total))
        assert len({line.row_id for line in lines}) == len(lines)


@pytest.fixture
def server(shared_server, undisturbed) -> Iterator[Server]:
    """The server that answered the undisturbed run, with an empty log."""
    shared_server.forget()
    yield shared_server
    shared_server.stop()
    shared_server.start(port=shared_server.port)


@pytest.fixture
def cli(forks, tmp_path) -> Iterator[Callable[..., Child]]:
    """Start `python -m sygra_eval ARGUMENTS` in the test's folder, loaded where it can be."""
    children: list[Child] = []

    def start(*arguments: str | Path, **options: Any) -> Child:
        env = {**os.environ, **options.pop("env", {})}
        if {"preexec_fn", "stdout", "stderr"} & options.keys():  # what an interpreter begins with
            command = [sys.executable, "-m", "sygra_eval", *map(str, arguments)]
            piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
            anew = {"text": True, "start_new_session": True, "env": env, **piped}
            child = Child(subprocess.Popen(command, cwd=tmp_path, **anew))  # noqa: S603
        else:
            child = Child(forks.start(COMMAND, *arguments, cwd=tmp_path, env=env, **options))
        children.append(child)
        return child

    yield start
    for child in children:
        if child.process.poll() is None:
            child.kill_group()


@pytest.fixture
def only_run(tmp_path) -> Callable[[str], Path]:
    """Return the one run folder below an out folder."""

    def find(out: str) -> Path:
        (folder,) = (one for one in (tmp_path / out / "small").iterdir() if one.is_dir())
        return folder

    return find
