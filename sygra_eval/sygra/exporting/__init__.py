"""Suites of ours as tasks that SyGra runs, and the way back.

`writing.export_suite` puts a task together: rows (`rows`), models (`models`), the graph (`graphs`,
`nodes`, `loops`, `prompts`), and the Python that goes with it (`python_text`, whose functions are
`carried`). What SyGra has nothing for is said by name (`leaving_out`). Inside SyGra's process
`judge` asks the suite's validators.
"""

from sygra_eval.sygra.exporting.comments import is_export, is_unchanged
from sygra_eval.sygra.exporting.writing import SUITE, Exported, export_suite

__all__ = ["SUITE", "Exported", "export_suite", "is_export", "is_unchanged"]
