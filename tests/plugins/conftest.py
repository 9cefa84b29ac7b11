"""A project on disk with plugins in it, and runs of its suites in this process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import pytest

from sygra_eval.engine import RunOptions, RunSummary, run_suite
from sygra_eval.plugins import Plugins, load_plugins, remember_trust

MODEL = '''
from sygra_eval import ChatResponse, hookimpl
from sygra_eval.values import Usage


class Echo:
    """Answers with the last message, in capitals."""

    identity = label = endpoint = "echo"
    max_in_flight = 2

    def __init__(self, spec):
        self.spec = spec

    async def open(self):
        pass

    async def complete(self, request):
        usage = Usage(prompt_tokens=1, completion_tokens=1)
        text = request.messages[-1].content.upper()
        return ChatResponse(text=text, finish_reason="stop", usage=usage)

    async def close(self):
        pass


@hookimpl
def sygra_register_models(register):
    register("echo", Echo)
'''
SUITE = """
suite: {name: small}
models: {author: {use: echo}}
data_config: {source: {type: disk, file_path: rows.jsonl, id: id}}
graph_config:
  nodes:
    solve: {node_type: llm, model: author, prompt: [{user: "{question}"}], output_keys: answer}
  edges: [{from: START, to: solve}, {from: solve, to: END}]
"""
ROWS = """
{"id": "a", "question": "why"}
{"id": "b", "question": "how"}
"""


@dataclass
class Project:
    """A folder with a `pyproject.toml`; what the user trusts is kept beside it."""

    root: Path
    environ: dict[str, str]
    told: list[str] = field(default_factory=list)
    executor: str | None = None

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def load(self, folder: str = ".", *, trusted: bool = True, **options: object) -> Plugins:
        environ = self.environ | ({"SYGRA_EVAL_TRUST": "1"} if trusted else {})
        return load_plugins(self.root / folder, environ=environ, **options)

    def trust(self, folder: str = ".") -> None:
        remember_trust(self.root / folder, environ=self.environ)

    async def run(self, suite: str = SUITE, *, plugins: tuple[str, ...] = ()) -> RunSummary:
        """Run a suite over two rows with the model `echo`, plugins trusted, no sandbox."""
        self.write("rows.jsonl", ROWS)
        model = self.write("echo_model.py", MODEL)
        options = RunOptions(
            out=self.root / "reports",
            plugins=(str(model), *plugins),
            is_trusted=True,
            accepts_no_sandbox=True,
            executor=self.executor,
        )
        path = self.write("suite.yaml", suite)
        return await run_suite(path, options, tell=self.told.append)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in ("SYGRA_EVAL_TRUST", "SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD"):
        monkeypatch.delenv(name, raising=False)
    made = Project(tmp_path / "project", {"SYGRA_EVAL_CONFIG_DIR": str(tmp_path / "config")})
    made.write("pyproject.toml", "")
    return made


@pytest.fixture
def small_suite() -> Callable[..., str]:
    """Return the small suite with pieces replaced, each of which must be there."""

    def changed(*changes: tuple[str, str]) -> str:
        text = SUITE
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        return text

    return changed
