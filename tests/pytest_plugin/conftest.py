"""A user's project with a suite in it, and pytest sessions over it in processes of their own."""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from sygra_eval.api import run
from sygra_eval.testing import ScriptedEndpoint

BESIDE = ("pytest_cov", "randomly", "rerunfailures", "html", "metadata", "langsmith_plugin")
"""Plugins of others: a test that is about them loads them, all others run without."""
SETTINGS = f"""
[pytest]
addopts = --strict-markers --strict-config -W error {" ".join(f"-p no:{name}" for name in BESIDE)}
asyncio_default_fixture_loop_scope = function
"""
ENTRY_POINTS = """
[pytest11]
sygra_eval = sygra_eval.pytest_plugin
sygra_eval_testing = sygra_eval.testing.plugin
"""


@dataclass(frozen=True)
class Project:
    """A folder with a suite and its rows."""

    pytester: pytest.Pytester
    folder: Path

    def suite(self, rows: Iterable[Mapping[str, Any]], name: str = "s", **sections: Any) -> Path:
        """Write a suite over existing rows, which judges without a sandbox unless told."""
        path = self.folder / f"{name}.yaml"
        data = self.folder / f"{name}.jsonl"
        data.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        document = {
            "suite": {"name": name, "tags": ["quick"]},
            "data_config": {"source": {"type": "disk", "file_path": data.name, "id": "id"}},
            "candidate": {"text": "{said}"},
            "sandbox": {"isolation": "none", "i_accept_the_risk": True},
            "quality": {"validators": [{"use": "length", "max": 4}]},
        } | sections
        path.write_text(
            yaml.safe_dump({key: value for key, value in document.items() if value is not None})
        )
        return path

    def run(self, *arguments: object) -> pytest.RunResult:
        """Run a session of its own in this process, where the engine is imported already."""
        return self.pytester.runpytest_inprocess(*map(str, arguments))

    def run_apart(self, *arguments: object) -> pytest.RunResult:
        """Run pytest as a user does."""
        return self.pytester.runpytest_subprocess(*map(str, arguments), timeout=300)

    def runs(self) -> list[Path]:
        """Return the run folders, the oldest first."""
        return sorted(
            (path.parent for path in self.folder.glob("reports/*/*/journal.db")),
            key=lambda path: path.stat().st_ctime_ns,
        )

    def last_failed(self) -> set[str]:
        """Return the ids that pytest's cache has."""
        path = self.folder / ".pytest_cache/v/cache/lastfailed"
        return set(json.loads(path.read_text())) if path.exists() else set()


@pytest.fixture(scope="session")
def _engine(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Import for good what a run imports: each session in this process forgets what it brought."""
    for name in ("sygra_eval.pytest_plugin.collecting", "hypothesis.internal.observability"):
        import_module(name)  # the second by hypothesis' own plugin, at the end of each session
    suite = {
        "suite": {"name": "warm"},
        "candidate": {"text": "{said}"},
        "sandbox": {"isolation": "none", "i_accept_the_risk": True},
        "quality": {"validators": [{"use": "length", "max": 4}]},
    }
    run(suite, rows=[{"said": "ok"}], out=tmp_path_factory.mktemp("warm"))


@pytest.fixture
def project(_engine: None, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Set the project up; our plugin is found as the installed one is, by its entry point."""
    info = pytester.mkdir("installed").joinpath("ours-1.0.dist-info")
    info.mkdir()
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
    info.joinpath("entry_points.txt").write_text(ENTRY_POINTS)
    ours = Path(__file__).parents[2]
    before = os.environ.get("PYTHONPATH", "")
    monkeypatch.syspath_prepend(info.parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ours), str(info.parent), before]))
    # A session apart finds what another compiled: pytest rewrites the modules of its plugins.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("SYGRA_EVAL_CONFIG_DIR", str(pytester.path / "config"))
    pytester.path.joinpath("pytest.ini").write_text(SETTINGS)
    return Project(pytester, pytester.path)


def rows_of(answers: str) -> list[dict[str, str]]:
    """Return a row for each letter: `p` passes, `r` is rejected."""
    texts = {"p": "ok", "r": "too long"}
    return [{"id": f"row/{number}", "said": texts[letter]} for number, letter in enumerate(answers)]


@pytest.fixture
def rows() -> Callable[[str], list[dict[str, str]]]:
    return rows_of


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    with ScriptedEndpoint.in_a_thread() as server:
        yield server


@pytest.fixture
def told() -> Callable[[pytest.RunResult], dict[str, list[str]]]:
    """Return what reads the rows of a verbose session, by the word that pytest says of them."""

    def read(result: pytest.RunResult) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in result.outlines:
            if match := re.match(r"\S+::default::(\S+) ([A-Z]+)", line):
                found.setdefault(match[2], []).append(match[1])
        return found

    return read
