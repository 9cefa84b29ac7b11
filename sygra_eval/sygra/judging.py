"""The quality task `llm_based_quality` as a judge of ours: a verdict on each row.

The side file names who judges, `judge: ALIAS`. The verdict is one of five, 5 and 4 pass, and it
rejects no row; what it is worth, the report says as of every judge. The rubrics are our own.
"""

from collections.abc import Mapping
from typing import Any

from sygra_eval.sygra.aliases import Resolved, resolved
from sygra_eval.sygra.asking import model_name

TASK = "llm_based_quality"
_SCALE = ("5", "4", "3", "2", "1")
_PASSING = ("5", "4")
_HEAD = (
    "Say how good the answer is: 5 nothing is to be mended, 4 small things are, 3 it helps in "
    "part, 2 it mostly does not help, 1 it is wrong, empty or beside the point."
)
_RUBRICS: Mapping[str, str] = {
    "generic": "It answers what was asked, is true, complete and clear.",
    "reasoning": "Each step follows from those before, and the end from the steps.",
    "math": "The result is right, and so is every step of the calculation.",
    "coding": "The code does what was asked on all inputs, and is explained rightly.",
    "instruction following": "Every single instruction is followed, and nothing else is done.",
    "open qa": "What is said is true by general knowledge, and answers the whole question.",
    "closed qa": "What is said stands in the text that was given, and answers the question.",
}


def judge_of(
    data: Mapping[str, Any], side: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[dict[str, Any], Resolved] | None:
    """Return the validator and who judges; None where no judging is asked for, or nobody does."""
    alias = side.get("judge")
    asked = task_in(data)
    if asked is None or not isinstance(alias, str):
        return None
    params = asked.get("params")
    category = str((params if isinstance(params, Mapping) else {}).get("category") or "generic")
    rubric = _RUBRICS.get(category.lower().replace("_", " "), _RUBRICS["generic"])
    validator = {
        "use": "judge",
        "name": TASK,
        "model": model_name(alias),
        "rubric": f"{_HEAD} {rubric}",
        "verdicts": list(_SCALE),
        "passes": list(_PASSING),
    }
    return validator, resolved(alias, environ)


def task_in(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what a task asks of the judge."""
    output = data.get("output_config")
    quality = output.get("data_quality") if isinstance(output, Mapping) else None
    listed = quality.get("tasks") if isinstance(quality, Mapping) else None
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, Mapping) and one.get("name") == TASK:
            return one
    return None
