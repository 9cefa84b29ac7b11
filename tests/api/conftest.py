"""A suite that is an object, run by the plugin's model of tests/engine."""

import importlib.util
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest

FAST_PLUGIN = Path(__file__).parents[1] / "engine" / "fast_plugin.py"


@pytest.fixture(scope="session")
def fast_plugin() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fast_plugin", FAST_PLUGIN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def suite() -> dict[str, Any]:
    solve = {
        "node_type": "llm",
        "model": "author",
        "prompt": "{question}",
        "output_keys": "answer",
    }
    return {
        "suite": {"name": "small"},
        "models": {"author": {"use": "echo"}},
        "graph_config": {
            "nodes": {"solve": solve},
            "edges": [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}],
        },
        "quality": {"validators": [{"use": "says"}]},
        "sandbox": {"isolation": "none", "i_accept_the_risk": True},
    }


@pytest.fixture
def asked(fast_plugin: ModuleType, tmp_path: Path) -> dict[str, Any]:
    """Return the keywords of every run here."""
    return {"plugins": [fast_plugin], "out": tmp_path / "out"}


@pytest.fixture
def questions() -> Callable[[int], list[dict[str, str]]]:
    """Return a maker of rows; every third is rejected."""

    def made(count: int) -> list[dict[str, str]]:
        return [
            {"id": f"r{i}", "question": f"q{i}" + (" says-fail" if i % 3 == 2 else "")}
            for i in range(count)
        ]

    return made


@pytest.fixture(autouse=True)
def nothing_is_left_over() -> Iterator[None]:
    """Fail where a run leaves a thread or a child process behind."""
    threads, children = set(threading.enumerate()), set(psutil.Process().children(recursive=True))

    yield

    left = [one for one in threading.enumerate() if one not in threads and not one.daemon]
    assert left == []
    born = [c for c in psutil.Process().children(recursive=True) if c not in children]
    assert born == []
