"""The validators of texts and of code by other tools, in a whole run."""

import json

import pytest

from tests.engine.conftest import fast_suite

GOOD = '{"name": "the one that is in the list and not in a table"}'
ANSWERS = {
    "good": GOOD,
    "long": GOOD[:-2] + " x" * 300 + '"}',
    "german": '{"name": "Der eine, der in der Liste und nicht in der Tabelle ist"}',
    "shape": '{"nom": "the one that is in the list and not in a table"}',
    "torn": GOOD + "\x1b[31m",
    "forbidden": GOOD.replace("table", "a secret"),
}
TEXTS = [
    {"use": "length", "max": 200, "required": True},
    {"use": "language", "is": "en", "required": True},
    {"use": "json_schema", "schema": {"required": ["name"]}, "required": True},
    {"use": "regex", "pattern": "secret", "must": "not_match", "required": True},
    {"use": "exact", "to": "question", "required": True},
    {"use": "doctest"},
]


@pytest.fixture
def text_suite(tmp_path):
    rows = [json.dumps({"id": name, "question": text}) for name, text in ANSWERS.items()]
    return fast_suite(tmp_path / "suite", rows, quality={"validators": TEXTS})


async def test_each_row_is_rejected_for_its_own_reason_and_rows_repeat(text_suite, run, tmp_path):
    first, second = [await run(text_suite, out=tmp_path / name) for name in ("a", "b")]

    assert [row["id"] for row in first.rows("verified")] == ["good"]
    failed = {
        row["id"]: [v["validator"] for v in row["verdicts"] if v["status"] == "fail"]
        for row in first.rows("rejected")
    }
    assert {row: names[0] for row, names in failed.items()} == {
        "long": "length",
        "german": "language",
        "shape": "json_schema",
        "torn": "json_schema",
        "forbidden": "regex",
    }
    files = ("verified.jsonl", "rejected.jsonl")
    assert first.bytes_of(*files) == second.bytes_of(*files)
