"""Rows on their way in and out: ids, transforms, joins, schema, what is written as SyGra does."""

import hashlib
import json
import sys

import pytest

from sygra_eval.sygra import Shim, post_processed, write_rows, write_sinks
from sygra_eval.sygra.finishing import TaskError, type_of
from sygra_eval.sygra.prompts import PromptFault, text_of
from sygra_eval.values import UsageError

PLAIN = {"a": {"node_type": "connector"}}


async def test_rows_without_ids_are_named_by_their_hash_and_repeats_by_a_number(project):
    """P7."""
    task = project.task("ids", PLAIN, rows=[{"q": "x"}, {"q": "x"}, {"q": "y"}])

    ids = [row["id"] for row in (await project.run(task)).rows]

    assert ids[1] == f"{ids[0]}#2"
    assert ids[0] == hashlib.sha256(b'{"q": "x"}').hexdigest()


async def test_a_task_without_a_source_has_ten_rows_or_as_many_as_are_asked_for(project):
    task = project.task("none", PLAIN, rows=None)

    assert len((await project.run(task)).rows) == 10
    assert project.read(task, rows=3).suite.data["data_config"]["source"]["rows"] == 3


async def test_the_first_row_says_which_columns_there_are(project):
    task = project.task("columns", PLAIN, rows=[{"id": "a", "x": 1}, {"id": "b", "x": 2, "y": 3}])

    assert [sorted(row) for row in (await project.run(task)).rows][1] == [
        "__chat_history__",
        "id",
        "messages",
        "x",
    ]


async def test_columns_that_ours_are_called_like_keep_their_names_in_the_task(
    project, endpoint, llm
):
    endpoint.will_answer("x")
    rows = [{"id": "a", "answer": "theirs", "code": "c"}]

    ran = await project.run(project.task("named", {"a": llm("{answer} {code}")}, rows=rows))

    assert endpoint.requests[0]["messages"][0]["content"] == "theirs c"
    assert ran.rows[0]["answer"] == "theirs"
    assert ran.left("unjudged")[0]["input_answer"] == "theirs"


async def test_transforms_of_a_source_run_in_their_order(project):
    here = "sygra.processors.data_transform"
    transforms = [
        {"transform": f"{here}.RenameFieldsTransform", "params": {"mapping": {"n": "number"}}},
        {"transform": f"{here}.AddNewFieldTransform", "params": {"mapping": {"kind": "x"}}},
        {
            "transform": f"{here}.SkipRecords",
            "params": {"skip_type": "count", "count": {"from_start": 1, "from_end": 1}},
        },
        {"transform": "tasks.ours.changed.task_executor.Twice", "params": {"by": 2}},
    ]
    python = """
from sygra.processors.data_transform import DataTransform

class Twice(DataTransform):
    def name(self):
        raise AssertionError("nobody asks")

    def transform(self, data, params):
        return [{**row, "number": row["number"] * params["by"]} for row in data]
"""
    source = {"type": "disk", "file_path": "tasks/ours/changed/rows.json"}
    task = project.task(
        "changed",
        PLAIN,
        python=python,
        rows=[{"id": str(n), "n": n} for n in range(4)],
        data_config={"source": {**source, "transformations": transforms}},
    )

    rows = (await project.run(task)).rows

    assert [(row["id"], row["number"], row["kind"]) for row in rows] == [
        ("1", 2, "x"),
        ("2", 4, "x"),
    ]


@pytest.mark.parametrize(
    ("params", "left"),
    [
        ({"range": "[:2],[-1:]"}, [2, 3]),
        ({"range": "[1:3]"}, [0, 3, 4]),
        ({}, [0, 1, 2, 3, 4]),
    ],
)
def test_ranges_of_rows_are_left_out(params, left):
    from sygra_eval.sygra.shim.processors.data_transform import SkipRecords

    rows = SkipRecords().transform([{"n": n} for n in range(5)], params)

    assert [row["n"] for row in rows] == left


async def test_several_sources_are_joined_by_their_aliases(project, endpoint, llm):
    """P6."""
    source = {"type": "disk", "file_path": "tasks/ours/joined/rows.json"}
    joined = {"alias": "more", "join_type": "column", "primary_key": "id", "join_key": "of"}
    more = {"type": "disk", "file_path": "tasks/ours/joined/more.json", **joined}
    sources = [{**source, "alias": "one", "join_type": "primary"}, more]
    endpoint.answers_with(lambda body: body["messages"][0]["content"])
    task = project.task(
        "joined",
        {"a": llm("{one->q} {more->colour}", output_keys="said")},
        rows=[{"id": "a", "q": "x"}, {"id": "b", "q": "y"}],
        data_config={"source": sources, "id_column": "one->id"},
    )
    (task.folder / "more.json").write_text(
        json.dumps([{"of": "b", "colour": "red"}, {"of": "a", "colour": "blue"}])
    )

    rows = (await project.run(task)).rows

    assert [(row["id"], row["said"]) for row in rows] == [("a", "x blue"), ("b", "y red")]


async def test_a_row_that_breaks_the_schema_is_rejected_with_the_reason_and_not_written(project):
    """P5: what only the output map makes is looked at too."""
    fields = [
        {"name": "n", "type": "int", "is_greater_than": 1},
        {"name": "made", "type": "list[int]"},
    ]
    task = project.task(
        "schema",
        PLAIN,
        rows=[{"id": "a", "n": 1}, {"id": "b", "n": 2}],
        schema_config={"fields": fields},
        output_config={"output_map": {"id": {"from": "id"}, "made": {"value": [1]}}},
    )

    ran = await project.run(task)

    assert ran.rows == [{"id": "b", "made": [1]}]
    (rejected,) = ran.left("rejected")
    assert rejected["sygra_flags"]["schema"] == "schema: `n` is 1, and not is greater than 1"


async def test_a_generator_that_gives_no_row_and_one_that_raises(project):
    """P10."""
    python = """
from sygra.processors.output_record_generator import BaseOutputGenerator

class Some(BaseOutputGenerator):
    def generate(self, state):
        if state["n"] == 3:
            raise ValueError("three")
        return {"n": state["n"]} if state["n"] > 1 else None
"""
    task = project.task(
        "some",
        PLAIN,
        python=python,
        rows=[{"id": str(n), "n": n} for n in (1, 2, 3)],
        output_config={"generator": "tasks.ours.some.task_executor.Some"},
    )

    ran = await project.run(task)

    assert ran.rows == [{"n": 2}]
    assert "the generator Some: ValueError: three" in ran.reason


async def test_rows_are_written_as_sygra_writes_them_and_given_to_post_processors(project):
    python = """
from sygra.core.graph.graph_postprocessor import GraphPostProcessor

class Count(GraphPostProcessor):
    def __init__(self, by=1):
        self.by = by

    def process(self, data, metadata):
        assert metadata["params"] == {"by": 3}
        return [{"rows": len(data) * self.by, "of": metadata["output_file"].rsplit("/")[-1]}]
"""
    listed = [{"processor": "tasks.ours.after.task_executor.Count", "params": {"by": 3}}]
    output = {"output_map": {"id": {"from": "id"}, "text": {"value": "ü"}}}
    task = project.task(
        "after",
        PLAIN,
        python=python,
        rows=[{"id": "a"}, {"id": "b"}],
        output_config=output,
        graph_post_process=listed,
    )
    ran, target = await project.run(task), project.root / "output.json"

    assert write_rows(ran.folder, target) == 2
    written = post_processed(task, project.read(task).post_process, target, Shim.AUTO)

    assert json.loads(target.read_text()) == [{"id": "a", "text": "ü"}, {"id": "b", "text": "ü"}]
    assert "ü" in target.read_text(encoding="utf-8")
    assert [one.path.name for one in written] == ["Count.json"]
    assert json.loads(written[0].path.read_text()) == [{"rows": 6, "of": "output.json"}]


async def test_nothing_of_a_task_is_left_in_the_process_when_its_run_ends(project):
    import random
    import uuid

    before = (random.choice, uuid.uuid4)
    python = "import sygra.utils.utils\ndef f(config, state):\n    return None\n"
    node = {"node_type": "lambda", "lambda": "tasks.ours.gone.task_executor.f"}

    await project.run(project.task("gone", {"f": node}, python=python))

    assert "sygra" not in sys.modules
    assert "tasks" not in sys.modules
    assert (random.choice, uuid.uuid4) == before


IMPORTS = """
from sygra.core.graph.sygra_state import SygraState
from sygra.core.graph.sygra_message import SygraMessage
from sygra.core.graph.functions.edge_condition import EdgeCondition
from sygra.core.graph.functions.node_processor import (
    NodePostProcessor, NodePostProcessorWithState, NodePreProcessor,
)
from sygra.core.graph.functions.lambda_function import AsyncLambdaFunction, LambdaFunction
from sygra.core.graph.graph_postprocessor import GraphPostProcessor, SemanticDedupPostProcessor
from sygra.processors.output_record_generator import BaseOutputGenerator
from sygra.processors.data_transform import (
    AddNewFieldTransform, AddRetryFieldsTransform, CombineRecords, CreateAudioUrlTransform,
    CreateImageUrlTransform, DataTransform, RenameFieldsTransform, SkipRecords,
)
from sygra.logger.logger_config import (
    configure_logger, logger, reset_to_internal_logger, set_external_logger,
)
from sygra.utils.constants import (
    ALIAS_JOINER, BACKEND, END, ERROR_PREFIX, GRAPH_OUTPUT_KEY, KEY_NAME, KEY_REQUEST,
    KEY_RESPONSE, ROOT_DIR, START, SYGRA_END, SYGRA_START, VAR_CHAT_HISTORY,
)
from sygra.utils.utils import (
    append_to_json_file, append_to_jsonl_file, convert_messages_from_chat_format_to_langchain,
    convert_messages_from_langchain_to_chat_format, current_task, deep_update,
    extract_and_load_json, extract_pattern, fetch_next_record, flatten_dict, get_env_name,
    get_file_in_dir, get_file_in_task_dir, get_func_from_str, get_graph_properties,
    get_graph_property, get_models_used, load_json, load_json_file, load_jsonl_file,
    load_model_config, load_yaml_file, save_json_file, save_jsonl_file,
)
from sygra.core.base_task_executor import BaseTaskExecutor, DefaultTaskExecutor
from sygra.core.judge_task_executor import JudgeQualityTaskExecutor
from sygra.core.models.structured_output.schemas_factory import SimpleResponse
from sygra.core.models.model_postprocessor import ModelPostProcessor, RemoveThinkData
from sygra.utils.tool_utils import LangChainToolsWrapper
from sygra.core.dataset.dataset_config import (
    DataSourceConfig, DataSourceType, OutputConfig, OutputType, ShardConfig, TransformConfig,
)
from sygra.core.dataset.file_handler import FileHandler
from sygra.core.dataset.huggingface_handler import HuggingFaceHandler
from sygra.validators.custom_schemas import CoreLLMDataFabricFormat, CustomUserSchema
import sygra.core.eval.metrics
import sygra.recipes.evol_instruct.task_executor
import sygra.recipes.self_refinement.task_executor
from langgraph.graph import END as LANGGRAPH_END, START as LANGGRAPH_START
import langchain_core.messages, langchain_core.tools, regex, pandas

assert LANGGRAPH_END == SYGRA_END == "__end__"
assert extract_and_load_json('so: {"a": [1]} there') == {"a": [1]}
assert extract_and_load_json("none") is None
assert flatten_dict({"a": {"b": 1}}) == {"a_b": 1}
assert deep_update({"a": {"b": 1}}, {"a": {"c": 2}}) == {"a": {"b": 1, "c": 2}}
assert get_func_from_str("sygra.utils.utils.load_json") is load_json
assert get_graph_properties()["free"] == 1
assert "gpt-4o" in load_model_config()
assert RemoveThinkData().apply("<think>x</think> y") == "y"
assert SimpleResponse(message="x").success
logger.warning("%s", "nobody hears it")


def f(config, state):
    return None
"""


async def test_every_name_that_tasks_import_is_there(project):
    node = {"node_type": "lambda", "lambda": "tasks.ours.imports.task_executor.f"}
    graph = {"graph_properties": {"free": 1}}
    task = project.task("imports", {"f": node}, python=IMPORTS, graph=graph)

    assert (await project.run(task)).counts["unjudged"] == 1


@pytest.mark.parametrize(
    ("text", "made"),
    [("str", str), ("LIST[int]", list[int]), ("dict[str, list[int]]", dict[str, list[int]])],
)
def test_types_of_a_schema(text, made):
    assert type_of(text) == made


def test_a_type_that_is_none_is_told():
    with pytest.raises(TaskError, match="there is no type `number`"):
        type_of("number")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{a}", "None"),
        ("{b}", "[1, 'x']"),
        ("{n:03d}|{s!r}|{s:>3}", "007|'s'|  s"),
        ("{x->y} {a b}", "arrow space"),
        ('{{"a": {n}}}', '{"a": 7}'),
    ],
)
def test_templates_are_rendered_as_sygra_does(template, text):
    state = {"a": None, "b": [1, "x"], "n": 7, "s": "s", "x->y": "arrow", "a b": "space"}

    assert text_of(template, state) == text


def test_a_format_that_does_not_fit_its_value_is_told():
    with pytest.raises(PromptFault, match="cannot be rendered"):
        text_of("{n:03d}", {"n": "text"})


def test_columns_with_an_alias_go_to_its_sink_and_the_rest_to_the_one_without(tmp_path):
    import pyarrow.parquet

    sinks = [
        {"alias": "a", "file_path": str(tmp_path / "a.parquet")},
        {"file_path": str(tmp_path / "rest.csv")},
        {"type": "servicenow", "table": "x"},
    ]
    rows = [{"a->n": 1, "id": "x", "list": [1]}, {"a->n": 2, "id": "y,z", "list": []}]

    written = write_sinks(rows, sinks)

    assert [path.name for path in written] == ["a.parquet", "rest.csv"]
    assert pyarrow.parquet.read_table(written[0]).to_pylist() == [{"n": 1}, {"n": 2}]
    assert written[1].read_bytes() == b'id,list\r\nx,[1]\r\n"y,z",[]\r\n'


def test_a_sink_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match=r"the sink .*x\.json cannot be written"):
        write_sinks([{"a": 1}], [{"file_path": str(tmp_path / "file" / "x.json")}])
