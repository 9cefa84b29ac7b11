"""The scripted server as a process of its own, as tests that kill and benchmarks use it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sygra_eval.models import Gateway
from sygra_eval.models.openai import OpenAIModel


@pytest.fixture
def served(tmp_path) -> Iterator[tuple[str, Path, subprocess.Popen[str]]]:
    """Its base URL, its log, the process."""
    answers, log = tmp_path / "answers.json", tmp_path / "requests.log"
    answers.write_text(json.dumps({"add": "a + b", "either": ["one", "two"]}))
    command = [sys.executable, "-m", "sygra_eval.testing.endpoint"]
    command += ["--log", str(log), "--answers", str(answers), "--latency", "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        yield process.stdout.readline().strip(), log, process
        process.kill()


async def test_its_answers_depend_on_the_messages_alone(served, spec_to, request_of):
    base_url, log, _ = served
    gateway = Gateway({"author": OpenAIModel(spec_to(base_url))})
    await gateway.open()

    asked = ["add two numbers", "either", "something else", "something else"]
    answers = [(await gateway.complete("author", request_of(text))).text for text in asked]
    await gateway.close()

    assert answers[0] == "a + b"
    assert answers[1] in ("one", "two")
    assert answers[2] == answers[3]
    assert answers[2].startswith("answer ")
    hashes = log.read_text().splitlines()
    assert (len(hashes), len(set(hashes))) == (4, 3)


def test_it_ends_when_it_is_told_to(served):
    _, _, process = served

    os.kill(process.pid, signal.SIGTERM)

    assert process.wait(timeout=60) in (0, -signal.SIGTERM)
