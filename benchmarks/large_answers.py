"""What long answers cost in files of their own, beside the same answers in the journal's rows.

Each row is a call, a visit and an outcome with the same answer in it, as in a run of one node, 64
rows at a time; `aside` is what we do with texts above 64 KiB, `inline` what we did before. Then
what a resume does first: every call is read for what it came to.

    python -m benchmarks.large_answers [--rows 500] [--kib 100] [--repeats 3]
"""

import argparse
import asyncio
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sygra_eval.journal import Journal, blobs, call_key, open_readonly, request_hash
from sygra_eval.values import (
    CallSite,
    ChatRequest,
    ChatResponse,
    Message,
    Outcome,
    RecordEnd,
    Usage,
)

AT_ONCE = 64
ASIDE = blobs.LARGE
WORDS = [f"word{number}" for number in range(5_000)]


def main() -> None:
    """Measure both ways in turn and print what each took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--kib", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    chance = random.Random(0)  # noqa: S311
    answers = [_answer(chance, given.kib * 1024) for _ in range(given.rows)]
    for _ in range(given.repeats):
        for name, large in (("inline", sys.maxsize), ("aside", ASIDE)):
            blobs.LARGE = large
            print(f"{name:<7} {measured(answers)}", flush=True)


def measured(answers: list[str]) -> str:
    """Journal the answers, read them back, and say what it took."""
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        wrote = _taken(lambda: asyncio.run(_write_all(folder, answers)))
        read = _taken(lambda: _read(folder))
        size = sum(file.stat().st_blocks * 512 for file in folder.rglob("*"))
    rows = len(answers)
    return (
        f"written {wrote[0] / rows * 1e3:.2f} ms CPU, {wrote[1] / rows * 1e3:.2f} ms wall a row; "
        f"calls read {read[0] / rows * 1e3:.3f} ms CPU a row; {size / rows / 1024:.0f} KiB a row"
    )


def _answer(chance: random.Random, size: int) -> str:
    words = chance.choices(WORDS, k=size // 8)
    return " ".join(words)[:size]


def _taken(work: Callable[[], object]) -> tuple[float, float]:
    cpu, wall = _cpu_s(), time.perf_counter()
    work()
    return _cpu_s() - cpu, time.perf_counter() - wall


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _write_all(folder: Path, answers: list[str]) -> None:
    numbers = iter(range(len(answers)))
    async with Journal.create(folder / "journal.db", {}) as journal:

        async def some() -> None:
            for number in numbers:
                await _end(journal, number, answers[number])

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(some())


async def _end(journal: Journal, number: int, answer: str) -> None:
    request = ChatRequest(messages=(Message("user", f"Write of the number {number}."),))
    site = CallSite(record=f"n{number}", node="draft")
    usage = Usage(prompt_tokens=10, completion_tokens=20_000)
    response = ChatResponse(text=answer, finish_reason="stop", usage=usage)
    key, asked = call_key("m", request, site), request_hash("m", request)
    await journal.commit_call(key, site, asked, response, model="author")
    journal.append_visit(site.record, site.node, {"answer": answer})
    end = RecordEnd(row_id=site.record, index=number, outcome=Outcome.VERIFIED, reason="", data={})
    await journal.finish(replace(end, data={"answer": answer}))


def _read(folder: Path) -> None:
    with open_readonly(folder / "journal.db") as reader:
        reader.calls_summary()


if __name__ == "__main__":
    main()
