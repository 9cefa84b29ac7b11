"""What an exception of a task's Python says, with the place in the task where it was raised."""

import threading
import traceback
from pathlib import Path

from sygra_eval.sygra.functions import TaskError
from sygra_eval.values import SygraEvalError

_OURS = str(Path(__file__).resolve().parents[1])
_LIBRARY = str(Path(threading.__file__).parent)


def is_library(path: str) -> bool:
    """Say whether a file of Python is ours, Python's own or an installed package's."""
    return path.startswith((_OURS, _LIBRARY, "<")) or "/site-packages/" in path


def told(error: BaseException) -> str:
    """Return an exception's kind, words and nearest place in the task; of ours the words alone."""
    if isinstance(error, SygraEvalError | TaskError):
        return str(error)
    frames = list(traceback.extract_tb(error.__traceback__))
    own = [one for one in frames if not is_library(one.filename)]
    where = f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{where}"
