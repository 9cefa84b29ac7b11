"""A task's Python that never comes back costs its row, and never the run."""

import asyncio
import contextlib
import json
import threading
import time

import pytest

from sygra_eval.sygra import Delivery, Shim, deliver, imports, limited, output, tables
from sygra_eval.sygra.limited import NeverReturned, Python, left_behind
from sygra_eval.testing.replies import completion
from sygra_eval.values import UsageError

HERE = "tasks.ours.stuck.task_executor"
SPINS = "while True:\n            pass\n"
LIMIT = "python_limit_s: 0.2\n"


def lambdas(name="F", **keys):
    return {"f": {"node_type": "lambda", "lambda": f"{HERE}.{name}", "output_keys": "out", **keys}}


def stuck(project, nodes, python, *, edges=None, rows=({"id": "a", "question": "x"},), **sections):
    task = project.task("stuck", nodes, edges, python=python, rows=rows, **sections)
    (task.folder / "sygra_eval.yaml").write_text(LIMIT)
    return task


PARTS = {
    "a lambda": ("class F:\n    def apply(config, state):\n        ", {}, "F.apply"),
    "a coroutine": ("class F:\n    async def apply(config, state):\n        ", {}, "F.apply"),
    "a pre-processor": (
        "class Pre:\n    def apply(self, state):\n        ",
        {"pre_process": f"{HERE}.Pre"},
        "Pre.apply",
    ),
    "a post-processor": (
        "class Post:\n    def apply(self, resp, state):\n        ",
        {"post_process": f"{HERE}.Post"},
        "Post.apply",
    ),
}


@pytest.mark.parametrize("part", PARTS)
async def test_a_call_that_spins_ends_its_row_with_its_place_and_its_thread(
    project, endpoint, llm, part, monkeypatch
):
    monkeypatch.setattr(limited, "_BREATH_S", 0.2)
    head, keys, name = PARTS[part]
    endpoint.answers_with(lambda body: "said")
    nodes = {"f": llm(**keys)} if keys else lambdas()
    task = stuck(project, nodes, head + SPINS)

    ran = await project.run(task)

    assert f"`f`: `{name}`, task_executor.py:2 did not come back within 0.2 s" in ran.reason
    assert "`python_limit_s` in `sygra_eval.yaml`" in ran.reason
    for _ in range(1_500):  # the exception that was put into the thread has ended the loop
        if not left_behind():
            break
        await asyncio.sleep(0.02)
    assert left_behind() == 0


async def test_a_condition_a_generator_and_a_tool_are_bounded_too(project, endpoint, llm):
    python = f"""
from langchain_core.tools import tool
class Where:
    def apply(state):
        {SPINS}
class Row:
    def __init__(self, config):
        pass
    def generate(self, state):
        {SPINS}
@tool
def look(what: str) -> str:
    "Looks."
    if True:
        {SPINS}
def fine(config, state):
    return {{}}
"""
    edges = [
        {"from": "START", "to": "f"},
        {"from": "f", "condition": f"{HERE}.Where", "path_map": {"x": "END"}},
    ]
    called = {"name": "look", "arguments": '{"what": "x"}'}
    endpoint.answers_with(lambda body: completion("", tool_calls=[called]))
    agent = llm(node_type="agent", tools=[f"{HERE}.look"])

    where = await project.run(stuck(project, lambdas("fine"), python, edges=edges))
    row = {"output_config": {"generator": f"{HERE}.Row"}}
    generator = await project.run(stuck(project, lambdas("fine"), python, **row), name="row")
    used = await project.run(stuck(project, {"say": agent}, python), name="tool")

    assert f"the condition `{HERE}.Where` of `f`: `Where.apply`, task_exec" in where.reason
    assert "`Row.generate`, task_executor.py:" in generator.reason
    assert "`say`: `look`, task_executor.py:" in used.reason


async def test_after_as_many_calls_as_a_run_bears_it_stops_and_says_so(project, monkeypatch):
    monkeypatch.setattr("sygra_eval.sygra.limited.MOST_LEFT_BEHIND", 2)
    gate = threading.Event()
    monkeypatch.setattr(threading, "gate_of_a_test", gate, raising=False)
    python = "import threading\nclass F:\n    def apply(config, state):\n"
    python += "        if state['question'] != 'fine':\n"
    python += "            threading.gate_of_a_test.wait()\n"
    rows = [{"id": f"r{n}", "question": "x" if n % 2 else "fine"} for n in range(12)]
    task = stuck(project, lambdas(), python, rows=rows)

    ran = await project.run(task, rows_in_flight=1)

    gate.set()  # what waits in the system is left behind, and not ended
    assert int(ran.summary.exit_code) == 7
    assert "2 calls of the task's Python never came back" in ran.summary.exit_reason
    assert ran.counts["unjudged"] == 2
    assert ran.summary.not_reached > 0


async def test_a_neighbour_of_a_coroutine_that_holds_its_loop_is_called_all_the_same(
    monkeypatch,
):
    monkeypatch.setattr(limited, "_BREATH_S", 0.2)

    async def spins():
        while True:
            pass

    async def fine():
        return 1

    python = Python(limit_s=0.2)
    with pytest.raises(NeverReturned):
        await python.call(spins)

    assert await python.call(fine) == 1


async def test_what_is_called_in_turn_never_meets_another():
    inside, most = [], []

    def work():
        inside.append(1)
        most.append(len(inside))
        inside.pop()

    python = Python()
    await asyncio.gather(*(python.in_turn(work) for _ in range(200)))

    assert max(most) == 1


@pytest.mark.parametrize(
    ("error", "says"),
    [(StopIteration(3), "StopIteration"), (KeyboardInterrupt(), "KeyboardInterrupt")],
)
async def test_no_error_of_a_task_ends_the_loop_that_waits_for_it(error, says):
    def raises():
        raise error

    async def awaited():
        raise error

    for function in (raises, awaited):
        with pytest.raises(Exception, match=says):
            await Python().call(function)


def test_an_import_that_never_ends_is_told_before_the_run(project, monkeypatch):
    monkeypatch.setattr(imports, "IMPORT_S", 0.2)
    task = stuck(project, lambdas("f"), "def f(c, s):\n    return {}\nwhile True:\n    pass\n")

    (found,) = project.read(task).errors

    assert (found.code, found.line > 0) == ("sygra-no-function", True)
    assert "the import of task_executor.py:1 did not come back within 0.2 s" in found.message


async def test_a_transform_and_a_post_processor_that_never_end_are_told(project, monkeypatch):
    monkeypatch.setattr(tables, "_PYTHON", Python(limit_s=0.2, more=""))
    monkeypatch.setattr(output, "PROCESS_S", 0.2)
    python = f"""
class Move:
    name = "move"
    def transform(self, data, params):
        {SPINS}
class All:
    def process(self, data, metadata):
        {SPINS}
def f(config, state):
    return {{}}
"""
    source = {"type": "disk", "file_path": "tasks/ours/stuck/rows.json"}
    moved = {"source": {**source, "transformations": [f"{HERE}.Move"]}}
    with pytest.raises(UsageError) as refused:
        await project.run(stuck(project, lambdas("f"), python, data_config=moved))
    task = stuck(project, lambdas("f"), python, graph_post_process=[f"{HERE}.All"])
    ran, target = await project.run(task), project.root / "output.json"

    with pytest.raises(UsageError, match=r"`All.process`, task_executor.py:\d+ did not come back"):
        deliver(project.read(task), ran.summary, Delivery(target=target), Shim.AUTO)

    told = f"{refused.value} {[one.message for one in refused.value.diagnostics]}"
    assert "a transform: `Move.transform`, task_executor.py:" in told
    assert target.exists()


async def test_what_is_drawn_on_threads_and_loops_belongs_to_the_row(project, endpoint, llm):
    """P15, wherever the task's Python is called."""
    python = """
import random, uuid
def sync(config, state):
    return {"a": random.random()}
async def later(config, state):
    return {"b": [random.random(), str(uuid.uuid4())]}
class Pre:
    def apply(self, state):
        return {**state, "messages": [], "drawn": random.random()}
class Post:
    def apply(self, resp, state):
        return {"c": [state["drawn"], random.random()]}
"""
    endpoint.answers_with(lambda body: "said")
    lambda_ = {"node_type": "lambda"}
    nodes = {
        "sync": {**lambda_, "lambda": f"{HERE}.sync", "output_keys": "a"},
        "later": {**lambda_, "lambda": f"{HERE}.later", "output_keys": "b"},
        "both": llm(
            node_type="multi_llm",
            models={"x": {"name": "author"}, "y": {"name": "critic"}},
            pre_process=f"{HERE}.Pre",
            post_process=f"{HERE}.Post",
            output_keys="c",
        ),
    }
    rows = [{"id": f"r{n}", "question": "x"} for n in range(6)]
    task = project.task("stuck", nodes, python=python, rows=rows)

    once = await project.run(task)
    again = await project.run(task, rows_in_flight=1)

    assert once.rows == again.rows
    assert len({json.dumps([row["a"], row["b"], row["c"]]) for row in once.rows}) == 6


@pytest.mark.parametrize("kind", ["async def", "def"])
async def test_a_record_whose_python_says_it_is_cancelled_fails_and_is_not_lost(project, kind):
    python = f"import asyncio\n{kind} f(config, state):\n    raise asyncio.CancelledError\n"

    ran = await project.run(stuck(project, lambdas("f"), python))

    assert "`f`: CancelledError" in ran.reason
    assert ran.counts["failed"] == 1


async def test_a_coroutine_that_stops_the_loop_it_runs_on_does_not_stop_the_next():
    async def stops():
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0)
        return 1

    async def fine():
        return 2

    python = Python(limit_s=5)

    assert [await python.call(stops), await python.call(fine)] == [1, 2]


async def test_no_more_threads_work_at_a_time_than_there_is_room_for():
    inside, most, full = [], [], threading.Event()

    def work():
        inside.append(1)
        most.append(len(inside))
        if len(inside) == 3:
            full.set()
        full.wait(5)
        inside.pop()

    python = Python(room=asyncio.Semaphore(3))
    await asyncio.gather(*(python.call(work) for _ in range(9)))

    assert max(most) == 3


async def test_a_call_that_is_given_up_as_it_comes_back_leaves_no_dead_thread_to_the_next():
    """Of two nodes in one step the one fails as the other's function returns."""
    python, loop = Python(), asyncio.get_running_loop()

    def cancel_behind_the_answer():
        time.sleep(0.05)  # meanwhile the function's answer is put behind this
        loop.call_soon(task.cancel)

    task = asyncio.create_task(
        python.call(lambda: loop.call_soon_threadsafe(cancel_behind_the_answer))
    )
    with contextlib.suppress(asyncio.CancelledError):
        await task

    assert await asyncio.wait_for(python.call(lambda: "next"), 20) == "next"
