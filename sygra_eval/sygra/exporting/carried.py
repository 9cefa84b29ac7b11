"""What every exported `task_executor.py` carries: the loop, conditions, draws, texts.

The part below the marker is written out as it stands, so that the task needs SyGra alone. It has to
run on Python 3.9, imports nothing of ours, and never evaluates what a suite or a row says: prompts,
conditions and names come in as data.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

# --- carried from here ---


def as_text(value: Any) -> str:
    """Return a value as the suite's prompts show it: lists of texts a line each, others as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, (list, tuple)) and value and all(isinstance(one, str) for one in value):
        return "\n".join(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def value_at(where: list[str], state: Mapping[str, Any]) -> Any:
    """Return what stands at a variable, or at a key inside it; a lack ends the record."""
    value: Any = state
    for key in where:
        if not (isinstance(value, Mapping) and key in value):
            raise KeyError("this record has no `{}`".format(".".join(where)))
        value = unwrapped(value[key])
    return value


def unwrapped(value: Any) -> Any:
    """Return a column's value; SyGra would read or empty one that looks like a file's name."""
    is_wrapped = isinstance(value, Mapping) and value.keys() == {"as_it_was"}
    return value["as_it_was"] if is_wrapped else value


def with_texts(texts: Mapping[str, list[str]], state: dict[str, Any]) -> dict[str, Any]:
    """Put texts of values into the state that one prompt is rendered from."""
    if not state.get("messages"):
        state["messages"] = []
    for name, where in texts.items():
        state[name] = as_text(value_at(where, state))
    return state


def with_fields(spec: Mapping[str, Any], reply: str) -> dict[str, Any]:
    """Return a reply in JSON, and each of its fields as a variable; one that is not ends it."""
    fence = re.fullmatch(r"```[\w+-]*[ \t]*\n(.*)\n[ \t]*```", reply.strip(), re.DOTALL)
    text = reply.strip() if fence is None else fence[1].strip()
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("the reply is no object of JSON")  # noqa: TRY004 - SyGra calls again on it
    for name, kinds in spec["required"].items():
        if name not in found or (kinds and json_kind(found[name]) not in kinds):
            raise ValueError(f"the reply's `{name}` is missing, or of another kind")
    added: dict[str, Any] = {spec["output"]: text}
    for name, variable in spec["fields"].items():
        added[variable] = found.get(name, spec["defaults"].get(name))
    return added


def json_kind(value: Any) -> str:
    """Return what JSON calls a value's kind."""
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "boolean"
    if isinstance(value, (int, float)):
        return "integer" if value == int(value) else "number"
    kinds = {"str": "string", "list": "array", "dict": "object"}
    return kinds.get(type(value).__name__, "")


def rendered(prompt: list[Any], state: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a prompt's messages, for the conversation of a row."""
    messages = []
    for role, parts in prompt:
        text = [part if isinstance(part, str) else shown(part, state) for part in parts]
        messages.append({"role": role, "content": "".join(text)})
    return messages


def shown(part: Any, state: Mapping[str, Any]) -> str:
    """Return a value as text; a picture is a mark, and a list of them a mark each."""
    if isinstance(part, Mapping):
        value = state.get(part["image"]) if part["image"] else ""
        return "<image>" * (len(value) if isinstance(value, list) else 1)
    return as_text(value_at(part, state))


def loop_begin(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Give the variables of a loop their first values."""
    names = spec["names"]
    texts = ("candidate", "drafted", "critique", "feedback", "evidence", "stop", "next")
    begun: dict[str, Any] = {names[name]: "" for name in texts}
    begun[names["round"]] = 1
    begun[names["kept"]] = {}
    begun[names["drawn"]] = []
    begun[spec["output"]] = ""
    return begun


def loop_check(
    spec: Mapping[str, Any], state: Mapping[str, Any], judge: Callable[..., dict[str, Any]]
) -> dict[str, Any]:
    """Judge what was written last, keep it where it is the best so far, and say what comes next."""
    names = spec["names"]
    kept, drawn = state[names["kept"]], list(state[names["drawn"]])
    judged = judge(state, state[names["drafted"]], kept.get("code", kept.get("text")))
    is_changed = True
    if not kept:
        drawn.append(judged)
        if not accepts(spec, judged) and len(drawn) < spec["samples"]:
            return {names["drawn"]: drawn, names["next"]: "draft"}
        kept = max(drawn, key=lambda one: (rank(spec, one), -drawn.index(one)))
    else:
        is_changed = code_of(judged) != code_of(kept)
        if is_changed and not breaks(kept, judged):
            kept = judged
    number = state[names["round"]]
    added = {
        names["kept"]: kept,
        names["drawn"]: drawn,
        names["candidate"]: kept["text"],
        names["evidence"]: kept["evidence"],
        spec["output"]: kept["text"],
    }
    if not is_changed:
        return {**added, **loop_stop(spec, "no_change", number)}
    if spec["sentinel"] is None and accepts(spec, kept):
        return {**added, **loop_stop(spec, "accepted", number)}
    if spec["has_critic"]:
        return {**added, names["next"]: "critique"}
    if number >= spec["max_rounds"]:
        return {**added, **loop_stop(spec, "max_rounds", number)}
    return {**added, names["round"]: number + 1, names["feedback"]: "", names["next"]: "revise"}


def loop_said(spec: Mapping[str, Any], said: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """Take what the critic said: a stop that is granted, one that is refused, or advice."""
    names, number, kept = spec["names"], state[spec["names"]["round"]], state[spec["names"]["kept"]]
    added: dict[str, Any] = {names["critique"]: said}
    feedback = said
    if spec["sentinel"] is not None and plain(said) == plain(spec["sentinel"]):
        if not spec["accepted_by"] or accepts(spec, kept):
            return {**added, **loop_stop(spec, "sentinel", number)}
        feedback = spec["refused"] + kept["evidence"]
    if number >= spec["max_rounds"]:
        return {**added, **loop_stop(spec, "max_rounds", number)}
    if spec["is_conversation"] and kept["evidence"]:
        feedback = feedback.replace(kept["evidence"], "").strip()  # it is told beside, and once
    elif spec["is_conversation"]:
        feedback = feedback.strip()
    return {
        **added,
        names["feedback"]: feedback,
        names["round"]: number + 1,
        names["next"]: "revise",
    }


def loop_stop(spec: Mapping[str, Any], reason: str, number: int) -> dict[str, Any]:
    """End the loop, and say so in the row."""
    names = spec["names"]
    return {
        names["stop"]: reason,
        names["next"]: "end",
        spec["rounds"]: number,
        spec["stop_reason"]: reason,
    }


def plain(text: str) -> str:
    """Strip, ignore case and closing punctuation; a phrase inside a sentence is not the phrase."""
    return " ".join(text.split()).rstrip(".!?…,;: ").casefold()


def deciding(spec: Mapping[str, Any], judged: Mapping[str, Any]) -> list[Any]:
    """Return the verdicts that grant a stop."""
    names = spec["accepted_by"]
    if names:
        return [one for one in judged["verdicts"] if one["validator"] in names]
    return [one for one in judged["verdicts"] if one["is_required"] and one["status"] != "skip"]


def accepts(spec: Mapping[str, Any], judged: Mapping[str, Any]) -> bool:
    """Say whether all of them pass, of which there is one at least."""
    verdicts = deciding(spec, judged)
    return bool(verdicts) and all(one["status"] == "pass" for one in verdicts)


def rank(spec: Mapping[str, Any], judged: Mapping[str, Any]) -> tuple[bool, int, float]:
    """Return what drafts are compared by."""
    verdicts = judged["verdicts"]
    passed = sum(one["status"] == "pass" for one in verdicts)
    return accepts(spec, judged), passed, sum(one["score"] or 0.0 for one in verdicts)


def breaks(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Say whether a revision lost something that the kept answer has."""
    now = {one["validator"]: one for one in after["verdicts"]}
    for was in before["verdicts"]:
        one = now.get(was["validator"])
        if one is None or (was["status"] == "pass" and one["status"] != "pass"):
            return True
        if was["score"] is not None and (one["score"] is None or one["score"] < was["score"]):
            return True
    return False


def code_of(judged: Mapping[str, Any]) -> str:
    """Return the code of an answer, or all of it where it has none."""
    code = judged["code"]
    return str(judged["text"] if code is None else code)


def unjudged(state: Mapping[str, Any], answer: str, previous: Any) -> dict[str, Any]:
    """Stand for validators where the suite has none."""
    del state, previous
    return {"text": answer, "code": fenced(answer), "evidence": "", "verdicts": []}


def fenced(answer: str) -> Any:
    """Return what stands between fences, so that new words around the same code are no change."""
    blocks = re.findall(r"^ {0,3}```[^`\n]*\n(.*?)^ {0,3}```", answer, re.DOTALL | re.MULTILINE)
    return "\n".join(block.strip() for block in blocks) or None


def routed(spec: Mapping[str, Any], state: Mapping[str, Any]) -> str:
    """Return the model that a record is answered by: the one its row has drawn, or its case."""
    if "weights" in spec:
        weights, seed, row = spec["weights"], spec["seed"], state["id"]
        key = max(sorted(weights), key=lambda name: weights[name] / patience(name, seed, row))
        return str(spec["names"][key])
    pieces = [
        part if isinstance(part, str) else as_text(value_at(part, state)) for part in spec["by"]
    ]
    value = "".join(pieces).strip()
    model = spec["cases"].get(value, spec["otherwise"])
    if model is None:
        raise ValueError(f"no case of the route is `{value[:40]}`")
    return str(spec["names"][model])


def patience(name: str, seed: int, row: str) -> float:
    """Return an exponentially distributed number that depends on these three alone."""
    text = f"{seed}\0{row}\0{name}".encode("utf-8", "surrogatepass")
    bits = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 12
    return -math.log((bits + 0.5) / 2**52)


def way(edges: list[Any], state: Mapping[str, Any]) -> str:
    """Return the edge that a record takes: the first whose condition holds, in their order."""
    for edge in edges:
        if edge["count"] is not None and (state.get(edge["count"]) or 0) >= edge["max"]:
            continue
        if edge["when"] is None or holds(edge["when"], edge["names"], state):
            return str(edge["key"])
    raise ValueError("no edge leads on")


def holds(when: str, names: Mapping[str, str], state: Mapping[str, Any]) -> bool:
    """Say whether a condition holds. It is read term by term, and nothing of it is run."""
    variables = {name: unwrapped(state[key]) for name, key in names.items() if key in state}
    return truth(term(ast.parse(when.strip(), mode="eval").body, variables))


def term(node: Any, variables: Mapping[str, Any]) -> Any:
    """Return the value of one piece of a condition."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.Name, ast.Attribute)):
        return named(dotted(node), variables)
    if isinstance(node, ast.List):
        return [term(one, variables) for one in node.elts]
    if isinstance(node, (ast.Tuple, ast.Set)):
        return [term(one, variables) for one in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not truth(term(node.operand, variables))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        number = term(node.operand, variables)
        return -number if isinstance(node.op, ast.USub) else number
    if isinstance(node, ast.BoolOp):
        is_or = isinstance(node.op, ast.Or)
        for one in node.values:
            if truth(term(one, variables)) is is_or:
                return is_or
        return not is_or
    if isinstance(node, ast.Compare):
        left = term(node.left, variables)
        for operator, one in zip(node.ops, node.comparators):  # noqa: B905 - Python 3.9
            right = term(one, variables)
            if not compared(operator, left, right):
                return False
            left = right
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return called(node.func.id, node.args, variables)
    raise ValueError("this is no condition")


def called(name: str, given: list[Any], variables: Mapping[str, Any]) -> Any:
    """Return what one of the few functions of a condition gives."""
    if name == "is_set":
        return is_set(dotted(given[0]), variables)
    if name == "var":
        return named(str(term(given[0], variables)), variables)
    values = [term(one, variables) for one in given]
    if name == "len" and isinstance(values[0], (str, list, dict)):
        return len(values[0])
    if all(isinstance(one, str) for one in values):
        if name == "lower":
            return values[0].lower()
        if name == "startswith":
            return values[0].startswith(values[1])
        if name == "endswith":
            return values[0].endswith(values[1])
    raise ValueError(f"`{name}()` takes other values")


def dotted(node: Any) -> str:
    """Return a name that is written with dots."""
    keys: list[str] = []
    while isinstance(node, ast.Attribute):
        keys.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise ValueError("this is no name")  # noqa: TRY004 - one kind of error for all conditions
    return ".".join([node.id, *reversed(keys)])


def is_set(name: str, variables: Mapping[str, Any]) -> bool:
    """Say whether a variable, or a key inside it, is there."""
    try:
        named(name, variables)
    except KeyError:
        return False
    return True


def named(name: str, variables: Mapping[str, Any]) -> Any:
    """Return a variable by its name; a column's own name may hold dots."""
    if name in variables:
        return variables[name]
    return value_at(name.split("."), variables)


def truth(value: Any) -> bool:
    """Take true and false, and nothing that is only like them."""
    if isinstance(value, bool):
        return value
    raise ValueError(f"{type(value).__name__} is neither true nor false")


def kind(value: Any) -> str:
    """Return what may be compared with each other."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number" if value == value else "NaN"
    return "list" if isinstance(value, tuple) else type(value).__name__


def alike(left: Any, right: Any) -> bool:
    """Say whether two values may be equal; null may stand for any value that is not there."""
    return left is None or right is None or kind(left) == kind(right) != "NaN"


def within(left: Any, right: Any) -> bool:
    """Say whether a text is in a text or among keys, or a value in a list."""
    if isinstance(right, (str, Mapping)) and isinstance(left, str):
        return left in right
    if isinstance(right, (list, tuple)) and (not right or any(alike(left, one) for one in right)):
        return any(alike(left, one) and left == one for one in right)
    raise ValueError(f"{kind(left)} is not looked for in {kind(right)}")


def compared(operator: Any, left: Any, right: Any) -> bool:
    """Compare two values of one kind; what does not compare is an error, never a silent no."""
    if isinstance(operator, (ast.In, ast.NotIn)):
        return within(left, right) is isinstance(operator, ast.In)
    if isinstance(operator, (ast.Is, ast.IsNot)):
        return (left is None) is isinstance(operator, ast.Is)
    if isinstance(operator, (ast.Eq, ast.NotEq)):
        if not alike(left, right):
            raise ValueError(f"{kind(left)} and {kind(right)} never are equal")
        return bool(left == right) is isinstance(operator, ast.Eq)
    if kind(left) != kind(right) or kind(left) not in ("number", "str"):
        raise ValueError(f"{kind(left)} and {kind(right)} have no order")
    if isinstance(operator, ast.Lt):
        return bool(left < right)
    if isinstance(operator, ast.LtE):
        return bool(left <= right)
    return bool(left > right) if isinstance(operator, ast.Gt) else bool(left >= right)


def drawn_values(spec: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """Draw by the suite's seed, the node and the row's place, so that every run draws the same."""
    visit = (state.get(spec["visits"]) or 0) + 1
    key = spec["key"] if visit == 1 else "{}#{}".format(spec["key"], visit)
    added: dict[str, Any] = {spec["visits"]: visit}
    for name, (variable, one) in spec["attributes"].items():
        if "value" in one:
            added[variable] = one["value"]
            continue
        values = unwrapped(state[one["column"]]) if "column" in one else one["values"]
        weights = state[one["weights_column"]] if "weights_column" in one else one.get("weights")
        seed = "{}\0{}\0{}\0{}".format(spec["seed"], key, state[spec["index"]], name)
        chance = Random(seed)  # noqa: S311 - not a secret
        added[variable] = (
            chance.choice(values) if weights is None else chance.choices(values, weights)[0]
        )
    return added


def fits(types: Mapping[str, str], state: Mapping[str, Any]) -> bool:
    """Say whether variables have the types that the suite asks for."""
    known: dict[str, Any] = {"str": str, "int": int, "float": (int, float), "bool": bool}
    known.update({"list": list, "dict": dict, "any": object})
    for name, wanted in types.items():
        value = unwrapped(state.get(name))
        if isinstance(value, bool) and wanted in ("int", "float"):
            return False
        if not isinstance(value, known[wanted]):
            return False
    return True
