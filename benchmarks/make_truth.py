"""Makes `suites/data/verifier_truth.jsonl`: right and wrong answers whose labels are proved.

`python -m benchmarks.make_truth` writes the file anew with the same bytes; `--check` only says
whether it would. A right answer passes every test of its question and agrees with the reference on
generated inputs; a wrong one fails a test, or differs on an input that is kept as its witness.
"""

import argparse
import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.truth_inputs import inputs
from benchmarks.truth_programs import mutants, rewritten
from sygra_eval.plugins import load_plugins
from sygra_eval.sandbox import start_sandbox
from sygra_eval.values import Execution, Limits, Sandbox

ROOT = Path(__file__).parents[1]
QUESTIONS = ROOT / "suites" / "data" / "code_questions.jsonl"
ANSWERS = Path(__file__).with_name("truth_answers.md")
TRUTH = ROOT / "suites" / "data" / "verifier_truth.jsonl"
SEED = 20261125
INPUTS = 300
DOMAIN = ("contract", "strategies", "raises", "arguments")
"""Columns of a question that say what it is about; they have no part in proving a label."""
TAKEN = {"mutant": 1, "subtle": 2, "escaped": 2}
"""At most so many mutants a question: caught by a visible test, by a hidden one, by no test."""

INSIDE = """
import copy, json, os, sys

order = json.loads(sys.stdin.read())


def plain(value):
    if isinstance(value, float):
        return ["float", repr(round(value, 9))]
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, [plain(item) for item in value]]
    if isinstance(value, dict):
        return ["dict", sorted(([plain(key), plain(value[key])] for key in value), key=repr)]
    return [type(value).__name__, repr(value)]


def load(code):
    module = {"__name__": "answer"}
    exec(compile(code, "answer.py", "exec"), module)
    return module


def outcome(function, arguments):
    try:
        return plain(function(*copy.deepcopy(arguments)))
    except BaseException as error:
        return ["raised", type(error).__name__]


def passes(module, statement):
    try:
        exec(compile(statement, "test.py", "exec"), dict(module))
    except BaseException:
        return False
    return True


reference, answer = load(order["reference"]), load(order["code"])
name = order["entry_point"]
differs = None
tried = 0
for text in order["inputs"]:
    arguments = eval(text)
    expected = outcome(reference[name], arguments)
    if expected[0] == "raised":
        continue
    tried += 1
    got = outcome(answer[name], arguments)
    if got != expected:
        value = repr(reference[name](*copy.deepcopy(arguments)))
        differs = {"input": text, "value": value}
        break
said = {
    "visible": [passes(answer, test) for test in order["visible"]],
    "hidden": [passes(answer, test) for test in order["hidden"]],
    "differs": differs,
    "tried": tried,
    "witness": bool(order["witness"])
    and passes(reference, order["witness"])
    and not passes(answer, order["witness"]),
}
os.write(int(os.environ["SYGRA_EVAL_RESULT_FD"]), json.dumps(said).encode())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What running an answer showed.

    :ivar witness: An assertion that the reference passes and this answer does not.
    """

    passes_visible: bool
    passes_hidden: bool
    witness: str

    @property
    def is_right(self) -> bool:
        """Nothing that was tried speaks against it."""
        return self.passes_visible and self.passes_hidden and not self.witness


def main() -> int:
    """Write the file, or compare it with what would be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    asked = parser.parse_args()
    rows = asyncio.run(make())
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    kinds = Counter((row["label"], row["kind"]) for row in rows)
    for (label, kind), count in sorted(kinds.items()):
        print(f"{label:6} {kind:17} {count:4}")
    if asked.check:
        is_same = TRUTH.read_text(encoding="utf-8") == text
        print("the same" if is_same else f"{TRUTH} is not what would be written")
        return 0 if is_same else 1
    TRUTH.write_text(text, encoding="utf-8")
    return 0


async def make() -> list[dict[str, Any]]:
    """Return the rows, in the order of the questions."""
    answers = written_answers(ANSWERS.read_text(encoding="utf-8"))
    sandbox = await opened()
    try:
        lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
        made = [await rows_of(json.loads(line), answers, sandbox) for line in lines]
    finally:
        await sandbox.close()
    return [row for rows in made for row in rows]


async def opened() -> Sandbox:
    """Start the default sandbox."""
    entries = load_plugins(ROOT / "suites").of("sandboxes")
    providers = {name: entry.implementation for name, entry in entries.items()}
    return await start_sandbox(providers, require=None, isolation=None, slots=3)


async def prove(
    question: Mapping[str, Any],
    code: str,
    tried: Sequence[str],
    sandbox: Sandbox,
    *,
    witness: str = "",
) -> Found:
    """Run an answer: its question's tests, and beside the reference on inputs.

    :param witness: Statements that the reference passes and the answer, it is said, does not.
    """
    order = {
        "reference": question["reference"],
        "code": code,
        "entry_point": question["entry_point"],
        "inputs": list(tried),
        "visible": question["visible_tests"],
        "hidden": question["hidden_tests"],
        "witness": witness,
    }
    ran = await sandbox.run(
        Execution(
            files={"inside.py": INSIDE},
            entry="inside.py",
            stdin=json.dumps(order),
            limits=Limits(wall_s=10.0, cpu_s=5.0),
            wants_result=True,
        )
    )
    if ran.result is None:  # it does not load, or does not end: not an answer to be had
        return Found(passes_visible=False, passes_hidden=False, witness="")
    said = json.loads(ran.result)
    return Found(
        passes_visible=all(said["visible"]),
        passes_hidden=all(said["hidden"]),
        witness=witness if said["witness"] else _assertion(question, said["differs"]),
    )


def _assertion(question: Mapping[str, Any], differs: Mapping[str, str] | None) -> str:
    """Return the input on which an answer differs as a test that the reference passes."""
    if differs is None:
        return ""
    inside = re.sub(r"^\(|,?\)$", "", differs["input"])
    return f"assert {question['entry_point']}({inside}) == {differs['value']}"


def inputs_of(question: Mapping[str, Any]) -> list[str]:
    """Return the inputs of a question as text; the same ones each time."""
    random = Random(f"{SEED} {question['id']}")  # noqa: S311 - not a secret
    return [repr(arguments) for arguments in inputs(question, random, INPUTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An answer of the page."""

    label: str
    note: str
    code: str
    witness: str


def written_answers(page: str) -> dict[str, list[Written]]:
    """Return the answers on the page, by question."""
    found: dict[str, list[Written]] = {}
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        task = section.partition("\n")[0].strip()
        for one in re.split(r"^### ", section, flags=re.MULTILINE)[1:]:
            label, _, note = one.partition("\n")[0].partition(": ")
            written = Written(
                label=label,
                note=note,
                code=_block(one, "python"),
                witness=_block(one, "witness").strip(),
            )
            found.setdefault(task, []).append(written)
    return found


def _block(text: str, language: str) -> str:
    match = re.search(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return match[1] if match else ""


async def rows_of(
    question: Mapping[str, Any], answers: Mapping[str, list[Written]], sandbox: Sandbox
) -> list[dict[str, Any]]:
    """Return the rows of one question; what running it does not prove is said and left out."""
    tried = inputs_of(question)
    own = Written(label="right", note="", code=question["reference"], witness="")
    rows: dict[str, dict[str, Any]] = {}
    for written in (own, *answers.get(question["id"], [])):
        found = await prove(question, written.code, tried, sandbox, witness=written.witness)
        if found.is_right != (written.label == "right"):
            said = f"{question['id']}: not {written.label}: {written.note}: {found}"
            print(said, file=sys.stderr)
            continue
        kind = "reference" if written is own else _kind(written, found)
        rows[written.code] = _row(question, kind, written.code, found, written.note)
    for row in [row for row in rows.values() if row["label"] == "right"]:
        code = rewritten(row["code"])
        found = await prove(question, code, tried, sandbox)
        if found.is_right:
            rows.setdefault(code, _row(question, "rewrite", code, found))
    for kind, code, found in await _mutants(question, tried, sandbox):
        rows.setdefault(code, _row(question, kind, code, found))
    return [
        {"id": f"{question['id']}/{number}", **row} for number, row in enumerate(rows.values(), 1)
    ]


def _kind(written: Written, found: Found) -> str:
    if written.label == "right":
        return "alternative"
    return "written, escaped" if found.passes_visible and found.passes_hidden else "written"


async def _mutants(
    question: Mapping[str, Any], tried: Sequence[str], sandbox: Sandbox
) -> list[tuple[str, str, Found]]:
    """Return some wrong mutants of the reference; those that nothing proves wrong are left out."""
    codes = list(mutants(question["reference"]))
    Random(f"{SEED} {question['id']} mutants").shuffle(codes)  # noqa: S311 - not a secret
    taken: Counter[str] = Counter()
    chosen = []
    for batch in _batches(codes, 3):
        founds = await asyncio.gather(*(prove(question, code, tried, sandbox) for code in batch))
        for code, found in zip(batch, founds, strict=True):
            if found.is_right:
                continue
            if not found.passes_visible:
                kind = "mutant"
            else:
                kind = "escaped" if found.passes_hidden else "subtle"
            if taken[kind] < TAKEN[kind]:
                taken[kind] += 1
                chosen.append((kind, code, found))
    return chosen


def _batches(codes: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (codes[start : start + size] for start in range(0, len(codes), size))


def _row(
    question: Mapping[str, Any], kind: str, code: str, found: Found, note: str = ""
) -> dict[str, Any]:
    return {
        "task_id": question["id"],
        "prompt": question["question"],
        "entry_point": question["entry_point"],
        "test": [*question["visible_tests"], *question["hidden_tests"]],
        "reference": question["reference"],
        **{column: question[column] for column in DOMAIN},
        "code": code,
        "label": "right" if found.is_right else "wrong",
        "kind": kind,
        "note": note,
        "witness": found.witness,
    }


if __name__ == "__main__":
    sys.exit(main())
