"""Changes one model in the text of a `models.yaml` and leaves every other line as it was.

Only the pieces of text that have to be other are cut out and replaced; what comes of it is read
again, and nothing is given back that does not say exactly what was wanted (decision 0059). Start at
`with_model` and `without_model`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sygra_eval.suite import parse_document
from sygra_eval.values import UsageError

MOST_CHARACTERS = 256 * 1024  # the parser that knows places is slow
_FILE = "models.yaml"
_MERGE = "<<"
_BY_HAND = "change it in an editor"

Data = Mapping[str, Any]
Pairs = list[tuple[yaml.Node, yaml.Node]]


class CannotSplice(UsageError):
    """The text cannot be changed without touching more than was asked for."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """Characters from `start` to `end` become `text`."""

    start: int
    end: int
    text: str


def with_model(text: str, name: str, entry: Data) -> str:
    """Return the text with the model `name` as `entry` says, added where it is not there.

    :raises CannotSplice: When the text cannot be read, or the change reaches further than that.
    """
    before = data_of(text)
    return _spliced(text, before, {**before, name: dict(entry)}, name)


def without_model(text: str, name: str) -> str:
    """Return the text without a model; comments above it stay.

    :raises CannotSplice: See `with_model`.
    """
    before = data_of(text)
    return _spliced(text, before, {key: one for key, one in before.items() if key != name}, name)


def data_of(text: str) -> dict[str, Any]:
    """Return what a `models.yaml` says; one that is empty says nothing.

    :raises CannotSplice: When it is no mapping of models, or is in parts not understood.
    """
    if len(text) > MOST_CHARACTERS:
        raise CannotSplice(f"{_FILE} has more than {MOST_CHARACTERS:,} characters: {_BY_HAND}")
    if _is_blank(text):
        return {}
    document = parse_document(text.encode(), _FILE)
    if document.diagnostics:
        raise CannotSplice(f"{document.diagnostics[0]}")
    return document.data


def _spliced(text: str, before: Data, wanted: Data, name: str) -> str:
    if _same(before, wanted):
        return text
    for way in (_finely, _as_a_whole):
        try:
            changed = _applied(text, way(_Source(text), before, wanted, name))
            now = data_of(changed)
        except (CannotSplice, yaml.YAMLError):
            continue
        if _same(now, wanted):
            return changed
    raise CannotSplice(
        f"`{name}` cannot be changed in {_FILE} without touching other lines "
        f"(are there anchors or aliases, `&` and `*`?): {_BY_HAND}"
    )


class _Source:
    """The text, and the tree of what it says with places."""

    def __init__(self, text: str) -> None:
        self.bom = "\ufeff" if text.startswith("\ufeff") else ""
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.root = None if _is_blank(text) else yaml.compose(text, Loader=yaml.SafeLoader)

    @property
    def pairs(self) -> Pairs:
        return self.root.value if isinstance(self.root, yaml.MappingNode) else []

    def line_start(self, index: int) -> int:
        start = max(self.text.rfind("\n", 0, index), self.text.rfind("\r", 0, index)) + 1
        return max(start, len(self.bom))

    def line_end(self, index: int) -> int:
        """Return where the line of a character ends, its line break included."""
        end = self.text.find("\n", index)
        return len(self.text) if end < 0 else end + 1

    def content_end(self, node: yaml.Node) -> int:
        """Return where the last character of a value is; marks of blocks lie behind comments."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self.content_end(last[1] if isinstance(last, tuple) else last)
        start, end = node.start_mark.index, node.end_mark.index
        return max(start, start + len(self.text[start:end].rstrip()))

    def lines_of(self, key: yaml.Node, value: yaml.Node) -> tuple[int, int]:
        """Return the lines that a key and its value stand on, from here to there."""
        end = max(key.end_mark.index, self.content_end(value))
        return self.line_start(key.start_mark.index), self.line_end(max(end - 1, 0))


def _finely(source: _Source, before: Data, wanted: Data, name: str) -> list[_Edit]:
    """Touch inside of the entry only what differs."""
    if name not in before or name not in wanted:
        return _as_a_whole(source, before, wanted, name)
    key, value = _pair(source.pairs, name)
    in_flow = source.root is not None and _is_flow(source.root)
    return list(_changes(source, (key, value), before[name], wanted[name], in_flow=in_flow))


def _as_a_whole(source: _Source, before: Data, wanted: Data, name: str) -> list[_Edit]:
    """Write the entry's lines anew, add them, or take them out."""
    root = source.root
    if root is not None and _is_flow(root) and source.pairs:
        return [_in_braces(source, wanted, name)]
    if name in before:
        start, end = source.lines_of(*_pair(source.pairs, name))
        return [_Edit(start, end, _without(source, wanted, name))]
    lines = _block(name, wanted[name], 0, source.newline)
    if root is not None and _is_flow(root):
        start = source.line_start(root.start_mark.index)
        return [_Edit(start, source.line_end(root.end_mark.index - 1), lines)]
    return [_appended(source, lines)]


def _in_braces(source: _Source, wanted: Data, name: str) -> _Edit:
    """Change one model of a file that is all in braces."""
    names = [key.value for key, _ in source.pairs]
    if name not in names:
        return _added_in_flow(source, source.pairs, {name: wanted[name]})
    if name in wanted:
        return _replaced(source, _pair(source.pairs, name)[1], _flow(wanted[name]))
    return _removed_in_flow(source, source.pairs, names.index(name))


def _added_in_flow(source: _Source, pairs: Pairs, added: Data) -> _Edit:
    end = _end_of(source, pairs[-1])
    return _Edit(end, end, "".join(f", {_flow(k)}: {_flow(v)}" for k, v in added.items()))


def _removed_in_flow(source: _Source, pairs: Pairs, index: int) -> _Edit:
    """Take a pair out with the comma before it, or behind it where it is the first."""
    if index > 0:
        return _Edit(_end_of(source, pairs[index - 1]), _end_of(source, pairs[index]), "")
    start, end = pairs[0][0].start_mark.index, _end_of(source, pairs[0])
    comma = source.text.find(",", end) + 1 if len(pairs) > 1 else 0
    return _Edit(start, max(end, comma), "")


def _end_of(source: _Source, pair: tuple[yaml.Node, yaml.Node]) -> int:
    return max(int(pair[0].end_mark.index), source.content_end(pair[1]))


def _without(source: _Source, wanted: Data, name: str) -> str:
    if name in wanted:
        return _block(name, wanted[name], 0, source.newline)
    return "" if wanted else f"{{}}{source.newline}"  # a file that says nothing is no document


def _appended(source: _Source, lines: str) -> _Edit:
    """Add lines at the end, or before the mark that ends the document."""
    at = len(source.text)
    if source.pairs:
        _, last = source.lines_of(*source.pairs[-1])
        if any(line.startswith("...") for line in source.text[last:].splitlines()):
            at = last
    begun = source.text[:at]
    is_whole = begun.removeprefix(source.bom) == "" or begun.endswith(("\n", "\r"))
    return _Edit(at, at, lines if is_whole else source.newline + lines)


def _changes(
    source: _Source,
    pair: tuple[yaml.Node, yaml.Node],
    before: Any,
    wanted: Any,
    *,
    in_flow: bool,
) -> Iterator[_Edit]:
    """Yield the edits that make a value of another, as small as they can be."""
    key, node = pair
    if _same(before, wanted):
        return
    if node.start_mark.index < key.end_mark.index:
        raise CannotSplice("an alias stands here")  # its text is elsewhere
    are_mappings = isinstance(before, Mapping) and isinstance(wanted, Mapping)
    if are_mappings and isinstance(node, yaml.MappingNode) and node.value and wanted:
        yield from _changes_inside(source, node, before, wanted)
        return
    text = _flow(wanted) if in_flow else _plain(wanted)
    if _is_compact(node):
        yield _replaced(source, node, text)
    else:
        start, end = source.lines_of(key, node)
        yield _Edit(start, end, _line(str(key.value), wanted, _column(key), source.newline))


def _changes_inside(
    source: _Source, node: yaml.MappingNode, before: Data, wanted: Data
) -> Iterator[_Edit]:
    pairs: Pairs = node.value
    for index, (key, value) in enumerate(pairs):
        name = str(key.value)
        if name == _MERGE and name not in wanted:
            continue
        if name not in wanted:
            yield (
                _removed_in_flow(source, pairs, index)
                if _is_flow(node)
                else _Edit(*source.lines_of(key, value), "")
            )
        elif name in before:
            inner = (before[name], wanted[name])
            yield from _changes(source, (key, value), *inner, in_flow=_is_flow(node))
    own = {str(key.value) for key, _ in pairs}
    added = {
        name: value
        for name, value in wanted.items()
        if name not in own and not _is_merged(name, before, wanted)
    }
    if not added:
        return
    if _is_flow(node):
        yield _added_in_flow(source, pairs, added)
        return
    _, end = source.lines_of(*pairs[-1])
    is_whole = source.text[:end].endswith(("\n", "\r"))
    column = _column(pairs[0][0])
    lines = "".join(_line(name, value, column, source.newline) for name, value in added.items())
    yield _Edit(end, end, lines if is_whole else source.newline + lines)


def _is_merged(name: str, before: Data, wanted: Data) -> bool:
    """Say whether a key comes from `<<` and stays what it is."""
    return name in before and _same(before[name], wanted[name])


def _replaced(source: _Source, node: yaml.Node, text: str) -> _Edit:
    start, end = node.start_mark.index, source.content_end(node)
    if start == end and start > 0 and source.text[start - 1] == ":":  # `key:` with nothing behind
        text = f" {text}"
    return _Edit(start, end, text)


def _applied(text: str, edits: list[_Edit]) -> str:
    for edit in sorted(edits, key=lambda one: (one.start, one.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _pair(pairs: Pairs, name: str) -> tuple[yaml.Node, yaml.Node]:
    for key, value in pairs:
        if key.value == name:
            return key, value
    raise CannotSplice(f"`{name}` stands in no line of its own")


def _is_flow(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and bool(node.flow_style)


def _is_compact(node: yaml.Node) -> bool:
    """Say whether a value can be cut out of its lines: braces, or a scalar on one line."""
    if isinstance(node, yaml.CollectionNode):
        return _is_flow(node)
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        return False
    return bool(node.start_mark.line == node.end_mark.line)


def _column(key: yaml.Node) -> int:
    return int(key.start_mark.column)


def _block(name: str, entry: Data, column: int, newline: str) -> str:
    """Write an entry: a line for each of its keys."""
    head = f"{' ' * column}{_flow(name)}:"
    if not entry:
        return f"{head} {{}}{newline}"
    return head + newline + "".join(_line(k, v, column + 2, newline) for k, v in entry.items())


def _line(key: str, value: Any, column: int, newline: str) -> str:
    return f"{' ' * column}{_flow(key)}: {_plain(value)}{newline}"


def _plain(value: Any) -> str:
    """Write a value of a block on one line; an address needs no quotes there."""
    if isinstance(value, str):
        text = _dumped({"k": value}, is_flow=False).removeprefix("k: ")
        if "\n" not in text and not text.startswith(("|", ">", "?")):
            return text
    return _flow(value)


def _flow(value: Any) -> str:
    """Write a value on one line, as it may stand in a flow too."""
    return _dumped([value], is_flow=True)[1:-1]


class _OneLine(yaml.SafeDumper):
    """Writes a text with line ends in double quotes: single ones would be broken up."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = None if text.splitlines() in ([], [text]) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_OneLine.add_representer(str, _text)


def _dumped(what: Any, *, is_flow: bool) -> str:
    text: str = yaml.dump(
        what,
        Dumper=_OneLine,
        default_flow_style=is_flow,
        allow_unicode=True,
        sort_keys=False,
        width=float("inf"),
    )
    return text.removesuffix("\n")


def _same(one: Any, other: Any) -> bool:
    """Compare with types: 1 is neither 1.0 nor true."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _is_blank(text: str) -> bool:
    """Say whether nothing but comments stands there."""
    lines = text.removeprefix("\ufeff").splitlines()
    return all(not line.strip() or line.lstrip().startswith("#") for line in lines)
