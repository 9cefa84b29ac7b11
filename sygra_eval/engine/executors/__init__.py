"""Where the rows of a run are settled: in this process, or in workers beside it.

An executor (`values/executing.py` says what one is) gets a `Job`. `local` has it settle the rows
here. `procs` hands it a function that starts child processes (`process`); the job then gives rows
out and takes ends in (`crew`), while each child settles what it is given with models, sandbox and
event loop of its own (`worker`), appends to its own journal below `parts/`, and asks the run for
what is shared: limits as shares of them, budgets call by call (`leases`). When all rows have ended
the parts are taken into `journal.db`, from which the files are written as always. So a row's way,
and a run's bytes, do not depend on who settled it. Decision 0031 says why it is done so.
"""

from sygra_eval.engine.executors.job import settle_rows
from sygra_eval.engine.executors.refusals import refuse_in_workers
from sygra_eval.engine.executors.worker import work

__all__ = ["refuse_in_workers", "settle_rows", "work"]
