"""Whether a `CancelledError` is ours to pass on."""

import asyncio


def is_cancelled() -> bool:
    """Say whether the current task was asked to end.

    A plugin may raise `CancelledError`, or wait for something that was cancelled, while nobody
    asked us to end. Passed on it would end a row's task without a word, and the row with it; so who
    stands at the boundary to other code asks this, and takes it for the failure that it is.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
