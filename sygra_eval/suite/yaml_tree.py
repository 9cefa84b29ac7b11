"""YAML as a tree in which every piece knows where it stands; safe on hostile files.

Works on the parser's events with a stack of its own, so that nothing recurses and a file is
refused before it can grow: no tags, no second document, bounded aliases, depth and size.
Start at `compose`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

MAX_DEPTH = 64
MAX_ALIASES = 100
MAX_PIECES = 100_000  # with aliases written out, so that 'billion laughs' cannot be laughed
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NON_PRINTABLE = re.compile(
    r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_RESOLVER: Any = yaml.resolver.Resolver()
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in the text: 1-based line and column, 0-based index of the character.

    :ivar path: The file, where that is another than the document's own.
    """

    line: int
    column: int
    index: int = 0
    path: str = ""


TOP = Mark(1, 1)


@dataclass(slots=True)
class Piece:
    """A scalar, list or mapping with the place where it stands.

    :ivar value: A scalar, a list of pieces, or a dict from key to `Entry`.
    :ivar pieces: How many pieces it is, itself included.
    :ivar height: How deep it goes, 1 for a scalar.
    """

    value: Any
    mark: Mark
    end: int
    pieces: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A value in a mapping, with the place of its key."""

    key_mark: Mark
    piece: Piece


class Refused(Exception):
    """The text cannot be read any further."""

    def __init__(self, code: str, message: str, mark: Mark, fix: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.mark, self.fix = code, message, mark, fix


Report = Callable[[Refused], None]


def compose(text: str, report: Report) -> Piece | None:
    """Read one document; None when it is empty.

    :param report: Told what is wrong but does not end the reading: tags, duplicate keys…
    :raises Refused: For a syntax error and for what goes past a limit.
    """
    if (bad := _NON_PRINTABLE.search(text)) is not None:
        raise Refused(
            code="yaml-syntax",
            message=f"the character U+{ord(bad[0]):04X} is not allowed in YAML",
            mark=_mark_of(text, bad.start()),
            fix='inside double quotes, write it as an escape such as "\\u0007"',
        )
    composer = _Composer(report)
    last = TOP
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            last = _at(event.start_mark)
            composer.take(event, last)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, last) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise Refused(code="yaml-syntax", message=str(error), mark=last) from error
    return composer.root


def plain(piece: Piece) -> Any:
    """Return dicts, lists and scalars without places."""
    if isinstance(piece.value, dict):
        return {key: plain(entry.piece) for key, entry in piece.value.items()}
    if isinstance(piece.value, list):
        return [plain(item) for item in piece.value]
    return piece.value


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet."""

    piece: Piece
    anchor: str | None
    key: tuple[str, Mark] | None = None
    is_key_bad: bool = False
    merged: list[Piece] = field(default_factory=list)


class _Composer:
    def __init__(self, report: Report) -> None:
        self.root: Piece | None = None
        self._report = report
        self._stack: list[_Open] = []
        self._anchors: dict[str, Piece | None] = {}
        self._aliases = self._pieces = self._documents = 0

    def take(self, event: Any, mark: Mark) -> None:
        end = event.end_mark.index
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise Refused(
                        code="several-documents",
                        message="a second YAML document begins here; a suite is one document",
                        mark=mark,
                        fix="put it into a file of its own",
                    )
            case yaml.ScalarEvent():
                self._refuse_tag(event, mark)
                piece = Piece(self._scalar(event, mark), mark, end)
                self._anchor(event.anchor, piece)
                self._count(piece, mark)
                self._place(piece, event)
            case yaml.AliasEvent():
                self._place(self._aliased(str(event.anchor), mark), event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._refuse_tag(event, mark)
                is_mapping = isinstance(event, yaml.MappingStartEvent)
                piece = Piece({} if is_mapping else [], mark, end)
                if event.anchor:
                    self._anchors[event.anchor] = None  # until its end, it would hold itself
                self._stack.append(_Open(piece, event.anchor))
                self._count(piece, mark)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                done = self._stack.pop()
                _merge(done)
                done.piece.end = end
                self._anchor(done.anchor, done.piece)
                self._place(done.piece, event)

    def _place(self, piece: Piece, event: Any) -> None:
        if not self._stack:
            self.root = piece
            return
        into = self._stack[-1]
        parent = into.piece
        parent.pieces += piece.pieces
        parent.height = max(parent.height, piece.height + 1)
        if isinstance(parent.value, list):
            parent.value.append(piece)
        elif into.key is None and not into.is_key_bad:
            self._take_key(into, piece, event)
        else:
            self._take_value(into, piece)

    def _take_key(self, into: _Open, piece: Piece, event: Any) -> None:
        if isinstance(piece.value, str):
            into.key = (piece.value, piece.mark)
            return
        into.is_key_bad = True
        shown = getattr(event, "value", None)
        self._report(
            Refused(
                code="bad-key",
                message=f"the key `{shown}` is no text but {kind_of(piece.value)}"
                if shown
                else f"a key must be text, not {kind_of(piece.value)}",
                mark=piece.mark,
                fix=f'write `"{shown}":`' if shown else "",
            )
        )

    def _take_value(self, into: _Open, piece: Piece) -> None:
        key, into.key = into.key, None
        if into.is_key_bad or key is None:
            into.is_key_bad = False
            return
        name, mark = key
        if name == "<<" and not isinstance(piece.value, str):
            self._take_merge(into, piece, mark)
        elif name in into.piece.value:
            first = into.piece.value[name].key_mark
            self._report(
                Refused(
                    code="duplicate-key",
                    message=f"the key `{name}` stands here twice, first in line {first.line}",
                    mark=mark,
                    fix="take one of the two out",
                )
            )
        else:
            into.piece.value[name] = Entry(mark, piece)

    def _take_merge(self, into: _Open, piece: Piece, mark: Mark) -> None:
        merged = piece.value if isinstance(piece.value, list) else [piece]
        if all(isinstance(one.value, dict) for one in merged):
            into.merged.extend(merged)
            return
        self._report(
            Refused(code="bad-key", message="`<<` takes a mapping or a list of them", mark=mark)
        )

    def _aliased(self, anchor: str, mark: Mark) -> Piece:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise Refused(
                code="too-many-aliases",
                message=f"more than {MAX_ALIASES} aliases",
                mark=mark,
                fix="write the values out",
            )
        if anchor not in self._anchors:
            raise Refused(
                code="yaml-syntax", message=f"there is no anchor `&{anchor}` above", mark=mark
            )
        piece = self._anchors[anchor]
        if piece is None:
            raise Refused(
                code="yaml-syntax", message=f"`*{anchor}` would hold itself without end", mark=mark
            )
        self._count(piece, mark)
        return piece

    def _count(self, piece: Piece, mark: Mark) -> None:
        self._pieces += piece.pieces
        if self._pieces > MAX_PIECES:
            raise Refused(
                code="too-large",
                message=f"more than {MAX_PIECES:,} values, aliases written out",
                mark=mark,
            )
        if len(self._stack) + piece.height - 1 > MAX_DEPTH:
            raise Refused(
                code="too-deep", message=f"nested deeper than {MAX_DEPTH} levels", mark=mark
            )

    def _anchor(self, anchor: str | None, piece: Piece) -> None:
        if anchor:
            self._anchors[anchor] = piece

    def _refuse_tag(self, event: Any, mark: Mark) -> None:
        if event.tag is None:
            return
        shown = event.tag.replace(_TAG, "!!")
        self._report(
            Refused(
                code="yaml-tag",
                message=f"the tag `{shown}` is not allowed: a suite is data",
                mark=mark,
                fix="take the tag out; put text into quotes",
            )
        )

    def _scalar(self, event: Any, mark: Mark) -> Any:
        text: str = event.value
        if _SURROGATE.search(text):  # only PyYAML's Python parser lets the escape through
            raise Refused(
                code="yaml-syntax", message="half of a surrogate pair is no character", mark=mark
            )
        if not event.implicit[0]:
            return text
        tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))
        node = yaml.ScalarNode(tag, text)
        try:
            match tag.removeprefix(_TAG):
                case "null":
                    return None
                case "bool":
                    return _CONSTRUCTOR.construct_yaml_bool(node)
                case "int":
                    return _CONSTRUCTOR.construct_yaml_int(node)
                case "float":
                    return _CONSTRUCTOR.construct_yaml_float(node)
        except ValueError:
            self._report(
                Refused(
                    code="bad-number",
                    message="this looks like a number but is none",
                    mark=mark,
                    fix="put it into quotes if it is text",
                )
            )
        return text  # dates too: no key of a suite takes one


def kind_of(value: object) -> str:
    """Say what a value is, in the words of YAML."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _merge(done: _Open) -> None:
    for merged in done.merged:
        for key, entry in merged.value.items():
            done.piece.value.setdefault(key, entry)


def _syntax_error(error: yaml.MarkedYAMLError, last: Mark) -> Refused:
    where = error.problem_mark or error.context_mark
    mark = _at(where) if where else last
    said = [part for part in (error.context, error.problem) if part]
    message = ": ".join(said) or "this is not YAML"
    return Refused(code="yaml-syntax", message=message, mark=mark, fix=_syntax_fix(message))


def _syntax_fix(message: str) -> str:
    if "'\\t'" in message or "tab" in message:
        return "indent with spaces"
    if "mapping values are not allowed" in message:
        return "put text that holds `: ` into quotes"
    return ""


def _at(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1, mark.index)


def _mark_of(text: str, index: int) -> Mark:
    *before, line = _BREAK.split(text[:index])
    return Mark(len(before) + 1, len(line) + 1, index)


def marks_in(text: str, piece: Piece, needle: str) -> Iterator[Mark]:
    """Yield where `needle` stands in the source of a piece, as exactly as escapes allow."""
    at = text.find(needle, piece.mark.index, piece.end)
    while at >= 0:
        yield _mark_of(text, at)
        at = text.find(needle, at + 1, piece.end)
