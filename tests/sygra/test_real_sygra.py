"""Suites of ours, exported and run by SyGra itself: the same calls, and the same rows.

Needs an environment with the published package, whose Python SYGRA_PYTHON names; `make sygra`
builds one and runs this. docs/sygra.md says when it was run last.
"""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sygra_eval.engine import RunOptions, run_suite
from sygra_eval.sygra.exporting import export_suite
from sygra_eval.testing.endpoint import ScriptedEndpoint
from tests.sygra.scripted import answer, calls_of

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SUITES = (
    "loop",
    "chain",
    "branches",
    "nested",
    "drawn",
    "asked",
    "routed",
    "seen",
)
PYTHON = Path(os.environ.get("SYGRA_PYTHON", "no SYGRA_PYTHON")).absolute()
UNBOXED = "{isolation: none, i_accept_the_risk: true}"
"""What makes the suites quick elsewhere; SyGra's process has the real sandbox."""
WITHOUT = {
    *("provenance", "code", "verdicts", "grade", "reason", "weak_tests"),
    "mutation_score",
    "prompt_images",
}
"""Columns that rows have here alone where a suite has no validators; the exporter names them."""

pytestmark = [
    pytest.mark.sygra,
    pytest.mark.skipif(
        not PYTHON.is_file(), reason="no SyGra here: `make sygra` installs it and runs this"
    ),
]


@dataclass(frozen=True)
class Both:
    """What both made of one suite."""

    ours: Mapping[str, Mapping[str, Any]]
    theirs: Mapping[str, Mapping[str, Any]]
    our_calls: list[str]
    their_calls: list[str]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Both]:
    """Run the five suites here and, in one process, there."""
    base = tmp_path_factory.mktemp("sygra")
    shutil.copytree(HERE / "suites", base, dirs_exist_ok=True)
    found: dict[str, Both] = {}
    models: dict[str, Any] = {}
    exported = {}
    with ScriptedEndpoint.in_a_thread() as endpoint:
        endpoint.answers_with(answer)
        ours = {}
        for name in SUITES:
            path = base / f"{name}.yaml"
            for one in base.glob("*.yaml"):
                text = one.read_text().replace("http://127.0.0.1:1/v1", endpoint.base_url)
                one.write_text(text.replace(UNBOXED, "{require: reduced}"))
            endpoint.requests.clear()
            summary = asyncio.run(run_suite(path, RunOptions(out=base / "reports")))
            ours[name] = (_rows(summary.folder), calls_of(endpoint.requests))
            exported[name] = asyncio.run(export_suite(path, base / "there"))
            models |= yaml.safe_load((exported[name].folder / "models.yaml").read_text())
        (base / "models.yaml").write_text(yaml.safe_dump(models))
        for name in SUITES:
            endpoint.requests.clear()
            _in_sygra(base, exported[name].name, base / "out" / name)
            there = json.loads((base / "out" / name / "output.json").read_text())
            theirs = {row["id"]: row for row in there}
            found[name] = Both(*ours[name][:1], theirs, ours[name][1], calls_of(endpoint.requests))
    return found


def _rows(folder: Path) -> dict[str, Any]:
    rows = []
    for outcome in ("verified", "unjudged"):
        file = folder / f"{outcome}.jsonl"
        if file.exists():
            rows += [json.loads(line) for line in file.read_text().splitlines()]
    return {row["provenance"]["row_id"]: row for row in rows}


def _in_sygra(base: Path, task: str, out: Path) -> None:
    environ = {**os.environ, "SYGRA_CUSTOM_MODELS_PATH": str(base / "models.yaml")}
    command = [PYTHON, HERE / "in_sygra.py", base / "there", task, "0", out]
    ran = subprocess.run(  # noqa: S603 - SyGra, which the developer installed
        command,
        env={**environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (out / "output.json").is_file(), ran.stderr[-3000:]


@pytest.mark.parametrize("name", SUITES)
def test_sygra_asks_what_we_ask(both, name):
    assert both[name].their_calls == both[name].our_calls


@pytest.mark.parametrize("name", SUITES)
def test_sygra_writes_our_rows_field_by_field(both, name):
    ours, theirs = both[name].ours, both[name].theirs

    assert ours
    assert theirs.keys() == ours.keys()
    for row_id, row in ours.items():
        there = theirs[row_id]
        expected = {"conversation" if k == "messages" else k: v for k, v in row.items()}
        missing = expected.keys() - there.keys()
        assert missing <= WITHOUT
        assert {key: there[key] for key in expected.keys() - missing} == {
            key: value for key, value in expected.items() if key not in missing
        }
