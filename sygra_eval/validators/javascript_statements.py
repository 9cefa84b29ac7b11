"""Reads assertions in JavaScript: an allow-list of forms with literals, and nothing is executed.

What is read is split: the calls go into the box, what they should give stays out here. Whatever
is not on the list raises `NotSplit`, and runs in the answer's process instead.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sygra_eval.validators.javascript_literals import RESERVED, Literals, NotSplit, Tokens
from sygra_eval.validators.javascript_values import UNDEFINED, Form, number, written

ASSERT_MODULES = {"assert", "node:assert"}
STRICT_MODULES = {"assert/strict", "node:assert/strict"}
SAME, ALIKE, LOOSE, LOOSELY_ALIKE = "strictEqual", "deepStrictEqual", "equal", "deepEqual"
TRUE, THROWS, QUIET, CLOSE, NAN = "true", "throws", "quiet", "close", "NaN"
EQUALITIES = {
    "strictEqual": SAME,
    "deepStrictEqual": ALIKE,
    "equal": LOOSE,
    "deepEqual": LOOSELY_ALIKE,
    "notStrictEqual": SAME,
    "notDeepStrictEqual": ALIKE,
    "notEqual": LOOSE,
    "notDeepEqual": LOOSELY_ALIKE,
}
STRICTER = {LOOSE: SAME, LOOSELY_ALIKE: ALIKE}
EXPECTATIONS = {"toBe": SAME, "toEqual": ALIKE, "toStrictEqual": ALIKE}
OPERATORS = {"===", "!==", "==", "!=", "<", "<=", ">", ">="}
ERRORS = frozenset(
    ["Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of a function of the answer, with literal arguments."""

    name: str
    args: tuple[Form, ...]
    is_awaited: bool = False

    def __str__(self) -> str:
        called = f"{self.name}({', '.join(map(written, self.args))})"
        return f"await {called}" if self.is_awaited else called


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What has to hold of two terms, each a call or the form of a literal.

    :ivar kind: How they are compared, or that the first one `throws`.
    :ivar error: The class of what is thrown, or its `name` after a dot; empty takes any.
    :ivar message: Its text; None takes any.
    """

    kind: str
    left: Call | Form
    right: Call | Form = None
    is_negated: bool = False
    error: str = ""
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One statement that checks something, and its text."""

    text: str
    check: Check


def assertions_in(text: str, entry_point: str | None = None) -> tuple[Assertion, ...]:
    """Read a program of assertions.

    :raises NotSplit: At the first thing that is not on the list.
    """
    found = tuple(Reader(text, entry_point).program())
    if not found:
        raise NotSplit("a test that checks nothing")
    return found


class Reader(Literals):
    """Reads statements."""

    def __init__(self, text: str, entry_point: str | None) -> None:
        super().__init__(Tokens(text))
        self.entry_point = entry_point
        self.names: dict[str, str] = {}
        self.assert_name, self.is_strict = "assert", False
        self.functions: dict[str, list[Assertion]] = {}

    def program(self) -> Iterator[Assertion]:
        """Read to the end."""
        while not self.tokens.is_at_end:
            yield from self.statement()
        if self.functions:
            raise NotSplit("a function that is never called")

    def statement(self) -> list[Assertion]:
        """Read one statement; most are one assertion."""
        tokens = self.tokens
        if tokens.took(";"):
            return []
        if tokens.next_is("const", "let", "var"):
            self.declaration()
        elif tokens.took("import"):
            self.assert_name = tokens.word()
            tokens.expect("from")
            self.assert_module(tokens.text_literal())
        elif tokens.took("function"):
            self.function()
        elif tokens.peek() in self.functions:
            name = tokens.word()
            tokens.expect("(", ")")
            self.end_of_statement()
            return self.functions.pop(name)
        else:
            start = tokens.position
            check = self.assertion()
            text = tokens.text[start : tokens.last_end].strip()
            self.end_of_statement()
            return [Assertion(text=text, check=check)]
        return []

    def end_of_statement(self) -> None:
        """Take the semicolon, or what stands for it."""
        tokens = self.tokens
        if not tokens.took(";") and not tokens.next_is("}") and not tokens.is_on_a_new_line:
            raise NotSplit("two statements on one line")

    def declaration(self) -> None:
        """`const assert = require("assert")`, or another name of a function of the answer."""
        tokens = self.tokens
        tokens.word()
        name = tokens.word()
        tokens.expect("=")
        if tokens.took("require"):
            tokens.expect("(")
            module = tokens.text_literal()
            tokens.expect(")")
            if tokens.took("."):
                tokens.expect("strict")
                module += "/strict"
            self.assert_module(module)
            self.assert_name = name
        else:
            self.names[name] = self.answers_own(tokens.word())
        self.end_of_statement()

    def assert_module(self, module: str) -> None:
        """Take the module of assertions, and no other."""
        if module not in ASSERT_MODULES | STRICT_MODULES:
            raise NotSplit(f"the module `{module}`")
        self.is_strict = module in STRICT_MODULES

    def function(self) -> None:
        """Read a function without parameters, which is called later."""
        tokens = self.tokens
        name = tokens.word()
        tokens.expect("(", ")", "{")
        held: list[Assertion] = []
        while not tokens.took("}"):
            held += self.statement()
        self.functions[name] = held

    # Assertions

    def assertion(self) -> Check:
        """Read one assertion."""
        tokens = self.tokens
        is_awaited = tokens.took("await")
        if tokens.took("console"):
            tokens.expect(".", "assert")
            return self.in_brackets(self.condition)
        name = tokens.word()
        if name == "expect":
            return self.in_words(is_awaited=is_awaited)
        if name != self.assert_name:
            raise NotSplit(f"`{name}`")
        if tokens.next_is("("):
            return self.in_brackets(self.condition)
        tokens.expect(".")
        method = tokens.word()
        if method in EQUALITIES:
            return self.in_brackets(lambda: self.equality(method))
        if method == "ok":
            return self.in_brackets(self.condition)
        if method in {"throws", "doesNotThrow"} or (
            is_awaited and method in {"rejects", "doesNotReject"}
        ):
            kind = THROWS if method in {"throws", "rejects"} else QUIET
            return self.in_brackets(lambda: self.thrown(kind, is_awaited=is_awaited))
        raise NotSplit(f"`{self.assert_name}.{method}`")

    def in_brackets(self, read: Callable[[], Check]) -> Check:
        """Read what stands between brackets; a message at the end says nothing here."""
        tokens = self.tokens
        tokens.expect("(")
        check = read()
        if tokens.took(","):
            if not tokens.next_is(")"):
                tokens.text_literal()
            tokens.took(",")
        tokens.expect(")")
        return check

    def equality(self, method: str) -> Check:
        """`strictEqual(a, b` and its kin."""
        kind = EQUALITIES[method]
        left = self.term()
        self.tokens.expect(",")
        right = self.term()
        return Check(
            kind=STRICTER.get(kind, kind) if self.is_strict else kind,
            left=left,
            right=right,
            is_negated=method.startswith("not"),
        )

    def condition(self) -> Check:
        """Read `a === b`, `a < b`, `!a`, `a`, `Math.abs(a - b) < c`, `Number.isNaN(a)`."""
        tokens = self.tokens
        if tokens.took("!"):
            check = self.condition_term()
            if check.kind not in {TRUE, NAN}:
                raise NotSplit("`!` before a comparison")
            return replace(check, is_negated=True)
        if tokens.next_is("Math"):
            return self.closeness()
        return self.condition_term()

    def condition_term(self) -> Check:
        """Read a condition without `!`."""
        tokens = self.tokens
        if tokens.took("isNaN") or tokens.took_all("Number", ".", "isNaN"):
            tokens.expect("(")
            term = self.term()
            tokens.expect(")")
            return Check(kind=NAN, left=term)
        left = self.term()
        if tokens.peek() not in OPERATORS:
            return Check(kind=TRUE, left=left)
        operator = tokens.take()
        right = self.term()
        if operator in {"!==", "!="}:
            return Check(
                kind=operator.replace("!", "=", 1), left=left, right=right, is_negated=True
            )
        return Check(kind=operator, left=left, right=right)

    def closeness(self) -> Check:
        """`Math.abs(a - b) < c`."""
        tokens = self.tokens
        tokens.expect("Math", ".", "abs", "(")
        left = self.term()
        tokens.expect("-")
        right = self.term()
        tokens.expect(")")
        if tokens.take() not in {"<", "<="}:
            raise NotSplit("a distance that is not bounded")
        within = self.literal()
        if not isinstance(within, dict) or "n" not in within:
            raise NotSplit("a distance that is no number")
        return Check(kind=f"{CLOSE}:{within['n']}", left=left, right=right)

    def thrown(self, kind: str, *, is_awaited: bool) -> Check:
        """`throws(() => f(x)` with a class, or an object that names class and message."""
        tokens = self.tokens
        call = self.function_that_calls() if not (is_awaited and self.is_call()) else self.term()
        if not isinstance(call, Call):
            raise NotSplit("a function that does not only call")
        check = Check(kind=kind, left=replace(call, is_awaited=call.is_awaited or is_awaited))
        if kind == THROWS and tokens.next_is(","):
            tokens.take()
            if tokens.peek() in ERRORS:
                return replace(check, error=tokens.take())
            if tokens.next_is("{"):
                return self.with_description(check, self.literal())
            if not tokens.next_is(")"):
                tokens.text_literal()  # only a message
        return check

    def with_description(self, check: Check, described: Form) -> Check:
        """Take `{name: ..., message: ...}`."""
        assert isinstance(described, dict)  # noqa: S101 - a literal that began with a brace
        for key, value in described["o"]:
            if key not in {"name", "message"} or not isinstance(value, str):
                raise NotSplit("an error that is described by more than texts")
            if key == "name":
                check = replace(check, error=f".{value}")
            else:
                check = replace(check, message=value)
        return check

    def is_call(self) -> bool:
        """Whether a call comes next, and no arrow function."""
        tokens = self.tokens
        is_name = tokens.kind() == "name" and tokens.peek() not in RESERVED
        return is_name and tokens.peek_after() == "("

    def function_that_calls(self) -> Call | Form:
        """`() => f(x)`, `() => { f(x); }`, `function () { f(x); }`, `async` or not."""
        tokens = self.tokens
        tokens.took("async")
        if tokens.took("function"):
            tokens.expect("(", ")")
        else:
            tokens.expect("(", ")", "=>")
            if not tokens.next_is("{"):
                return self.term()
        tokens.expect("{")
        tokens.took("return")
        call = self.term()
        tokens.took(";")
        tokens.expect("}")
        return call

    def in_words(self, *, is_awaited: bool) -> Check:
        """`expect(f(x)).toBe(y)` and a few more."""
        tokens = self.tokens
        tokens.expect("(")
        is_function = tokens.next_is("(", "async", "function")
        left = self.function_that_calls() if is_function else self.term()
        tokens.expect(")", ".")
        is_negated = tokens.took_all("not", ".")
        method = tokens.word()
        tokens.expect("(")
        if is_awaited or is_function != (method == "toThrow"):
            raise NotSplit(f"`expect` with `{method}`")
        if is_function:
            tokens.expect(")")
            return Check(kind=QUIET if is_negated else THROWS, left=left)
        if method == "toBeUndefined":
            check = Check(kind=SAME, left=left, right=UNDEFINED)
        elif method == "toBeNull":
            check = Check(kind=SAME, left=left, right=None)
        elif method == "toBeCloseTo":
            expected = self.literal()
            digits = self.digits() if tokens.took(",") else 2
            within = number(10.0**-digits / 2)
            assert isinstance(within, dict)  # noqa: S101 - the form of a number
            check = Check(kind=f"{CLOSE}:{within['n']}", left=left, right=expected)
        elif method in EXPECTATIONS:
            check = Check(kind=EXPECTATIONS[method], left=left, right=self.term())
        else:
            raise NotSplit(f"`expect` with `{method}`")
        tokens.expect(")")
        return replace(check, is_negated=is_negated)

    def digits(self) -> int:
        """Read how many digits count."""
        match self.literal():
            case {"n": str(text)} if text.isdigit() and len(text) < 3:
                return int(text)
        raise NotSplit("digits that are no small number")

    # Terms

    def term(self) -> Call | Form:
        """Read a call or a literal."""
        tokens = self.tokens
        is_awaited = tokens.took("await")
        if tokens.took("("):
            inner = self.term()
            tokens.expect(")")
            is_call = isinstance(inner, Call)
            return replace(inner, is_awaited=True) if is_call and is_awaited else inner  # type: ignore[type-var]
        if not self.is_call():
            return self.literal()
        name = self.answers_own(tokens.word())
        tokens.expect("(")
        args: list[Form] = []
        while not tokens.took(")"):
            args.append(self.literal())
            if not tokens.next_is(")"):
                tokens.expect(",")
        if tokens.next_is(".", "[", "("):
            raise NotSplit("a part of what a call gives")
        return Call(name=name, args=tuple(args), is_awaited=is_awaited)

    def answers_own(self, name: str) -> str:
        """Take a name for one of the answer's functions."""
        if name == "candidate" and name not in self.names and self.entry_point:
            return self.entry_point
        return self.names.get(name, name)
