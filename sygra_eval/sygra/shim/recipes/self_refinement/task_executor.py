"""Counts the turns of a judge and a writer, and keeps what each said."""

from typing import Any

from sygra_eval.sygra.shim.core.graph.functions.edge_condition import EdgeCondition
from sygra_eval.sygra.shim.core.graph.functions.lambda_function import LambdaFunction
from sygra_eval.sygra.shim.utils.utils import extract_and_load_json


class InitSelfRefinementState(LambdaFunction):
    """Begins to count."""

    @staticmethod
    def apply(lambda_node_dict: dict[str, Any], state: Any) -> Any:
        """Set the limits that the node's `params` say."""
        del state
        params = lambda_node_dict.get("params") or {}
        return {
            "_self_refine_iteration": 0,
            "_self_refine_max_iterations": int(params.get("max_iterations", 2)),
            "_self_refine_score_threshold": int(params.get("score_threshold", 4)),
            "reflection_trajectory": [],
        }


class SelfRefinementJudgePostProcessor:
    """Reads what the judge said."""

    def apply(self, resp: Any, state: Any) -> Any:
        """Return a judgement, whether it is good, and the critique."""
        said = extract_and_load_json(str(resp.message.content))
        said = said if isinstance(said, dict) else {"raw": resp.message.content}
        try:
            score: int | None = int(said["score"])
        except (KeyError, TypeError, ValueError):
            score = None
        is_good = said.get("is_good")
        if not isinstance(is_good, bool):
            limit = state.get("_self_refine_score_threshold", 4)
            is_good = score is not None and score >= limit
        critique = said.get("critique")
        judged = {"score": score, "is_good": is_good, "critique": critique, "raw": said}
        return {
            "self_refine_judge": judged,
            "self_refine_is_good": is_good,
            "self_refine_critique": critique or "",
        }


class UpdateSelfRefinementTrajectory(LambdaFunction):
    """Keeps the turn."""

    @staticmethod
    def apply(lambda_node_dict: dict[str, Any], state: Any) -> Any:
        """Add the candidate and its judgement."""
        params = lambda_node_dict.get("params") or {}
        candidate_key = params.get("candidate_key", "candidate")
        turn = state.get("_self_refine_iteration", 0)
        entry = {
            "iteration": turn,
            "candidate_key": candidate_key,
            "candidate": state.get(candidate_key),
            "judge": state.get(params.get("judge_key", "self_refine_judge")),
        }
        before = state.get("reflection_trajectory") or []
        return {"reflection_trajectory": [*before, entry], "_self_refine_iteration": turn + 1}


class SelfRefinementLoopCondition(EdgeCondition):
    """Ends the loop."""

    @staticmethod
    def apply(state: Any) -> str:
        """Accept what is good, or what stands when the turns are over."""
        is_over = state.get("_self_refine_iteration", 0) >= state.get(
            "_self_refine_max_iterations", 2
        )
        return "accept" if state.get("self_refine_is_good") or is_over else "refine"
