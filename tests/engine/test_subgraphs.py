"""A suite's graph as one step of another: its nodes see what is handed in, and no more."""

import pytest
import yaml

from sygra_eval.engine import RunOptions, resume_run, run_suite
from sygra_eval.journal import open_readonly
from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite, load_suite
from tests.engine.conftest import FAST_PLUGIN, LOOP, Run, chain, code_row, write_suite
from tests.engine.test_graphs import GRAPH_PLUGIN, edge, put, visits_of

PLUGINS = [str(FAST_PLUGIN), str(GRAPH_PLUGIN)]
ASK = {"node_type": "llm", "model": "author", "prompt": "{q} {hint}", "output_keys": "said"}
INNER = {
    "suite": {"name": "inner"},
    "models": {"author": {"use": "echo"}},
    "graph_config": {
        "nodes": {"easy": put(hint="think"), "hard": put(hint="think hard"), "ask": ASK},
        "edges": [
            edge("START>hard", "len(q) > 3"),
            edge("START>easy"),
            edge("hard>ask"),
            edge("easy>ask"),
            edge("ask>END"),
        ],
    },
}
STEP = {
    "node_type": "subgraph",
    "suite": "inner.yaml",
    "inputs": {"q": "question"},
    "outputs": {"answer": "said"},
}


@pytest.fixture
def write(tmp_path):
    """Write a suite with a subgraph, and the suite inside it."""

    def written(*questions, step=None, inner=None, nodes=None, **sections):
        folder = tmp_path / "suite"
        nodes = nodes or {"step": {**STEP, **(step or {})}}
        path = write_suite(
            folder,
            [{"id": f"r{n}", "question": q} for n, q in enumerate(questions or ["why"])],
            **{
                "graph_config": {"nodes": nodes, "edges": chain(nodes)},
                "quality": {"validators": [{"use": "says"}]},
                "sandbox": {"isolation": "none", "i_accept_the_risk": True},
                **sections,
            },
        )
        (folder / "inner.yaml").write_text(yaml.safe_dump(inner or INNER, sort_keys=False))
        return path

    return written


@pytest.fixture
def start(tmp_path):
    async def run(path, **asked):
        summary = await run_suite(path, RunOptions(out=tmp_path / "out", plugins=PLUGINS), **asked)
        return Run(summary, summary.folder)

    return run


@pytest.fixture
def found(write):
    """Check a suite with a subgraph; return file, code and message of what is wrong."""

    def check(**given):
        path = write(**given)
        said = check_suite(path, load_plugins(path.parent, named=PLUGINS))
        return [(one.path.rpartition("/")[2], one.code, one.message) for one in said]

    return check


async def test_rows_go_through_the_graph_inside_and_come_back_with_its_answer(write, start):
    finished = await start(write("why", "wherefore"))

    answers = [row["answer"] for row in finished.rows("verified")]
    assert answers == ["why think", "wherefore think hard"]
    keys = ("step", "step/easy", "step/hard", "step/ask")
    assert visits_of(finished, "r0", *keys) == ["step", "step/easy", "step/ask"]
    assert visits_of(finished, "r1", *keys) == ["step", "step/hard", "step/ask"]
    assert "hint" not in finished.rows("verified")[0]
    models = finished.rows("verified")[0]["provenance"]["models"]
    assert [(one["role"], one["model"]) for one in models] == [("step/ask", "echo")]
    assert finished.rows("verified")[0]["messages"][0]["content"] == "why think"


async def test_a_run_goes_on_with_the_graph_that_it_began_with(write, start, stop):
    def after_four(progress):
        if progress.rows_done == 4:
            stop.drain("SIGINT")

    path = write(*["why"] * 40)
    stopped = await start(path, show=after_four, stop=stop)
    (path.parent / "inner.yaml").unlink()

    await resume_run(stopped.folder, RunOptions(plugins=PLUGINS))

    assert stopped.summary.not_reached > 0
    assert [row["answer"] for row in stopped.rows("verified")] == ["why think"] * 40


def test_the_kept_document_holds_the_inner_one_and_has_the_same_hash(write):
    path = write("why")
    plugins = load_plugins(path.parent, named=PLUGINS)
    suite = load_suite(path, plugins)
    step = suite.document["graph_config"]["nodes"]["step"]

    assert step["suite"] == {"graph_config": INNER["graph_config"]}
    path.write_text(yaml.safe_dump(dict(suite.document)))
    assert load_suite(path, plugins).sha256 == suite.sha256
    (path.parent / "inner.yaml").unlink()
    assert load_suite(path, plugins).sha256 == suite.sha256


async def test_it_can_be_visited_again_and_inside_another(write, start):
    inner = {
        "graph_config": {
            "nodes": {"deep": {**STEP, "suite": INNER, "inputs": {"q": "question"}}},
            "edges": [edge("START>deep"), edge("deep>END")],
        }
    }
    nodes = {"step": {"node_type": "subgraph", "suite": inner, "outputs": {"answer": "answer"}}}
    edges = [edge("START>step"), edge("step>step", "len(answer) < 99", 1), edge("step>END")]
    path = write("why", nodes=nodes, graph_config={"nodes": nodes, "edges": edges})

    finished = await start(path)

    keys = ("step/deep/ask", "step#2/deep/ask", "step/deep", "step#2/deep", "step", "step#2")
    assert visits_of(finished, "r0", *keys) == list(keys)
    assert finished.outcomes() == {"r0": "verified"}


async def test_where_no_edge_leads_on_inside_the_row_says_in_which_node(write, start):
    inner = {**INNER, "graph_config": {**INNER["graph_config"]}}
    inner["graph_config"]["edges"] = [
        edge("START>hard", "len(q) > 3"),
        edge("START>easy", "len(q) > 3"),
        *INNER["graph_config"]["edges"][2:],
    ]

    finished = await start(write("why", inner=inner))

    assert finished.ends()[0].reason.startswith("in `step`: no edge leads on from `START`: ")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            {"step": {"suite": "other.yaml"}},
            ("suite.yaml", "file-not-found", "there is no file other.yaml"),
        ),
        (
            {"step": {"suite": "suite.yaml"}},
            ("suite.yaml", "recursive-subgraph", "`suite.yaml` is inside itself: "),
        ),
        (
            {"step": {"inputs": {"q": "qestion"}}},
            ("suite.yaml", "unknown-variable", "no column or node provides `qestion`"),
        ),
        (
            {"step": {"inputs": {"p": "question"}}},
            ("inner.yaml", "unknown-variable", "no column or node provides `q`"),
        ),
        (
            {"step": {"outputs": {"answer": "sayd"}}},
            ("suite.yaml", "unknown-variable", "no column or node provides `sayd`"),
        ),
        (
            {"inner": {"models": {}}},
            ("inner.yaml", "missing-key", "the key `graph_config` is missing"),
        ),
        (
            {"inner": {"graph_config": {**INNER["graph_config"], "nods": {}}}},
            ("inner.yaml", "unknown-key", "unknown key `nods`"),
        ),
        (
            {"inner": {"graph_config": INNER["graph_config"]}},
            ("inner.yaml", "unknown-model", "the suite has no model `author`"),
        ),
    ],
)
def test_what_is_wrong_inside_is_told_where_it_stands(found, given, problem):
    said = found(**given)

    file, code, message = problem
    assert any(s[0] == file and s[1] == code and message in s[2] for s in said), said


def test_an_inner_suite_that_names_the_outer_one_is_refused(found):
    graph = {"nodes": {"x": {**STEP, "suite": "suite.yaml"}}, "edges": chain(["x"])}

    said = found(inner={"graph_config": graph})

    assert ("inner.yaml", "recursive-subgraph") in [(file, code) for file, code, _ in said]


def test_a_variable_that_one_way_inside_sets_is_not_given_out_for_sure(found):
    said = found(step={"outputs": {"answer": "said", "more": "extra"}}, inner={
        **INNER,
        "graph_config": {
            **INNER["graph_config"],
            "nodes": {**INNER["graph_config"]["nodes"], "hard": put(hint="x", extra="y")},
        },
    })  # fmt: skip

    told = "`extra` is not set on the path START -> easy -> ask -> END"
    assert ("suite.yaml", "maybe-unset", told) in said


def test_hidden_tests_that_a_prompt_inside_shows_are_told_of(found):
    quality = {"validators": [{"use": "unit_tests", "from": {"hidden": "question"}}]}
    sections = {"quality": quality, "sandbox": {}}

    named = found(**sections)
    shared = found(step={"inputs": None}, inner=yaml.safe_load(
        yaml.safe_dump(INNER).replace("{q}", "{question}").replace("len(q)", "len(question)")
    ), **sections)  # fmt: skip

    told = ("inner.yaml", "hidden-in-prompt", "`q` holds hidden tests, and this shows them")
    assert told in named
    assert ("inner.yaml", "hidden-in-prompt") in [one[:2] for one in shared], shared


async def test_a_loop_inside_is_judged_by_the_rows_own_tests(code_suite, run):
    loop = {**LOOP, "output": "said"}
    inner = {"graph_config": {"nodes": {"solve": loop}, "edges": chain(["solve"])}}
    step = {**STEP, "suite": inner, "inputs": {"question": "question"}}
    suite = code_suite(
        code_row("r0", "draft=wrong revise=right"),
        graph_config={"nodes": {"step": step}, "edges": chain(["step"])},
    )

    finished = await run(suite)

    (row,) = finished.rows("verified")
    assert (row["rounds"], row["stop_reason"]) == (2, "sentinel")
    with open_readonly(finished.folder / "journal.db") as reader:
        assert [one.node for one in reader.rounds("r0")] == ["step/solve"] * 2
