"""Runs SyGra's own examples from a checkout, and compares them with what SyGra gave for them.

    python -m benchmarks.sygra_examples CHECKOUT [--golden FOLDER] [--only NAME] [--markdown]

The checkout's files are copied to a place of their own and not changed; rows of our own in the
place of a hub's or an instance's are named in a side file beside a task. Models answer from the
deterministic server of the golden data. The table is the one of `docs/sygra.md`.
"""

import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sygra_eval.sygra.aliases import catalogue

HERE = Path(__file__).resolve().parent
PING = "875884afbc3278f68e5f73ca43be66294e72c240"
"""The question that SyGra asks each model first; we ask for the list of models instead."""

INPUTS = HERE / "sygra_inputs"
"""Rows of our own for examples without golden ones, by the name of the example."""

STUBS = {
    "transformers": """
class GPT2TokenizerFast:
    @classmethod
    def from_pretrained(cls, name):
        return cls()

    def encode(self, text):
        return str(text).split()

    def decode(self, tokens):
        return " ".join(tokens)
""",
    "sentence_transformers": """
import random


class SentenceTransformer:
    def __init__(self, name):
        pass

    def encode(self, texts, normalize_embeddings):
        return [[random.Random(text).gauss(0, 1) for _ in range(32)] for text in texts]
""",
}
"""What stands in for heavy packages that are not installed: a tokenizer, vectors by chance."""

EXAMPLES = (
    "tasks/examples/semantic_dedup",
    "tasks/examples/structured_output",
    "tasks/examples/glaive_code_assistant",
    "tasks/eval/classification/simpleqa",
    "tasks/eval/question_answering/simpleqa",
    "tasks/examples/semantic_dedup_no_seed",
    "tasks/examples/evol_instruct",
    "sygra/recipes/evol_instruct",
    "tasks/examples/self_refinement",
    "sygra/recipes/self_refinement",
    "tasks/examples/custom_subgraphs",
    "tasks/examples/custom_subgraphs/generate_question_subgraph",
    "tasks/examples/llm_node_tool_simulation",
    "tasks/examples/agent_tool_simulation",
    "tasks/examples/structured_output_with_multi_llm/dpo_samples",
    "tasks/examples/agent_simulation",
    "tasks/examples/image_to_qna",
    "sygra/internal/data_quality/llm_based",
    "sygra/internal/data_quality/metadata_tagging",
    "tasks/eval/agents/web_agents",
    "tasks/examples/text_to_speech",
    "tasks/examples/gpt_4o_audio",
    "tasks/examples/text_to_image",
    "tasks/examples/image_edit",
    "tasks/examples/audio_to_text",
    "tasks/examples/servicenow_ai_analysis_insert",
    "tasks/examples/servicenow_ai_analysis_update",
    "tasks/examples/multiple_dataset",
)


@dataclass
class Example:
    """What came of one example."""

    name: str
    runs: str = ""
    calls: str = "–"
    rows: str = "–"
    said: str = ""
    differs: list[str] = field(default_factory=list)


@contextmanager
def server(golden: Path, log: Path) -> Iterator[int]:
    """Serve the model of the golden data."""
    child = subprocess.Popen(
        [sys.executable, str(HERE / "sygra_server.py"), str(golden), str(log)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        port = child.stdout.readline() if child.stdout is not None else ""
        yield int(port)
    finally:
        child.terminate()
        child.wait()


def run_example(name: str, work: Path, golden: Path, port: int, log: Path) -> Example:
    """Run one example and compare it."""
    told = Example(name)
    kept = golden / Path(name).name
    models = work / "models.yaml"
    has_golden = (kept / "rows.json").is_file() and name.startswith("tasks/examples/")
    models.write_text(models_for(kept if has_golden else None, golden, port), encoding="utf-8")
    if has_golden and (kept / "input.jsonl").is_file():
        use_rows(work / name, kept / "input.jsonl")
    elif (own := INPUTS / f"{name.replace('/', '.')}.jsonl").is_file():
        use_rows(work / name, own)
    log.unlink(missing_ok=True)
    give_what_was_drawn(name, kept, log)
    output = work / name / "output.json"
    output.unlink(missing_ok=True)
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "sygra_eval", "run", name, "--trust", "--json", "-j", "1"),
            *("--sygra-output", str(output), "--out", str(work / "reports")),
        ],
        cwd=work,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(
                [str(HERE.parent.parent), os.environ.get("PYTHONPATH", "")]
            ),
            "SYGRA_CUSTOM_MODELS_PATH": str(models),
            "SYGRA_EVAL_CONFIG_DIR": str(work / "config"),
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = [line for line in ran.stderr.splitlines() if line.strip()]
    if not output.is_file():
        told.runs = "no"
        errors = [line for line in said if "error[" in line] or said[-1:]
        told.said = re.sub(r"^.*?error\[", "error[", errors[0]).strip() if errors else "?"
        return told
    summary = json.loads(ran.stdout.splitlines()[-1])
    if "failed" not in summary:
        told.runs, told.said = "no", str(summary.get("error", "?"))
        return told
    rows = json.loads(output.read_text(encoding="utf-8"))
    total, failed = summary["rows"], summary["failed"]
    told.runs = f"yes, {total} rows" if failed == 0 else f"{failed} of {total} failed"
    if summary["failed"]:
        told.said = reason_of(Path(summary["run"]))
    elif ran.returncode not in (0, 1):
        told.said = said[-1]
    if has_golden:
        compare(told, rows, kept, log, work)
    return told


def give_what_was_drawn(name: str, kept: Path, log: Path) -> None:
    """Let the server say what SyGra's own draws led to, where all that follows can be compared."""
    given = log.with_suffix(".given.json")
    given.unlink(missing_ok=True)
    if name == "tasks/examples/custom_subgraphs":
        rows = json.loads((kept / "rows.json").read_text(encoding="utf-8"))
        texts = [row["metadata"]["rephrased_text"] for row in rows]
        given.write_text(json.dumps({"paraphrasing": texts}), encoding="utf-8")


def models_for(kept: Path | None, golden: Path, port: int) -> str:
    """Return the models of an example, at the port of the server."""
    if kept is not None:
        return (kept / "models.yaml").read_text().replace("127.0.0.1:8970", f"127.0.0.1:{port}")
    entry: dict[str, Any] = {"model_type": "openai", "model": "openai/fake-0", "auth_token": "x"}
    entry |= {"url": f"http://127.0.0.1:{port}/v1", "parameters": {"max_tokens": 500}}
    return json.dumps(dict.fromkeys(catalogue({}), entry))


def use_rows(task: Path, rows: Path) -> None:
    """Name rows in the side file of a task."""
    shutil.copy(rows, task / "local_input.jsonl")
    table = {"type": "disk", "file_path": str((task / "local_input.jsonl").absolute())}
    source: Any = table
    if task.name == "multiple_dataset":
        joined = {"alias": "ticket", "join_type": "column", "join_key": "sys_id"}
        source = [
            {**table, "alias": "inc", "join_type": "primary"},
            {**table, **joined, "primary_key": "sys_id"},
        ]
    side = {"source": source}
    if "question_answering" in str(task):  # P19: what it asks for is in no SyGra
        meant = {"golden_text_key": "text", "predicted_text_key": "text"}
        side["metrics"] = {"fuzzy_match": {"use": "typed_value_match", "params": meant}}
    (task / "sygra_eval.yaml").write_text(json.dumps(side), encoding="utf-8")


def reason_of(run: Path) -> str:
    """Return why the first row failed."""
    for line in (run / "failed.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        return str(row.get("outcome_reason") or row.get("reason"))[:200]
    return ""


def compare(told: Example, rows: list[Any], kept: Path, log: Path, work: Path) -> None:
    """Compare calls and rows with those of SyGra."""
    theirs = [json.loads(line) for line in (kept / "calls.jsonl").read_text().splitlines()]
    ours = [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []
    pings = [one for one in theirs if is_ping(one)]
    hashes = Counter(key_of(one) for one in theirs if one not in pings)
    mine = Counter(key_of(one) for one in ours)
    ran = json.loads((kept / "run.json").read_text())
    is_chance = not ran["rows_equal_with_another_random_seed"]
    total = sum(hashes.values())
    if mine == hashes:
        told.calls = f"equal ({total})"
    else:
        same = sum((mine & hashes).values())
        told.calls = f"{same} of {total} equal, {sum(mine.values())} ours"
    golden_rows = json.loads((kept / "rows.json").read_text())
    plain = [json.loads(json.dumps(row).replace(str(work), "<work>")) for row in rows]
    if plain == golden_rows:
        told.rows = f"equal ({len(rows)})"
    elif is_chance and len(plain) == len(golden_rows) and shape(plain) == shape(golden_rows):
        told.rows = f"same shape ({len(rows)}; chance)"
    else:
        told.rows = "differ"
        told.differs = list(differences(plain, golden_rows))[:4]


def is_ping(call: dict[str, Any]) -> bool:
    """Say whether SyGra asked this to see that a model answers; we ask for its list of models."""
    is_picture = call["path"].endswith("/images/generations") and "n" not in call["params"]
    is_sound = call["params"].get("bytes", 0) > 5000
    return call["messages_sha1"] == PING or is_picture or is_sound


def key_of(call: dict[str, Any]) -> str:
    """Return what a call is known by; a form with files differs by its boundary alone."""
    is_form = "bytes" in call["params"]
    return call["path"] if is_form else str(call["messages_sha1"])


def shape(value: Any) -> Any:
    """Return keys and types of rows."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in sorted(value.items())}
    if isinstance(value, list):  # how many there are may be chance
        return sorted({json.dumps(shape(one)) for one in value})
    return type(value).__name__


def differences(ours: Any, theirs: Any, at: str = "") -> Iterator[str]:
    """Yield where two values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            if key not in ours or key not in theirs:
                yield f"{at}.{key} only {'theirs' if key in theirs else 'ours'}"
            else:
                yield from differences(ours[key], theirs[key], f"{at}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for place, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(one, other, f"{at}[{place}]")
    elif ours != theirs:
        yield f"{at}: {str(ours)[:60]!r}, theirs {str(theirs)[:60]!r}"


def main() -> int:
    """Run them all and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--golden", type=Path, default=HERE.parents[1] / "shared" / "sygra_golden")
    parser.add_argument("--only")
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    ended: list[Example] = []
    with tempfile.TemporaryDirectory() as place:
        work, log = Path(place), Path(place) / "calls.jsonl"
        shutil.copytree(given.checkout / "tasks", work / "tasks")
        for inner in ("recipes", "internal"):
            shutil.copytree(given.checkout / "sygra" / inner, work / "sygra" / inner)
        for package, stub in STUBS.items():
            if importlib.util.find_spec(package) is None:
                (work / f"{package}.py").write_text(stub, encoding="utf-8")
        with server(given.golden, log) as port:
            for number, name in enumerate(EXAMPLES, start=1):
                if given.only and given.only not in name:
                    continue
                one = run_example(name, work, given.golden, port, log)
                ended.append(one)
                cells = (str(number), one.name, one.runs, one.calls, one.rows, one.said)
                print("| " + " | ".join(cells) + " |", flush=True)
                for difference in one.differs if not given.markdown else ():
                    print(f"    {difference}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
