"""Suites as tests: `pytest suites/x.yaml` runs the suite, and each of its rows is an item.

A file named on the command line (or matched by the ini option `sygra_files`) that has a suite in it
is collected (`collecting`): file, variant, row. The rows that pytest selects are settled by one run
per suite on a thread of its own (`background`), which works ahead of pytest and reads the `wanted`
rows alone; an item (`items`) waits for its row's end and says of it what `sygra-eval show` says
(`telling`). `session` starts and ends the runs; `outcomes` tells what they came to. The fixture
`sygra_run` runs a suite from a test in Python. Nothing heavy is imported before a suite is
collected: this file holds the hooks that every session calls.
"""

import re
from pathlib import Path

import pytest

from sygra_eval.pytest_plugin.fixtures import sygra_run as sygra_run
from sygra_eval.pytest_plugin.outcomes import Outcomes

_ROWS = ("fail", "report")
_ITEMS = ("auto", "rows", "suite")
_ENDINGS = (".yaml", ".yml")
_HAS_SUITE = re.compile(rb"""^(?:"suite"|'suite'|suite)[ \t]*:""", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options; each has our name in it."""
    group = parser.getgroup("sygra_eval", "suites of sygra_eval")
    group.addoption(
        "--sygra-out",
        metavar="DIR",
        default="reports",
        help="where run folders of suites go (default: reports)",
    )
    group.addoption(
        "--sygra-calls",
        action="store_true",
        help="run suites that ask models elsewhere than on this machine",
    )
    group.addoption(
        "--sygra-model",
        action="append",
        default=[],
        metavar="NAME=WHAT",
        help="replace a model of the suites, as `sygra-eval run --model` does",
    )
    group.addoption(
        "--sygra-trust",
        action="store_true",
        help="import the plugins/ folders found beside suites; remembered",
    )
    parser.addini(
        "sygra_files",
        "suite files to collect though the command line does not name them (glob patterns)",
        type="args",
        default=[],
    )
    parser.addini(
        "sygra_rows",
        "what a rejected row is: `fail` (default), or `report`: expected to fail",
        default="fail",
    )
    parser.addini(
        "sygra_items",
        "an item per row (`rows`), per suite (`suite`), or by how many they are (`auto`)",
        default="auto",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what an ini option cannot be, and let somebody keep what runs come to."""
    for name, known in (("sygra_rows", _ROWS), ("sygra_items", _ITEMS)):
        if config.getini(name) not in known:
            raise pytest.UsageError(
                f"{name} = {config.getini(name)}: it is one of {', '.join(known)}"
            )
    config.pluginmanager.register(Outcomes(config), Outcomes.NAME)
    config.addinivalue_line("markers", "sygra: a row of a sygra_eval suite")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a suite that is named on the command line or in the ini file."""
    if file_path.suffix not in _ENDINGS or not _is_asked_for(file_path, parent):
        return None
    try:
        if _HAS_SUITE.search(file_path.read_bytes()) is None:
            return None
    except OSError:
        return None
    from sygra_eval.pytest_plugin.collecting import SuiteFile, has_suite  # takes a second

    return SuiteFile.from_parent(parent, path=file_path) if has_suite(file_path) else None


def _is_asked_for(path: Path, parent: pytest.Collector) -> bool:
    if parent.session.isinitpath(path):
        return True
    root = parent.config.rootpath
    patterns = parent.config.getini("sygra_files")
    return path.is_relative_to(root) and any(
        path.relative_to(root).match(pattern) for pattern in patterns
    )
