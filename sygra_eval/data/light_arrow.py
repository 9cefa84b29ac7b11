"""pyarrow without pandas, for a process that is ours alone.

pyarrow imports pandas, where there is one, to ask whether a list is one of its series: that takes
42 MB and 0.3 s, and nothing of ours is one. Its own allocator keeps another 8 MB beside Python's.
"""

import sys
import warnings
from types import ModuleType
from typing import Any

_is_left_out = False


def leave_pandas_out() -> None:
    """Say that this process needs no pandas; not for a library to do in somebody else's."""
    global _is_left_out
    _is_left_out = True


def loaded_pyarrow() -> Any:
    """Import pyarrow, and let it look for pandas where that has no consequences.

    It looks once, and is shown a pandas that is too old. What converts to or from pandas looks
    again and finds the real one. Where pandas is loaded already there is nothing to save.
    """
    import pyarrow as pa

    if _is_left_out:
        pa.set_memory_pool(pa.system_memory_pool())
    if _is_left_out and "pandas" not in sys.modules:
        old = ModuleType("pandas")
        old.__version__ = "0.0"  # type: ignore[attr-defined]
        sys.modules["pandas"] = old
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pa.array([None])
        finally:
            del sys.modules["pandas"]
    return pa
