"""What is said of gates as they are written: every name in them, at its line and column."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite
from sygra_eval.suite.gate import bound_of

SUITE = """\
suite: {name: small}
data_config: {source: {type: disk, file_path: rows.jsonl, id: id}}
candidate: {code: "{code}"}
quality:
  validators: [{use: python_compiles}, {use: non_empty, name: filled, field: topic}]
  gates:
    - GATE
"""


@pytest.fixture
def told(tmp_path):
    """Return what is wrong with a suite that has such a gate."""
    (tmp_path / "rows.jsonl").write_text(json.dumps({"id": "a", "code": "1", "topic": "x"}) + "\n")

    def of(gate):
        path = tmp_path / "suite.yaml"
        path.write_text(SUITE.replace("GATE", gate))
        found = check_suite(path, load_plugins(tmp_path))
        return [one for one in found if "gates" in one.message or one.line == 7]

    return of


@pytest.mark.parametrize(
    "gate",
    [
        '{metric: verified_rate, lower: ">=0.70"}',
        '{metric: rate, of: python_compiles, value: "> 50%"}',
        '{metric: "pass@3", value: ">=0.1", method: exact}',
        '{metric: python_compiles_score, lower: ">=.5", method: bootstrap, severity: warn}',
        '{metric: filled_rate, upper: "<=1%", group_by: topic, min_n: 50, alpha: 0.1}',
        "{metric: rounds, value: '>=0', where: \"topic == 'x' or verdicts.filled == 'fail'\"}",
        "{distribution: topic, wanted: {x: 0.5, y: 0.5}, max_tv: 0.1}",
        '{errors: "<=1%"}',
        "{baseline: b.json, metrics: [filled_rate], max_drop: 0.02, test: mcnemar}",
    ],
)
def test_the_whole_grammar_is_taken(told, gate):
    assert told(gate) == []


@pytest.mark.parametrize(
    ("gate", "code", "column", "fix"),
    [
        ("{metric: verified_rat, value: '>=0'}", "unknown-metric", 16, "write `verified_rate`"),
        ("{metric: rate, of: filed, value: '>=0'}", "unknown-metric", 26, "write `filled_rate`"),
        ("{metric: verified_rate, lower: 0.7}", "bad-bound", 38, 'write `">=0.7"` or `"<=0.7"`'),
        ("{metric: verified_rate, lower: '=0.7'}", "bad-bound", 38, 'write `">=0.70"`'),
        ("{metric: verified_rate, lower: '>=70'}", "bad-bound", 38, 'write `">=70%"`'),
        ("{metric: rounds, value: '>=1e999'}", "bad-bound", 31, ""),
        ("{errors: '<=101%'}", "bad-bound", 16, ""),
        (
            "{metric: rounds, value: '<3', group_by: verdicts.filed}",
            "unknown-variable",
            47,
            "write `verdicts.filled`",
        ),
        ("{baseline: b.json, metrics: ['rounds:up']}", "unknown-metric", 36, "write `rounds`"),
        ("{metric: verified_rate}", "wrong-value", 7, 'add `lower: ">=0.70"`'),
        ("{errors: '>=1%'}", "wrong-value", 8, 'write `"<=1%"`'),
        ("{errors: '<=1%', metric: rounds}", "wrong-value", 7, "make two gates of it"),
        ("{errors: '<=1%', group_by: topic}", "wrong-value", 24, "take it out"),
        ("{metric: rounds, value: '<3', grup_by: a}", "unknown-key", 37, "write `group_by`"),
        ("{metric: rounds, value: '<3', group_by: topc}", "unknown-variable", 47, "write `topic`"),
        ("{metric: rounds, value: '<3', method: exact}", "wrong-value", 45, ""),
        ("{metric: rounds, value: '<3', where: 'len(x'}", "bad-condition", 48, ""),
        ("{metric: rounds, value: '<3', where: 'topc == 1'}", "unknown-variable", 45, "`topic`"),
        (
            "{metric: rounds, value: '<3', where: \"verdicts.filed == 'pass'\"}",
            "unknown-variable",
            45,
            "write `verdicts.filled`",
        ),
        ("{distribution: topic, wanted: {x: 0.5}, max_tv: 0.1}", "wrong-value", 37, ""),
        ("{distribution: topic, wanted: {x: 1.0}}", "wrong-value", 7, "add `max_tv: ...`"),
        ("{baseline: b.json, metrics: [fild_rate]}", "unknown-metric", 36, "write `filled_rate`"),
    ],
)
def test_what_is_wrong_is_named_where_it_stands(told, gate, code, column, fix):
    (found,) = told(gate)

    assert (found.code, found.line) == (code, 7)
    assert fix in found.fix
    assert found.column == column


@given(
    sign=st.sampled_from(["<", "<=", ">", ">="]),
    number=st.floats(min_value=-1e6, max_value=1e6),
    is_percent=st.booleans(),
    value=st.floats(min_value=-1e6, max_value=1e6),
)
def test_a_bound_says_what_is_written(sign, number, is_percent, value):
    bound = bound_of(f"{sign}{number!r}{'%' if is_percent else ''}")

    limit = number / 100 if is_percent else number
    wanted = {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}
    assert bound.holds(value) is wanted[sign]
