"""The plugin under the line of pytest before the one that is installed.

`make test` puts it into a folder of its own; a child that has this folder first on its path runs
the tests beside this one; those that start more processes than they show of another line (marked
`slow`) with `make full` only.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BEFORE = Path(sys.prefix) / "pytest-8.4"
ALIKE = Path(__file__).with_name("test_wanted.py")
"""Has nothing of pytest in it."""
CHOSEN = ["tests/pytest_plugin", "--ignore", __file__, "--ignore", str(ALIKE)]
QUICK = [] if os.environ.get("SYGRA_EVAL_FULL") == "1" else ["-m", "not slow"]


@pytest.mark.full
@pytest.mark.skipif(not BEFORE.is_dir(), reason=f"no {BEFORE}; `make test` installs it")
def test_these_tests_pass_with_pytest_8_4(tmp_path):
    paths = [str(BEFORE), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    places = ["--basetemp", str(tmp_path / "their"), "-p", "no:cacheprovider"]

    ran = subprocess.run(  # noqa: S603 - our own tests
        [sys.executable, "-m", "pytest", *CHOSEN, *QUICK, *places],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=600,  # it takes 15 s of CPU; a busy machine makes minutes of it
    )

    assert "pytest-8.4." in ran.stdout
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    assert " skipped" not in ran.stdout.splitlines()[-1]
