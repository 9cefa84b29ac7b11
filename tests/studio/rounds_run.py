"""A real run against a scripted server: first drafts that fail, revisions that pass, or do not."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from sygra_eval.engine import RunOptions, run_suite
from sygra_eval.testing import ScriptedEndpoint

SUITE, RUN = "rounds", "one"
HOSTILE = "</script><script>window.hurt=1</script><img src=x onerror=window.hurt=1>\x1b[31m\u202e"
_TESTS = ["assert f(1) == 2", "assert f(2) == 3", "assert f(-1) == 0"]
ROWS = ("right", "repaired", "eager", "hopeless", "long")


def write_run(folder: Path) -> Path:
    """Run the suite in a workspace; `folder/reports/rounds/one` is its folder."""
    with ThreadPoolExecutor(1) as pool:  # Playwright has an event loop in this thread
        return pool.submit(lambda: asyncio.run(_run(folder))).result()


async def _run(folder: Path) -> Path:
    async with ScriptedEndpoint.on_a_free_port() as endpoint:
        endpoint.answers_with(_answer)
        model = {"use": "openai", "base_url": endpoint.base_url, "model": "scripted"}
        model |= {"price": {"input": 1.0, "output": 2.0}}
        summary = await run_suite(
            _suite(folder, model), RunOptions(out=folder / "reports", name=RUN)
        )
        return summary.folder


def _suite(folder: Path, model: dict) -> Path:
    rows = [
        {
            "id": f"q/{name}",
            "question": f"{name}: write a function f that adds one to x.",
            "topic": "sums" if name != "long" else "texts",
            "entry_point": "f",
            "visible": _TESTS,
            "hidden": ["assert f(10) == 11"],
        }
        for name in ROWS
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    loop = {
        "node_type": "critique_loop",
        "draft": {"model": "author", "prompt": [{"user": "draft {question}"}]},
        "critique": {
            "model": "critic",
            "prompt": [{"user": "criticise {question}\n{candidate}\n{evidence}"}],
        },
        "revise": {
            "model": "author",
            "prompt": [{"user": "revise {round} {question}\n{critique}"}],
        },
        "until": {"sentinel": "NO MORE FEEDBACK", "accepted_by": ["unit_tests"]},
        "max_rounds": 3,
        "output": "answer",
    }
    suite = {
        "suite": {"name": SUITE},
        "models": {"author": {**model, "parameters": {"temperature": 0.5}}, "critic": model},
        "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl", "id": "id"}},
        "graph_config": {
            "nodes": {"solve": loop},
            "edges": [{"from": "START", "to": "solve"}, {"from": "solve", "to": "END"}],
        },
        "quality": {
            "grade": "tests + hidden",
            "validators": [
                {"use": "python_compiles"},
                {"use": "unit_tests", "from": {"visible": "visible", "hidden": "hidden"}},
            ],
        },
        "guardrails": [{"use": "secrets", "at": "output"}],
    }
    path = folder / f"{SUITE}.yaml"
    path.write_text(yaml.safe_dump(suite, sort_keys=False))
    return path


def _code(body: str) -> str:
    return f"Here it is.\n```python\ndef f(x):\n    step = 1\n    return {body}\n```"


def _answer(body: dict) -> str:
    text = body["messages"][-1]["content"]
    step, _, rest = text.partition(" ")
    name = next(name for name in ROWS if f"{name}:" in text)
    if step == "criticise":
        is_passing = "FAILED" not in text
        if is_passing or (name == "eager" and "x - step" in text):
            return "NO MORE FEEDBACK"
        return "- `step` is taken away: line 3 is wrong, it should add."
    if name == "hopeless":  # its revisions touch nothing that the critique names
        return _code("x - step").replace("def f(x):", f"# try {rest[:1]}\ndef f(x):")
    if step == "draft" and name != "right":
        return _code("x - step")
    if name == "long":
        return _code("x + step") + "\n" + HOSTILE + "long " * 20_000
    return _code("x + step")
