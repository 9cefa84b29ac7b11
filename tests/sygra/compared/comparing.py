"""Runs generated tasks here and by SyGra itself on one server, and says where they differ.

By hand, with SyGra's Python in SYGRA_PYTHON and more seeds than the test has:

    python -m tests.sygra.compared.comparing 0:300 [KEPT_FOLDER]
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from sygra_eval.engine import RunOptions, run_suite
from sygra_eval.sygra import Delivery, Shim, deliver, end_all, read_task, task_at
from sygra_eval.testing.endpoint import ScriptedEndpoint
from sygra_eval.values import Outcome, UsageError
from tests.sygra.compared.answering import answer, asked
from tests.sygra.compared.generating import Made, made

HERE = Path(__file__).parent
Json = dict[str, Any]
SHOWN = 2
"""So many calls of each are shown."""


@dataclass(frozen=True)
class Side:
    """What one system made of a task.

    :ivar refused: Why it was not run; empty where it was.
    :ivar rows: Of the data file, in order.
    :ivar failed: Records that did not come to their end: their place and why.
    :ivar files: Other files that were written, by name.
    """

    calls: list[str]
    rows: list[Any] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    rejected: dict[int, str] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    refused: str = ""


class InSygra:
    """SyGra's process, which takes one task after another."""

    def __init__(self, python: Path, root: Path) -> None:
        environ = {**os.environ, "SYGRA_CUSTOM_MODELS_PATH": str(root / "models.yaml")}
        environ.pop("PYTHONPATH", None)
        self.root = root
        self.process = subprocess.Popen(  # noqa: S603 - SyGra, which the developer installed
            [python, HERE / "many_in_sygra.py", root],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._line() == "ready\n", "SyGra could not be imported"

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def run(self, task: Made) -> Json:
        """Run a task and return what it saw."""
        assert self.process.stdin is not None
        out = self.root / "out" / task.name
        name = f"tasks.gen.{task.name}"
        job = {"task": name, "rows": task.rows, "out": str(out), "seed": 1}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        told = json.loads(self._line())
        if not (out / "seen.json").is_file():
            return {"records": [], "load_error": f"it died: {told}"}
        seen: Json = json.loads((out / "seen.json").read_text(encoding="utf-8"))
        return seen

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


class Comparison:
    """Both systems, one server and one root."""

    def __init__(self, root: Path, endpoint: ScriptedEndpoint, python: Path) -> None:
        self.root, self.endpoint = root, endpoint
        (root / "tasks" / "gen").mkdir(parents=True, exist_ok=True)
        entry = {
            "model_type": "openai",
            "model": "gpt-4o",
            "url": endpoint.base_url,
            "auth_token": "k",
            "delay": 0,
            "parameters": {"temperature": 0.5},
        }
        critic = {**entry, "parameters": {"temperature": 0.1, "max_tokens": 64}}
        (root / "models.yaml").write_text(yaml.safe_dump({"author": entry, "critic": critic}))
        self.environ = {
            "SYGRA_EVAL_TRUST": "1",
            "SYGRA_CUSTOM_MODELS_PATH": str(root / "models.yaml"),
        }
        os.environ |= self.environ
        self.sygra = InSygra(python, root)

    def written(self, task: Made) -> None:
        """Write a task's folders."""
        for name, text in task.files.items():
            path = self.root / "tasks" / "gen" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(text, dict):
                text = yaml.safe_dump(text, sort_keys=False, allow_unicode=True)
            path.write_bytes(text.encode() if isinstance(text, str) else text)

    def theirs(self, task: Made) -> Side:
        """Run it by SyGra."""
        self.endpoint.requests.clear()
        seen = self.sygra.run(task)
        calls = sorted(map(asked, self.endpoint.requests))
        failed, rejected, rows, files = {}, {}, [], {}
        for place, record in enumerate(seen["records"]):
            if record["error"] or record.get("no_row"):
                failed[place] = record["error"] or record["no_row"]
            elif record.get("is_valid") is False:
                rejected[place] = "schema"
            elif not any(rows for name, rows in record["rows"] if name == "output.json"):
                rejected[place] = "no row"
            for name, written in record["rows"] if place not in rejected else ():
                if name == "output.json":
                    rows += [] if record["error"] else written
                else:
                    files.setdefault(name, []).extend([] if record["error"] else written)
        for path in (self.root / "out" / task.name).glob("F*.json"):
            if not failed:  # P1: they see rows of nulls
                files["post"] = json.loads(path.read_text())
        refused = "" if seen["records"] else (seen["load_error"] or "no records")
        return Side(calls, rows, failed, rejected, files, refused)

    def ours(self, task: Made) -> Side:
        """Run it here."""
        self.endpoint.requests.clear()
        found = task_at(str(self.root / "tasks" / "gen" / task.name))
        assert found is not None
        try:
            read = read_task(found, environ=self.environ, rows=task.rows)
            if read.suite is None:
                return Side([], refused="\n".join(map(str, read.errors)))
            for name, key in read.keys.items():
                os.environ[name] = key
            options = RunOptions(out=self.root / "reports")
            try:
                summary = asyncio.run(run_suite(found.path, options, document=read.suite))
            except UsageError as error:
                return Side([], refused=str(error))
            target = self.root / "ours" / task.name / "output.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            note = ""
            try:
                deliver(read, summary, Delivery(target=target), Shim.AUTO)
            except UsageError as error:
                note = str(error)
        finally:
            end_all()
        failed = {one["index"]: one["reason"] for one in _of(summary.folder, Outcome.FAILED)}
        rejected = {one["index"]: one["reason"] for one in _of(summary.folder, Outcome.REJECTED)}
        rows = json.loads(target.read_text()) if target.is_file() else []
        files: Json = {"note": note} if note else {}
        for path in target.parent.glob("*.json"):
            if path.name.startswith("F") and not failed and rows:
                files["post"] = json.loads(path.read_text())
            elif "intermediate" in path.name and rows:
                files[path.name] = json.loads(path.read_text())
        return Side(sorted(map(asked, self.endpoint.requests)), rows, failed, rejected, files)

    def differences(self, task: Made) -> list[str]:
        """Return where they differ, a line each."""
        self.written(task)
        theirs, ours = self.theirs(task), self.ours(task)
        return list(_differences(task, theirs, ours))


def _of(run: Path, outcome: Outcome) -> Iterator[Json]:
    from sygra_eval.journal import open_readonly

    with open_readonly(run / "journal.db") as reader:
        for place, end in enumerate(reader.outcomes()):
            if end.outcome is outcome:
                yield {"index": place, "reason": end.reason}


def _differences(task: Made, theirs: Side, ours: Side) -> Iterator[str]:
    if theirs.refused or ours.refused:
        if not (theirs.refused and ours.refused):
            yield f"refused: theirs {theirs.refused[-400:]!r}, ours {ours.refused[:400]!r}"
        return
    if theirs.calls != ours.calls and ("P7" not in task.differs):
        yield f"calls: {len(theirs.calls)} theirs, {len(ours.calls)} ours"
        both = set(theirs.calls) & set(ours.calls)
        left = [one for one in theirs.calls if one not in both]
        right = [one for one in ours.calls if one not in both]
        yield from _pairs(left, right)
    # A generator that raises comes before the schema here, and what makes no message of OASST's
    # has failed: so it is one of the two in both.
    if {*theirs.failed, *theirs.rejected} != {*ours.failed, *ours.rejected}:
        yield f"no row: theirs {theirs.failed}, {theirs.rejected}"
        yield f"        ours   {ours.failed}, {ours.rejected}"
    left, right = plain_rows(theirs.rows), plain_rows(ours.rows)
    if "P7" in task.differs:
        left, right = without_ids(left), without_ids(right)
    if len(left) != len(right):
        yield f"rows: {len(left)} theirs, {len(right)} ours\n  {left}\n  {right}"
    for place, (one, other) in enumerate(zip(left, right, strict=False)):
        for name in dict.fromkeys((*one, *other)):
            if json.dumps(one.get(name, "missing")) != json.dumps(other.get(name, "missing")):
                yield (
                    f"row {place} {name}: theirs {one.get(name, 'missing')!r:.600}, "
                    f"ours {other.get(name, 'missing')!r:.600}"
                )
    for name in theirs.files.keys() | ours.files.keys():
        one, other = theirs.files.get(name), ours.files.get(name)
        if isinstance(one, list) and isinstance(other, list):
            one, other = plain_rows(one), plain_rows(other)
        if one and other and one != other:
            yield f"file {name}: theirs {one!r:.600}, ours {other!r:.600}"


def _pairs(left: list[str], right: list[str]) -> Iterator[str]:
    """Yield where calls part, the shortest first, as the later ones hold what came of these."""
    for one in sorted(left, key=len)[:SHOWN]:
        other = max(right, key=partial(_parting, one), default="")
        place = _parting(one, other)
        near = slice(max(0, place - 80), place + 160)
        yield f"  theirs …{one[near]}"
        yield f"  ours   …{other[near]}"
    if not left and right:
        yield f"  ours   {right[0][:400]}"


def _parting(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def plain_rows(rows: list[Any]) -> list[Any]:
    """Return rows with ids of messages by their place and without times."""
    ids: dict[str, str] = {}
    for row in rows:
        if isinstance(row, dict) and "message_id" in row:
            ids[row["message_id"]] = f"id{len(ids)}"
    told = []
    for row in rows:
        if ids:
            row = {key: value for key, value in row.items() if not key.endswith("ed_at")}
            row = {k: ids.get(v, v) if isinstance(v, str) else v for k, v in row.items()}
        told.append(row)
    return told


def without_ids(rows: list[Any]) -> list[Any]:
    """Return rows without what has an id of the row in it (P7)."""
    return [dict.fromkeys(row) for row in rows]


@contextmanager
def comparison(root: Path, python: Path) -> Iterator[Comparison]:
    """Open both for a while."""
    with ScriptedEndpoint.in_a_thread() as endpoint:
        endpoint.answers_with(answer)
        both = Comparison(root, endpoint, python)
        try:
            yield both
        finally:
            both.sygra.close()


def main(seeds: str, kept: str = "") -> None:
    """Compare seeds (`0:300`, or `3,14`) and print every difference."""
    first, colon, last = seeds.partition(":")
    wanted = list(range(int(first), int(last))) if colon else [int(s) for s in seeds.split(",")]
    python = Path(os.environ["SYGRA_PYTHON"]).absolute()
    with tempfile.TemporaryDirectory() as name:
        root = Path(kept or name).absolute()
        bad = 0
        with comparison(root, python) as both:
            for seed in wanted:
                began = time.monotonic()
                try:
                    found = both.differences(made(seed))
                except Exception as error:  # noqa: BLE001 - a finding like any other
                    found = [f"raised {type(error).__name__}: {error}"]
                bad += bool(found)
                sys.stderr.write(f"{seed} {time.monotonic() - began:.1f} s\n")
                for one in found:
                    sys.stdout.write(f"{seed}: {one}\n")
                    sys.stdout.flush()
        sys.stdout.write(f"{bad} of {len(wanted)} tasks differ\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
