"""What every record of a run works with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sygra_eval.engine.call_hooks import CallHooks
from sygra_eval.engine.spending import Amount, Spending
from sygra_eval.engine.stop import StopSignal
from sygra_eval.journal import Journal
from sygra_eval.models import Gateway
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Suite
from sygra_eval.values import Budget, Prepared, Sandbox


@dataclass(slots=True)
class Counters:
    """What this start of the run did, for progress and the `finished` event."""

    calls_sent: int = 0
    calls_cached: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One run's parts; nothing of it is shared with another run in the same process.

    :ivar prepared: By validator's name, what it found out before the first row, or why it could
        not.
    :ivar call_hooks: None where no plugin has to do with calls.
    """

    suite: Suite
    plugins: Plugins
    gateway: Gateway
    sandbox: Sandbox | None
    journal: Journal
    stop: StopSignal
    spending: Spending = field(default_factory=lambda: Spending(Budget(), Amount(), Amount()))
    call_hooks: CallHooks | None = None
    counters: Counters = field(default_factory=Counters)
    prepared: Mapping[str, Prepared | str] = field(default_factory=dict)
