"""What is wrong with a task is told by file and line before a run, or ends a row with its cause."""

import json
import sys

import pytest
import yaml

from sygra_eval.sygra import Shim, task_at
from sygra_eval.values import Severity, UsageError

NODE = {"node_type": "lambda", "lambda": "tasks.ours.bad.task_executor.f"}


def codes(read):
    return [one.code for one in read.diagnostics if one.severity is Severity.ERROR]


def only(read):
    (one,) = read.errors
    return one


def test_python_that_raises_when_it_is_imported_is_told_where_it_is_named(project):
    task = project.task("bad", {"f": NODE}, python="raise RuntimeError('not today')")

    found = only(project.read(task))

    assert (found.code, found.path) == ("sygra-no-function", str(task.path))
    assert "RuntimeError: not today" in found.message
    line = task.path.read_text().splitlines()[found.line - 1]
    assert "lambda: tasks.ours.bad" in line


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lambda": "tasks.ours.bad.task_executor.Missing"}, "has no `Missing`"),
        ({"lambda": "tasks.ours.bad.no_module.f"}, "cannot be imported"),
        ({"lambda": ".relative.f"}, "is no dotted path"),
        ({"lambda": "tasks.ours.bad.task_executor.number"}, "cannot be called"),
    ],
)
def test_a_name_that_leads_nowhere_is_told(project, change, says):
    task = project.task("bad", {"f": {**NODE, **change}}, python="number = 3\n")

    assert says in only(project.read(task)).message


def test_a_type_of_node_that_is_none_has_a_proposal(project):
    task = project.task("bad", {"f": {"node_type": "lamda", "lambda": "x.y"}})

    first, *_ = project.read(task).errors

    assert (first.code, first.fix) == ("sygra-unknown-node-type", "write `lambda`")


def test_an_edge_to_nowhere_has_a_line(project, llm):
    edges = [{"from": "START", "to": "say"}, {"from": "say", "to": "sy"}]
    task = project.task("bad", {"say": llm()}, edges)

    found = only(project.read(task))

    assert (found.code, found.fix) == ("unknown-node", "write `say`")
    assert "to: sy" in task.path.read_text().splitlines()[found.line - 1]


def test_a_node_that_is_named_twice_is_an_error(project):
    text = "graph_config:\n  nodes:\n    a: {node_type: connector}\n    a: {node_type: connector}\n"
    task = project.task("bad", {}, text=text)

    assert "duplicate-key" in codes(project.read(task))


def test_a_cycle_that_nothing_leaves_is_told_before_the_run(project, llm):
    edges = [
        {"from": "START", "to": "a"},
        {"from": "a", "to": "b"},
        {"from": "b", "to": "a"},
    ]
    task = project.task("bad", {"a": llm(), "b": llm()}, edges)

    assert codes(project.read(task)) == ["endless-cycle"]


async def test_a_loop_whose_condition_never_ends_it_stops_at_the_step_limit(project):
    """P21."""
    edges = [
        {"from": "START", "to": "f"},
        {
            "from": "f",
            "condition": "tasks.ours.bad.task_executor.on",
            "path_map": {"on": "f", "off": "END"},
        },
    ]
    python = "def f(config, state):\n    return None\n\ndef on(state):\n    return 'on'\n"
    task = project.task("bad", {"f": NODE}, edges, python=python)

    ran = await project.run(task)

    assert "after 100 steps it is still to go to `f`" in ran.reason


@pytest.mark.parametrize(
    ("python", "says"),
    [
        ("def f(config, state):\n    return ['x']", "`f` returned list, a mapping is needed"),
        (
            "def f(config, state):\n    raise KeyError('q')",
            "`f`: KeyError: 'q' (task_exec",
        ),
        ("def f(config, state):\n    import sys; sys.exit(3)", "`f`: SystemExit: 3"),
        ("def f(config, state):\n    return {'out': object()}", "`out` holds object"),
        (
            "def f(config, state):\n    return {'out': [{'x': '###SERVER_ERROR### 500'}]}",
            "the answer holds the text of a server's error",
        ),
        ("def f(config, state):\n    return {'messages': 'x'}", "a list is needed"),
    ],
)
async def test_what_a_function_does_wrong_ends_its_row_with_the_cause(project, python, says):
    """P1."""
    task = project.task("bad", {"f": {**NODE, "output_keys": "out"}}, python=python)

    assert says in (await project.run(task)).reason


async def test_a_processor_that_returns_nothing_ends_the_row(project, endpoint, llm):
    python = "class Pre:\n    def apply(self, state):\n        pass\n"
    python += "class Post:\n    def apply(self, resp, state):\n        pass\n"
    endpoint.will_answer("x")
    here = "tasks.ours.bad.task_executor"

    pre = await project.run(
        project.task("bad", {"a": llm(pre_process=f"{here}.Pre")}, python=python)
    )
    post = await project.run(
        project.task("bad", {"a": llm(post_process=f"{here}.Post")}), name="post"
    )

    assert f"`a`: `{here}.Pre` returned nothing, the state is needed" in pre.reason
    assert f"`a`: `{here}.Post` returned nothing" in post.reason


async def test_a_type_error_of_a_processor_is_its_own_and_is_not_called_again(
    project, endpoint, llm
):
    """P9."""
    python = "class Post:\n    def apply(self, resp, state):\n        return 1 + 'x'\n"
    endpoint.will_answer("x")
    node = llm(post_process="tasks.ours.bad.task_executor.Post")

    ran = await project.run(project.task("bad", {"a": node}, python=python))

    assert "TypeError: unsupported operand" in ran.reason


async def test_a_condition_that_says_what_no_way_has_ends_the_row(project, endpoint, llm):
    edges = [
        {"from": "START", "to": "a"},
        {
            "from": "a",
            "condition": "tasks.ours.bad.task_executor.where",
            "path_map": {"x": "END"},
        },
    ]
    endpoint.will_answer("x")
    task = project.task("bad", {"a": llm()}, edges, python="def where(state):\n    return None\n")

    assert "said nothing; its `path_map` has `x`" in (await project.run(task)).reason


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("{missing}", "names `{missing}`, which has no value yet"),
        ('{"score": 1}', "which has no value yet"),
        ("{question.x}", "is no name of a variable"),
        ("{0}", "is no name of a variable"),
        ("one }", "cannot be rendered"),
    ],
)
async def test_a_prompt_that_cannot_be_rendered_ends_the_row(project, llm, prompt, says):
    task = project.task("bad", {"a": llm(prompt)})

    assert says in (await project.run(task)).reason


async def test_what_a_row_says_is_never_looked_at_for_braces(project, endpoint, llm):
    endpoint.will_answer("x")
    rows = [{"id": "a", "question": "{missing} {{x}}"}]

    await project.run(project.task("fine", {"a": llm("{{{question!s}}} {id:>3}")}, rows=rows))

    assert endpoint.requests[0]["messages"][0]["content"] == "{{missing} {{x}}}   a"


def test_keys_that_nothing_reads_are_warnings(project, llm, endpoint):
    node = llm(output_key="x", nonsense=1, structured_output={})
    node["model"]["temperature"] = 0.1
    task = project.task("odd", {"a": node}, strange=1)

    read = project.read(task)

    told = [one.message for one in read.diagnostics if one.code == "sygra-unread-key"]
    assert read.suite is not None
    assert len(told) == 5
    assert "it has to stand under `parameters`" in " ".join(told)


def test_nothing_is_imported_from_a_root_that_is_not_trusted(project, tmp_path, monkeypatch):
    monkeypatch.delenv("SYGRA_EVAL_TRUST")
    project.environ.pop("SYGRA_EVAL_TRUST")
    project.environ["SYGRA_EVAL_CONFIG_DIR"] = str(tmp_path / "config")
    marker = tmp_path / "was_imported"
    python = f"open({str(marker)!r}, 'w')\ndef f(config, state):\n    return None\n"
    task = project.task("bad", {"f": NODE}, python=python)

    read = project.read(task)

    assert (only(read).code, marker.exists()) == ("sygra-untrusted", False)
    assert "--trust" in only(read).message


def test_a_change_of_the_python_asks_again(project, tmp_path, monkeypatch):
    from sygra_eval.sygra import remember_root

    monkeypatch.delenv("SYGRA_EVAL_TRUST")
    project.environ.pop("SYGRA_EVAL_TRUST")
    project.environ["SYGRA_EVAL_CONFIG_DIR"] = str(tmp_path / "config")
    task = project.task("bad", {"f": NODE}, python="def f(config, state):\n    return None\n")
    remember_root(task.root, task.folder, project.environ)
    before = project.read(task)

    project.task("bad", {"f": NODE}, python="def f(config, state):\n    return {}\n")

    assert before.suite is not None
    assert codes(project.read(task)) == ["sygra-untrusted"]


@pytest.mark.parametrize("given", ["tasks.ours.named", "ours.named", "tasks/ours/named"])
def test_a_task_is_named_in_each_of_these_ways(project, monkeypatch, given):
    made = project.task("named", {"a": {"node_type": "connector"}})
    monkeypatch.chdir(project.root)

    assert task_at(given) == made
    assert made.name == "tasks.ours.named"


def test_what_is_no_task_is_none(project):
    assert task_at("tasks.ours.nowhere") is None
    assert task_at(str(project.root)) is None


def test_a_model_that_nobody_says_where_to_find_is_a_need(project, llm):
    node = llm()
    node["model"] = {"name": "gpt-4o", "parameters": {}}
    task = project.task("far", {"a": node})

    read = project.read(task)

    assert only(read).code == "sygra-needs"
    assert "SYGRA_GPT-4O_URL (or SYGRA_GPT_4O_URL)" in read.needs[0]
    assert project.read(task, replaced={"gpt-4o": "x"}).suite is not None


def test_the_environment_says_where_a_model_is_and_its_key_is_in_no_file(project, llm):
    node = llm()
    node["model"] = {"name": "gpt-4o-mini"}
    task = project.task("near", {"a": node})
    project.environ |= {
        "SYGRA_GPT_4O_MINI_URL": "http://127.0.0.1:9/v1",
        "SYGRA_GPT-4O-MINI_TOKEN": "secret-of-mine",
    }

    read = project.read(task)

    entry = read.suite.data["models"]["gpt-4o-mini"]
    assert entry["base_url"] == "http://127.0.0.1:9/v1"
    assert entry["parameters"] == {"max_tokens": 5000, "temperature": 0.0001}
    assert read.keys == {"SYGRA_GPT_4O_MINI_TOKEN": "secret-of-mine"}
    assert "secret-of-mine" not in json.dumps(read.suite.data)


def test_a_task_that_asks_for_a_table_of_servicenow_needs_one(project):
    source = {"type": "servicenow", "table": "incident"}
    task = project.task("snow", {"a": {"node_type": "connector"}}, data_config={"source": source})

    assert "a ServiceNow instance" in project.read(task).needs[0]


def test_a_path_in_the_output_map_that_leads_nowhere_is_told(project):
    output = {"output_map": {"x": {"value": "$data_config.nothing[0]"}}}
    task = project.task("paths", {"a": {"node_type": "connector"}}, output_config=output)

    assert codes(project.read(task)) == ["sygra-no-path"]


def test_without_the_shim_tasks_have_the_sygra_that_is_installed_or_none(project):
    python = "import sygra\ndef f(config, state):\n    return None\n"
    task = project.task("bad", {"f": NODE}, python=python)

    found = only(project.read(task, shim=Shim.NEVER))

    assert "No module named 'sygra'" in found.message


def test_a_text_that_is_no_yaml_has_a_line(project):
    task = project.task("bad", {}, text="graph_config: [\n")

    assert codes(project.read(task)) == ["yaml-syntax"]


def test_a_side_file_with_an_unknown_key_is_refused(project):
    task = project.task("side", {"a": {"node_type": "connector"}})
    (task.folder / "sygra_eval.yaml").write_text(yaml.safe_dump({"qualty": {}}))

    assert project.read(task).diagnostics[0].fix == "write `quality`"


def test_a_subgraph_that_is_no_graph_is_told_where_it_is_named(project):
    inner = project.root / "tasks" / "ours" / "inner"
    inner.mkdir(parents=True)
    (inner / "graph_config.yaml").write_text("a: &a [1]\nb: [" + "*a, " * 200 + "]\n")
    nodes = {"sub": {"node_type": "subgraph", "subgraph": "tasks.ours.inner"}}
    edges = [{"from": "START", "to": "sub"}]

    assert "too-many-aliases" in codes(project.read(project.task("bad", nodes, edges)))


def test_a_subgraph_that_embeds_itself_ends(project):
    nodes = {"sub": {"node_type": "subgraph", "subgraph": "tasks.ours.bad"}}

    assert "recursive-subgraph" in codes(project.read(project.task("bad", nodes)))


def test_a_module_called_tasks_that_was_there_before_comes_back(project, monkeypatch):
    import sys
    from types import ModuleType

    theirs = ModuleType("tasks")
    monkeypatch.setitem(sys.modules, "tasks", theirs)
    task = project.task("bad", {"f": NODE}, python="def f(config, state):\n    return None\n")

    read = project.read(task)

    assert read.suite is not None
    assert sys.modules.pop("tasks") is theirs


async def test_a_column_that_every_state_has_is_refused_with_what_to_do(project):
    task = project.task("taken", {"a": {"node_type": "connector"}}, rows=[{"messages": []}])

    with pytest.raises(UsageError) as refused:
        await project.run(task)

    (found,) = refused.value.diagnostics
    assert "RenameFieldsTransform" in found.message


@pytest.mark.parametrize(("shim", "whose"), [("auto", "theirs"), ("always", "ours")])
def test_a_sygra_that_is_installed_is_shadowed_only_when_asked(
    project, tmp_path, monkeypatch, shim, whose
):
    site = tmp_path / "site"
    (site / "sygra").mkdir(parents=True)
    (site / "sygra" / "__init__.py").write_text("")
    (site / "sygra" / "theirs.py").write_text("")
    (site / "sygra-2.0.dist-info").mkdir()
    (site / "sygra-2.0.dist-info" / "METADATA").write_text("Name: sygra\nVersion: 2.0\n")
    monkeypatch.syspath_prepend(str(site))
    python = "import sygra.theirs\n" if whose == "theirs" else "import sygra.utils.constants\n"
    python += "def f(config, state):\n    return None\n"
    task = project.task("bad", {"f": NODE}, python=python)

    read = project.read(task, shim=Shim(shim))

    assert read.suite is not None, read.diagnostics
    for name in [one for one in sys.modules if one.partition(".")[0] == "sygra"]:
        del sys.modules[name]
