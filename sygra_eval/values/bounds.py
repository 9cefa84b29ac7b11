"""What a node or a validator may come to ask at most, before anything is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sygra_eval.values.handling import OnLength

Length = int | None
"""Characters at most; None where nobody can tell, as where an answer has no `max_tokens`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBound:
    """At most `calls` calls of one model, each with a prompt of at most so many characters.

    :ivar or_models: Those of which one may be asked instead, as a route chooses it.
    :ivar on_length: What is done with a cut answer, instead of what the model says: it may be asked
        for once more.
    """

    model: str
    calls: int
    prompt: Length
    parameters: Mapping[str, object] = field(default_factory=dict)
    or_models: tuple[str, ...] = ()
    on_length: OnLength | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """All that may be asked."""
        return (self.model, *self.or_models)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundScope:
    """What is known of one row beforehand, handed to `Config.most_calls(scope)`.

    :ivar variables: Its columns; `longest` says how long the outputs of earlier nodes may be.
    :ivar answer: How long an answer of a model with these parameters may be.
    :ivar judgings: How often its candidate is judged at most, for validators.
    """

    variables: Mapping[str, object]
    longest: Mapping[str, Length]
    answer: Callable[[str, Mapping[str, object]], Length]
    judgings: int = 1


def sum_of(*lengths: Length) -> Length:
    """Return the sum; None when one of them is unknown."""
    known = [length for length in lengths if length is not None]
    return sum(known) if len(known) == len(lengths) else None


def longest_of(*lengths: Length) -> Length:
    """Return the longest; None when one of them is unknown."""
    known = [length for length in lengths if length is not None]
    return max(known, default=0) if len(known) == len(lengths) else None
