"""Memory does not grow with the rows: real processes, sizes that differ by a factor."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE

from benchmarks.memory import peak_of

READ = """
import asyncio, resource, sys
from pathlib import Path
from sygra_eval.data import DiskSource
from sygra_eval.engine.reading import limited
from sygra_eval.values import SourceSpec

config = {"file_path": "rows.jsonl", "id": "id"}
source = DiskSource(SourceSpec(type="disk", config=config, folder=Path(sys.argv[1])))

async def count():
    rows = 0
    async for row in limited(source, int(sys.argv[2])):
        rows += 1
    return rows

print(asyncio.run(count()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_twice_the_rows_take_no_more_memory(tmp_path):
    small, large = (tmp_path / "small", tmp_path / "large")
    small.mkdir()
    large.mkdir()

    once, twice = (
        peak_of(folder, rows, "jsonl", "judged")
        for folder, rows in ((small, 4_200), (large, 9_000))
    )

    assert twice.rows_mb / once.rows_mb < 1.1
    assert twice.closing_mb / once.closing_mb < 1.1


async def test_reading_keeps_no_row_and_no_id(tmp_path):
    with (tmp_path / "rows.jsonl").open("w") as file:
        file.writelines(json.dumps({"id": f"a-name-of-row-{n}"}) + "\n" for n in range(160_000))

    async def read(rows: int) -> tuple[int, int]:
        command = [sys.executable, "-c", READ, str(tmp_path), str(rows)]
        reading = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        said, _ = await reading.communicate()
        count, kib = map(int, said.split())
        return count, kib

    (few, one), (many, other) = await read(40_000), await read(160_000)

    assert (few, many) == (40_000, 160_000)
    assert other / one < 1.1
