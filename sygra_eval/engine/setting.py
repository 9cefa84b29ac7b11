"""What every record of a run works with."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from sygra_eval.engine.breaking import Breaks
from sygra_eval.engine.call_hooks import CallHooks
from sygra_eval.engine.deltas import Deltas
from sygra_eval.engine.lengths import Lengths
from sygra_eval.engine.pausing import Pause
from sygra_eval.engine.places import Places
from sygra_eval.engine.spending import Spending
from sygra_eval.engine.stop import StopSignal
from sygra_eval.engine.watch import Nobody, Watch
from sygra_eval.journal import Journal, RunLock
from sygra_eval.models import Gateway
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Suite
from sygra_eval.values import Budget, ChatResponse, Prepared, Sandbox


@dataclass(slots=True)
class Counters:
    """What this start of the run did, for progress and the `finished` event.

    :ivar calls_sent: Answered by an endpoint; `calls_cached` by this run's own journal,
        `calls_from_cache` by what an earlier run had kept.
    """

    calls_sent: int = 0
    calls_cached: int = 0
    calls_from_cache: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One run's parts; nothing of it is shared with another run in the same process.

    :ivar lock: The run folder's, to look whether it is still ours.
    :ivar is_resumed: Rows and visits may be in the journal already; in a new run none is.
    :ivar others: Models that were answered for by others, and by whom; each is told once.
    :ivar is_strict: An answer of another model than the one asked is none.
    :ivar prepared: By validator's name, what it found out before the first row, or why it could
        not.
    :ivar breaks: How often validators broke in a row.
    :ivar call_hooks: None where no plugin has to do with calls.
    :ivar watch: Who is told of every row that ends, and may hold back the next.
    :ivar pause: While it lasts, no record and no call is begun.
    :ivar deltas: Text as it is made, for who watches; `places` is where the records are.
    :ivar ask: What validators are answered by, where no model is to be asked.
    """

    suite: Suite
    plugins: Plugins
    gateway: Gateway
    sandbox: Sandbox | None
    journal: Journal
    stop: StopSignal
    lock: RunLock | None = None
    is_strict: bool = False
    is_resumed: bool = True
    spending: Spending = field(default_factory=lambda: Spending(Budget()))
    call_hooks: CallHooks | None = None
    counters: Counters = field(default_factory=Counters)
    prepared: Mapping[str, Prepared | str] = field(default_factory=dict)
    lengths: Lengths = field(default_factory=Lengths)
    breaks: Breaks = field(default_factory=Breaks)
    others: set[tuple[str, str]] = field(default_factory=set)
    watch: Watch = field(default_factory=Nobody)
    pause: Pause = field(default_factory=Pause)
    deltas: Deltas = field(default_factory=Deltas)
    places: Places = field(default_factory=Places)
    ask: Callable[..., Coroutine[Any, Any, ChatResponse]] | None = None
