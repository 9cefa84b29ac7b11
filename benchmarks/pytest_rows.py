"""What pytest costs around a suite: CPU per row and per session beyond the native run.

`python -m benchmarks.pytest_rows [--rows N] [--times N]` judges rows that exist already by a
validator that costs next to nothing, once by `sygra-eval run`'s engine and once under pytest, each
in processes of its own; it also collects rows without running them. The two sizes of each give the
slope (per row) and the rest (per session). Plugins of others are left out. The commands take turns,
and the least CPU of each counts: a busy machine only adds to it.
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
COLLECTED = 1_000
EMPTY = "an empty test"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=4_000)
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    few, rows = max(1, given.rows // 10), given.rows
    commands = {
        **{("native", count): _native() for count in (few, rows)},
        **{("pytest", count): _pytest("rows.yaml") for count in (few, rows)},
        **{("collect", count): _pytest("rows.yaml", "--collect-only") for count in (1, COLLECTED)},
        (EMPTY, 1): _pytest("test_empty.py"),
    }
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for _, count in commands:
            _write(folder / str(count), count)
        cpu_s = _least(folder, commands, given.times)
    table, rest = [], {}
    for name in ("native", "pytest"):
        per_row = (cpu_s[name, rows] - cpu_s[name, few]) / (rows - few)
        rest[name] = (per_row, cpu_s[name, few] - per_row * few)
        table.append((name, *_told(*rest[name])))
    beyond = (one - other for one, other in zip(rest["pytest"], rest["native"], strict=True))
    table.append(("pytest beyond native (aim 2.5, 0.5)", *_told(*beyond)))
    print(tabulate(table, headers=("", "CPU ms a row", "CPU s a session"), disable_numparse=True))
    empty = cpu_s[EMPTY, 1]
    print(f"a session of pytest with one empty test: {empty:.2f} s, which is part of the above")
    more = cpu_s["collect", COLLECTED] - cpu_s["collect", 1]
    print(f"collecting {COLLECTED:,} rows: {more:.2f} s of CPU more than one row (aim 0.5)")


def _told(row_s: float, session_s: float) -> tuple[str, str]:
    return f"{row_s * 1e3:.2f}", f"{session_s:.2f}"


def _native() -> list[str]:
    return [sys.executable, "-m", "sygra_eval", "run", "rows.yaml"]


def _pytest(*arguments: str) -> list[str]:
    ours = ("-p", "sygra_eval", "-p", "no:cacheprovider")  # found as the installed one is
    return [sys.executable, "-m", "pytest", *ours, "-q", *arguments]


def _write(folder: Path, rows: int) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "rows.yaml").write_text(SUITE)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_empty.py").write_text("def test_nothing(): pass\n")
    with (folder / "rows.jsonl").open("w") as file:
        for number in range(rows):
            print(json.dumps({"id": f"row/{number}", "said": f"answer {number}"}), file=file)


def _least(
    folder: Path, commands: dict[tuple[str, int], list[str]], times: int
) -> dict[tuple[str, int], float]:
    """Return the least CPU of each command, its children's included."""
    environ = {
        **os.environ,
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    ours = str(Path(__file__).parents[1])
    environ["PYTHONPATH"] = os.pathsep.join([ours, environ.get("PYTHONPATH", "")])
    least: dict[tuple[str, int], float] = {}
    for _ in range(times):
        for key, command in commands.items():
            before = _children_s()
            place = folder / str(key[1])
            subprocess.run(command, cwd=place, env=environ, check=True, capture_output=True)
            least[key] = min(least.get(key, float("inf")), _children_s() - before)
    return least


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
