"""Small faults put into a program one at a time, to see whether its tests notice them.

`mutants_of` is pure: the same program, entry point and seed give the same mutants. A fault goes
where a test can come to: into what the entry point uses, not into annotations, docstrings, prints
or the lines that run when the file is a script. Nothing of the program is run.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

from sygra_eval.validators.syntax import names_in, parsed_afresh
from sygra_eval.validators.words import shortened

LONGEST_PROGRAM = 20_000
MOST_SITES = 2_000
MOST_TRIES = 4
SHOWN = 80

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.FloorDiv,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
NOT_LOOKED_INTO = frozenset({"annotation", "returns", "decorator_list", "type_params", "bases"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A program with one fault in it.

    :ivar line: Where the fault is, in the program as it was given.
    :ivar diff: The line before and after, as `- x < y + x <= y`.
    """

    operator: str
    line: int
    diff: str
    code: str

    @property
    def told(self) -> str:
        """Say what was changed, in one line."""
        return f"line {self.line} ({self.operator}): {self.diff}"


@dataclass(frozen=True, slots=True)
class Site:
    """A place for a fault: what stands in a field of a node is replaced, and put back."""

    operator: str
    node: ast.AST
    field: str
    at: int | None
    new: object
    line: int


def mutants_of(
    program: str,
    most: int,
    seed: int,
    entry_point: str | None = None,
    *,
    is_whole_program: bool = False,
) -> tuple[Mutant, ...]:
    """Give at most so many mutants, spread over the operators; none where nothing can be changed.

    :param is_whole_program: The tests look at what is printed when the whole of it runs.

    A program that is no Python, or too long to be looked at, has none.
    """
    tree = parsed_afresh(program) if len(program) <= LONGEST_PROGRAM else None
    if not isinstance(tree, ast.Module):
        return ()
    before = text_of(tree)
    if before is None:
        return ()
    found: list[Mutant] = []
    seen = {before}
    chance = Random(f"{seed}\0{before}")  # noqa: S311 - a choice, no secret
    statements = tree.body if is_whole_program else tested_statements(tree, entry_point)
    sites = sites_of(statements, is_printed=is_whole_program)
    for site in islice(spread(sites, chance), MOST_TRIES * most):
        if len(found) == most:
            break
        code = mutated(tree, site)
        if code is not None and code not in seen:
            seen.add(code)
            diff = first_difference(before, code)
            found.append(Mutant(operator=site.operator, line=site.line, diff=diff, code=code))
    return tuple(found)


def spread(sites: list[Site], chance: Random) -> Iterator[Site]:
    """Yield one site of each operator in turn, in a drawn order within each."""
    groups: dict[str, list[Site]] = {}
    for site in sites:
        groups.setdefault(site.operator, []).append(site)
    waiting = [chance.sample(group, len(group)) for _, group in sorted(groups.items())]
    while waiting:
        for group in waiting:
            yield group.pop()
        waiting = [group for group in waiting if group]


def mutated(tree: ast.Module, site: Site) -> str | None:
    """Write the program with the fault, and take the fault out of the tree again."""
    held = getattr(site.node, site.field)
    if site.at is None:
        setattr(site.node, site.field, site.new)
    else:
        setattr(site.node, site.field, [*held[: site.at], site.new, *held[site.at + 1 :]])
    try:
        return text_of(tree)
    finally:
        setattr(site.node, site.field, held)


def text_of(tree: ast.Module) -> str | None:
    """Write a tree as text; None where it is nested too deeply."""
    try:
        return ast.unparse(tree) + "\n"
    except (RecursionError, ValueError):
        return None


def first_difference(before: str, after: str) -> str:
    """Show the first line that differs, before and after."""
    old, new = before.splitlines(), after.splitlines()
    at = next((n for n, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), 0)
    return f"- {shortened(old[at].strip(), SHOWN)} + {shortened(new[at].strip(), SHOWN)}"


def sites_of(statements: Sequence[ast.stmt], *, is_printed: bool) -> list[Site]:
    """Find the places of all faults, in the order of the program."""
    sites: list[Site] = []
    for statement in statements:
        for site in sites_below(statement, 1, is_printed=is_printed):
            sites.append(site)
            if len(sites) == MOST_SITES:
                return sites
    return sites


def tested_statements(tree: ast.Module, entry_point: str | None) -> list[ast.stmt]:
    """Keep the definitions that the entry point comes to; all of them when it is not known."""
    definitions: list[ast.stmt] = [
        node for node in tree.body if isinstance(node, DEFINITIONS + ASSIGNMENTS)
    ]
    bound = [names_in([node]) for node in definitions]
    if entry_point is None or not any(entry_point in names for names in bound):
        return definitions
    wanted, used = {entry_point}, set[int]()
    while True:
        new = [n for n, names in enumerate(bound) if n not in used and names & wanted]
        if not new:
            return [node for number, node in enumerate(definitions) if number in used]
        used.update(new)
        nodes = [inner for number in new for inner in ast.walk(definitions[number])]
        wanted |= {node.id for node in nodes if isinstance(node, ast.Name)}


def sites_below(node: ast.AST, line: int, *, is_printed: bool) -> Iterator[Site]:
    """Yield the faults of a node and of all below it."""
    waiting = [(node, line)]
    while waiting:
        node, line = waiting.pop()
        line = getattr(node, "lineno", line)
        yield from faults_of(node, line)
        children = [
            child
            for field, value in ast.iter_fields(node)
            if field not in NOT_LOOKED_INTO
            for child in (value if isinstance(value, list) else [value])
            if isinstance(child, ast.AST) and not (is_idle(child) and not is_printed)
        ]
        waiting.extend((child, line) for child in reversed(children))


def faults_of(node: ast.AST, line: int) -> Iterator[Site]:
    """Yield the faults that can be put into one node."""
    match node:
        case ast.Compare(ops=ops):
            for at, op in enumerate(ops):
                yield Site("comparison", node, "ops", at, COMPARISONS[type(op)](), line)
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in ARITHMETIC:
            yield Site("arithmetic", node, "op", None, ARITHMETIC[type(op)](), line)
        case ast.BoolOp(op=op):
            swapped = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield Site("and/or", node, "op", None, swapped, line)
        case ast.Constant(value=bool() as value):
            yield Site("constant", node, "value", None, not value, line)
        case ast.Constant(value=int() as value):
            for moved in (value + 1, value - 1):
                yield Site("constant", node, "value", None, moved, line)
        case ast.Return(value=value) if not is_nothing(value):
            yield Site("return None", node, "value", None, ast.Constant(None), line)
        case ast.Slice(lower=lower, upper=upper):
            for field, bound in (("lower", lower), ("upper", upper)):
                if bound is not None and not is_number(bound):
                    yield Site("off by one", node, field, None, shifted(bound, ast.Add()), line)
        case ast.Call(func=ast.Name(id="range"), args=[*args]) if args:
            at = min(1, len(args) - 1)
            if not is_number(args[at]) and not isinstance(args[at], ast.Starred):
                yield Site("off by one", node, "args", at, shifted(args[at], ast.Sub()), line)
        case ast.Call(func=ast.Name(id=name) as called, keywords=[]) if name in CALLS:
            yield Site("call", called, "id", None, CALLS[name], line)
        case ast.comprehension(ifs=ifs):
            for at, test in enumerate(ifs):
                yield Site("condition", node, "ifs", at, negated(test), test.lineno)
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield Site("condition", node, "test", None, negated(test), line)
    yield from removals(node)


def removals(node: ast.AST) -> Iterator[Site]:
    """Yield the statements below a node that can be left out without a name going missing."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        for at, statement in enumerate(block if isinstance(block, list) else ()):
            if can_be_left_out(statement):
                yield Site("removed", node, field, at, ast.Pass(), statement.lineno)


def can_be_left_out(statement: ast.stmt) -> bool:
    """Whether leaving a statement out changes what happens, and not only what is defined."""
    match statement:
        case ast.Expr():
            return not is_idle(statement)
        case ast.AugAssign() | ast.Delete() | ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            return True
        case ast.If(body=[*_, last], orelse=[]):
            return isinstance(last, LEAVES)
    return False


def is_idle(node: ast.AST) -> bool:
    """Whether a statement has no say in the result: a docstring, `...`, or a `print`."""
    match node:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return True
    return False


def is_nothing(value: ast.expr | None) -> bool:
    """Whether a `return` gives None."""
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def is_number(node: ast.expr) -> bool:
    """Whether it is a whole number; the operator `constant` moves those."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant)


def shifted(bound: ast.expr, way: ast.operator) -> ast.expr:
    """Move a bound by one."""
    return ast.BinOp(left=bound, op=way, right=ast.Constant(1))


def negated(test: ast.expr) -> ast.expr:
    """Turn a condition round."""
    return ast.UnaryOp(op=ast.Not(), operand=test)
