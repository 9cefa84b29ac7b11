"""Which folder a task's name means, and what its dotted paths and file paths lead to.

A task is given as a folder (`tasks/examples/x`, or any other path), by dots from the working
directory (`tasks.examples.x`), or without the leading `tasks.`; all mean the same folder. The
folder that contains `tasks/` is the task's root: dotted paths are imported from there, and file
paths are looked for there when the working directory has no such file.
"""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sygra_eval.sygra.given import GIVEN
from sygra_eval.sygra.importing import RECIPES, active_root
from sygra_eval.values import UsageError

FILE = "graph_config.yaml"


class TaskFault(UsageError):
    """Something that a task names is not there, or cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A folder with a graph.

    :ivar name: By dots, as `tasks.examples.x`.
    :ivar root: The folder that contains `tasks/`.
    """

    name: str
    folder: Path
    root: Path

    @property
    def path(self) -> Path:
        """Its configuration."""
        return self.folder / FILE


def task_at(given: str) -> Task | None:
    """Return the task that a person names; None where that is no task of SyGra."""
    for folder in _candidates(given):
        if (folder / FILE).is_file():
            return _task_in(folder.resolve())
    return None


def _candidates(given: str) -> list[Path]:
    path = Path(given)
    if path.name == FILE:
        return [path.parent]
    if "/" in given or path.is_absolute():
        return [path]
    dotted = Path(*given.split("."))
    return [path, dotted, Path("tasks") / dotted]


def _task_in(folder: Path) -> Task:
    root = root_of(folder)
    inner = folder.relative_to(root) if folder.is_relative_to(root) else Path(folder.name)
    return Task(name=".".join(inner.parts), folder=folder, root=root)


def root_of(folder: Path) -> Path:
    """Return the nearest folder above a task that contains `tasks/`, else what it is run from."""
    for above in folder.parents:
        if (above / "tasks").is_dir():
            return above
    here = Path.cwd()
    return here if folder.is_relative_to(here) and folder != here else folder.parent


def folder_of_name(name: str) -> Path:
    """Return the folder of a graph that another one names: in the root, or a recipe of ours.

    :raises TaskFault: When there is none.
    """
    dotted = Path(*name.split("."))
    places = [Path(name)] if "/" in name else []
    for base in (Path.cwd(), active_root()):
        places += [base / name, base / dotted, base / "tasks" / dotted]
    if dotted.parts[:2] == ("sygra", "recipes"):
        places.append(RECIPES.joinpath(*dotted.parts[2:]))
    for place in places:
        if place.is_dir():
            return place
    raise TaskFault(f"there is no folder of `{name}` in {active_root()}")


def is_our_recipe(folder: Path) -> bool:
    """Say whether a graph is one of ours, whose prompts are not those of SyGra."""
    return folder.is_relative_to(RECIPES)


def found_file(given: str) -> Path:
    """Return a file by its path: from the working directory, else from the root."""
    path = Path(given)
    inner = active_root() / path
    return path if path.exists() or not inner.exists() else inner


def function_at(path: str) -> Any:
    """Return the class or function that a dotted path names.

    :raises TaskFault: When its module cannot be imported or has none of that name.
    """
    if path in GIVEN:
        return GIVEN[path]
    module_name, _, name = path.rpartition(".")
    if not module_name or module_name.startswith("."):
        raise TaskFault(f"`{path}` is no dotted path, as `tasks.name.task_executor.Name`")
    try:
        module = importlib.import_module(module_name)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        raise TaskFault(f"`{module_name}` cannot be imported: {_told(error)}") from error
    found = getattr(module, name, None)
    if found is None:
        raise TaskFault(f"`{module_name}` has no `{name}`")
    return found


def _told(error: BaseException) -> str:
    from sygra_eval.sygra.raised import told  # which needs functions, which need us

    return told(error)
