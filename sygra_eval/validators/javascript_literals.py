"""Literals of JavaScript: read by hand into forms, never executed."""

import math
import re
from typing import NoReturn

from sygra_eval.validators.javascript_values import MOST_DEPTH, UNDEFINED, Form, number

TOKEN = re.compile(
    r"(?P<space>(?:[ \t\r\n\u00a0\ufeff]|//[^\n]*|/\*.*?\*/)+)"
    r"|(?P<number>0[xX][0-9a-fA-F]+n?|0[oO][0-7]+n?|0[bB][01]+n?"
    r"|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?n?)"
    r"|(?P<name>[A-Za-z_$][\w$]*)"
    r"|(?P<text>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.|\$(?!\{))*`)"
    r"|(?P<sign>=>|===|!==|==|!=|<=|>=|[{}()\[\],;:.=<>!+-])",
    re.DOTALL | re.ASCII,
)
ESCAPE = re.compile(
    r"\\(?:u\{(?P<point>[0-9a-fA-F]{1,6})\}|u(?P<four>[0-9a-fA-F]{4})|x(?P<two>[0-9a-fA-F]{2})"
    r"|(?P<line>\r\n|[\n\r\u2028\u2029])|(?P<other>.))",
    re.DOTALL | re.ASCII,
)
SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
MOST_DIGITS = 3_000  # Python reads no more than 4,300 without being told to
WORDS: dict[str, Form] = {
    "true": True,
    "false": False,
    "null": None,
    "undefined": UNDEFINED,
    "NaN": number(math.nan),
    "Infinity": number(math.inf),
}
RESERVED_WORDS = """
async await break case catch class const continue debugger default delete do else enum export
extends finally for function if import in instanceof let new return static super switch this throw
try typeof var void while with yield
"""
RESERVED = frozenset(RESERVED_WORDS.split()) | frozenset(WORDS)


class NotSplit(Exception):
    """A test that is not on the allow-list; the message says at what."""


class Tokens:
    """The tokens of a text, one after the other.

    :ivar position: Where the next token begins; `last_end` where the last one ended.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = self.last_end = 0
        self.skip_space()

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position >= len(self.text)

    @property
    def is_on_a_new_line(self) -> bool:
        """Whether a statement may end before the next token."""
        return self.is_at_end or "\n" in self.text[self.last_end : self.position]

    def match(self, position: int) -> "re.Match[str]":
        """Read the token at a place."""
        found = TOKEN.match(self.text, position)
        if found is None:
            raise NotSplit("the end" if position >= len(self.text) else self.text[position])
        return found

    def kind(self) -> str:
        """Name the kind of the next token; empty at the end."""
        return "" if self.is_at_end else str(self.match(self.position).lastgroup)

    def peek(self) -> str:
        """Look at the next token."""
        return "" if self.is_at_end else self.match(self.position)[0]

    def peek_after(self) -> str:
        """Look at the token after the next one."""
        position, last_end = self.position, self.last_end
        self.take()
        after = self.peek()
        self.position, self.last_end = position, last_end
        return after

    def take(self) -> str:
        """Take the next token."""
        found = self.match(self.position)
        self.position = self.last_end = found.end()
        self.skip_space()
        return found[0]

    def skip_space(self) -> None:
        """Go to the next token."""
        found = TOKEN.match(self.text, self.position)
        if found and found["space"]:
            self.position = found.end()

    def next_is(self, *wanted: str) -> bool:
        """Whether the next token is one of these."""
        return self.peek() in wanted

    def took(self, wanted: str) -> bool:
        """Take the next token if it is the one."""
        if self.peek() != wanted or self.kind() == "text":
            return False
        self.take()
        return True

    def took_all(self, *wanted: str) -> bool:
        """Take these tokens if they come next, all of them or none."""
        position, last_end = self.position, self.last_end
        if all(self.took(token) for token in wanted):
            return True
        self.position, self.last_end = position, last_end
        return False

    def expect(self, *wanted: str) -> None:
        """Take these tokens.

        :raises NotSplit: When others come.
        """
        for token in wanted:
            if not self.took(token):
                raise NotSplit(f"`{self.peek() or 'the end'}` where `{token}` was expected")

    def word(self) -> str:
        """Take a name."""
        if self.kind() != "name":
            raise NotSplit(f"`{self.peek()}`")
        return self.take()

    def text_literal(self) -> str:
        """Take a text."""
        if self.kind() != "text":
            raise NotSplit(f"`{self.peek()}` where a text was expected")
        return unescaped(self.take())


class Literals:
    """Reads literals."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.depth = 0

    def literal(self) -> Form:
        """Read one literal.

        :raises NotSplit: When what comes next is none.
        """
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise NotSplit("a literal that is nested too deeply")
        try:
            return self.literal_here()
        finally:
            self.depth -= 1

    def literal_here(self) -> Form:
        """Read a literal by its first token."""
        tokens = self.tokens
        match tokens.kind():
            case "number":
                return number_literal(tokens.take())
            case "text":
                return tokens.text_literal()
            case "name":
                return self.word_literal(tokens.take())
        if tokens.took("-") or tokens.took("+"):
            sign = -1 if tokens.text[tokens.last_end - 1] == "-" else 1
            return signed(sign, self.literal())
        if tokens.took("["):
            return {"a": self.parts("]")}
        if tokens.took("{"):
            return {"o": self.properties()}
        raise NotSplit(f"`{tokens.peek() or 'the end'}`")

    def word_literal(self, word: str) -> Form:
        """Read `true` and its kin, `new Map(...)` or `new Set(...)`."""
        if word in WORDS:
            return WORDS[word]
        if word != "new":
            raise NotSplit(f"the name `{word}`")
        kind = self.tokens.word()
        if kind not in {"Map", "Set"}:
            raise NotSplit(f"`new {kind}`")
        self.tokens.expect("(")
        held = {"a": []} if self.tokens.next_is(")") else self.literal()
        self.tokens.expect(")")
        match held:
            case {"a": list(parts)} if kind == "Set":
                return {"e": unique([normalised(part) for part in parts])}
            case {"a": list(parts)}:
                return {"m": entries(parts)}
        raise NotSplit(f"`new {kind}` of something that is no list")

    def parts(self, closing: str) -> list[Form]:
        """Read the parts of an array."""
        parts: list[Form] = []
        while not self.tokens.took(closing):
            parts.append(self.literal())
            if not self.tokens.next_is(closing):
                self.tokens.expect(",")
        return parts

    def properties(self) -> list[list[Form]]:
        """Read the properties of an object; of a name that comes twice the last one counts."""
        tokens = self.tokens
        found: dict[str, Form] = {}
        while not tokens.took("}"):
            name = self.property_name()
            tokens.expect(":")
            found[name] = self.literal()
            if not tokens.next_is("}"):
                tokens.expect(",")
        return [[name, value] for name, value in found.items()]

    def property_name(self) -> str:
        """Read a property's name, as JavaScript takes it."""
        tokens = self.tokens
        match tokens.kind():
            case "name":
                name = tokens.take()
            case "text":
                name = tokens.text_literal()
            case "number":
                held = number_literal(tokens.take())
                if not isinstance(held, dict) or not str(held.get("n", "")).isdigit():
                    raise NotSplit("a property with a number that is none of 0, 1, 2…")
                name = str(held["n"])
            case _:
                raise NotSplit(f"`{tokens.peek()}`")
        if name == "__proto__":
            raise NotSplit("a prototype")
        return name


def number_literal(text: str) -> Form:
    """Read a number or a BigInt."""
    plain = text.replace("_", "")
    is_old_octal = len(plain) > 1 and plain[0] == "0" and plain[1].isdigit()
    if is_old_octal or text.endswith("_") or "__" in text:
        raise NotSplit(f"the number `{text}`")
    has_base = plain[:2].lower() in {"0x", "0o", "0b"}
    if plain.endswith("n"):
        if len(plain) > MOST_DIGITS or not (has_base or plain[:-1].isdigit()):
            raise NotSplit(f"the number `{text[:40]}`")
        return {"i": str(int(plain[:-1], 0))}
    try:
        return number(float(int(plain, 0)) if has_base else float(plain))
    except OverflowError:
        return number(math.inf)


def signed(sign: int, form: Form) -> Form:
    """Apply a sign."""
    match form:
        case {"n": str(text)}:
            return number(sign * float(text.replace("Infinity", "inf")))
        case {"i": str(text)} if sign < 0:
            return {"i": str(-int(text))}
    raise NotSplit("a sign before what is no number")


def normalised(form: Form) -> Form:
    """Make the key of a Map or a Set: -0 is 0 there."""
    return number(0.0) if form == {"n": "-0"} else form


def unique(parts: list[Form]) -> list[Form]:
    """Leave out primitives that come again."""
    kept: list[Form] = []
    for part in parts:
        is_object = isinstance(part, dict) and not part.keys() <= {"n", "i", "u"}
        if is_object or not any(type(part) is type(other) and part == other for other in kept):
            kept.append(part)
    return kept


def entries(parts: list[Form]) -> list[Form]:
    """Read the pairs of a Map; of a key that comes twice the last value counts."""
    found: list[list[Form]] = []
    for part in parts:
        match part:
            case {"a": [key, value]}:
                key = normalised(key)
                old = next((p for p in found if type(p[0]) is type(key) and p[0] == key), None)
                if old is not None:
                    old[1] = value
                else:
                    found.append([key, value])
            case _:
                raise NotSplit("an entry of a Map that is no pair")
    return [*found]


def unescaped(token: str) -> str:
    """Read a text between quotes."""
    text = ESCAPE.sub(escaped_character, token[1:-1])
    joined = text.encode("utf-16-le", "surrogatepass")  # `\ud83d\ude00` is one character
    return joined.decode("utf-16-le", "surrogatepass")


def escaped_character(found: "re.Match[str]") -> str:
    """Read one escape."""
    code = found["point"] or found["four"] or found["two"]
    if code:
        return character(int(code, 16))
    if found["line"]:
        return ""
    other = found["other"]
    if other.isdigit() and other != "0":
        raise NotSplit(f"the escape `\\{other}`")
    if other in "ux":
        raise NotSplit(f"the escape `\\{other}`")
    return SIMPLE_ESCAPES.get(other, other)


def character(code: int) -> str:
    """Give the character of a number."""
    if code > 0x10FFFF:
        no_such_character(code)
    return chr(code)


def no_such_character(code: int) -> NoReturn:
    """Refuse a number beyond Unicode."""
    raise NotSplit(f"the character {code:#x}")
