"""The executor of quality tasks, as tasks name it."""

from sygra_eval.sygra.shim.core.base_task_executor import DefaultTaskExecutor


class JudgeQualityTaskExecutor(DefaultTaskExecutor):
    """Runs a task that judges rows."""
