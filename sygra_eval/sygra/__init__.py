"""Runs tasks of SyGra as they are: a folder with `graph_config.yaml` and its Python.

`task_at` says what a person means, `read_task` makes a suite of it (`dialect`): its graph is one
node (`node`), its rows one source (`tables`), models are found by their aliases (`aliases`).
Inside the node a record goes step by step (`walking`) through nodes that ask (`asking`), draw
(`sampling`) or call (`functions`), with variables that are declared (`state`); at the end a row is
made of them (`finishing`). The Python of a task is imported from a root that the user trusts
(`trusting`), with our names in the place of `sygra` while it lasts (`importing`, `shim`).

`output` writes the rows as SyGra would, `delivering` all that belongs to them. SyGra's library
(`Workflow` and its kin) is in `shim`: what a program puts together becomes a task like any other.

All of it is imported when it is asked for: every run has this room's node types, and few a task.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sygra_eval.sygra import shim
from sygra_eval.sygra.environment import environment, set_keys  # a module's own name is no lazy one
from sygra_eval.sygra.shim import LIBRARY

if TYPE_CHECKING:
    from sygra_eval.sygra.calling import last_run, suite_name
    from sygra_eval.sygra.delivering import Delivered, Delivery, deliver, output_name
    from sygra_eval.sygra.dialect import Read, read_task
    from sygra_eval.sygra.going_on import is_run_of_task, keys_of_run
    from sygra_eval.sygra.importing import Shim, pinned
    from sygra_eval.sygra.metadata import write_metadata
    from sygra_eval.sygra.naming import Task, TaskFault, task_at
    from sygra_eval.sygra.output import post_processed, rows_of, write_rows
    from sygra_eval.sygra.sessions import end_all
    from sygra_eval.sygra.sinks import write_sinks
    from sygra_eval.sygra.trusting import Untrusted, is_trusted, remember_root

__all__ = [
    "LIBRARY",
    "Delivered",
    "Delivery",
    "Read",
    "Shim",
    "Task",
    "TaskFault",
    "Untrusted",
    "deliver",
    "end_all",
    "environment",
    "is_run_of_task",
    "is_trusted",
    "keys_of_run",
    "last_run",
    "output_name",
    "pinned",
    "post_processed",
    "read_task",
    "remember_root",
    "rows_of",
    "set_keys",
    "suite_name",
    "task_at",
    "write_metadata",
    "write_rows",
    "write_sinks",
]

_MODULES = {
    "calling": ("last_run", "suite_name"),
    "delivering": ("Delivered", "Delivery", "deliver", "output_name"),
    "dialect": ("Read", "read_task"),
    "going_on": ("is_run_of_task", "keys_of_run"),
    "importing": ("Shim", "pinned"),
    "metadata": ("write_metadata",),
    "naming": ("Task", "TaskFault", "task_at"),
    "output": ("post_processed", "rows_of", "write_rows"),
    "sessions": ("end_all",),
    "sinks": ("write_sinks",),
    "trusting": ("Untrusted", "is_trusted", "remember_root"),
}
_WHERE = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Return one of our own names, or one of SyGra's library, as `Workflow`."""
    if name in _WHERE:
        return getattr(import_module(f"sygra_eval.sygra.{_WHERE[name]}"), name)
    if name not in LIBRARY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(shim, name)
