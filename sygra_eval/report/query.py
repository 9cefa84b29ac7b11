"""One named statement."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Query:
    """What gives a figure again.

    :ivar about: What it counts, in a sentence.
    :ivar sql: One statement for SQLite.
    :ivar behind: The rows that a figure is made of, with the columns of `at`; empty for none.
    """

    about: str
    sql: str
    behind: str = ""
