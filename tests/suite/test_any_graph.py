"""Whatever stands in a graph: diagnostics with places, or a suite that loads again to its hash."""

import json

import pytest
import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite, load_suite
from sygra_eval.values import Severity

NAMES = st.sampled_from(["a", "b", "c"])
VARIABLES = st.sampled_from(["x", "y", "z", "question", "answer"])
NOISE = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just([]) | st.just({})
CONDITIONS = st.sampled_from(
    ["x > 1", "is_set(y) and y == 'a'", "not is_set(x)", "len(question) > 2", "x +", "{x}", ""]
)


def maybe(strategy):
    return st.one_of(strategy, strategy, strategy, NOISE)


EDGES = st.fixed_dictionaries(
    {"from": maybe(NAMES | st.just("START")), "to": maybe(NAMES | st.just("END"))},
    optional={"when": maybe(CONDITIONS), "max": maybe(st.integers(1, 3))},
)
SAMPLERS = st.fixed_dictionaries(
    {
        "node_type": st.just("weighted_sampler"),
        "attributes": maybe(
            st.dictionaries(
                VARIABLES,
                maybe(st.sampled_from([{"values": ["q"]}, {"values": {"column": "x"}}])),
                min_size=1,
                max_size=2,
            )
        ),
    }
)
LAMBDAS = st.fixed_dictionaries(
    {
        "node_type": st.just("lambda"),
        "lambda": maybe(st.sampled_from(["m:f", "os.system", "x"])),
        "output_keys": maybe(VARIABLES),
    }
)


def graphs_of(nodes):
    return st.fixed_dictionaries(
        {
            "nodes": maybe(st.dictionaries(NAMES, nodes, min_size=1, max_size=3)),
            "edges": maybe(st.lists(EDGES, min_size=2, max_size=6)),
        },
        optional={"max_visits": maybe(st.integers(1, 5))},
    )


def subgraphs(graphs):
    return st.fixed_dictionaries(
        {
            "node_type": st.just("subgraph"),
            "suite": maybe(st.fixed_dictionaries({"graph_config": graphs}) | st.just("other.yaml")),
            "outputs": maybe(st.dictionaries(VARIABLES, VARIABLES, min_size=1, max_size=2)),
        },
        optional={"inputs": maybe(st.dictionaries(VARIABLES, VARIABLES, max_size=2))},
    )


NODES = st.recursive(
    SAMPLERS | LAMBDAS, lambda inner: subgraphs(graphs_of(maybe(inner))), max_leaves=3
)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graphs")
    (folder / "rows.jsonl").write_text('{"id": "a", "question": "why"}\n')
    return folder, load_plugins(folder)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs_of(maybe(NODES)))
def test_any_graph_gets_diagnostics_or_loads_again_from_what_a_run_keeps(real, graph):
    folder, plugins = real
    path = folder / "other.yaml"
    document = {
        "suite": {"name": "x"},
        "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl", "id": "id"}},
        "graph_config": graph,
        "quality": {"candidate": "answer", "validators": [{"use": "python_compiles"}]},
    }
    path.write_text(json.dumps(document))

    found = check_suite(path, plugins)

    assert all(one.line >= 1 and one.message for one in found)
    assert "plugin-failed" not in [one.code for one in found]
    event("loads" if not any(one.severity is Severity.ERROR for one in found) else "refused")
    if not any(one.severity is Severity.ERROR for one in found):
        suite = load_suite(path, plugins)
        path.write_text(yaml.safe_dump(dict(suite.document)))
        assert load_suite(path, plugins).sha256 == suite.sha256
