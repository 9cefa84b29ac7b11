"""What SyGra says of a run beside its output, in its shape and with the figures of our journal.

What nobody knows is null, and not 0: a price that is not known, what SyGra would count and we do
not.
"""

import json
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sygra_eval.engine import RunSummary
from sygra_eval.sygra.naming import Task
from sygra_eval.values import Outcome

_VERSION = "1.0.0"


def write_metadata(summary: RunSummary, task: Task, target: Path) -> Path:
    """Write the metadata of a run beside its output, and return the file."""
    path = target.with_suffix(".metadata.json")
    text = json.dumps(metadata_of(summary, task), indent=4, ensure_ascii=False)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(f"{text}\n", encoding="utf-8")
    temporary.replace(path)
    return path


def metadata_of(summary: RunSummary, task: Task) -> dict[str, Any]:
    """Return what is known of a run, by the names that SyGra has for it."""
    failed = summary.counts[Outcome.FAILED]
    ended = sum(summary.counts.values())
    return {
        "metadata_version": _VERSION,
        "generated_at": datetime.now(UTC).isoformat(),
        "execution": {
            "task_name": task.name,
            "run_name": summary.run,
            "output_dir": str(summary.folder),
            "batch_size": None,
            "checkpoint_interval": None,
            "resumable": True,
            "debug": False,
            "environment": {"python_version": platform.python_version(), "sygra_version": None},
            "git": None,
            "timing": {
                "start_time": None,
                "end_time": None,
                "duration_seconds": round(summary.wall_s, 3),
            },
        },
        "dataset": {
            "source_type": None,
            "source_path": None,
            "num_records_processed": ended,
            "start_index": 0,
        },
        "aggregate_statistics": {
            "records": {
                "total_processed": ended,
                "total_failed": failed,
                "success_rate": _rate(ended - failed, ended),
            },
            "tokens": _tokens(summary.prompt_tokens, summary.completion_tokens),
            "requests": {
                "total_requests": summary.calls + summary.retries,
                "total_retries": summary.retries,
                "total_failures": None,
                "retry_rate": _rate(summary.retries, summary.calls + summary.retries),
                "failure_rate": None,
            },
            "cost": {
                "total_cost_usd": summary.cost_usd,
                "average_cost_per_record": None
                if summary.cost_usd is None or not ended
                else summary.cost_usd / ended,
            },
        },
        "models": dict(_models(summary)),
        "nodes": dict(_nodes(summary)),
    }


def _models(summary: RunSummary) -> Iterable[tuple[str, dict[str, Any]]]:
    for name, kind, label in summary.models:
        places = [one.spent for one in summary.spent if one.model == name]
        yield (
            name,
            {
                "model_name": label,
                "model_type": kind,
                **_spent(places),
            },
        )


def _nodes(summary: RunSummary) -> Iterable[tuple[str, dict[str, Any]]]:
    for place in dict.fromkeys(one.node for one in summary.spent):
        name = place.removeprefix("task/")
        there = [one for one in summary.spent if one.node == place]
        models = sorted({one.model for one in there})
        spent = _spent([one.spent for one in there])
        yield name, {"node_name": name, "model_name": ", ".join(models), **spent}


def _spent(places: list[Any]) -> dict[str, Any]:
    return {
        "total_executions": sum(one.calls for one in places),
        "token_statistics": _tokens(
            sum(one.prompt_tokens for one in places), sum(one.completion_tokens for one in places)
        ),
    }


def _tokens(prompt: int, completion: int) -> Mapping[str, int]:
    return {
        "total_prompt_tokens": prompt,
        "total_completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
