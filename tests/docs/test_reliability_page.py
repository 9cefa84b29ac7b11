"""The table of faults against the faults and the tests that there are."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from sygra_eval.testing import FAULTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.partition("| fault | modes |")[2].splitlines()[2:]
    if line.startswith("|")
]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@cache
def named_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text())
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def test_every_fault_has_an_outcome_and_a_test():
    assert len(ROWS) > 30
    for fault, _, outcome, tests in ROWS:
        assert fault
        assert outcome
        assert re.findall(r"`tests/[\w/]+\.py::test_\w+`", tests), fault


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_every_test_that_the_page_names_is_there(file, test):
    assert test in named_in(file)


def test_the_table_has_every_mode_of_the_server_and_no_other():
    modes = {mode for _, cell, _, _ in ROWS for mode in re.findall(r"`(\w+)`", cell)}

    assert modes == set(FAULTS)
