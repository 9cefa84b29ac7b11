"""What a task says wrongly is told by its line before a row is spent on it."""

import pytest

from sygra_eval.values import Severity

HERE = "tasks.ours.said.task_executor"
F = {"node_type": "lambda", "lambda": f"{HERE}.f"}
PYTHON = """
def f(config, state):
    return {}
class Nothing:
    pass
class All:
    def process(self, data, metadata):
        return data
"""
ENDS = [{"from": "START", "to": "f"}, {"from": "f", "to": "END"}]


def asks(**keys):
    return {
        "node_type": "llm",
        "model": {"name": "author"},
        "prompt": [{"user": "x"}],
        **keys,
    }


def sampler(**about):
    return {"node_type": "weighted_sampler", "attributes": {"x": about}}


def joined(*sources):
    base = {"type": "disk", "file_path": "tasks/ours/said/rows.json"}
    return {"data_config": {"source": [{**base, **one} for one in sources]}}


def edges(*more):
    return {"edges": [*ENDS, *more]}


@pytest.mark.parametrize(
    ("given", "code", "says", "line"),
    [
        ({"f": asks(output_role="king")}, "wrong-value", "`output_role: king`", "output_role"),
        ({"f": asks(output_keys=["a"])}, "missing-key", "needs `post_process`", "output_keys"),
        ({"f": sampler(values=[1, 2], weights=[1])}, "wrong-value", "not so many", "- 1"),
        ({"f": sampler(values=[1], weights=[0])}, "wrong-value", "not all 0", "- 0"),
        (edges({"from": "END", "to": "f"}), "sygra-bad-edge", "goes from `END`", "from: END"),
        (edges({"from": "f", "to": "START"}), "sygra-bad-edge", "goes to `START`", "to: START"),
        (edges({"from": "f"}), "sygra-bad-edge", "an edge needs `to`", "from: f"),
        (
            edges({"from": "f", "condition": f"{HERE}.f"}),
            "sygra-bad-edge",
            "`path_map` is missing",
            "from: f",
        ),
        (
            {"data_config": {"source": {"type": "ftp"}}},
            "wrong-value",
            "no source of type `ftp`",
            "type: ftp",
        ),
        (
            {"data_config": {"source": {"type": "disk", "file_path": "no.json"}}},
            "file-not-found",
            "no file `no.json`",
            "file_path",
        ),
        ({"data_config": {"source": []}}, "wrong-value", "empty list", "source"),
        (
            joined({"alias": "a", "join_type": "cross"}),
            "wrong-value",
            "has to be `join_type: primary`",
            "type: disk",
        ),
        (
            joined({"alias": "a", "join_type": "primary"}, {"alias": "b", "join_type": "column"}),
            "missing-key",
            "needs `primary_key`",
            "type",
        ),
        (
            {"schema_config": {"fields": [{"name": "a", "type": "strr"}]}},
            "wrong-value",
            "no type `strr`",
            "type: strr",
        ),
        (
            {"schema_config": {"fields": [{"name": "a", "is_odd": 1}]}},
            "wrong-value",
            "no rule `is_odd`",
            "is_odd",
        ),
        ({"schema_config": {"schema": f"{HERE}.f"}}, "sygra-no-function", "no class", "schema"),
        (
            {"output_config": {"oasst_mapper": {"required": "yes", "type": "rlhf"}}},
            "wrong-value",
            "no type `rlhf`",
            "type: rlhf",
        ),
        (
            {"output_config": {"data_quality": {"tasks": "all"}}},
            "wrong-type",
            "`tasks` has to be a list",
            "tasks",
        ),
        (
            {"output_config": {"generator": f"{HERE}.Nothing"}},
            "sygra-no-function",
            "has no method `generate`",
            "generator",
        ),
        (
            {"graph_post_process": [f"{HERE}.Nothing"]},
            "sygra-no-function",
            "has no method `process`",
            "Nothing",
        ),
        (
            {"graph_post_process": [{"processor": f"{HERE}.All", "params": {"k": 1}}]},
            "sygra-no-function",
            "unexpected keyword argument 'k'",
            "processor",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_it_is_an_error_at_its_line(project, given, code, says, line):
    given = dict(given)
    nodes = {"f": given.pop("f", F)}
    task = project.task("said", nodes, given.pop("edges", ENDS), python=PYTHON, **given)

    found = [one for one in project.read(task).errors if says in one.message]

    assert [one.code for one in found[:1]] == [code]
    assert line in task.path.read_text().splitlines()[found[0].line - 1]


@pytest.mark.parametrize(
    ("nodes", "edges_", "says"),
    [
        (
            {"f": asks(prompt=[{"developer": "x"}, {"user": "y"}])},
            ENDS,
            "what the role `developer` says is left out",
        ),
        (
            {"f": F},
            [ENDS[0], {**ENDS[1], "condition": f"{HERE}.f"}],
            "`condition` is not looked at without `path_map`",
        ),
    ],
)
def test_what_sygra_passes_over_is_a_warning(project, nodes, edges_, says):
    read = project.read(project.task("said", nodes, edges_, python=PYTHON))

    (told,) = (one for one in read.diagnostics if one.severity is Severity.WARNING)

    assert read.suite is not None
    assert says in told.message


def test_a_subgraph_that_is_not_there_is_told_once(project):
    nodes = {"sub": {"node_type": "subgraph", "subgraph": "tasks.nowhere"}}

    (found,) = project.read(project.task("said", nodes)).errors

    assert found.code == "file-not-found"


@pytest.mark.parametrize(
    ("side", "says"),
    [
        ("source: 3", "`source` has to be a mapping"),
        ("judge: [a]", "`judge` has to be the alias of a model"),
        ("rows: many", "`rows` has to be a number"),
    ],
)
def test_a_side_file_that_says_it_wrongly_is_told(project, side, says):
    task = project.task("said", {"f": F}, python=PYTHON)
    (task.folder / "sygra_eval.yaml").write_text(side)

    (found,) = project.read(task).errors

    assert (found.path.endswith("sygra_eval.yaml"), says in found.message) == (True, True)


@pytest.mark.parametrize(
    ("python", "says"),
    [
        ("def f(c, s):\n    d = []\n    d.append(d)\n    return {'x': d}\n", "or holds itself"),
        ("def f(c, s):\n    return {'x': b''}\n", "`x` holds bytes"),
    ],
)
async def test_what_no_file_can_hold_ends_its_row_by_name(project, python, says):
    task = project.task("said", {"f": {**F, "output_keys": "x"}}, python=python)

    assert says in (await project.run(task)).reason


async def test_half_a_character_is_written_and_read_back(project):
    from sygra_eval.sygra import write_rows
    from sygra_eval.sygra.output import rows_in

    python = "def f(c, s):\n    return {'x': '\\ud800 ä'}\n"
    ran = await project.run(project.task("said", {"f": {**F, "output_keys": "x"}}, python=python))

    for name in ("rows.json", "rows.jsonl"):
        assert write_rows(ran.folder, project.root / name) == 1
        assert rows_in(project.root / name)[0]["x"] == "\ud800 ä"


def test_an_interrupt_that_a_module_raises_is_a_fault_of_the_module(project):
    (found,) = project.read(
        project.task("said", {"f": F}, python="raise KeyboardInterrupt('me')\n")
    ).errors

    assert "KeyboardInterrupt: me" in found.message


def test_a_module_that_raises_is_told_with_the_place_where_it_does(project):
    python = "def g():\n    raise ValueError('no')\n\ng()\n"

    (found,) = project.read(project.task("said", {"f": F}, python=python)).errors

    assert found.message.endswith("ValueError: no (task_executor.py:2)")
