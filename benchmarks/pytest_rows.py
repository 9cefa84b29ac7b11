"""What pytest costs around a suite: CPU per row and per session beyond the native run.

`python -m benchmarks.pytest_rows [--rows N]` judges rows that exist already by a validator that
costs next to nothing, once by `sygra-eval run`'s engine and once under pytest, each in processes of
its own; it also collects rows without running them. The two sizes of each give the slope (per row)
and the rest (per session).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tabulate import tabulate

SUITE = """
suite: {name: rows}
data_config: {source: {type: disk, file_path: rows.jsonl, id: id}}
candidate: {text: "{said}"}
sandbox: {isolation: none, i_accept_the_risk: true}
quality: {validators: [{use: length, max: 40}]}
"""
SETTINGS = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
TIMES = 3
COLLECTED = 1_000


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        few = max(1, rows // 10)
        native = {count: _cpu_s(folder, count, _native()) for count in (few, rows)}
        under = {count: _cpu_s(folder, count, _pytest("-q")) for count in (few, rows)}
        only = {
            count: _cpu_s(folder, count, _pytest("-q", "--collect-only"))
            for count in (1, COLLECTED)
        }
        (folder / "test_empty.py").write_text("def test_nothing(): pass\n")
        empty = _cpu_s(folder, 1, [*_pytest("-q")[:-2], "test_empty.py"])
    per_row = {name: _slope(found, few, rows) for name, found in (("n", native), ("p", under))}
    rest = {name: found[few] - per_row[name] * few for name, found in (("n", native), ("p", under))}
    table = [
        ("native", f"{per_row['n'] * 1e3:.2f}", f"{rest['n']:.2f}"),
        ("pytest", f"{per_row['p'] * 1e3:.2f}", f"{rest['p']:.2f}"),
        (
            "pytest beyond native (aim 2.5, 0.5)",
            f"{(per_row['p'] - per_row['n']) * 1e3:.2f}",
            f"{rest['p'] - rest['n']:.2f}",
        ),
    ]
    print(tabulate(table, headers=("", "CPU ms a row", "CPU s a session"), disable_numparse=True))
    print(f"a session of pytest with one empty test: {empty:.2f} s, which is part of the above")
    more = only[COLLECTED] - only[1]
    print(f"collecting {COLLECTED:,} rows: {more:.2f} s of CPU more than one row (aim 0.5)")


def _slope(found: dict[int, float], few: int, rows: int) -> float:
    return (found[rows] - found[few]) / (rows - few)


def _native() -> list[str]:
    return [sys.executable, "-m", "sygra_eval", "run", "rows.yaml"]


def _pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "rows.yaml", *arguments]


def _cpu_s(folder: Path, rows: int, command: list[str]) -> float:
    """Return the least CPU of some times, its children's included."""
    (folder / "rows.yaml").write_text(SUITE)
    (folder / "pytest.ini").write_text(SETTINGS)
    with (folder / "rows.jsonl").open("w") as file:
        for number in range(rows):
            print(json.dumps({"id": f"row/{number}", "said": f"answer {number}"}), file=file)
    environ = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    ours = str(Path(__file__).parents[1])
    environ["PYTHONPATH"] = os.pathsep.join([ours, environ.get("PYTHONPATH", "")])
    least = float("inf")
    for _ in range(TIMES):
        before = _children_s()
        subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)
        least = min(least, _children_s() - before)
    return least


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
