"""Builds strategies and draws inputs from them; runs in a child of ours, as some take for ever.

One order on standard input, one account on standard output; while it looks for a smaller input it
asks, a line at a time, whether one still fails. A process of its own makes what is drawn the same
wherever it is asked for: hypothesis mixes constants of the loaded modules into its values.
"""

import json
import os
import re
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NoReturn

CODEC = runpy.run_path(str(Path(__file__).with_name("typed_values.py")), run_name="typed_values")
encoded, decoded = CODEC["encoded"], CODEC["decoded"]
Opaque, TooLarge = CODEC["Opaque"], CODEC["TooLarge"]

# Without an alphabet hypothesis spends a second on a table of all of Unicode.
ALPHABET = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    " \n\t.,;:!?'\"()[]{}<>+-*/=%&|^~@#$_\\`"
    "äßéñ\u0130\u0131\u017f\u03a3\u03c2øЖ中あ\u0301\u200b\xa0👍"
)
MOST_BYTES = 8 << 20
LONGEST = 300
EDGES = 0.15
AS_HYPOTHESIS_REFUSES = (
    re.error, TypeError, ValueError, ArithmeticError, LookupError, RecursionError
)  # fmt: skip

Node = dict[str, Any]
Args = tuple[object, ...]


def main() -> None:
    """Draw, or shrink what was drawn."""
    order = json.loads(sys.stdin.readline())
    sys.modules["__main__"].__file__ = None  # so that our own constants are not mixed in
    # A single draw may take for ever, so a clock of CPU time ends it and not a look in between.
    signal.signal(signal.SIGPROF, lambda *_: say({"slow": order["cpu_s"]}))
    signal.setitimer(signal.ITIMER_PROF, order["cpu_s"])
    search = Search(order)
    say(search.shrunk(order["known"], order["most"]) if "known" in order else search.drawn())


class Refused(Exception):
    """A strategy that hypothesis does not take."""


def say(account: dict[str, object]) -> NoReturn:
    """Give the account and leave at once, also from within hypothesis."""
    sys.stdout.write(json.dumps(account) + "\n")
    sys.stdout.flush()
    os._exit(0)


def refuse(at: str, why: str) -> NoReturn:
    """Say what is wrong with a strategy, and where."""
    say({"refused": " ".join(why.split())[:LONGEST], "at": at})


class Search:
    """Hypothesis' own search over the inputs of a function; the same for the same seed."""

    def __init__(self, order: Node) -> None:
        from hypothesis import strategies as st

        draw_edges_more_often()
        self.count, self.seed = order["count"], order["seed"]
        self.begun = self.size = 0
        form = order["form"]
        if "all" in form:
            inner = built(form["all"])
        else:
            inner = st.tuples(*(built(node) for node in form["arguments"]))

        @st.composite
        def counting(draw: Callable[..., Args]) -> Args:
            self.begun += 1
            return draw(inner)

        self.strategy = counting()

    def drawn(self) -> dict[str, object]:
        """Give inputs, each once."""
        found: dict[str, object] = {}
        tried = 0

        def keep(args: Args) -> bool:
            nonlocal tried
            tried += 1
            form = form_of(args)
            key = json.dumps(form)
            if key not in found:
                self.size += len(key)
                found[key] = form
            if self.size > MOST_BYTES:
                refuse("", "its values are too large; give a smaller `max_size`")
            return False

        self.find(keep)
        if not found:
            refuse("", "nothing fits it")
        return {"inputs": [*found.values()], "discarded": self.begun - tried}

    def shrunk(self, known: dict[str, bool], most: int) -> dict[str, object]:
        """Give the smallest input found that fails; None when the search comes to none.

        :param known: What came of the inputs that ran already.
        :param most: How many others may be asked for.
        """
        least: list[object] = [None]
        asked = 0

        def fails(args: Args) -> bool:
            nonlocal asked
            form = form_of(args)
            key = json.dumps(form)
            if key not in known:
                if asked == most:
                    say({"shrunk": least[0], "asked": asked})
                asked += 1
                known[key] = answer_to({"ask": form})
            if known[key]:
                least[0] = form
            return known[key]

        self.find(fails)
        return {"shrunk": least[0], "asked": asked}

    def find(self, condition: Callable[[Args], bool]) -> None:
        """Search, until the condition is met by an input that gets no smaller."""
        from hypothesis import HealthCheck, Phase, find, settings
        from hypothesis.errors import HypothesisException, NoSuchExample, Unsatisfiable

        chosen = settings(
            max_examples=self.count,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        try:
            find(self.strategy, condition, settings=chosen, random=Random(self.seed))  # noqa: S311
        except (NoSuchExample, Unsatisfiable):
            return
        except (HypothesisException, *AS_HYPOTHESIS_REFUSES) as error:
            refuse("", f"nothing can be drawn from it: {told(error)}")


def draw_edges_more_often() -> None:
    """Make one integer in seven one at the edge of its range, or near it.

    That is where functions are wrong, and hypothesis comes there in one of twenty draws at most. It
    offers no setting for it; a version without this method draws as it does by itself.
    """
    from hypothesis.internal.conjecture.providers import HypothesisProvider

    usual = getattr(HypothesisProvider, "_maybe_draw_constant", None)
    if usual is None:
        return

    def draw(self: Any, kind: str, bounds: dict[str, Any], **named: Any) -> object:
        chance = self._random
        if kind != "integer":
            return usual(self, kind, bounds, **named)
        if chance.random() > EDGES:
            return None
        least, most = bounds["min_value"], bounds["max_value"]
        near = [n + step for n in (least, most, 0) if n is not None for step in (-1, 0, 0, 1)]
        fit = [n for n in near if (least is None or n >= least) and (most is None or n <= most)]
        return chance.choice(fit) if fit else None

    HypothesisProvider._maybe_draw_constant = draw  # type: ignore[assignment]


def form_of(args: Args) -> object:
    """Make the JSON form of an input."""
    try:
        return encoded(args)
    except TooLarge as error:
        refuse("", f"it gives a value that is too large: {error}")
    except Opaque as error:
        refuse("", f"it gives a value that is no plain data: {error}")


def answer_to(question: dict[str, object]) -> bool:
    """Ask whoever started us; silence ends the search."""
    sys.stdout.write(json.dumps(question) + "\n")
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        os._exit(1)
    return bool(json.loads(line))


# Building


def built(node: Node) -> Any:
    """Build a strategy, from the inside out, so that the innermost fault is told."""
    from hypothesis.errors import HypothesisException

    if node["name"] == "map":
        return mapped(node)
    several, named = [built(inner) for inner in node["args"].get("*", ())], named_of(node)
    try:
        strategy = function_of(node["name"])(*several, **named)
        strategy.validate()
    except (HypothesisException, *AS_HYPOTHESIS_REFUSES) as error:
        refuse(node["at"], f"`{node['name']}` is refused: {told(error)}")
    return strategy


def function_of(name: str) -> Callable[..., Any]:
    """Give hypothesis' function."""
    from hypothesis import strategies

    function: Callable[..., Any] = getattr(strategies, name)
    return function


def named_of(node: Node) -> dict[str, Any]:
    """Build the arguments, with our defaults where hypothesis has others."""
    name = node["name"]
    named = {key: argument_of(held) for key, held in node["args"].items() if key != "*"}
    if name == "floats":
        return {"allow_nan": False, "allow_infinity": False, **named}
    if name == "text" and named.get("alphabet") is None:
        return named | {"alphabet": ALPHABET}
    if name == "characters" and not named:
        return {"categories": (), "include_characters": ALPHABET}
    if name == "from_regex" and named.get("alphabet") is None and named["regex"].isascii():
        return named | {"alphabet": function_of("characters")(max_codepoint=127)}
    return named


def argument_of(held: Any) -> Any:
    """Build one argument: a strategy, a dict of strategies, or a value."""
    if isinstance(held, list):
        return {decoded(key): built(inner) for key, inner in held}
    if "value" in held:
        return decoded(held["value"])
    return built(held.get("strategy", held))


def mapped(node: Node) -> Any:
    """Build what `.map` makes of a strategy."""
    function = mapping_of(node)

    def apply(value: object) -> object:
        try:
            return function(value)
        except Exception as error:  # noqa: BLE001 - whatever it is, the row has to be changed
            refuse(node["at"], f"`.map` does not work on what it is given: {told(error)}")

    return built(node["of"]).map(apply)


def mapping_of(node: Node) -> Callable[[Any], object]:
    """Give the function of `.map`; the names were checked before they came here."""
    import builtins

    if node["by"] == "join":
        between: str = node["between"]
        return between.join
    if node["by"] == "reversed":
        return lambda value: list(reversed(value))
    function: Callable[[Any], object] = getattr(builtins, node["by"])
    return function


def told(error: Exception) -> str:
    """Tell an error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST]


if __name__ == "__main__":
    main()
