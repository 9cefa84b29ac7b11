"""Inputs of suites: files on disk, what `data_config` says of them, and the rows that come out."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from sygra_eval.data import PipelineSource, composed
from sygra_eval.engine.reading import limited
from sygra_eval.plugins import Plugins, load_plugins
from sygra_eval.suite import check_suite, load_suite
from sygra_eval.values import BadRow, Diagnostic, InputAccount, Row

HEAD = {
    "suite": {"name": "input", "seed": 7},
    "candidate": {"text": "anything"},
    "quality": {"validators": [{"use": "python_compiles"}]},
}


@dataclass
class Inputs:
    """A folder with files and a suite that reads them."""

    folder: Path
    plugins: Plugins = field(default_factory=lambda: load_plugins(Path("/nonexistent")))

    def write(self, name: str, *rows: dict[str, Any] | str) -> None:
        lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines))

    def suite(self, data_config: dict[str, Any], **sections: Any) -> Path:
        path = self.folder / "suite.yaml"
        document = {**HEAD, "data_config": data_config, **sections}
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return path

    def check(self, data_config: dict[str, Any], **sections: Any) -> tuple[Diagnostic, ...]:
        return check_suite(self.suite(data_config, **sections), self.plugins)

    def source(self, data_config: dict[str, Any], *, seed: int = 7) -> PipelineSource:
        head = {"name": "input", "seed": seed}
        suite = load_suite(self.suite(data_config, suite=head), self.plugins)
        source = composed(suite.source, suite.pipeline, self.plugins)
        assert isinstance(source, PipelineSource)
        return source

    async def read(
        self, data_config: dict[str, Any]
    ) -> tuple[list[Row | BadRow], tuple[InputAccount, ...]]:
        """Return the rows, and what became of all that were read; every sum holds."""
        source = self.source(data_config)
        rows = [row async for row in limited(source, None)]
        accounts = source.accounts()
        assert [row.index for row in rows] == list(range(len(rows)))
        assert len({row.id for row in rows}) == len(rows)
        assert accounts[0].parts["reach the graph"] == len(rows)
        assert all(sum(account.parts.values()) == account.total for account in accounts)
        return rows, accounts


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    return Inputs(tmp_path)


@pytest.fixture
def two(inputs: Inputs) -> Callable[..., dict[str, Any]]:
    """Write a primary source `task` and another, `other`; return what joins them."""

    def joined(tasks: list[Any], others: list[Any], join_type: str, **keys: Any) -> dict[str, Any]:
        inputs.write("tasks.jsonl", *tasks)
        inputs.write("others.jsonl", *others)
        other_keys = {k: keys.pop(k) for k in ("primary_key", "join_key") if k in keys}
        return {
            "source": [
                disk("tasks.jsonl", alias="task", join_type="primary"),
                disk("others.jsonl", alias="other", join_type=join_type, **other_keys),
            ],
            **keys,
        }

    return joined


def disk(file: str, **keys: Any) -> dict[str, Any]:
    """Return a source that is one file."""
    return {"type": "disk", "file_path": file, **keys}
