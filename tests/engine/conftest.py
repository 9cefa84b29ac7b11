"""Suites of a few rows, and two ways to run them: a server on loopback, or a plugin's model."""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from sygra_eval.engine import RunOptions, RunSummary, StopSignal, resume_run, run_suite
from sygra_eval.journal import open_readonly
from sygra_eval.testing import ScriptedEndpoint
from sygra_eval.values import Budget, RecordEnd

FAST_PLUGIN = Path(__file__).with_name("fast_plugin.py")

CODE_VALIDATORS = [
    {"use": "python_compiles"},
    {"use": "unit_tests", "from": {"visible": "visible_tests", "hidden": "hidden_tests"}},
]
LOOP = {
    "node_type": "critique_loop",
    "draft": {"model": "author", "prompt": [{"user": "draft {question}"}]},
    "critique": {
        "model": "critic",
        "prompt": [{"user": "criticise {question}\n{candidate}\n{evidence}"}],
    },
    "revise": {"model": "author", "prompt": [{"user": "revise {round} {question}\n{critique}"}]},
    "until": {"sentinel": "NO MORE FEEDBACK", "accepted_by": ["unit_tests"]},
    "max_rounds": 3,
}
FAST_NODES = {
    "mark": {"node_type": "tag"},
    "solve": {
        "node_type": "llm",
        "model": "author",
        "prompt": "{question}",
        "output_keys": "answer",
    },
}


def chain(names: Iterable[str]) -> list[dict[str, str]]:
    """Return the edges from START through the nodes to END."""
    stops = ["START", *names, "END"]
    return [{"from": start, "to": end} for start, end in pairwise(stops)]


def write_suite(folder: Path, rows: Iterable[Mapping[str, Any] | str], **sections: Any) -> Path:
    """Write a suite and its rows; a row that is text stands in the file as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "rows.jsonl").write_text("".join(f"{line}\n" for line in lines))
    document = {
        "suite": {"name": "small"},
        "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl", "id": "id"}},
        **sections,
    }
    path = folder / "suite.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def fast_suite(folder: Path, questions: Iterable[str], **sections: Any) -> Path:
    """Write a suite for the plugin's model: a row a question, ids `r0`, `r1`…"""
    rows = [
        question if question.startswith("{") else {"id": f"r{index}", "question": question}
        for index, question in enumerate(questions)
    ]
    nodes = sections.pop("nodes", FAST_NODES)
    defaults = {
        "models": {"author": {"use": "echo"}},
        "graph_config": {"nodes": nodes, "edges": chain(nodes)},
        "quality": {"validators": [{"use": "says"}]},
        # No code of an answer is run by this plugin, so no sandbox has to be proved first.
        "sandbox": {"isolation": "none", "i_accept_the_risk": True},
    }
    return write_suite(folder, rows, **{**defaults, **sections})


def code_row(row_id: str, question: str, *, adds: int = 1) -> dict[str, Any]:
    """Return a row that asks for a function `f` which adds a number."""
    return {
        "id": row_id,
        "question": question,
        "adds": adds,
        "entry_point": "f",
        "visible_tests": [f"assert f(1) == {1 + adds}"],
        "hidden_tests": [f"assert f(10) == {10 + adds}"],
    }


def block(body: str) -> str:
    return f"Here it is.\n```python\ndef f(x):\n    {body}\n```"


CODE = {
    "right": block("return x + 1"),
    "wrong": block("return x - 1"),
    "hard-coded": block("return {1: 2}.get(x)"),
    "broken": "```python\ndef f(x:\n    return x\n```",
    "endless": block("while True: pass"),
    "talk": "I would rather talk about the weather.",
}


def answer(body: Mapping[str, Any]) -> str:
    """Answer as the question says: `draft=right critic=stop revise=wrong`, right by default."""
    text = body["messages"][-1]["content"]
    says = dict(re.findall(r"(\w+)=([\w-]+)", text.partition("\n")[0]))
    step = text.split()[0]
    if step != "criticise":
        return CODE[says.get(step, "right")]
    is_passing = "FAILED" not in text
    match says.get("critic", "honest"):
        case "eager":
            return "NO MORE FEEDBACK"
        case "never":
            return "- I would name it otherwise"
        case _:
            return "No more feedback." if is_passing else "- look at the tests again"


@dataclass(frozen=True)
class Run:
    """A finished run and what is in its folder."""

    summary: RunSummary
    folder: Path

    def rows(self, outcome: str) -> list[dict[str, Any]]:
        """Return the rows of one data file; none when it is not written."""
        path = self.folder / f"{outcome}.jsonl"
        if not path.exists():
            return []
        with path.open() as lines:  # not `splitlines`: text may hold other breaks than a newline
            return [json.loads(line) for line in lines]

    def outcomes(self) -> dict[str, str]:
        """Return the outcome of each row that ended."""
        return {end.row_id: end.outcome.value for end in self.ends()}

    def ends(self) -> list[RecordEnd]:
        """Return the ends, in the order of the source."""
        with open_readonly(self.folder / "journal.db") as reader:
            return list(reader.outcomes())

    def bytes_of(self, *names: str) -> list[bytes]:
        return [(self.folder / name).read_bytes() for name in names]


def counts_add_up(summary: RunSummary) -> bool:
    return sum(summary.counts.values()) + summary.not_reached == summary.rows


@pytest.fixture
async def endpoint() -> AsyncIterator[ScriptedEndpoint]:
    """A chat-completions server on loopback that answers as the question says."""
    async with ScriptedEndpoint.on_a_free_port() as scripted:
        scripted.answers_with(answer)
        yield scripted


@pytest.fixture
def code_suite(tmp_path, endpoint) -> Callable[..., Path]:
    """Write a suite with a loop and real tests, answered by the server."""

    def write(*rows: Mapping[str, Any] | str, folder: str = "suite", **sections: Any) -> Path:
        model = {"use": "openai", "base_url": endpoint.base_url, "model": "scripted"}
        author = {**model, "parameters": {"temperature": 0.5}, "max_concurrency": 3}
        loop = {**LOOP, **sections.pop("loop", {})}
        defaults = {
            "models": {"author": author, "critic": {**model, "max_concurrency": 3}},
            "graph_config": {"nodes": {"solve": loop}, "edges": chain(["solve"])},
            "quality": {"grade": "tests + hidden", "validators": CODE_VALIDATORS},
            "sandbox": {"timeout": 1.0},
        }
        return write_suite(tmp_path / folder, rows, **{**defaults, **sections})

    return write


@pytest.fixture
def run(tmp_path) -> Callable[..., Any]:
    """Run a suite into a folder of this test."""

    async def start(path: Path, **given: Any) -> Run:
        options = {"out": tmp_path / "out", "plugins": [str(FAST_PLUGIN)]}
        asked = {
            key: given.pop(key) for key in tuple(given) if key in ("show", "tell", "stop", "first")
        }
        summary = await run_suite(path, RunOptions(**{**options, **given}), **asked)
        return Run(summary, summary.folder)

    return start


@pytest.fixture
def resume() -> Callable[..., Any]:
    """Go on with a run."""

    async def start(
        folder: Path, *, plugins: Iterable[str] = (), budget: Budget | None = None, **asked: Any
    ) -> Run:
        plugins = [str(FAST_PLUGIN), *plugins]
        options = RunOptions(plugins=plugins, budget=budget or Budget())
        return Run(await resume_run(folder, options, **asked), folder)

    return start


@pytest.fixture
def stop() -> StopSignal:
    return StopSignal()


class Hurried(StopSignal):
    """Lets a run wait between two tries for a blink only."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(min(seconds, 0.01))


@pytest.fixture
def hurried() -> type[StopSignal]:
    return Hurried


@pytest.fixture
def judging(tmp_path, endpoint):
    """Write a suite without a graph, whose rows are judged by the server's model."""

    def write(*answers, config=None, model=None, columns=None, **sections):
        rows = [
            {"id": f"r{n}", "question": f"why {n}?", "given": answer, **(columns or {})}
            for n, answer in enumerate(answers)
        ]
        scripted = {"use": "openai", "base_url": endpoint.base_url, "model": "scripted"}
        entry = {"use": "judge", "model": "critic", "rubric": "It says why.", **(config or {})}
        given = {
            "models": {"critic": {**scripted, **(model or {})}},
            "candidate": {"text": "{given}"},
            "quality": {"validators": [entry]},
            "sandbox": {"isolation": "none", "i_accept_the_risk": True},
            **sections,
        }
        return write_suite(tmp_path / "suite", rows, **given)

    return write
