"""What is not imported: it is why `sygra-eval --help` answers at once."""

import json
import subprocess
import sys

import pytest

HEAVY = [
    "aiohttp",
    "asyncio",
    "datasets",
    "hypothesis",
    "litellm",
    "numpy",
    "pyarrow",
    "pydantic",
    "pytest",
    "rich",
    "sqlite3",
    "tabulate",
    "xllamacpp",
    "yaml",
]
PROGRAM = """
import json, sys
from sygra_eval.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    code = ended.code
print(json.dumps([code, sorted(name for name in sys.modules if "." not in name)]), file=sys.stderr)
"""


def imported(*arguments: str) -> tuple[int, set[str]]:
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    code, names = json.loads(ran.stderr.splitlines()[-1])
    return code, set(names)


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)], ids=" ".join)
def test_help_and_version_import_nothing_heavy(arguments):
    code, names = imported(*arguments)

    assert code == 0
    assert sorted(names & set(HEAVY)) == []


def test_checking_a_suite_imports_neither_models_nor_data_frames():
    code, names = imported("plugins", "--json")

    assert code == 0
    assert sorted(names & {"aiohttp", "datasets", "litellm", "numpy", "xllamacpp"}) == []
