"""A suite's text as plain data, and the way back from a key's path to its line and column.

Reading never raises for what is in the file: it gives a `Document` with what could be read, and
diagnostics. Start at `read_document`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sygra_eval.suite.yaml_tree import TOP, Entry, Mark, Piece, Refused, compose, marks_in, plain
from sygra_eval.values import Diagnostic, Problem, Severity

MAX_BYTES = 4 * 1024 * 1024
_PLACEHOLDER = re.compile(r"\{[\w.]+\}")
At = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """One file: its text, its data, and what is wrong with it so far.

    :ivar root: The tree with places; None when nothing could be read.
    :ivar texts: Of other files that pieces of it stand in, by their paths.
    :ivar section: Where in a suite its top level stands: `models.yaml` is the section `models`.
    """

    path: str
    text: str = ""
    root: Piece | None = None
    section: At = ()
    texts: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _seen: set[Diagnostic] = field(default_factory=set)

    @property
    def data(self) -> dict[str, Any]:
        """The document as plain data, empty when it could not be read."""
        return plain(self.root) if self.root is not None else {}

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
        """Add a diagnostic at a path; with `is_key` at the key and not at its value."""
        self.report_at(
            self.key_mark(at) if is_key else self.mark(at, within),
            code=code,
            message=message,
            fix=fix,
            severity=severity,
        )

    def report_at(
        self,
        mark: Mark,
        *,
        code: str,
        message: str,
        fix: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Add a diagnostic at a place; the same one twice counts once."""
        diagnostic = Diagnostic(
            code=code,
            severity=severity,
            path=mark.path or self.path,
            line=mark.line,
            column=mark.column,
            message=message,
            fix=fix,
        )
        if diagnostic not in self._seen:
            self._seen.add(diagnostic)
            self.diagnostics.append(diagnostic)

    def report_problems(self, problems: Iterable[Problem], under: At) -> None:
        """Add what a type's config found in its own keys, which stand at `under`."""
        for problem in problems:
            self.report(
                code=problem.code,
                message=problem.message,
                at=(*under, *problem.at),
                fix=problem.fix,
                within=problem.within,
                severity=problem.severity,
                is_key=problem.is_key,
            )

    def mark(self, at: At, within: str = "") -> Mark:
        """Return the place of the value at a path, or of the nearest one above that exists."""
        found, inner = TOP, self.root
        for piece, _, mark in self._walk(at):
            found, inner = mark, piece
        if within and inner is not None:
            return self._mark_within(inner, within) or found
        return found

    def key_mark(self, at: At) -> Mark:
        """Return the place of the key at a path, or of the nearest one above that exists."""
        found = TOP
        for _, key_mark, _ in self._walk(at):
            found = key_mark
        return found

    def inside(self, at: At) -> "Document":
        """Return the mapping at a path as a document of its own, in the same text."""
        *_, (piece, _, _) = self._walk(at)
        return Document(
            self.path,
            self.text,
            piece,
            texts=self.texts,
            diagnostics=self.diagnostics,
            _seen=self._seen,
        )

    def find(self, value: object, under: At) -> At:
        """Return the path of the first scalar below `under` that equals `value`, else `under`."""
        *_, (piece, _, _) = [(self.root, TOP, TOP), *self._walk(under)]
        return next(_paths_to(value, piece, under), under) if piece is not None else under

    def _walk(self, at: At) -> Iterator[tuple[Piece, Mark, Mark]]:
        """Yield (value, place of its key, place of the value) along a path, as far as it goes."""
        piece = self.root
        for step in at:
            match piece:
                case Piece(value=dict() as entries) if step in entries:
                    entry: Entry = entries[step]
                    piece = entry.piece
                    empty = piece.value is None
                    yield piece, entry.key_mark, entry.key_mark if empty else piece.mark
                case Piece(value=list() as items) if isinstance(step, int) and step < len(items):
                    piece = items[step]
                    yield piece, piece.mark, piece.mark
                case _:
                    return

    def _mark_within(self, piece: Piece, within: str) -> Mark | None:
        is_placeholder = _PLACEHOLDER.fullmatch(within) is not None
        path = piece.mark.path
        text = self.texts.get(path, "") if path else self.text
        for mark in marks_in(text, piece, within):
            if not is_placeholder:
                return Mark(mark.line, mark.column, mark.index, path)
            before = text[: mark.index]
            if (len(before) - len(before.rstrip("{"))) % 2 == 0:  # `{{x}}` is no placeholder
                return Mark(mark.line, mark.column + 1, mark.index + 1, path)
        return None


def _paths_to(value: object, piece: Piece, at: At) -> Iterator[At]:
    if isinstance(piece.value, dict):
        for key, entry in piece.value.items():
            yield from _paths_to(value, entry.piece, (*at, key))
    elif isinstance(piece.value, list):
        for index, item in enumerate(piece.value):
            yield from _paths_to(value, item, (*at, index))
    elif piece.value == value:
        yield at


def read_document(path: Path, shown: str = "") -> Document:
    """Read a file.

    :param shown: How diagnostics name it, when not by its path.
    """
    name = shown or str(path)
    try:
        if path.exists() and not path.is_file():
            return _unreadable(name, "it is not a file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        return _unreadable(name, getattr(error, "strerror", None) or str(error))
    return parse_document(content, name)


def parse_document(content: bytes, name: str) -> Document:
    """Read YAML whose top level is a mapping."""
    document = Document(name)
    if len(content) > MAX_BYTES:
        document.report(code="too-large", message=f"larger than {MAX_BYTES // 2**20} MiB")
        return document
    try:
        document.text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        *above, line = content[: error.start].decode("utf-8", "replace").split("\n")
        document.report_at(
            Mark(len(above) + 1, len(line) + 1),
            code="not-utf8",
            message=f"not UTF-8: byte 0x{content[error.start]:02x}",
            fix="save the file as UTF-8",
        )
        return document

    def report(refused: Refused) -> None:
        document.report_at(
            refused.mark, code=refused.code, message=refused.message, fix=refused.fix
        )

    try:
        root = compose(document.text, report)
    except Refused as refused:
        report(refused)
        return document
    if root is None or not isinstance(root.value, dict):
        mark = root.mark if root is not None else TOP
        document.report_at(
            mark,
            code="not-a-mapping",
            message="the top level must be a mapping" if root else "the file is empty",
        )
        return document
    document.root = root
    return document


def _unreadable(name: str, why: str) -> Document:
    document = Document(name)
    document.report(code="file-not-found", message=f"cannot be read: {why}")
    return document
