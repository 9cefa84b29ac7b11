"""The executors of tasks: a run here drives rows itself, and takes of one what it changes."""

from typing import Any


class BaseTaskExecutor:
    """What a task may change of how it is run."""

    def __init__(self, args: Any, graph_config_dict: dict[str, Any] | None = None) -> None:
        self.args = args
        self.task_name = getattr(args, "task", "")
        self.config: dict[str, Any] = graph_config_dict or {}
        self.graph_config: Any = self.config.get("graph_config")
        self.dataset: Any = []
        self.output_generator: Any = None
        self.output_dir = getattr(args, "output_dir", None)

    def init_dataset(self) -> Any:
        """Return the rows."""
        return self.dataset

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
