"""The text of an exported `task_executor.py`.

What a suite or a row says stands in it as data alone: literals that `repr` wrote. Classes have
names of ours and look their data up; the code that they call is `carried`.
"""

import ast
import inspect
import pprint
from collections.abc import Mapping
from typing import Any

from sygra_eval.sygra.exporting import carried as carried_module
from sygra_eval.sygra.exporting.parts import Carried

_MARK = "# --- carried from here ---\n"
_HEAD = '''\
"""The Python of a task that `sygra-eval sygra export` wrote; SyGra calls it.

The data of the suite is `SUITE`; below it stand the functions that every such task carries, and at
the end the classes that graph_config.yaml names.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from sygra.core.graph.functions.edge_condition import EdgeCondition
from sygra.core.graph.functions.lambda_function import LambdaFunction
from sygra.core.graph.functions.node_processor import NodePostProcessorWithState, NodePreProcessor
from sygra.processors.output_record_generator import BaseOutputGenerator
'''
_WITHOUT_VALIDATORS = '''
def judging(loop):
    """Return what stands for validators: the suite has none."""
    return unjudged
'''
_WITH_VALIDATORS = '''
def _judge(state):
    """Return the suite's validators; they are sygra_eval's, and run in its sandbox."""
    try:
        from sygra_eval.sygra.exporting.judge import judge_of
    except ImportError as error:
        raise ImportError(
            "the validators of this task are sygra_eval's: install sygra_eval (Python 3.11 or "
            "newer) beside SyGra, or take the nodes that judge out of graph_config.yaml"
        ) from error
    columns = {name: unwrapped(state[SUITE["columns"][name]]) for name in SUITE["source"]}
    return judge_of(Path(__file__).resolve().with_name("suite.yaml"), columns)


def _columns(state):
    """Return the record's variables by the suite's names."""
    return {name: unwrapped(state[key]) for name, key in SUITE["columns"].items() if key in state}


def judging(loop):
    """Return how a loop's answers are judged: visible tests alone."""

    def judge(state, answer, previous):
        most = SUITE["loops"][loop]["evidence_chars"]
        return _judge(state).in_loop(_columns(state), state["id"], answer, previous, most)

    return judge


class Judge(LambdaFunction):
    @staticmethod
    def apply(lambda_node_dict, state):
        answer = state[SUITE["candidate"]]
        found = _judge(state).at_the_end(_columns(state), state["id"], answer)
        return {SUITE["judged"][name]: value for name, value in found.items()}
'''
_FUNCTION = '''
def with_function(spec, function, state):
    """Call a function of a plugin with a copy of the variables, and take what it adds."""
    variables = {name: unwrapped(state[key]) for name, key in spec["names"].items() if key in state}
    variables = json.loads(json.dumps(variables))
    keys = json.loads(json.dumps(spec["keys"]))
    added = function(keys, variables) if spec["takes_keys"] else function(variables)
    return {spec["outputs"][name]: value for name, value in (added or {}).items()}
'''
_ROWS = '''
class Rows(BaseOutputGenerator):
    """Writes the rows that the suite would: verified ones, or all where nothing judges them."""

    def generate(self, state):
        if state.get("execution_error") or not isinstance(state.get(SUITE["candidate"]), str):
            return None
        judged = SUITE["judged"]
        if judged and state.get(judged["verdict"]) != "verified":
            return None
        if not fits(SUITE["types"], state):
            return None
        return self._build_record(state)

    @staticmethod
    def conversation(data, state):
        prompt = rendered(SUITE["prompt"], state)
        return [*prompt, {"role": "assistant", "content": data}]

    @staticmethod
    def rounds(data, state):
        return 1 if data is None else data

    @staticmethod
    def as_it_was(data, state):
        return unwrapped(data)

    @staticmethod
    def fixed(data, state):
        return SUITE["values"][data]
'''


def module_text(carried: Carried, suite: Mapping[str, Any], *, is_judged: bool) -> str:
    """Return the module; it says nothing else than what is handed in.

    :param suite: What stands at the top of `SUITE`.
    """
    data = {**{key: value for key, value in carried.data.items() if key != "last"}, **suite}
    for section in ("loops", "texts", "ways"):
        data.setdefault(section, {})
    parts = [
        _HEAD,
        f"\nSUITE: Any = {literal(data)}\n\n\n",
        inspect.getsource(carried_module).partition(_MARK)[2].strip() + "\n",
        _FUNCTION if "calls" in data else "",
        _WITH_VALIDATORS if is_judged else _WITHOUT_VALIDATORS,
        *(f"\n\n{one}" for one in carried.classes),
        f"\n{_ROWS}",
    ]
    text = "".join(parts)
    ast.parse(text, feature_version=(3, 9))
    return text


def literal(value: Any) -> str:
    """Return plain data as a Python literal of ASCII; it reads back as the same data.

    :raises ValueError: Where it would not.
    """
    text = pprint.pformat(_plain(value), width=100, sort_dicts=False)
    text = text.encode("ascii", "backslashreplace").decode() if not text.isascii() else text
    if ast.literal_eval(text) != _plain(value):
        raise ValueError("this is no plain data")
    return text


def _plain(value: Any) -> Any:
    """Return lists for tuples, and what JSON has no word for as text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if value == value and abs(value) != float("inf") else str(value)
        case Mapping():
            return {str(key): _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
    return str(value)
