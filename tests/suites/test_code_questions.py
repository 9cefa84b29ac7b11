"""The shipped code questions: complete, passed by their references, not passed by a stub."""

import ast
import builtins
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from sygra_eval.validators.strategies import parsed_strategy

QUESTIONS = Path(__file__).parents[2] / "suites" / "data" / "code_questions.jsonl"
TOPICS = {
    "algorithms",
    "collections",
    "dates",
    "error_handling",
    "numbers",
    "parsing",
    "text",
}
DIFFICULTIES = {"easy", "medium", "hard"}
FIELDS = {
    "id": str,
    "question": str,
    "entry_point": str,
    "visible_tests": list,
    "hidden_tests": list,
    "reference": str,
    "strategies": list,
    "contract": str,
    "raises": list,
    "arguments": bool,
    "topic": str,
    "difficulty": str,
}
MAY_BE_EMPTY = {"contract", "raises", "arguments"}
STUBS = {
    "returns_none": "def {name}(*args, **kwargs): return None",
    "returns_its_first_argument": "def {name}(*args, **kwargs): return args[0]",
}
LIMIT_S = 20  # a whole program with its tests takes some 50 ms; the rest is for a busy machine

# Runs in its own interpreter, so that a program under test can neither hang nor change pytest.
JUDGE = """
import json, sys

program, tests = json.load(sys.stdin)
module = {"__name__": "answer"}
exec(program, module)
failures = {}
for test in tests:
    try:
        exec(test, module)
    except Exception as error:
        failures[test] = repr(error)
json.dump(failures, sys.stdout)
"""

Question = dict[str, str | list[str]]


def questions() -> list[Question]:
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


every_question = pytest.mark.parametrize("question", questions(), ids=lambda row: row["id"])


def failures(program: str, tests: Sequence[str]) -> dict[str, str]:
    """The tests that fail when they follow `program` in one module, each with its exception."""
    judged = subprocess.run(  # noqa: S603 - our own interpreter, on the programs of our own file
        [sys.executable, "-I", "-c", JUDGE],
        input=json.dumps([program, tests]),
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=True,
    )
    return json.loads(judged.stdout)


@every_question
def test_a_row_has_every_field_with_its_type_and_no_other(question):
    types = {field: type(value) for field, value in question.items()}

    assert types == FIELDS
    assert all(question[field] for field in FIELDS.keys() - MAY_BE_EMPTY), "an empty field"
    assert question["topic"] in TOPICS
    assert question["difficulty"] in DIFFICULTIES


@every_question
def test_a_question_names_the_function_with_its_signature(question):
    definition = next(
        node
        for node in ast.parse(question["reference"]).body
        if isinstance(node, ast.FunctionDef) and node.name == question["entry_point"]
    )

    signature = f"{definition.name}({ast.unparse(definition.args)})"

    assert signature in question["question"]


@every_question
def test_a_row_has_2_to_4_visible_and_4_to_8_other_hidden_tests_that_call_the_function(question):
    visible, hidden = question["visible_tests"], question["hidden_tests"]

    called = [
        {node.id for node in ast.walk(ast.parse(test)) if isinstance(node, ast.Name)}
        for test in visible + hidden
    ]

    assert 2 <= len(visible) <= 4
    assert 4 <= len(hidden) <= 8
    assert len({*visible, *hidden}) == len(visible) + len(hidden)
    assert all(question["entry_point"] in names for names in called)


@every_question
def test_a_reference_passes_every_visible_and_hidden_test(question):
    tests = question["visible_tests"] + question["hidden_tests"]

    failed = failures(question["reference"], tests)

    assert failed == {}


@pytest.mark.parametrize("stub", STUBS.values(), ids=STUBS)
@every_question
def test_a_stub_fails_a_visible_and_a_hidden_test(question, stub):
    program = stub.format(name=question["entry_point"])

    failed = failures(program, question["visible_tests"] + question["hidden_tests"])

    assert failed.keys() & set(question["visible_tests"])
    assert failed.keys() & set(question["hidden_tests"])


@every_question
def test_strategies_can_be_read_and_there_is_one_for_each_parameter(question):
    definition = next(
        node
        for node in ast.parse(question["reference"]).body
        if isinstance(node, ast.FunctionDef) and node.name == question["entry_point"]
    )

    read = parsed_strategy(question["strategies"])

    assert len(read.texts) == len(definition.args.args)
    assert all(isinstance(getattr(builtins, name), type) for name in question["raises"])


@pytest.mark.parametrize("question", questions()[::13], ids=lambda row: row["id"])
async def test_most_of_what_is_drawn_counts(question, run_validator):
    keys = ("reference", "contract", "strategies", "raises", "arguments")

    verdict = await run_validator(
        "differential",
        f"```python\n{question['reference']}```",
        config={key: key for key in keys} | {"from": "visible_tests"},
        **question,
    )

    found = re.fullmatch(r"equal to .* on (\d+) inputs \((\d+) of .*", verdict.reason)
    assert found is not None, verdict.reason
    assert int(found[1]) >= 100 > 2 * int(found[2])


def test_ids_and_questions_are_unique():
    rows = questions()

    assert len({row["id"] for row in rows}) == len(rows)
    assert len({row["question"] for row in rows}) == len(rows)


def test_rows_stand_from_easy_to_hard_and_among_their_like_by_the_sha256_of_their_id():
    rows = [(row["difficulty"], row["id"]) for row in questions()]

    def place(row: tuple[str, str]) -> tuple[int, str]:
        difficulty, row_id = row
        known = ("easy", "medium", "hard")
        return known.index(difficulty), hashlib.sha256(row_id.encode()).hexdigest()

    assert rows == sorted(rows, key=place)


def test_there_are_at_least_24_rows_a_third_of_them_medium_and_a_third_hard():
    count = Counter(row["difficulty"] for row in questions())

    assert count.total() >= 24
    assert count["medium"] * 3 >= count.total()
    assert count["hard"] * 3 >= count.total()


def test_the_topics_are_spread_evenly():
    count = Counter(row["topic"] for row in questions())

    assert count.keys() == TOPICS
    assert max(count.values()) - min(count.values()) <= 1


def test_no_prompt_of_the_shipped_suite_shows_what_an_answer_is_judged_by():
    suite = (QUESTIONS.parents[1] / "glaive_code_assistant.yaml").read_text(encoding="utf-8")
    prompts = suite.partition("graph_config:")[2].partition("quality:")[0]

    judged_by = ("hidden_tests", "reference", "strategies", "contract", "raises", "arguments")

    assert "{visible_tests}" in prompts
    assert [column for column in judged_by if f"{{{column}}}" in prompts] == []
