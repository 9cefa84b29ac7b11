"""Shows a diagnostic on a terminal: what, where, why and what to do, under its source line."""

import re

from sygra_eval.values import Diagnostic

_WIDTH = 80
_TOKEN = re.compile(r"[\w./<>*+-]+")


def render_diagnostic(diagnostic: Diagnostic, source_text: str) -> str:
    """Return the message, the source line with carets under the place, and the fix.

    :param source_text: The text of the file that the diagnostic points into; may be empty.
    """
    head = f"{diagnostic.where}: {diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"
    lines = [_printable(head)]
    fix = f"fix: {_printable(diagnostic.fix)}" if diagnostic.fix else ""
    source = source_text.removeprefix("\ufeff").splitlines()
    gutter = f"  {diagnostic.line} | "
    below = " " * (len(gutter) - 2) + "| "
    if 0 < diagnostic.line <= len(source) and source[diagnostic.line - 1].strip():
        line, column = source[diagnostic.line - 1], diagnostic.column - 1
        shown, offset = _window(line, column, _WIDTH - len(gutter))
        width = min(_caret_width(diagnostic.message, line, column), max(1, len(shown) - offset))
        carets = below + _blanks(shown, offset) + "^" * width
        lines.append(gutter + _printable(shown))
        if fix and len(carets) + 2 + len(fix) <= _WIDTH:
            return "\n".join([*lines, f"{carets}  {fix}"])
        lines.append(carets)
    if fix:
        lines.append(below + fix)
    return "\n".join(lines)


def _caret_width(message: str, line: str, column: int) -> int:
    """Return how much to underline: a name of the message that stands there, else the word."""
    for name in re.findall(r"`([^`]+)`", message):
        if line.startswith(name, column):
            return len(name)
    token = _TOKEN.match(line, column)
    return len(token[0]) if token else 1


def _window(line: str, column: int, room: int) -> tuple[str, int]:
    """Return the part of a long line around the place, and where the place is in it."""
    if len(line) <= room:
        return line, column
    start = max(0, min(column - room // 3, len(line) - room))
    cut = line[start : start + room]
    if start:
        cut = "…" + cut[1:]
    if start + room < len(line):
        cut = cut[:-1] + "…"
    return cut, column - start


def _blanks(shown: str, offset: int) -> str:
    return "".join("\t" if character == "\t" else " " for character in shown[:offset].ljust(offset))


def _printable(text: str) -> str:
    """Keep a file's control characters away from the terminal."""
    return "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text)
