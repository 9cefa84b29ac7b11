"""Runs the tests of one candidate in its own process; runs inside the sandbox as `__main__`.

Tests and nonce come on standard input, so that they lie in no file; outcomes go over the result
pipe, one JSON line each, and only the whole sequence counts. What the exit code says is nothing.
It is cooperative all the same: the candidate shares this process and can read its frames.
"""

import json
import operator
import os
import sys
from collections.abc import Callable  # loaded at every start-up, as `os` needs it

Side = Callable[[], object]
ANSWER = "answer"
LONGEST = 400
COMPARISONS: dict[str, Callable[..., object]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.is_,
    "is not": operator.is_not,
    "in": lambda got, expected: got in expected,
    "not in": lambda got, expected: got not in expected,
}
ATOMS = (type(None), bool, int, float, complex, str, bytes)


def main() -> None:
    """Load the answer, run each test after it in the same module, and leave at once."""
    leave, flush = os._exit, sys.stdout.flush
    order = json.loads(taken_from_stdin())
    tell = teller(int(os.environ.pop("SYGRA_EVAL_RESULT_FD")), order["nonce"])
    module = type(sys)(ANSWER)
    module.__file__ = f"{ANSWER}.py"
    sys.modules[ANSWER] = module
    judge = Judge(module.__dict__, order["entry_point"])
    try:
        with open(module.__file__, "rb") as file:  # noqa: PTH123 - start-up time
            judge.source = file.read()
        run(judge.source, module.__file__, module.__dict__)
    except BaseException as error:  # noqa: BLE001 - the answer may raise anything
        tell("unloaded", 0, judge.account_of(error))
    else:
        tell("loaded", 0, {})
        if "random" in sys.modules:
            sys.modules["random"].seed(order["seed"])
        for number, test in enumerate(order["tests"]):
            tell("start", number, {})
            tell(*judge.outcome(number, test))
        tell("end", len(order["tests"]), {})
    try:
        flush()
    finally:
        leave(0)


def teller(descriptor: int, nonce: str) -> Callable[[str, int, dict[str, str]], None]:
    """Make a function that writes one outcome; it holds what it needs before the answer runs."""
    write, dumps = os.write, json.dumps

    def tell(kind: str, number: int, account: dict[str, str]) -> None:
        line = dumps([nonce, kind, number, account]).encode() + b"\n"
        while line:
            line = line[write(descriptor, line) :]

    return tell


def run(source: bytes | str, name: str, namespace: dict[str, object]) -> None:
    """Execute a piece of code in the module."""
    exec(compile(source, name, "exec", dont_inherit=True), namespace)  # noqa: S102


def taken_from_stdin() -> bytes:
    """Read standard input and put nothing in its place, so that nobody reads it again."""
    with open(0, "rb", closefd=False) as file:
        everything = file.read()
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return everything


class Judge:
    """Decides single tests, and remembers the comparison that failed last."""

    def __init__(self, namespace: dict[str, object], entry_point: str | None) -> None:
        self.namespace, self.entry_point = namespace, entry_point
        self.source = b""
        self.failed: dict[str, str] = {}

    def outcome(self, number: int, test: str) -> tuple[str, int, dict[str, str]]:
        """Run one test and say how it went."""
        self.failed = {}
        self.namespace["__sygra_check__"] = self.check
        try:
            run(test, f"test {number + 1}", self.namespace)
        except BaseException as error:  # noqa: BLE001 - SystemExit in a test is a failure too
            return "fail", number, {**self.account_of(error), **self.failed}
        return "pass", number, {}

    def check(self, word: str, text: str, left: Side, right: Side) -> object:
        """Decide one assertion; the expected value is not near while the answer computes."""
        self.failed = {"input": text}  # should it raise
        got = left()
        if word == "true":
            holds, expected = got, "a true value"
        else:
            value = right()
            holds = COMPARISONS[word](got, value)
            expected = shown(value) if word == "==" else f"{word} {shown(value)}"
            if word == "==" and holds and self.is_forged(got, value):
                holds, expected = False, f"{expected}, not an object that says it is equal"
        self.failed = {} if holds else {"input": text, "expected": expected, "got": shown(got)}
        return holds

    def is_forged(self, got: object, expected: object) -> bool:
        """Whether a value equals a plain one only because its own class says so.

        Where a class was asked for, its `__eq__` may be the point, and is believed.
        """
        asked_for = self.namespace.get(self.entry_point or "")
        return not isinstance(asked_for, type) and is_plain(expected) and answers_itself(got)

    def account_of(self, error: BaseException) -> dict[str, str]:
        """Say what was raised and where in the answer."""
        name = type(error).__name__
        try:
            told = f"{name}: {error}".removesuffix(": ")
        except BaseException:  # noqa: BLE001 - even `str` may be the answer's own
            told = name
        if isinstance(error, SystemExit):
            told = f"the code exits ({told})"
        return {"error": told[:LONGEST], "where": self.place_of(error)}

    def place_of(self, error: BaseException) -> str:
        """Find the answer's own line that the traceback ends in."""
        place, trace = "", error.__traceback__
        lines = self.source.decode("utf-8", "replace").split("\n")
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename == f"{ANSWER}.py" and trace.tb_lineno <= len(lines):
                text = lines[trace.tb_lineno - 1].strip()[:LONGEST]
                place = f"answer.py, line {trace.tb_lineno}, in {code.co_name}: {text}"
            trace = trace.tb_next
        return place


def is_plain(value: object) -> bool:
    """Whether a value is made of built-in types alone."""
    if type(value) in ATOMS:
        return True
    if type(value) in (list, tuple, set, frozenset):
        return all(is_plain(element) for element in value)  # type: ignore[attr-defined]
    if type(value) is dict:
        return all(is_plain(key) and is_plain(held) for key, held in value.items())
    return False


def answers_itself(got: object) -> bool:
    """Whether `==` on a value, or on what it holds, runs code of the answer."""
    code = getattr(type(got).__eq__, "__code__", None)
    if code is not None and code.co_filename == f"{ANSWER}.py":
        return True
    if isinstance(got, list | tuple | set | frozenset):
        return any(answers_itself(element) for element in got)
    if isinstance(got, dict):
        return any(answers_itself(key) or answers_itself(got[key]) for key in got)
    return False


def shown(value: object) -> str:
    """Make a bounded `repr`, whatever the answer made of it."""
    try:
        return repr(value)[:LONGEST]
    except BaseException as error:  # noqa: BLE001 - a value of the answer's own making
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


if __name__ == "__main__":
    main()
