"""The state of a record, as tasks name its type."""

from typing import TypedDict


class SygraState(TypedDict, total=False):
    """A plain dict; which keys it has, the graph says."""
