"""The most that a run can take, from what would be asked; nothing is asked and nothing is paid.

Every row is taken through all its drafts, rounds and votes, each answer as long as `max_tokens`
lets it be, each prompt by its characters. So it is a bound and no estimate: runs end far below it,
and it can be missed where a text has fewer than four characters a token. Tries that are billed and
lost are not in it.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sygra_eval.engine.preflight import models_of
from sygra_eval.engine.reading import COUNTED_ROWS, limited, source_of
from sygra_eval.engine.selecting import Selection
from sygra_eval.models import CHARACTERS_PER_TOKEN, Gateway
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Suite, UnknownVariable, load_suite, most_visits
from sygra_eval.values import (
    BadRow,
    BoundScope,
    CallBound,
    ChatRequest,
    Length,
    OnLength,
    Row,
    Usage,
    longest_of,
)

NANO = 1_000_000_000


@dataclass(slots=True)
class UpperBound:
    """The most that the rows of a suite can take.

    :ivar is_all: All rows are in it; else the first ones, as there are too many.
    :ivar no_tokens: Why tokens have no bound, each reason once; `no_money` likewise. The sums are
        then those of the calls that have one.
    """

    rows: int = 0
    is_all: bool = True
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    nano_usd: int = 0
    no_tokens: dict[str, None] = field(default_factory=dict)
    no_money: dict[str, None] = field(default_factory=dict)

    @property
    def tokens(self) -> int | None:
        """Tokens of prompts and answers; None where they have no bound."""
        return None if self.no_tokens else self.prompt_tokens + self.completion_tokens

    @property
    def usd(self) -> float | None:
        """Money; None where it has no bound."""
        return None if self.no_tokens or self.no_money else self.nano_usd / NANO

    @property
    def why_not(self) -> tuple[str, ...]:
        """Why tokens or money have no bound."""
        return (*self.no_tokens, *self.no_money)


async def upper_bound_of(path: Path, plugins: Plugins, variant: str | None = None) -> UpperBound:
    """Return the most that a suite can take.

    :param variant: Which of its variants, where it has some.
    :raises SygraEvalError: When the suite, its models or its source are not fit.
    """
    suite = load_suite(path, plugins, variant=variant)
    gateway = Gateway(models_of(suite, plugins), specs=suite.models)  # never opened
    bound = UpperBound()
    _add_once(bound, suite, gateway)
    source = source_of(suite, plugins, Selection(repeat=suite.repeat))
    async with contextlib.aclosing(limited(source, COUNTED_ROWS + 1)) as rows:
        async for row in rows:
            if bound.rows == COUNTED_ROWS:
                bound.is_all = False
                break
            bound.rows += 1
            if isinstance(row, BadRow):
                continue
            with contextlib.suppress(UnknownVariable):  # such a row fails before it asks
                _add_row(bound, row, suite, gateway)
    return bound


def _add_once(bound: UpperBound, suite: Suite, gateway: Gateway) -> None:
    """Add what validators ask before the first row."""

    def answer(model: str, parameters: Mapping[str, object]) -> Length:
        return _answer_length(suite, model, parameters, bound)

    scope = BoundScope(variables={}, longest={}, answer=answer)
    for spec in suite.validators:
        most_calls = getattr(spec.config, "most_calls_once", None)
        for call in () if most_calls is None else most_calls(scope):
            _add_calls(bound, call, suite, gateway)


def _add_row(bound: UpperBound, row: Row, suite: Suite, gateway: Gateway) -> None:
    visits = {} if suite.graph is None else most_visits(suite.graph)
    longest = _longest_outputs(row, suite, bound)
    judgings = 1

    def answer(model: str, parameters: Mapping[str, object]) -> Length:
        return _answer_length(suite, model, parameters, bound)

    for node in suite.nodes:
        scope = BoundScope(variables=row.columns, longest=longest, answer=answer)
        times = visits.get(node.name, 1)
        judgings += times * getattr(node.config, "most_judgings", 0)
        output: Length = None
        if (calls := _calls_of(node.config, scope)) is None:
            bound.no_tokens[f"node `{node.name}` (`{node.type}`) does not say what it asks"] = None
        else:
            asked = ((name, call.parameters) for call in calls for name in call.models)
            output = longest_of(*(answer(name, parameters) for name, parameters in asked))
            for call in calls:
                _add_calls(bound, replace(call, calls=times * call.calls), suite, gateway)
        longest |= _declared(node.config, scope)
        outputs = getattr(node.config, "outputs", tuple)
        longest |= {name: output for name in outputs() if name not in longest}
    scope = BoundScope(variables=row.columns, longest=longest, answer=answer, judgings=judgings)
    for spec in suite.validators:
        for call in _calls_of(spec.config, scope) or ():
            _add_calls(bound, call, suite, gateway)


def _longest_outputs(row: Row, suite: Suite, bound: UpperBound) -> dict[str, Length]:
    """Return how long is at most what nodes add that stand behind one that uses it: in a cycle.

    How long an answer may be depends on who is asked, and not on how long its prompt is.
    """
    if suite.graph is None or suite.graph.is_straight:
        return {}

    def answer(model: str, parameters: Mapping[str, object]) -> Length:
        return _answer_length(suite, model, parameters, bound)

    adds = {node.name: tuple(getattr(node.config, "outputs", tuple)()) for node in suite.nodes}
    longest: dict[str, Length] = dict.fromkeys((n for names in adds.values() for n in names), 0)
    found: dict[str, list[Length]] = {}
    for node in suite.nodes:
        scope = BoundScope(variables=row.columns, longest=longest, answer=answer)
        calls = _calls_of(node.config, scope)
        asked = ((name, call.parameters) for call in calls or () for name in call.models)
        output = None if calls is None else longest_of(*(answer(*one) for one in asked))
        declared = _declared(node.config, scope)
        for name in adds[node.name]:
            found.setdefault(name, []).append(declared.get(name, output))
    return {name: longest_of(*lengths) for name, lengths in found.items()}


def _declared(config: object, scope: BoundScope) -> Mapping[str, Length]:
    """Return how long outputs may be where the node's config says it, as they are no answers."""
    declare = getattr(config, "longest_outputs", None)
    return declare(scope) if callable(declare) else {}


def _calls_of(config: object, scope: BoundScope) -> list[CallBound] | None:
    """Return what a node or validator asks at most; None where it does not say."""
    most_calls = getattr(config, "most_calls", None)
    calls = None if most_calls is None else most_calls(scope)
    return None if calls is None else list(calls)


def _add_calls(bound: UpperBound, call: CallBound, suite: Suite, gateway: Gateway) -> None:
    is_raised = any(_on_length(call, name, suite) is OnLength.RAISE for name in call.models)
    calls = call.calls * (2 if is_raised else 1)
    bound.calls += calls
    if not calls:
        return
    nano_usd = prompt = completion = 0
    for one, asked in _may_be_asked(call, suite, gateway):
        most = _most_tokens(asked.parameters)
        if most is None or call.prompt is None:
            bound.no_tokens[_unbounded(one) if most is None else _unknown_prompt(one)] = None
            return
        tokens = -(-call.prompt // CHARACTERS_PER_TOKEN)
        price = gateway.cost_of(one, Usage(prompt_tokens=tokens, completion_tokens=most))
        if price is None:
            bound.no_money[f"the price of `{one}` is unknown"] = None
        prompt, completion = max(prompt, tokens), max(completion, most)
        nano_usd = max(nano_usd, price or 0)
    answers = call.calls * (3 if is_raised else 1)  # the second one is twice as long at most
    bound.prompt_tokens += calls * prompt
    bound.completion_tokens += answers * completion
    bound.nano_usd += answers * nano_usd


def _on_length(call: CallBound, name: str, suite: Suite) -> OnLength:
    return call.on_length or suite.models[name].handling.on_length


def _may_be_asked(
    call: CallBound, suite: Suite, gateway: Gateway
) -> Iterator[tuple[str, ChatRequest]]:
    """Yield the models that a route may choose and those that stand in, each with its request."""
    for name in call.models:
        parameters = {**suite.models[name].parameters, **call.parameters}
        yield from gateway.asked_in_turn(name, ChatRequest(messages=(), parameters=parameters))


def _answer_length(
    suite: Suite, model: str, parameters: Mapping[str, object], bound: UpperBound
) -> Length:
    most = _most_tokens({**suite.models[model].parameters, **parameters})
    if most is None:
        bound.no_tokens[_unbounded(model)] = None
        return None
    return most * CHARACTERS_PER_TOKEN


def _most_tokens(parameters: Mapping[str, object]) -> int | None:
    """Return the tokens of all choices of an answer, where the request bounds them."""
    most = parameters.get("max_tokens", parameters.get("max_completion_tokens"))
    choices = parameters.get("n")
    if not isinstance(most, int):
        return None
    return most * (choices if isinstance(choices, int) and choices > 1 else 1)


def _unbounded(model: str) -> str:
    return f"answers of `{model}` have no `max_tokens`"


def _unknown_prompt(model: str) -> str:
    return f"a prompt of `{model}` holds what a node makes whose length nobody knows"
