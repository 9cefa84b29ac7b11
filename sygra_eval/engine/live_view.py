"""One look at a run while it goes: what is told through its door, and read on the other side."""

from pydantic import BaseModel, ConfigDict


class _Told(BaseModel):
    """Frozen; a newer version may tell more."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Rates(_Told):
    """What a gate lets through beside its limit, and who waits at it.

    :ivar requests_left: What may be sent at once; None where no rate is known.
    """

    most: int
    in_flight: int
    waiting: int
    requests_per_minute: float | None
    requests_left: float | None
    tokens_per_minute: float | None
    tokens_left: float | None


class ModelState(Rates):
    """A model's own limits, before those of its endpoint."""

    model: str
    endpoint: str


class EndpointState(Rates):
    """The gate of an endpoint and account; see `GateView`."""

    endpoint: str
    limit: int
    ceiling: int | None
    cuts: int
    refusals: int
    circuit: str


class RowsState(_Told):
    """Rows by where they are; `total` is None where the source has too many to count."""

    done: int
    total: int | None
    in_flight: int
    most: int
    verified: int
    rejected: int
    failed: int
    unjudged: int


class CallsState(_Told):
    """Calls of this start; `journalled` were answered by an earlier one."""

    sent: int
    journalled: int
    in_flight: int
    waiting: int


class NodeState(_Told):
    """The records that are at a node, of one inside another one at `outer/inner`."""

    node: str
    waiting: int
    running: int


class LiveView(_Told):
    """All of it.

    :ivar since: When this start began; `at` is when somebody looked.
    :ivar cause: Why it drains, where it does.
    :ivar nodes: Where records are now; nothing of a run with several processes, as only these know.
    :ivar is_streamed: It can be watched: some model answers in pieces, in this process.
    :ivar knows: What it can be asked; empty of versions that knew `view` and `change` only.
    """

    suite: str
    pid: int
    since: str
    at: str
    is_draining: bool
    cause: str
    rows: RowsState
    calls: CallsState
    endpoints: tuple[EndpointState, ...]
    models: tuple[ModelState, ...]
    is_paused: bool = False
    nodes: tuple[NodeState, ...] = ()
    is_streamed: bool = False
    knows: tuple[str, ...] = ()


class Changed(_Told):
    """A limit that was changed; None is no limit."""

    of: str
    limit: str
    before: float | None
    after: float | None


class Acknowledged(_Told):
    """What was changed, when it took effect, and how the run looks since."""

    at: str
    changed: tuple[Changed, ...]
    view: LiveView
