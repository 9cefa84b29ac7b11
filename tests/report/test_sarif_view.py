import json

import pytest
from jsonschema import Draft202012Validator

from sygra_eval.report import sarif_view
from sygra_eval.report.findings import findings_of
from sygra_eval.values import Evidence, Outcome, Status, Verdict
from tests.report.run_by_hand import context_of, end_of, verdict_of, view_of, write_run

TEXT = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}


def closed(required, **properties):
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


REGION = closed(
    ["startLine"],
    startLine={"type": "integer", "minimum": 1},
    startColumn={"type": "integer", "minimum": 1},
    snippet=TEXT,
)
RESULT = closed(
    ["message", "ruleId", "ruleIndex"],
    ruleId={"type": "string"},
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=TEXT,
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
    locations={
        "type": "array",
        "items": closed(
            ["physicalLocation"],
            physicalLocation=closed(
                ["artifactLocation"],
                artifactLocation=closed(["uri"], uri={"type": "string", "pattern": "^[!-~]+$"}),
                region=REGION,
            ),
        ),
    },
)
RULE = closed(
    ["id"],
    id={"type": "string"},
    shortDescription=TEXT,
    defaultConfiguration=closed(["level"], level=LEVEL),
)
NOTE = closed(["message"], level=LEVEL, message=TEXT)
RUN = closed(
    ["tool", "results"],
    tool=closed(
        ["driver"],
        driver=closed(
            ["name"],
            name={"type": "string"},
            version={"type": "string"},
            rules={"type": "array", "items": RULE, "uniqueItems": True},
        ),
    ),
    automationDetails=closed(["id"], id={"type": "string"}),
    invocations={
        "type": "array",
        "items": closed(
            ["executionSuccessful"],
            executionSuccessful={"type": "boolean"},
            toolExecutionNotifications={"type": "array", "items": NOTE},
        ),
    },
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": RESULT},
    properties={"type": "object"},
)
SUBSET = Draft202012Validator(
    closed(
        ["version", "runs"],
        **{"$schema": {"type": "string", "format": "uri"}},
        version={"const": "2.1.0"},
        runs={"type": "array", "items": RUN},
    )
)
"""What the schema of SARIF 2.1.0 says of the keys that we write; it refuses any other key."""


def lint(output, **changes):
    evidence = Evidence(command=("ruff", "check"), output=output)
    figures = {"validator": "lint", "status": Status.FAIL, "reason": "ruff: 2 findings"}
    return Verdict(**(figures | {"evidence": evidence, "is_required": False} | changes))


def sarif_of(folder, **options):
    document = json.loads(view_of("sarif", folder, **options))
    SUBSET.validate(document)
    return document["runs"][0]


def test_a_failed_test_is_an_error_at_the_line_that_its_traceback_ends_in(tmp_path):
    ends = [end_of(0), end_of(1, Outcome.REJECTED, row_id="a b/ü%.x")]

    run = sarif_of(write_run(tmp_path / "run", ends))

    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("unit_tests", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "rows/a%20b%2F%C3%BC%25.x.py"
    assert place["region"] == {"startLine": 2, "snippet": {"text": "    return a - b"}}


def test_each_finding_of_a_tool_is_a_result_with_its_rule(tmp_path):
    said = (
        "ruff 0.17\nline 2, column 12: F821 Undefined name `b`\nline 1, column 1: E9 no\nand 3 more"
    )
    end = end_of(0, verdicts=(lint(said),))

    run = sarif_of(write_run(tmp_path / "run", [end]))

    found = {
        one["ruleId"]: one["locations"][0]["physicalLocation"]["region"] for one in run["results"]
    }
    assert found["lint/F821"]["startLine"] == 2
    assert found["lint/F821"]["startColumn"] == 12
    assert found.keys() == {"lint/F821", "lint/E9"}
    assert {one["level"] for one in run["results"]} == {"warning"}


def test_the_worst_come_first_and_what_is_left_out_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(sarif_view, "MOST_RESULTS", 3)
    half = verdict_of(Outcome.REJECTED)
    none = verdict_of(Outcome.REJECTED, score=0.0)
    ends = [
        end_of(0, verdicts=(lint("line 1, column 1: E9 no"),)),
        end_of(1, Outcome.REJECTED, verdicts=(half,)),
        end_of(2, Outcome.REJECTED, verdicts=(none,)),
        end_of(3, Outcome.REJECTED, verdicts=(half,)),
    ]

    run = sarif_of(write_run(tmp_path / "run", ends))

    ids = [one["partialFingerprints"]["rowId/v1"] for one in run["results"]]
    assert ids == ["q2", "q1", "q3"]
    assert run["properties"]["findings"] == 4
    assert "1 findings that weigh less were left out" in json.dumps(run["invocations"])


@pytest.mark.parametrize("line", [0, 4, 999_999_999])
def test_a_line_that_the_code_does_not_have_is_no_line(tmp_path, line):
    said = lint(f"line {line}, column 1: E9 no")
    ctx = context_of(write_run(tmp_path / "run", [end_of(0, verdicts=(said,))]))

    (finding,) = [one for row in ctx.rows() for one in findings_of(row)]

    assert (finding.line, finding.snippet) == (None, "")


def test_an_error_of_ours_is_no_finding_and_text_is_no_link(tmp_path):
    link = verdict_of(Outcome.REJECTED, reason="[x](javascript:1)")
    ends = [end_of(0, Outcome.FAILED), end_of(1, Outcome.REJECTED, verdicts=(link,))]

    run = sarif_of(write_run(tmp_path / "run", ends, ended=""))

    (result,) = run["results"]
    assert "](" not in result["message"]["text"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "still running" in json.dumps(run["invocations"])
