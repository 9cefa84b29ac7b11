"""Registers the executors that come with us, by the hook that a plugin uses."""

from sygra_eval.engine.executors.process import start_process
from sygra_eval.hookspecs import RegisterExecutor, hookimpl
from sygra_eval.values import Job


class Local:
    """Settles the rows in this process."""

    async def run(self, job: Job) -> int:
        """Return how many rows of the source were read."""
        return await job.settle_here()


class Procs:
    """Settles the rows in child processes of this host."""

    async def run(self, job: Job) -> int:
        """Return how many rows of the source were read."""
        return await job.settle_by(start_process)


@hookimpl
def sygra_register_executors(register: RegisterExecutor) -> None:
    """Add `local`, which is the default, and `procs`."""
    register("local", Local())
    register("procs", Procs())
