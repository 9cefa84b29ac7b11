"""A task's own `TaskExecutor`: what it changes of rows, on their way in and on their way out.

SyGra lets a task drive its whole run. Here the run is ours, and of such a class those methods are
called that say something of rows (`USED`); what else it overrides is told by file and line. It is
found for each spelling of a task's name, and made anew where rows are read and where they are
written. Its `dataset` is read only when it is asked for.
"""

import ast
import inspect
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sygra_eval.sygra.naming import Task, TaskFault, function_at
from sygra_eval.sygra.raised import told
from sygra_eval.sygra.shim.core.base_task_executor import SOURCE, BaseTaskExecutor

NAME, MODULE = "TaskExecutor", "task_executor"
USED = ("init_dataset", "input_record_generator", "output_record_generator")
_DRIVING = frozenset(
    {
        *("execute", "init_graph", "apply_transforms", "add_id", "assign_ids"),
        *("validate_data_config", "_load_source_data", "_read_data", "_init_output_generator"),
        *("_upload_into_sink", "_split_data_per_alias", "_configure_resume_behavior"),
    }
)
"""What SyGra calls of an executor, and a run of ours does itself."""


@dataclass(frozen=True, slots=True)
class Own:
    """Where a task defines its executor."""

    path: str
    place: str


def own_executor(task: Task) -> Own | None:
    """Return the executor of a task; its Python is looked at and not imported."""
    file = task.folder / f"{MODULE}.py"
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None  # whoever imports it says so
    for statement in tree.body:
        names = [one.asname or one.name for one in getattr(statement, "names", ())]
        if NAME in (getattr(statement, "name", None), *names):
            return Own(f"{task.name}.{MODULE}.{NAME}", f"{file.name}:{statement.lineno}")
    return None


def class_at(path: str) -> type[BaseTaskExecutor]:
    """Return the class of an executor.

    :raises TaskFault: When it is none of SyGra's.
    """
    found = function_at(path)
    if not (isinstance(found, type) and issubclass(found, BaseTaskExecutor)):
        raise TaskFault(
            f"`{path}` is no `BaseTaskExecutor`: a run here drives rows itself, and calls "
            f"{', '.join(f'`{name}`' for name in USED)} of one"
        )
    return found


def not_called(path: str) -> Iterator[str]:
    """Yield what an executor overrides and no run here calls, with file and line."""
    found = class_at(path)
    for owner in found.__mro__:
        if owner.__module__.startswith("sygra_eval."):
            break
        for name in sorted(_DRIVING & vars(owner).keys()):
            function = inspect.unwrap(vars(owner)[name])
            code = getattr(function, "__code__", None)
            where = f" ({Path(code.co_filename).name}:{code.co_firstlineno})" if code else ""
            yield (
                f"`{owner.__name__}.{name}`{where} is not called: a run here drives rows itself; "
                f"what is called of a `{NAME}` is {', '.join(USED)}"
            )


def made(path: str, task: str, args: Mapping[str, Any]) -> BaseTaskExecutor:
    """Return an executor, as SyGra's command makes one.

    :param args: What `--run_args` and its kin say, and the source that a side file names.
    :raises TaskFault: When it cannot be made.
    """
    named = {**_ARGS, **args, "task": task}
    try:
        return class_at(path)(Namespace(**named))
    except TaskFault:
        raise
    except (Exception, SystemExit) as error:
        raise TaskFault(f"`{path}` cannot be made: {told(error)}") from error


_ARGS: Mapping[str, Any] = {
    "start_index": 0,
    "num_records": 0,
    "batch_size": 50,
    "checkpoint_interval": 100,
    "debug": False,
    "clear_logs": False,
    "output_with_ts": False,
    "run_name": "",
    "run_args": {},
    "resume": False,
    "output_dir": None,
    "oasst": False,
    "quality": False,
    "disable_metadata": False,
    SOURCE: None,
}


def overridden(executor: BaseTaskExecutor, name: str) -> Callable[..., Any] | None:
    """Return a method where a task has its own."""
    own = getattr(type(executor), name)
    mine = getattr(BaseTaskExecutor, name)
    return None if own is mine else getattr(executor, name)


def has_rows(executor: BaseTaskExecutor) -> bool:
    """Say whether a task's rows are what its executor makes of them."""
    return overridden(executor, "init_dataset") is not None or executor.has_dataset
