"""The executors of tasks: a run here drives rows itself, and takes of one what it changes."""

from typing import Any

import yaml

from sygra_eval.sygra.naming import FILE, folder_of_name

SOURCE = "sygra_eval_source"
"""Of the arguments: where rows are read from, when a side file says so."""


class BaseTaskExecutor:
    """What a task may change of how it is run.

    `init_dataset`, `input_record_generator` and `output_record_generator` are called, and what a
    task's `__init__` leaves in `dataset` is what rows are taken from.
    """

    def __init__(self, args: Any, graph_config_dict: dict[str, Any] | None = None) -> None:
        self.args = args
        self.task_name = getattr(args, "task", "")
        self.config: dict[str, Any] = graph_config_dict or _config_of(self.task_name)
        self.graph_config: Any = self.config.get("graph_config")
        data = self.config.get("data_config") or {}
        self.id_column = data.get("id_column")
        self.resumable = bool(data.get("resumable"))
        self.output_generator: Any = None
        self.output_dir = getattr(args, "output_dir", None)
        self._rows: Any = None

    @property
    def dataset(self) -> Any:
        """Return the rows; they are read when somebody asks."""
        if self._rows is None:
            self._rows = self.init_dataset()
        return self._rows

    @dataset.setter
    def dataset(self, rows: Any) -> None:
        self._rows = rows

    @property
    def has_dataset(self) -> bool:
        """Whether rows were read, or given: a task may have changed them."""
        return self._rows is not None

    def init_dataset(self) -> Any:
        """Return the rows of the task's source, with their transforms and ids."""
        from sygra_eval.sygra.tables import rows_of_data

        data = dict(self.config.get("data_config") or {})
        if (given := getattr(self.args, SOURCE, None)) is not None:
            data["source"] = given
        return rows_of_data(data, self.task_name)

    def init_graph(self) -> Any:
        """Return the graph."""
        return self.graph_config

    def input_record_generator(self, record: Any) -> Any:
        """Return what the graph is given for a row."""
        return record

    def output_record_generator(self, state: Any) -> Any:
        """Return the row that a state gives; None for none."""
        return state if self.output_generator is None else self.output_generator.generate(state)

    def execute(self) -> Any:
        """Refuse: a run is driven by `sygra-eval run`."""
        raise NotImplementedError("run the task with `sygra-eval run FOLDER`")


class DefaultTaskExecutor(BaseTaskExecutor):
    """Changes nothing."""


def _config_of(task: str) -> dict[str, Any]:
    if not task:
        return {}
    path = folder_of_name(task) / FILE
    found = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    return found if isinstance(found, dict) else {}
