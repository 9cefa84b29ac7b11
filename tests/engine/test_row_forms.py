"""What a run verifies does not depend on the form that its rows came in."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import sygra_eval
from tests.api.conftest import fast_plugin
from tests.engine.conftest import FAST_PLUGIN
from tests.engine.row_forms import FORMS

__all__ = ["fast_plugin"]  # a fixture

ROWS = 1_000
DONE: dict[str, list[bytes]] = {}
"""What was verified and rejected, by form: the first form is what all others are held against."""
TEXTS = (
    "plain",
    "",
    "é – 日本 😀",
    'a "quote", a comma; a\ttab',
    "two\nlines\r\nor three",
    "1",
    "NaN",
)


def rows() -> list[dict[str, str]]:
    return [
        {
            "id": f"r{number:04}",
            "question": f"why {number}? {TEXTS[number % len(TEXTS)]}",
            "answer.text": TEXTS[(number + 3) % len(TEXTS)] or "because",
            "judged": "says-fail" if number % 10 == 0 else "well",
        }
        for number in range(ROWS)
    ]


@dataclass
class Made:
    """A suite over rows in some form, in a folder of its own."""

    folder: Path

    @property
    def suite(self) -> Path:
        return self.folder / "suite.yaml"

    def by_command(self, *more: str) -> list[bytes]:
        """Run it as a process, which also gets on standard input what there is for that."""
        command = [sys.executable, "-m", "sygra_eval", "run", self.suite, "--json"]
        piped = self.folder / "piped"
        ran = subprocess.run(  # noqa: S603
            [*command, "-p", FAST_PLUGIN, "--out", self.folder / "out", *more],
            input=piped.read_bytes() if piped.exists() else b"",
            capture_output=True,
            check=False,
        )
        assert ran.returncode == 1, ran.stderr  # a tenth is rejected
        return files_of(Path(json.loads(ran.stdout.splitlines()[-1])["run"]))


def files_of(run: Path) -> list[bytes]:
    suite_sha256 = json.loads((run / "report.json").read_text())["suite_sha256"].encode()
    return [
        (run / name).read_bytes().replace(suite_sha256, b"<suite>")
        for name in ("verified.jsonl", "rejected.jsonl")
    ]


@pytest.fixture
def made(tmp_path):
    """Write a suite without a graph over rows in some form."""

    def write(form: str) -> Made:
        folder = tmp_path / form
        folder.mkdir()
        document = {
            "suite": {"name": "forms"},
            "data_config": {"source": FORMS[form](folder, rows())},
            "candidate": {"text": "{answer.text} {judged}"},
            "quality": {"validators": [{"use": "says"}]},
            "sandbox": {"isolation": "none", "i_accept_the_risk": True},
        }
        (folder / "suite.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
        return Made(folder)

    return write


@pytest.fixture
def run_of(made, run):
    """Run a suite over rows in some form."""

    async def start(form: str) -> list[bytes]:
        if form not in DONE:
            here = made(form)
            if form == "stdin":
                DONE[form] = here.by_command()
            else:
                DONE[form] = files_of((await run(here.suite, name=form)).folder)
        return DONE[form]

    return start


async def test_the_rows_of_a_run_are_those_that_were_given(run_of):
    verified, rejected = await run_of("jsonl")

    columns = ("id", "question", "answer.text", "judged")
    written = [
        json.loads(line) for line in [*verified.split(b"\n"), *rejected.split(b"\n")] if line
    ]
    given = sorted(
        ({key: row[key] for key in columns} for row in written), key=lambda row: row["id"]
    )
    assert given == rows()
    assert rejected.count(b"\n") == ROWS // 10


@pytest.mark.parametrize("form", [form for form in FORMS if form != "jsonl"])
async def test_the_same_rows_in_another_form_give_the_same_bytes(run_of, form):
    assert await run_of(form) == await run_of("jsonl")


async def test_the_same_rows_from_a_program_give_the_same_bytes(
    made: Any, run_of: Any, fast_plugin: ModuleType
):
    here = made("json_list")
    asked = {"plugins": [fast_plugin], "out": here.folder / "out"}

    result = await sygra_eval.arun(here.suite, rows=iter(rows()), id="id", **asked)

    assert files_of(result.folder) == await run_of("jsonl")


BY_PATH = pytest.param(
    "jsonl", marks=pytest.mark.only_full("tests/engine/test_procs.py reads such a file")
)


@pytest.mark.parametrize("form", [BY_PATH, "stdin"])
async def test_the_same_rows_in_two_processes_give_the_same_bytes(made, run_of, form):
    assert made(form).by_command("--procs", "2") == await run_of("jsonl")


async def test_rows_that_a_program_gives_go_to_two_processes_too(made, run_of):
    here = made("json_list")
    asked = {"plugins": [str(FAST_PLUGIN)], "procs": 2, "out": here.folder / "out"}

    result = await sygra_eval.arun(here.suite, rows=iter(rows()), id="id", **asked)

    assert files_of(result.folder) == await run_of("jsonl")


def test_plugins_that_are_objects_are_refused_in_two_processes(made, fast_plugin, tmp_path):
    asked = {"plugins": [fast_plugin], "procs": 2, "out": tmp_path / "out"}

    with pytest.raises(sygra_eval.values.UsageError, match="was given as an object"):
        sygra_eval.run(made("jsonl").suite, **asked)

    assert not (tmp_path / "out").exists()
