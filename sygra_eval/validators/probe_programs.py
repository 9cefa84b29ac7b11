"""Programs that must not pass a row's tests, written from what the tests themselves show.

They run in the sandbox as any answer does. Expected values go in with them; that is safe, as the
program is ours and its answer verifies nothing.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

EQUALS_EVERYTHING = "an object that equals everything"
MOST_IN_A_TABLE = 200
LONGEST_EXPECTED = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One program that must not pass.

    :ivar source: The body of a function of any arguments `args` and `named`; empty for a program
        without the function.
    :ivar before: What stands above the function.
    :ivar alone: What stands above it where the program has no other function.
    """

    name: str
    source: str = ""
    before: str = ""
    alone: str = ""


_ALWAYS_EQUAL = """\
class {mark}Equal:
    def __getattr__(self, name):
        return self

    def _true(self, *args):
        return True

    def _self(self, *args):
        return self

    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __bool__ = _true
    __sub__ = __rsub__ = __add__ = __radd__ = __abs__ = __round__ = __getitem__ = __call__ = _self

    def __ne__(self, other):
        return False

    def __hash__(self):
        return 0
"""
_TABLE_LOOK_UP = """\
for given, also, expected in {table}:
    if list(args) == given and named == also:
        return expected
return None"""


def probes_for(tests: Sequence[tuple[str, ast.Module]], names: Set[str]) -> tuple[Probe, ...]:
    """Return the probes that mean something for these tests, given as group and tree.

    :param names: What a test calls the functions of an answer.
    """
    shown = [(group, pair) for group, tree in tests for pair in _expectations(tree, names)]
    groups = {group for group, _ in tests}
    probes = [
        Probe(name="an empty program"),
        Probe(name="returns None", source="return None"),
        Probe(
            name="returns its first argument",
            source="return [*args, *named.values(), None][0]",
        ),
    ]
    if shown:
        first = shown[0][1].expected
        probes.append(Probe(name="a constant", source=f"return {first}"))
    table = [pair for group, pair in shown if group == "visible" and pair.args is not None]
    if table and groups >= {"visible", "hidden"}:  # without hidden tests it is what they ask for
        rows = ", ".join(f"({pair.args}, {pair.named}, {pair.expected})" for pair in table)
        probes.append(
            Probe(
                name="the visible tests as a look-up table",
                source=_TABLE_LOOK_UP.format(table=f"[{rows}]"),
            )
        )
    return (
        *probes,
        Probe(name=EQUALS_EVERYTHING, before=_ALWAYS_EQUAL, source="return {mark}Equal()"),
        # Where tests share its process it ends that at once; elsewhere no answer would come at all.
        Probe(name="exit(0)", source="raise SystemExit(0)", alone="raise SystemExit(0)\n"),
    )


def program_of(probe: Probe, names: Set[str]) -> str:
    """Return a probe as an answer of its own, with a function under each of these names."""
    return probe.alone + functions_of(probe, {name: name for name in sorted(names)})


def functions_of(probe: Probe, names: Mapping[str, str]) -> str:
    """Return a probe's functions under other names, so that several stand in one program."""
    if not probe.source:
        return ""
    mark = f"Of_{next(iter(names.values()), '')}_"
    body = "".join(f"    {line}\n" for line in probe.source.replace("{mark}", mark).splitlines())
    heads = (f"def {name}(*args, **named):\n{body}\n\n" for name in names.values())
    return probe.before.replace("{mark}", mark) + "\n\n" + "".join(heads)


@dataclass(frozen=True, slots=True)
class _Expectation:
    """What a test says that a call gives, as source; without `args` these are no literals."""

    expected: str
    args: str | None
    named: str = "{}"


def _expectations(tree: ast.Module, names: Set[str]) -> Iterator[_Expectation]:
    """Yield what the assertions of a test say of calls, in their order."""
    found = 0
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assert):
            continue
        expectation = _expectation(node.test, names)
        if expectation is not None and len(expectation.expected) <= LONGEST_EXPECTED:
            yield expectation
            found += 1
            if found == MOST_IN_A_TABLE:
                return


def _expectation(test: ast.expr, names: Set[str]) -> _Expectation | None:
    match test:
        case ast.Call() if _is_call(test, names):
            return _of(test, "True")
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call() as call) if _is_call(call, names):
            return _of(call, "False")
        case ast.Compare(
            left=ast.Call(func=ast.Name(id="abs"), args=[ast.BinOp(left, ast.Sub(), right)]),
            ops=[ast.Lt() | ast.LtE()],
        ):
            pass
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            pass
        case _:
            return None
    for one, other in ((left, right), (right, left)):
        if isinstance(one, ast.Call) and _is_call(one, names) and _is_literal(other):
            return _of(one, ast.unparse(other))
    return None


def _is_call(call: ast.Call, names: Set[str]) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in names


def _of(call: ast.Call, expected: str) -> _Expectation:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if not all(map(_is_literal, given)) or any(word.arg is None for word in call.keywords):
        return _Expectation(expected, None)
    named = ", ".join(f"{word.arg!r}: {ast.unparse(word.value)}" for word in call.keywords)
    args = ", ".join(map(ast.unparse, call.args))
    return _Expectation(expected, f"[{args}]", f"{{{named}}}")


def _is_literal(node: ast.expr) -> bool:
    """Whether an expression is plain data as it is written."""
    match node:
        case ast.Constant():
            return True
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant()):
            return True
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return all(map(_is_literal, parts))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _is_literal(key) for key in keys) and all(
                map(_is_literal, values)
            )
    return False
