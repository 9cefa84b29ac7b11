"""Kills runs again and again, and judges each by what the server saw. Start at `Soak.tell`.

A story is one run: it is started, killed at moments that its number draws, resumed, damaged and
repaired (and killed in that), until a last resume ends it. Its number and the seed say which
moments; those by the clock fall a little elsewhere each time, those by a step on a file or by a
request do not.
"""

import asyncio
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sygra_eval.engine import LedgerLine, keep_ledger
from sygra_eval.journal import open_readonly
from sygra_eval.testing import ScriptedEndpoint, audit
from sygra_eval.values import UsageError
from tests.faults.conftest import IN_FLIGHT, PATIENCE_S, UNSAVED, rows, write_suite

FILES = ("verified.jsonl", "verified.parquet", "rejected.jsonl", "failed.jsonl", "unjudged.jsonl")
ROWS = 9
LATENCY_S = 0.008
MOST_KILLS = 7  # of one story
DAMAGES = 0.25
UNREPAIRED = 0.3
REFUSED = (4, 7)  # what a resume may say of a journal that is damaged: not readable, not writable
PAGE = 8192
FOLDERS = "*/small/[!.]*"


def answer_of(body: dict[str, Any]) -> str:
    """Answer so that the text says which prompt it answers; its length says whether it passes."""
    prompt = body["messages"][-1]["content"]
    mark = mark_of(body)
    if prompt.startswith("criticise"):
        return f"- say more, {mark}" if "short" in prompt else f"NO MORE FEEDBACK\n\n{mark}"
    is_long = "kind=right" in prompt or ("kind=repaired" in prompt and prompt.startswith("revise"))
    return f"long {mark} " * 60 if is_long else f"short {mark}"


def mark_of(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()[:12]


def soaked_suite(folder: Path, base_url: str) -> Path:
    """Write a suite with a loop that needs no sandbox: only what is on disk is to be tried here."""
    loop = {
        "node_type": "critique_loop",
        "draft": {"model": "author", "prompt": "draft {question}"},
        "critique": {"model": "critic", "prompt": "criticise {question}\n{candidate}"},
        "revise": {"model": "author", "prompt": "revise {round} {question}\n{critique}"},
        "until": {"sentinel": "NO MORE FEEDBACK", "accepted_by": ["length"]},
        "max_rounds": 3,
    }
    edges = [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}]
    return write_suite(
        folder,
        base_url,
        rows=rows(ROWS),
        graph_config={"nodes": {"solve": loop}, "edges": edges},
        quality={"validators": [{"use": "length", "min": 100, "required": True}]},
        sandbox={"isolation": "none", "i_accept_the_risk": True},
    )


class Starter:
    """The process that forks the command's children, see `starter.py`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        command = [sys.executable, str(Path(__file__).with_name("starter.py"))]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, **pipes)  # noqa: S603

    def start(self, *arguments: str | Path, dies_at: int = 0) -> int:
        return self._order(
            do="start",
            folder=str(self.home),
            arguments=[str(one) for one in arguments],
            out=str(self.home.with_name("out.txt")),
            err=str(self.home.with_name("err.txt")),
            dies_at=dies_at,
        )

    def wait(self, pid: int) -> int:
        return self._order(do="wait", pid=pid)

    def run(self, *arguments: str | Path, dies_at: int = 0) -> int:
        """Start a child and return how it ended."""
        return self.wait(self.start(*arguments, dies_at=dies_at))

    def said(self) -> str:
        return "".join(self.home.with_name(name).read_text() for name in ("out.txt", "err.txt"))

    def steps(self) -> int:
        """Return how many steps on files the last child took that was started with -1."""
        return int(self.home.with_name("err.txt.steps").read_text())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()

    def _order(self, **order: Any) -> int:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@dataclass
class Tally:
    """What all stories came to."""

    stories: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    surplus: int = 0
    damaged: int = 0
    lost_by_damage: int = 0

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kills.items()))
        return (
            f"{self.kills.total()} kills in {self.stories} runs ({kinds}); {self.sent} calls sent,"
            f" surplus {self.surplus} (at most {self.kills.total() * IN_FLIGHT}); {self.damaged}"
            f" journals damaged, {self.lost_by_damage} calls lost by that"
        )


class Soak:
    """The stories' common parts: a server, a suite, an undisturbed run to compare with."""

    def __init__(self, home: Path, endpoint: ScriptedEndpoint, starter: Starter) -> None:
        self.home, self.endpoint, self.starter = home, endpoint, starter
        endpoint.answers_with(answer_of)
        self.suite = soaked_suite(home.with_name("suite"), endpoint.base_url)
        self.tally = Tally()
        code = starter.run("run", self.suite, "--out", home / "usual", "--json", dies_at=-1)
        assert code == 0, starter.said()
        self.steps = starter.steps()
        (usual,) = home.glob(FOLDERS)
        self.asked = [mark_of(body) for body in endpoint.requests]
        assert len(self.asked) == len(set(self.asked)) > ROWS
        self.answers, self.bytes = answers_in(usual), bytes_of(usual)
        shutil.rmtree(usual)
        since = time.monotonic()
        starter.run("run", self.suite, "--out", home / "usual", "--json")
        self.duration_s = time.monotonic() - since
        (usual,) = home.glob(FOLDERS)
        assert bytes_of(usual) == self.bytes
        shutil.rmtree(usual)

    def tell(self, seed: int, number: int, most: int = MOST_KILLS) -> None:
        """Tell one story with at least one kill; fail when anything is not as it should be."""
        story = Story(self, random.Random(f"{seed}/{number}"), number)  # noqa: S311
        try:
            story.tell(most)
        except Exception as error:
            told = " · ".join(story.told)
            raise AssertionError(f"seed {seed}, story {number}: {told}: {error}") from error
        self.tally.stories += 1
        self.tally.sent += story.sent
        self.tally.surplus += story.sent - len(self.asked) - story.lost


class Story:
    """One run and what befalls it."""

    def __init__(self, soak: Soak, chance: random.Random, number: int) -> None:
        self.soak, self.chance, self.number = soak, chance, number
        self.folder: Path | None = None
        self.committed: dict[bytes, str] = {}
        self.gone: set[bytes] = set()
        self.is_damaged = False
        self.kills = self.lives = self.sent = self.lost = 0
        self.told: list[str] = []

    def tell(self, most: int) -> None:
        self.soak.endpoint.events.clear()
        wanted = self.chance.randint(1, most)
        while self.kills < wanted and self.live_until_killed():
            if self.folder is not None and self.chance.random() < DAMAGES:
                self.damage_and_repair()
        self.end()

    def live_until_killed(self) -> bool:
        """Start or resume, kill, look at what is on disk; say whether the kill came in time."""
        self.lives += 1
        self.soak.endpoint.requests.clear()
        code, told = self.killed_at(self.arguments())
        self.told.append(told)
        is_killed = code == -signal.SIGKILL
        if is_killed:
            self.count_kill(told.split()[0])
        is_refused = self.is_damaged and code in REFUSED
        assert is_killed or is_refused or code == 0, f"exit {code}: {self.soak.starter.said()}"
        self.look(is_killed=is_killed)
        if is_refused:
            self.repair()
        return is_killed or is_refused

    def arguments(self) -> list[str | Path]:
        if self.folder is not None:
            return ["resume", self.folder, "--json"]
        return ["run", self.soak.suite, "--out", self.out, "--json"]

    @property
    def left(self) -> int:
        """How many calls are not committed yet."""
        return len(self.soak.asked) - len(self.committed)

    @property
    def out(self) -> Path:
        """Where a start goes; a run that was killed before it had a journal is not gone on with."""
        return self.soak.home / f"life-{self.lives}"

    def killed_at(self, arguments: list[str | Path]) -> tuple[int, str]:
        """Start a child and kill it at a moment; it may have ended before."""
        starter, endpoint = self.soak.starter, self.soak.endpoint
        match self.chance.choice(("step", "step", "request", "clock", "clock")):
            case "step":
                step = self.chance.randint(1, self.soak.steps)
                return starter.run(*arguments, dies_at=step), f"step {step}"
            case "request":
                count = self.chance.randint(1, max(1, self.left))
                pid = starter.start(*arguments)
                while len(endpoint.requests) < count and is_alive(pid):
                    time.sleep(0.001)
                told = f"request {count}"
            case _:
                whole_s = self.soak.duration_s * (0.3 + self.left / len(self.soak.asked))
                delay_s = self.chance.uniform(0, whole_s)
                pid = starter.start(*arguments)
                time.sleep(delay_s)
                told = f"clock {1000 * delay_s:.0f} ms"
        os.kill(pid, signal.SIGKILL)  # not reaped yet, so it is nobody else's number
        return starter.wait(pid), told

    def count_kill(self, kind: str) -> None:
        self.kills += 1
        self.soak.tally.kills[kind] += 1
        self.soak.endpoint.mark("killed")

    def look(self, *, is_killed: bool) -> None:
        """Compare what this life sent with what was committed before it and since."""
        time.sleep(2 * LATENCY_S if is_killed else 0)  # what was under way reaches the server
        sent = [mark_of(body) for body in self.soak.endpoint.requests]
        self.sent += len(sent)
        if self.folder is None:
            begun = list(self.out.glob("small/*/journal.db"))
            if not begun:
                assert not sent, "calls were sent before there was a journal"
                return
            self.folder = begun[0].parent
        now = self.answers_now()
        gone = self.committed.keys() - now.keys()
        assert not gone, f"{len(gone)} committed calls are gone"
        again = {mark for mark in sent if any(mark in text for text in self.committed.values())}
        assert not again, f"{len(again)} committed calls were sent again"
        unsaved = len(sent) - (len(now) - len(self.committed))
        assert 0 <= unsaved <= (UNSAVED if is_killed else 0), f"{unsaved} calls are not on disk"
        self.committed = now

    def answers_now(self) -> dict[bytes, str]:
        """Return the answers in the journal, each of which the undisturbed run has too.

        A copy is read: a reader that folded the log up would do a part of the resume's work.
        """
        copied = self.soak.home.with_name("copied")
        shutil.rmtree(copied, ignore_errors=True)
        copied.mkdir()
        for name in ("journal.db", "journal.db-wal", "journal.db-journal"):
            if (self.folder / name).exists():
                shutil.copy(self.folder / name, copied)
        now = answers_in(copied)
        assert now.items() <= self.soak.answers.items(), "an answer is there that nobody gave"
        return now

    def damage_and_repair(self) -> None:
        """Damage the journal and repair it; or let the next start find it as it is."""
        self.told.append(damage(self.folder, self.chance))
        self.soak.tally.damaged += 1
        self.is_damaged = True
        if self.chance.random() < UNREPAIRED and self.can_be_read():
            return
        self.repair()

    def repair(self, *, may_be_left: bool = True) -> None:
        """Repair the journal, kill that now and then; a half-done repair may be left so."""
        while True:
            step = self.chance.choice((0, self.chance.randint(1, 30)))
            doctor = ("doctor", self.folder, "--repair")
            code = self.soak.starter.run(*doctor, dies_at=step)
            self.told.append(f"repair {step}" if step else "repair")
            if code == 0:
                break
            assert code == -signal.SIGKILL, f"doctor: exit {code}: {self.soak.starter.said()}"
            self.count_kill("repair")
            if may_be_left and self.chance.random() < UNREPAIRED and self.can_be_read():
                return
        assert self.can_be_read()
        self.is_damaged = False

    def can_be_read(self) -> bool:
        """Take stock of what the damage left, where SQLite can read it."""
        try:
            now = self.answers_now()
        except UsageError:
            return False
        lost = self.committed.keys() - now.keys()
        self.lost += len(lost)
        self.gone |= lost
        self.soak.tally.lost_by_damage += len(lost)
        self.committed = now
        return True

    def end(self) -> None:
        """Let the run end, and compare all that it left with the undisturbed one."""
        if self.is_damaged:
            self.repair(may_be_left=False)
        self.lives += 1
        self.soak.endpoint.requests.clear()
        code = self.soak.starter.run(*self.arguments())
        assert code == 0, f"the end: exit {code}: {self.soak.starter.said()}"
        self.look(is_killed=False)
        missing = self.soak.answers.keys() - self.committed.keys()
        assert missing <= self.gone, "calls that no damage took are not in the journal"
        assert bytes_of(self.folder) == self.soak.bytes, "the files are other ones"
        assert self.sent - len(self.soak.asked) - self.lost <= self.kills * UNSAVED
        found = audit.problems(
            self.soak.endpoint.events, most_in_flight=IN_FLIGHT, samples=1 + self.lost
        )
        assert not found, found
        lines: list[LedgerLine] = []
        ledger = asyncio.run(keep_ledger(self.folder, lines.append))
        assert ledger.holds, ledger
        assert len({line.row_id for line in lines}) == len(lines) == ROWS
        assert "not reached" not in {line.outcome for line in lines}
        for out in self.soak.home.iterdir():
            shutil.rmtree(out)


def is_alive(pid: int) -> bool:
    """Say whether a child that nobody has reaped still runs."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def answers_in(folder: Path) -> dict[bytes, str]:
    """Return the journalled answers by key."""
    with open_readonly(folder / "journal.db") as reader:
        answers = {key: reader.answer(key) for key, _ in reader.call_keys()}
        return {key: found.text for key, found in answers.items() if found is not None}


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}


def damage(folder: Path, chance: random.Random) -> str:
    """Flip a bit of the journal or wipe the root of a table that follows from the calls."""
    path = folder / "journal.db"
    is_folded_up = chance.random() < 0.7  # as after a day of work: most of it is in the file
    table = chance.choice(("visit", "outcome", "round", ""))
    page = 0
    with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as connection:
        if is_folded_up:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        page = next((number for (number,) in connection.execute(sql, (table,))), 0)
    data = bytearray(path.read_bytes())
    if 0 < page * PAGE <= len(data):
        data[(page - 1) * PAGE : page * PAGE] = bytes(PAGE)
        path.write_bytes(data)
        return f"wiped {table}"
    used = [place for place, byte in enumerate(data) if byte]
    place = chance.choice(used)
    data[place] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    return f"flipped a bit of byte {place}"
