"""Which choices of a `matrix` are no variants: `exclude: [{author: small, prompt: long}]`."""

from collections.abc import Mapping, Sequence

from sygra_eval.suite.document import Document
from sygra_eval.suite.ids import encoded
from sygra_eval.suite.nearest import did_you_mean
from sygra_eval.suite.yaml_tree import Entry, Piece

EXCLUDE = "exclude"

Excluded = Mapping[str, str]
"""Names of values by their axes; a choice that has all of them is left out."""


def excluded_in(
    matrix: Piece, axes: Mapping[str, Sequence[str]], document: Document
) -> list[Excluded]:
    """Return what `exclude` leaves out; what is not fit is reported and leaves out nothing.

    :param axes: The names of the values on each axis.
    """
    entry = matrix.value.get(EXCLUDE)
    if entry is None:
        return []
    items = entry.piece.value
    if not isinstance(items, list) or not items or not all(_is_choice(one) for one in items):
        document.report_at(
            entry.piece.mark,
            code="wrong-type",
            message="`exclude` is a list of choices, each a mapping from axes to values",
            fix="write `exclude: [{author: small, prompt: long}]`",
        )
        return []
    found = (_excluded(one.value, axes, document) for one in items)
    return [one for one in found if one]


def is_excluded(choice: Mapping[str, str], excluded: Sequence[Excluded]) -> bool:
    """Say whether a choice has all that one of them has."""
    return any(one.items() <= choice.items() for one in excluded)


def name_of(piece: Piece) -> str:
    """Return a plain value as ids show it."""
    text = str(piece.value).lower() if isinstance(piece.value, bool) else str(piece.value)
    return encoded(text)


def _is_choice(piece: Piece) -> bool:
    value = piece.value
    return isinstance(value, dict) and bool(value)


def _excluded(
    choice: Mapping[str, Entry], axes: Mapping[str, Sequence[str]], document: Document
) -> Excluded:
    is_fit = True
    for axis, entry in choice.items():
        if axis not in axes:
            document.report_at(
                entry.key_mark,
                code="unknown-axis",
                message=f"`matrix` has no axis `{axis}`",
                fix=did_you_mean(axis, list(axes)),
            )
            is_fit = False
        elif isinstance(entry.piece.value, dict | list) or name_of(entry.piece) not in axes[axis]:
            document.report_at(
                entry.piece.mark,
                code="wrong-value",
                message=f"the axis `{axis}` has no such value",
                fix=did_you_mean(str(entry.piece.value), list(axes[axis])),
            )
            is_fit = False
    return {axis: name_of(entry.piece) for axis, entry in choice.items()} if is_fit else {}
