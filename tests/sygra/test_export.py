"""What an export writes: SyGra's form, the suite's own words as data, and the way back."""

import ast
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.cli.sygra import command
from sygra_eval.plugins import load_plugins
from sygra_eval.suite import load_suite
from sygra_eval.sygra.exporting import export_suite
from sygra_eval.sygra.exporting.keeping import LIST
from sygra_eval.sygra.exporting.python_text import literal
from sygra_eval.values import UsageError

SUITES = Path(__file__).parent / "suites"
MODELS = {"m": {"use": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "scripted"}}


@pytest.fixture
def suites(tmp_path):
    shutil.copytree(SUITES, tmp_path / "suites")
    return tmp_path / "suites"


def written(folder: Path, name: str, prompt: object, rows: list[dict], **more: object) -> Path:
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    node = {"node_type": "llm", "model": "m", "prompt": prompt, "output_keys": "text"}
    suite = {
        "suite": {"name": "one"},
        "models": MODELS,
        "data_config": {"source": {"type": "disk", "file_path": "rows.jsonl"}},
        "graph_config": {
            "nodes": {name: node},
            "edges": [{"from": "START", "to": name}, {"from": name, "to": "END"}],
        },
        **more,
    }
    path = folder / "one.yaml"
    path.write_text(yaml.safe_dump(suite))
    return path


def graph_in(folder: Path) -> dict:
    return yaml.safe_load((folder / "graph_config.yaml").read_text())


async def test_a_loop_becomes_five_nodes_their_edges_and_a_condition(suites, tmp_path):
    made = await export_suite(suites / "loop.yaml", tmp_path / "there")

    graph = graph_in(made.folder)["graph_config"]
    five = ["solve_init", "solve_check", "solve_draft", "solve_critique", "solve_revise"]
    assert list(graph["nodes"]) == [*five, "judge"]
    plain = {(e["from"], e["to"]) for e in graph["edges"] if "to" in e}
    ways = {e["from"]: e["path_map"] for e in graph["edges"] if "condition" in e}
    assert plain == {
        ("START", "solve_init"),
        ("solve_init", "solve_draft"),
        ("solve_draft", "solve_check"),
        ("solve_revise", "solve_check"),
        ("judge", "END"),
    }
    assert ways == {
        "solve_check": {"end": "judge", "draft": "solve_draft", "critique": "solve_critique"},
        "solve_critique": {"end": "judge", "revise": "solve_revise"},
    }


async def test_the_comment_above_a_node_is_carried_over_and_nothing_in_it_is_yaml(suites, tmp_path):
    path = suites / "loop.yaml"
    path.write_text(path.read_text().replace("# The critic", "# nodes: {x: 1}\n    # The critic"))

    made = await export_suite(path, tmp_path / "there")

    text = (made.folder / "graph_config.yaml").read_text()
    above = text[: text.index("    solve_init:")].splitlines()[-3:]
    assert above == [
        "    # Up to two drafts, then at most two revisions.",
        "    # nodes: {x: 1}",
        "    # The critic is asked about the better one.",
    ]
    assert "x" not in graph_in(made.folder)["graph_config"]["nodes"]


@pytest.mark.parametrize(
    "name", ["loop", "chain", "branches", "nested", "drawn", "asked", "routed", "seen"]
)
async def test_an_export_comes_back_as_the_suite_that_it_was(suites, tmp_path, name):
    made = await export_suite(suites / f"{name}.yaml", tmp_path / "there")

    back = CliRunner().invoke(
        command, ["migrate", str(made.folder), "--to", str(tmp_path / "back.yaml")]
    )

    assert back.exit_code == 0, back.output
    if name == "nested":  # what stands inside is written into it, so that it needs no other file
        plugins = load_plugins(suites)
        before, after = suites / "nested.yaml", tmp_path / "back.yaml"
        shas = [load_suite(one, plugins, folder=suites).sha256 for one in (before, after)]
        assert shas[0] == shas[1]
    else:
        assert (tmp_path / "back.yaml").read_bytes() == (suites / f"{name}.yaml").read_bytes()


async def test_a_task_that_was_changed_is_not_taken_for_its_suite(suites, tmp_path, monkeypatch):
    monkeypatch.setenv("SYGRA_EVAL_CONFIG_DIR", str(tmp_path / "config"))
    made = await export_suite(suites / "drawn.yaml", tmp_path / "there")
    graph = made.folder / "graph_config.yaml"
    graph.write_text(graph.read_text() + "unused: 1\n")
    monkeypatch.setenv("SYGRA_CUSTOM_MODELS_PATH", str(made.folder / "models.yaml"))

    back = CliRunner().invoke(command, ["migrate", str(made.folder), "--trust"])

    assert "graph_config.yaml was changed since it was made" in back.output


async def test_rows_have_every_column_and_an_id_and_none_looks_like_a_file(tmp_path):
    """SyGra reads or empties a column that in the first row looks like a picture's name."""
    rows = [{"a": "logo.png"}, {"a": "words", "b": [1, None]}, {"b": {"c": 0.5}, "a": None}]
    path = written(tmp_path, "ask", "{a}", rows)

    made = await export_suite(path, tmp_path / "there")

    lines = (made.folder / "data.jsonl").read_text().splitlines()
    table = [json.loads(line) for line in lines]
    assert [row["a"]["as_it_was"] for row in table] == ["logo.png", "words", None]
    assert all(row.keys() == {"id", "a", "b"} for row in table)
    assert len({row["id"] for row in table}) == 3


async def test_columns_may_be_called_anything_and_rows_come_out_under_their_names(tmp_path):
    names = ["self", "execution_error", "a b", "{x}", "tool_calls", "", "größe", "a.b", "class"]
    path = written(tmp_path, "ask", "{self} {größe} {a.b}", [dict.fromkeys(names, "v")])

    made = await export_suite(path, tmp_path / "there")

    table = json.loads((made.folder / "data.jsonl").read_text())
    assert not table.keys() & {"self", "execution_error", "tool_calls", "messages"}
    assert all(re.fullmatch(r"\w+", name) for name in table)
    columns = graph_in(made.folder)["output_config"]["output_map"]
    assert columns.keys() >= set(names)
    assert {table[columns[name]["from"]] for name in names} == {"v"}


PICTURES = [
    ({"image_url": "{a.b}"}, [{"a": {"b": "dot.png"}}], "is no column of the data"),
    ({"image_url": "http://x/{a}.png"}, [{"a": "1"}], "puts no address together"),
    ({"image_url": {"path": "{a}"}}, [{"a": "dot.png"}], "puts no address together"),
]


@pytest.mark.parametrize(("part", "rows", "why"), PICTURES)
async def test_a_picture_that_sygra_cannot_show_is_refused(part, rows, why, suites, tmp_path):
    shutil.copy(suites / "dot.png", tmp_path)
    prompt = [{"user": [{"type": "image_url", **part}]}]
    path = written(tmp_path, "ask", prompt, rows)

    with pytest.raises(UsageError) as refused:
        await export_suite(path, tmp_path / "there")

    told = [one.message for one in refused.value.diagnostics if one.severity == "error"]
    assert why in told[0]
    assert not (tmp_path / "there").exists()


async def test_a_row_whose_picture_cannot_be_read_is_left_out_by_name(suites, tmp_path):
    shutil.copy(suites / "dot.png", tmp_path)
    rows = [{"id": "r1", "a": "dot.png"}, {"id": "r2", "a": "../../etc/passwd"}]
    prompt = [{"user": [{"type": "image_url", "image_url": "{a}"}]}]

    made = await export_suite(written(tmp_path, "ask", prompt, rows), tmp_path / "there")

    assert made.rows == 1
    assert any("the image `../../etc/passwd`" in one.message for one in made.lost)


async def test_what_has_no_equivalent_is_named_with_its_line(tmp_path):
    path = written(
        tmp_path,
        "ask",
        "{a}",
        [{"a": "x"}],
        quality={"target_verified": 3, "validators": [{"use": "length", "max": 9}]},
        card={"license": "mit"},
        guardrails=[{"use": "secrets", "at": "input"}],
    )

    made = await export_suite(path, tmp_path / "there")

    told = {one.message.partition(":")[0]: one.line for one in made.lost}
    lines = path.read_text().splitlines()
    assert lines[told["`quality.target_verified`"] - 1].strip() == "target_verified: 3"
    assert {"`card`", "`guardrails`"} <= told.keys()


async def test_how_a_model_is_asked_and_agreement_are_named_too(tmp_path):
    two = [{"use": "length", "name": one, "max": 9} for one in ("one", "two")]
    quality = {"validators": two, "agreement": {"both": {"validators": ["one", "two"]}}}
    path = written(tmp_path, "ask", "{a}", [{"a": "x"}], quality=quality)
    suite = yaml.safe_load(path.read_text())
    suite["models"]["m"] |= {"stream": True, "json_mode": False, "max_concurrency": 3}
    path.write_text(yaml.safe_dump(suite))

    made = await export_suite(path, tmp_path / "there")

    told = " ".join(one.message for one in made.lost)
    for name in ("`stream`", "`json_mode`", "`max_concurrency`", "`quality.agreement`"):
        assert name in told


async def test_a_node_that_sygra_has_nothing_for_is_refused_with_its_line(tmp_path):
    path = written(tmp_path, "ask", "{a}", [{"a": "x"}])
    suite = yaml.safe_load(path.read_text())
    suite["graph_config"]["nodes"]["ask"] = {
        "node_type": "embed",
        "model": "m",
        "text": "{a}",
        "output_keys": "v",
    }
    suite["models"]["m"]["api"] = "embeddings"
    suite["quality"] = {"candidate": "a"}
    path.write_text(yaml.safe_dump(suite))

    with pytest.raises(UsageError) as refused:
        await export_suite(path, tmp_path / "there")

    (told,) = [one for one in refused.value.diagnostics if one.severity == "error"]
    assert told.code == "sygra-no-equivalent"
    assert "`embed`" in told.message


async def test_keys_are_never_written(tmp_path, monkeypatch):
    monkeypatch.setenv("A_KEY", "sk-very-secret")
    path = written(tmp_path, "ask", "{a}", [{"a": "x"}])
    suite = yaml.safe_load(path.read_text())
    suite["models"]["m"]["api_key_env"] = "A_KEY"
    path.write_text(yaml.safe_dump(suite))

    made = await export_suite(path, tmp_path / "there")

    texts = [file.read_text() for file in made.folder.rglob("*") if file.is_file()]
    assert not any("sk-very-secret" in text for text in texts)
    assert "SYGRA_M_TOKEN" in made.variables


async def test_a_folder_with_a_task_of_someone_else_is_left_alone(tmp_path):
    path = written(tmp_path, "ask", "{a}", [{"a": "x"}])
    folder = tmp_path / "tasks" / "mine"
    folder.mkdir(parents=True)
    (folder / "graph_config.yaml").write_text("graph_config: {}\n")

    with pytest.raises(UsageError, match="was not exported by us"):
        await export_suite(path, folder)

    assert (folder / "graph_config.yaml").read_text() == "graph_config: {}\n"


async def test_an_export_in_the_place_of_an_earlier_one_leaves_nothing_of_it(suites, tmp_path):
    first = await export_suite(suites / "nested.yaml", tmp_path / "tasks" / "t")
    mine = first.folder / "notes.md"
    mine.write_text("mine\n")
    inner = {path.parent for path in first.folder.glob("*/graph_config.yaml")}

    await export_suite(suites / "chain.yaml", tmp_path / "tasks" / "t")

    assert inner
    assert not any(path.exists() for path in inner)
    assert mine.read_text() == "mine\n"
    written = {path.name for path in first.folder.iterdir()}
    fixed = {"graph_config.yaml", "task_executor.py", "models.yaml", "data.jsonl", "suite.yaml"}
    assert written == {*fixed, "notes.md", LIST}


async def test_what_the_user_changed_is_neither_overwritten_nor_removed(suites, tmp_path):
    first = await export_suite(suites / "nested.yaml", tmp_path / "tasks" / "t")
    changed = [first.folder / "models.yaml", next(first.folder.glob("*/graph_config.yaml"))]
    for path in changed:
        path.write_text(path.read_text() + "# mine\n")

    with pytest.raises(UsageError, match=r"`models\.yaml` were changed"):
        await export_suite(suites / "chain.yaml", first.folder)
    untouched = (first.folder / "suite.yaml").read_text()
    then = await export_suite(suites / "chain.yaml", first.folder, overwrite=True)

    assert "name: nested" in untouched
    assert "# mine" not in changed[0].read_text()
    assert then.kept == (changed[1].relative_to(first.folder).as_posix(),)
    assert changed[1].read_text().endswith("# mine\n")


async def test_a_list_of_files_can_lead_to_none_outside(suites, tmp_path):
    first = await export_suite(suites / "chain.yaml", tmp_path / "tasks" / "t")
    other = tmp_path / "other.txt"
    other.write_text("x")
    listed = json.loads((first.folder / LIST).read_text())
    listed["files"]["../../other.txt"] = hashlib.sha256(b"x").hexdigest()
    (first.folder / LIST).write_text(json.dumps(listed))

    await export_suite(suites / "chain.yaml", first.folder)

    assert other.exists()


HOSTILE = [
    '"""\nimport os\nos.system("id")\n"""',
    "''' + __import__('os').getcwd() + '''",
    "\\",
    "\n\x85\u2028end",
    "{question}}} {{{{ \U0001f600 \x00",
    "${x} %s {0}",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_text_of_a_row_or_a_suite_becomes_python(tmp_path, text):
    """Were a piece of it code, the tree of the module would be another one."""
    prompt = [{"user": text.replace("{", "{{").replace("}", "}}").replace("\x00", "") + "{a}"}]
    more = {"output_config": {"output_map": {"column": {"value": [text.replace("\x00", "")]}}}}
    (tmp_path / "calm").mkdir()
    calm = written(tmp_path / "calm", "ask", "{a}", [{"a": "calm"}], **more)
    path = written(tmp_path, "ask", prompt, [{"a": text}], **more)

    wild_export = await export_suite(path, tmp_path / "there")
    calm_export = await export_suite(calm, tmp_path / "calm" / "there")

    wild, tame = (
        ast.parse((one.folder / "task_executor.py").read_text())
        for one in (wild_export, calm_export)
    )
    assert shape(wild) == shape(tame)
    (user,) = graph_in(wild_export.folder)["graph_config"]["nodes"]["ask"]["prompt"]
    assert user["user"].endswith("{a}")


def shape(tree: ast.Module) -> str:
    """Return the module without the one statement that is data, which holds literals alone."""
    (data,) = [one for one in tree.body if isinstance(one, ast.AnnAssign)]
    ast.literal_eval(data.value)
    tree.body.remove(data)
    return ast.dump(tree)


NODES = ["a.b-c", "class", "1", "__init__", "TaskExecutor", "judge", "x" * 90, "ask_next", "-"]


@pytest.mark.parametrize("name", NODES)
async def test_any_name_of_a_node_is_a_name_there(tmp_path, name):
    path = written(tmp_path, name, "{a}", [{"a": "x"}])

    made = await export_suite(path, tmp_path / "there")

    assert list(graph_in(made.folder)["graph_config"]["nodes"]) == [name]
    tree = ast.parse((made.folder / "task_executor.py").read_text(), feature_version=(3, 9))
    assert "TaskExecutor" not in [getattr(one, "name", "") for one in tree.body]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
@settings(max_examples=60, deadline=None)
def test_data_in_python_is_one_literal_that_reads_as_the_same(value):
    text = literal(value)

    assert text.isascii()
    assert ast.literal_eval(text) == value


def test_the_carried_part_runs_without_us():
    """It is read by Python 3.9 and needs neither sygra_eval nor SyGra."""
    from sygra_eval.sygra.exporting import carried, python_text

    source = Path(carried.__file__).read_text()
    ast.parse(source, feature_version=(3, 9))
    assert "sygra_eval" not in source.partition(python_text._MARK)[2]
    lines = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert lines == [
        "from __future__ import annotations",
        "import ast",
        "import hashlib",
        "import json",
        "import math",
        "import re",
        "from collections.abc import Callable, Mapping",
        "from random import Random",
        "from typing import Any",
    ]
