"""What it costs a Studio's server to follow a run, beside the least that reading it can cost.

`python -m benchmarks.studio_events [ROWS]`: the whole journal of a run of so many rows is read and
counted. Then `sygra-eval studio` is started on it, 500 rows a second are appended by a process of
its own, as a run does, and a tab listens: how long after its commit a row is in the counts that the
tab has, and what that costs the server. Twice: of a run that takes all rows, and of one that takes
every fifth, so that most places of its source stay empty. Rows end in another order than they
begin, some of them late. Each figure stands beside a floor of the same machine and moment: the same
rows by SQL, and their JSON read.
"""

import asyncio
import bisect
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from benchmarks.studio_process import cpu_s, memory_mb, studio
from sygra_eval.journal import Journal, RunLock, from_stored
from sygra_eval.journal.store import open_reader
from sygra_eval.studio.live.run_watch import RunWatch
from sygra_eval.values import CallSite, ChatResponse, Outcome, RecordEnd, Status, Usage, Verdict

ROWS = 100_000
PER_S = 500
SECONDS = 8
EACH_S = 0.1
LATE = 40  # each of so many rows ends seconds later than those around it
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
    _print("load", f"{os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as place:
        for every, what in ((1, "all rows"), (5, "each fifth row")):
            folder = Path(place) / what.replace(" ", "-") / "reports" / "bench" / "run"
            folder.mkdir(parents=True)
            (folder / "suite.yaml").write_text(SUITE)
            asyncio.run(_begin(folder, [every * at for at in range(rows)]))
            size = (folder / "journal.db").stat().st_size / 2**20
            _print(what, f"{rows} rows, journal {size:.0f} MiB")
            if every == 1:
                _whole(folder, rows)
            _following(folder, rows, every)


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


def _following(folder: Path, rows: int, every: int) -> None:
    """Follow rows as they end, with a tab that listens."""
    with studio(folder.parents[2]) as (link, pid):
        home, _, token = link.partition("/?token=")
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=home, headers=headers, timeout=60, trust_env=False) as client:
            told: list[tuple[float, int]] = []
            tab = threading.Thread(target=_listen, args=(client, told), daemon=True)
            tab.start()
            while not told or told[-1][1] < rows:  # until all that is there was counted
                time.sleep(0.1)
            time.sleep(1.5)
            idle_s = _of_the_server(pid, 3.0)
            messages, before_s = len(told), cpu_s(pid)
            asked = [sys.executable, "-m", "benchmarks.studio_events", "--write"]
            writing = subprocess.run(
                [*asked, str(folder), str(rows), str(every)], capture_output=True, check=True
            )
            time.sleep(1.0)
            took_s, messages = cpu_s(pid) - before_s, len(told) - messages
            memory = memory_mb(pid, "VmHWM")
    committed = sorted(float(line) for line in writing.stdout.split())
    delays = sorted(_delays(committed, told, rows))
    lasted_s = committed[-1] - committed[0]
    floor_s = _seconds(lambda: _floor(folder, since=rows))
    p50, p95 = delays[len(delays) // 2], delays[int(len(delays) * 0.95)]
    _print(
        f"{len(committed) / lasted_s:.0f} rows/s followed",
        f"{took_s / lasted_s:.1%} of a core, floor {floor_s / lasted_s:.1%}; at rest {idle_s:.1%}",
    )
    _print(
        "from commit to tab",
        f"p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, slowest {delays[-1] * 1000:.0f} ms",
    )
    _print("messages", f"{messages} for {len(committed)} rows ({len(committed) * 4} journal rows)")
    _print("memory of the server", f"{memory:.0f} MB at most")


def _of_the_server(pid: int, seconds: float) -> float:
    before_s = cpu_s(pid)
    time.sleep(seconds)
    return (cpu_s(pid) - before_s) / seconds


def _listen(client: httpx.Client, told: list[tuple[float, int]]) -> None:
    """Note when a tab had which counts, until the server ends."""
    try:
        with client.stream("GET", "/api/events", params={"topics": "run:bench/run"}) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: ") and (one := json.loads(line[6:]))["event"] == "counts":
                    told.append((time.monotonic(), one["data"]["rows"]))
    except httpx.HTTPError:
        return


def _delays(
    committed: Sequence[float], told: Sequence[tuple[float, int]], before: int
) -> list[float]:
    """Return how long each commit was not in the counts: the first that hold so many tell it."""
    counts = [rows for _, rows in told]
    assert counts[-1] == before + len(committed), "all rows are told"  # noqa: S101
    first = [bisect.bisect_left(counts, before + number + 1) for number in range(len(committed))]
    return [max(0.0, told[at][0] - commit_s) for at, commit_s in zip(first, committed, strict=True)]


def _floor(folder: Path, since: int = 0) -> None:
    """Read the same rows by SQL, and their JSON."""
    connection = open_reader(folder / "journal.db")
    for table, at, per_row in (("visit", 2, 2), ("call", 6, 1), ("outcome", 4, 1)):
        sql = f"SELECT * FROM {table} WHERE rowid > ?"  # noqa: S608
        for row in connection.execute(sql, (since * per_row,)):
            from_stored(row[at])
    connection.close()


async def _begin(folder: Path, places: Sequence[int]) -> None:
    journal = Journal.create(folder / "journal.db", {"suite": "bench"})
    journal.event("started", pid=1, rows=2 * len(places), limit=None)
    for first in range(0, len(places), 256):
        await asyncio.gather(*(_end(journal, at) for at in places[first : first + 256]))
    await journal.close()


def write(folder: Path, rows: int, every: int) -> None:
    """Append rows as a run does, and print when each was committed."""
    with RunLock(folder):
        time.sleep(1.5)  # a run that nobody works on is looked at once a second
        asyncio.run(_go_on(folder, [every * at for at in _order(rows, SECONDS * PER_S)]))


def _order(rows: int, more: int) -> list[int]:
    """Return in which order rows end: not far from that in which they began, but for a few."""
    chance = random.Random(0)  # noqa: S311 - no secret
    late = {at: at + chance.uniform(500, 1_500) for at in range(rows, rows + more, LATE)}
    ends = [(late.get(at, at + chance.uniform(0, 64)), at) for at in range(rows, rows + more)]
    return [at for _, at in sorted(ends)]


async def _go_on(folder: Path, places: Sequence[int]) -> None:
    journal = Journal.open(folder / "journal.db")
    committed: list[float] = []

    async def end(place: int) -> None:
        await _end(journal, place)
        committed.append(time.monotonic())  # one clock for all processes

    began_s, step = time.monotonic(), round(PER_S * EACH_S)
    for number, first in enumerate(range(0, len(places), step), start=1):
        await asyncio.gather(*(end(place) for place in places[first : first + step]))
        await asyncio.sleep(max(0.0, began_s + number * EACH_S - time.monotonic()))
    await journal.close()
    sys.stdout.write("".join(f"{one}\n" for one in committed))


async def _end(journal: Journal, index: int) -> None:
    """Journal a row from its first call to its end."""
    record, key = f"row-{index}", index.to_bytes(16, "big")
    site = CallSite(record=record, node="first")
    await journal.commit_call(key, site, key, _RESPONSE, model="author")
    for node in ("first", "second"):
        journal.append_visit(record, node, _VISIT)
    end = RecordEnd(
        row_id=record,
        index=index,
        outcome=Outcome.VERIFIED,
        reason="all passed",
        data={"question": "q", "answer": _TEXT},
        verdicts=(_VERDICT,),
    )
    await journal.finish(end)


_TEXT = "def f(x):\n    return x + 1\n" * 10
_VISIT: dict[str, object] = {
    "additions": {"draft": _TEXT},
    "models": [],
    "messages": [],
    "loop": None,
}
_VERDICT = Verdict(validator="length", status=Status.PASS, reason="short", score=1.0)
_RESPONSE = ChatResponse(
    text=_TEXT,
    finish_reason="stop",
    latency_s=1.0,
    usage=Usage(prompt_tokens=10, completion_tokens=20),
    cost_nano_usd=1_000,
)


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
    if sys.argv[1:2] == ["--write"]:
        write(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
