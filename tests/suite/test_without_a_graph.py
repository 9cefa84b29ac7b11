"""A suite without a graph judges rows as they are; `candidate` says what of them."""

import json

import pytest
import yaml

from sygra_eval.suite import resolved_yaml, suite_schema

JUDGES_ROWS = """\
suite: {name: good}
data_config:
  source: {type: lines, file_path: rows.jsonl, id: id}
candidate: {code: "{solution}", entry_point: "{name}"}
quality:
  validators:
    - {use: contains, column: expected}
"""
ROW = {"id": "a", "solution": "def f(): ...", "name": "f", "expected": "x"}


@pytest.fixture
def judging(folder):
    folder.write(JUDGES_ROWS)
    folder.rows(ROW)
    return folder


def test_it_loads_with_what_is_judged_and_no_nodes(judging):
    suite = judging.load()

    assert suite.diagnostics == ()
    assert (suite.nodes, suite.candidate, suite.judged.is_code) == ((), "", True)
    assert suite.judged.template.render(ROW) == "def f(): ..."
    assert suite.judged.entry_point.render(ROW) == "f"


def test_a_text_is_judged_as_an_answer_is(judging):
    judging.change('{code: "{solution}", entry_point: "{name}"}', '{text: "{solution}"}')

    judged = judging.load().judged

    assert (judged.is_code, judged.entry_point) == (False, None)


def test_its_hash_is_that_of_the_document_and_survives_the_run_folder(judging):
    suite = judging.load()
    judging.file.write_text(resolved_yaml(suite))

    assert judging.load().sha256 == suite.sha256
    judging.change("'{name}'", "f")
    assert judging.load().sha256 != suite.sha256


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"{solution}"', '"{§soluton}"', "unknown-variable write `{solution}`"),
        ('"{name}"', '"{§nam}"', "unknown-variable write `{name}`"),
        ('"{solution}"', '"§{sol ution}"', "bad-placeholder write `{{"),
        ("code: ", "§cod: ", "unknown-key write `code`"),
        ('code: "{solution}", ', "", "wrong-value"),
        ("code:", "text: x, code:", "wrong-value"),
        ("entry_point:", "language: §cobol, entry_point:", "wrong-value known here: `python`"),
        ("{code:", "§nothing #{code:", "wrong-type"),
        ("quality:\n", "quality:\n  §candidate: solution\n", "conflict take it out"),
        ("column: expected", "column: §answer", "unknown-column"),
        ("quality:\n", "quality:\n  truth: §nam\n", "unknown-variable write `name`"),
    ],
)
def test_one_mistake_is_one_diagnostic_with_a_fix(judging, old, new, expected):
    judging.change(old, new)
    place = judging.take_out("§") if "§" in new else None

    diagnostic = judging.only()

    assert f"{diagnostic.code} {diagnostic.fix}".startswith(expected)
    assert place in (None, (diagnostic.line, diagnostic.column))


def test_without_graph_and_candidate_both_ways_are_named(judging):
    judging.change('candidate: {code: "{solution}", entry_point: "{name}"}\n', "")

    diagnostic = judging.only()

    assert diagnostic.code == "missing-key"
    assert "`candidate: {code:" in diagnostic.fix
    assert "`graph_config:" in diagnostic.fix


@pytest.mark.parametrize("misspelt", ["candidat:", "graph_confg: {} #"])
def test_a_misspelt_section_is_one_mistake(judging, misspelt):
    judging.change("candidate:", misspelt)

    assert judging.only().code == "unknown-key"


def test_without_validators_there_is_nothing_to_do(judging):
    judging.change("quality:\n  validators:\n    - {use: contains, column: expected}\n", "")

    diagnostic = judging.only()

    assert (diagnostic.code, diagnostic.line) == ("no-validators", 1)
    assert "validators" in diagnostic.fix


def test_a_candidate_beside_a_graph_is_a_conflict(folder):
    folder.write(folder.file.read_text() + 'candidate: {code: "{question}"}\n')

    diagnostic = folder.only()

    assert (diagnostic.code, diagnostic.line) == ("conflict", 23)
    assert "quality: {candidate: VARIABLE}" in diagnostic.fix


def test_truth_is_known_of_rows_that_exist_only(folder):
    folder.change("quality:\n", "quality:\n  truth: expected\n")

    diagnostic = folder.only()

    assert (diagnostic.code, diagnostic.fix) == ("conflict", "take it out")


def test_only_the_columns_that_are_added_are_reserved(judging):
    judging.rows({**ROW, "answer": "x", "code": "y", "rounds": 1, "grade": "A"})

    diagnostic = judging.only()

    assert (diagnostic.code, diagnostic.fix) == (
        "reserved-column",
        "rename the column, as to `source_grade`",
    )


def test_output_columns_and_types_work_on_the_rows_columns(judging):
    judging.write(
        JUDGES_ROWS
        + "output_config: {output_map: {code: {from: solution}}}\n"
        + "schema_config: {fields: [{name: solution, type: str}]}\n"
    )

    suite = judging.load()

    assert suite.output_map["code"].variable == "solution"
    assert suite.schema_fields == {"solution": "str"}


def test_the_published_schema_says_the_same(judging, plugins):
    jsonschema = pytest.importorskip("jsonschema")
    accepts = jsonschema.Draft202012Validator(suite_schema(plugins)).is_valid
    document = yaml.safe_load(JUDGES_ROWS)

    assert accepts(document)
    for change in (
        {"candidate": {"entry_point": "f"}},
        {"candidate": {"code": "x", "text": "y"}},
        {"candidate": {"code": "x", "language": "cobol"}},
        {"graph_config": {"nodes": {"a": {"node_type": "anything"}}, "edges": []}},
    ):
        changed = {**document, **change}
        judging.write(json.dumps(changed))
        assert not accepts(changed), change
        assert judging.check() != ()
    del document["candidate"]
    assert not accepts(document)
