"""Draws inputs from strategies, in a bounded child; the same ones for the same seed and hypothesis.

A strategy is a row's data: one that takes for ever, or all memory, ends its child and nothing else.
"""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sygra_eval.sandbox import machine_factor
from sygra_eval.validators.child import ChildFailed, last_line, run_child
from sygra_eval.validators.strategies import BadStrategy, Strategy
from sygra_eval.validators.strategy_edges import edges_of_all
from sygra_eval.validators.typed_values import decoded, encoded
from sygra_eval.validators.verdicts import in_one_line

INSIDE = str(Path(__file__).with_name("inside_strategies.py"))
CPU_S = 2.0
SLACK = 3  # the child gives up by itself; what cannot is killed after so many times that
MOST_KEPT = 256
SPARE = 10  # draws, as some of them are edges again

Args = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Examples:
    """Inputs that were drawn, small ones at the edges first.

    :ivar forms: Each input's JSON form (`typed_values`); `args` makes fresh values of it.
    :ivar discarded: How many draws came to nothing.
    :ivar wanted: How many hypothesis was asked for; the rest are edges.
    """

    forms: tuple[str, ...]
    discarded: int
    wanted: int

    def args(self) -> list[Args]:
        """Give the arguments of every input."""
        return [args_of(json.loads(form)) for form in self.forms]


# A row is judged in several rounds and by several validators that draw the same inputs.
_KEPT: OrderedDict[tuple[str, int, int], Examples] = OrderedDict()


async def examples_of(strategy: Strategy, count: int, seed: int) -> Examples:
    """Give at most `count` inputs, each once; fewer where the strategy has no more in it.

    :raises BadStrategy: When hypothesis refuses it, or it gives nothing in time.
    :raises ChildFailed: When the host cannot run the child.
    """
    key = (strategy.form, count, seed)
    if key not in _KEPT:
        _KEPT[key] = await drawn(strategy, count, seed)
    _KEPT.move_to_end(key)
    while len(_KEPT) > MOST_KEPT:
        _KEPT.popitem(last=False)
    return _KEPT[key]


async def drawn(strategy: Strategy, count: int, seed: int) -> Examples:
    """Have a child draw."""
    cpu_s = CPU_S * machine_factor()
    edges = [json.dumps(encoded(args)) for args in edges_of_all(strategy.form)][: count // 2]
    wanted = count - len(edges) + min(SPARE, len(edges))
    ended = await run_child(
        [INSIDE], files={}, stdin=order_for(strategy, wanted, seed, cpu_s), limit_s=SLACK * cpu_s
    )
    if ended.exit_code != 0:
        raise ChildFailed(ended.crashed_by or last_line(ended.errors))
    told = account_of(ended.output, strategy)
    forms = dict.fromkeys([*edges, *map(json.dumps, told["inputs"])])
    return Examples(forms=tuple(forms)[:count], discarded=told["discarded"], wanted=wanted)


def order_for(strategy: Strategy, count: int, seed: int, cpu_s: float, **more: object) -> str:
    """Write what the child reads."""
    order = {"form": json.loads(strategy.form), "count": count, "seed": seed, "cpu_s": cpu_s}
    return json.dumps(order | more) + "\n"


def account_of(line: str, strategy: Strategy) -> Mapping[str, Any]:
    """Read what the child says.

    :raises BadStrategy: When it is that the strategy cannot be used.
    :raises ChildFailed: When it is nothing.
    """
    try:
        told: Mapping[str, Any] = json.loads(line)
    except ValueError as error:
        raise ChildFailed("the child that draws inputs said nothing") from error
    shown = in_one_line(", ".join(strategy.texts), 200)
    if "slow" in told:
        raise BadStrategy(
            f"{strategy.where}`{shown}` takes more than {CPU_S:g} s of CPU to draw from; "
            "make it smaller"
        )
    if "refused" in told:
        place = told["at"] or f"in `{shown}`"
        raise BadStrategy(f"{strategy.where}{in_one_line(told['refused'])} {place}")
    return told


def args_of(form: object) -> Args:
    """Make the arguments of one call."""
    args = decoded(form)
    assert isinstance(args, tuple)  # noqa: S101 - the child encodes nothing else
    return args
