"""Other programs from a program: mutants that may be wrong, rewrites that should not be.

Both are textual and deterministic; whether a label is true is proved by running, elsewhere.
"""

import ast
import builtins
from collections.abc import Iterator

_COMPARES: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt,),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add,),
    ast.FloorDiv: (ast.Div,),
    ast.Div: (ast.FloorDiv,),
    ast.Mod: (ast.FloorDiv,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitAnd: (ast.BitOr,),
}
_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
}
_STRIPS = {"strip": ("lstrip", "rstrip"), "rstrip": ("strip",), "partition": ("rpartition",)}
_UNWRAPPED = frozenset({"sorted", "set", "list", "abs"})


def mutants(code: str) -> Iterator[str]:
    """Yield every first-order mutant once, as text."""
    seen = {ast.unparse(ast.parse(code))}
    count = sum(1 for _ in ast.walk(ast.parse(code)))
    for place in range(count):
        variant = 0
        while (text := _mutant(code, place, variant)) is not None:
            variant += 1
            if text not in seen:
                seen.add(text)
                yield text + "\n"


def _mutant(code: str, place: int, variant: int) -> str | None:
    """Change the node at one place in one of its ways; None when it has no such way."""
    tree = ast.parse(code)
    node = list(ast.walk(tree))[place]
    changes = list(_changes(tree, node))
    if variant >= len(changes):
        return None
    parent_field, replacement = changes[variant]
    _replace(tree, parent_field, node, replacement)
    return ast.unparse(ast.fix_missing_locations(tree))


def _changes(tree: ast.Module, node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield how a node can be changed: in itself, or by what stands in its place."""
    match node:
        case ast.Compare(ops=[operator]):
            for other in _COMPARES.get(type(operator), ()):
                yield "", ast.Compare(node.left, [other()], node.comparators)
        case ast.BinOp(op=operator):
            for kind in _OPERATORS.get(type(operator), ()):
                yield "", ast.BinOp(node.left, kind(), node.right)
        case ast.BoolOp(op=ast.And(), values=values):
            yield "", ast.BoolOp(ast.Or(), values)
            yield "", values[0]
            yield "", values[-1]
        case ast.BoolOp(op=ast.Or(), values=values):
            yield "", ast.BoolOp(ast.And(), values)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield "", operand
        case ast.Constant(value=bool(value)):
            yield "", ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield "", ast.Constant(value + 1)
            if value > 0:
                yield "", ast.Constant(value - 1)
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=args):
            for other_name in _STRIPS.get(name, ()):
                attribute = ast.Attribute(value, other_name, ast.Load())
                yield "", ast.Call(attribute, args, node.keywords)
            if name in _STRIPS or name in ("lower", "upper"):
                yield "", value
        case ast.Call(func=ast.Name(id=name), args=[inner]) if name in _UNWRAPPED:
            yield "", inner
        case ast.Call(func=ast.Name(id="min")):
            yield "", ast.Call(ast.Name("max", ast.Load()), node.args, node.keywords)
        case ast.Call(func=ast.Name(id="max")):
            yield "", ast.Call(ast.Name("min", ast.Load()), node.args, node.keywords)
        case ast.Break():
            yield "", ast.Continue()
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            yield "", ast.Pass()


def _replace(tree: ast.Module, _: str, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
                return
            if isinstance(value, list) and any(item is old for item in value):
                value[next(i for i, item in enumerate(value) if item is old)] = new
                return


def rewritten(code: str) -> str:
    """Return a program that does the same in other words: names, order of sides and branches."""
    tree = ast.parse(code)
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        names = _locals_of(function)
        _Rename({name: f"{name}_{len(name)}" for name in names}).visit(function)
    tree = _Rewrite().visit(tree)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _locals_of(function: ast.FunctionDef) -> set[str]:
    """Return what a function assigns, without its parameters, which a test may name."""
    nodes = list(ast.walk(function))
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    parameters = {n.arg for n in nodes if isinstance(n, ast.arg)}
    inner = {n.name for n in nodes if isinstance(n, ast.FunctionDef)}
    return stored - parameters - inner - set(dir(builtins))


class _Rename(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Give a local its other name."""
        node.id = self.names.get(node.id, node.id)
        return node


class _Rewrite(ast.NodeTransformer):
    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        """Write `b > a` for `a < b`."""
        self.generic_visit(node)
        match node:
            case ast.Compare(ops=[operator], comparators=[right]) if type(operator) in _FLIPPED:
                return ast.Compare(right, [_FLIPPED[type(operator)]()], [node.left])
        return node

    def visit_If(self, node: ast.If) -> ast.If:
        """Swap the branches of an `if` that has two."""
        self.generic_visit(node)
        if node.orelse:
            return ast.If(ast.UnaryOp(ast.Not(), node.test), node.orelse, node.body)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.IfExp:
        """Swap the sides of a conditional expression."""
        self.generic_visit(node)
        return ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.orelse, node.body)
