"""SyGra's library as Python programs use it: `Workflow().source(...).llm(...).sink(...).run()`.

A workflow is a configuration of SyGra that is put together by calls (`workflow`); `running` reads
it as any task and runs it with our engine, so what it makes is a run folder too.
"""

from sygra_eval.sygra.library.workflow import Workflow, create_graph

__all__ = ["Workflow", "create_graph"]
