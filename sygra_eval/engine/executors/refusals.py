"""What cannot be done in workers, said before anything is spent."""

from sygra_eval.engine.options import RunOptions
from sygra_eval.models import Gateway, fewest
from sygra_eval.plugins import Plugins
from sygra_eval.values import Task, UsageError, task_of

_INSTEAD = "leave out --procs (one process does it)"


def executor_of(options: RunOptions) -> str:
    """Return the name of the executor that is asked for."""
    return options.executor or ("procs" if options.processes > 1 else "local")


def refuse_in_workers(gateway: Gateway, plugins: Plugins, options: RunOptions) -> None:
    """Refuse models and plugins that have to be in one process.

    :raises UsageError: With what it is and why, or when there is no such executor.
    """
    if plugins.find("executors", executor_of(options)).name == "local":
        return
    if options.objects:
        name = next(iter(options.objects))
        told = f"plugin `{name}` was given as an object, which other processes do not have"
        raise UsageError(f"{told}: put it into a module and name that, or leave it to one process")
    for name, model in gateway.models.items():
        told = f"model `{name}` and more than one process do not go together"
        if name in gateway.batched:
            raise UsageError(f"{told}: batches are gathered from all rows; {_INSTEAD}")
        if isinstance(getattr(model, "engines", None), int):
            why = "it computes in our own process, and each would load it and compete for the cores"
            raise UsageError(f"{told}: {why}; {_INSTEAD}")
        if task_of(model) is Task.EMBEDDINGS:
            why = "all vectors of a run are held to one length"
            raise UsageError(f"{told}: {why}; {_INSTEAD}")


def fitting_workers(gateway: Gateway, asked: int) -> tuple[int, str]:
    """Return how many workers there can be, and why not as many as are asked for.

    Each needs one call of every limit, or the limits would not hold.
    """
    most, name = fewest(gateway.gates)
    if not most or most >= asked:
        return asked, ""
    return most, (
        f"{most} instead of {asked} processes, as `{name}` takes {most} calls at a time and each "
        "process needs one of them"
    )
