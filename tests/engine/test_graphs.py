"""Graphs that branch, join and turn: each record goes its own way, and a resumed one the same."""

from pathlib import Path

import pytest

from sygra_eval.engine import RunOptions, keep_ledger, run_suite
from sygra_eval.engine.upper_bound import upper_bound_of
from sygra_eval.engine.ways import state_at_the_end
from sygra_eval.journal import open_readonly
from sygra_eval.plugins import load_plugins
from sygra_eval.report.tables import tables_of
from sygra_eval.suite import load_suite
from tests.engine.conftest import FAST_PLUGIN, LOOP, Run, code_row, write_suite

GRAPH_PLUGIN = Path(__file__).with_name("graph_plugin.py")
PLUGINS = [str(FAST_PLUGIN), str(GRAPH_PLUGIN)]


def put(**adds):
    return {"node_type": "put", "adds": adds, "output_keys": list(adds)}


COUNT = {"node_type": "count", "output_keys": ["n", "trail"]}


def edge(way: str, when: str | None = None, most: int | None = None):
    source, _, target = way.partition(">")
    said = {"when": when, "max": most}
    return {"from": source, "to": target, **{k: v for k, v in said.items() if v is not None}}


@pytest.fixture
def run_graph(tmp_path):
    """Run rows through a graph of nodes that cost nothing."""

    async def start(rows, nodes, edges, *, name="run", suite=None, graph=None, **sections) -> Run:
        rows = [{"id": f"r{n}", **row} for n, row in enumerate(rows)]
        path = write_suite(
            tmp_path / "suite",
            rows,
            **{
                "suite": {"name": "small", **(suite or {})},
                "models": {"author": {"use": "echo"}},
                "graph_config": {"nodes": nodes, "edges": edges, **(graph or {})},
                "quality": {"candidate": "answer", "validators": [{"use": "says"}]},
                "sandbox": {"isolation": "none", "i_accept_the_risk": True},
                **sections,
            },
        )
        options = RunOptions(out=tmp_path / "out", plugins=PLUGINS, name=name)
        summary = await run_suite(path, options)
        return Run(summary, summary.folder)

    return start


def visits_of(run: Run, row_id: str, *nodes: str) -> list[str]:
    with open_readonly(run.folder / "journal.db") as reader:
        return [node for node in nodes if reader.visit(row_id, node) is not None]


async def test_each_record_takes_the_branch_whose_condition_holds_and_they_join_again(run_graph):
    nodes = {
        "easy": put(hint="think"),
        "hard": put(hint="think hard"),
        "solve": {
            "node_type": "llm",
            "model": "author",
            "prompt": "{question}: {hint}",
            "output_keys": "answer",
        },
    }
    edges = [
        edge("START>hard", "level > 3"),
        edge("START>easy"),
        edge("easy>solve"),
        edge("hard>solve"),
        edge("solve>END"),
    ]
    rows = [{"question": "q", "level": 1}, {"question": "q", "level": 5}]

    finished = await run_graph(rows, nodes, edges)

    assert [row["answer"] for row in finished.rows("verified")] == ["q: think", "q: think hard"]
    assert visits_of(finished, "r0", "easy", "hard", "solve") == ["easy", "solve"]
    assert visits_of(finished, "r1", "easy", "hard", "solve") == ["hard", "solve"]


async def test_a_cycle_turns_until_its_condition_ends_it_and_each_visit_is_kept(run_graph):
    nodes = {"turn": COUNT, "tell": put(answer="done")}
    edges = [
        edge("START>turn"),
        edge("turn>tell", "n >= least"),
        edge("turn>turn"),
        edge("tell>END"),
    ]
    columns = {"output_config": {"output_map": {"way": {"from": "trail"}}}}

    finished = await run_graph([{"least": 1}, {"least": 3}], nodes, edges, **columns)

    ways = [row["way"] for row in finished.rows("verified")]
    assert ways == ["turn1 ", "turn1 turn2 turn3 "]
    keys = ("turn", "turn#2", "turn#3", "turn#4", "tell")
    assert visits_of(finished, "r0", *keys) == ["turn", "tell"]
    assert visits_of(finished, "r1", *keys) == ["turn", "turn#2", "turn#3", "tell"]


async def test_where_no_edge_leads_on_the_row_fails_and_says_what_it_held(run_graph):
    edges = [edge("START>tell"), edge("tell>END", "level > 3 and label == 'x'")]

    finished = await run_graph([{"level": 1, "label": "x"}], {"tell": put(answer="fine")}, edges)

    (end,) = finished.ends()
    assert end.outcome.value == "failed"
    assert end.reason == (
        "no edge leads on from `tell`: `tell -> END` needs `level > 3 and label == 'x'`, and "
        '`level` is the number 1, `label` is the text "x"'
    )


async def test_a_condition_that_does_not_compare_fails_its_row_and_no_other(run_graph):
    edges = [edge("START>tell", "level > 3"), edge("START>tell", "True"), edge("tell>END")]

    finished = await run_graph([{"level": 5}, {"level": "5"}], {"tell": put(answer="fine")}, edges)

    assert finished.outcomes() == {"r0": "verified", "r1": "failed"}
    assert finished.ends()[1].reason == (
        'edge `START -> tell`, `when: level > 3`: `level > 3` compares the text "5" with the '
        "number 3; only two numbers or two texts have an order"
    )


async def test_an_edge_is_closed_after_max_times_and_the_next_one_is_taken(run_graph):
    nodes = {"turn": COUNT, "tell": put(answer="fine")}
    edges = [
        edge("START>turn"),
        edge("turn>turn", "n > 0", 2),
        edge("turn>tell"),
        edge("tell>END"),
    ]
    columns = {"output_config": {"output_map": {"way": {"from": "trail"}}}}

    finished = await run_graph([{}], nodes, edges, **columns)

    assert finished.ends()[0].data["way"] == "turn1 turn2 turn3 "


async def test_a_node_that_is_visited_too_often_ends_the_row(run_graph):
    nodes = {"turn": COUNT, "tell": put(answer="fine")}
    edges = [edge("START>turn"), edge("turn>tell", "n > 99"), edge("turn>turn"), edge("tell>END")]

    finished = await run_graph([{}], nodes, edges, graph={"max_visits": 4})

    assert finished.outcomes() == {"r0": "failed"}
    assert finished.ends()[0].reason == (
        "`turn -> turn` leads to `turn` again, which was visited 4 times (`max_visits`)"
    )
    keys = ("turn", "turn#2", "turn#3", "turn#4", "turn#5")
    assert visits_of(finished, "r0", *keys) == list(keys[:4])


async def test_the_report_says_how_many_rows_took_which_edge(run_graph):
    nodes = {"turn": COUNT, "tell": put(answer="done")}
    edges = [
        edge("START>turn"),
        edge("turn>tell", "n >= least"),
        edge("turn>turn"),
        edge("tell>END"),
    ]

    finished = await run_graph([{"least": 1}, {"least": 3}, {"least": 2}], nodes, edges)

    assert [(one.label, one.rows, one.times) for one in finished.summary.edges] == [
        ("START -> turn", 3, 3),
        ("turn -> tell", 3, 3),
        ("turn -> turn", 2, 3),
        ("tell -> END", 3, 3),
    ]
    assert "## Edges" in (finished.folder / "report.md").read_text()


async def test_every_row_of_a_branch_adds_up_in_the_ledger(run_graph):
    nodes = {
        "left": put(answer="left"),
        "right": {**put(answer="right"), "adds": {"answer": "right", "other": "odd"}},
        "last": COUNT,
    }
    edges = [
        edge("START>left", "level < 2"),
        edge("START>right"),
        edge("left>last"),
        edge("right>last", "level < 9"),
        edge("last>END"),
    ]
    levels = [1, 2, 3, 9, "x"]

    finished = await run_graph([{"level": level} for level in levels], nodes, edges)
    ledger = await keep_ledger(finished.folder, lambda line: None)

    assert ledger.holds
    accounts = {
        account.of: {k: v for k, v in account.parts.items() if v} for account in ledger.accounts
    }
    assert accounts["node left"] == {"done": 1, "not on its way": 2, "ended before it": 2}
    assert accounts["node right"] == {"done": 3, "not on its way": 1, "ended before it": 1}
    assert accounts["node last"] == {"done": 3, "ended before it": 2}


async def test_a_row_whose_call_fails_on_its_branch_failed_at_that_node_in_the_ledger(run_graph):
    asks = {"node_type": "llm", "model": "author", "prompt": "{question}", "output_keys": "answer"}
    nodes = {"left": asks, "right": put(answer="right")}
    ways = [edge("START>left", "level < 2"), edge("START>right")]
    edges = [*ways, *(edge(f"{side}>END") for side in nodes)]
    questions = ["call-refused", "fine", "fine"]
    rows = [{"level": n, "question": question} for n, question in enumerate(questions)]

    finished = await run_graph(rows, nodes, edges)
    ledger = await keep_ledger(finished.folder, lambda line: None)

    accounts = {
        account.of: {k: v for k, v in account.parts.items() if v} for account in ledger.accounts
    }
    assert accounts["node left"] == {"done": 1, "failed here": 1, "not on its way": 1}
    assert accounts["node right"] == {"done": 1, "not on its way": 1, "ended before it": 1}


async def test_a_verified_row_of_a_branch_is_judged_again_by_what_its_own_way_set(
    run_graph, tmp_path
):
    edges = [edge("START>left", "level < 2"), edge("START>right"), *(
        edge(f"{side}>END") for side in ("left", "right")
    )]  # fmt: skip
    nodes = {"left": put(answer="left"), "right": put(answer="right")}
    finished = await run_graph([{"level": 1}, {"level": 2}], nodes, edges)
    plugins = load_plugins(finished.folder, named=PLUGINS)
    suite = load_suite(finished.folder / "suite.yaml", plugins, folder=tmp_path / "suite")

    with open_readonly(finished.folder / "journal.db") as reader:
        states = [state_at_the_end(suite, f"r{n}", {"level": n + 1}, reader) for n in range(2)]

    assert [state["answer"] for state in states] == ["left", "right"]


async def test_the_upper_bound_counts_every_visit_that_there_may_be(tmp_path):
    asks = {"node_type": "llm", "model": "author", "prompt": "{question}"}
    nodes = {
        "draft": {**asks, "output_keys": "draft"},
        "critic": {**asks, "prompt": "{draft}", "output_keys": "critique"},
        "last": {**asks, "prompt": "{critique}", "output_keys": "answer"},
    }
    model = {"use": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"}
    path = write_suite(
        tmp_path,
        [{"id": "r0", "question": "q"}],
        models={"author": {**model, "parameters": {"max_tokens": 10}, "price": "free"}},
        graph_config={
            "nodes": nodes,
            "edges": [
                edge("START>draft"),
                edge("draft>critic"),
                edge("critic>draft", "critique != 'fine'", 3),
                edge("critic>last"),
                edge("last>END"),
            ],
        },
        quality={"candidate": "answer", "validators": [{"use": "python_compiles"}]},
    )

    bound = await upper_bound_of(path, load_plugins(tmp_path))

    assert bound.calls == 4 + 4 + 1
    assert bound.completion_tokens == 90
    assert bound.tokens is not None


async def test_a_second_visit_asks_draws_and_keeps_its_rounds_for_itself(code_suite, run, endpoint):
    edges = [
        edge("START>solve"),
        edge("solve>mark"),
        edge("mark>solve", "tag != ''", 1),
        edge("mark>END"),
    ]
    nodes = {"solve": LOOP, "mark": {"node_type": "tag", "output_keys": "tag"}}
    suite = code_suite(
        code_row("r0", "draft=wrong revise=right"), graph_config={"nodes": nodes, "edges": edges}
    )

    finished = await run(suite)

    assert finished.outcomes() == {"r0": "verified"}
    asked = len(endpoint.requests)
    with open_readonly(finished.folder / "journal.db") as reader:
        rounds = [(one.node, one.number) for one in reader.rounds("r0")]
        marks = [reader.visit("r0", key)["additions"]["tag"] for key in ("mark", "mark#2")]
        places = {call.site.node for call in reader.calls()}
    assert sorted(rounds) == [("solve", 1), ("solve", 2), ("solve#2", 1), ("solve#2", 2)]
    assert marks[0] != marks[1]
    assert places == {
        f"{node}/{step}"
        for node in ("solve", "solve#2")
        for step in ("draft", "critique", "revise")
    }
    assert asked == 2 * 4  # at temperature 1 a second visit is another sample
    steps = [row[0] for table in tables_of(finished.summary) for row in table.rows]
    assert not any("#2" in step for step in steps)


async def test_a_row_that_lacks_a_column_fails_only_where_its_own_way_needs_it(run_graph):
    ask = {"node_type": "llm", "model": "author", "output_keys": "answer"}
    nodes = {"plain": {**ask, "prompt": "{question}"}, "more": {**ask, "prompt": "{hint}"}}
    edges = [edge("START>more", "wants"), edge("START>plain"), edge("more>END"), edge("plain>END")]
    rows = [
        {"question": "q", "wants": False, "hint": "h"},
        {"question": "q", "wants": False},
        {"question": "q", "wants": True},
        {"question": "q", "hint": "h"},
    ]

    finished = await run_graph(rows, nodes, edges)

    ends = [(end.outcome.value, end.reason) for end in finished.ends()]
    assert [outcome for outcome, _ in ends] == ["verified", "verified", "failed", "failed"]
    assert ends[2][1] == "bad_input: rows.jsonl:3: this record has no `hint`"
    assert ends[3][1] == "edge `START -> more`, `when: wants`: this record has no `wants`"
