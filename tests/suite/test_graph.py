"""What is wrong with a graph's shape, and with the names on its ways, is said before it runs."""

import pytest

NODE = "{{node_type: anything, output_keys: {0}_says}}"


@pytest.fixture
def check_edges(folder):
    """Checks a graph of the nodes a, b and c with these edges; gives code, message, line."""

    def check(*edges: str) -> list[tuple[str, str]]:
        nodes = "".join(f"    {name}: {NODE.format(name)}\n" for name in "abc")
        lines = "".join(
            f"    - {{from: {e.split('>')[0]}, to: {e.split('>')[1].split('?')[0]}"
            + (f', when: "{e.split("?")[1]}"' if "?" in e else "")
            + "}\n"
            for e in edges
        )
        text = folder.file.read_text()
        head, tail = text[: text.index("graph_config")], text[text.index("quality") :]
        graph = (
            f"graph_config:\n  nodes:\n{nodes}  edges:\n{lines}" if edges else "graph_config: {}\n"
        )
        folder.write(head + graph + tail)
        return [(d.code, d.message) for d in folder.check()]

    return check


def test_edges_in_any_order_say_the_order_of_the_nodes(folder, check_edges):
    assert check_edges("c>a", "START>b", "a>END", "b>c") == []

    assert [node.name for node in folder.load().nodes] == ["b", "c", "a"]
    assert folder.load().candidate == "a_says"


@pytest.mark.parametrize(
    ("edges", "code", "words"),
    [
        (["START>a", "a>b", "b>d", "c>END"], "unknown-node", "no node `d`"),
        (["START>a", "a>START", "b>c", "c>END"], "unknown-node", "cannot go to `START`"),
        (["START>a", "a>b", "b>END", "END>c"], "unknown-node", "cannot go from `END`"),
        (["a>b", "b>c", "c>END"], "missing-edge", "no edge goes from `START`"),
        (["START>a", "a>b", "b>c"], "missing-edge", "no edge goes to `END`"),
        (["START>a", "a>b", "a>c", "b>c", "c>END"], "two-defaults", "have no `when` both"),
        (["START>a", "a>b?1 == 0", "a>END", "b>c"], "dead-end", "leads on from `c`"),
        (
            ["START>a", "a>END?a_says == 'x'", "a>b", "b>c", "c>b"],
            "dead-end",
            "no path leads from `b`, `c` to END",
        ),
        (["START>a", "a>b", "b>END"], "unreachable-node", "leads to `c`"),
    ],
)
def test_another_graph_is_refused_and_says_why(check_edges, edges, code, words):
    found = check_edges(*edges)

    assert [code for code, _ in found] == [code]
    assert words in found[0][1]


def test_all_edges_to_nowhere_are_named_at_once(check_edges):
    assert [code for code, _ in check_edges("START>x", "y>a", "a>END")] == ["unknown-node"] * 2


def test_a_condition_in_python_is_not_supported_yet(folder):
    folder.change("to: END}", "condition: a.b, path_map: {x: END}}")

    assert [d.code for d in folder.check()] == ["missing-key", "unsupported-key", "unsupported-key"]


@pytest.mark.parametrize("name", ["START", "a/b", "a b"])
def test_some_names_no_node_can_have(folder, name):
    folder.change("solve:", f'"{name}":')

    assert folder.check()[0].code in ("reserved-name", "wrong-value")
