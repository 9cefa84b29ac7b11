"""A JSONL file through ten cheap validators: rows a second and memory, beside a plain loop.

The run is `sygra-eval run` of a suite without a graph, in a process of its own: rows of 1 KB are
read, judged by ten validators, journalled with all verdicts, counted, and written as data files
with their provenance. The loop is what anybody would write: a line, `json.loads`, the same ten
checks, `json.dumps`, a line. It has no journal, no resume and no report.

    python -m benchmarks.ten_validators [--rows 10000 100000] [--million] [--folder DIR]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.memory import MILLION, peak_of, write_rows
from benchmarks.ten_checks import CHECKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Looped:
    """What the plain loop took."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def main() -> None:
    """Measure each size and print one table, or be the loop that is measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--million", action="store_true", help="10^6 rows too (some 6 GB of disk)")
    parser.add_argument("--folder", type=Path, help="where runs go; a temporary one else")
    parser.add_argument("--loop", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.loop is not None:
        print(json.dumps(loop(given.loop)))
        return
    print(f"{datetime.now(UTC):%Y-%m-%d}, load {os.getloadavg()[0]:.1f} at the start", flush=True)
    heads = ("rows", "run: CPU s", "rows/CPU s", "wall s", "MB", "closing", "loop: CPU s", "MB")
    print("".join(f"{head:>13}" for head in heads), flush=True)
    for rows in sorted({*given.rows, *([MILLION] if given.million else [])}):
        with tempfile.TemporaryDirectory(dir=given.folder) as name:
            plain = looped(Path(name), rows)
        with tempfile.TemporaryDirectory(dir=given.folder) as name:
            run = peak_of(Path(name), rows, "jsonl", "ten")
        figures = (
            f"{rows:,}",
            f"{run.cpu_s:.1f}",
            f"{rows / run.cpu_s:,.0f}",
            f"{run.wall_s:.1f}",
            f"{run.rows_mb:.0f}",
            f"{run.closing_mb:.0f}",
            f"{plain.cpu_s:.1f}",
            f"{plain.peak_mb:.0f}",
        )
        ratio = f"   {run.cpu_s / plain.cpu_s:.1f} x the loop, {rows / plain.cpu_s:,.0f} rows/CPU s"
        print("".join(f"{figure:>13}" for figure in figures) + ratio, flush=True)


def looped(folder: Path, rows: int) -> Looped:
    """Run the plain loop in a process of its own."""
    source = folder / "rows.jsonl"
    write_rows(source, rows)
    command = (sys.executable, "-m", "benchmarks.ten_validators", "--loop", str(source))
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Looped(**json.loads(done.stdout.splitlines()[-1]))


def loop(source: Path) -> dict[str, float]:
    """Judge each line, write those that pass all checks, and say what it took."""
    began, since = time.process_time(), time.perf_counter()
    passed = dict.fromkeys(CHECKS, 0)
    with (
        source.open(encoding="utf-8") as lines,
        source.with_name("out.jsonl").open("w", encoding="utf-8") as out,
    ):
        for line in lines:
            row = json.loads(line)
            said = {name: check(row["text"]) for name, check in CHECKS.items()}
            for name, is_good in said.items():
                passed[name] += is_good
            if all(said.values()):
                out.write(json.dumps({**row, "verdicts": said}, ensure_ascii=False) + "\n")
    return {
        "cpu_s": time.process_time() - began,
        "wall_s": time.perf_counter() - since,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }


if __name__ == "__main__":
    main()
