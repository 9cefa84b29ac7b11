"""What a whole run keeps in memory: the largest resident set, by the number of its rows.

`sygra-eval run` in a process of its own over rows of 1 KB, each of which is verified, so that all
of them are in the data files too. Either the rows are judged as they stand (`judged`), or a model
in the process answers each (`llm`). The kernel's own peak (VmHWM) is read at the end of the rows,
then put back, so that the closing phase (figures, data files, report) has a peak of its own.

    python -m benchmarks.memory [--rows 10000 100000] [--million] [--form jsonl parquet]
                                [--way judged llm] [--shard-rows N] [--folder DIR]
"""

import argparse
import json
import os
import random
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.ten_checks import CHECKS

PLUGIN = Path(__file__).with_name("memory_plugin.py")
TEN = Path(__file__).with_name("ten_checks.py")
MILLION = 1_000_000
MOST_MB, MOST_RATIO = 250, 1.1
"""The aims: peak of 10^6 rows, and how many times that of 10^5 it may be."""

_LOOK_EVERY_S = 0.02
_TAIL = 4096
_MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """What one run took: largest resident sets in MB, seconds, and its files' sizes.

    :ivar rows_mb: Until the last row had ended.
    :ivar closing_mb: From there to the end.
    :ivar wal_mb: The largest size of the journal's log beside it.
    """

    rows: int
    rows_mb: float
    closing_mb: float
    wal_mb: float
    cpu_s: float
    wall_s: float
    journal_mb: float

    @property
    def whole_mb(self) -> float:
        """The largest of the whole process."""
        return max(self.rows_mb, self.closing_mb)


def main() -> None:
    """Measure each form and way at each size and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--million", action="store_true", help="10^6 rows too (some 6 GB of disk)")
    parser.add_argument("--form", nargs="+", default=["jsonl", "parquet"])
    parser.add_argument("--way", nargs="+", default=["judged"])
    parser.add_argument("--shard-rows", type=int)
    parser.add_argument("--folder", type=Path, help="where runs go; a temporary one else")
    given = parser.parse_args()
    sizes = sorted({*given.rows, *([MILLION] if given.million else [])})
    print(f"{datetime.now(UTC):%Y-%m-%d}, load {os.getloadavg()[0]:.1f} at the start", flush=True)
    print(f"{'run':<16}{'rows':>9}{'rows MB':>9}{'closing':>9}{'ratio':>7}{'log MB':>8}", end="")
    print(f"{'journal MB':>12}{'CPU s':>8}{'wall s':>8}", flush=True)
    for way in given.way:
        for form in given.form:
            before: Peak | None = None
            for rows in sizes:
                with tempfile.TemporaryDirectory(dir=given.folder) as folder:
                    peak = peak_of(Path(folder), rows, form, way, shard_rows=given.shard_rows)
                show(f"{way} {form}", peak, before)
                before = peak


def show(name: str, peak: Peak, before: Peak | None) -> None:
    """Print one line; the ratio is that to the line before."""
    ratio = "–" if before is None else f"{peak.whole_mb / before.whole_mb:.3f}"
    print(
        f"{name:<16}{peak.rows:>9}{peak.rows_mb:>9.1f}{peak.closing_mb:>9.1f}{ratio:>7}"
        f"{peak.wal_mb:>8.1f}{peak.journal_mb:>12.1f}{peak.cpu_s:>8.1f}{peak.wall_s:>8.1f}",
        flush=True,
    )


def peak_of(folder: Path, rows: int, form: str, way: str, *, shard_rows: int | None = None) -> Peak:
    """Run once over so many rows and return what it took.

    :raises SystemExit: When the run did not end as it should have.
    """
    write_rows(folder / f"rows.{form}", rows)
    path = folder / "memory.json"
    path.write_text(json.dumps(_suite(f"rows.{form}", way, shard_rows)), encoding="utf-8")
    suite = path.rename(path.with_suffix(".yaml"))  # JSON is YAML
    runs = folder / "out" / "memory"
    command = [sys.executable, "-m", "sygra_eval", "run", str(suite), "--out", str(folder / "out")]
    plugin = TEN if way == "ten" else PLUGIN
    command += ["-p", str(plugin), "--json", "--unsafe-no-sandbox"]
    told, errors = folder / "told", folder / "errors"
    with told.open("wb") as out, errors.open("wb") as err:
        before, since = os.times(), time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err)
        rows_mb, closing_mb, wal_mb = _watched(process, runs)
        code = process.wait()
        after, wall_s = os.times(), time.perf_counter() - since
    if code:
        raise SystemExit(f"the run ended with {code}:\n{errors.read_text()[-2_000:]}")
    ended: dict[str, Any] = json.loads(told.read_text().splitlines()[-1])
    if ended["verified"] != rows:
        raise SystemExit(f"the run did not end as it should have: {ended}")
    return Peak(
        rows=rows,
        rows_mb=rows_mb,
        closing_mb=closing_mb,
        wal_mb=wal_mb,
        cpu_s=after.children_user
        + after.children_system
        - before.children_user
        - before.children_system,
        wall_s=wall_s,
        journal_mb=(_only(runs) / "journal.db").stat().st_size / _MB,
    )


def write_rows(path: Path, rows: int) -> None:
    """Write rows of 1 KB of text that does not compress to nothing."""
    if path.suffix != ".parquet":
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in _rows(rows))
        return
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([("id", pa.string()), ("text", pa.string())])
    with parquet.ParquetWriter(path, schema) as writer:
        batch = []
        for row in _rows(rows):
            batch.append(row)
            if len(batch) == 4096:
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                batch = []
        if batch:
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _rows(rows: int) -> Iterator[dict[str, str]]:
    chance = random.Random(0)  # noqa: S311 - not a secret
    letters = "".join(chance.choices(string.ascii_letters + " ", k=20_000))
    for number in range(rows):
        start = chance.randrange(len(letters) - 1_000)
        yield {"id": f"row-{number:08}", "text": letters[start : start + 1_000]}


def _suite(file: str, way: str, shard_rows: int | None) -> dict[str, object]:
    suite: dict[str, object] = {
        "suite": {"name": "memory"},
        "data_config": {"source": {"type": "disk", "file_path": file, "id": "id"}},
        "quality": {"validators": [{"use": "says_something"}]},
        "sandbox": {"isolation": "none", "i_accept_the_risk": True},
    }
    if shard_rows is not None:
        suite["output_config"] = {"shard_rows": shard_rows}
    if way == "ten":
        suite["quality"] = {"validators": [{"use": name, "required": True} for name in CHECKS]}
    if way in {"judged", "ten"}:
        return suite | {"candidate": {"text": "{text}"}}
    draft = {"node_type": "llm", "model": "echo", "prompt": "{text}", "output_keys": "answer"}
    graph = {
        "nodes": {"draft": draft},
        "edges": [{"from": "START", "to": "draft"}, {"from": "draft", "to": "END"}],
    }
    return suite | {"models": {"echo": {"use": "echo"}}, "graph_config": graph}


def _watched(process: subprocess.Popen[bytes], runs: Path) -> tuple[float, float, float]:
    """Return the peaks until the rows have ended and from there on, and of the journal's log."""
    rows_mb = peak_mb = wal_mb = 0.0
    has_ended = False
    while process.poll() is None:
        peak_mb = max(peak_mb, _peak_mb(process.pid))
        run = _only(runs)
        wal = run / "journal.db-wal"
        if wal.is_file():
            wal_mb = max(wal_mb, wal.stat().st_size / _MB)
        if not has_ended and _rows_have_ended(run / "run.log"):
            has_ended, rows_mb, peak_mb = True, max(peak_mb, _peak_mb(process.pid)), 0.0
            _forget_peak(process.pid)
        time.sleep(_LOOK_EVERY_S)
    return rows_mb, peak_mb, wal_mb


def _only(runs: Path) -> Path:
    """Return the folder of the only run there; one that is not there while there is none."""
    return next(runs.glob("*/"), runs / "none")


def _rows_have_ended(log: Path) -> bool:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            return b'"event": "finished"' in file.read()
    except OSError:
        return False


def _peak_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peaks[0]) * 1024 / _MB if peaks else 0.0


def _forget_peak(pid: int) -> None:
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
    except OSError:  # it has ended, or this kernel does not offer it
        return


if __name__ == "__main__":
    main()
