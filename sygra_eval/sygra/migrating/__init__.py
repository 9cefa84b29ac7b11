"""Tasks of SyGra as suites of ours. Start at `migrated`.

What is known becomes declarative: a loop of draft and critique (`loop`), nodes without Python
(`plain`). What is not stays the task's own Python, named by its dotted path.
"""

from sygra_eval.sygra.migrating.suites import Migrated, migrated

__all__ = ["Migrated", "migrated"]
