"""The section `guardrails`: what could never do what it says is told before anything is spent."""

import json

import pytest

from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite, load_suite, suite_schema
from sygra_eval.suite.guardrails import OF_CODE
from tests.engine.conftest import FAST_NODES, FAST_PLUGIN, LOOP, chain, fast_suite

PLUGINS = [str(FAST_PLUGIN)]
INNER = {"node_type": "llm", "model": "author", "prompt": "{q}", "output_keys": "said"}
NODES = {
    **FAST_NODES,
    "draw": {
        "node_type": "weighted_sampler",
        "attributes": {"tone": {"values": ["dry", "warm"]}},
    },
    "step": {
        "node_type": "subgraph",
        "suite": {"graph_config": {"nodes": {"ask": INNER}, "edges": chain(["ask"])}},
        "inputs": {"q": "question"},
        "outputs": {"extra": "said"},
    },
    "loop": {
        **LOOP,
        "until": {"sentinel": "STOP", "accepted_by": ["says"]},
        "output": "looped",
    },
}
MODELS = {"author": {"use": "echo"}, "critic": {"use": "echo"}}


@pytest.fixture
def said(tmp_path):
    """Check a suite with these guardrails; return line, code and fix of what is wrong."""

    def check(*guardrails, **sections):
        given = {"models": MODELS, "nodes": NODES, "guardrails": list(guardrails), **sections}
        path = fast_suite(tmp_path, ["why"], **given)
        found = check_suite(path, load_plugins(tmp_path, named=PLUGINS))
        lines = path.read_text().splitlines()
        return [
            (lines[one.line - 1].strip().removeprefix("- "), one.code, one.fix) for one in found
        ]

    return check


@pytest.mark.parametrize(
    "node",
    ["solve", "loop", "loop/draft", "loop/critique", "loop/revise", "step", "step/ask", None],
)
def test_nodes_steps_and_nodes_inside_can_be_named(said, node):
    assert said({"use": "secrets", "at": "input", **({"node": node} if node else {})}) == []


@pytest.mark.parametrize(
    ("guardrail", "expected"),
    [
        ({"node": "slove"}, ("node: slove", "unknown-node", "write `solve`")),
        ({"node": "loop/drafts"}, ("node: loop/drafts", "unknown-node", "write `loop/draft`")),
        ({"node": "loop.draft"}, ("node: loop.draft", "unknown-node", "write `loop/draft`")),
        ({"node": "solve/draft"}, ("node: solve/draft", "unknown-node", "write `loop/draft`")),
        ({"node": "step/aks"}, ("node: step/aks", "unknown-node", "write `step/ask`")),
        (
            {"node": "draw"},
            (
                "node: draw",
                "unfit-guardrail",
                "name a node that asks one, or take `node` out",
            ),
        ),
        ({"at": "inputs"}, ("at: inputs", "wrong-value", "write `input`")),
        ({"on_fail": "stop"}, ("on_fail: stop", "wrong-value", None)),
        ({"on_fial": "block"}, ("on_fial: block", "unknown-key", "write `on_fail`")),
        ({"entropi": True}, ("entropi: true", "unknown-key", "write `entropy`")),
        ({"use": "secret"}, ("use: secret", "unknown-type", "write `secrets`")),
        ({"use": "python_compiles"}, ("at: input", "unfit-guardrail", "write `at: output`")),
        ({"use": "unit_tests", "from": "tests"}, ("at: input", "unfit-guardrail", None)),
        (
            {"use": "judge", "model": "critic", "rubric": "It is kind."},
            ("use: judge", "unfit-guardrail", "put it under `quality: {validators: [...]}`"),
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_line_with_what_to_write(said, guardrail, expected):
    found = said({"use": "secrets", "at": "input", **guardrail})
    line, code, fix = expected

    assert (line, code) in [(one[0], one[1]) for one in found]
    if fix is not None:
        assert expected in found


@pytest.mark.parametrize("given", [None, {}, "secrets", [1], [{"at": "input"}]])
def test_a_section_that_is_no_list_of_guardrails_is_told(tmp_path, given):
    path = fast_suite(tmp_path, ["why"], guardrails=given)

    found = check_suite(path, load_plugins(tmp_path, named=PLUGINS))

    assert {one.code for one in found} <= {"wrong-type", "missing-key"}
    assert found
    assert all(one.line > 1 for one in found)


def test_a_guardrail_says_where_it_looks(said):
    assert [one[1] for one in said({"use": "secrets"})] == ["missing-key"]


def test_two_that_the_report_could_not_tell_apart_are_told(said):
    twice = [{"use": "secrets", "at": "input"}, {"use": "secrets", "at": "input", "node": "solve"}]
    apart = [
        {"use": "secrets", "at": "input", "node": "loop"},
        {"use": "secrets", "at": "input", "node": "solve"},
        {"use": "secrets", "at": "output"},
        {"use": "secrets", "at": "output", "name": "more"},
    ]

    nested = [{**twice[0], "node": "loop/draft"}, {**twice[0], "node": "loop"}]

    assert [one[1] for one in said(*twice)] == ["duplicate-name"]
    assert [one[1] for one in said(*nested)] == ["duplicate-name"]
    assert said(*apart) == []


def test_without_a_graph_there_is_nothing_to_look_at(tmp_path):
    path = fast_suite(tmp_path, ["why"], guardrails=[{"use": "secrets", "at": "input"}])
    text = path.read_text()
    start, end = text.index("graph_config:"), text.index("quality:")
    path.write_text(text[:start] + 'candidate: {text: "{question}"}\n' + text[end:])

    found = check_suite(path, load_plugins(tmp_path, named=PLUGINS))

    assert [one.code for one in found] == ["conflict"]


def test_every_built_in_validator_is_known_to_be_of_code_or_of_text(tmp_path):
    plugins = load_plugins(tmp_path, environ={"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"})
    known = set(plugins.of("validators"))
    of_text = {"exact", "regex", "json_schema", "length", "language", "secrets", "personal_data"}
    of_text |= {"refusal", "injection", "judge", "reward", "score", "classify", "similar"}

    assert known == OF_CODE | of_text


def test_a_suite_with_guardrails_loads_again_to_the_same_hash_and_has_a_schema(tmp_path):
    guardrails = [{"use": "length", "max": 9, "at": "output", "on_fail": "block"}]
    path = fast_suite(tmp_path, ["why"], guardrails=guardrails)
    plugins = load_plugins(tmp_path, named=PLUGINS)
    suite = load_suite(path, plugins)
    (rail,) = suite.guardrails

    assert (rail.spec.name, rail.at.value, rail.is_blocking) == ("length", "output", True)
    assert suite.document["guardrails"] == guardrails
    schema = json.loads(json.dumps(suite_schema(plugins)))
    entry = schema["$defs"]["GuardrailSection"]["oneOf"]
    (length,) = [one for one in entry if one["properties"]["use"] == {"const": "length"}]
    assert {"at", "on_fail", "node", "max", "min"} <= set(length["properties"])
