"""What a suite leaves to be written out: `extends`, `matrix`, `cases`. Start at `spell_out`.

Each is worked out on the tree of the file, in this order, so that what comes after it sees one
plain suite, and so that every piece still knows the file and the line that it stands at.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sygra_eval.suite.document import At, Document, read_document
from sygra_eval.suite.excluding import EXCLUDE, excluded_in, is_excluded, name_of
from sygra_eval.suite.ids import encoded
from sygra_eval.suite.nearest import did_you_mean
from sygra_eval.suite.yaml_tree import Entry, Mark, Piece
from sygra_eval.values import Severity, UsageError

MAX_BASES = 8
MAX_VARIANTS = 256
MAX_CHOICES = 16 * MAX_VARIANTS
"""Of so many choices at most `exclude` may leave the variants."""
_AXIS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACEHOLDER = re.compile(r"\$\{matrix\.([^{}]*)\}")
_SCALARS = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Variant:
    """One choice of a value on each axis of a matrix.

    :ivar name: As in ids: `author=small,prompt=terse`.
    """

    name: str
    values: Mapping[str, tuple[str, Piece]]


def spell_out(document: Document, path: Path, variant: str | None = None) -> None:
    """Write out what the suite leaves to be, for one of its variants.

    :raises UsageError: When it has variants and none of this name, or none is named.
    """
    with_bases(document, path)
    names = variants_in(document)
    if variant is None and names:
        raise UsageError(
            f"{path} has {len(names)} variants; name one of them, as `{names[0].name}`"
        )
    if variant is not None:
        chosen = next((one for one in names if one.name == variant), None)
        if chosen is None:
            known = [one.name for one in names]
            advice = did_you_mean(variant, known) if known else "it has no `matrix`"
            raise UsageError(f"{path} has no variant `{variant}`; {advice}")
        _choose(document, chosen)
    _top(document).pop("matrix", None)  # one that was refused
    _with_cases(document)


def variant_names(path: Path) -> tuple[str, ...]:
    """Return the variants of the suite in a file; none where it has none or cannot be read."""
    document = read_document(path)
    with_bases(document, path)
    return tuple(variant.name for variant in variants_in(document))


def with_bases(document: Document, path: Path, seen: tuple[Path, ...] = ()) -> None:
    """Put the suite that this one extends below it; what this one says wins.

    :param seen: The suites that led here, this one last.
    """
    seen = seen or (_real(path),)
    top = _top(document)
    entry = top.pop("extends", None)
    if entry is None:
        return
    named = entry.piece.value
    mark = entry.piece.mark

    def refuse(code: str, message: str, fix: str = "") -> None:
        document.report_at(mark, code=code, message=message, fix=fix)
        document.root = None  # what would be missing without it is no fault of its own

    if not isinstance(named, str) or not named:
        refuse("wrong-type", "`extends` names one file", "write `extends: other.yaml`")
        return
    other = path.parent / named
    try:
        resolved = other.resolve()
    except (OSError, ValueError):
        refuse("wrong-value", "this is no path")
        return
    if resolved in seen:
        way = " → ".join([one.name for one in seen] + [resolved.name])
        refuse("extends-cycle", f"this suite extends itself: {way}", "take one of them out")
        return
    if len(seen) > MAX_BASES:
        refuse("too-deep", f"more than {MAX_BASES} suites extend each other")
        return
    if not other.is_file():
        refuse("file-not-found", f"there is no file {other}")
        return
    base = read_document(other)
    with_bases(base, other, (*seen, resolved))
    document.diagnostics += base.diagnostics
    document.texts |= {base.path: base.text, **base.texts}
    if base.root is None:
        document.root = None
    elif document.root is not None:
        document.root = _merged(_located(base.root, base.path), document.root)


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, ValueError):  # a NUL, a loop of links: reading it says so
        return path.absolute()


def _located(piece: Piece, path: str) -> Piece:
    """Return the piece with the file in which it stands."""
    made: dict[int, Piece] = {}  # an alias stands for one piece in several places

    def of(one: Piece) -> Piece:
        if id(one) not in made:
            value = one.value
            if isinstance(value, dict):
                value = {
                    key: Entry(_in(entry.key_mark, path), of(entry.piece))
                    for key, entry in value.items()
                }
            elif isinstance(value, list):
                value = [of(item) for item in value]
            made[id(one)] = replace(one, value=value, mark=_in(one.mark, path))
        return made[id(one)]

    return of(piece)


def _in(mark: Mark, path: str) -> Mark:
    return mark if mark.path else replace(mark, path=path)


def _merged(base: Piece, own: Piece) -> Piece:
    """Return mappings in each other; anything else is replaced, and an empty value takes it out."""
    if not (isinstance(base.value, dict) and isinstance(own.value, dict)):
        return own
    entries: dict[str, Entry] = dict(base.value)
    for key, entry in own.value.items():
        if entry.piece.value is None and key in entries:
            del entries[key]
        elif key in entries:
            entries[key] = Entry(entry.key_mark, _merged(entries[key].piece, entry.piece))
        else:
            entries[key] = entry
    return replace(own, value=entries)


def variants_in(document: Document) -> list[Variant]:
    """Return the variants that a `matrix` makes; report what is wrong with it."""
    entry = _top(document).get("matrix")
    if entry is None:
        return []
    axes = _axes(entry.piece, document)
    count = 1
    for values in axes.values():
        count *= len(values)
    names = {axis: [name for name, _ in values] for axis, values in axes.items()}
    if not axes:
        return []
    excluded = excluded_in(entry.piece, names, document)
    made = [] if count > MAX_CHOICES else _choices(axes, excluded)
    if count > MAX_CHOICES or len(made) > MAX_VARIANTS:
        many = f"{len(made) or count:,}"
        document.report(
            code="too-large",
            message=f"this matrix has {many} variants; there may be {MAX_VARIANTS}",
            at=("matrix",),
            fix="take values out, or make several suites of it",
        )
        return []
    if not made:
        document.report(
            code="wrong-value",
            message="`exclude` leaves no variant",
            at=("matrix", EXCLUDE),
            fix="take a choice out of it",
        )
    return made


def _choices(
    axes: Mapping[str, list[tuple[str, Piece]]], excluded: Sequence[Mapping[str, str]]
) -> list[Variant]:
    """Return each choice of a value on each axis that nothing leaves out."""
    made = []
    for chosen in itertools.product(*axes.values()):
        values = dict(zip(axes, chosen, strict=True))
        names = {axis: name for axis, (name, _) in values.items()}
        if not is_excluded(names, excluded):
            told = ",".join(f"{axis}={name}" for axis, name in names.items())
            made.append(Variant(told, values))
    return made


def _axes(matrix: Piece, document: Document) -> dict[str, list[tuple[str, Piece]]]:
    def refuse(at: At, message: str, code: str = "wrong-type") -> None:
        document.report(
            code=code,
            message=message,
            at=("matrix", *at),
            fix="write `matrix: {author: [small, large], prompt: {terse: ..., long: ...}}`",
        )

    if not isinstance(matrix.value, dict) or not matrix.value:
        refuse((), "`matrix` is a mapping from axes to their values")
        return {}
    axes: dict[str, list[tuple[str, Piece]]] = {}
    entries = {axis: entry for axis, entry in matrix.value.items() if axis != EXCLUDE}
    for axis, entry in entries.items():
        value = entry.piece.value
        if _AXIS.fullmatch(axis) is None:
            refuse((axis,), f"`{axis}` is no name of an axis: letters, digits, `_`", "wrong-value")
        elif isinstance(value, dict) and value:
            axes[axis] = [(encoded(name), one.piece) for name, one in value.items()]
        elif isinstance(value, list) and value and all(_is_scalar(one) for one in value):
            axes[axis] = [(name_of(one), one) for one in value]
        else:
            refuse((axis,), f"`{axis}` is a list of plain values, or a mapping from names to any")
            continue
        names = [name for name, _ in axes.get(axis, ())]
        if twice := next((name for name in names if names.count(name) > 1), None):
            refuse((axis,), f"`{axis}` has the value `{twice}` twice", "duplicate-name")
            del axes[axis]
    if not entries:
        refuse((EXCLUDE,), "there is no axis to take choices from")
    return axes if len(axes) == len(entries) else {}


def _is_scalar(piece: Piece) -> bool:
    return isinstance(piece.value, _SCALARS)


def _as_text(piece: Piece) -> str:
    return str(piece.value).lower() if isinstance(piece.value, bool) else str(piece.value)


def _choose(document: Document, variant: Variant) -> None:
    """Put a variant's values where the suite has `${matrix.AXIS}`, and name it in the suite."""
    top = _top(document)
    matrix = top.pop("matrix")
    used: set[str] = set()
    assert document.root is not None, "it has a matrix"  # noqa: S101
    document.root = _filled(document.root, _Filling(document, variant, used).of)
    top = _top(document)
    for axis in variant.values.keys() - used:
        document.report_at(
            matrix.piece.value[axis].key_mark,
            code="unused-axis",
            message=f"nothing in this suite has `${{matrix.{axis}}}`, so these variants are alike",
            severity=Severity.WARNING,
        )
    suite = top.get("suite")
    if suite is not None and isinstance(suite.piece.value, dict):
        mark = suite.piece.mark
        named = {**suite.piece.value, "variant": Entry(mark, Piece(variant.name, mark, mark.index))}
        top["suite"] = Entry(suite.key_mark, replace(suite.piece, value=named))


def _filled(piece: Piece, fill: Callable[[Piece], Piece]) -> Piece:
    value = piece.value
    if isinstance(value, dict):
        entries = {
            key: Entry(entry.key_mark, _filled(entry.piece, fill)) for key, entry in value.items()
        }
        return replace(piece, value=entries)
    if isinstance(value, list):
        return replace(piece, value=[_filled(item, fill) for item in value])
    return fill(piece) if isinstance(value, str) and "${matrix." in value else piece


@dataclass(slots=True)
class _Filling:
    document: Document
    variant: Variant
    used: set[str]

    def of(self, piece: Piece) -> Piece:
        """Return a text with the values in it, or the value where it is all of the text."""
        whole = _PLACEHOLDER.fullmatch(piece.value)
        if whole is not None:
            value = self._value(whole[1], piece)
            return piece if value is None else replace(value, mark=piece.mark, end=piece.end)
        return replace(piece, value=_PLACEHOLDER.sub(lambda m: self._text(m, piece), piece.value))

    def _text(self, found: re.Match[str], piece: Piece) -> str:
        value = self._value(found[1], piece)
        if value is None:
            return found[0]
        if not _is_scalar(value):
            self.document.report_at(
                piece.mark,
                code="wrong-type",
                message=f"`{found[0]}` is not a plain value, so it cannot stand within a text",
                fix="let it be the whole value",
            )
            return found[0]
        return _as_text(value)

    def _value(self, axis: str, piece: Piece) -> Piece | None:
        if axis not in self.variant.values:
            self.document.report_at(
                piece.mark,
                code="unknown-axis",
                message=f"`matrix` has no axis `{axis}`",
                fix=did_you_mean(axis, list(self.variant.values)),
            )
            return None
        self.used.add(axis)
        return self.variant.values[axis][1]


def _with_cases(document: Document) -> None:
    """Make the source of the rows that stand in the suite itself."""
    top = _top(document)
    cases = top.get("cases")
    if cases is None:
        return
    rows = cases.piece.value
    if not isinstance(rows, list) or not rows or not all(isinstance(r.value, dict) for r in rows):
        document.report(
            code="wrong-type",
            message="`cases` is a list of rows, each a mapping from columns to values",
            at=("cases",),
            fix='write `cases: [{id: first, question: "..."}]`',
        )
        del top["cases"]
        return
    config = top.get("data_config")
    keys = dict(config.piece.value) if config and isinstance(config.piece.value, dict) else {}
    if "source" in keys:
        document.report(
            code="conflict",
            message="`cases` are the rows of this suite, and `data_config.source` names others",
            at=("cases",),
            fix="take one of them out",
            is_key=True,
        )
        del top["cases"]
        return
    mark = cases.piece.mark
    pieces = {"type": Entry(mark, Piece("cases", mark, mark.index)), "rows": cases}
    if "id_column" not in keys and all("id" in row.value for row in rows):
        pieces["id"] = Entry(mark, Piece("id", mark, mark.index))
    keys["source"] = Entry(cases.key_mark, replace(cases.piece, value=pieces))
    place = cases if config is None else config
    made = Entry(place.key_mark, replace(place.piece, value=keys))
    assert document.root is not None, "it has cases"  # noqa: S101
    others = {key: entry for key, entry in top.items() if key not in ("cases", "data_config")}
    document.root = replace(document.root, value={**others, "data_config": made})


def _top(document: Document) -> dict[str, Any]:
    value = document.root.value if document.root is not None else {}
    return value if isinstance(value, dict) else {}


def each_variant(document: Callable[[], Document], path: Path) -> Iterator[Document]:
    """Yield the suite written out for each of its variants; once where it has none."""
    first = document()
    with_bases(first, path)
    names = [variant.name for variant in variants_in(first)]
    for name in names or (None,):
        one = document()
        spell_out(one, path, name)
        yield one
