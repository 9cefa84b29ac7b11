"""Which tests are run, in which order, and by how many processes."""

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
IS_FULL = os.environ.get("SYGRA_EVAL_FULL") == "1"
LONGEST_FIRST = (
    "faults",
    "studio",
    "engine",
    "sandbox",
    "pytest_plugin",
    "suites",
    "validators",
    "benchmarks",
    "e2e",
)
"""Folders whose files take long; whoever gets one of them last lets the other cores wait."""
PER_CORE = 1.5
"""A test waits a third of its time or more: for children, a clock, the disk."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage neither while thousands of tests are found nor among them afterwards.

    It took two fifths of what the finding costs, which each process does for itself.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before `-m full` looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.path))
    for item in items:
        only = item.get_closest_marker("only_full")
        if only is not None:
            item.add_marker("full")
            if not IS_FULL:
                item.add_marker(pytest.mark.skip(f"{only.args[0]}: SYGRA_EVAL_FULL=1"))


def rank(path: Path) -> int:
    """Say when a file's turn is; those of a rank stay in their order."""
    folder = path.relative_to(HERE).parts[0] if path.is_relative_to(HERE) else ""
    return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Say how many `-n auto` is."""
    return max(2, round(PER_CORE * len(os.sched_getaffinity(0))))
