"""What differs between sides beside their figures: what they were asked, and judged by."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sygra_eval.quality.sides import FIRST_VERSION, Side
from sygra_eval.validators import secret_kind

HIDDEN = "(not shown: it may be a key)"
MOST_SETTINGS = 5_000
_MOST_VALUE = 20_000
_MOST_LEVELS = 40
_LIKE_A_KEY = re.compile(
    r"(api[-_ ]?key|token|secret|passw(or)?d|authorization|credentials?|cookie)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """A setting that is not the same on all sides.

    :ivar values: As each side has it; None where it is not there.
    """

    setting: str
    values: tuple[str | None, ...]


def differing_settings(sides: Sequence[Side]) -> tuple[Differing, ...]:
    """Return the settings that differ; none of a side whose settings are not known."""
    known = [side.facts.settings for side in sides]
    if not all(known):
        return ()
    names = dict.fromkeys(name for settings in known for name in settings)
    return tuple(
        Differing(setting=name, values=tuple(_shown(name, one.get(name)) for one in known))
        for name in names
        if len({settings.get(name) for settings in known}) > 1
    )


def settings_in(document: object) -> dict[str, str]:
    """Return all that a document says, by its place: `graph_config.nodes.solve.max_rounds`.

    Entries of a list that have names are found by these, so that one more moves no other.
    """
    found: dict[str, str] = {}
    _collect(document, "", found, _MOST_LEVELS)
    return found


def _collect(value: object, at: str, found: dict[str, str], levels: int) -> None:
    if len(found) >= MOST_SETTINGS:
        return
    inside = _inside(value) if levels else None
    if value == {} and at:  # nothing is said there
        return
    if not inside:
        text = value if isinstance(value, str) else json.dumps(value, default=str, sort_keys=True)
        found[at] = text[:_MOST_VALUE]
        return
    for name, one in inside:
        _collect(one, f"{at}.{name}" if at else name, found, levels - 1)


def _inside(value: object) -> list[tuple[str, object]] | None:
    """Return what a value holds by name; None where it is a setting itself."""
    if isinstance(value, Mapping):
        return [(str(name), one) for name, one in value.items()]
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        return None
    names = [str(one.get("name") or one.get("use") or one.get("metric") or "") for one in value]
    if "" in names or len(set(names)) < len(names):
        names = [str(number) for number in range(1, len(value) + 1)]
    return list(zip(names, value, strict=True))


def _shown(name: str, value: str | None) -> str | None:
    is_key = value is not None and (_LIKE_A_KEY.search(name) or secret_kind(value))
    return HIDDEN if is_key else value


def notes_on(before: Side, after: Side) -> Iterator[str]:
    """Yield what a reader must know before believing a comparison."""
    a, b = before.facts, after.facts
    yield from (f"{facts.name}: {note}" for facts in (a, b) for note in facts.notes)
    if a.suite and b.suite and a.suite != b.suite:
        yield f"other suites: {a.suite} and {b.suite}"
    elif a.suite_sha256 != b.suite_sha256 and a.suite_sha256 and b.suite_sha256:
        yield f"the suite was changed: {a.suite_sha256[:12]} and {b.suite_sha256[:12]}"
    if a.data_sha256 and b.data_sha256 and a.data_sha256 != b.data_sha256:
        yield "the input was changed; rows are compared where they are the same"
    for name in sorted(a.validators.keys() | b.validators.keys()):
        if not a.validators or not b.validators:
            break
        if name not in a.validators or name not in b.validators:
            where = b.name if name in b.validators else a.name
            yield f"validator {name}: only {where} has it"
        elif (was := a.versions.get(name, FIRST_VERSION)) != (
            now := b.versions.get(name, FIRST_VERSION)
        ):
            yield (
                f"validator {name}: version {was} in {a.name}, {now} in {b.name}: the same answer "
                "may have another verdict, so a change need not be one of the answers"
            )
        elif a.validators[name] != b.validators[name]:
            yield f"validator {name}: its settings were changed"
    if a.isolation and b.isolation and a.isolation != b.isolation:
        yield f"other isolation: {', '.join(a.isolation)} and {', '.join(b.isolation)}"
    if a.version and b.version and a.version != b.version:
        yield f"other versions of sygra-eval: {a.version} and {b.version}"
