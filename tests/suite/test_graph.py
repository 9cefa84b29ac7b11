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


HEAD = """\
suite: {name: good}
models:
  author: {use: scripted}
data_config:
  source: {type: lines, file_path: rows.jsonl, id: id}
graph_config:
"""
TAIL = """\
quality:
  candidate: answer
  validators: [{use: free}]
"""


@pytest.fixture
def check_graph(folder, place_of):
    """Check a graph of nodes that ask; gives what is wrong with it."""

    def check(nodes: dict[str, str], *edges: str, tail: str = TAIL):
        lines = [
            f"    {name}: {{node_type: ask, model: author, prompt: [{{user: '{prompt}'}}], "
            f"output_keys: {output}}}\n"
            for name, (prompt, _, output) in ((n, p.partition(" => ")) for n, p in nodes.items())
        ]
        said = [f"    - {{{edge}}}\n" for edge in edges]
        graph = "".join(["  nodes:\n", *lines, "  edges:\n", *said])
        folder.write(HEAD + graph + tail)
        return folder.check()

    return check


BRANCH = ("from: START, to: a, when: 'len(question) > 3'", "from: START, to: b")


def test_what_one_branch_sets_is_not_set_on_the_other_and_the_path_is_named(check_graph):
    nodes = {"a": "x => hint", "b": "x => other", "c": "{question} {hint} => answer"}
    ends = ("from: a, to: c", "from: b, to: c", "from: c, to: END")

    (problem,) = check_graph(nodes, *BRANCH, *ends)

    assert problem.code == "maybe-unset"
    assert problem.message == "`hint` is not set on the path START -> b -> c"
    assert (problem.line, problem.column) == (10, 69)
    assert "is_set(hint)" in problem.fix


def test_where_an_edge_asked_whether_it_is_set_it_may_be_used(check_graph):
    nodes = {
        "a": "x => hint",
        "b": "x => other",
        "c": "x => more",
        "d": "{hint} => answer",
        "e": "{other} => answer",
    }
    joined = ("from: a, to: c", "from: b, to: c", "from: d, to: END", "from: e, to: END")
    asked = ("from: c, to: d, when: is_set(hint)", "from: c, to: e")

    (problem,) = check_graph(nodes, *BRANCH, *joined, *asked)

    assert problem.message == "`other` is not set on the path START -> a -> c -> e"


def test_what_both_branches_set_is_set_behind_them(check_graph):
    nodes = {"a": "x => hint", "b": "y => hint", "c": "{hint} => answer"}
    ends = ("from: a, to: c", "from: b, to: c", "from: c, to: END")

    assert check_graph(nodes, *BRANCH, *ends) == ()


def test_a_cycle_may_set_anew_what_it_or_a_draft_before_it_set(check_graph):
    nodes = {
        "draft": "x => answer",
        "critic": "{answer} => critique",
        "revise": "{critique} => answer",
    }
    edges = (
        "from: START, to: draft",
        "from: draft, to: critic",
        "from: critic, to: END, when: critique == 'fine'",
        "from: critic, to: revise",
        "from: revise, to: critic",
    )

    assert check_graph(nodes, *edges) == ()


def test_what_a_node_before_it_set_is_not_hidden_in_a_straight_part(check_graph):
    nodes = {"a": "x => answer", "b": "x => answer"}

    (problem,) = check_graph(nodes, "from: START, to: a", "from: a, to: b", "from: b, to: END")

    assert problem.code == "duplicate-variable"
    assert problem.message == "`b` adds `answer`, which is added above already"


def test_a_cycle_that_nothing_in_it_can_end_is_refused_at_its_edge(check_graph):
    nodes = {"a": "x => answer", "b": "x => more"}
    edges = [
        "from: START, to: a",
        "from: a, to: b",
        "from: b, to: END, when: len(question) > 3",
        "from: b, to: a",
    ]

    (problem,) = check_graph(nodes, *edges)
    (bounded,) = (check_graph(nodes, *edges[:3], "from: b, to: a, max: 3"),)
    (deciding,) = (check_graph(nodes, *edges[:2], "from: b, to: END, when: more == 'x'", edges[3]),)

    assert (problem.code, problem.line) == ("endless-cycle", 14)
    assert problem.message.startswith("nothing that `a`, `b` add decides when their cycle ends")
    assert (bounded, deciding) == ((), ())


def test_a_condition_is_told_of_with_line_and_column(check_graph):
    nodes = {"a": "x => answer"}

    found = check_graph(
        nodes,
        "from: START, to: a, when: 'question + 1 > 2'",
        "from: START, to: END, when: len(answer) > 3 and qestion != 'x'",
        "from: a, to: END, when: answer == 'x' or scoer > 1",
        "from: a, to: END",
    )

    told = [(one.code, one.line, one.column) for one in found]
    assert told == [
        ("bad-condition", 10, 35),
        ("unknown-variable", 11, 40),
        ("unknown-variable", 11, 56),
        ("unknown-variable", 12, 49),
        ("maybe-unset", 15, 14),
    ]
    assert found[2].fix == "write `question`"
    assert found[4].message == "`answer` is not set on the path START -> END"


def test_a_condition_may_ask_for_what_some_paths_set_but_not_read_it_unasked(check_graph):
    nodes = {"a": "x => hint", "b": "x => other", "c": "x => answer"}
    ends = ("from: a, to: c", "from: b, to: c", "from: c, to: END")

    (problem,) = check_graph(nodes, *BRANCH, *ends[:2], "from: c, to: END, when: len(hint) > 1")
    asked = check_graph(
        nodes, *BRANCH, *ends[:2], "from: c, to: END, when: not is_set(hint) or len(hint) > 1"
    )

    assert (problem.code, problem.fix) == ("maybe-unset", "ask first: `is_set(hint) and ...`")
    assert asked == ()


def test_ends_that_add_one_variable_make_it_the_candidate_and_others_do_not(check_graph, folder):
    tail = "quality:\n  validators: [{use: free}]\n"
    ends = ("from: a, to: END", "from: b, to: END")

    same = check_graph({"a": "x => said", "b": "y => said"}, *BRANCH, *ends, tail=tail)
    candidate = folder.load().candidate
    (other,) = check_graph({"a": "x => said", "b": "y => told"}, *BRANCH, *ends, tail=tail)

    assert (same, candidate) == ((), "said")
    assert other.code == "no-candidate"
    assert "`b`, `a` do not add the same one variable" in other.message


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("when: true", "wrong-type"),
        ("when: ''", "bad-condition"),
        ("max: 0", "wrong-value"),
        ("max: often", "wrong-type"),
        ("wenn: x", "unknown-key"),
    ],
)
def test_what_an_edge_cannot_say_is_refused(check_graph, said, code):
    found = check_graph({"a": "x => answer"}, "from: START, to: a", f"from: a, to: END, {said}")

    assert [one.code for one in found] == [code]
