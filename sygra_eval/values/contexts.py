"""What hooks are handed: frozen, so that a field can be added without breaking a plugin."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

from sygra_eval.values.chat import CallSite, ChatResponse, Message
from sygra_eval.values.errors import InfrastructureError
from sygra_eval.values.handling import OnLength
from sygra_eval.values.judging import Judgement, Limits, Sandbox, Stage
from sygra_eval.values.loops import LoopEnd, Round, StopReason
from sygra_eval.values.rows import Row, State
from sygra_eval.values.structured import CompleteJson, no_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node of the graph as the suite names it.

    :ivar config: The node type's own keys: an instance of its config model, else a mapping.
    """

    name: str
    type: str
    config: object


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorSpec:
    """A validator as the suite names it; `name` defaults to `use`."""

    name: str
    use: str
    is_required: bool
    config: object


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """Where a call belongs and whom it asks, for the hooks around it; it knows of no key.

    :ivar model: The model by the suite's name, `label` as its server knows it.
    :ivar attempt: 1-based; another attempt begins an answer anew. 0 before the first one.
    """

    site: CallSite
    model: str
    label: str
    attempt: int = 0


class Complete(Protocol):
    """Ask a model of the suite; the answer is journalled before it is returned."""

    def __call__(
        self,
        messages: tuple[Message, ...],
        *,
        model: str,
        step: str = "",
        visit: int = 1,
        sample: int = 0,
        parameters: Mapping[str, object] | None = None,
        on_length: OnLength | None = None,
    ) -> Awaitable[ChatResponse]:
        """Return the answer; `step` (as `draft`) names the call within the node.

        :param on_length: What is done with a cut answer; by default what the model's entry says.
        """
        ...


PREVIOUS_DRAFT = "sygra_eval.previous_draft"
"""In a loop, the column with the code of the kept draft before; no source can have it."""


async def no_models(
    messages: tuple[Message, ...],
    *,
    model: str,
    step: str = "",
    visit: int = 1,
    sample: int = 0,
    parameters: Mapping[str, object] | None = None,
    on_length: OnLength | None = None,
) -> ChatResponse:
    """Stand where `Complete` does, and refuse: here nobody has opened the suite's models."""
    del messages, step, visit, sample, parameters, on_length
    raise InfrastructureError(
        f"the model `{model}` is asked, and no model is open here: a validator that asks one needs "
        "a run of its suite, or in a test `answers`"
    )


def no_functions(path: str) -> Callable[..., object]:
    """Stand where functions of plugins are found, and refuse: here no plugins are known."""
    raise InfrastructureError(f"the function `{path}` is asked for, and no plugins are known here")


class WalkInside(Protocol):
    """Take the record through a graph inside a node; each visit in it is journalled."""

    def __call__(self, graph: Any, state: State) -> Awaitable[State]:
        """Return the variables at its end.

        :param graph: What the node's config holds of it, a `sygra_eval.suite.Subgraph`.
        """
        ...


async def no_walk(graph: Any, state: State) -> State:
    """Stand where `WalkInside` does, and refuse: here no run could keep the visits."""
    del graph, state
    raise InfrastructureError("a graph inside a node can be walked in a run only")


def no_giving_up(cause: str) -> None:
    """Stand where a run could be ended: where none is, its node's error is enough."""
    del cause


class Judge(Protocol):
    """Take the code from an answer and run the suite's validators in their loop stage."""

    def __call__(self, answer: str, *, previous: str | None = None) -> Awaitable[Judgement]:
        """Return the candidate and its verdicts.

        :param previous: The code of the draft that this one revises.
        """
        ...


class RecordRound(Protocol):
    """Journal one round of a loop."""

    def __call__(self, finished: Round) -> None:
        """Append it; it is on disk before the record's outcome is."""
        ...


class ShouldStop(Protocol):
    """Ask the plugins whether a loop should stop (`sygra_loop_should_stop`)."""

    def __call__(self, loop: "LoopView") -> Awaitable[StopReason | None]:
        """Return the reason to stop, or None to go on."""
        ...


class EndLoop(Protocol):
    """Tell the engine how a loop ended."""

    def __call__(self, end: LoopEnd) -> None:
        """Keep it for the record's outcome and the report."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopView:
    """What a stop rule sees: the loop's node, the rounds so far, the tokens spent."""

    node: str
    record: str
    rounds: tuple[Round, ...]
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeContext:
    """What a node works with. With chance from `random` and time from the journal, runs repeat.

    :ivar complete_json: As `complete`, for an answer that is JSON of a schema.
    :ivar chance: Returns `random`, which takes longer to make than all else of a context.
    :ivar seed: The run's.
    :ivar key: The node's name; of a second visit `NAME#2`, inside a subgraph `OUTER/NAME`.
    :ivar folder: The suite's, which relative paths are relative to.
    :ivar walk: Takes the record through a graph inside the node.
    :ivar give_up: Ends the run as incomplete, with a cause: where every further row would be lost.
    :ivar function: Returns a function of a loaded plugin, by `module:function`.
    """

    row: Row
    complete: Complete
    judge: Judge
    record_round: RecordRound
    should_stop: ShouldStop
    end_loop: EndLoop
    chance: Callable[[], Random] = field(repr=False)
    complete_json: CompleteJson = no_json
    seed: int = 0
    key: str = ""
    folder: Path = Path()
    function: Callable[[str], Callable[..., object]] = no_functions
    walk: WalkInside = no_walk
    give_up: Callable[[str], None] = no_giving_up

    @property
    def random(self) -> Random:
        """Chance, seeded by the run's seed, the record's id and the node's name."""
        return self.chance()


def seeded(*parts: object) -> Callable[[], Random]:
    """Return what makes a source of chance when it is first asked for it, and then gives that."""
    made: list[Random] = []

    def chance() -> Random:
        if not made:
            made.append(Random("\0".join(map(str, parts))))  # noqa: S311 - not a secret
        return made[0]

    return chance


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorContext:
    """What a validator works with.

    :ivar columns: The record's state: the row's columns and what nodes added.
    :ivar limits: Already scaled for this machine.
    :ivar row_id: The row that is judged.
    :ivar complete: Asks a model of the suite, as a node does; refuses where none is open.
    :ivar prepared: What the validator's `prepare` returned at the start of the run.
    :ivar shared: What validators of the same candidate, in the same stage, left for those after
        them, so that nothing is run twice; empty at first, and nothing in it is needed.
    """

    validator: ValidatorSpec
    columns: State
    stage: Stage
    sandbox: Sandbox
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    row_id: str = ""
    complete: Complete = no_models
    prepared: object = None
    shared: MutableMapping[object, object] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareContext:
    """What a validator's `prepare` works with, before the first row of a run.

    :ivar complete: Its calls are journalled too, and belong to no row.
    """

    validator: ValidatorSpec
    complete: Complete = no_models
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a validator found out before the first row.

    :ivar value: Handed to it with every row, as `ctx.prepared`.
    :ivar warnings: Sentences that a person should read before the rows are paid for.
    """

    value: object = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run as observers see it when it starts."""

    folder: Path
    suite: str
    rows_total: int | None
    isolation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """A run as observers see it when its files are written."""

    folder: Path
    suite: str
    exit_code: int
    counts: Mapping[str, int]
