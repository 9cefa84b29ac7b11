"""The command as a user calls it, in this process: arguments in; exit code and both streams out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from sygra_eval.cli import main

PLUGIN = '''
import asyncio
import os
import signal

from sygra_eval import ChatResponse, Status, Verdict, hookimpl
from sygra_eval.values import Usage


class Echo:
    """Answers with the question; some questions are met in their own way."""

    identity = label = endpoint = "echo"
    max_in_flight = 1

    def __init__(self, spec): ...

    async def open(self): ...

    async def complete(self, request):
        question = request.messages[-1].content
        if question == "break":
            raise LookupError("no tea left")
        if question == "interrupt":
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.1)  # the run hears of it, with this call in flight
        usage = Usage(prompt_tokens=1, completion_tokens=1)
        return ChatResponse(text=question, finish_reason="stop", usage=usage)

    async def close(self): ...


async def liked(candidate, ctx):
    is_liked = candidate.text != "bad"
    status = Status.PASS if is_liked else Status.FAIL
    return Verdict(validator="liked", status=status, reason="a matter of taste")


@hookimpl
def sygra_register_models(register):
    register("echo", Echo)


@hookimpl
def sygra_register_validators(register):
    register("liked", liked)
'''
SUITE = """\
suite: {name: NAME}
models: {author: {use: echo}}
data_config: {source: {type: disk, file_path: NAME.jsonl, id: id}}
graph_config:
  nodes:
    solve: {node_type: llm, model: author, prompt: [{user: "{question}"}], output_keys: answer}
  edges: [{from: START, to: solve}, {from: solve, to: END}]
quality: {validators: [{use: liked}]}
"""


@dataclass(frozen=True)
class Ran:
    """How a call of the command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def cli(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """Call `sygra-eval` in an empty folder, with a configuration folder of its own."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SYGRA_EVAL_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv("SYGRA_EVAL_TRUST", raising=False)

    def call(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        streams = capsys.readouterr()
        return Ran(int(ended.value.code or 0), streams.out, streams.err)

    return call


@pytest.fixture
def write(cli: Callable[..., Ran]) -> Callable[[str, str], Path]:
    """Write a file into the folder in which the command is called."""
    del cli

    def to(name: str, text: str) -> Path:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return to


@pytest.fixture
def suite(write: Callable[[str, str], Path]) -> Callable[..., str]:
    """Write a suite whose rows ask these questions; return its path."""

    def of(name: str, *questions: str, text: str = SUITE) -> str:
        rows = [{"id": f"r{index}", "question": asked} for index, asked in enumerate(questions)]
        write(f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        return str(write(f"{name}.yaml", text.replace("NAME", name)))

    return of


@pytest.fixture
def run(cli: Callable[..., Ran], write: Callable[[str, str], Path]) -> Callable[..., Ran]:
    """Run suites with the model `echo` and the validator `liked`, without a sandbox."""
    plugin = str(write("echo.py", PLUGIN))

    def call(*arguments: str) -> Ran:
        return cli("run", "-p", plugin, "--unsafe-no-sandbox", *arguments)

    return call
