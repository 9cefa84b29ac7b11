"""Inputs at the edges of a strategy: the smallest, the empty, the bounds.

Hypothesis comes to many of them late or not at all, and they are what functions are wrong about.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sygra_eval.validators.plain_data import NotPlain, weight_of
from sygra_eval.validators.typed_values import decoded

FEW = 6
MOST_EDGES = 24
LONGEST = 24  # a sequence of the greatest length is tried where that is not more
HEAVIEST = 1_000
LETTERS = "aA0 "

Node = Mapping[str, Any]
Args = tuple[object, ...]


def edges_of_all(form: str) -> list[Args]:
    """Give a few inputs of small and extreme values, the smallest first.

    :param form: What `Strategy` holds. Of some strategies no edge is known; then there is none.
    """
    read = json.loads(form)
    nodes = read["all"]["args"]["*"] if "all" in read else read["arguments"]
    edges = [edges_of(node) for node in nodes]
    if not all(edges):
        return []
    base = tuple(few[0] for few in edges)
    made = [base]
    for place, few in enumerate(edges):
        made += [(*base[:place], edge, *base[place + 1 :]) for edge in few[1:]]
    longest = max(map(len, edges), default=0)
    made += [tuple(few[turn % len(few)] for few in edges) for turn in range(1, longest)]
    return sorted(light(made)[:MOST_EDGES], key=weight_of)


def edges_of(node: Node) -> list[Any]:
    """Give a few values at the edges of a strategy; none where it is not known how."""
    if node["name"] == "map":
        return []  # what it makes of an edge need not be one
    args = node["args"]
    low, high = value_of(args, "min_size") or 0, value_of(args, "max_size")
    known = EDGES.get(node["name"])
    return light(known(args, low, high)) if known else []


def value_of(args: Node, key: str) -> Any:
    """Give an argument that is plain data."""
    return decoded(args[key]["value"]) if key in args else None


def light(values: Sequence[Any]) -> list[Any]:
    """Keep each value once, and none that is large."""
    kept: dict[str, Any] = {}
    for value in values:
        try:
            weight_of(value, HEAVIEST)
        except NotPlain:
            continue
        kept.setdefault(repr(value), value)
    return list(kept.values())


def of_integers(args: Node, *_: Any) -> list[Any]:
    """Zero, one, minus one, and the bounds."""
    least, greatest = value_of(args, "min_value"), value_of(args, "max_value")
    return [
        value
        for value in (0, 1, -1, least, greatest)
        if value is not None
        and (least is None or value >= least)
        and (greatest is None or value <= greatest)
    ]


def of_floats(args: Node, *_: Any) -> list[Any]:
    """Do the same, where no bound is left out and the width writes every value."""
    if any(key in args for key in ("exclude_min", "exclude_max", "width")):
        return []
    return [float(value) for value in of_integers(args)]


def of_text(args: Node, low: int, high: int | None) -> list[Any]:
    """Nothing, one character or as few as may be, as many as may be."""
    alphabet = args.get("alphabet", {"value": None})
    if "value" not in alphabet:
        return [""] if low == 0 else []
    given = decoded(alphabet["value"])
    letters = given if isinstance(given, str) else LETTERS
    return repeated(list(letters[:FEW]), low, high, "".join)


def repeated(
    parts: Sequence[Any], low: int, high: int | None, gather: Callable[[list[Any]], Any]
) -> list[Any]:
    """Nothing, each part as often as it has to be, the first as often as may be."""
    made = [gather([])] if low == 0 else []
    if high == 0 or low > LONGEST:
        return made
    try:
        made += [gather([part] * max(low, 1)) for part in parts]
        if high is not None and high <= LONGEST:
            made += [gather([part] * high) for part in parts[:1]]
    except TypeError:  # a set of lists: hypothesis will say so too
        return []
    return made


def of_binary(_: Node, low: int, high: int | None) -> list[Any]:
    """Bytes, as texts."""
    return repeated([0, 255], low, high, bytes)


def of_lists(args: Node, low: int, high: int | None) -> list[Any]:
    """Nothing, one element, the same one again."""
    parts = edges_of(args["elements"])[:FEW]
    if value_of(args, "unique"):
        return repeated(parts, low, 1, list) if low <= 1 else []
    return repeated(parts, low, high, list)


def of_sets(args: Node, low: int, high: int | None) -> list[Any]:
    """Nothing and one element."""
    if low > 1:
        return []
    return repeated(edges_of(args["elements"])[:FEW], low, min(1, 1 if high is None else high), set)


def of_frozensets(args: Node, low: int, high: int | None) -> list[Any]:
    """Do the same, frozen."""
    return [frozenset(one) for one in of_sets(args, low, high)]


def of_dictionaries(args: Node, low: int, high: int | None) -> list[Any]:
    """Nothing and one key."""
    if low > 1:
        return []
    keys, values = edges_of(args["keys"])[:FEW], edges_of(args["values"])[:FEW]
    pairs = list(zip(keys, values, strict=False))
    return repeated(pairs, low, min(1, 1 if high is None else high), dict)


def of_tuples(args: Node, *_: Any) -> list[Any]:
    """Put the edges of the parts side by side."""
    parts = [edges_of(node) for node in args["*"]]
    if not all(parts):
        return []
    longest = max(map(len, parts), default=1)
    return [tuple(few[turn % len(few)] for few in parts) for turn in range(longest)]


def of_choices(args: Node, *_: Any) -> list[Any]:
    """Take the edges of each in turn."""
    every = [edges_of(node) for node in args["*"]]
    longest = max(map(len, every), default=0)
    return [few[turn] for turn in range(longest) for few in every if turn < len(few)]


def of_samples(args: Node, *_: Any) -> list[Any]:
    """Take the first ones and the last."""
    elements = list(value_of(args, "elements"))
    return elements[:FEW] + elements[-1:]


EDGES: Mapping[str, Callable[..., list[Any]]] = {
    "integers": of_integers,
    "floats": of_floats,
    "booleans": lambda *_: [False, True],
    "none": lambda *_: [None],
    "just": lambda args, *_: [value_of(args, "value")],
    "sampled_from": of_samples,
    "permutations": lambda args, *_: [list(value_of(args, "values"))],
    "text": of_text,
    "binary": of_binary,
    "lists": of_lists,
    "sets": of_sets,
    "frozensets": of_frozensets,
    "dictionaries": of_dictionaries,
    "tuples": of_tuples,
    "one_of": of_choices,
}
