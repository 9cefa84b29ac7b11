"""Run folders made by hand: any rows, rounds and names, written as a run writes them."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from sygra_eval.engine import ReportContext, summarise
from sygra_eval.engine.folder import write_folder
from sygra_eval.engine.plan import Plan
from sygra_eval.engine.summary import RunSummary
from sygra_eval.journal import Journal
from sygra_eval.plugins import load_plugins
from sygra_eval.values import Budget, RecordEnd, Round

SHA256 = "5" * 64
SUITE: Mapping[str, Any] = {
    "suite": {"name": "small"},
    "models": {"author": {"use": "embedded"}},
    "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl", "id": "id"}},
    "graph_config": {
        "nodes": {
            "solve": {
                "node_type": "llm",
                "model": "author",
                "prompt": "{question}",
                "output_keys": "answer",
            }
        },
        "edges": [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}],
    },
    "quality": {"validators": [{"use": "python_compiles"}, {"use": "unit_tests"}]},
}


def context_of(folder: Path) -> ReportContext:
    """Return what a view of the run is given."""
    plugins = load_plugins(folder, environ=BUILT_INS)
    return ReportContext(summary=summarise(folder), plugins=plugins)


def handmade_run(
    folder: Path,
    ends: Iterable[RecordEnd],
    rounds: Mapping[str, Iterable[Round]] | None = None,
    *,
    document: Mapping[str, Any] = SUITE,
    suite: str = "small",
    labels: Mapping[str, str] | None = None,
    warnings: Iterable[str] = (),
) -> RunSummary:
    """Journal the rows and write the folder's files; return what the run came to."""
    folder.mkdir(parents=True)
    text = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True)
    (folder / "suite.yaml").write_text(text, encoding="utf-8", errors="backslashreplace")
    plan = Plan(
        suite=suite,
        suite_sha256=SHA256,
        suite_path=folder / "suite.yaml",
        suite_folder=folder,
        input_fingerprint="rows",
        seed=0,
        limit=None,
        models={},
        plugins=(),
        accepts_no_sandbox=False,
        isolation="reduced(rlimit)",
        labels=dict(labels or {"author": "a model"}),
        recorded={},
        budget=Budget(),
    )
    asyncio.run(_journalled(folder, plan, list(ends), rounds or {}, list(warnings)))
    summary = summarise(folder)
    return write_folder(folder, summary, load_plugins(folder, environ=BUILT_INS), _silent)


BUILT_INS = {"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"}


async def _journalled(
    folder: Path,
    plan: Plan,
    ends: list[RecordEnd],
    rounds: Mapping[str, Iterable[Round]],
    warnings: list[str],
) -> None:
    async with Journal.create(folder / "journal.db", plan.as_mapping()) as journal:
        journal.event("started", pid=1, rows=len(ends), limit=None, input="rows")
        for row, of_row in rounds.items():
            for one in of_row:
                journal.append_round(row, one)
        for end in ends:
            await journal.finish(end)
        for text in warnings:
            journal.event("warned", text=text)
        fields = {"calls_cached": 0, "damaged": 0, "wall_s": 1.0, "failures": 0}
        journal.event("finished", rows=len(ends), cause="", **fields)


def _silent(sentence: str) -> None:
    del sentence
