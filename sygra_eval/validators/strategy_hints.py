"""Makes strategies of the annotations of a function, which are read and never run."""

import ast

from sygra_eval.validators.strategies import BadStrategy, Strategy, parsed_strategy
from sygra_eval.validators.syntax import parsed_afresh, tree_of
from sygra_eval.validators.words import shortened

DEEPEST = 6
SIMPLE = {
    "int": "integers(-100, 100)",
    "float": "floats(-1000, 1000)",
    "bool": "booleans()",
    "str": "text(max_size=12)",
    "bytes": "binary(max_size=12)",
    "None": "none()",
}
ANYTHING_IN_IT = {
    "list": "lists(integers(-100, 100), max_size=8)",
    "tuple": "lists(integers(-100, 100), max_size=8).map(tuple)",
    "set": "sets(integers(-100, 100), max_size=8)",
    "frozenset": "frozensets(integers(-100, 100), max_size=8)",
    "dict": "dictionaries(text(max_size=4), integers(-100, 100), max_size=6)",
}
KINDS = {
    "List": "list", "Sequence": "list", "Iterable": "list", "Collection": "list",
    "MutableSequence": "list", "Tuple": "tuple", "Set": "set", "AbstractSet": "set",
    "FrozenSet": "frozenset", "Dict": "dict", "Mapping": "dict", "MutableMapping": "dict",
}  # fmt: skip


class NotKnown(Exception):
    """An annotation from which no inputs can be made."""


def strategies_from_annotations(code: str, entry_point: str) -> Strategy | None:
    """Give a strategy for each positional argument; None where one has no annotation that helps.

    An argument with a default and no annotation keeps its default, with all after it.
    """
    tree = tree_of(code)
    found = [
        node
        for node in (tree.body if tree else [])
        if isinstance(node, ast.FunctionDef) and node.name == entry_point
    ]
    if not found:
        return None
    args = found[-1].args
    if any(default is None for default in args.kw_defaults):
        return None  # an argument that can only be given by its name
    positional = [*args.posonlyargs, *args.args]
    needed = len(positional) - len(args.defaults)
    texts: list[str] = []
    for number, argument in enumerate(positional):
        try:
            texts.append(text_of(argument.annotation))
        except NotKnown:
            if number < needed:
                return None
            break
    try:
        return parsed_strategy(texts) if texts else None
    except BadStrategy:  # annotations nested so that the text is too long
        return None


def text_of(node: ast.expr | None, depth: int = 0) -> str:
    """Write the strategy for an annotation.

    :raises NotKnown: When there is none.
    """
    if depth > DEEPEST:
        raise NotKnown
    match node:
        case ast.Constant(value=None):
            return SIMPLE["None"]
        case ast.Constant(value=str(quoted)):
            return text_of(expression_of(quoted), depth + 1)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            known = SIMPLE.get(name) or ANYTHING_IN_IT.get(KINDS.get(name, name))
            if known:
                return known
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return f"one_of({text_of(left, depth + 1)}, {text_of(right, depth + 1)})"
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return generic(KINDS.get(name, name), parts, depth + 1)
    raise NotKnown


def expression_of(quoted: str) -> ast.expr | None:
    """Read an annotation that is a text."""
    tree = parsed_afresh(quoted.strip())
    match tree:
        case ast.Module(body=[ast.Expr(value=expression)]):
            return expression
    return None


def generic(name: str, parts: list[ast.expr], depth: int) -> str:
    """Write the strategy for an annotation in brackets."""
    match name, parts:
        case "Optional", [one]:
            return f"one_of(none(), {text_of(one, depth)})"
        case "Union", [_, *_]:
            return f"one_of({', '.join(text_of(part, depth) for part in parts)})"
        case "Literal", _ if all(isinstance(part, ast.Constant) for part in parts):
            values = ", ".join(ast.unparse(part) for part in parts)
            return f"sampled_from([{shortened(values, 500)}])"
        case "list", [one]:
            return f"lists({text_of(one, depth)}, max_size=8)"
        case "set" | "frozenset", [one]:
            return f"{name}s({text_of(one, depth)}, max_size=8)"
        case "dict", [key, value]:
            return f"dictionaries({text_of(key, depth)}, {text_of(value, depth)}, max_size=6)"
        case "tuple", [one, ast.Constant(value=last)] if last is Ellipsis:
            return f"lists({text_of(one, depth)}, max_size=8).map(tuple)"
        case "tuple", _:
            return f"tuples({', '.join(text_of(part, depth) for part in parts)})"
    raise NotKnown
