"""Asks for a harder instruction, or for another one of its kind."""

import random
from typing import Any

from sygra_eval.sygra.shim.core.graph.functions.lambda_function import LambdaFunction

_HARDER = (
    "adds one requirement or limit that was not there",
    "asks for more depth, so that a shallow reply would not do",
    "puts something specific in the place of something general",
    "cannot be answered without several steps of thought",
)
_REWRITE = (
    "Below is an instruction. Write one that {how}. Keep code, tables and input in it as they are, "
    "make it at most twenty words longer, and reply with the new instruction alone.\n\n{text}"
)
_ANOTHER = (
    "Below is an instruction. Write a new one of the same field and about the same length that "
    "people ask for less often. Reply with the new instruction alone.\n\n{text}"
)


class EvolInstructPromptGenerator(LambdaFunction):
    """Makes `evol_instruct_final_prompt` of `text`."""

    @staticmethod
    def apply(lambda_node_dict: dict[str, Any], state: Any) -> Any:
        """Choose one of five ways."""
        del lambda_node_dict
        way = random.randrange(len(_HARDER) + 1)  # noqa: S311 - not a secret
        text = state.get("text")
        prompt = (
            _ANOTHER.format(text=text)
            if way == len(_HARDER)
            else _REWRITE.format(how=_HARDER[way], text=text)
        )
        return {"evol_instruct_final_prompt": prompt}
