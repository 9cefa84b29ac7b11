"""Makes more inputs out of examples, kept to what the examples show.

Types, signs, sizes and alphabets stay within those seen at the same place of some example, as a
reference is right for inputs that its question is about and says nothing of others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from sygra_eval.validators.plain_data import in_order, written
from sygra_eval.validators.typed_values import encoded

TRIES = 20  # per input wanted, before the examples are taken to have no more in them
Path = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """The arguments of one call."""

    args: tuple[object, ...]
    named: tuple[tuple[str, object], ...] = ()

    def key(self) -> str:
        """Tell inputs apart by value and type."""
        return repr(encoded((self.args, self.named)))

    def in_words(self, name: str) -> str:
        """Write the call."""
        named = [f"{key}={written(value)}" for key, value in self.named]
        return f"{name}({', '.join([*map(written, self.args), *named])})"


@dataclass(slots=True)
class Seen:
    """What the examples have at one place."""

    values: list[object] = field(default_factory=list)
    letters: set[str] = field(default_factory=set)
    sizes: set[int] = field(default_factory=set)


def more_inputs(examples: Sequence[Input], most: int, seed: int) -> list[Input]:
    """Give the examples, each once, and mutations of them, up to a number."""
    chance = Random(seed)  # noqa: S311 - inputs, no secret
    seen: dict[Path, Seen] = {}
    found: dict[str, Input] = {}
    for example in examples:
        found.setdefault(example.key(), example)
        for path, value in places_of(example):
            observe(seen, path, value)
    if not found:
        return []
    firsts = list(found.values())[:most]
    mutator = Mutator(seen, chance)
    for _ in range(TRIES * most):
        if len(found) >= most:
            break
        made = mutator.mutated(chance.choice(firsts))
        found.setdefault(made.key(), made)
    return list(found.values())[:most]


def places_of(example: Input) -> Iterator[tuple[Path, object]]:
    """Yield the arguments with the names of their places."""
    for position, value in enumerate(example.args):
        yield (position,), value
    for name, value in example.named:
        yield (name,), value


def observe(seen: dict[Path, Seen], path: Path, value: object) -> None:
    """Note a value and its parts."""
    here = seen.setdefault((*path, type(value)), Seen())
    here.values.append(value)
    if isinstance(value, str):
        here.letters |= set(value)
    if isinstance(value, str | bytes | list | tuple | set | frozenset | dict):
        here.sizes.add(len(value))
    if isinstance(value, dict):
        for key, held in value.items():
            observe(seen, (*path, "key"), key)
            observe(seen, (*path, "value", key), held)
    elif isinstance(value, tuple):
        for position, part in enumerate(value):
            observe(seen, (*path, position), part)
    elif isinstance(value, list | set | frozenset):
        for part in in_order(value):  # type: ignore[attr-defined]
            observe(seen, (*path, "part"), part)


class Mutator:
    """Changes values within what was seen."""

    def __init__(self, seen: dict[Path, Seen], chance: Random) -> None:
        self.seen, self.chance = seen, chance

    def mutated(self, example: Input) -> Input:
        """Change one argument or several."""
        places = list(places_of(example))
        if not places:
            return example
        changed = set(self.chance.sample(range(len(places)), self.chance.randint(1, len(places))))
        values = [
            self.value(path, value) if number in changed else value
            for number, (path, value) in enumerate(places)
        ]
        count = len(example.args)
        names = [name for name, _ in example.named]
        return Input(tuple(values[:count]), tuple(zip(names, values[count:], strict=True)))

    def value(self, path: Path, value: object) -> object:
        """Change one value; what has no rule of its own is taken from another example."""
        here = self.seen[(*path, type(value))]
        if self.chance.random() < 0.15:
            return self.chance.choice(here.values)
        match value:
            case bool() | None:
                return self.chance.choice(here.values)
            case int():
                return self.whole(value, here)
            case float():
                return self.real(value, here)
            case str():
                return self.text(value, here)
            case list():
                return self.sequence(path, value, here)
            case tuple():
                return tuple(self.one_changed(path, list(value), range(len(value))))
            case set() | frozenset():
                parts = sorted(value, key=written)
                return type(value)(self.sequence(path, parts, here))
            case dict():
                return self.mapping(path, value, here)
        return self.chance.choice(here.values)

    def whole(self, value: int, here: Seen) -> int:
        """Another integer, between the least and the greatest seen."""
        known = [number for number in here.values if isinstance(number, int)]
        least, greatest = min(known), max(known)
        near = value + self.chance.choice((-2, -1, 1, 2))
        made = self.chance.choice((near, self.chance.randint(least, greatest)))
        made = min(max(made, least), greatest)
        return value if made == 0 and 0 not in known else made

    def real(self, value: float, here: Seen) -> float:
        """Another float, between the least and the greatest seen, with as many digits."""
        known = [number for number in here.values if isinstance(number, float)]
        if any(number != number or abs(number) > 1e300 for number in known):
            return self.chance.choice(known)
        digits = max(len(repr(number).partition(".")[2]) for number in known)
        made = round(self.chance.uniform(min(known), max(known)), min(digits, 6))
        return value if made == 0 and 0.0 not in known else made

    def text(self, value: str, here: Seen) -> str:
        """Another text: of the same shape, or with characters moved, left out or doubled."""
        if not value or not here.letters:
            return str(self.chance.choice(here.values))
        letters = sorted(here.letters)
        at = self.chance.randrange(len(value))
        like = [letter for letter in letters if kind_of(letter) == kind_of(value[at])]
        changes = (
            value[:at] + self.chance.choice(like) + value[at + 1 :],
            value[:at] + self.chance.choice(like) + value[at + 1 :],
            value[:at] + value[at + 1 :],
            value[:at] + self.chance.choice(letters) + value[at:],
            "".join(self.chance.sample(value, len(value))),
            value[at:] + value[:at],
        )
        made = self.chance.choice(changes)
        return made if min(here.sizes) <= len(made) <= max(here.sizes) else changes[0]

    def sequence(self, path: Path, value: list[object], here: Seen) -> list[object]:
        """Another list: parts changed, left out, doubled, moved, or taken from other examples."""
        parts = list(value)
        least, most = min(here.sizes), max(here.sizes)
        for _ in range(self.chance.randint(1, 3)):
            change = self.chance.randrange(4)
            at = self.chance.randrange(len(parts)) if parts else 0
            if change == 0 and len(parts) > least:
                del parts[at]
            elif change == 1 and len(parts) < most:
                others = [s.values for p, s in self.seen.items() if p[:-1] == (*path, "part")]
                pool = [part for values in others for part in values]
                if pool:
                    parts.insert(at, self.chance.choice(pool))
            elif change == 2:
                self.chance.shuffle(parts)
            elif parts:
                parts = self.one_changed(path, parts, ["part"] * len(parts))
        return parts

    def one_changed(self, path: Path, parts: list[object], names: Sequence[object]) -> list[object]:
        """Change one part."""
        if parts:
            at = self.chance.randrange(len(parts))
            parts[at] = self.value((*path, names[at]), parts[at])
        return parts

    def mapping(self, path: Path, value: dict[object, object], here: Seen) -> dict[object, object]:
        """Another dict: a value changed, or a key left out."""
        made = dict(value)
        if not made:
            return made
        key = self.chance.choice(list(made))
        if self.chance.random() < 0.3 and len(made) > min(here.sizes):
            del made[key]
        else:
            made[key] = self.value((*path, "value", key), made[key])
        return made


def kind_of(letter: str) -> str:
    """Sort characters, so that a digit is changed to a digit."""
    if letter.isdigit():
        return "digit"
    if letter.isalpha():
        return "upper" if letter.isupper() else "lower"
    return letter
