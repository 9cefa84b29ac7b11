"""Suites on disk, and fake types of every kind that a suite can name."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import ClassVar

import pluggy
import pytest
from pydantic import BaseModel, ConfigDict, Field

from sygra_eval.hookspecs import PROJECT
from sygra_eval.plugins import KINDS, Plugins, Registered
from sygra_eval.suite import Prompt, check_suite, load_suite
from sygra_eval.suite.suite import Suite
from sygra_eval.values import BadRow, Diagnostic, Problem, Row, Scope, SourceSpec

GOOD = """\
suite: {name: good}
models:
  author: {use: scripted, says: hello, parameters: {temperature: 0.5}}
data_config:
  source: {type: lines, file_path: rows.jsonl, id: id}
graph_config:
  nodes:
    solve:
      node_type: ask
      model: author
      prompt:
        - system: You answer.
        - user: |
            Answer this:
            {question}
      output_keys: answer
  edges:
    - {from: START, to: solve}
    - {from: solve, to: END}
quality:
  validators:
    - {use: contains, column: expected}
"""
ROWS = [
    {"id": "a", "question": "why?", "expected": "because", "meta": {"topic": "life"}},
    {"id": "b", "question": "how?", "expected": "so"},
]


class AskConfig(BaseModel):
    """The keys of a fake node that asks a model."""

    model_config = ConfigDict(extra="forbid")

    model: str
    prompt: Prompt
    output_keys: str
    samples: int = Field(default=1, ge=1)
    budget: dict[str, int] | int | None = None

    def outputs(self) -> tuple[str, ...]:
        return (self.output_keys,)

    def problems(self, scope: Scope) -> Iterator[Problem]:
        if self.model not in scope.models:
            yield Problem(code="unknown-model", message=f"no model `{self.model}`", at=("model",))
        inside = replace(scope, variables=scope.variables | {"evidence"})
        yield from self.prompt.problems(inside, ("prompt",))


class LoopConfig(AskConfig):
    """A fake loop: adds two variables and says which one is the candidate."""

    def outputs(self) -> tuple[str, ...]:
        return (self.output_keys, f"{self.output_keys}_rounds")

    def candidate_output(self) -> str:
        return self.output_keys


class ScriptedConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    says: str = ""


class LinesConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file_path: str
    id: str | None = None


class ContainsConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    column: str

    def problems(self, scope: Scope) -> Iterator[Problem]:
        if self.column not in scope.variables:
            yield Problem(
                code="unknown-column",
                message=f"the source has no column `{self.column}`",
                at=("column",),
            )


class ForkingConfig(BaseModel):
    """A fake validator whose executions start processes."""

    allow: ClassVar[frozenset[str]] = frozenset({"processes"})


class BrokenConfig(BaseModel):
    def problems(self, scope: Scope) -> Iterator[Problem]:
        raise RuntimeError("oh")


class Lines:
    """A source: one JSON object a line; a line that is none is a bad row."""

    def __init__(self, spec: SourceSpec) -> None:
        self._file = spec.folder / spec.config.file_path
        self._id = spec.config.id

    def fingerprint(self) -> str:
        return "fake"

    def check(self) -> Iterator[Problem]:
        if self._id == "ident":
            yield Problem(code="unknown-column", message="no column `ident`", at=("id",))
        if not self._file.exists():
            yield Problem(
                code="file-not-found",
                message=f"there is no file {self._file.name}",
                at=("file_path",),
            )

    async def rows(self) -> AsyncIterator[Row | BadRow]:
        for index, line in enumerate(self._file.read_text().splitlines()):
            origin = f"{self._file.name}:{index + 1}"
            try:
                columns = json.loads(line)
            except ValueError:
                yield BadRow(id=origin, index=index, origin=origin, reason="no JSON")
                continue
            yield Row(id=str(columns["id"]), index=index, columns=columns, origin=origin)


class NoRows(Lines):
    async def rows(self) -> AsyncIterator[Row | BadRow]:
        raise OSError("the disk is gone")
        yield


def _registered(name: str, implementation: object, config: type | None = None) -> Registered:
    return Registered(name=name, implementation=implementation, config=config, plugin="fakes")


@pytest.fixture
def plugins() -> Plugins:
    """Fake types; a suite can be checked with nothing else installed."""
    types: dict[str, dict[str, Registered]] = {kind: {} for kind in KINDS}
    for kind, *entry in (
        ("nodes", "ask", None, AskConfig),
        ("nodes", "loop", None, LoopConfig),
        ("nodes", "anything", None),
        ("validators", "contains", None, ContainsConfig),
        ("validators", "broken", None, BrokenConfig),
        ("validators", "free", None),
        ("validators", "forking", None, ForkingConfig),
        ("models", "scripted", None, ScriptedConfig),
        ("models", "openai", None),
        ("models", "embedded", None),
        ("sources", "lines", Lines, LinesConfig),
        ("sources", "gone", NoRows, LinesConfig),
        ("sandboxes", "reduced", None),
        ("reporters", "terminal", None),
        ("reporters", "markdown", None),
    ):
        types[kind][entry[0]] = _registered(*entry)
    return Plugins(pluggy.PluginManager(PROJECT), types)


class SuiteFolder:
    """A folder with a suite, its rows, and what the loader says of it."""

    def __init__(self, path: Path, plugins: Plugins) -> None:
        self.path = path
        self.plugins = plugins
        self.file = path / "suite.yaml"
        self.write(GOOD)
        self.rows(*ROWS)

    def write(self, text: str, name: str = "suite.yaml") -> None:
        (self.path / name).write_text(dedent(text), encoding="utf-8")

    def change(self, old: str, new: str) -> None:
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def take_out(self, marker: str) -> tuple[int, int]:
        """Remove a marker from the suite; return the line and column where it stood."""
        before, after = self.file.read_text(encoding="utf-8").split(marker)
        self.file.write_text(before + after, encoding="utf-8")
        return before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1

    def rows(self, *rows: object) -> None:
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (self.path / "rows.jsonl").write_text("".join(f"{line}\n" for line in lines))

    def load(self, **options: object) -> Suite:
        return load_suite(self.file, self.plugins, **options)

    def check(self, **options: object) -> tuple[Diagnostic, ...]:
        return check_suite(self.file, self.plugins, **options)

    def only(self, **options: object) -> Diagnostic:
        (diagnostic,) = self.check(**options)
        return diagnostic


@pytest.fixture
def folder(tmp_path: Path, plugins: Plugins) -> SuiteFolder:
    """A folder with a suite that is right."""
    return SuiteFolder(tmp_path, plugins)


@pytest.fixture
def place_of() -> Callable[[Diagnostic], tuple[str, int, int]]:
    return lambda diagnostic: (diagnostic.code, diagnostic.line, diagnostic.column)
