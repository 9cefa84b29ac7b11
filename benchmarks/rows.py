"""What reading and writing rows costs beside a plain loop, and how much memory it takes.

Rows of 1 KB (three texts, a number, a fraction, a list of texts) are read by our source as the
engine reads them, and written by our sinks; beside them a loop that anybody would write: a line,
`json.loads`, `json.dumps`, a line; a Parquet batch, its rows, a row group. Each runs in a process
of its own; CPU is that of all its threads without imports, memory its highest resident set.

    python -m benchmarks.rows [--sizes 100000,1000000] [--forms jsonl,parquet] [--repeats 1]
                              [--peer] [--folder DIR]
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from tabulate import tabulate

from sygra_eval.data import DiskSource, leave_pandas_out, write_jsonl, write_parquet
from sygra_eval.engine.reading import limited
from sygra_eval.values import BadRow, Row, SourceSpec

FORMS = ("jsonl", "parquet")
GROUP = 4096
BATCH = 1024
HANDED_ON = 256
PACKED: dict[str, Any] = {"compression": "zstd", "compression_level": 3}  # as our files are
_RAM = "VmHWM:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a process took."""

    rows: int
    cpu_s: float
    peak_mb: float


def main() -> None:
    """Measure, or be the process that is measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", default="100000,1000000", help="numbers of rows")
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--peer", action="store_true", help="also `datasets`, streaming")
    parser.add_argument("--folder", type=Path, default=None, help="for the files, some GB")
    parser.add_argument("--child", nargs=3, metavar=("WAY", "IN", "OUT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        way, source, target = given.child
        print(json.dumps(work(way, Path(source), Path(target))))
        return
    sizes = [int(size) for size in given.sizes.split(",")]
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        for form in given.forms.split(","):
            compare(Path(name), form, sizes, given.repeats, is_peer=given.peer)


def compare(folder: Path, form: str, sizes: list[int], repeats: int, *, is_peer: bool) -> None:
    """Print what each way took over the same files, and how its memory grew with the rows."""
    ways = [way for way in WAYS if way.endswith(form) and (is_peer or "datasets" not in way)]
    peaks: dict[str, list[float]] = {way: [] for way in ways}
    for size in sizes:
        source = made(folder, form, size)
        took: dict[str, list[Taken]] = {way: [] for way in ways}
        for _ in range(repeats):  # in turn, so that other work on the machine meets all of them
            for way in ways:
                took[way].append(taken(way, source))
        source.unlink()
        plain_s = median(one.cpu_s for one in took[f"plain {form}"])
        lines = []
        for way, ones in took.items():
            cpu_s, peak_mb = median(one.cpu_s for one in ones), max(one.peak_mb for one in ones)
            peaks[way].append(peak_mb)
            figures = (cpu_s, cpu_s / size * 1e6, cpu_s / plain_s, round(peak_mb))
            lines.append((way, ones[0].rows, *figures))
        heads = ("way", "rows", "CPU s", "µs a row", "beside plain", "peak MB")
        print(tabulate(lines, heads, floatfmt=("", "", ".2f", ".1f", ".2f", "")), flush=True)
    for way, of_sizes in peaks.items():
        grown = f"{of_sizes[-1] / of_sizes[0]:.2f} x that at {sizes[0]:,}"
        print(f"{way}: peak at {sizes[-1]:,} rows {grown}", flush=True)


def taken(way: str, source: Path) -> Taken:
    """Run a way in a process of its own."""
    target = source.with_name(f"out{source.suffix}")
    command = (sys.executable, "-m", "benchmarks.rows", "--child", way, str(source), str(target))
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    target.unlink()
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


def work(way: str, source: Path, target: Path) -> dict[str, float]:
    """Do it, and say what it took."""
    prepared = WAYS[way](source, target)
    began = time.process_time()
    rows = prepared()
    cpu_s = time.process_time() - began
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_kb = next(line.split()[1] for line in status.splitlines() if line.startswith(_RAM))
    return {"rows": rows, "cpu_s": cpu_s, "peak_mb": int(peak_kb) / 1024}


def made(folder: Path, form: str, rows: int) -> Path:
    """Write the rows that are read."""
    path = folder / f"in-{rows}.{form}"
    if path.exists():
        return path
    if form == "jsonl":
        write_jsonl(path, generated(rows))
    else:
        write_parquet(path, partial(generated, rows))
    return path


def generated(rows: int) -> Iterator[dict[str, object]]:
    """Yield rows of 1 KB that pack as text does."""
    chance = random.Random(0)  # noqa: S311
    words = [f"{chance.choice('bdfgklmnprst')}{chance.randrange(36**4):x}" for _ in range(5_000)]
    text = " ".join(chance.choice(words) for _ in range(200_000))
    for number in range(rows):
        at = [chance.randrange(len(text) - 600) for _ in range(2)]
        yield {
            "id": f"row-{number:07}",
            "question": text[at[0] : at[0] + 300],
            "answer": text[at[1] : at[1] + 550],
            "number": number,
            "share": number / 7,
            "tags": ["one", "two", words[number % 5_000]],
        }


RowsOf = Callable[[DiskSource], AsyncGenerator[Row | BadRow, None]]


def _ours(source: Path, target: Path, *, rows_of: RowsOf = DiskSource.rows) -> Callable[[], int]:
    leave_pandas_out()  # as our commands do
    spec = SourceSpec(
        type="disk", config={"file_path": source.name, "id": "id"}, folder=source.parent
    )
    rows = partial(_columns, DiskSource(spec), rows_of)
    if target.suffix == ".jsonl":
        return lambda: write_jsonl(target, rows())
    import sygra_eval.data.columns  # noqa: F401 - not what is measured

    return lambda: write_parquet(target, rows).rows


def _ours_with_ids(source: Path, target: Path) -> Callable[[], int]:
    """Read as a run does, which also looks whether an id was met before."""
    return _ours(source, target, rows_of=lambda read: limited(read, None))


def _columns(source: DiskSource, rows_of: RowsOf) -> Iterator[Mapping[str, object]]:
    """Read rows on a loop, as the engine does, for sinks that know nothing of loops."""
    loop = asyncio.new_event_loop()
    reading = rows_of(source)
    while some := loop.run_until_complete(_some_of(reading)):
        yield from some
    loop.run_until_complete(reading.aclose())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


async def _some_of(reading: AsyncGenerator[Row | BadRow, None]) -> list[Mapping[str, object]]:
    some: list[Mapping[str, object]] = []
    async for row in reading:
        if isinstance(row, Row):
            some.append(row.columns)
        if len(some) == HANDED_ON:
            break
    return some


def _plain_jsonl(source: Path, target: Path) -> Callable[[], int]:
    def copy() -> int:
        rows = 0
        with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8") as out:
            for line in lines:
                row = json.loads(line)
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                rows += 1
        return rows

    return copy


def _plain_parquet(source: Path, target: Path) -> Callable[[], int]:
    """Make Python rows of a file and a file of them, as a loop that looks at rows has to."""
    import pyarrow as pa
    from pyarrow import parquet

    def copy() -> int:
        rows, held = 0, []
        with parquet.ParquetFile(source, pre_buffer=False) as file:
            schema = file.schema_arrow
            with parquet.ParquetWriter(target, schema, **PACKED) as writer:
                for batch in file.iter_batches(BATCH):
                    held += batch.to_pylist()
                    if len(held) >= GROUP:
                        writer.write_table(pa.Table.from_pylist(held, schema=schema))
                        rows, held = rows + len(held), []
                if held:
                    writer.write_table(pa.Table.from_pylist(held, schema=schema))
        return rows + len(held)

    return copy


def _columnar_parquet(source: Path, target: Path) -> Callable[[], int]:
    """Copy columns, which nobody can judge row by row: the least that the format itself takes."""
    from pyarrow import parquet

    def copy() -> int:
        rows = 0
        with (
            parquet.ParquetFile(source, pre_buffer=False) as file,
            parquet.ParquetWriter(target, file.schema_arrow, **PACKED) as writer,
        ):
            for batch in file.iter_batches(GROUP):
                writer.write_batch(batch)
                rows += batch.num_rows
        return rows

    return copy


def _datasets(source: Path, target: Path) -> Callable[[], int]:
    """Stream by `datasets` and write lines or row groups as the plain loops do."""
    import datasets

    form = "json" if source.suffix == ".jsonl" else "parquet"

    def copy() -> int:
        stream: Any = datasets.load_dataset(
            form, data_files=str(source), split="train", streaming=True
        )
        return write_jsonl(target, iter(stream))

    return copy


WAYS: Mapping[str, Callable[[Path, Path], Callable[[], int]]] = {
    "ours jsonl": _ours,
    "ours, ids too: jsonl": _ours_with_ids,
    "plain jsonl": _plain_jsonl,
    "datasets jsonl": _datasets,
    "ours parquet": _ours,
    "ours, ids too: parquet": _ours_with_ids,
    "plain parquet": _plain_parquet,
    "columnar parquet": _columnar_parquet,
    "datasets parquet": _datasets,
}

if __name__ == "__main__":
    main()
