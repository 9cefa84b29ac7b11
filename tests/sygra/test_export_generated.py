"""Suites of nodes that can be exported: each reads as a task there, and comes back."""

import ast
import asyncio
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.sygra import end_all, read_task, task_at
from sygra_eval.sygra.exporting import export_suite
from sygra_eval.sygra.migrating import migrated
from tests.sygra.conftest import chained

MODEL = {"use": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "scripted"}
TRUSTED = {"SYGRA_EVAL_TRUST": "1"}
COLUMNS = ("q", "a_b", "größe", "self", "class", "tool_calls", "x.y")
NAMES = ("ask", "a.b", "judge", "1", "class", "done", "ask_next", "START_")
TEXTS = st.text(st.sampled_from("ab {}\n'\"\\#:$%é\u2028"), max_size=8).map(
    lambda text: text.replace("{", "{{").replace("}", "}}")
)
FIELDS = {"title": {"type": "str"}, "many": {"type": "list"}}
VALUES = ("x", "logo.png", 1, None, ["a"])


@st.composite
def suites(draw: st.DrawFn) -> dict[str, Any]:
    """A line of nodes that see columns and what came before; the last may lead back."""
    known = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3, unique=True))
    columns = list(known)
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    nodes: dict[str, Any] = {}
    for place, name in enumerate(names):

        def prompt(known: tuple[str, ...] = tuple(known)) -> str:
            used = draw(st.lists(st.sampled_from(known), max_size=2))
            text = "".join(f"{draw(TEXTS)}{{{one}}}" for one in used)
            return f"p{draw(TEXTS)}{text}"

        output = f"out_{place}"
        kind = draw(st.sampled_from(["llm", "json", "route", "several", "sampler", "loop"]))
        if place == len(names) - 1 and kind in ("several", "sampler"):
            kind = "llm"
        node: dict[str, Any] = {"node_type": "llm", "model": "m", "prompt": prompt()}
        match kind:
            case "json":
                fields = {f"{field}_{place}": told for field, told in FIELDS.items()}
                node["model"] = {"name": "m", "structured_output": {"schema": {"fields": fields}}}
                known += fields
            case "route":
                node["model"] = {"route": {"weights": {"m": 1, "other-one": 2}}}
            case "several":
                node |= {"node_type": "multi_llm", "models": {"a": "m", "b": "other-one"}}
                del node["model"]
            case "sampler":
                values = draw(st.lists(TEXTS, min_size=1, max_size=3))
                attributes = {output: {"values": values}}
                node = {"node_type": "weighted_sampler", "attributes": attributes}
            case "loop":
                node = {
                    "node_type": "critique_loop",
                    "draft": {"model": "m", "prompt": prompt()},
                    "critique": {"model": "other-one", "prompt": prompt() + "{candidate}"},
                    "until": {"sentinel": "NO MORE FEEDBACK"},
                    "max_rounds": draw(st.integers(1, 4)),
                    "output": output,
                }
        if kind not in ("sampler", "loop"):
            node["output_keys"] = output
        nodes[name] = node
        known.append(output)
    edges = chained(nodes)
    if draw(st.booleans()):
        back = {"from": names[-1], "to": names[0], "when": "not is_set(out_0)", "max": 2}
        edges.insert(-1, back)
    return {
        "suite": {"name": draw(st.sampled_from(["one", "2", "a-b.c"])), "seed": 3},
        "models": {"m": MODEL, "other-one": MODEL},
        "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl"}},
        "graph_config": {"nodes": nodes, "edges": edges},
        "quality": {"candidate": f"out_{len(names) - 1}"},
        "_row": {name: draw(st.sampled_from(VALUES)) for name in columns},
    }


@given(suites())
@settings(max_examples=200 if os.environ.get("SYGRA_EVAL_FULL") else 6, deadline=None)
def test_a_generated_suite_reads_as_a_task_and_comes_back(suite):
    row = suite.pop("_row")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rows.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
        path = folder / "suite.yaml"
        path.write_text(yaml.safe_dump(suite, sort_keys=False, allow_unicode=True), "utf-8")

        made = asyncio.run(export_suite(path, folder / "there"))

        task = task_at(str(made.folder))
        environ = {**TRUSTED, "SYGRA_CUSTOM_MODELS_PATH": str(made.folder / "models.yaml")}
        try:
            read = read_task(task, environ=environ)
            back = migrated(task, folder, environ)
        finally:
            end_all()
        assert read.errors == ()
        assert back.text == path.read_text(encoding="utf-8")
        python = (made.folder / "task_executor.py").read_text(encoding="utf-8")
        ast.parse(python, feature_version=(3, 9))
