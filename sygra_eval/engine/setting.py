"""What every record of a run works with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sygra_eval.engine.breaking import Breaks
from sygra_eval.engine.spending import Amount, Spending
from sygra_eval.engine.stop import StopSignal
from sygra_eval.journal import Journal
from sygra_eval.models import Gateway
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Suite
from sygra_eval.values import Budget, Prepared, Sandbox


@dataclass(slots=True)
class Counters:
    """What this start of the run did, for progress and its events."""

    calls_sent: int = 0
    calls_cached: int = 0
    others: set[tuple[str, str]] = field(default_factory=set)  # models, and who answered for them


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One run's parts; nothing of it is shared with another run in the same process.

    :ivar is_strict: An answer of another model than the one asked is none.
    :ivar prepared: By validator's name, what it found out before the first row, or why it could
        not.
    :ivar breaks: How often validators broke in a row.
    """

    suite: Suite
    plugins: Plugins
    gateway: Gateway
    sandbox: Sandbox | None
    journal: Journal
    stop: StopSignal
    is_strict: bool = False
    spending: Spending = field(default_factory=lambda: Spending(Budget(), Amount(), Amount()))
    counters: Counters = field(default_factory=Counters)
    prepared: Mapping[str, Prepared | str] = field(default_factory=dict)
    breaks: Breaks = field(default_factory=Breaks)
