"""What every record of a run works with."""

from dataclasses import dataclass, field

from sygra_eval.engine.stop import StopSignal
from sygra_eval.journal import Journal
from sygra_eval.models import Gateway
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Suite
from sygra_eval.values import Sandbox


@dataclass(slots=True)
class Counters:
    """What this start of the run did, for progress and the `finished` event."""

    calls_sent: int = 0
    calls_cached: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One run's parts; nothing of it is shared with another run in the same process."""

    suite: Suite
    plugins: Plugins
    gateway: Gateway
    sandbox: Sandbox | None
    journal: Journal
    stop: StopSignal
    counters: Counters = field(default_factory=Counters)
