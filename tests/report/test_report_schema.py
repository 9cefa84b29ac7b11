import json

import pytest
from jsonschema import Draft202012Validator, ValidationError

from sygra_eval.report import json_report, report_schema
from sygra_eval.report.schema import made_schema


@pytest.fixture(scope="module")
def schema():
    return json.loads(report_schema())


def test_what_is_published_is_what_the_code_says(schema):
    assert schema == made_schema(), "refresh with `python -m sygra_eval.report.schema`"


def test_it_is_a_schema_of_draft_2020_12_and_takes_a_report(schema, summary_of):
    Draft202012Validator.check_schema(schema)

    Draft202012Validator(schema).validate(json.loads(json_report(summary_of())))


def test_a_figure_without_a_query_or_without_a_reason_is_refused(schema, summary_of):
    report = json.loads(json_report(summary_of()))
    del report["rows"]["query"]
    unknown = json.loads(json_report(summary_of()))
    unknown["rows"]["value"] = None

    for broken in (report, unknown, {**report, "more": 1}):
        with pytest.raises(ValidationError):
            Draft202012Validator(schema).validate(broken)
