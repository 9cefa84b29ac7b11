"""What it takes to list the rows of a suite: `run --collect-only`, without a model call.

In a process of its own for each, as its first import and plugins count too: the whole command, and
of it the collection alone. Memory is the largest resident size: it is not to grow with the rows.

    python -m benchmarks.collecting [--rows 1000 100000]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SUITE = """\
suite: {name: listed}
data_config: {source: {type: disk, file_path: rows.jsonl, id: id}}
candidate: {text: "{question}"}
quality: {validators: [{use: python_compiles}]}
"""
COLLECTION = """
import asyncio, resource, sys, time
from pathlib import Path
from sygra_eval.engine import RunOptions, Selection, collect_suite
began = time.perf_counter()
options = RunOptions(selection=Selection(keywords=sys.argv[2]))
found = asyncio.run(collect_suite(Path(sys.argv[1]), options, lambda row: None, print))
took = time.perf_counter() - began
mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(found.selected, took, mib)
"""


def main() -> None:
    """Print a line for each number of rows, with all of them chosen and by an expression."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 100_000])
    for count in parser.parse_args().rows:
        with tempfile.TemporaryDirectory() as folder:
            suite = _written(Path(folder), count)
            for keywords in ("", "not 77 and (listed or other)"):
                print(_line(suite, count, keywords))


def _written(folder: Path, count: int) -> Path:
    rows = ({"id": f"q/{n}", "question": "what is it? " * 20} for n in range(count))
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "listed.yaml").write_text(SUITE)
    return folder / "listed.yaml"


def _line(suite: Path, count: int, keywords: str) -> str:
    began = time.perf_counter()
    command = [sys.executable, "-m", "sygra_eval", "run", str(suite), "--co", "-q"]
    subprocess.run([*command, "-k", keywords], check=True, capture_output=True)
    whole_s = time.perf_counter() - began
    told = subprocess.run(
        [sys.executable, "-c", COLLECTION, str(suite), keywords],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    selected, took_s, mib = int(told[0]), float(told[1]), float(told[2])
    return (
        f"{count:>9,} rows, {selected:>9,} chosen: command {whole_s:6.2f} s, "
        f"collection alone {took_s:6.2f} s, {mib:5.0f} MiB"
    )


if __name__ == "__main__":
    main()
