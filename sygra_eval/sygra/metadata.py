"""Writes `<FILE stem>.metadata.json`: what a run was, in the shape of SyGra's, from the journal.

The numbers are those of the journal: a call that was retried counts its tries, a record that broke
has failed, and what nobody knows is null (in SyGra the price of a model that has none is 0).
"""

import datetime
import json
import math
import os
import platform
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sygra_eval.engine import RunSummary
from sygra_eval.journal import open_readonly
from sygra_eval.sygra.dialect import Read
from sygra_eval.values import Outcome

VERSION = "1.0.0"
_PLACE = "task/"
_GIT_S = 5.0


def write_metadata(read: Read, summary: RunSummary, target: Path, about: Mapping[str, Any]) -> Path:
    """Write it beside a data file and return its path.

    :param about: How the run was asked for.
    """
    calls = _calls(summary.folder)
    told = {
        "metadata_version": VERSION,
        "generated_at": _now(),
        "execution": _execution(read, summary, about),
        "dataset": _dataset(read, summary, about),
        "aggregate_statistics": _aggregate(summary, calls),
        "models": {
            name: {"model_name": label, "model_type": kind, **_model(name, calls)}
            for name, kind, label in summary.models
        },
        "nodes": _nodes(read, calls),
    }
    place = target.with_name(f"{target.stem}.metadata.json")
    temporary = place.with_name(place.name + ".tmp")
    temporary.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(place)
    return place


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    model: str
    node: str
    prompt: int
    completion: int
    latency_s: float
    tries: int
    cost: int | None


def _calls(run: Path) -> list[_Call]:
    found = []
    with open_readonly(run / "journal.db") as reader:
        for call in reader.calls():
            answer = call.response
            found.append(
                _Call(
                    model=call.model,
                    node=call.site.node.removeprefix(_PLACE).partition("#")[0],
                    prompt=answer.usage.prompt_tokens,
                    completion=answer.usage.completion_tokens,
                    latency_s=answer.latency_s,
                    tries=answer.tries,
                    cost=answer.cost_nano_usd,
                )
            )
    return found


def _execution(read: Read, summary: RunSummary, about: Mapping[str, Any]) -> dict[str, Any]:
    end = datetime.datetime.now(datetime.UTC)
    start = end - datetime.timedelta(seconds=summary.wall_s)
    return {
        "task_name": read.task.name,
        "run_name": about.get("run_name") or None,
        "output_dir": about.get("output_dir"),
        "batch_size": about.get("batch_size"),
        "checkpoint_interval": about.get("checkpoint_interval"),
        "resumable": bool(about.get("resume")),
        "debug": bool(about.get("debug")),
        "run_folder": str(summary.folder),
        "environment": {"python_version": platform.python_version(), "sygra_version": None},
        "git": _git(read.task.folder),
        "timing": {
            "start_time": start.isoformat(),
            "end_time": end.isoformat(),
            "duration_seconds": round(summary.wall_s, 3),
        },
    }


def _dataset(read: Read, summary: RunSummary, about: Mapping[str, Any]) -> dict[str, Any]:
    given = (read.data.get("data_config") or {}).get("source")
    first = given[0] if isinstance(given, list) and given else given
    source: Mapping[str, Any] = first if isinstance(first, Mapping) else {}
    told: dict[str, Any] = {
        "source_type": source.get("type"),
        "source_path": source.get("file_path") or source.get("repo_id") or source.get("table"),
        "num_records_processed": summary.rows,
        "start_index": about.get("start_index", 0),
        "dataset_version": None,
        "dataset_hash": None,
    }
    if isinstance(given, list):
        told["sources"] = [dict(one) for one in given if isinstance(one, Mapping)]
    return told


def _aggregate(summary: RunSummary, calls: list[_Call]) -> dict[str, Any]:
    failed = summary.counts.get(Outcome.FAILED, 0)
    done = sum(summary.counts.values())
    tries = sum(one.tries for one in calls)
    retries = tries - len(calls)
    cost = _usd(calls)
    return {
        "records": {
            "total_processed": done,
            "total_failed": failed,
            "success_rate": _rate(done - failed, done),
        },
        "tokens": _tokens(calls),
        "requests": {
            "total_requests": tries,
            "total_retries": retries,
            "total_failures": None,
            "retry_rate": _rate(retries, tries),
            "failure_rate": None,
        },
        "cost": {
            "total_cost_usd": cost,
            "average_cost_per_record": None if cost is None or not done else cost / done,
        },
    }


def _tokens(calls: Iterable[_Call]) -> dict[str, int]:
    made = list(calls)
    prompt, completion = sum(one.prompt for one in made), sum(one.completion for one in made)
    return {
        "total_prompt_tokens": prompt,
        "total_completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _model(name: str, calls: list[_Call]) -> dict[str, Any]:
    mine = [one for one in calls if one.model == name]
    tries = sum(one.tries for one in mine)
    cost = _usd(mine)
    total = _tokens(mine)
    return {
        "token_statistics": {
            **total,
            "avg_prompt_tokens": _rate(total["total_prompt_tokens"], len(mine)),
            "avg_completion_tokens": _rate(total["total_completion_tokens"], len(mine)),
        },
        "performance": {
            "total_requests": tries,
            "total_retries": tries - len(mine),
            "latency_statistics": _latency(mine),
        },
        "cost": {
            "total_cost_usd": cost,
            "average_cost_per_request": None if cost is None or not mine else cost / len(mine),
        },
        "response_code_distribution": {"200": len(mine)},
    }


def _nodes(read: Read, calls: list[_Call]) -> dict[str, Any]:
    nodes = (read.data.get("graph_config") or {}).get("nodes") or {}
    asked = Counter(one.node for one in calls)
    told = {}
    for name in sorted({*asked, *map(str, nodes)}):
        about = nodes.get(name)
        mine = [one for one in calls if one.node == name]
        told[name] = {
            "node_name": name,
            "node_type": about.get("node_type") if isinstance(about, Mapping) else None,
            "model_name": ", ".join(sorted({one.model for one in mine})) or None,
            "total_executions": len(mine) if mine else None,  # others are not journalled
            "total_failures": None,
            "failure_rate": None,
            "latency_statistics": _latency(mine),
            "cost": {"total_cost_usd": _usd(mine) if mine else None},
            "token_statistics": _tokens(mine) if mine else None,
        }
    return told


def _latency(calls: list[_Call]) -> dict[str, Any]:
    times = sorted(one.latency_s for one in calls)
    if not times:
        return dict.fromkeys(("total", "average", "min", "max", "p50", "p95", "p99"))
    return {
        "total": round(sum(times), 6),
        "average": round(sum(times) / len(times), 6),
        "min": round(times[0], 6),
        "max": round(times[-1], 6),
        **{f"p{q}": round(times[math.ceil(q / 100 * len(times)) - 1], 6) for q in (50, 95, 99)},
    }


def _usd(calls: Iterable[_Call]) -> float | None:
    total = 0
    for one in calls:
        if one.cost is None:
            return None
        total += one.cost
    return total / 1e9


def _rate(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat()


def _git(folder: Path) -> dict[str, Any]:
    commit = _git_says(folder, "rev-parse", "HEAD")
    status = _git_says(folder, "status", "--porcelain", "--untracked-files=no")
    return {
        "commit_hash": commit or None,
        "branch": _git_says(folder, "rev-parse", "--abbrev-ref", "HEAD") or None,
        "is_dirty": None if commit is None else bool(status),
        "remote_url": None,  # may hold a password
    }


def _git_says(folder: Path, *words: str) -> str | None:
    try:
        ran = subprocess.run(  # noqa: S603 - our own words
            ["git", *words],  # noqa: S607 - the user's own git
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_GIT_S,
            check=True,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.strip()
