"""What it costs a Studio's server to follow a run, beside the least that reading it can cost.

`python -m benchmarks.studio_events [ROWS]`: the whole journal of a run of so many rows is read and
counted, then 500 rows a second are appended and followed, then nothing happens. Each figure stands
beside a floor of the same machine and moment: the same rows by SQL, and their JSON read.
"""

import asyncio
import json
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sygra_eval.journal import Journal, from_stored
from sygra_eval.journal.store import open_reader
from sygra_eval.studio.live.hub import Hub
from sygra_eval.studio.live.run_watch import RunWatch
from sygra_eval.values import CallSite, ChatResponse, Outcome, RecordEnd, Status, Usage, Verdict

ROWS = 100_000
PER_S = 500
SECONDS = 6
SUITE = """\
suite: {name: bench}
models: {author: {use: openai, model: m, base_url: "http://127.0.0.1:1/v1"}}
graph_config:
  nodes: {first: {node_type: llm, model: author}, second: {node_type: llm, model: author}}
  edges: [{from: START, to: first}, {from: first, to: second}, {from: second, to: END}]
"""


def main() -> None:
    """Print the figures."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "bench" / "run"
        folder.mkdir(parents=True)
        (folder / "suite.yaml").write_text(SUITE)
        asyncio.run(_write(folder, range(rows), is_new=True))
        _print("journal", f"{(folder / 'journal.db').stat().st_size / 2**20:.0f} MiB, {rows} rows")
        _whole(folder, rows)
        _following(folder, rows)


def _whole(folder: Path, rows: int) -> None:
    """Count all of it, as for the first page of a run that nobody has looked at yet."""
    floor_s = _seconds(lambda: _floor(folder))
    before = _memory_mib()
    watch = RunWatch(folder)

    def count() -> None:
        watch.catch_up()
        while not watch.is_caught_up:
            watch.catch_up()

    took_s = _seconds(count)
    assert watch.counts().rows == rows, "all rows are counted"  # noqa: S101
    _print(
        "counted whole", f"{took_s:.2f} s CPU, {took_s / floor_s:.2f} of the floor {floor_s:.2f} s"
    )
    _print("memory", f"{_memory_mib():.0f} MiB at most, {_memory_mib() - before:.0f} of it by this")
    _print("a snapshot", f"{_seconds(watch.counts) * 1000:.2f} ms CPU")
    idle_s = _seconds(lambda: [watch.look() for _ in range(100)])
    _print(
        "nothing new",
        f"{idle_s * 10:.2f} ms CPU a look, {idle_s / 10:.1%} of a core at 10 a second",
    )
    watch.close()


def _following(folder: Path, rows: int) -> None:
    """Follow rows as they end, with a tab that listens."""
    delays, cpu_s, floor_s, messages = asyncio.run(_followed(folder, rows))
    delays.sort()
    p50, p95 = delays[len(delays) // 2], delays[int(len(delays) * 0.95)]
    events = PER_S * SECONDS
    _print(
        f"{PER_S} rows/s followed",
        f"{cpu_s / SECONDS:.1%} of a core, floor {floor_s / SECONDS:.1%}",
    )
    _print("from commit to tab", f"p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms")
    _print("messages", f"{messages} for {events} rows ({events * 4} journal rows)")


async def _followed(folder: Path, rows: int) -> tuple[list[float], float, float, int]:
    hub, watch = Hub(), RunWatch(folder)
    hub.open()
    while not watch.is_caught_up:
        watch.catch_up()
    committed: dict[int, float] = {}
    delays: list[float] = []
    cpu_s, messages = 0.0, 0
    is_over = threading.Event()

    async def listen() -> None:
        nonlocal messages
        async for chunk in hub.stream(["run:bench/run"]):
            for line in chunk.decode().splitlines():
                if not line.startswith("data: "):
                    continue
                messages += 1
                told = json.loads(line[6:])
                if told["event"] == "counts":
                    now_s = time.monotonic()
                    new = [n for n in committed if n < told["data"]["rows"]]
                    delays.extend(now_s - committed.pop(n) for n in new)

    def look() -> None:
        nonlocal cpu_s
        while not is_over.is_set():
            before_s = time.thread_time()
            found = watch.look()
            if found.counts is not None:
                hub.publish("run:bench/run", "counts", found.counts, kind="latest")
            if found.moved is not None:
                hub.publish("run:bench/run", "moved", found.moved)
            cpu_s += time.thread_time() - before_s
            is_over.wait(0.1)

    listening = asyncio.create_task(listen())
    looking = threading.Thread(target=look)
    looking.start()
    for second in range(SECONDS * 10):
        since = rows + second * PER_S // 10
        new = range(since, since + PER_S // 10)
        await asyncio.to_thread(_written, folder, new)
        at_s = time.monotonic()
        committed.update(dict.fromkeys(new, at_s))
        await asyncio.sleep(max(0.0, 0.1 - (time.monotonic() - at_s)))
    await asyncio.sleep(0.5)
    is_over.set()
    looking.join()
    hub.close()
    await listening
    watch.close()
    floor_s = _seconds(lambda: _floor(folder, since=rows))
    return delays, cpu_s, floor_s, messages


def _floor(folder: Path, since: int = 0) -> None:
    """Read the same rows by SQL, and their JSON."""
    connection = open_reader(folder / "journal.db")
    for table, at, per_row in (("visit", 2, 2), ("call", 6, 1), ("outcome", 4, 1)):
        sql = f"SELECT * FROM {table} WHERE rowid > ?"  # noqa: S608
        for row in connection.execute(sql, (since * per_row,)):
            from_stored(row[at])
    connection.close()


def _written(folder: Path, rows: range) -> None:
    asyncio.run(_write(folder, rows))


async def _write(folder: Path, rows: range, *, is_new: bool = False) -> None:
    path = folder / "journal.db"
    journal = Journal.create(path, {"suite": "bench"}) if is_new else Journal.open(path)
    if is_new:
        journal.event("started", pid=1, rows=2 * len(rows), limit=None)
    text = "def f(x):\n    return x + 1\n" * 10
    visit: dict[str, object] = {
        "additions": {"draft": text},
        "models": [],
        "messages": [],
        "loop": None,
    }
    verdict = Verdict(validator="length", status=Status.PASS, reason="short", score=1.0)
    response = ChatResponse(
        text=text,
        finish_reason="stop",
        latency_s=1.0,
        usage=Usage(prompt_tokens=10, completion_tokens=20),
        cost_nano_usd=1_000,
    )
    for first in range(rows.start, rows.stop, 256):
        ends = []
        for index in range(first, min(first + 256, rows.stop)):
            record = f"row-{index}"
            key = index.to_bytes(16, "big")
            site = CallSite(record=record, node="first")
            ends.append(journal.commit_call(key, site, key, response, model="author"))
            for node in ("first", "second"):
                journal.append_visit(record, node, visit)
            end = RecordEnd(
                row_id=record,
                index=index,
                outcome=Outcome.VERIFIED,
                reason="all passed",
                data={"question": "q", "answer": text},
                verdicts=(verdict,),
            )
            ends.append(journal.finish(end))
        await asyncio.gather(*ends)
    await journal.close()


def _seconds(work: Callable[[], object]) -> float:
    before_s = time.process_time()
    work()
    return time.process_time() - before_s


def _memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _print(what: str, figure: str) -> None:
    sys.stdout.write(f"{what:20} {figure}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
