"""The property `metamorphic`: an expression over several calls of the answer."""

import ast
from collections.abc import Mapping, Sequence

from sygra_eval.validators.answered import decide
from sygra_eval.validators.driver import places_of
from sygra_eval.validators.mutated_inputs import Input
from sygra_eval.validators.plain_data import NotPlain, written
from sygra_eval.validators.properties_values import (
    BadProperty,
    Broken,
    DoesNotApply,
    Json,
    Question,
)
from sygra_eval.validators.split import SplitTest, split_of
from sygra_eval.validators.verdicts import in_one_line

ALIAS = "f"


def metamorphic(expression: str, name: str, given: Input) -> Question:
    """Put the input into the expression, and split off its calls."""
    if given.named:
        raise DoesNotApply
    tree = ast.parse(expression, mode="eval")
    parameters = parameters_of(tree, name)
    if len(parameters) != len(given.args):
        raise BadProperty(
            f"`{expression}` has {len(parameters)} variables ({', '.join(parameters)}) "
            f"and an input {len(given.args)} arguments"
        )
    values = dict(zip(parameters, given.args, strict=True))
    try:
        body = ast.fix_missing_locations(Put(values, name).visit(tree)).body
        statement = ast.unparse(ast.Assert(test=body, msg=None))
        split = split_of(statement, name)
    except (NotPlain, SyntaxError, ValueError, RecursionError) as error:
        raise DoesNotApply(f"it cannot be decided outside the box: {error}") from error
    words = statement.removeprefix("assert ")
    return Question(split.units, words, split)


class Put(ast.NodeTransformer):
    """Puts values in the place of variables, fresh ones each time, and a name for `f`."""

    def __init__(self, values: Mapping[str, object], name: str) -> None:
        self.values, self.name = values, name

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace one name."""
        if node.id in self.values:
            return ast.parse(written(self.values[node.id]), mode="eval").body
        if node.id == ALIAS:
            return ast.Name(self.name, ast.Load())
        return node


def parameters_of(tree: ast.Expression, name: str) -> list[str]:
    """Give the variables of an expression, in the order of the function's arguments.

    That is the order in a call that has nothing but variables; else in which they come.
    """
    nodes = list(ast.walk(tree))
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    called = {n.func.id for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    used = [
        node
        for node in nodes
        if isinstance(node, ast.Name) and node.id not in bound | called | {ALIAS, name}
    ]
    used.sort(key=lambda node: (node.lineno, node.col_offset))
    free = list(dict.fromkeys(node.id for node in used))
    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(id=function), args=args, keywords=[]) if function in {
                ALIAS,
                name,
            }:
                names = [one.id for one in args if isinstance(one, ast.Name)]
                if len(names) == len(args) == len(free) and set(names) == set(free):
                    return names
    return free


def undecided_or_false(split: SplitTest, told: Sequence[Json]) -> Broken | None:
    """Decide the expression with what its calls gave."""
    decision = decide(split, places_of(split.units, [(one,) for one in told]))
    if decision.has_passed:
        return None
    account = decision.account
    expected, got = account.get("expected", ""), account.get("got", "")
    if got:
        return Broken(f"is false: {in_one_line(got)} and {in_one_line(expected)}", expected, got)
    error = in_one_line(account.get("error", "") or "is not answered")
    return Broken(f"does not hold: {error}", got=error)
