"""A project with tasks as SyGra has them, written by a test, and run against a loopback server."""

import itertools
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sygra_eval.engine import RunOptions, run_suite
from sygra_eval.sygra import Read, Task, end_all, read_task, task_at
from sygra_eval.sygra.output import rows_of
from sygra_eval.testing.endpoint import ScriptedEndpoint
from sygra_eval.values import Outcome


@pytest.fixture
async def endpoint():
    async with ScriptedEndpoint.on_a_free_port() as scripted:
        yield scripted


@dataclass(frozen=True)
class Ran:
    """What a run of a task left."""

    folder: Path
    counts: Mapping[str, int]
    summary: Any

    @property
    def rows(self) -> list[dict[str, Any]]:
        return list(rows_of(self.folder))

    def left(self, outcome: str) -> list[dict[str, Any]]:
        lines = (self.folder / f"{outcome}.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    @property
    def reason(self) -> str:
        (row,) = self.left("failed")
        return str(row["reason"])


@dataclass
class Project:
    """A folder with `tasks/`; the models of all its tasks are one server."""

    root: Path
    environ: dict[str, str]

    def models(self, endpoint: ScriptedEndpoint | None, **more: Any) -> None:
        entry = {"model_type": "openai", "model": "scripted", "parameters": {"temperature": 0.5}}
        if endpoint is not None:
            entry["url"] = endpoint.base_url
        path = self.root / "models.yaml"
        path.write_text(yaml.safe_dump({"author": entry, "critic": entry, **more}))
        self.environ["SYGRA_CUSTOM_MODELS_PATH"] = str(path)

    def task(
        self,
        name: str,
        nodes: Mapping[str, Any],
        edges: Any = None,
        *,
        python: str = "",
        rows: Any = ({"id": "a", "question": "one"},),
        text: str | None = None,
        **sections: Any,
    ) -> Task:
        """Write a task; without edges its nodes follow each other."""
        folder = self.root / "tasks" / "ours" / name
        folder.mkdir(parents=True, exist_ok=True)
        if rows is not None:
            (folder / "rows.json").write_text(json.dumps(list(rows)))
            source = {"type": "disk", "file_path": f"tasks/ours/{name}/rows.json"}
            data = sections.setdefault("data_config", {"source": source})
            data.setdefault("source", source)
        graph = sections.pop("graph", {})
        edges = chained(nodes) if edges is None else edges
        document = {**sections, "graph_config": {"nodes": dict(nodes), "edges": edges, **graph}}
        written = yaml.safe_dump(document, sort_keys=False) if text is None else text
        (folder / "graph_config.yaml").write_text(written)
        if python:
            (folder / "task_executor.py").write_text(python)
        task = task_at(str(folder))
        assert task is not None
        return task

    def read(self, task: Task, **given: Any) -> Read:
        return read_task(task, environ=self.environ, **given)

    async def run(self, task: Task, **options: Any) -> Ran:
        read = self.read(task)
        assert read.suite is not None, read.diagnostics
        summary = await run_suite(
            task.path, RunOptions(out=self.root / "reports", **options), document=read.suite
        )
        counts = {outcome.value: summary.counts[outcome] for outcome in Outcome}
        return Ran(summary.folder, counts, summary)


def chained(nodes: Mapping[str, Any]) -> list[dict[str, str]]:
    names = ["START", *nodes, "END"]
    return [{"from": a, "to": b} for a, b in itertools.pairwise(names)]


@pytest.fixture
def project(tmp_path, monkeypatch, endpoint):
    monkeypatch.setenv("SYGRA_EVAL_TRUST", "1")
    monkeypatch.setenv("SYGRA_EVAL_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "tasks").mkdir()
    made = Project(tmp_path, {"SYGRA_EVAL_TRUST": "1"})
    made.models(endpoint)
    before = set(sys.modules)
    yield made
    end_all()
    left = {name for name in set(sys.modules) - before if name.partition(".")[0] in _TAKEN}
    assert not left, f"left behind: {left}"


_TAKEN = ("sygra", "tasks", "langgraph")


@pytest.fixture
def llm():
    """Return a function that makes an llm node."""

    def make(prompt: str = "{question}", **keys: Any) -> dict[str, Any]:
        node = {"node_type": "llm", "model": {"name": "author"}, "prompt": [{"user": prompt}]}
        return {**node, **keys}

    return make
