"""A task's own `TaskExecutor`: what it says of rows is done, what it drives is told."""

import pytest

from sygra_eval.values import UsageError

HERE = "tasks.ours.own.task_executor"
NODES = {
    "f": {"node_type": "lambda", "lambda": f"{HERE}.f", "output_keys": ["said", "more"]},
}
PYTHON = """
from sygra.core.base_task_executor import BaseTaskExecutor

def f(config, state):
    return {"said": state["question"].upper(), "more": state.get("more")}

class TaskExecutor(BaseTaskExecutor):
    def __init__(self, args, graph_config_dict=None):
        super().__init__(args, graph_config_dict)
        self.mark = args.run_args.get("mark", "!")
"""
IN = """
    def input_record_generator(self, record):
        return {**record, "question": record["question"] + self.mark, "more": 1, "lost": 2}
"""
OUT = """
    def output_record_generator(self, state):
        row = super().output_record_generator(state)
        return None if state["question"].startswith("two") else {**row, "task": self.task_name}
"""
ROWS = [{"id": "a", "question": "one"}, {"id": "b", "question": "two"}]
OUTPUT = {"output_map": {"id": {"from": "id"}, "said": {"from": "said"}, "more": {"from": "more"}}}


async def test_what_it_makes_of_a_row_before_and_after_the_graph_is_what_is_run(project):
    task = project.task("own", NODES, python=PYTHON + IN + OUT, rows=ROWS, output_config=OUTPUT)
    read = project.read(task, run_args={"mark": "?"})
    assert read.has_executor
    assert read.diagnostics == ()

    ran = await project.run(task)

    assert ran.rows == [{"id": "a", "said": "ONE!", "more": 1, "task": "tasks.ours.own"}]
    assert ran.counts["unjudged"] + ran.counts["rejected"] + ran.counts["failed"] == 2


@pytest.mark.parametrize(
    "python",
    [
        "    def init_dataset(self):\n"
        "        return [{**row, 'question': 'x'} for row in super().init_dataset()][:1]\n",
        "        self.dataset = [{**row, 'question': 'x'} for row in self.dataset[:1]]\n",
    ],
)
async def test_its_rows_are_those_of_the_run(project, python):
    task = project.task("own", NODES, python=PYTHON + python, rows=ROWS, output_config=OUTPUT)

    assert (await project.run(task)).rows == [{"id": "a", "said": "X", "more": None}]


async def test_rows_that_a_side_file_names_are_what_it_reads(project):
    python = PYTHON + "    def init_dataset(self):\n        return super().init_dataset()[1:]\n"
    source = {"type": "servicenow", "table": "incident"}
    task = project.task(
        "own", NODES, python=python, output_config=OUTPUT, data_config={"source": source}
    )
    (task.folder / "mine.jsonl").write_text('{"id": "u", "question": "x"}\n{"question": "y"}\n')
    (task.folder / "sygra_eval.yaml").write_text(
        "source: {type: disk, file_path: tasks/ours/own/mine.jsonl}\n"
    )

    ((row),) = (await project.run(task)).rows

    assert row["said"] == "Y"


def test_what_it_drives_itself_is_told_by_file_and_line(project):
    python = PYTHON + "    def execute(self):\n        return None\n"
    python += "    def apply_transforms(self, source, data):\n        return data\n"
    read = project.read(project.task("own", NODES, python=python))

    told = [(one.code, one.message) for one in read.diagnostics]

    assert read.suite is not None
    assert [code for code, _ in told] == ["sygra-left-out", "sygra-left-out"]
    assert "`TaskExecutor.apply_transforms` (task_executor.py:13) is not called" in told[0][1]
    assert "`TaskExecutor.execute` (task_executor.py:11) is not called" in told[1][1]


@pytest.mark.parametrize(
    ("python", "says"),
    [
        (PYTHON + "        raise KeyError('key')\n", "cannot be made: KeyError: 'key'"),
        ("def f(c, s): ...\nclass TaskExecutor:\n    pass\n", "is no `BaseTaskExecutor`"),
        ("from sygra.core.nothing import TaskExecutor\ndef f(c, s): ...\n", "No module named"),
    ],
)
def test_one_that_cannot_be_used_is_an_error_with_its_place(project, python, says):
    first, *_ = project.read(project.task("own", NODES, python=python)).errors

    assert first.message.startswith("task_executor.py:")
    assert says in first.message


@pytest.mark.parametrize(
    ("python", "says"),
    [
        (
            IN.replace("return", "raise KeyError('q')\n        return"),
            "input_record_generator: Key",
        ),
        ("    def input_record_generator(self, record):\n        pass\n", "returned NoneType"),
        ("    def output_record_generator(self, state):\n        return 1 / 0\n", "ZeroDivision"),
    ],
)
async def test_what_goes_wrong_in_it_ends_the_row_with_the_cause(project, python, says):
    task = project.task("own", NODES, python=PYTHON + python, rows=ROWS[:1])

    assert says in (await project.run(task)).reason


async def test_rows_that_are_none_are_refused(project):
    python = PYTHON + "    def init_dataset(self):\n        return [3]\n"

    with pytest.raises(UsageError) as refused:
        await project.run(project.task("own", NODES, python=python))

    told = f"{refused.value} {[one.message for one in refused.value.diagnostics]}"
    assert "a row of TaskExecutor is int, a mapping is needed" in told
