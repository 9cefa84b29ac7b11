"""Runs the examples of an answer's own docstrings; runs inside the sandbox as `__main__`.

The examples are counted before the answer runs. Outcomes go over the result pipe, one JSON line
each with a nonce, as those of `inside_tests` do. It is cooperative: the answer shares this process.
"""

import ast
import doctest
import json
import os
import sys
import warnings
from collections.abc import Callable

ANSWER = "answer"
LONGEST = 400
MOST_DOCSTRING = 100_000
REPORTS = (
    doctest.REPORT_ONLY_FIRST_FAILURE
    | doctest.REPORT_UDIFF
    | doctest.REPORT_CDIFF
    | doctest.REPORT_NDIFF
    | doctest.FAIL_FAST
)
WITH_DOCSTRING = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
Tell = Callable[[str, int, dict[str, str]], None]


def main() -> None:
    """Count, load, run each example in a copy of the answer's names, and leave at once."""
    leave, flush = os._exit, sys.stdout.flush
    tell = teller(int(os.environ.pop("SYGRA_EVAL_RESULT_FD")), taken_from_stdin())
    warnings.simplefilter("ignore")
    module = type(sys)(ANSWER)
    module.__file__ = f"{ANSWER}.py"
    sys.modules[ANSWER] = module
    try:
        with open(module.__file__, "rb") as file:  # noqa: PTH123 - start-up time
            source = file.read()
        tests = tests_of(ast.parse(source))
    except BaseException as error:  # noqa: BLE001 - whatever the parser raises
        tell("examples", 0, {"error": told(error)})
        leave(0)
    count = sum(len(test.examples) for test in tests)
    tell("examples", count, {})
    if not count:
        leave(0)
    runner = Telling(tell)
    try:
        exec(compile(source, module.__file__, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    except BaseException as error:  # noqa: BLE001 - the answer may raise anything
        tell("unloaded", 0, {"error": told(error)})
    else:
        tell("loaded", 0, {})
        for test in tests:
            test.globs = dict(module.__dict__)
            runner.run(test, out=lambda text: None, clear_globs=False)
        tell("end", count, {})
    try:
        flush()
    finally:
        leave(0)


class Telling(doctest.DocTestRunner):
    """Tells the outcome of each example instead of printing it."""

    def __init__(self, tell: Tell) -> None:
        super().__init__(verbose=False)
        self.tell, self.number = tell, -1

    def report_start(self, out: object, test: doctest.DocTest, example: doctest.Example) -> None:
        """Say that the next one runs."""
        self.number += 1
        self.tell("start", self.number, {})

    def report_success(
        self, out: object, test: doctest.DocTest, example: doctest.Example, got: str
    ) -> None:
        """Say that it printed what it should."""
        self.tell("pass", self.number, {})

    def report_failure(
        self, out: object, test: doctest.DocTest, example: doctest.Example, got: str
    ) -> None:
        """Say what it printed instead."""
        self.tell("fail", self.number, {**asked(test, example), "got": got.strip()[:LONGEST]})

    def report_unexpected_exception(
        self, out: object, test: doctest.DocTest, example: doctest.Example, exc_info: object
    ) -> None:
        """Say what it raised instead."""
        error = exc_info[1]  # type: ignore[index]
        self.tell("fail", self.number, {**asked(test, example), "error": told(error)})


def asked(test: doctest.DocTest, example: doctest.Example) -> dict[str, str]:
    """Name the example."""
    return {
        "test": test.name,
        "input": example.source.strip()[:LONGEST],
        "expected": (example.want.strip() or "nothing printed")[:LONGEST],
    }


def tests_of(tree: ast.Module) -> list[doctest.DocTest]:
    """Collect the examples of each docstring, without those that are to be skipped."""
    parser, found = doctest.DocTestParser(), []
    for node in ast.walk(tree):
        text = ast.get_docstring(node) if isinstance(node, WITH_DOCSTRING) else None
        if not text or len(text) > MOST_DOCSTRING:
            continue
        name = getattr(node, "name", "the module")
        examples = [
            example for example in parser.get_examples(text, name) if not is_skipped(example)
        ]
        for example in examples:
            for flag in [flag for flag in example.options if flag & REPORTS]:
                del example.options[flag]  # how to report is ours to say
        if examples:
            found.append(doctest.DocTest(examples, {}, name, f"{ANSWER}.py", 0, text))
    return found


def is_skipped(example: doctest.Example) -> bool:
    """Whether its own options say so."""
    return bool(example.options.get(doctest.SKIP))


def told(error: BaseException) -> str:
    """Say what was raised, whatever the answer made of it."""
    try:
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
    except BaseException:  # noqa: BLE001 - even `str` may be the answer's own
        said = type(error).__name__
    return (f"the code exits ({said})" if isinstance(error, SystemExit) else said)[:LONGEST]


def teller(descriptor: int, nonce: str) -> Tell:
    """Make a function that writes one outcome; it holds what it needs before the answer runs."""
    write, dumps = os.write, json.dumps

    def tell(kind: str, number: int, account: dict[str, str]) -> None:
        line = dumps([nonce, kind, number, account]).encode() + b"\n"
        while line:
            line = line[write(descriptor, line) :]

    return tell


def taken_from_stdin() -> str:
    """Read the nonce and put nothing in its place, so that nobody reads it again."""
    with open(0, "rb", closefd=False) as file:
        nonce = file.read().decode()
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return nonce


if __name__ == "__main__":
    main()
