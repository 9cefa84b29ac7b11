"""The fixture of people who write rows and assertions in a `test_*.py`."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sygra_eval.api import RunResult


@pytest.fixture
def sygra_run(request: pytest.FixtureRequest, tmp_path: Path) -> "Callable[..., RunResult]":
    """Run a suite over rows of the test, and return what it came to.

    As in `assert sygra_run("suites/x.yaml", rows=[{"id": "a", "answer": "42"}]).verified`, with the
    arguments of `sygra_eval.run`. A file's path is relative to pytest's root folder, run folders go
    to the test's own. A test is code, so the `plugins/` beside a suite are imported as code is.
    """

    def run(suite: Any, *, rows: Any = None, **keywords: Any) -> "RunResult":
        from sygra_eval.api import run as run_suite  # takes a second

        is_path = isinstance(suite, PathLike) or (isinstance(suite, str) and "\n" not in suite)
        where = request.config.rootpath / suite if is_path else suite
        asked: dict[str, Any] = {"out": tmp_path / "reports", "show": False, "trust": True}
        return run_suite(where, rows=rows, **(asked | keywords))

    return run
