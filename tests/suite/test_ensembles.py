"""What `check` says of nodes that ask several models, and where."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite, suite_schema
from sygra_eval.values import Severity

SUITE = """\
suite: {name: several}
models:
  small: {use: openai, base_url: "http://127.0.0.1:9/v1", model: a}
  large: {use: openai, base_url: "http://127.0.0.1:9/v1", model: b}
data_config:
  source: {type: disk, file_path: rows.jsonl, id: id}
graph_config:
  nodes:
"""
ASK = """\
    ask:
      node_type: multi_llm
      models: {one: small, two: {name: large}}
      prompt: "{question}"
      output_keys: replies
"""
PICK = """\
    pick: {node_type: best_of_n, from: replies}
"""
JOIN = """\
    join: {node_type: llm, model: small, prompt: "{replies}", output_keys: answer}
"""
SOLVE = """\
    solve:
      node_type: best_of_n
      model: small
      prompt: "{question}"
      samples: 4
"""
QUALITY = """\
quality:
  validators: [{use: length, min: 1, unit: characters}]
"""


@pytest.fixture(scope="module")
def built_in():
    environ = {"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return load_plugins(Path("/"), environ=environ)


@pytest.fixture
def suite_of(tmp_path):
    """Write a suite of these nodes, one after the other."""

    def write(*nodes: str, quality: str = QUALITY):
        row = {"id": "a", "question": "why?", "drafts": ["so", "thus"]}
        (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
        names = [node.split(":")[0].strip() for node in nodes]
        stops = ["START", *names, "END"]
        edges = "".join(f"    - {{from: {one}, to: {other}}}\n" for one, other in pairwise(stops))
        text = f"{SUITE}{''.join(nodes)}  edges:\n{edges}{quality}"
        (tmp_path / "suite.yaml").write_text(text)
        return tmp_path / "suite.yaml"

    return write


@pytest.mark.parametrize(
    "nodes",
    [
        (ASK, PICK),
        (ASK, JOIN),
        (SOLVE,),
        ("    pick: {node_type: best_of_n, from: drafts, winner: who}\n",),
        (ASK, PICK.replace("}", ", output: best, winner: who}"), SOLVE),
        (ASK.replace("two: {name: large}", "two: {route: {weights: {small: 1}}}"), PICK),
        (ASK + "      on_fail: skip\n", JOIN),
    ],
)
def test_a_suite_that_picks_one_text_is_fit_to_run(suite_of, built_in, nodes):
    jsonschema = pytest.importorskip("jsonschema")
    path = suite_of(*nodes)

    assert check_suite(path, built_in) == ()

    validator = jsonschema.Draft202012Validator(suite_schema(built_in))
    assert validator.is_valid(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize(
    ("nodes", "quality", "place"),
    [
        ((ASK,), QUALITY, (9, 5)),
        ((ASK, PICK), QUALITY.replace("quality:", "quality:\n  candidate: replies"), (20, 14)),
    ],
)
def test_replies_of_several_models_are_no_candidate(suite_of, built_in, nodes, quality, place):
    (found,) = check_suite(suite_of(*nodes, quality=quality), built_in)

    assert (found.code, found.line, found.column) == ("not-one-text", *place), found
    assert "`replies` of `ask` holds a reply for each of `one`, `two`" in found.message
    assert found.fix == ("pick one: put a node `{node_type: best_of_n, from: replies}` behind it")


@pytest.mark.parametrize(
    ("nodes", "code", "points_at", "fix"),
    [
        ((ASK.replace("one: small", "one: smal"), PICK), "unknown-model", "smal,", "write `small`"),
        (
            (ASK.replace("name: large", "name: larg"), PICK),
            "unknown-model",
            "larg}",
            "write `large`",
        ),
        (
            (ASK.replace("prompt:", "on_fail: skipp\n      prompt:"), PICK),
            "wrong-value",
            "skipp",
            "write `skip`",
        ),
        ((ASK.replace("{one: small, two: {name: large}}", "{}"), PICK), "wrong-value", "{}", ""),
        ((ASK.replace("one: small", '"o/e": small'), PICK), "wrong-value", '"o/e"', ""),
        (
            (ASK.replace("models:", "modles:"), PICK),
            "unknown-key",
            "modles",
            "write `models`",
        ),
        (
            (ASK, JOIN.replace("{replies}", "{replies.tow}")),
            "unknown-variable",
            "replies.tow",
            "write `{replies.two}`",
        ),
        (
            (ASK, PICK.replace("replies", "replys")),
            "unknown-variable",
            "replys",
            "write `replies`",
        ),
        ((PICK.replace("replies", "question"),), "wrong-value", "question", ""),
        ((SOLVE.replace("4", "1"),), "one-candidate", "1", ""),
        ((SOLVE.replace("      samples: 4\n", ""),), "one-candidate", "node_type", ""),
        ((SOLVE.replace("4", "65"),), "wrong-value", "65", ""),
        (
            (SOLVE.replace("samples: 4", "models: {one: small, two: large}"),),
            "wrong-value",
            "node_type",
            "leave one of them",
        ),
        ((SOLVE.replace("model: small", "on_fail: fail"),), "missing-key", "node_type", ""),
        ((SOLVE.replace('prompt: "{question}"', "on_fail: fail"),), "missing-key", "node_type", ""),
        ((ASK, PICK.replace("}", ", samples: 3}")), "wrong-value", "samples", "take it out"),
        ((SOLVE + "      winner: answer\n",), "wrong-value", "answer", "choose another name"),
        ((SOLVE.replace("{question}", "{qestion}"),), "unknown-variable", "qestion", ""),
    ],
)
def test_what_is_wrong_is_named_at_its_place_with_a_fix(
    suite_of, built_in, nodes, code, points_at, fix
):
    path = suite_of(*nodes)
    lines = path.read_text().splitlines()

    (found,) = check_suite(path, built_in)

    assert found.code == code, found
    assert lines[found.line - 1][found.column - 1 :].startswith(points_at), found
    if fix:
        assert found.fix == fix


def test_the_best_of_several_needs_somebody_who_judges(suite_of, built_in):
    (found,) = check_suite(suite_of(SOLVE, quality=""), built_in)

    assert (found.code, found.line) == ("no-validators", 10)


def test_a_reply_that_may_be_skipped_cannot_be_counted_on(suite_of, built_in):
    ask = ASK + "      on_fail: skip\n"

    (found,) = check_suite(suite_of(ask, JOIN.replace("{replies}", "{replies.two}")), built_in)

    assert (found.code, found.severity) == ("may-be-missing", Severity.WARNING)
    assert (found.line, found.column) == (15, 52)


@pytest.mark.parametrize(
    "nodes",
    [
        (ASK.replace("models:", "modles:"), PICK),
        (ASK.replace("{one: small, two: {name: large}}", "{}"), PICK),
        (ASK.replace("name: large", "nam: large"), PICK),
        (ASK.replace("name: large", "name: large, route: {weights: {small: 1}}"), PICK),
        (SOLVE.replace("model: small", "on_fail: fail"),),
        (SOLVE.replace("samples: 4", "models: {one: small, two: large}"),),
        (SOLVE.replace('prompt: "{question}"', "on_fail: fail"),),
        (ASK, PICK.replace("from:", "form:")),
        (SOLVE.replace("model: small", "model: {route: {weights: {small: 0}}}"),),
    ],
)
def test_what_the_loader_refuses_the_schema_refuses(suite_of, built_in, nodes):
    jsonschema = pytest.importorskip("jsonschema")
    path = suite_of(*nodes)

    assert check_suite(path, built_in) != ()

    validator = jsonschema.Draft202012Validator(suite_schema(built_in))
    assert not validator.is_valid(yaml.safe_load(path.read_text()))


KEYS = st.sampled_from(
    [
        "model",
        "models",
        "from",
        "prompt",
        "samples",
        "on_fail",
        "output",
        "output_keys",
        "winner",
        "route",
        "weights",
        "by",
        "cases",
        "otherwise",
        "name",
        "parameters",
        "draft",
        "critique",
        "revise",
        "until",
        "small",
    ]
)
LEAVES = st.sampled_from(
    [None, True, 0, -1, 2.5, float("inf"), "", "small", "smal", "{question}", "{a.b}", "drafts"]
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["llm", "multi_llm", "best_of_n", "critique_loop"])
GOOD = st.fixed_dictionaries(
    {},
    optional={
        "model": st.just({"route": {"by": "{question}", "cases": {"why?": "small"}}}),
        "models": st.just({"a": "small", "b": {"route": {"weights": {"large": 1}}}}),
        "prompt": st.just("{question}"),
        "samples": st.just(3),
        "output_keys": st.just("replies"),
    },
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(TYPES, GOOD, st.dictionaries(KEYS, VALUES, max_size=3))
def test_whatever_a_node_says_is_answered_with_diagnostics(
    suite_of, built_in, node_type, good, strange
):
    keys = {"node_type": node_type, **good, **strange}
    node = yaml.safe_dump({"solve": keys}, sort_keys=False)
    path = suite_of("".join(f"    {line}\n" for line in node.splitlines()))

    found = check_suite(path, built_in)

    assert [one for one in found if one.code == "plugin-failed"] == []
    assert all(one.line > 0 and one.message for one in found)
