"""Node `subgraph`: walks the graph of another suite as one step of this one.

Its nodes see only what `inputs` hands in, and add only what `outputs` takes out. Each of their
visits is journalled for itself, as `OUTER/INNER`, so a kill in the middle costs none of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self, cast

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from sygra_eval.suite import Subgraph, UnknownVariable, did_you_mean, most_visits
from sygra_eval.values import (
    BoundScope,
    CallBound,
    Length,
    Node,
    NodeContext,
    Problem,
    Scope,
    State,
    longest_of,
)


class SubgraphConfig(BaseModel):
    """The keys of a `subgraph` node.

    `suite` is a path, relative to the suite, or the document itself. Without `inputs` its nodes see
    all variables under their own names.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    embeds: ClassVar[str] = "suite"
    """The key whose suite's graph becomes a part of this one."""

    suite: str | dict[str, Any]
    inputs: dict[str, str] | None = None
    gives: dict[str, str] = Field(alias="outputs", min_length=1)
    _inner: Subgraph | None = PrivateAttr(default=None)

    def with_inner(self, inner: Subgraph) -> Self:
        """Return these keys with the graph that they name."""
        copied = self.model_copy()
        copied._inner = inner
        return copied

    @property
    def inner(self) -> Subgraph:
        """The graph; the suite's errors have been told of where there is none."""
        return self._inner if self._inner is not None else Subgraph()

    def outputs(self) -> tuple[str, ...]:
        """Return the variables that it adds."""
        return tuple(self.gives)

    def names_inside(self, variables: Iterable[str]) -> dict[str, str]:
        """Return the variables that its nodes see, by their name inside."""
        return dict(self.inputs) if self.inputs is not None else {name: name for name in variables}

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield variables that are handed in and that nothing provides."""
        for name, outer in (self.inputs or {}).items():
            if outer not in scope.variables:
                yield Problem(
                    code="unknown-variable",
                    message=f"no column or node provides `{outer}`",
                    at=("inputs", name),
                    fix=did_you_mean(outer, scope.variables),
                )

    def most_calls(self, scope: BoundScope) -> list[CallBound] | None:
        """Return the calls of all its nodes, each as often as it may be visited."""
        inside, visits = self._scope_inside(scope), most_visits(self.inner.graph)
        found: list[CallBound] = []
        for node in self.inner.nodes.values():
            calls = _calls_of(node, inside)
            if calls is None:
                return None
            times = visits.get(node.name.rpartition("/")[2], 1)
            found += [replace(call, calls=times * call.calls) for call in calls]
        return found

    def longest_outputs(self, scope: BoundScope) -> dict[str, Length]:
        """Return how long what it adds may be."""
        inside = self._scope_inside(scope)
        known = {name: len(str(value)) for name, value in inside.variables.items()}
        return {
            outer: inside.longest.get(name, known.get(name)) for outer, name in self.gives.items()
        }

    def _scope_inside(self, scope: BoundScope) -> BoundScope:
        """Return what its nodes see, with how long what they add may be."""
        names = self.names_inside({**scope.variables, **scope.longest})
        seen = {n: scope.variables[o] for n, o in names.items() if o in scope.variables}
        longest = {n: scope.longest[o] for n, o in names.items() if o in scope.longest}
        added = [n for node in self.inner.nodes.values() for n in _outputs(node)]
        blind = replace(scope, variables=seen, longest={**dict.fromkeys(added, 0), **longest})
        for node in self.inner.nodes.values():
            calls = _calls_of(node, blind)
            declare = getattr(node.config, "longest_outputs", None)
            declared = declare(blind) if callable(declare) else {}
            lengths = [
                scope.answer(model, call.parameters)
                for call in calls or ()
                for model in call.models
            ]
            output = None if calls is None else longest_of(*lengths)
            for name in _outputs(node):
                before = (longest[name],) if name in longest else ()
                longest[name] = longest_of(declared.get(name, output), *before)
        return replace(scope, variables=seen, longest=longest)


def _calls_of(node: Node, scope: BoundScope) -> list[CallBound] | None:
    most_calls = getattr(node.config, "most_calls", None)
    calls = None if most_calls is None else most_calls(scope)
    return None if calls is None else list(calls)


def _outputs(node: Node) -> tuple[str, ...]:
    return tuple(getattr(node.config, "outputs", tuple)())


async def subgraph(node: Node, state: State, ctx: NodeContext) -> State:
    """Walk its graph with what it is handed; return what is taken out of it."""
    config = cast("SubgraphConfig", node.config)
    names = config.names_inside(state)
    if missing := next((outer for outer in names.values() if outer not in state), None):
        raise UnknownVariable(f"this record has no `{missing}`")
    given = {name: state[outer] for name, outer in names.items()}
    end: Mapping[str, object] = await ctx.walk(config.inner, given)
    if missing := next((name for name in config.gives.values() if name not in end), None):
        raise UnknownVariable(f"in `{ctx.key}` nothing set `{missing}`")
    return {outer: end[name] for outer, name in config.gives.items()}
