"""Runs every verified answer against its visible and hidden tests again, without our code.

    python recheck.py RUN_FOLDER_OR_VERIFIED_JSONL...

It shares nothing with the engine, the sandbox or the validators: each row is one program, run by
`python -I` in an empty folder with a time limit. Code that a sandbox has passed before is executed
with the rights of whoever calls this. Exits with 1 when a row does not pass or is not testable.
"""

import argparse
import json
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

LIMIT_S = 30.0
TEST_COLUMNS = ("visible_tests", "hidden_tests")


def main() -> int:
    """Recheck what the command line names; print a line a failure and one in the end."""
    parser = argparse.ArgumentParser(description="Run verified rows against their tests again.")
    parser.add_argument("places", nargs="+", type=Path, metavar="RUN|VERIFIED.jsonl")
    rows = [row for place in parser.parse_args().places for row in rows_in(place)]
    failures = [(name_of(row), why) for row in rows if (why := why_it_fails(row)) is not None]
    for name, why in failures:
        print(f"{name}: {why}")  # noqa: T201 - what it is for
    print(f"{len(rows)} rows" + (f", {len(failures)} do not pass" if failures else ""))  # noqa: T201
    return 1 if failures else 0


def rows_in(place: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a file, or of the one in a run folder; a run may have verified none."""
    path = place / "verified.jsonl" if place.is_dir() else place
    if place.is_dir() and not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def name_of(row: Mapping[str, Any]) -> str:
    return str(row.get("provenance", {}).get("row_id", row.get("id", "?")))


def why_it_fails(row: Mapping[str, Any]) -> str | None:
    """Return why a row's code does not pass its tests; None when it does."""
    tests = [test for column in TEST_COLUMNS for test in texts_of(row.get(column))]
    if not tests or not row.get("code"):
        return "it has no code or no tests"
    word = secrets.token_hex(8)  # a program that ends early does not say it
    program = program_of(row["code"], tests, row.get("entry_point"), word)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "program.py")
        path.write_text(program, encoding="utf-8")
        try:
            ran = subprocess.run(  # noqa: S603
                [sys.executable, "-I", str(path)],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"no end within {LIMIT_S:g} s"
    if ran.returncode == 0 and ran.stdout.endswith(f"{word}\n"):
        return None
    return (ran.stderr.strip().splitlines() or [f"exit code {ran.returncode}"])[-1]


def texts_of(column: object) -> list[str]:
    match column:
        case str():
            return [column]
        case list():
            return [str(test) for test in column]
    return []


def program_of(code: str, tests: list[str], entry_point: str | None, word: str) -> str:
    """Return code and tests as one program; a `check(candidate)` is called."""
    parts = [code]
    for test in tests:
        parts.append(test)
        if "def check(" in test:
            parts.append(f"check({entry_point})")
    return "\n\n".join([*parts, f"print()\nprint({word!r})\n"])


if __name__ == "__main__":
    sys.exit(main())
