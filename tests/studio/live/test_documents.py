"""A suite's document is read, drawn and checked, and nothing of it is executed."""

import pytest
import yaml

from sygra_eval.plugins import load_plugins
from sygra_eval.studio.documents import document_of
from sygra_eval.studio.graphs import graph_in
from sygra_eval.studio.workspace import NotThere, Workspace
from sygra_eval.suite import check_suite
from tests.studio.live.conftest import write_suite

LOOP = {
    "node_type": "critique_loop",
    "draft": {"model": "author", "prompt": [{"user": "{question}"}]},
    "critique": {"model": "critic"},
    "revise": {"model": {"name": "author", "temperature": 0}},
    "until": {"sentinel": "DONE", "accepted_by": ["unit_tests"]},
    "max_rounds": 3,
}
CYCLE = [
    {"from": "START", "to": "a"},
    {"from": "a", "to": "b"},
    {"from": "b", "to": "a", "when": "again", "max": 2},
    {"from": "b", "to": "END"},
]
ENTRY = {"use": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m", "api_key_env": "A_KEY"}


def test_a_suite_is_told_with_its_graph_and_its_problems(tmp_path):
    write_suite(tmp_path, ENTRY)
    text = (tmp_path / "live.yaml").read_text().replace("second {draft}", "second {draught}")
    (tmp_path / "live.yaml").write_text(text)

    told = document_of(Workspace.of(tmp_path), "live.yaml")

    found = check_suite(tmp_path / "live.yaml", load_plugins(tmp_path))
    assert [(one.code, one.line, one.message) for one in told.problems] == [
        (one.code, one.line, one.message) for one in found
    ]
    assert told.problems[0].path == "live.yaml"
    assert [(node.name, node.models, node.outputs) for node in told.graph.nodes] == [
        ("first", ["author"], ["draft"]),
        ("second", ["author"], ["answer"]),
    ]
    lines = text.splitlines()
    assert [lines[node.line - 1].strip() for node in told.graph.nodes] == ["first:", "second:"]
    assert [(one.name, one.key_name) for one in told.models] == [("author", "A_KEY")]
    assert (told.text, told.name) == (text, "live")


def test_loops_are_told_as_loops():
    document = {
        "models": {"author": {}, "critic": {}},
        "graph_config": {"nodes": {"a": LOOP, "b": {"node_type": "llm"}}, "edges": CYCLE},
    }

    graph = graph_in(document)

    assert graph.loops == [["a", "b"]]
    assert [edge.is_back for edge in graph.edges] == [False, False, True, False]
    (a, _) = graph.nodes
    assert a.models == ["author", "critic"]
    assert (a.loop.max_rounds, a.loop.sentinel, a.loop.accepted_by) == (3, "DONE", ["unit_tests"])


@pytest.mark.parametrize(
    "text",
    [
        "suite: {name: x}\ngraph_config: 7\nmodels: [1]\n",
        "suite: 3\ngraph_config: {nodes: {a: 1, b: {node_type: 4}}, edges: [7, {from: a}]}\n",
        "suite: {name: x}\nmatrix: {a: [1, 2]}\n",
        "suite: {name: [\n",
        "suite: &a [*a]\n",
        "suite: {version: 99, name: x}\n",
    ],
)
def test_a_document_that_is_none_is_told_all_the_same(tmp_path, text):
    (tmp_path / "bad.yaml").write_text(text)

    told = document_of(Workspace.of(tmp_path), "bad.yaml")

    assert told.text == text
    assert any(one.severity == "error" for one in told.problems)


def test_a_suite_with_plugins_of_its_own_is_checked_elsewhere(tmp_path):
    write_suite(tmp_path, ENTRY)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "own.py").write_text(
        f"open({str(tmp_path / 'executed')!r}, 'w').close()\n"
    )

    told = document_of(Workspace.of(tmp_path), "live.yaml")

    assert not (tmp_path / "executed").exists()
    assert (told.problems, told.needs_trust) == ([], True)


def test_variants_are_named_and_others_are_not_there(tmp_path):
    write_suite(tmp_path, ENTRY, matrix={"style": ["terse", "long"]})
    (tmp_path / "other.txt").write_text(yaml.safe_dump({"suite": {"name": "x"}}))
    workspace = Workspace.of(tmp_path)

    assert document_of(workspace, "live.yaml").variants == ["style=terse", "style=long"]
    for name in ("other.txt", "../live.yaml", "nothing.yaml"):
        with pytest.raises(NotThere):
            document_of(workspace, name)
