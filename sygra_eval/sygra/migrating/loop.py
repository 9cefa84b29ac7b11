"""The loop of draft and critique as people write it for SyGra: recognised, and made declarative.

Two `llm` nodes that answer into `messages`; the critic sees the roles swapped and answers as the
user; a condition ends the loop by a phrase or by the number of messages. The condition is read as
text, its Python is not run.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLoop:
    """A loop that is known.

    :ivar phrase: What ends it where the last message contains it.
    :ivar rounds: So often a draft is criticised at most.
    """

    draft: str
    critique: str
    phrase: str
    rounds: int


def loop_in(graph: Raw, root: Path) -> FoundLoop | None:
    """Return the loop that a graph is, if it is one of that kind and nothing else."""
    nodes, edges = graph.get("nodes"), graph.get("edges")
    if not isinstance(nodes, dict) or not isinstance(edges, list) or len(nodes) != 2:
        return None
    ways = {str(edge.get("from")): edge for edge in edges if isinstance(edge, dict)}
    draft = str(ways.get("START", {}).get("to"))
    critique = str(ways.get(draft, {}).get("to"))
    back = ways.get(critique, {})
    if {draft, critique} != set(nodes) or len(edges) != 3 or "condition" not in back:
        return None
    targets = set((back.get("path_map") or {}).values())
    author, critic = nodes[draft], nodes[critique]
    is_known = (
        targets == {"END", draft}
        and all(node.get("node_type") == "llm" for node in (author, critic))
        and all(node.get("output_keys", "messages") == "messages" for node in (author, critic))
        and not {"pre_process", "post_process", "tools"} & set(author)
        and {"pre_process", "post_process"} <= set(critic)
    )
    if not is_known:
        return None
    said = _condition(str(back["condition"]), root)
    return None if said is None else FoundLoop(draft=draft, critique=critique, **said)


def _condition(path: str, root: Path) -> dict[str, Any] | None:
    """Return phrase and rounds of a condition like `len(messages) > 8 or "phrase" in last`."""
    module, _, name = path.rpartition(".")
    file = root.joinpath(*module.split(".")).with_suffix(".py")
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return None
    found = next((one for one in tree.body if getattr(one, "name", "") == name), None)
    if found is None:
        return None
    phrases = set(_phrases(found))
    lengths = set(_lengths(found))
    longest = max(lengths, default=0)
    if len(phrases) != 1 or longest < 2:
        return None
    return {"phrase": phrases.pop(), "rounds": longest // 2 + 1}


def _phrases(found: ast.AST) -> Iterator[str]:
    """Yield texts that are looked for inside another one: `"no more feedback" in ...`."""
    for node in ast.walk(found):
        match node:
            case ast.Compare(left=ast.Constant(value=str(text)), ops=[ast.In()]) if text.strip():
                yield text


def _lengths(found: ast.AST) -> Iterator[int]:
    """Yield numbers that a length is compared with: `len(messages) > 8`."""
    for node in ast.walk(found):
        match node:
            case ast.Compare(
                left=ast.Call(func=ast.Name(id="len")),
                ops=[ast.Gt() | ast.GtE() as operator],
                comparators=[ast.Constant(value=int(number))],
            ):
                yield number if isinstance(operator, ast.Gt) else number - 1
