"""The installed command on the suite that ships, answered by its own reference solutions."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
SUITE = REPOSITORY / "suites/glaive_code_assistant.yaml"
COMMAND = Path(sys.executable).with_name("sygra-eval")
ROWS = 9
REPAIRED, HOPELESS = (1, 4), (2,)
"""Places of rows whose drafts are wrong: some are right after a revision, some never."""


@pytest.fixture(scope="session")
def command(tmp_path_factory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the installed command to its end, from a folder that is not the repository."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    def run(*arguments: str | Path, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603
            [COMMAND, *map(str, arguments)],
            cwd=elsewhere,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )

    return run


@pytest.fixture(scope="session")
def questions() -> list[dict[str, Any]]:
    lines = (REPOSITORY / "suites/data/code_questions.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[:ROWS]]


@pytest.fixture(scope="session")
def scripted_url(tmp_path_factory, questions) -> Iterator[str]:
    """A server whose author knows the references, and whose critic is content with anything."""
    answers: dict[str, str] = {"Test report:": "No more feedback."}
    for place, row in enumerate(questions):
        pattern = re.escape(row["question"])
        reference = f"```python\n{row['reference']}```"
        stub = f"```python\ndef {row['entry_point']}(*args):\n    return None\n```"
        if place in REPAIRED:
            answers[rf"{pattern}[\s\S]*An earlier attempt failed"] = reference
        answers[pattern] = stub if place in REPAIRED + HOPELESS else reference
    path = tmp_path_factory.mktemp("server") / "answers.json"
    path.write_text(json.dumps(answers))
    start = [sys.executable, "-m", "sygra_eval.testing.endpoint", "--answers", str(path)]
    with subprocess.Popen(start, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


@dataclass(frozen=True)
class Shipped:
    """The run of the shipped suite."""

    ended: subprocess.CompletedProcess[str]

    @property
    def line(self) -> dict[str, Any]:
        return json.loads(self.ended.stdout.splitlines()[-1])

    @property
    def folder(self) -> Path:
        return Path(self.line["run"])

    def rows(self, outcome: str) -> list[dict[str, Any]]:
        lines = (self.folder / f"{outcome}.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def shipped(command, scripted_url, tmp_path_factory) -> Shipped:
    out = tmp_path_factory.mktemp("out")
    models = [f"--model={role}={scripted_url}#scripted" for role in ("author", "critic")]
    return Shipped(command("run", SUITE, *models, "--limit", str(ROWS), "--out", out, "--json"))


@pytest.fixture(scope="session")
def offline(tmp_path_factory) -> dict[str, str]:
    """An environment in which `datasets` neither asks the network nor finds an old cache."""
    home = tmp_path_factory.mktemp("huggingface")
    return {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(home)}
