"""`json_schema`: the whole answer is JSON that fits."""

import json

import pytest

from sygra_eval.values import Status

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
    "additionalProperties": False,
}


async def test_what_fits_passes(judge_answer):
    verdict = await judge_answer(
        "json_schema", ' {"name": "Ada", "age": 36}\n', config={"schema": PERSON}
    )

    assert (verdict.status, verdict.score, verdict.reason) == ("pass", 1.0, "fits the schema")
    assert verdict.trust == "separate"


async def test_what_does_not_fit_is_told_by_its_place(judge_answer):
    verdict = await judge_answer("json_schema", '{"age": -1, "x": 0}', config={"schema": PERSON})

    assert verdict.status is Status.FAIL
    assert verdict.reason.startswith("does not fit the schema: at $")
    assert "$.age: -1 is less than the minimum of 0" in verdict.evidence.output.splitlines()
    assert len(verdict.evidence.output.splitlines()) == 3


@pytest.mark.parametrize("schema", [PERSON, json.dumps(PERSON)])
async def test_the_schema_may_be_the_rows_own(judge_answer, schema):
    config = {"column": "shape"}
    good = await judge_answer("json_schema", '{"name": "a"}', config=config, shape=schema)
    bad = await judge_answer("json_schema", "[]", config=config, shape=schema)

    assert (good.status, good.reason) == ("pass", "fits the schema in `shape`")
    assert bad.reason == ("does not fit the schema in `shape`: at $: [] is not of type 'object'")


@pytest.mark.parametrize("columns", [{}, {"shape": None}, {"shape": ""}])
async def test_a_row_without_a_schema_is_skipped(judge_answer, columns):
    verdict = await judge_answer("json_schema", "{}", config={"column": "shape"}, **columns)

    assert (verdict.status, verdict.reason) == ("skip", "the row has no schema in `shape`")


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (3, "is int, not a mapping or JSON text"),
        ("{", "is not usable: it is no JSON: line 1, column 2"),
        ({"type": "objekt"}, "is not usable: at $.type"),
        ({"$ref": "http://localhost:1/x.json"}, "nothing is at its reference `http://localhost"),
        ({"$ref": "#"}, "was not checked: schema and answer are nested too deeply"),
        ({"pattern": "("}, "is not usable: at $.pattern"),
    ],
)
async def test_a_schema_that_is_none_is_an_error(judge_answer, schema, reason):
    verdict = await judge_answer("json_schema", '"a"', config={"column": "s"}, s=schema)

    assert (verdict.status, verdict.score) == ("error", None)
    assert reason in verdict.reason


async def test_a_reference_to_a_file_of_this_machine_is_not_read(judge_answer, tmp_path):
    (tmp_path / "anything.json").write_text("{}")
    schema = {"$ref": (tmp_path / "anything.json").as_uri()}

    verdict = await judge_answer("json_schema", "1", config={"column": "s"}, s=schema)

    assert verdict.status is Status.ERROR
    assert "nothing is at its reference `file:///" in verdict.reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("```json\n{}\n```", "line 1, column 1: Expecting value"),
        ("", "line 1, column 1: Expecting value"),
        ('{"a": NaN}', "`NaN` is not JSON"),
        ("[" * 200_000, "it is nested too deeply"),
        ("[" * 200_000 + "]" * 200_000, "it is nested too deeply"),
        ("1" * 5000, "it holds a number of too many digits"),
        ('{"a": 1} trailing', "line 1, column 10: Extra data"),
    ],
)
async def test_what_is_no_json_fails(judge_answer, answer, reason):
    verdict = await judge_answer("json_schema", answer, config={"schema": {}})

    assert (verdict.status, verdict.reason) == ("fail", f"the answer is not JSON: {reason}")


async def test_a_schemas_pattern_that_explodes_is_an_error(judge_answer, monkeypatch):
    monkeypatch.setattr("sygra_eval.validators.json_schema.LIMIT_S", 1.0)
    schema = {"pattern": "^(a+)+$"}

    verdict = await judge_answer(
        "json_schema", json.dumps("a" * 60 + "!"), config={"schema": schema}
    )

    assert verdict.status is Status.ERROR
    assert "no result in time" in verdict.reason


async def test_ten_megabytes_are_read(judge_answer):
    answer = json.dumps(["x" * 100] * 100_000)

    good = await judge_answer("json_schema", answer, config={"schema": {"type": "array"}})
    bad = await judge_answer("json_schema", answer, config={"schema": {"maxItems": 1}})

    assert (good.status, bad.status) == ("pass", "fail")
    assert len(repr(bad)) < 2000


async def test_a_folder_that_cannot_be_made_is_an_error(judge_answer, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))

    verdict = await judge_answer("json_schema", "{}", config={"schema": {}})

    assert (verdict.status, verdict.reason) == (
        "error",
        "the schema was not checked: no private folder can be made: No such file or directory",
    )
