"""A task's graph with its Python found: made once a process, walked by every record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sygra_eval.sygra import functions
from sygra_eval.sygra.asking import NodeRun, Visiting, agent_node, llm_node, multi_llm_node
from sygra_eval.sygra.config import TaskConfig, restored
from sygra_eval.sygra.executors import made, overridden
from sygra_eval.sygra.finishing import Finish, finish_of, with_rows_of
from sygra_eval.sygra.importing import begin
from sygra_eval.sygra.limited import Python
from sygra_eval.sygra.measuring import lend
from sygra_eval.sygra.naming import task_at
from sygra_eval.sygra.sampling import sampler_node
from sygra_eval.sygra.shim.utils import utils
from sygra_eval.sygra.state import declared
from sygra_eval.sygra.trusting import require_trust

START, END = "__start__", "__end__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """An edge: to one node, or to what a condition says.

    :ivar ways: By what the condition returns.
    """

    target: str = ""
    condition: Callable[[Any], Any] | None = None
    name: str = ""
    ways: Mapping[Any, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What a record needs of its task.

    :ivar names: The variables that the graph declares.
    :ivar leaving: By node, its edges.
    :ivar python: How its Python is called.
    :ivar before: What a task's own executor makes of a row.
    """

    runs: Mapping[str, NodeRun]
    leaving: Mapping[str, tuple[Way, ...]]
    names: frozenset[str]
    finish: Finish
    limit: int
    python: Python
    before: Callable[[Any], Any] | None = None


_MADE: dict[int, tuple[TaskConfig, Compiled]] = {}


def compiled(config: TaskConfig, folder: Path) -> Compiled:
    """Return the task of a node; its Python is imported the first time, if it is trusted.

    :raises UsageError: When it is not, or something in it is not there.
    """
    kept = _MADE.get(id(config))
    if kept is not None and kept[0] is config:
        return kept[1]
    open_session(config, folder)
    made = _compile(config)
    _MADE.clear()  # one task runs in a process at a time
    _MADE[id(config)] = (config, made)
    return made


def forget() -> None:
    """Let go of what was made, as its modules go too."""
    _MADE.clear()


def open_session(config: Any, folder: Path) -> None:
    """Make the Python of a task importable, if it is trusted; the end of the run takes it away."""
    root = (folder / config.root).resolve()
    require_trust(root, folder)
    begin(root, config.shim)
    task = task_at(str(folder))
    utils.current_task = str(folder) if task is None else str(task.folder)


def _compile(config: TaskConfig) -> Compiled:
    lend(config.metrics)
    nodes = {name: restored(node) for name, node in config.nodes.items()}
    leaving: dict[str, list[Way]] = {}
    for edge in restored(config.edges):
        leaving.setdefault(edge["from"], []).append(_way(edge))
    models, properties = restored(config.models), restored(config.properties)
    finish, before = finish_of(config, nodes), None
    if config.executor is not None:
        executor = made(config.executor, config.task, restored(config.args))
        executor.output_generator = executor.output_generator or finish.generator
        before = overridden(executor, "input_record_generator")
        if (after := overridden(executor, "output_record_generator")) is not None:
            finish = with_rows_of(after, finish)
    return Compiled(
        before=before,
        runs={name: _run_of(name, node, models, properties) for name, node in nodes.items()},
        leaving={name: tuple(ways) for name, ways in leaving.items()},
        names=declared(nodes),
        finish=finish,
        limit=config.recursion_limit,
        python=Python(limit_s=config.python_limit_s),
    )


def _way(edge: Mapping[str, Any]) -> Way:
    if "condition" not in edge:
        return Way(target=edge["to"])
    path = edge["condition"]
    return Way(condition=functions.condition(path), name=path, ways=edge["path_map"])


def _run_of(
    name: str, node: dict[str, Any], models: Mapping[str, Any], properties: Mapping[str, Any]
) -> NodeRun:
    match node["node_type"]:
        case "llm":
            return llm_node(name, node, models, properties)
        case "multi_llm":
            return multi_llm_node(name, node, models, properties)
        case "agent":
            return agent_node(name, node, models, properties)
        case "lambda":
            return _lambda_node(node)
        case "weighted_sampler":
            return sampler_node(node)
        case _:
            return _connector


def _lambda_node(node: dict[str, Any]) -> NodeRun:
    function = functions.node_function(node["lambda"])
    key = node.get("output_keys")
    takes_state_alone = functions.places(function) == 1

    async def run(state: dict[str, Any], visiting: Visiting) -> Mapping[str, Any] | None:
        if not takes_state_alone:
            made = await visiting.python.call(function, node, state)
            return cast("Mapping[str, Any] | None", made)
        # As SyGra's documentation has it, and its code not.
        made = await visiting.python.call(function, state)
        is_update = made is None or isinstance(made, Mapping) or not isinstance(key, str)
        return cast("Mapping[str, Any] | None", made if is_update else {key: made})

    return run


async def _connector(state: dict[str, Any], visiting: Visiting) -> None:
    del state, visiting
