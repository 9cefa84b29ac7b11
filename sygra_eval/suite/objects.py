"""A suite that is a Python object, or text: read by the same code as a file.

The object is written as YAML and read again, so that what holds for files holds for it too, and
what lands in the run's folder is what was checked. What is wrong is named by its path in the
object, `suite["quality"]["validators"][0]`, as nobody has seen its lines. Start at `document_of`.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sygra_eval.suite.document import At, Document, parse_document
from sygra_eval.suite.suite import as_yaml
from sygra_eval.suite.yaml_tree import MAX_DEPTH, MAX_PIECES, TOP, Entry, Piece
from sygra_eval.values import Diagnostic, Severity

ROOT = "suite"
TEXT = "<text>"


@dataclass(slots=True)
class ObjectDocument(Document):
    """A document whose diagnostics name a path in an object, and no line."""

    def report(
        self,
        *,
        code: str,
        message: str,
        at: At = (),
        fix: str = "",
        within: str = "",
        severity: Severity = Severity.ERROR,
        is_key: bool = False,
    ) -> None:
        """Add a diagnostic at a path; the same one twice counts once."""
        del within, is_key  # they say where in a line
        diagnostic = Diagnostic(
            code=code,
            severity=severity,
            path=ROOT + "".join(_step(one) for one in at),
            line=0,
            column=0,
            message=message,
            fix=fix,
        )
        if diagnostic not in self._seen:
            self._seen.add(diagnostic)
            self.diagnostics.append(diagnostic)


def document_of(suite: Mapping[str, Any] | str) -> Document:
    """Return the document that an object or a text is, with what is wrong with it so far."""
    if isinstance(suite, str):
        return parse_document(suite.encode("utf-8", "surrogatepass"), TEXT)
    document = ObjectDocument(ROOT)
    plain = _Plain(document).of(suite, (), 1)
    if not document.diagnostics:
        read = parse_document(as_yaml(plain).encode(), ROOT)
        document.text, document.root = read.text, read.root
        for found in read.diagnostics:
            document.report(code=found.code, message=found.message, fix=found.fix)
    return document


def with_source(document: Document, source: Mapping[str, Any]) -> None:
    """Put a source in the place of the document's own, whose `id` it takes over."""
    if document.root is None:
        return
    top: dict[str, Entry] = document.root.value
    section = top.get("data_config")
    mark = TOP if section is None else section.piece.mark
    if section is None or not isinstance(section.piece.value, dict):
        section = Entry(mark, Piece({}, mark, mark.index))
        top["data_config"] = section
    keys: dict[str, Entry] = section.piece.value
    before = keys.get("source")
    place = mark if before is None else before.piece.mark
    own = before.piece.value if before is not None else None
    pieces = {key: Entry(place, Piece(value, place, place.index)) for key, value in source.items()}
    if "id" in pieces:
        keys.pop("id_column", None)
    elif isinstance(own, dict) and "id" in own:
        pieces["id"] = own["id"]
    keys["source"] = Entry(place, Piece(pieces, place, place.index))


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return '["' + step.replace("\\", "\\\\").replace('"', '\\"') + '"]'


class _Plain:
    """Makes plain data of an object, and reports what in it can be none."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._pieces = 0

    def of(self, value: Any, at: At, depth: int) -> Any:
        """Return the data that stands at a path."""
        self._pieces += 1
        if depth > MAX_DEPTH:
            return self._refuse("too-deep", f"nested deeper than {MAX_DEPTH} levels", at[:3])
        if self._pieces > MAX_PIECES:
            return self._refuse("too-large", f"more than {MAX_PIECES:,} values", ())
        match value:
            case None | bool():
                return value
            case int():
                return int(value)
            case float() if math.isfinite(value):
                return float(value)
            case str():
                return self._text(value, at)
            case os.PathLike():
                return self._text(os.fspath(value), at)
            case Mapping():
                return self._mapping(value, at, depth)
            case list() | tuple():
                return [self.of(one, (*at, index), depth + 1) for index, one in enumerate(value)]
        what = "NaN or infinite" if isinstance(value, float) else f"a {type(value).__name__}"
        return self._refuse("wrong-type", f"this is {what}, which a suite cannot hold", at)

    def _mapping(self, value: Mapping[Any, Any], at: At, depth: int) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key, one in value.items():
            if isinstance(key, str):
                plain[self._text(key, at)] = self.of(one, (*at, str(key)), depth + 1)
            else:
                self._refuse("bad-key", f"a key must be text, not a {type(key).__name__}", at)
        return plain

    def _text(self, text: str | bytes, at: At) -> str:
        try:
            plain = str.__str__(os.fsdecode(text))
            plain.encode()
        except UnicodeEncodeError:
            self._refuse("wrong-value", "half of a surrogate pair is no character", at)
            return ""
        return plain

    def _refuse(self, code: str, message: str, at: At) -> None:
        self._document.report(code=code, message=message, at=at)
