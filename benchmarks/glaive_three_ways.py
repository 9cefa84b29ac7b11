"""SyGra's glaive task three ways on the same questions: unmodified, migrated, and our own suite.

The task's files come from a checkout of SyGra and are not changed; a side file beside a copy of
them names our questions as its rows and judges its last draft by their tests. What SyGra would
write as finished and does not pass them is the figure that matters. Every way asks the embedded
model, so this takes minutes for each row.

    python -m benchmarks.glaive_three_ways CHECKOUT [--rows 8] [--max-tokens 300]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tabulate import tabulate

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "suites" / "glaive_code_assistant.yaml"
QUESTIONS = ROOT / "suites" / "data" / "code_questions.jsonl"
TASK = "tasks/examples/glaive_code_assistant"
ALIAS = "gpt-4o-mini"
TESTS = {
    "use": "unit_tests",
    "from": {"visible": "visible_tests", "hidden": "hidden_tests"},
    "required": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What came of one way.

    :ivar ended: Rows that came to an answer.
    :ivar written: Those that are written as done: all of them where SyGra would write them, else
        the verified ones.
    """

    name: str
    rows: int
    ended: int
    written: int
    verified: int
    stops: Mapping[str, int]
    calls: int
    wall_s: float


def main() -> None:
    """Run the three and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        task = _copied(given.checkout, base, given.rows, given.max_tokens)
        environ = {
            "SYGRA_CUSTOM_MODELS_PATH": str(base / "models.yaml"),
            "SYGRA_EVAL_CONFIG_DIR": str(base / "config"),
        }
        ask = ["--model", f"{ALIAS}=embedded", "--trust"]
        ways = [_run(base, "unmodified", [str(task), *ask], environ)]
        print(_table(ways), flush=True)
        suite = base / "migrated.yaml"
        _ours(base, ["sygra", "migrate", str(task), "--to", str(suite), "--trust"], environ)
        ways.append(_run(base, "migrated", [str(suite), *ask], environ))
        print(_table(ways), flush=True)
        ways.append(_run(base, "our suite", [str(SUITE), "--limit", str(given.rows)], environ))
    print(_table(ways))


def _copied(checkout: Path, base: Path, rows: int, max_tokens: int) -> Path:
    task = base / TASK
    shutil.copytree(checkout / TASK, task)
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()[:rows]
    kept = ("id", "question", "entry_point", "visible_tests", "hidden_tests")
    questions = [json.loads(line) for line in lines]
    table = [{**{key: one[key] for key in kept}, "answer": one["reference"]} for one in questions]
    file = task / "questions.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in table), encoding="utf-8")
    side = {
        "source": {"type": "disk", "file_path": f"{TASK}/questions.jsonl"},
        "quality": {"validators": [TESTS]},
    }
    (task / "sygra_eval.yaml").write_text(yaml.safe_dump(side))
    model = {
        "model_type": "openai",
        "model": ALIAS,
        "url": "http://127.0.0.1:9/v1",
        "parameters": {"max_tokens": max_tokens},
    }
    (base / "models.yaml").write_text(yaml.safe_dump({ALIAS: model}))
    return task


def _ours(base: Path, arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    command = [sys.executable, "-m", "sygra_eval", *arguments]
    ran = subprocess.run(
        command,
        cwd=base,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ran.returncode not in (0, 1, 7):
        sys.exit(f"{' '.join(arguments)} ended with {ran.returncode}")
    return ran.stdout


def _run(base: Path, name: str, arguments: Sequence[str], environ: Mapping[str, str]) -> Way:
    began = time.perf_counter()
    said = _ours(base, ["run", *arguments, "--json", "--out", str(base / name)], environ)
    told: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    rows = []
    for outcome in ("verified", "rejected"):
        file = Path(told["run"]) / f"{outcome}.jsonl"
        if file.exists():
            rows += [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    stops = Counter(
        "phrase in other words"
        if (row.get("sygra_flags") or {}).get("sentinel_loose")
        else str(row.get("stop_reason"))
        for row in rows
    )
    return Way(
        name=name,
        rows=told["rows"],
        ended=len(rows),
        written=len(rows) if name == "unmodified" else told["verified"],
        verified=told["verified"],
        stops=stops,
        calls=told["calls"],
        wall_s=time.perf_counter() - began,
    )


def _table(ways: Sequence[Way]) -> str:
    rows = [
        [
            way.name,
            way.rows,
            way.ended,
            way.written,
            way.written - way.verified,
            way.verified,
            " · ".join(f"{name} {count}" for name, count in sorted(way.stops.items())),
            way.calls,
            f"{way.wall_s:.0f}",
        ]
        for way in ways
    ]
    heads = (
        *("", "rows", "ended", "written as done", "of these fail", "verified"),
        *("stopped by", "calls", "s"),
    )
    return tabulate(rows, headers=heads, tablefmt="github", disable_numparse=True)


if __name__ == "__main__":
    main()
