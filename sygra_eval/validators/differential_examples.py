"""Draws arguments from the strategies of a row, the same ones each time.

A row is a stranger's data: its texts are read by an allow-list and never evaluated. What hypothesis
draws is decided by the suite's seed alone: it keeps no database, has no deadline, and takes no
constants from the modules that happen to be loaded, as it does by default.
"""

from collections.abc import Mapping
from functools import lru_cache
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException, Unsatisfiable
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.strategies import SearchStrategy

from sygra_eval.validators.mutated_inputs import Input
from sygra_eval.validators.strategies import BadStrategy, strategy_of
from sygra_eval.validators.typed_values import Opaque, TooLarge

DRAWN = 1.5  # per input wanted, as some come twice
EDGES = 0.15  # how often a number is one at the edge of its range, or near it
MOST_CHARACTERS = 200_000  # of all inputs of a row, written down


class BadStrategies(Exception):
    """A column that holds no strategies, or such that give nothing."""


class Steady(HypothesisProvider):
    """Draws the edges of a range more often, and nothing that depends on what is loaded."""

    def _maybe_draw_constant(
        self, choice_type: str, constraints: Mapping[str, Any], *, p: float = 0.05
    ) -> Any:
        del p
        chance = self._random
        if choice_type != "integer" or not isinstance(chance, Random) or chance.random() > EDGES:
            return None
        least, most = constraints["min_value"], constraints["max_value"]
        near = [n + step for n in (least, most, 0) if n is not None for step in (-1, 0, 0, 1)]
        fit = [n for n in near if (least is None or n >= least) and (most is None or n <= most)]
        return chance.choice(fit) if fit else None


AVAILABLE_PROVIDERS["sygra_eval"] = Steady


def examples_of(said: object, most: int, seed_number: int) -> list[Input]:
    """Draw inputs, each once.

    :param said: One text per argument, or one text that gives a tuple of all.
    :raises BadStrategies: When it is something else.
    """
    if isinstance(said, str):
        return list(drawn((said,), most, seed_number, is_whole=True))
    if isinstance(said, list) and all(isinstance(text, str) for text in said):
        return list(drawn(tuple(said), most, seed_number, is_whole=False))
    raise BadStrategies("neither a text nor a list of texts")


@lru_cache(maxsize=64)  # the answers to one question are often judged one after the other
def drawn(texts: tuple[str, ...], most: int, seed_number: int, *, is_whole: bool) -> list[Input]:
    """Draw from strategies."""
    try:
        made = [strategy_of(text) for text in texts]
        arguments: SearchStrategy[Any] = made[0] if is_whole else st.tuples(*made)
        return collected(arguments, most, seed_number)
    except BadStrategy as error:
        raise BadStrategies(str(error)) from error
    except Unsatisfiable as error:
        raise BadStrategies("nothing can be drawn from them") from error
    except (HypothesisException, Opaque, TooLarge) as error:
        raise BadStrategies(str(error).partition("\n")[0]) from error


def collected(arguments: SearchStrategy[Any], most: int, seed_number: int) -> list[Input]:
    """Let hypothesis draw, and keep what is new."""
    found: dict[str, Input] = {}
    size = 0

    @seed(seed_number)
    @settings(
        backend="sygra_eval",
        max_examples=round(DRAWN * most) + 10,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=tuple(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(arguments)
    def keep(values: object) -> None:
        nonlocal size
        if len(found) >= most or size > MOST_CHARACTERS:
            return
        if not isinstance(values, tuple):
            raise BadStrategies("a text alone has to give a tuple of all arguments")
        one = Input(values)
        key = one.key()
        if key not in found:
            size += len(key)
            found[key] = one

    keep()
    return list(found.values())
