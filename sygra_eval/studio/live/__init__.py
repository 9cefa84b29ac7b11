"""What happens while it happens: runs that are started, steered, counted, and told of.

`Runs` (`service`) is what the routes call. A run that is started is a process of its own
(`children`, by the `command` that a person could type). A run that somebody looks at, whoever
started it, is read by one `RunWatch` (`run_watch`): its journal through `journal.JournalTail` into
counts (`counting`), its process through the socket in its folder. `watching` looks at it while
somebody asks for its topic, and hands what is new to `Hub` (`hub`), which has the tabs.
"""

from sygra_eval.studio.live.hub import Hub
from sygra_eval.studio.live.service import Runs

__all__ = ["Hub", "Runs"]
