"""Any small graph: each record walks it as a plain reading of its edges says, and what is said to
be set for sure is set."""

from collections import Counter
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sygra_eval.suite import (
    Edge,
    Graph,
    NoWay,
    Walk,
    always_visited,
    compile_condition,
    most_visits,
)
from sygra_eval.suite.graph import reached_from
from sygra_eval.suite.graph_names import flow_of

NAMES = "abcd"
VARIABLES = "xyz"
CONDITIONS = st.sampled_from(
    [
        None,
        "n > 2",
        "n < 4",
        "n == 3",
        "True",
        "False",
        "flag",
        *(f"is_set({v})" for v in VARIABLES),
        *(f"not is_set({v})" for v in VARIABLES),
        "is_set(x) and not is_set(y)",
        "is_set(x) or n > 3",
    ]
)


@st.composite
def graphs(draw):
    """Return a graph and what its nodes add, wherever its edges lead."""
    names = NAMES[: draw(st.integers(1, 4))]
    edges = []
    for source in ("START", *names):
        targets = draw(st.lists(st.sampled_from([*names, "END"]), min_size=1, max_size=3))
        for target in targets:
            text = draw(CONDITIONS)
            edges.append(
                Edge(
                    source=source,
                    target=target,
                    when=None if text is None else compile_condition(text),
                    most=draw(st.sampled_from([None, None, 1, 2])),
                    index=len(edges),
                )
            )
    adds = {name: draw(st.lists(st.sampled_from(VARIABLES), unique=True)) for name in names}
    reached = reached_from("START", edges)
    nodes = tuple(name for name in names if name in reached)
    return Graph(nodes, tuple(edges), draw(st.integers(1, 6))), adds


def expected_way(graph, adds, flag):
    """Walk by the words of the documentation: edges in order, the one without `when` last."""
    state, way, at = {"flag": flag, "n": 0}, [], "START"
    visits, taken = Counter(), Counter()
    while True:
        mine = [e for e in graph.edges if e.source == at]
        ordered = [e for e in mine if e.when is not None] + [e for e in mine if e.when is None]
        for edge in ordered:
            is_open = edge.most is None or taken[edge.index] < edge.most
            if is_open and (edge.when is None or edge.when.holds(state)):
                break
        else:
            return way, "stuck"
        if edge.target == "END":
            return way, "END"
        if visits[edge.target] == graph.max_visits:
            return way, "stuck"
        taken[edge.index] += 1
        visits[edge.target] += 1
        at = edge.target
        way.append((at, visits[at]))
        state |= {"n": state["n"] + 1, **dict.fromkeys(adds[at], 1)}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs(), st.booleans())
def test_every_walk_ends_and_goes_as_a_plain_reading_of_the_edges_says(made, flag):
    graph, adds = made
    way, end = expected_way(graph, adds, flag)
    flow = flow_of(graph, frozenset({"flag", "n"}), adds)
    walk, state, walked = Walk(graph), {"flag": flag, "n": 0}, []
    visits, is_sure = most_visits(graph), always_visited(graph)

    try:
        while (name := walk.step(state)) is not None:
            assert flow.surely[name] <= state.keys() <= flow.perhaps[name] | flow.surely[name]
            walked.append((name, walk.visit))
            state |= {"n": state["n"] + 1, **dict.fromkeys(adds[name], 1)}
        ended = "END"
        assert flow.surely["END"] <= state.keys()
        assert {name for name, _ in walked} >= set(is_sure)
    except NoWay:
        ended = "stuck"

    assert (walked, ended) == (way, end)
    assert len(set(walked)) == len(walked)  # so each visit has a place of its own in the journal
    for name, count in Counter(name for name, _ in walked).items():
        assert count <= visits[name] <= graph.max_visits


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_a_way_on_which_something_is_unset_is_a_way(made):
    graph, adds = made
    flow = flow_of(graph, frozenset({"flag", "n"}), adds)

    for place in (*graph.nodes, "END"):
        if place == "END" and place not in reached_from("START", graph.edges):
            continue
        for variable, told in flow.unset_at(place).items():
            way = told.split(" -> ")
            assert (way[0], way[-1]) == ("START", place)
            assert all(variable not in adds[name] for name in way[1:-1])
            steps = {(edge.source, edge.target) for edge in graph.edges}
            assert all(step in steps for step in pairwise(way))
