"""Text that comes from rows, models and suites, made safe to look at.

Nothing in an id, a reason or an answer may move a cursor, reorder a line, hide itself, open a
column or name a tag. `printable` keeps a text's lines, `one_line` folds them; what Markdown, a
shell or Python would read as its own syntax goes through the function that is named after it.
"""

import re
import shlex
import unicodedata

CELL_LIMIT = 200
"""Characters of one value that a Markdown page shows."""

# Letters and marks that Unicode draws as nothing (Default_Ignorable_Code_Point): to hide text in.
_DRAWN_AS_NOTHING = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_LINE_BREAKS = re.compile("[ \t]*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029][ \t\n\r\v\f]*")
_MARKDOWN = re.compile(r"[\\|`*_\[\]~$#!]")
_OPENS_A_LIST = re.compile(r"\d{0,9}(?=[-+=]|[.)](?: |$))")
_BACKTICKS = re.compile("`+")


def printable(text: str) -> str:
    r"""Make controls, escapes, bidi and invisible characters visible, as `\x1b`; lines stay."""
    return "".join(map(_visible, text.replace("\r\n", "\n")))


def one_line(text: str) -> str:
    """Return `printable` text on one line, without blanks around it."""
    return printable(_LINE_BREAKS.sub(" ", text)).replace("\t", " ").strip()


def markdown_text(text: str) -> str:
    """Return one line that Markdown shows as it stands, also inside a cell of a table."""
    line = one_line(text)
    if len(line) > CELL_LIMIT:
        line = line[: CELL_LIMIT - 1] + "…"
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A word joiner after the sign keeps a code host from telling the person of that name.
    line = _MARKDOWN.sub(r"\\\g<0>", line).replace("@", "@\u2060")
    opening = _OPENS_A_LIST.match(line)
    return f"{opening[0]}\\{line[opening.end() :]}" if opening else line


def markdown_fence(text: str, language: str = "") -> str:
    """Return a code block whose fence is longer than any run of backticks in it."""
    body = printable(text)
    longest = max((len(run) for run in _BACKTICKS.findall(body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def shell_word(text: str) -> str:
    """Quote one word of a command; the quoted word holds no character that a terminal obeys."""
    if printable(text) == text and not {"\n", "\t"}.intersection(text):
        return shlex.quote(text)
    return "$'" + "".join(map(_ansi_c, text)) + "'"


def python_literal(text: str) -> str:
    """Return a Python string literal, in double quotes where that needs no escape."""
    literal = repr("'" + text)  # a single quote in it makes `repr` take double ones
    # What `repr` takes for printable and is drawn as nothing; the escapes are Python's own.
    return printable('"' + literal[2:] if literal.startswith('"') else repr(text))


def _visible(character: str) -> str:
    if character in "\n\t":
        return character
    is_seen = character.isprintable() or unicodedata.category(character) == "Zs"
    if is_seen and not _DRAWN_AS_NOTHING.match(character):
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _ansi_c(character: str) -> str:
    r"""Escape one character for `$'…'`, which bash, zsh, ksh and POSIX 2024 read."""
    if character in "\\'":
        return "\\" + character
    if _visible(character) == character and character not in "\n\t":
        return character
    code = ord(character)
    is_file_name_byte = 0xDC80 <= code <= 0xDCFF  # how Python spells a byte that is not UTF-8
    raw = (
        bytes([code - 0xDC00]) if is_file_name_byte else character.encode("utf-8", "surrogatepass")
    )
    return "".join(f"\\x{byte:02x}" for byte in raw)
