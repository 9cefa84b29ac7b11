"""A model that is for something else is found before anything is spent, with line and column."""

from pathlib import Path
from textwrap import dedent

import pytest

from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite

BUILT_IN = load_plugins(Path(__file__).parent, environ={"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"})
HEAD = """\
suite: {name: small}
models:
  author: {use: openai, base_url: "http://127.0.0.1:1/v1", model: a}
  embedder: {use: vllm, base_url: "http://127.0.0.1:1/v1", model: e, api: embeddings}
  guard: {use: vllm, base_url: "http://127.0.0.1:1/v1", model: g, api: classify, labels: [ok, bad]}
  nameless: {use: vllm, base_url: "http://127.0.0.1:1/v1", model: n, api: classify}
  ranker: {use: vllm, base_url: "http://127.0.0.1:1/v1", model: r, api: score}
  local: {use: ollama, model: l, api: embeddings}
  taped: {use: replay, run: somewhere}
data_config:
  source: {type: disk, file_path: rows.jsonl, id: id}
"""
NODE = """\
graph_config:
  nodes:
    solve:
      node_type: NODE
      model: MODEL
KEYS
      output_keys: out
  edges: [{from: START, to: solve}, {from: solve, to: END}]
quality:
  candidate: question
  validators: [{use: length, min: 1}]
"""
JUDGED = """\
candidate: {text: "{question}"}
quality:
  validators:
    - ENTRY
"""
KEYS = {
    "llm": '      prompt: "{question}"',
    "embed": '      text: "{question}"',
    "classify": '      text: "{question}"',
    "score": '      text_1: "{question}"\n      text_2: "{id}"',
}
FIT = {"llm": "author", "embed": "embedder", "classify": "guard", "score": "ranker"}


@pytest.fixture
def found_in(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"id": "r0", "question": "why?"}\n')

    def check(*parts: str):
        path = tmp_path / "suite.yaml"
        path.write_text("".join(dedent(part) for part in parts))
        return check_suite(path, BUILT_IN)

    return check


def node(kind: str, model: str) -> str:
    return NODE.replace("NODE", kind).replace("MODEL", model).replace("KEYS", KEYS[kind])


@pytest.mark.parametrize("kind", FIT)
@pytest.mark.parametrize("model", ["author", "embedder", "guard", "ranker", "local", "taped"])
def test_a_node_takes_the_models_that_are_for_it_and_no_others(found_in, kind, model):
    is_fit = model == FIT[kind] or model == "taped" or (kind, model) == ("embed", "local")

    found = found_in(HEAD, node(kind, model))

    places = [(one.code, one.line, one.column) for one in found]
    line = HEAD.count("\n") + 5
    assert places == ([] if is_fit else [("wrong-model", line, 14)])


def test_the_message_says_what_each_is_for_and_the_fix_can_be_followed(found_in):
    (found,) = found_in(HEAD, node("llm", "embedder"))

    assert (
        found.message == "the model `embedder` makes vectors, and one that answers chats is needed"
    )
    assert found.fix == "write `author`"


@pytest.mark.parametrize(
    ("entry", "code", "column"),
    [
        ("{use: judge, model: embedder, rubric: It is good.}", "wrong-model", 27),
        ("{use: reward, model: author, at_least: 0}", "wrong-model", 28),
        ("{use: reward, model: guard, at_least: 0}", "", 0),
        ("{use: score, model: guard, to: question, at_least: 0}", "wrong-model", 27),
        ("{use: similar, model: author, to: question, at_least: 0}", "wrong-model", 29),
        ("{use: similar, model: local, to: question, at_least: 0}", "", 0),
        ("{use: similar, model: local, to: qestion, at_least: 0}", "unknown-column", 40),
        ("{use: classify, model: ranker, label: ok, at_least: 0.5}", "wrong-model", 30),
        ("{use: classify, model: guard, label: ok, at_least: 0.5}", "", 0),
        ("{use: classify, model: guard, label: okay, at_least: 0.5}", "unknown-class", 44),
        ("{use: classify, model: guard, not: baad, at_most: 0.5}", "unknown-class", 42),
        ("{use: classify, model: nameless, label: ok, at_least: 0.5}", "unknown-class", 47),
        ("{use: classify, model: guard, label: ok, at_most: 0.5}", "wrong-value", 7),
        ("{use: classify, model: guard, label: ok, not: bad, at_least: 0.5}", "wrong-value", 7),
        ("{use: classify, model: guard}", "wrong-value", 7),
        ("{use: reward, model: guard}", "wrong-value", 7),
        ("{use: reward, model: guard, at_least: 2, at_most: 1}", "wrong-value", 7),
        ("{use: reward, model: guard, at_least: .nan}", "wrong-value", 45),
        ('{use: reward, model: guard, at_least: 0, prompt: "{q}"}', "unknown-variable", 58),
    ],
)
def test_a_validator_takes_the_models_that_are_for_it(found_in, entry, code, column):
    found = found_in(HEAD, JUDGED.replace("ENTRY", entry))

    line = HEAD.count("\n") + 4
    places = [(one.code, one.line, one.column) for one in found]
    assert places == ([(code, line, column)] if code else [])


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("api: embeddings, fallback: author", "one is for `embeddings`, the other for `chat`"),
        ("api: embeddings, fallback: embedder", "vectors of two models cannot be compared"),
        ("api: classify, fallback: guard", ""),
        ("fallback: ranker", "one is for `chat`, the other for `score`"),
        ("fallback: author", ""),
    ],
)
def test_no_model_stands_in_for_one_that_is_for_something_else(found_in, keys, told):
    entry = f'  second: {{use: vllm, base_url: "http://127.0.0.1:1/v1", model: s, {keys}}}\n'
    head = HEAD.replace("data_config:", entry + "data_config:")

    found = found_in(head, node("llm", "author"))

    assert [one.code for one in found] == (["wrong-model"] if told else [])
    assert all(told in one.message and one.line == 10 for one in found)
